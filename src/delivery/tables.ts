/**
 * The tables below the pipeline (DEL-34 to DEL-36): a step by event type, name, version or reason, each row with its related change:
 * its share of what was received now, less its share in the preceding period of equal length.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { codeInfo, type DiscardStep, isAside } from "./codes.ts"
import { readDestinationFacts } from "./destination-facts.ts"
import { type Dimension, type Fact, type FactFilter, type FactStep, type Owner, readFacts } from "./facts.ts"
import { grainFor, type Period, precedingOf } from "./grains.ts"
import { readPipeline, readSourceOverview } from "./pipeline.ts"
import type { Step } from "./steps.ts"

type Reading<A> = Effect.fn.Return<A, SqlError.SqlError>

/** Which facts are a step. What was received is what passed and what was filtered at the source (DEL-33). */
export const factsOfStep: Readonly<Record<Step, ReadonlyArray<FactStep>>> = {
  successfully_received: ["successfully_received", "filtered_at_source"],
  failed_on_ingest: ["failed_on_ingest"],
  filtered_at_source: ["filtered_at_source"],
  filtered_at_destination: ["filtered_at_destination"],
  failed_delivery: ["failed_delivery"],
  successful_delivery: ["successful_delivery"]
}

/** Counted at the door, for all destinations of a source together. */
export const isSourceStep = (step: Step): boolean =>
  step === "successfully_received" || step === "failed_on_ingest" || step === "filtered_at_source"

export const isDiscardStep = (step: Step): step is DiscardStep =>
  step !== "successfully_received" && step !== "successful_delivery"

export interface TableQuery {
  readonly owner: Owner
  readonly step: Step
  readonly by: Exclude<Dimension, "subscriptionId">
  readonly period: Period
  readonly filter?: FactFilter | undefined
  readonly mapping?: string | undefined
}

export interface TableRow {
  readonly value: string
  /** What a reason means; empty for other rows. */
  readonly label: string
  readonly help: string
  readonly count: number
  /** Of what was received, in percent; null: nothing was. */
  readonly share: number | null
  /** Percentage points; null: there is no earlier data. */
  readonly change: number | null
  /** Difference of the counts; null like `change`. */
  readonly countChange: number | null
}

const readStep = (sql: PgClient.PgClient, query: TableQuery, period: Period, now: number) => {
  const { by, filter, mapping, owner, step } = query
  const common = { period, grain: grainFor(period, "day", now), steps: factsOfStep[step], by: new Set([by]), filter }
  return isSourceStep(step)
    ? readFacts(sql, { ...common, owner: { destination: 0, source: owner.source } })
    : readDestinationFacts(sql, { ...common, owner, mapping })
}

/** What a share is a share of: received by the source, or by the destination, whatever of it is looked at. */
const readReceived = (sql: PgClient.PgClient, { owner }: TableQuery, period: Period, now: number) => {
  const query = { period, granularity: "day" } as const
  return owner.destination === 0
    ? Effect.map(readSourceOverview(sql, owner.source, query, now), ({ total }) => total.successfullyReceived)
    : Effect.map(readPipeline(sql, owner, query, now), ({ total }) => total.received)
}

const percent = (count: number, all: number): number | null => (all === 0 ? null : (count / all) * 100)

const sums = (facts: ReadonlyArray<Fact>, by: TableQuery["by"]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const fact of facts) counts.set(fact[by], (counts.get(fact[by]) ?? 0) + fact.count)
  return counts
}

/** Most events first; what is only in the preceding period has a row, too. */
export const readTable = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  query: TableQuery,
  now: number
): Reading<ReadonlyArray<TableRow>> {
  const { by, period, step } = query
  const before = precedingOf(period)
  const counts = sums(yield* readStep(sql, query, period, now), by)
  const earlier = sums(yield* readStep(sql, query, before, now), by)
  const received = yield* readReceived(sql, query, period, now)
  const receivedBefore = yield* readReceived(sql, query, before, now)
  const values = [...new Set([...counts.keys(), ...earlier.keys()])]
  return values
    .map((value): TableRow => {
      const count = counts.get(value) ?? 0
      const countBefore = earlier.get(value) ?? 0
      const share = percent(count, received)
      const shareBefore = percent(countBefore, receivedBefore)
      const info = by === "discardReason" && isDiscardStep(step) ? codeInfo(step, value) : undefined
      return {
        value,
        label: info?.label ?? "",
        help: info?.help ?? "",
        count,
        share,
        change: shareBefore === null ? null : (share ?? 0) - shareBefore,
        countChange: shareBefore === null ? null : count - countBefore
      }
    })
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
})

const sum = (values: ReadonlyArray<number | null>) =>
  values.reduce((all, value) => (all === null || value === null ? null : all + value), 0)

/** How a whole step has changed (AC4-53). */
export const readStepChange = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  query: Omit<TableQuery, "by">,
  now: number
): Reading<Pick<TableRow, "count" | "share" | "change" | "countChange">> {
  const rows = yield* readTable(sql, { ...query, by: isDiscardStep(query.step) ? "discardReason" : "eventType" }, now)
  const own = rows.filter(({ value }) => !isAside(value))
  return {
    count: own.reduce((all, { count }) => all + count, 0),
    share: sum(own.map(({ share }) => share)),
    change: sum(own.map(({ change }) => change)),
    countChange: sum(own.map(({ countChange }) => countChange))
  }
})
