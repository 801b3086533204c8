/** Delivery Overview (DEL-30 to DEL-36): how many arrive, where the rest is lost, for which reason, since when. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useSpace } from "../../../api/hooks.ts"
import { useApi } from "../../../api/public-api.ts"
import type { CountsView, PipelineCounts } from "../../../api/delivery-types.ts"
import { deliveryPipeline, mappings as mappingsOf } from "../../../api/requests.ts"
import { Segments } from "../../../parts/Choice.tsx"
import { Empty, QueryView } from "../../../parts/States.tsx"
import { changed } from "../../../url-state.ts"
import { plural } from "../../../words.ts"
import type { TabProps } from "../Destination.tsx"
import { type Period, periodOf, spanOf } from "./period.ts"
import { PeriodPicker, useNow } from "./PeriodPicker.tsx"
import { PipelineView } from "./PipelineView.tsx"
import { StepTable } from "./StepTable.tsx"
import { isStep, worstStep } from "./steps.ts"

/** The page ends five minutes ago: until then counts are not complete (DEL-32). */
const lookback = 5 * 60_000

const Nothing = ({ destination, failedOnIngest }: TabProps & { readonly failedOnIngest: number }) => {
  const { slug } = useSpace()
  return (
    <section className="card grow">
      <Empty
        title="Nothing was received in this period"
        actions={
          <Link
            className="btn"
            to="/s/$space/destinations/$id/$tab"
            params={{ space: slug, id: destination.id, tab: "tester" }}
          >
            Send a test event
          </Link>
        }
      >
        {failedOnIngest > 0
          ? `${plural(failedOnIngest, "event")} failed on ingest.`
          : "Once its source sends events, you see here where each of them went. Those of the last 5 minutes are not counted yet."}
      </Empty>
    </section>
  )
}

interface ViewProps extends TabProps {
  readonly view: CountsView<PipelineCounts>
  readonly period: Period
}

const View = ({ destination, view, period }: ViewProps) => {
  const search = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const counts = view.total
  if (counts.received === 0) return <Nothing destination={destination} failedOnIngest={counts.failedOnIngest} />
  const step = isStep(search.step) ? search.step : worstStep(counts)
  return (
    <>
      <PipelineView counts={counts} step={step} />
      {step === "pending" ? (
        <section className="card grow">
          <Empty title={`${plural(counts.pending, "event")} ${counts.pending === 1 ? "waits" : "wait"} for a retry`}>
            They are sent again for at most 4 hours and 10 times. Why they failed is under event delivery.
          </Empty>
        </section>
      ) : (
        <StepTable key={step} destination={destination} step={step} period={period} view={view} />
      )}
    </>
  )
}

const Overview = ({ destination }: TabProps) => {
  const { slug } = useSpace()
  const search = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/destinations/$id/$tab" })
  const period = periodOf(search, useNow(30_000), lookback)
  const mapped = useApi(mappingsOf(destination.id), { enabled: destination.metadata.kind === "actions" }).data ?? []
  const query = useApi(deliveryPipeline(destination.id, spanOf(period), search.mapping), { keep: true })
  return (
    <>
      <div className="row wrap">
        <span className="q2">
          {search.from === undefined ? "Until 5 minutes ago; what is newer is under " : "What is newer is under "}
          <Link
            className="acc"
            to="/s/$space/destinations/$id/$tab"
            params={{ space: slug, id: destination.id, tab: "delivery" }}
          >
            event delivery
          </Link>
        </span>
        <span className="ml row">
          {mapped.length === 0 ? undefined : (
            <select
              className="input"
              aria-label="Mapping"
              value={search.mapping ?? ""}
              onChange={({ currentTarget: { value } }) =>
                void navigate({
                  search: (old) => changed(old, { mapping: value === "" ? undefined : value }),
                  replace: true
                })
              }
            >
              <option value="">All mappings</option>
              {mapped.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
          <Segments
            label="Unit"
            value={search.unit ?? "percent"}
            options={[
              ["percent", "%"],
              ["count", "Count"]
            ]}
            onChange={(unit) =>
              void navigate({
                search: (old) => changed(old, { unit: unit === "count" ? "count" : undefined }),
                replace: true
              })
            }
          />
          <PeriodPicker asked={search} />
        </span>
      </div>
      <QueryView query={query} rows={6}>
        {(view) => <View destination={destination} view={view} period={period} />}
      </QueryView>
    </>
  )
}

export default Overview
