/** Event Delivery of a destination (DEL-20 to DEL-25): what arrived, what did not and why, and how long it took. Events, not jobs. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { ChangeRefused } from "../workspace/refused.ts"
import { adviceOf, errorCode } from "./advice.ts"
import { isFunctionError, isRetried } from "./codes.ts"
import { type Fact, type FactStep, type Owner, readFacts } from "./facts.ts"
import {
  bucketsOf,
  checkPeriod,
  type Grain,
  grainFor,
  grains,
  lengthOf,
  metricsLongest,
  outwards,
  type Period,
  trendGrain
} from "./grains.ts"
import { percentile } from "./latency.ts"
import type { SampleState } from "./samples.ts"

type Reading<A> = Effect.fn.Return<A, SqlError.SqlError>

const viewSteps: ReadonlyArray<FactStep> = [
  "filtered_at_destination",
  "pending",
  "failed_delivery",
  "successful_delivery"
]
const leftOut = "FILTERED_AT_INSERT_FUNCTION"

/** DEL-21; undefined: no business of this view, as it was filtered on purpose. */
const stateOf = ({ step, discardReason }: Fact): SampleState | "delivered" | undefined => {
  if (step === "successful_delivery") return "delivered"
  if (step === "pending") return "awaiting_retry"
  if (step === "failed_delivery" || isFunctionError(discardReason)) return "discarded"
  return discardReason === leftOut ? "filtered" : undefined
}

const sum = (facts: ReadonlyArray<Fact>): number => facts.reduce((all, { count }) => all + count, 0)

const countOf = (facts: ReadonlyArray<Fact>, state: ReturnType<typeof stateOf>) =>
  sum(facts.filter((fact) => stateOf(fact) === state))

const latencyText = `
select case when $5::float8 = 0 then 0 else floor(extract(epoch from l.at)::float8 * 1000 / $5::float8) * $5::float8 end as at, l.bin::int4 as bin,
  sum(l.n)::float8 as n
from (select at, bin, n from delivery_latencies where destination = $1::int4 and grain = $2::int2 and at >= $3::timestamptz and at < $4::timestamptz
      union all
      select at, bin, n from delivery_fresh_latencies where destination = $1::int4 and at >= $3::timestamptz and at < $4::timestamptz) l
group by 1, 2`

interface LatencyRow {
  readonly at: number
  readonly bin: number
  readonly n: number
}

const p95 = (rows: ReadonlyArray<LatencyRow>): number | null => {
  const bins = new Map<number, number>()
  for (const { bin, n } of rows) bins.set(bin, (bins.get(bin) ?? 0) + n)
  return percentile(bins, 95) ?? null
}

/** What a rate of deliveries is made of (DEL-52); of whole hours. */
export const readRate = (
  sql: PgClient.PgClient,
  owner: Owner,
  period: Period
): Effect.Effect<{ readonly delivered: number; readonly notDelivered: number }, SqlError.SqlError> =>
  Effect.map(
    readFacts(sql, { owner, period, grain: "hour", steps: viewSteps, by: new Set(["discardReason"]) }),
    (facts) => ({ delivered: countOf(facts, "delivered"), notDelivered: countOf(facts, "discarded") })
  )

export interface DeliveryTrend {
  /** ms */
  readonly time: number
  readonly delivered: number
  readonly notDelivered: number
  readonly p95LatencyMs: number | null
}

export interface DeliverySummary {
  readonly delivered: number
  readonly notDelivered: number
  readonly awaitingRetry: number
  /** Within 2 %; null: nothing was delivered. */
  readonly p95LatencyMs: number | null
  readonly granularity: Grain
  readonly trends: ReadonlyArray<DeliveryTrend>
}

/** DEL-21, DEL-24. */
export const readSummary = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  owner: Owner,
  period: Period,
  now: number
): Reading<DeliverySummary> {
  const granularity = trendGrain(period)
  const grain = grainFor(period, granularity, now)
  const facts = yield* readFacts(sql, {
    owner,
    period,
    grain,
    series: granularity,
    steps: viewSteps,
    by: new Set(["discardReason"])
  })
  const { from, to } = outwards(period, grain)
  const latencies = yield* sql.unsafe<LatencyRow>(latencyText, [
    owner.destination,
    grains.indexOf(grain),
    new Date(from),
    new Date(to),
    lengthOf[granularity]
  ])
  const factsAt = Map.groupBy(facts, ({ at }) => at)
  const latenciesAt = Map.groupBy(latencies, ({ at }) => at)
  return {
    delivered: countOf(facts, "delivered"),
    notDelivered: countOf(facts, "discarded"),
    awaitingRetry: countOf(facts, "awaiting_retry"),
    p95LatencyMs: p95(latencies),
    granularity,
    trends: bucketsOf(period, granularity).map((time) => ({
      time,
      delivered: countOf(factsAt.get(time) ?? [], "delivered"),
      notDelivered: countOf(factsAt.get(time) ?? [], "discarded"),
      p95LatencyMs: p95(latenciesAt.get(time) ?? [])
    }))
  }
})

