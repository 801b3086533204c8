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

const read = (sql: PgClient.PgClient, query: OverviewQuery, now: number) => {
  const { filter, granularity, groupBy, mapping, owner, period, step } = query
  const common = {
    period,
    grain: grainFor(period, granularity, now),
    series: granularity,
    steps: factsOfStep[step],
    filter
  }
  const by = new Set(groupBy)
  return isSourceStep(step)
    ? Effect.map(
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
    : // Events are filtered before they have jobs.
      readDestinationFacts(sql, {
        ...common,
        owner,
        by: step === "filtered_at_destination" ? new Set(groupBy.filter((each) => each !== "subscriptionId")) : by,
        mapping
      })
}

const valueOf = (fact: Fact, dimension: Dimension): string => fact[dimension]

/** Refuses periods that are too long, or too long ago. */
export const readOverview = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  query: OverviewQuery,
  now: number
): Effect.fn.Return<OverviewAnswer, ChangeRefused | SqlError.SqlError> {
  const { granularity, groupBy, limit, offset, period } = query
  yield* checkPeriod(period, granularity, overviewLongest, now)
  const facts = yield* read(sql, query, now)
  const groups = [...Map.groupBy(facts, (fact) => JSON.stringify(groupBy.map((each) => valueOf(fact, each))))]
    .map(([key, own]) => ({
      key,
      own,
      total: own.reduce((sum, { count }) => sum + count, 0),
      retries: own.reduce((sum, { retries }) => sum + retries, 0)
    }))
    .sort((a, b) => b.total - a.total || (a.key < b.key ? -1 : 1))
  const buckets = bucketsOf(period, granularity)
  return {
    total: facts.filter(({ discardReason }) => !isAside(discardReason)).reduce((sum, { count }) => sum + count, 0),
    groups: groups.length,
    dataset: groups.slice(offset, offset + limit).map(({ own, total, retries }): OverviewGroup => {
      const points = new Map<number, OverviewPoint>()
      for (const { at, count, retries } of own) {
        const point = points.get(at)
        points.set(at, {
          time: at,
          count: count + (point?.count ?? 0),
          retryCount: retries + (point?.retryCount ?? 0)
        })
      }
      return {
        ...Object.fromEntries(groupBy.map((each) => [each, valueOf(own[0]!, each)])),
        total,
        totalRetryCount: retries,
        series: buckets.map((time) => points.get(time) ?? { time, count: 0, retryCount: 0 })
      }
    })
  }
})
