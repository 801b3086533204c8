/**
 * Bars over time: outcomes on top of each other, from zero, with three lines behind. What a bar says is told under the pointer and by
 * the arrow keys; the same numbers are in a table for whoever wants them so.
 */
import { useId, useState } from "react"
import "./bars.css"

export interface Series {
  readonly title: string
  /** `hatch`: filtered. */
  readonly tone: "good" | "warn" | "bad" | "ink" | "hatch"
  readonly values: ReadonlyArray<number | null>
}

interface BarsProps {
  /** What the picture says, in a sentence. */
  readonly label: string
  readonly times: ReadonlyArray<number>
  readonly series: ReadonlyArray<Series>
  readonly timeText: (at: number) => string
  readonly valueText: (value: number) => string
  readonly height?: number
}

const fills: Readonly<Record<Series["tone"], string>> = {
  good: "var(--good)",
  warn: "var(--warn)",
  bad: "var(--bad)",
  ink: "var(--ink-3)",
  hatch: "url(#hatch)"
}

const width = 600

/** The next of 1, 2 and 5 times a power of ten that is not below. */
export const niceTop = (most: number): number => {
  if (most <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  return [1, 2, 4, 5, 10].map((each) => each * power).find((each) => each >= most)!
}

const DataTable = ({ times, series, timeText, valueText }: Omit<BarsProps, "label">) => (
  <div className="scroll" tabIndex={0}>
    <table>
      <thead>
        <tr>
          <th>Time</th>
          {series.map(({ title }) => (
            <th key={title} className="num">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {times.map((at, i) => (
          <tr key={at}>
            <td>{timeText(at)}</td>
            {series.map(({ title, values }) => (
              <td key={title} className="num">
                {values[i] == null ? "" : valueText(values[i])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

export const Bars = (props: BarsProps) => {
  const { label, times, series, timeText, valueText, height = 150 } = props
  const [at, setAt] = useState<number | undefined>()
  const [asTable, setAsTable] = useState(false)
  const hatch = useId()
  const sums = times.map((_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0))
  const top = niceTop(Math.max(0, ...sums))
  const step = width / Math.max(1, times.length)
  const gap = step > 6 ? 2 : step > 3 ? 1 : 0
  const scale = (value: number) => (value / top) * (height - 8)
  const told = (i: number) =>
    `${timeText(times[i]!)}: ${series
      .flatMap(({ title, values }) => (values[i] == null ? [] : [`${title.toLowerCase()} ${valueText(values[i])}`]))
      .join(", ")}`
  const move = (by: number) =>
    setAt((old) =>
      Math.max(0, Math.min(times.length - 1, old === undefined ? (by > 0 ? 0 : times.length - 1) : old + by))
    )
  return (
    <div className="bars">
      <div className="row key">
        {series.map(({ title, tone }) => (
          <span className="row g4" key={title}>
            <i className={`sw ${tone}`} /> {title}
          </span>
        ))}
        <button className="btn g s ml" type="button" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? "Show as picture" : "Show as table"}
        </button>
      </div>
      {asTable ? (
        <DataTable times={times} series={series} timeText={timeText} valueText={valueText} />
      ) : (
        <>
          <div
            className="plot"
            role="img"
            tabIndex={0}
            aria-label={label}
            onMouseLeave={() => setAt(undefined)}
            onBlur={() => setAt(undefined)}
            onKeyDown={(event) => {
              if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return
              event.preventDefault()
              move(event.key === "ArrowLeft" ? -1 : 1)
            }}
          >
            <svg
              width="100%"
              height={height}
              viewBox={`0 0 ${width} ${height}`}
              preserveAspectRatio="none"
              aria-hidden="true"
            >
              <defs>
                <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                  <line x1="0" y1="0" x2="0" y2="4" stroke="var(--ink-3)" strokeWidth="1.5" />
                </pattern>
              </defs>
              {[0, 0.5, 1].map((part) => (
                <line
                  key={part}
                  x1="0"
                  x2={width}
                  y1={height - scale(top * part) - 0.5}
                  y2={height - scale(top * part) - 0.5}
                  stroke={part === 0 ? "var(--line-2)" : "var(--line)"}
                  vectorEffect="non-scaling-stroke"
                />
              ))}
              {times.map((time, i) => {
                let y = height
                return (
                  <g key={time} onMouseEnter={() => setAt(i)}>
                    <rect
                      x={i * step}
                      y="0"
                      width={step}
                      height={height}
                      fill={i === at ? "var(--hover)" : "transparent"}
                    />
                    {series.map(({ title, tone, values }) => {
                      const value = values[i] ?? 0
                      const tall = value === 0 ? 0 : Math.max(1.5, scale(value))
                      y -= tall
                      return tall === 0 ? undefined : (
                        <rect
                          key={title}
                          x={i * step + gap / 2}
                          y={y}
                          width={Math.max(1, step - gap)}
                          height={tall}
                          fill={tone === "hatch" ? `url(#${hatch})` : fills[tone]}
                        />
                      )
                    })}
                  </g>
                )
              })}
            </svg>
            <div className="ticks lbl" aria-hidden="true">
              <span>{valueText(top)}</span>
              <span>{valueText(top / 2)}</span>
              <span>{valueText(0)}</span>
            </div>
          </div>
          <div className="axis lbl" aria-hidden="true">
            {times.length === 0 ? undefined : (
              <>
                <span>{timeText(times[0]!)}</span>
                <span>{timeText(times[Math.floor(times.length / 2)]!)}</span>
                <span>{timeText(times.at(-1)!)}</span>
              </>
            )}
          </div>
          <div className="told q2" role="status">
            {at === undefined ? "" : told(at)}
          </div>
        </>
      )}
    </div>
  )
}
