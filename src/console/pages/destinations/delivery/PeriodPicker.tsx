/** The one time menu of a delivery page (DEL-31): the last so long, or from one moment to another, in the viewer's time. */
import { useNavigate } from "@tanstack/react-router"
import { useEffect, useState } from "react"
import { periods } from "../../../url-state.ts"
import { type Asked, fieldTime, lasts, minuteMs } from "./period.ts"

/** Now, again every few seconds: periods that end with it move on. */
export const useNow = (every = 5000): number => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}

export const PeriodPicker = ({ asked }: { readonly asked: Asked }) => {
  const navigate = useNavigate()
  const own = asked.from !== undefined && asked.to !== undefined
  const set = (change: Asked) =>
    void navigate({
      to: ".",
      search: (old: Record<string, unknown>) => {
        const { range: _, from: __, to: ___, ...rest } = old
        return { ...rest, ...change } as never
      },
      replace: true
    })
  return (
    <>
      <select
        className="input"
        aria-label="Period"
        value={own ? "own" : (asked.range ?? "24h")}
        onChange={({ currentTarget: { value } }) => {
          const range = periods.find((each) => each === value)
          const now = Math.floor(Date.now() / minuteMs) * minuteMs
          set(value === "own" ? { from: now - 60 * minuteMs, to: now } : range === undefined ? {} : { range })
        }}
      >
        {lasts.map(([last, title]) => (
          <option key={last} value={last}>
            {title}
          </option>
        ))}
        <option value="own">From ... to ...</option>
      </select>
      {own ? (
        <>
          {(["from", "to"] as const).map((end) => (
            <input
              key={end}
              className="input"
              type="datetime-local"
              aria-label={end === "from" ? "From" : "To"}
              value={fieldTime(asked[end]!)}
              onChange={({ currentTarget: { value } }) => {
                const at = new Date(value).getTime()
                if (Number.isFinite(at)) set({ from: asked.from!, to: asked.to!, [end]: at })
              }}
            />
          ))}
        </>
      ) : undefined}
    </>
  )
}
