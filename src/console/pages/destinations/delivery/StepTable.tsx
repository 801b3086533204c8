/** One step of the overview: its reasons, or what the events were, each with its related change, and the step over time. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { ArrowLeft } from "lucide-react"
import { useState } from "react"
import { useSpace } from "../../../api/hooks.ts"
import { useApi } from "../../../api/public-api.ts"
import type { CountsView, Grouping, OverviewStep, PipelineCounts, TableRow } from "../../../api/delivery-types.ts"
import { deliveryTable } from "../../../api/requests.ts"
import { Bars, type Series } from "../../../parts/Bars.tsx"
import { Choice } from "../../../parts/Choice.tsx"
import { Empty, QueryView } from "../../../parts/States.tsx"
import { Table } from "../../../parts/Table.tsx"
import { changed } from "../../../url-state.ts"
import { count, plural } from "../../../words.ts"
import type { TabProps } from "../Destination.tsx"
import { type Period, percentText, spanOf, timeTextOf } from "./period.ts"
import { changeText, groupings, stepFinding, type StepInfo, steps } from "./steps.ts"

interface StepProps extends TabProps {
  readonly step: OverviewStep
  readonly period: Period
  readonly view: CountsView<PipelineCounts>
}

const tones: Readonly<Record<StepInfo["tone"], Series["tone"]>> = { "": "ink", good: "good", warn: "warn", bad: "bad" }

const Chart = ({ step, period, view }: Omit<StepProps, "destination">) => {
  const { title, tone, of } = steps[step]
  return (
    <section className="card" aria-label={`${title} over time`}>
      <h2 className="h">
        {title}
        <span className="r">by {view.granularity.toLowerCase()}</span>
      </h2>
      <Bars
        label={`${title}: ${plural(of(view.total), "event")}`}
        times={view.series.map(({ time }) => Date.parse(time))}
        timeText={timeTextOf(period)}
        valueText={count}
        series={[{ title: "Events", tone: tones[tone], values: view.series.map(({ counts }) => of(counts)) }]}
      />
    </section>
  )
}

interface RowProps extends Pick<StepProps, "destination" | "step"> {
  readonly row: TableRow
  readonly byReason: boolean
}

const Row = ({ destination, step, row, byReason }: RowProps) => {
  const { slug } = useSpace()
  const search = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const { value, label, help, change, share } = row
  return (
    <tr>
      {byReason ? (
        <>
          <td className="m" title={value}>
            <Link className="acc" to="." search={changed(search, { step, reason: value })} replace activeProps={{}}>
              {value}
            </Link>
          </td>
          <td className="q2" title={help}>
            {label}
          </td>
          <td>
            <Link
              className="acc"
              to="/s/$space/destinations/$id/$tab"
              params={{ space: slug, id: destination.id, tab: "delivery" }}
              search={changed(search, { reason: value, step: step === "failed_delivery" ? "discarded" : "filtered" })}
            >
              Show
            </Link>
          </td>
        </>
      ) : (
        <td className="b" title={value}>
          {value === "" ? <span className="q">without a name</span> : value}
        </td>
      )}
      <td className="num b">{count(row.count)}</td>
      <td className="num">{share === null ? "–" : percentText(share)}</td>
      <td className={`num ${steps[step].tone === "bad" && (change ?? 0) > 0.05 ? "bad" : "q2"}`}>
        {changeText(row, search.unit === "count")}
      </td>
    </tr>
  )
}

export const StepTable = ({ destination, step, period, view }: StepProps) => {
  const { reason, mapping } = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/destinations/$id/$tab" })
  const [grouping, setGrouping] = useState<Grouping>("eventType")
  const byReason = steps[step].first === "discardReason" && reason === undefined
  const by = byReason ? "discardReason" : grouping
  const query = useApi(deliveryTable(destination.id, spanOf(period), { step, by, subscriptionId: mapping, reason }), {
    keep: true
  })
  return (
    <div className="two-up">
      <section className="card" aria-label={steps[step].title}>
        <h2 className="h">
          {reason === undefined ? undefined : (
            <button
              className="btn g ic s"
              type="button"
              aria-label="All reasons"
              onClick={() => void navigate({ search: (old) => changed(old, { reason: undefined }), replace: true })}
            >
              <ArrowLeft size={14} />
            </button>
          )}
          <span className="el">
            {reason === undefined
              ? stepFinding(step, plural(steps[step].of(view.total), "event"))
              : `${reason}: which events`}
          </span>
          <span className="r">
            {byReason ? (
              "against the period before"
            ) : (
              <Choice
                label="Broken down by"
                any="Event type"
                value={grouping === "eventType" ? undefined : grouping}
                options={groupings.slice(1)}
                onChange={(chosen) => setGrouping(groupings.find(([each]) => each === chosen)?.[0] ?? "eventType")}
              />
            )}
          </span>
        </h2>
        <QueryView query={query} rows={4}>
          {({ rows }) =>
            rows.length === 0 ? (
              <Empty title="None in this period" />
            ) : (
              <Table
                columns={[
                  [byReason ? "Reason" : groupings.find(([each]) => each === by)![1], byReason ? "26%" : undefined],
                  ...(byReason ? ([["Meaning"], ["Samples", 80]] as const) : []),
                  ["Events", 90, "num"],
                  ["Share", 80, "num"],
                  ["Change", 90, "num"]
                ]}
              >
                {rows.map((row) => (
                  <Row key={row.value} destination={destination} step={step} row={row} byReason={byReason} />
                ))}
              </Table>
            )
          }
        </QueryView>
      </section>
      <Chart step={step} period={period} view={view} />
    </div>
  )
}
