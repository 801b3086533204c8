/**
 * The pipeline of a destination (DEL-30, DEL-33) and of a source (ING-116), as counts of the steps.
 *
 * What a destination received is what became of it: received = filtered at source + filtered at destination + pending + failed +
 * delivered, in every bucket and with every filter. Events that the source got while the destination was switched off, or was not
 * there, are none of its own; those that it has not read yet are seen once it has.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { isAside } from "./codes.ts"
import { readDestinationFacts } from "./destination-facts.ts"
import { countsOf, type Fact, type FactFilter, type Owner, readFacts, type StepCounts } from "./facts.ts"
import { bucketsOf, type Grain, grainFor, type Period } from "./grains.ts"

export interface PipelineCounts {
  readonly received: number
  readonly failedOnIngest: number
  readonly filteredAtSource: number
  readonly filteredAtDestination: number
  readonly pending: number
  readonly failed: number
  readonly delivered: number
}

export interface SourceCounts {
  /** Everything that came: failed on ingest, filtered at source or eligible. */
  readonly received: number
  /** Without what failed (DEL-33). */
  readonly successfullyReceived: number
  readonly failedOnIngest: number
  readonly filteredAtSource: number
  readonly eligible: number
  /** Beside the others: stored before, and of suppressed users. */
  readonly duplicates: number
  readonly suppressed: number
}

export interface View<Counts> {
  readonly total: Counts
  readonly granularity: Grain
  readonly series: ReadonlyArray<Counts & { readonly time: number }>
}

export interface ViewQuery {
  readonly period: Period
  /** Of the series. */
  readonly granularity: Grain
  readonly filter?: Omit<FactFilter, "discardReason" | "attempts"> | undefined
}

type Reading<A> = Effect.Effect<A, SqlError.SqlError>

/** Totals and one entry for each bucket. */
const viewOf = <Counts>(
  facts: ReadonlyArray<Fact>,
  { granularity, period }: ViewQuery,
  counts: (steps: StepCounts) => Counts
): View<Counts> => {
  const byTime = Map.groupBy(facts, ({ at }) => at)
  return {
    total: counts(countsOf(facts)),
    granularity,
    series: bucketsOf(period, granularity).map((time) => ({ ...counts(countsOf(byTime.get(time) ?? [])), time }))
  }
}

/** Totals by step of a source; what tells of requests whose messages are counted anyway is left out. */
export const readSourceSteps = (
  sql: PgClient.PgClient,
  source: number,
  { filter, granularity, period }: ViewQuery,
  now: number
): Reading<ReadonlyArray<Fact>> =>
  Effect.map(
    readFacts(sql, {
      owner: { destination: 0, source },
      period,
      grain: grainFor(period, granularity, now),
      series: granularity,
      steps: ["successfully_received", "failed_on_ingest", "filtered_at_source", "duplicate", "suppressed"],
      by: new Set(["discardReason"]),
      filter
    }),
    (facts) => facts.filter(({ discardReason }) => !isAside(discardReason))
  )

/** ING-116. */
export const readSourceOverview = (
  sql: PgClient.PgClient,
  source: number,
  query: ViewQuery,
  now: number
): Reading<View<SourceCounts>> =>
  Effect.map(readSourceSteps(sql, source, query, now), (facts) =>
    viewOf(facts, query, (steps) => ({
      received: steps.failed_on_ingest + steps.filtered_at_source + steps.successfully_received,
      successfullyReceived: steps.filtered_at_source + steps.successfully_received,
      failedOnIngest: steps.failed_on_ingest,
      filteredAtSource: steps.filtered_at_source,
      eligible: steps.successfully_received,
      duplicates: steps.duplicate,
      suppressed: steps.suppressed
    }))
  )

export const readPipeline = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  owner: Owner,
  query: ViewQuery & { readonly mapping?: string | undefined },
  now: number
): Effect.fn.Return<View<PipelineCounts>, SqlError.SqlError> {
  const { filter, granularity, mapping, period } = query
  const atSource = yield* readSourceSteps(sql, owner.source, query, now)
  const atDestination = yield* readDestinationFacts(sql, {
    owner,
    period,
    grain: grainFor(period, granularity, now),
    series: granularity,
    steps: ["filtered_at_destination", "pending", "failed_delivery", "successful_delivery"],
    by: new Set(),
    filter,
    mapping
  })
  const ofSource = atSource.filter(({ step }) => step === "failed_on_ingest" || step === "filtered_at_source")
  return viewOf([...ofSource, ...atDestination], query, (steps) => ({
    received:
      steps.filtered_at_source +
      steps.filtered_at_destination +
      steps.pending +
      steps.failed_delivery +
      steps.successful_delivery,
    failedOnIngest: steps.failed_on_ingest,
    filteredAtSource: steps.filtered_at_source,
    filteredAtDestination: steps.filtered_at_destination,
    pending: steps.pending,
    failed: steps.failed_delivery,
    delivered: steps.successful_delivery
  }))
})