export interface ErrorRow {
  readonly code: string
  readonly name: string
  readonly message: string
  readonly state: SampleState
  readonly eventTypes: ReadonlyArray<string>
  readonly count: number
  /** Percent of what was delivered, not delivered or waits. */
  readonly share: number
  /** Buckets of the first and the last, ms. */
  readonly firstSeen: number
  readonly lastSeen: number
}

/** DEL-22. What waits behind an earlier event and was never tried has no error. */
export const readErrors = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  owner: Owner,
  period: Period,
  now: number
): Reading<ReadonlyArray<ErrorRow>> {
  const grain = grainFor(period, trendGrain(period), now)
  const facts = yield* readFacts(sql, {
    owner,
    period,
    grain,
    series: grain,
    steps: viewSteps,
    by: new Set(["discardReason", "eventType"])
  })
  const all = sum(facts.filter((fact) => !["filtered", undefined].includes(stateOf(fact))))
  const errors = facts.filter((fact) => fact.discardReason !== "" && stateOf(fact) !== undefined)
  return [...Map.groupBy(errors, (fact) => `${stateOf(fact)} ${fact.discardReason}`).values()]
    .map((own): ErrorRow => {
      const state = stateOf(own[0]!) as SampleState
      const { label, name } = adviceOf(own[0]!.discardReason, state)
      const times = own.map(({ at }) => at)
      return {
        code: errorCode(own[0]!.discardReason),
        name,
        message: label,
        state,
        eventTypes: [...new Set(own.map(({ eventType }) => eventType))].sort(),
        count: sum(own),
        share: state === "filtered" ? 0 : (sum(own) / all) * 100,
        firstSeen: Math.min(...times),
        lastSeen: Math.max(...times)
      }
    })
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
})

export interface DeliveryMetric {
  readonly metricName: string
  readonly total: number
  readonly breakdown: ReadonlyArray<{ readonly metricName: string; readonly value: number }>
}

const codeOf = ({ discardReason }: Fact) => errorCode(discardReason)

const metric = (
  metricName: string,
  own: ReadonlyArray<Fact>,
  part: (fact: Fact) => string | number
): DeliveryMetric => ({
  metricName,
  total: sum(own),
  breakdown: [...Map.groupBy(own, part)]
    .filter(([name]) => name !== "")
    .map(([name, facts]) => ({ metricName: `${metricName}.${name}`, value: sum(facts) }))
    .sort((a, b) => (a.metricName < b.metricName ? -1 : 1))
})

/** DEL-25. `granularity` says how long a period may be. */
export const readMetrics = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  owner: Owner,
  period: Period,
  granularity: Grain,
  now: number
): Effect.fn.Return<ReadonlyArray<DeliveryMetric>, ChangeRefused | SqlError.SqlError> {
  yield* checkPeriod(period, granularity, metricsLongest, now)
  const facts = yield* readFacts(sql, {
    owner,
    period,
    grain: grainFor(period, granularity, now),
    steps: viewSteps,
    by: new Set(["discardReason", "attempts"])
  })
  const ofState = (state: ReturnType<typeof stateOf>) => facts.filter((fact) => stateOf(fact) === state)
  const discarded = ofState("discarded")
  return [
    metric("successes", ofState("delivered"), ({ attempts }) => `attempt.${attempts}`),
    metric("errors.discarded", discarded, codeOf),
    metric("errors.awaiting-retry", ofState("awaiting_retry"), codeOf),
    metric(
      "expired",
      discarded.filter(({ attempts, discardReason }) => attempts > 1 && isRetried(discardReason)),
      codeOf
    ),
    metric(
      "filtered",
      facts.filter((fact) => fact.step === "filtered_at_destination" && stateOf(fact) !== "discarded"),
      codeOf
    )
  ]
})
