/** How a destination does, in a word: from what arrived and what did not in the last 24 hours. */
import { useQueries } from "@tanstack/react-query"
import { apiOptions, useApi } from "../../../api/public-api.ts"
import type { DeliverySummary } from "../../../api/delivery-types.ts"
import type { Destination } from "../../../api/public-types.ts"
import { deliverySummary } from "../../../api/requests.ts"
import { count } from "../../../words.ts"
import { percentText, periodOf, spanOf } from "./period.ts"

/** One question a minute for all that show it: periods end with a minute. */
const request = (id: string) => deliverySummary(id, spanOf(periodOf({}, Date.now())))

export type DeliveryState = "failing" | "retrying" | "delivering" | "quiet" | "disabled"

/** Failing: more than one in a thousand is not delivered, or nothing is. */
const stateOf = (enabled: boolean, summary: DeliverySummary | undefined): DeliveryState | undefined => {
  if (!enabled) return "disabled"
  if (summary === undefined) return undefined
  const { delivered, notDelivered, awaitingRetry } = summary
  if (notDelivered > 0 && notDelivered / (delivered + notDelivered) > 0.001) return "failing"
  return awaitingRetry > 0 ? "retrying" : delivered > 0 ? "delivering" : "quiet"
}

export const useStates = (destinations: ReadonlyArray<Destination>): ReadonlyArray<DeliveryState | undefined> =>
  useQueries({
    queries: destinations.map(({ id, enabled }) => ({ ...apiOptions(request(id)), enabled, refetchInterval: 30_000 })),
    combine: (answers) => answers.map(({ data }, i) => stateOf(destinations[i]!.enabled, data))
  })

export const DeliveryTag = ({ destination }: { readonly destination: Destination }) => {
  const { id, enabled } = destination
  const { data } = useApi(request(id), { enabled, every: 10_000, keep: true })
  const state = stateOf(enabled, data)
  if (state === "disabled") return <span className="tag">disabled</span>
  if (data === undefined) return undefined
  const { delivered, notDelivered, awaitingRetry } = data
  if (state === "failing")
    return (
      <span className="tag bad" title={`${count(notDelivered)} of ${count(delivered + notDelivered)} in 24 hours`}>
        {percentText((notDelivered / (delivered + notDelivered)) * 100)} failing
      </span>
    )
  if (state === "retrying") return <span className="tag warn">{count(awaitingRetry)} waiting for a retry</span>
  return state === "delivering" ? (
    <span className="tag good">{count(delivered)} delivered</span>
  ) : (
    <span className="tag">nothing yet</span>
  )
}
