/** The six lists of the Delivery Overview in the Public API (DEL-37, ADM-25): one step, grouped as asked, each group with its series. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { ChangeRefused } from "../workspace/refused.ts"
import { isAside } from "./codes.ts"
import { readDestinationFacts } from "./destination-facts.ts"
import { type Dimension, type Fact, type FactFilter, type Owner, readFacts } from "./facts.ts"
import { bucketsOf, checkPeriod, type Grain, grainFor, overviewLongest, type Period } from "./grains.ts"
import type { Step } from "./steps.ts"
import { factsOfStep, isSourceStep } from "./tables.ts"

export interface OverviewQuery {
  readonly step: Step
  /** `destination` 0 for the steps of a source. */
  readonly owner: Owner
  readonly period: Period
  readonly granularity: Grain
  readonly groupBy: ReadonlyArray<Dimension>
  /** `attempts`: of successful deliveries (`successes.attempt.1` to `.10`). */
  readonly filter?: FactFilter | undefined
  readonly mapping?: string | undefined
  /** Of the groups, those with most events first. */
  readonly offset: number
  readonly limit: number
}

export interface OverviewPoint {
  /** ms */
  readonly time: number
  readonly count: number
  readonly retryCount: number
}

export type OverviewGroup = { readonly [K in Dimension]?: string } & {
  readonly total: number
  readonly totalRetryCount: number
  readonly series: ReadonlyArray<OverviewPoint>
}

export interface OverviewAnswer {
  readonly total: number
  /** One page. */
  readonly dataset: ReadonlyArray<OverviewGroup>
  /** Of all pages. */
  readonly groups: number
}

/** Facts of the step, told apart by what is asked; with `series` also by bucket. */
const read = (sql: PgClient.PgClient, query: OverviewQuery, now: number, series: Grain | undefined) => {
  const { filter, granularity, groupBy, mapping, owner, period, step } = query
  const common = { period, grain: grainFor(period, granularity, now), series, steps: factsOfStep[step], filter }
  const by = new Set(groupBy)
  if (isSourceStep(step))
    return Effect.map(
      readFacts(sql, {
        ...common,
        owner: { destination: 0, source: owner.source },
        by: new Set([...by, "discardReason"] as const)
      }),
      (facts) =>
        by.has("discardReason") || filter?.discardReason !== undefined
          ? facts
          : facts.filter(({ discardReason }) => !isAside(discardReason))
    )
  // Events are filtered before they have jobs.
  if (step === "filtered_at_destination") by.delete("subscriptionId")
  return readDestinationFacts(sql, { ...common, owner, by, mapping })
}

const valueOf = (fact: Fact, dimension: Dimension): string => fact[dimension]
const total = (facts: ReadonlyArray<Fact>): number => facts.reduce((sum, { count }) => sum + count, 0)

const pointsOf = (facts: ReadonlyArray<Fact>): ReadonlyMap<number, OverviewPoint> => {
  const points = new Map<number, OverviewPoint>()
  for (const { at, count, retries } of facts) {
    const point = points.get(at)
    points.set(at, { time: at, count: count + (point?.count ?? 0), retryCount: retries + (point?.retryCount ?? 0) })
  }
  return points
}

/**
 * Refuses periods that are too long, or too long ago. Buckets are read for the groups of the page only: thousands of names in hundreds
 * of hours would be too many.
 */
export const readOverview = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  query: OverviewQuery,
  now: number
): Effect.fn.Return<OverviewAnswer, ChangeRefused | SqlError.SqlError> {
  const { filter, granularity, groupBy, limit, offset, period } = query
  yield* checkPeriod(period, granularity, overviewLongest, now)
  const keyOf = (fact: Fact) => JSON.stringify(groupBy.map((each) => valueOf(fact, each)))
  const all = yield* read(sql, query, now, undefined)
  const groups = [...Map.groupBy(all, keyOf)]
    .map(([key, facts]) => ({ key, facts, total: total(facts) }))
    .sort((a, b) => b.total - a.total || (a.key < b.key ? -1 : 1))
  const page = groups.slice(offset, offset + limit)
  const only = (dimension: Exclude<Dimension, "subscriptionId">) =>
    groupBy.includes(dimension)
      ? { [dimension]: [...new Set(page.flatMap(({ facts }) => facts.map((fact) => valueOf(fact, dimension))))] }
      : undefined
  const labels = { ...filter, ...only("eventType"), ...only("eventName"), ...only("appVersion") }
  const buckets = bucketsOf(period, granularity)
  const inBuckets = Map.groupBy(
    page.length === 0 ? [] : yield* read(sql, { ...query, filter: labels }, now, granularity),
    keyOf
  )
  return {
    total: total(all.filter(({ discardReason }) => !isAside(discardReason))),
    groups: groups.length,
    dataset: page.map(({ facts, key, total }): OverviewGroup => {
      const points = pointsOf(inBuckets.get(key) ?? [])
      return {
        ...Object.fromEntries(groupBy.map((each) => [each, valueOf(facts[0]!, each)])),
        total,
        totalRetryCount: facts.reduce((sum, { retries }) => sum + retries, 0),
        series: buckets.map((time) => points.get(time) ?? { time, count: 0, retryCount: 0 })
      }
    })
  }
})
