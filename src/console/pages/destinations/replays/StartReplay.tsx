/** Which events are sent again, how fast, and what may happen (DEL-74). */
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { problemAt, runChange, useApiChange } from "../../../api/public-api.ts"
import type { Replay, ReplayEstimate, ReplayRequest } from "../../../api/delivery-types.ts"
import { estimateReplay, startReplay } from "../../../api/requests.ts"
import { Segments } from "../../../parts/Choice.tsx"
import { Confirm } from "../../../parts/Dialog.tsx"
import { FormField } from "../../../parts/FormField.tsx"
import { useSettled } from "../../../parts/settled.ts"
import { moment, plural } from "../../../words.ts"
import { eventTypeNames } from "../conditions.ts"
import { fieldTime, minuteMs } from "../delivery/period.ts"
import type { TabProps } from "../Destination.tsx"

/** `track: Order Completed`, or a type alone; undefined: a line that is neither. */
const eventsIn = (text: string): ReadonlyArray<{ type: string; name?: string }> | undefined => {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  const events = lines.map((line) => {
    const [, type = "", name] = /^([a-z]+)(?:\s*:\s*(.+))?$/.exec(line) ?? []
    return { type, ...(name === undefined ? {} : { name }) }
  })
  return events.every(({ type }) => eventTypeNames.some((each) => each === type)) ? events : undefined
}

const estimateText = (estimate: ReplayEstimate | undefined): string => {
  if (estimate === undefined) return "Counting ..."
  const { total, firstAt, lastAt } = estimate
  if (total === 0 || firstAt === null || lastAt === null) return "No such event is there."
  return `${plural(total, "event")}, from ${moment(firstAt)} to ${moment(lastAt)}`
}

interface StartReplayProps extends TabProps {
  readonly failedOnly: boolean
  readonly onClose: () => void
}

export const StartReplay = ({ destination, failedOnly, onClose }: StartReplayProps) => {
  const start = useApiChange()
  const [mode, setMode] = useState<Replay["mode"]>(failedOnly ? "failed" : "all")
  const [opened] = useState(() => Math.ceil(Date.now() / minuteMs) * minuteMs)
  const [from, setFrom] = useState(fieldTime(opened - 24 * 60 * minuteMs))
  const [to, setTo] = useState(fieldTime(opened))
  const [text, setText] = useState("")
  const [speed, setSpeed] = useState("")
  const events = eventsIn(text)
  const times = [new Date(from), new Date(to)]
  const timesRight = times.every((time) => Number.isFinite(time.getTime())) && times[0]! < times[1]!
  const speedRight = speed === "" || Number(speed) > 0
  const request =
    !timesRight || events === undefined || !speedRight
      ? undefined
      : {
          sourceId: destination.sourceId,
          destinationIds: [destination.id],
          from: times[0]!.toISOString(),
          to: times[1]!.toISOString(),
          mode,
          ...(events.length === 0 ? {} : { events }),
          ...(speed === "" ? {} : { maxEventsPerSecond: Number(speed) })
        }
  const asked = useSettled(JSON.stringify(request), 400)
  const estimate = useQuery({
    queryKey: ["replay-estimate", asked],
    queryFn: () => runChange(estimateReplay(JSON.parse(asked) as ReplayRequest)),
    enabled: asked !== undefined,
    retry: false
  })
  return (
    <Confirm
      open
      title={`Send events to ${destination.name ?? destination.metadata.name} again?`}
      verb="Start replay"
      keep="Cancel"
      error={start.error}
      busy={start.isPending}
      disabled={request === undefined || estimate.data?.total === 0}
      onConfirm={() => {
        if (request !== undefined) start.mutate(startReplay(request), { onSuccess: onClose })
      }}
      onClose={onClose}
    >
      <div className="form">
        <p className="q2">
          The destination may not notice what it already has, and old values may overwrite new ones. Events that were
          deleted are not sent.
        </p>
        <Segments
          label="Which events"
          value={mode}
          options={[
            ["failed", "Only those that failed"],
            ["all", "All"]
          ]}
          onChange={setMode}
        />
        <div className="form two">
          {(
            [
              ["Received from", from, setFrom, "from"],
              ["until", to, setTo, "to"]
            ] as const
          ).map(([title, value, set, key]) => (
            <FormField
              key={key}
              label={title}
              problem={problemAt(start.error, key) ?? (timesRight ? undefined : "The start comes first.")}
            >
              {(control) => (
                <input
                  {...control}
                  className="input"
                  type="datetime-local"
                  value={value}
                  onChange={(event) => set(event.target.value)}
                />
              )}
            </FormField>
          ))}
        </div>
        <FormField
          label="Only these events"
          help="One each line, e.g. track: Order Completed, or identify. Empty: every event."
          problem={events === undefined ? "A line is a type, or track: and the name of an event." : undefined}
        >
          {(control) => (
            <textarea
              {...control}
              className="input"
              rows={2}
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </FormField>
        <FormField
          label="At most, events a second"
          help="Empty: half of the destination's limit, or 100."
          problem={speedRight ? undefined : "A number above 0."}
        >
          {(control) => (
            <input
              {...control}
              className="input"
              inputMode="numeric"
              value={speed}
              onChange={(event) => setSpeed(event.target.value)}
            />
          )}
        </FormField>
        <p className={estimate.error === null ? "b" : "bad"} role="status">
          {estimate.error === null ? estimateText(estimate.data) : estimate.error.message}
        </p>
      </div>
    </Confirm>
  )
}
