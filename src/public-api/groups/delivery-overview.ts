/** The six lists of the Delivery Overview (DEL-37, ADM-25): one step each, grouped as asked. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import type { Dimension } from "../../delivery/facts.ts"
import type { OverviewQuery } from "../../delivery/overview.ts"
import { makeDeliveryReader } from "../../delivery/reader.ts"
import type { Step } from "../../delivery/steps.ts"
import { makeDestinationAccess } from "../access.ts"
import type { Caller } from "../caller.ts"
import { data, group, handled, Versions } from "../group.ts"
import { offsetOf, offsetPagination, paginated, pagination, type Pagination } from "../pages.ts"
import { granularity, grainOf, period, periodOf } from "../period.ts"
import { invalid, notFound } from "../problem.ts"
import { timeText } from "../shapes.ts"

const texts = Schema.optionalKey(Schema.Array(Schema.String))
const dataset = Schema.Struct({
  eventName: Schema.optionalKey(Schema.String),
  eventType: Schema.optionalKey(Schema.String),
  discardReason: Schema.optionalKey(Schema.String),
  appVersion: Schema.optionalKey(Schema.String),
  subscriptionId: Schema.optionalKey(Schema.String),
  total: Schema.Number,
  totalRetryCount: Schema.Number,
  series: Schema.Array(Schema.Struct({ time: Schema.String, count: Schema.Number, retryCount: Schema.Number }))
})
const answer = data({ total: Schema.Number, dataset: Schema.Array(dataset), pagination: paginated })

const groups = ["eventName", "eventType", "discardReason", "appVersion"] as const
const attempts = Array.from({ length: 10 }, (_, n) => `successes.attempt.${n + 1}`)

const common = {
  sourceId: Schema.String,
  ...period,
  granularity,
  filter: Schema.optionalKey(
    Schema.Struct({ discardReason: texts, eventName: texts, eventType: texts, appVersion: texts })
  ),
  pagination
}
const ofSource = { ...common, groupBy: Schema.optionalKey(Schema.Array(Schema.Literals(groups))) }
const ofReceived = {
  ...common,
  groupBy: Schema.optionalKey(Schema.Array(Schema.Literals(["eventName", "eventType", "appVersion"])))
}
const ofDestination = {
  ...common,
  destinationConfigId: Schema.String,
  subscriptionId: Schema.optionalKey(Schema.String),
  groupBy: Schema.optionalKey(Schema.Array(Schema.Literals([...groups, "subscriptionId"])))
}

const path = "/delivery-overview"
const declared = group("Delivery Overview")
  .add(
    HttpApiEndpoint.get("getIngressSuccessMetricsFromDeliveryOverview", `${path}/successfully-received`, {
      query: ofReceived,
      success: answer
    }),
    HttpApiEndpoint.get("getIngressFailedMetricsFromDeliveryOverview", `${path}/failed-on-ingest`, {
      query: ofSource,
      success: answer
    }),
    HttpApiEndpoint.get("getFilteredAtSourceMetricsFromDeliveryOverview", `${path}/filtered-at-source`, {
      query: ofSource,
      success: answer
    }),
    HttpApiEndpoint.get("getFilteredAtDestinationMetricsFromDeliveryOverview", `${path}/filtered-at-destination`, {
      query: ofDestination,
      success: answer
    }),
    HttpApiEndpoint.get("getEgressFailedMetricsFromDeliveryOverview", `${path}/failed-delivery`, {
      query: ofDestination,
      success: answer
    }),
    HttpApiEndpoint.get("getEgressSuccessMetricsFromDeliveryOverview", `${path}/successful-delivery`, {
      query: ofDestination,
      success: answer
    })
  )
  .annotateEndpoints(Versions, ["v1beta"])

interface Asked {
  readonly sourceId: string
  readonly startTime: string
  readonly endTime: string
  readonly granularity: typeof granularity.Type
  readonly destinationConfigId?: string
  readonly subscriptionId?: string
  readonly groupBy?: ReadonlyArray<Dimension>
  readonly filter?: { readonly [K in (typeof groups)[number]]?: ReadonlyArray<string> }
  readonly pagination?: Exclude<Pagination, undefined>
}

/** `successes.attempt.3` is no reason but a number of attempts. */
const filterOf = ({ discardReason = [], ...rest }: Exclude<Asked["filter"], undefined>): OverviewQuery["filter"] => {
  const tries = discardReason.flatMap((reason) => (attempts.includes(reason) ? [Number(reason.split(".")[2])] : []))
  const reasons = discardReason.filter((reason) => !attempts.includes(reason))
  return {
    ...rest,
    ...(reasons.length === 0 ? undefined : { discardReason: reasons }),
    ...(tries.length === 0 ? undefined : { attempts: tries })
  }
}

export const deliveryOverview = Effect.gen(function* () {
  const access = yield* makeDestinationAccess
  const reader = yield* makeDeliveryReader

  const destinationOf = (caller: Caller, query: Asked) =>
    Effect.gen(function* () {
      const id = query.destinationConfigId
      if (id === undefined) return 0
      const { no, sourceId } = yield* access.destination(caller, id, "read")
      if (sourceId === query.sourceId) return no
      return yield* notFound(`destination ${id} of the source ${query.sourceId}`)
    })

  const read = (step: Step) => (asked: { readonly caller: Caller; readonly query: Asked }) =>
    Effect.gen(function* () {
      const { caller, query } = asked
      const source = yield* access.source(caller, query.sourceId, "read")
      const destination = yield* destinationOf(caller, query)
      const page = offsetOf("delivery overview", query.pagination)
      const period = periodOf(query)
      if (period.from >= period.to)
        return yield* invalid([{ field: "endTime", message: `"endTime" must be later than "startTime"` }])
      const found = yield* reader.overview({
        step,
        owner: { destination, source: source.no },
        period,
        granularity: grainOf(query.granularity),
        groupBy: [...new Set(query.groupBy)],
        filter: query.filter === undefined ? undefined : filterOf(query.filter),
        mapping: query.subscriptionId,
        offset: page.offset,
        limit: page.count
      })
      return {
        total: found.total,
        dataset: found.dataset.map((each) => ({
          ...each,
          series: each.series.map((point) => ({ ...point, time: timeText(point.time) }))
        })),
        pagination: offsetPagination("delivery overview", page, found.groups)
      }
    })

  return handled(declared, {
    getIngressSuccessMetricsFromDeliveryOverview: read("successfully_received"),
    getIngressFailedMetricsFromDeliveryOverview: read("failed_on_ingest"),
    getFilteredAtSourceMetricsFromDeliveryOverview: read("filtered_at_source"),
    getFilteredAtDestinationMetricsFromDeliveryOverview: read("filtered_at_destination"),
    getEgressFailedMetricsFromDeliveryOverview: read("failed_delivery"),
    getEgressSuccessMetricsFromDeliveryOverview: read("successful_delivery")
  })
})
