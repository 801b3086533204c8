/** Shapes of what is answered about delivery, and how what is read becomes them; personal values masked where they must be. */
import { Schema } from "effect"
import { type Grain, type Period, trendGrain } from "../delivery/grains.ts"
import type { StoredSample } from "../delivery/sample-reader.ts"
import { sampleStates } from "../delivery/samples.ts"
import { maskText, maskValue } from "../profiles/masking/mask.ts"
import type { Caller } from "./caller.ts"
import { data } from "./group.ts"
import { type granularity, grainOf, periodOf } from "./period.ts"
import { timeText } from "./shapes.ts"

const steps = [
  "successfully_received",
  "failed_on_ingest",
  "filtered_at_source",
  "filtered_at_destination",
  "failed_delivery",
  "successful_delivery"
] as const
export const step = Schema.Literals(steps)
export const text = Schema.optionalKey(Schema.String)
export const texts = Schema.optionalKey(Schema.Array(Schema.String))
export const state = Schema.Literals(sampleStates)
export const maybeNumber = Schema.NullOr(Schema.Number)
export const filter = Schema.optionalKey(Schema.Struct({ eventName: texts, eventType: texts, appVersion: texts }))

export const metric = Schema.Struct({
  metricName: Schema.String,
  total: Schema.Number,
  breakdown: Schema.Array(Schema.Struct({ metricName: Schema.String, value: Schema.Number }))
})
const counts = Schema.Record(Schema.String, Schema.Number)
export const view = data({
  total: counts,
  granularity: Schema.String,
  series: Schema.Array(Schema.Struct({ time: Schema.String, counts }))
})
export const exchange = Schema.Struct({
  request: Schema.Struct({
    method: Schema.String,
    url: Schema.String,
    headers: Schema.Record(Schema.String, Schema.String),
    body: Schema.String
  }),
  response: Schema.optionalKey(
    Schema.Struct({
      status: Schema.Number,
      headers: Schema.Record(Schema.String, Schema.String),
      body: Schema.String
    })
  ),
  error: Schema.optionalKey(Schema.String)
})
export const sample = Schema.Struct({
  id: Schema.String,
  step,
  code: Schema.String,
  state,
  subscriptionId: Schema.NullOr(Schema.String),
  time: Schema.String,
  receivedAt: Schema.String,
  message: Schema.String,
  sent: Schema.Unknown,
  exchanges: Schema.Array(exchange)
})
export const errorRow = Schema.Struct({
  code: Schema.String,
  name: Schema.String,
  message: Schema.String,
  state,
  eventTypes: Schema.Array(Schema.String),
  count: Schema.Number,
  share: Schema.Number,
  firstSeen: Schema.String,
  lastSeen: Schema.String
})
export const row = Schema.Struct({
  value: Schema.String,
  label: Schema.String,
  help: Schema.String,
  count: Schema.Number,
  share: maybeNumber,
  change: maybeNumber,
  countChange: maybeNumber
})
export const change = Schema.Struct({
  count: Schema.Number,
  share: maybeNumber,
  change: maybeNumber,
  countChange: maybeNumber
})

export const maskedSample = ({ masked }: Caller, each: StoredSample): typeof sample.Type => ({
  id: each.id,
  step: each.step,
  code: each.code,
  state: each.state,
  subscriptionId: each.mapping === "" ? null : each.mapping,
  time: timeText(each.at),
  receivedAt: timeText(each.receivedAt),
  message: masked ? maskText(each.message) : each.message,
  sent: masked ? maskValue(each.sent) : each.sent,
  // Headers and address can hold personal values as well as bodies can.
  exchanges: each.exchanges.map((one) =>
    masked
      ? {
          request: { method: one.request.method, url: maskText(one.request.url), headers: {}, body: "***" },
          ...(one.response === undefined
            ? undefined
            : { response: { status: one.response.status, headers: {}, body: "***" } })
        }
      : one
  )
})

export const shownView = <Counts extends object>({
  total,
  granularity,
  series
}: {
  readonly total: Counts
  readonly granularity: Grain
  readonly series: ReadonlyArray<Counts & { readonly time: number }>
}) => ({
  total: { ...total } as Readonly<Record<string, number>>,
  granularity,
  series: series.map(({ time, ...rest }) => ({
    time: timeText(time),
    counts: rest as Readonly<Record<string, number>>
  }))
})

export const viewOf = (query: {
  readonly startTime: string
  readonly endTime: string
  readonly granularity?: typeof granularity.Type
}): { readonly period: Period; readonly granularity: Grain } => {
  const asked = periodOf(query)
  return {
    period: asked,
    granularity: query.granularity === undefined ? trendGrain(asked) : grainOf(query.granularity)
  }
}
