/** The pipeline: what was received, what fell out at which step, what arrived. Fifty threads show the shares. */
import { Link, useSearch } from "@tanstack/react-router"
import type { PipelineCounts } from "../../../api/delivery-types.ts"
import { changed } from "../../../url-state.ts"
import { count } from "../../../words.ts"
import { percentText } from "./period.ts"
import { losing, type Step, steps } from "./steps.ts"
import { stepThreads, threadCount } from "./threads.ts"
import "./pipeline.css"

const columnWidth = 170
const height = 160
const lineGap = 2.5
const top = 10
const columns: ReadonlyArray<Step> = ["successfully_received", ...losing, "successful_delivery"]

const tones: Readonly<Record<string, string>> = {
  "": "var(--ink-3)",
  good: "var(--good)",
  warn: "var(--warn)",
  bad: "var(--bad)"
}

/** Between two pixels, so that a line is one of them. */
const y = (thread: number): number => top + thread * lineGap + 0.5

/** The threads of all columns; those of one step fall in its column. */
const Threads = (counts: PipelineCounts) => {
  const { delivered, received } = counts
  const fall = stepThreads(
    losing.map((step) => steps[step].of(counts)),
    delivered
  )
  const total = columnWidth * columns.length
  const paths: Array<{ readonly d: string; readonly stroke: string }> = []
  const passing = received === 0 ? 0 : fall.at(-1)!.on
  for (let thread = 0; thread < passing; thread++) {
    paths.push({ d: `M0 ${y(thread)} H${columnWidth * (columns.length - 1)}`, stroke: "var(--ink-3)" })
    paths.push({ d: `M${columnWidth * (columns.length - 1)} ${y(thread)} H${total}`, stroke: "var(--good)" })
  }
  for (const [i, { out, on }] of fall.entries()) {
    const x = columnWidth * (i + 1)
    const colour = tones[steps[losing[i]!].tone]!
    for (let n = 0; n < out; n++) {
      const from = y(on + n)
      const to = Math.min(height - 4, from + 18 + (out - n) * 0.5)
      paths.push({ d: `M0 ${from} H${x + 10}`, stroke: "var(--ink-3)" })
      paths.push({
        d: `M${x + 10} ${from} C${x + 45} ${from} ${x + 35} ${to} ${x + 70 + (n % 6) * 3} ${to}`,
        stroke: colour
      })
    }
  }
  return (
    <svg width="100%" height={height} viewBox={`0 0 ${total} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {paths.map(({ d, stroke }, i) => (
        <path key={i} d={d} stroke={stroke} fill="none" strokeWidth="1" vectorEffect="non-scaling-stroke" />
      ))}
    </svg>
  )
}

export const PipelineView = ({ counts, step }: { readonly counts: PipelineCounts; readonly step: Step }) => {
  const search = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const { received, failedOnIngest } = counts
  const inCounts = search.unit === "count"
  return (
    <section className="card fixed pipeline" aria-label="Pipeline">
      <div className="steps">
        {columns.map((each, i) => {
          const { title, tone, of } = steps[each]
          const value = of(counts)
          const share = received === 0 ? 0 : (value / received) * 100
          const colour = value > 0 ? tone : ""
          return (
            <Link
              key={each}
              className="pstep"
              to="."
              search={changed(search, { step: each, reason: undefined })}
              replace
              activeProps={{}}
              {...(each === step ? { "aria-current": "step" as const } : { "aria-current": undefined })}
            >
              <span>{title}</span>
              <b className={colour}>
                {i === 0 || inCounts ? count(value) : percentText(share)}
                {i === 0 ? undefined : <em>{inCounts ? percentText(share) : count(value)}</em>}
              </b>
              <span className="q s">
                {i === 0
                  ? `${count(failedOnIngest)} failed on ingest`
                  : each === "pending"
                    ? "for at most 4 hours"
                    : " "}
              </span>
            </Link>
          )
        })}
      </div>
      {received === 0 ? undefined : (
        <>
          <Threads {...counts} />
          <div className="lbl" style={{ padding: "0 14px 8px" }} aria-hidden="true">
            one thread is {100 / threadCount} %
          </div>
        </>
      )}
    </section>
  )
}
