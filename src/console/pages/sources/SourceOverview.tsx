/** What a source received, what of it failed or was filtered, and what goes on (ING-116). */
import { Link, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { useSpace } from "../../api/hooks.ts"
import { useApi } from "../../api/public-api.ts"
import type { CountsView, Grouping, SourceCounts } from "../../api/delivery-types.ts"
import type { Source } from "../../api/public-types.ts"
import { sourceOverview, sourceStep } from "../../api/requests.ts"
import { Bars } from "../../parts/Bars.tsx"
import { Choice } from "../../parts/Choice.tsx"
import { Empty, QueryView } from "../../parts/States.tsx"
import { Table } from "../../parts/Table.tsx"
import { changed } from "../../url-state.ts"
import { count, plural } from "../../words.ts"
import { earlierOf, percentText, type Period, periodOf, spanOf, timeTextOf } from "../destinations/delivery/period.ts"
import { PeriodPicker, useNow } from "../destinations/delivery/PeriodPicker.tsx"
import { groupings } from "../destinations/delivery/steps.ts"

type Step = "received" | "failedOnIngest" | "filteredAtSource" | "eligible"

interface StepInfo {
  readonly key: Step
  readonly title: string
  readonly tone: "ink" | "bad" | "good"
  /** Its list in the Delivery Overview; `eligible` has none of its own. */
  readonly list: string
  readonly reasons: boolean
}

const stepInfos: ReadonlyArray<StepInfo> = [
  { key: "received", title: "Received", tone: "ink", list: "successfully_received", reasons: false },
  { key: "failedOnIngest", title: "Failed on ingest", tone: "bad", list: "failed_on_ingest", reasons: true },
  { key: "filteredAtSource", title: "Filtered at source", tone: "ink", list: "filtered_at_source", reasons: true },
  { key: "eligible", title: "Eligible events", tone: "good", list: "successfully_received", reasons: false }
]

interface BreakdownProps {
  readonly source: Source
  readonly step: StepInfo
  readonly period: Period
}

/** Against the period of equal length before. */
const changeText = (now: number, before: number): string => {
  if (before === 0) return "–"
  const change = ((now - before) / before) * 100
  return `${change > 0 ? "+" : change < 0 ? "−" : ""}${percentText(Math.abs(change))}`
}

const Breakdown = ({ source, step, period }: BreakdownProps) => {
  const [chosen, setChosen] = useState<Grouping | undefined>()
  const by = chosen ?? (step.reasons ? "discardReason" : "eventType")
  const options = step.reasons ? [["discardReason", "Reason"] as const, ...groupings] : groupings
  const ask = (within: Period) =>
    sourceStep(step.list, { ...spanOf(within), sourceId: source.id, granularity: within.granularity }, by)
  const query = useApi(ask(period), { keep: true })
  const before = useApi(ask(earlierOf(period)), { keep: true })
  const earlier = new Map(before.data?.dataset.map((row) => [row[by] ?? "", row.total]))
  return (
    <section className="card" aria-label="Breakdown">
      <h2 className="h">
        {step.key === "eligible" ? "What was received" : step.title}
        <span className="r">
          <Choice
            label="Broken down by"
            any={options[0]![1]}
            value={by === options[0]![0] ? undefined : by}
            options={options.slice(1)}
            onChange={(value) => setChosen(options.find(([each]) => each === value)?.[0])}
          />
        </span>
      </h2>
      <div className="scroll" tabIndex={0}>
        <QueryView query={query} rows={4}>
          {({ dataset, total }) =>
            dataset.length === 0 ? (
              <Empty title="None in this period" />
            ) : (
              <Table
                columns={[
                  [options.find(([each]) => each === by)![1]],
                  ["Events", 100, "num"],
                  ["Share", 90, "num"],
                  ["Change", 90, "num"]
                ]}
              >
                {dataset.map((row) => {
                  const value = row[by] ?? ""
                  return (
                    <tr key={value}>
                      <td className={by === "discardReason" ? "m" : "b"} title={value}>
                        {value === "" ? <span className="q">without a name</span> : value}
                      </td>
                      <td className="num b">{count(row.total)}</td>
                      <td className="num">{percentText((row.total / Math.max(1, total)) * 100)}</td>
                      <td className="num q2">{changeText(row.total, earlier.get(value) ?? 0)}</td>
                    </tr>
                  )
                })}
              </Table>
            )
          }
        </QueryView>
      </div>
    </section>
  )
}

const Steps = ({ view, step }: { readonly view: CountsView<SourceCounts>; readonly step: StepInfo }) => {
  const search = useSearch({ from: "/app/s/$space/sources/$source/$tab" })
  const { received, duplicates, suppressed } = view.total
  return (
    <section className="card fixed" aria-label="Steps">
      <div className="metrics">
        {stepInfos.map(({ key, title, tone }) => {
          const value = view.total[key]
          return (
            <Link
              key={key}
              className="pstep"
              to="."
              search={changed(search, { step: key })}
              replace
              activeProps={{}}
              {...(key === step.key ? { "aria-current": "step" as const } : { "aria-current": undefined })}
            >
              <span className="q2">{title}</span>
              <b className={value > 0 && tone !== "ink" ? tone : ""}>{count(value)}</b>
              <span className="q">
                {key === "received"
                  ? `${plural(duplicates, "duplicate")}, ${count(suppressed)} suppressed beside`
                  : received === 0
                    ? " "
                    : percentText((value / received) * 100)}
              </span>
            </Link>
          )
        })}
      </div>
    </section>
  )
}

const SourceOverview = ({ source }: { readonly source: Source }) => {
  const { slug } = useSpace()
  const search = useSearch({ from: "/app/s/$space/sources/$source/$tab" })
  const period = periodOf(search, useNow(10_000))
  const query = useApi(sourceOverview(source.id, spanOf(period)), { every: 10_000, keep: true })
  const step = stepInfos.find(({ key }) => key === search.step) ?? stepInfos[0]!
  return (
    <>
      <div className="row">
        <span className="q2">What goes on is offered to destinations and spaces.</span>
        <span className="ml row">
          <PeriodPicker asked={search} />
        </span>
      </div>
      <QueryView query={query} rows={6}>
        {(view) =>
          view.total.received === 0 ? (
            <section className="card grow">
              <Empty
                title="Listening for events"
                actions={
                  <Link
                    className="btn"
                    to="/s/$space/sources/$source/$tab"
                    params={{ space: slug, source: source.id, tab: "settings" }}
                  >
                    See its write key
                  </Link>
                }
              >
                Nothing was received in this period. An event appears here within seconds of arriving.
              </Empty>
            </section>
          ) : (
            <>
              <Steps view={view} step={step} />
              <div className="two-up even">
                <section className="card" aria-label={`${step.title} over time`}>
                  <h2 className="h">
                    {step.title}
                    <span className="r">by {view.granularity.toLowerCase()}</span>
                  </h2>
                  <Bars
                    label={`${step.title}: ${plural(view.total[step.key], "event")}`}
                    times={view.series.map(({ time }) => Date.parse(time))}
                    timeText={timeTextOf(period)}
                    valueText={count}
                    series={[
                      { title: "Events", tone: step.tone, values: view.series.map(({ counts }) => counts[step.key]) }
                    ]}
                  />
                </section>
                <Breakdown key={step.key} source={source} step={step} period={period} />
              </div>
            </>
          )
        }
      </QueryView>
    </>
  )
}

export default SourceOverview
