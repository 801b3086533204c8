/**
 * What became of the events of a destination: Segment's delivery metrics (DEL-25), and what the pages of the console show (DEL-20 to
 * DEL-36): summary, errors, samples, pipeline and tables; and what a source received (ING-116).
 */
import { Clock, Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { dayMs, type Grain, hourMs } from "../../delivery/grains.ts"
import { makeDeliveryReader } from "../../delivery/reader.ts"
import { makeDestinationAccess } from "../access.ts"
import type { Caller } from "../caller.ts"
import {
  change,
  errorRow,
  filter,
  maskedSample,
  maybeNumber,
  metric,
  row,
  sample,
  shownView,
  state,
  step,
  text,
  texts,
  view,
  viewOf
} from "../delivery-shapes.ts"
import { data, group, handled, Versions } from "../group.ts"
import { granularity, grainOf, period, periodOf } from "../period.ts"
import { notFound } from "../problem.ts"
import { moment, timeText } from "../shapes.ts"

const params = { destinationId: Schema.String }

const at = "/destinations/:destinationId" as const
const declared = group("Delivery").add(
  HttpApiEndpoint.get("listDeliveryMetricsSummaryFromDestination", `${at}/delivery-metrics`, {
    params,
    query: {
      sourceId: Schema.String,
      startTime: Schema.optionalKey(moment),
      endTime: Schema.optionalKey(moment),
      granularity: Schema.optionalKey(granularity)
    },
    success: data({
      deliveryMetricsSummary: Schema.Struct({
        sourceId: Schema.String,
        destinationMetadataId: Schema.String,
        metrics: Schema.Array(metric)
      })
    })
  }).annotate(Versions, ["v1beta", "v1alpha"]),
  HttpApiEndpoint.get("getDeliverySummary", `${at}/delivery-summary`, {
    params,
    query: period,
    success: data({
      delivered: Schema.Number,
      notDelivered: Schema.Number,
      awaitingRetry: Schema.Number,
      p95LatencyMs: maybeNumber,
      granularity: Schema.String,
      trends: Schema.Array(
        Schema.Struct({
          time: Schema.String,
          delivered: Schema.Number,
          notDelivered: Schema.Number,
          p95LatencyMs: maybeNumber
        })
      )
    })
  }),
  HttpApiEndpoint.get("listDeliveryErrors", `${at}/delivery-errors`, {
    params,
    query: period,
    success: data({ errors: Schema.Array(errorRow) })
  }),
  HttpApiEndpoint.get("getDeliveryError", `${at}/delivery-errors/:code`, {
    params: { ...params, code: Schema.String },
    query: { ...period, state: Schema.optionalKey(state) },
    success: data({
      name: Schema.String,
      label: Schema.String,
      description: Schema.String,
      actions: Schema.Array(Schema.String),
      links: Schema.Array(Schema.Struct({ text: Schema.String, url: Schema.String })),
      samples: Schema.Array(sample)
    })
  }),
  HttpApiEndpoint.get("listDeliverySamples", `${at}/delivery-samples`, {
    params,
    query: {
      ...period,
      code: text,
      step: Schema.optionalKey(step),
      state: Schema.optionalKey(state),
      subscriptionId: text
    },
    success: data({ samples: Schema.Array(sample) })
  }),
  HttpApiEndpoint.get("getDeliveryPipeline", `${at}/delivery-pipeline`, {
    params,
    query: { ...period, granularity: Schema.optionalKey(granularity), subscriptionId: text, filter },
    success: view
  }),
  HttpApiEndpoint.get("getDeliveryTable", `${at}/delivery-table`, {
    params,
    query: {
      ...period,
      step,
      by: Schema.Literals(["eventName", "eventType", "discardReason", "appVersion"]),
      subscriptionId: text,
      filter: Schema.optionalKey(
        Schema.Struct({ discardReason: texts, eventName: texts, eventType: texts, appVersion: texts })
      )
    },
    success: data({ rows: Schema.Array(row), step: change })
  }),
  HttpApiEndpoint.get("getSourceOverview", "/sources/:sourceId/overview", {
    params: { sourceId: Schema.String },
    query: { ...period, granularity: Schema.optionalKey(granularity), filter },
    success: view
  })
)

const lookBack: Readonly<Record<Grain, number>> = { minute: hourMs, hour: 7 * dayMs, day: 14 * dayMs }

export const delivery = Effect.gen(function* () {
  const access = yield* makeDestinationAccess
  const reader = yield* makeDeliveryReader

  const find = (caller: Caller, id: string) =>
    Effect.gen(function* () {
      const destination = yield* access.destination(caller, id, "read")
      const source = yield* access.source(caller, destination.sourceId, "read")
      return { destination, owner: { destination: destination.no, source: source.no } }
    })

  return handled(declared, {
    listDeliveryMetricsSummaryFromDestination: ({ caller, params, query }) =>
      Effect.gen(function* () {
        const { destination, owner } = yield* find(caller, params.destinationId)
        if (query.sourceId !== destination.sourceId)
          return yield* notFound(`destination ${destination.id} of the source ${query.sourceId}`)
        const grain = query.granularity === undefined ? "minute" : grainOf(query.granularity)
        const to = query.endTime === undefined ? yield* Clock.currentTimeMillis : Date.parse(query.endTime)
        const from = query.startTime === undefined ? to - lookBack[grain] : Date.parse(query.startTime)
        const metrics = yield* reader.metrics(owner, { from, to }, grain)
        const { sourceId, metadataId } = destination
        return { deliveryMetricsSummary: { sourceId, destinationMetadataId: metadataId, metrics } }
      }),
    getDeliverySummary: ({ caller, params, query }) =>
      Effect.gen(function* () {
        const { owner } = yield* find(caller, params.destinationId)
        const { trends, ...summary } = yield* reader.summary(owner, periodOf(query))
        return { ...summary, trends: trends.map((each) => ({ ...each, time: timeText(each.time) })) }
      }),
    listDeliveryErrors: ({ caller, params, query }) =>
      Effect.gen(function* () {
        const { owner } = yield* find(caller, params.destinationId)
        const errors = yield* reader.errors(owner, periodOf(query))
        return {
          errors: errors.map((each) => ({
            ...each,
            firstSeen: timeText(each.firstSeen),
            lastSeen: timeText(each.lastSeen)
          }))
        }
      }),
    getDeliveryError: ({ caller, params, query }) =>
      Effect.gen(function* () {
        const { owner } = yield* find(caller, params.destinationId)
        const found = yield* reader.error({
          destination: owner.destination,
          period: periodOf(query),
          code: params.code,
          state: query.state ?? "discarded"
        })
        return { ...found, samples: found.samples.map((each) => maskedSample(caller, each)) }
      }),
    listDeliverySamples: ({ caller, params, query: { code, step, state, subscriptionId, ...times } }) =>
      Effect.gen(function* () {
        const { owner } = yield* find(caller, params.destinationId)
        const { destination } = owner
        const wanted = { destination, period: periodOf(times), code, step, state, mapping: subscriptionId }
        return { samples: (yield* reader.samples(wanted)).map((each) => maskedSample(caller, each)) }
      }),
    getDeliveryPipeline: ({ caller, params, query }) =>
      Effect.gen(function* () {
        const { owner } = yield* find(caller, params.destinationId)
        const { filter, subscriptionId: mapping } = query
        return shownView(yield* reader.pipeline(owner, { ...viewOf(query), filter, mapping }))
      }),
    getDeliveryTable: ({ caller, params, query }) =>
      Effect.gen(function* () {
        const { owner } = yield* find(caller, params.destinationId)
        const { step, by, filter, subscriptionId: mapping } = query
        const asked = { owner, step, period: periodOf(query), filter, mapping }
        return { rows: yield* reader.table({ ...asked, by }), step: yield* reader.stepChange(asked) }
      }),
    getSourceOverview: ({ caller, params, query }) =>
      Effect.gen(function* () {
        const { no } = yield* access.source(caller, params.sourceId, "read")
        return shownView(yield* reader.sourceOverview(no, { ...viewOf(query), filter: query.filter }))
      })
  })
})
