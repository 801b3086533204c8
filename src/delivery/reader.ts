/**
 * Everything that can be read of delivery, for the Public API: plain Effects on numbers of sources and destinations. Who may ask is
 * decided by the caller, and what the asker may not see is masked there.
 */
import { Clock, Effect } from "effect"
import { Database } from "../platform/database.ts"
import { type Advice, adviceOf } from "./advice.ts"
import { readErrors, readMetrics, readSummary } from "./delivery-view.ts"
import type { Owner } from "./facts.ts"
import { checkBuckets, type Grain, type Period, trendGrain } from "./grains.ts"
import { type OverviewQuery, readOverview } from "./overview.ts"
import { readPipeline, readSourceOverview, type ViewQuery } from "./pipeline.ts"
import { readSamples, type SampleQuery } from "./sample-reader.ts"
import type { SampleState } from "./samples.ts"
import { readStepChange, readTable, type TableQuery } from "./tables.ts"

export const makeDeliveryReader = Effect.gen(function* () {
  // Long questions, on the pool that nobody's page of a profile waits for.
  const { write: sql } = yield* Database
  const now = Clock.currentTimeMillis
  const checked = (period: Period, grain: Grain = trendGrain(period)) =>
    Effect.andThen(checkBuckets(period, grain), now)
  return {
    /** DEL-37, ADM-25. */
    overview: (query: OverviewQuery) => Effect.flatMap(now, (at) => readOverview(sql, query, at)),
    /** DEL-25. */
    metrics: (owner: Owner, period: Period, granularity: Grain) =>
      Effect.flatMap(now, (at) => readMetrics(sql, owner, period, granularity, at)),
    /** DEL-21, DEL-24. */
    summary: (owner: Owner, period: Period) =>
      Effect.flatMap(checked(period), (at) => readSummary(sql, owner, period, at)),
    /** DEL-22. */
    errors: (owner: Owner, period: Period) =>
      Effect.flatMap(checked(period), (at) => readErrors(sql, owner, period, at)),
    /** DEL-23: what an error means, what to do, and up to ten samples of it. */
    error: Effect.fnUntraced(function* (query: SampleQuery & { readonly code: string; readonly state: SampleState }) {
      const advice: Advice = adviceOf(query.code, query.state)
      return { ...advice, samples: yield* readSamples(sql, query) }
    }),
    samples: (query: SampleQuery) => Effect.andThen(checkBuckets(query.period, "day"), readSamples(sql, query)),
    /** DEL-30, DEL-33. */
    pipeline: (owner: Owner, query: ViewQuery & { readonly mapping?: string | undefined }) =>
      Effect.flatMap(checked(query.period, query.granularity), (at) => readPipeline(sql, owner, query, at)),
    /** DEL-34 and DEL-35: `by` a dimension of events, or the reason. */
    table: (query: TableQuery) => Effect.flatMap(checked(query.period), (at) => readTable(sql, query, at)),
    /** DEL-36 of a whole step. */
    stepChange: (query: Omit<TableQuery, "by">) =>
      Effect.flatMap(checked(query.period), (at) => readStepChange(sql, query, at)),
    /** ING-116. */
    sourceOverview: (source: number, query: ViewQuery) =>
      Effect.flatMap(checked(query.period, query.granularity), (at) => readSourceOverview(sql, source, query, at))
  }
})
