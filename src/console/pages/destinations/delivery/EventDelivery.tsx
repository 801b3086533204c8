/** Event Delivery (DEL-20 to DEL-24): what arrived, what did not and why, how long it took; and samples with their three payloads. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { useApi } from "../../../api/public-api.ts"
import type { DeliveryError, DeliverySummary, ErrorState } from "../../../api/delivery-types.ts"
import { deliveryErrors, deliverySummary } from "../../../api/requests.ts"
import { Bars } from "../../../parts/Bars.tsx"
import { Empty, QueryView } from "../../../parts/States.tsx"
import { Table } from "../../../parts/Table.tsx"
import { changed } from "../../../url-state.ts"
import { count, exact } from "../../../words.ts"
import type { TabProps } from "../Destination.tsx"
import { durationText, type Period, percentText, periodOf, sinceText, spanOf, timeTextOf } from "./period.ts"
import { PeriodPicker, useNow } from "./PeriodPicker.tsx"
import { Samples } from "./Samples.tsx"

const ms = (at: number | string): number => new Date(at).getTime()

export const stateWords: Readonly<Record<ErrorState, readonly [title: string, tone: string]>> = {
  discarded: ["discarded", "bad"],
  awaiting_retry: ["waiting for a retry", "warn"],
  filtered: ["filtered", ""]
}

/** The share of what was tried that arrived. */
const rateOf = ({ delivered, notDelivered }: DeliverySummary): string =>
  delivered + notDelivered === 0 ? "" : percentText((delivered / (delivered + notDelivered)) * 100)

const Metrics = ({ summary }: { readonly summary: DeliverySummary }) => {
  const { delivered, notDelivered, awaitingRetry, p95LatencyMs } = summary
  return (
    <section className="card fixed" aria-label="Key metrics">
      <div className="metrics">
        <div>
          <span className="q2">Delivered</span>
          <b className={delivered > 0 ? "good" : ""}>{count(delivered)}</b>
          <span className="q">
            {rateOf(summary) === "" ? "nothing was tried" : `${rateOf(summary)} of what was tried`}
          </span>
        </div>
        <div>
          <span className="q2">Not delivered</span>
          <b className={notDelivered > 0 ? "bad" : ""}>{count(notDelivered)}</b>
          <span className="q">finally discarded</span>
        </div>
        <div>
          <span className="q2">Waiting for a retry</span>
          <b className={awaitingRetry > 0 ? "warn" : ""}>{count(awaitingRetry)}</b>
          <span className="q">for at most 4 hours</span>
        </div>
        <div>
          <span className="q2">P95 latency</span>
          <b>{p95LatencyMs === null ? "–" : durationText(p95LatencyMs)}</b>
          <span className="q">95 % arrived within</span>
        </div>
      </div>
    </section>
  )
}

const Trends = ({ summary, period }: { readonly summary: DeliverySummary; readonly period: Period }) => {
  const times = summary.trends.map(({ time }) => ms(time))
  const timeText = timeTextOf(period)
  return (
    <div className="two-up even fixed">
      <section className="card" aria-label="Delivered and not delivered">
        <h2 className="h">Delivered and not delivered</h2>
        <Bars
          label={`${count(summary.delivered)} delivered, ${count(summary.notDelivered)} not delivered`}
          times={times}
          timeText={timeText}
          valueText={count}
          series={[
            { title: "Delivered", tone: "good", values: summary.trends.map(({ delivered }) => delivered) },
            { title: "Not delivered", tone: "bad", values: summary.trends.map(({ notDelivered }) => notDelivered) }
          ]}
        />
      </section>
      <section className="card" aria-label="Latency">
        <h2 className="h">Latency</h2>
        <Bars
          label={
            summary.p95LatencyMs === null
              ? "Nothing was delivered"
              : `95 % arrived within ${durationText(summary.p95LatencyMs)}`
          }
          times={times}
          timeText={timeText}
          valueText={durationText}
          series={[{ title: "P95", tone: "ink", values: summary.trends.map(({ p95LatencyMs }) => p95LatencyMs) }]}
        />
      </section>
    </div>
  )
}

interface ErrorsProps {
  readonly errors: ReadonlyArray<DeliveryError>
  readonly onOpen: (error: DeliveryError) => void
}

const Errors = ({ errors, onOpen }: ErrorsProps) => (
  <Table
    columns={[
      ["Code", 190],
      ["What happened"],
      ["Calls", 130],
      ["State", 150],
      ["Events", 80, "num"],
      ["Share", 80, "num"],
      ["First", 110],
      ["Last", 110]
    ]}
  >
    {errors.map((error) => {
      const { code, message, eventTypes, state, count: events, share, firstSeen, lastSeen } = error
      const [title, tone] = stateWords[state]
      return (
        <tr className="link" key={`${state} ${code}`} onClick={() => onOpen(error)}>
          <td>
            <button className="acc m" type="button" onClick={() => onOpen(error)}>
              {code}
            </button>
          </td>
          <td title={message}>{message}</td>
          <td className="q2">{eventTypes.join(", ")}</td>
          <td className={tone}>{title}</td>
          <td className="num b">{count(events)}</td>
          <td className="num">{percentText(share)}</td>
          <td className="q" title={exact(ms(firstSeen))}>
            {sinceText(ms(firstSeen))}
          </td>
          <td className="q" title={exact(ms(lastSeen))}>
            {sinceText(ms(lastSeen))}
          </td>
        </tr>
      )
    })}
  </Table>
)

const EventDelivery = ({ destination }: TabProps) => {
  const search = useSearch({ from: "/app/s/$space/destinations/$id/$tab" })
  const navigate = useNavigate({ from: "/s/$space/destinations/$id/$tab" })
  const period = periodOf(search, useNow())
  const summary = useApi(deliverySummary(destination.id, spanOf(period)), { every: 5000, keep: true })
  const errors = useApi(deliveryErrors(destination.id, spanOf(period)), { every: 5000, keep: true })
  if (search.reason !== undefined)
    return (
      <Samples
        destination={destination}
        period={period}
        code={search.reason}
        state={search.step ?? "discarded"}
        onClose={() => void navigate({ search: (old) => changed(old, { reason: undefined, step: undefined }) })}
      />
    )
  return (
    <>
      <div className="row">
        <span className="q2">Live events only: what a replay sends is on its own page.</span>
        <span className="ml row">
          <PeriodPicker asked={search} />
        </span>
      </div>
      <QueryView query={summary} rows={3}>
        {(found) => <Metrics summary={found} />}
      </QueryView>
      <section className="card fixed" aria-label="Errors">
        <h2 className="h">Why events were not delivered</h2>
        <QueryView query={errors} rows={3}>
          {(found) =>
            found.length === 0 ? (
              <Empty title="No event failed in this period">
                {summary.data?.delivered === 0 ? "None was tried, either." : "Everything that was tried arrived."}
              </Empty>
            ) : (
              <Errors
                errors={found}
                onOpen={({ code, state }) =>
                  void navigate({ search: (old) => changed(old, { reason: code, step: state }) })
                }
              />
            )
          }
        </QueryView>
      </section>
      {summary.data === undefined ? undefined : <Trends summary={summary.data} period={period} />}
    </>
  )
}

export default EventDelivery
