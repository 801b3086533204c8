/** Is data arriving? How many messages came in each minute of the last hour, and how many of them were discarded. */
import { useData, useSpace } from "../../api/hooks.ts"
import { count, minute } from "../../words.ts"
import { liveSeries, type LiveSeriesData } from "./live.gql.ts"

const sum = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)

const width = 600
const height = 40

const Bars = ({ series }: { readonly series: LiveSeriesData["sourceSeries"] }) => {
  const { accepted, discarded } = series
  const most = Math.max(1, ...accepted)
  const step = width / Math.max(1, accepted.length)
  const bar = (value: number, least: number) => (value === 0 ? 0 : Math.max(least, (38 * value) / most))
  return (
    <svg
      width="100%"
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Events per minute of the last hour, at most ${count(most)}; ${count(sum(discarded))} discarded`}
    >
      {accepted.map((value, i) => (
        <rect
          key={i}
          x={i * step}
          y={height - bar(value, 1)}
          width={Math.max(1, step - 1.5)}
          height={bar(value, 1)}
          fill="var(--ink-3)"
          opacity=".55"
        >
          <title>{count(value)}</title>
        </rect>
      ))}
      {discarded.map((value, i) => (
        <rect
          key={i}
          x={i * step}
          y={height - Math.min(height, bar(value, 4))}
          width={Math.max(1, step - 1.5)}
          height={Math.min(height, bar(value, 4))}
          fill="var(--bad)"
        />
      ))}
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line-2)" />
    </svg>
  )
}

/** Every quarter of an hour. */
const ticks = 5

export const Flow = ({ source }: { readonly source: string | undefined }) => {
  const { id: space } = useSpace()
  const { data } = useData(
    liveSeries,
    { space, ...(source === undefined ? {} : { sources: [source] }) },
    { every: 5000, keep: true }
  )
  const series = data?.sourceSeries
  const facts = [
    ["Accepted", series?.accepted, ""],
    ["Discarded", series?.discarded, "bad"],
    ["Duplicates", series?.duplicates, ""]
  ] as const
  const from = series === undefined ? 0 : Date.parse(series.from)
  const spanMs = series === undefined ? 0 : series.accepted.length * series.stepSeconds * 1000
  return (
    <section className="card flow" aria-label="Last hour">
      <dl className="facts">
        {facts.map(([name, values, tone]) => (
          <div key={name}>
            <dt className="lbl">{name}</dt>
            <dd className={values !== undefined && sum(values) > 0 ? tone : ""}>
              {values === undefined ? "\u2007" : count(sum(values))}
            </dd>
          </div>
        ))}
      </dl>
      <div>
        {series === undefined ? <svg width="100%" height={height} aria-hidden="true" /> : <Bars series={series} />}
        <div className="axis lbl" aria-hidden="true">
          {Array.from({ length: ticks }, (_, i) => (
            <span key={i}>
              {series === undefined ? "" : i === ticks - 1 ? "now" : minute(from + (spanMs * i) / (ticks - 1))}
            </span>
          ))}
        </div>
      </div>
    </section>
  )
}
