/**
 * Mass failure (DEL-8): when a downstream - all instances of an entry, in all processes - is down for all, retries are reduced until it
 * recovers.
 *
 *     every process --requests and failures, ten seconds a row--> downstream_requests --judge--> downstream_modes --> every process
 *
 * Reduced: more than 1,000 failures a second for 60 s, or a failure rate above 50 % for 72 h. Normal again: below 500 a second for
 * 10 min, and not more than 50 % in the last hour.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import type { Outcome } from "../../catalog/runner.ts"
import { Database } from "../../platform/database.ts"
import type { Health } from "../../platform/health.ts"
import { oncePerDatabase } from "../../platform/once-per-database.ts"
import { float8s, texts, timestamptzs } from "../../platform/sql-arrays.ts"
import { supervise } from "../../platform/supervise.ts"
import { reduced, type RetryPolicy } from "./retry.ts"

const lock = 0x62_72_64_6d
export const bucketMs = 10_000
const minute = 60_000
const hour = 60 * minute
const keptMs = 2 * hour

export interface ModeThresholds {
  /** Failures a second from which on retries are reduced after a minute. */
  readonly failuresPerSecond: number
  /** Hours with more failures than successes after which retries are reduced. */
  readonly failingHours: number
}

/** Requests of ten seconds, `at` where they begin. */
export interface Bucket {
  readonly at: number
  readonly requests: number
  readonly failures: number
}

export interface Mode {
  /** ms; null: normal. */
  readonly reducedSince: number | null
  readonly cause: "failures_per_second" | "failure_rate" | null
  /** Since when more than half of an hour's requests fail; hours without requests change nothing. */
  readonly failingSince: number | null
  /** Since when each ten seconds have too many failures. */
  readonly floodedSince: number | null
}

export const normalMode: Mode = { reducedSince: null, cause: null, failingSince: null, floodedSince: null }

/** The mode after the last whole bucket. `buckets`: those of the last hour in which there were requests, whole ones. Pure. */
export const judge = (
  mode: Mode,
  buckets: ReadonlyArray<Bucket>,
  now: number,
  { failingHours, failuresPerSecond }: ModeThresholds
): Mode => {
  const limit = (failuresPerSecond * bucketMs) / 1000
  const newest = Math.floor(now / bucketMs) * bucketMs - bucketMs
  let requests = 0
  let failures = 0
  let most = 0
  let latest = 0
  for (const bucket of buckets) {
    if (bucket.at > newest || bucket.at <= newest - hour) continue
    requests += bucket.requests
    failures += bucket.failures
    if (bucket.at > newest - 10 * minute) most = Math.max(most, bucket.failures)
    if (bucket.at === newest) latest = bucket.failures
  }
  const isFailing = requests === 0 ? mode.failingSince !== null : failures * 2 > requests
  const failingSince = isFailing ? (mode.failingSince ?? now) : null
  const floodedSince = latest > limit ? (mode.floodedSince ?? newest) : null
  if (mode.reducedSince !== null) {
    const hasRecovered = most * 2 < limit && (requests === 0 || failures * 2 <= requests)
    return hasRecovered ? { ...normalMode, failingSince, floodedSince } : { ...mode, failingSince, floodedSince }
  }
  const flooded = floodedSince !== null && now - floodedSince >= minute
  const failing = failingSince !== null && now - failingSince >= failingHours * hour
  const cause = flooded ? "failures_per_second" : failing ? "failure_rate" : null
  return { reducedSince: cause === null ? null : now, cause, failingSince, floodedSince }
}

export interface RetryModes {
  readonly policyOf: (metadataId: string) => RetryPolicy
  /** One request. */
  readonly count: (metadataId: string, outcomes: ReadonlyArray<Outcome>) => void
}

interface ModeRow {
  readonly id: string
  readonly reducedSince: number | null
  readonly cause: Mode["cause"]
  readonly failingSince: number | null
  readonly floodedSince: number | null
}

/** Modes of all entries that are not, or were not, well; by metadata id (`retryMode` of the API). */
export const readModes = (sql: PgClient.PgClient): Effect.Effect<ReadonlyMap<string, Mode>, SqlError.SqlError> =>
  Effect.map(
    sql<ModeRow>`select metadata_id as id, (extract(epoch from reduced_since) * 1000)::float8 as "reducedSince", cause,
        (extract(epoch from failing_since) * 1000)::float8 as "failingSince", (extract(epoch from flooded_since) * 1000)::float8 as "floodedSince"
      from downstream_modes`,
    (rows) => new Map(rows.map(({ id, ...mode }) => [id, mode]))
  )

const date = (ms: number | null) => (ms === null ? null : new Date(ms))

/** Judges every downstream that had requests, or is not well; one process does it for all. */
export const judgeAll = Effect.fnUntraced(function* (sql: PgClient.PgClient, now: number, thresholds: ModeThresholds) {
  const rows = yield* sql<Bucket & { readonly id: string }>`
    select metadata_id as id, (extract(epoch from at) * 1000)::float8 as at, requests::float8 as requests, failures::float8 as failures
    from downstream_requests where at > ${new Date(now - hour - 2 * bucketMs)}`
  const modes = yield* readModes(sql)
  const byId = Map.groupBy(rows, ({ id }) => id)
  for (const id of new Set([...byId.keys(), ...modes.keys()])) {
    const before = modes.get(id) ?? normalMode
    const after = judge(before, byId.get(id) ?? [], now, thresholds)
    yield* sql`insert into downstream_modes (metadata_id, reduced_since, cause, failing_since, flooded_since)
      values (${id}, ${date(after.reducedSince)}, ${after.cause}, ${date(after.failingSince)}, ${date(after.floodedSince)})
      on conflict (metadata_id) do update set reduced_since = excluded.reduced_since, cause = excluded.cause,
        failing_since = excluded.failing_since, flooded_since = excluded.flooded_since`
    if ((before.reducedSince === null) !== (after.reducedSince === null))
      yield* Effect.logWarning(
        after.reducedSince === null
          ? `The downstream ${id} has recovered: retries are normal again`
          : `The downstream ${id} fails for all (${after.cause}): retries are reduced to 3 attempts`
      )
  }
  yield* sql`delete from downstream_requests where at < ${new Date(now - keptMs)}`
})

/** Counts what this process sees, and follows what all of them see. */
export const makeRetryModes = (
  policy: RetryPolicy,
  thresholds: ModeThresholds
): Effect.Effect<RetryModes, never, Database | Health | Scope.Scope> =>
  Effect.gen(function* () {
    const database = yield* Database
    const { write: sql } = database
    const less = reduced(policy)
    let counts = new Map<string, { requests: number; failures: number }>()
    let isReduced: ReadonlySet<string> = new Set()
    const round = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const counted = counts
      if (counted.size > 0) {
        counts = new Map()
        const ids = [...counted.keys()]
        const of = [...counted.values()]
        yield* sql`insert into downstream_requests as old (metadata_id, at, requests, failures)
          select * from unnest(${texts(ids)}, ${timestamptzs(ids.map(() => now - (now % bucketMs)))},
            ${float8s(of.map(({ requests }) => requests))}::float8[]::bigint[], ${float8s(of.map(({ failures }) => failures))}::float8[]::bigint[])
          on conflict (metadata_id, at) do update set requests = old.requests + excluded.requests, failures = old.failures + excluded.failures`
      }
      yield* oncePerDatabase(database, lock, judgeAll(sql, now, thresholds))
      const modes = yield* readModes(sql)
      isReduced = new Set([...modes].filter(([, mode]) => mode.reducedSince !== null).map(([id]) => id))
    })
    yield* Effect.forkScoped(supervise("downstreams", Effect.forever(Effect.andThen(round, Effect.sleep(bucketMs)))))
    return {
      policyOf: (metadataId) => (isReduced.has(metadataId) ? less : policy),
      count: (metadataId, outcomes) => {
        let count = counts.get(metadataId)
        if (count === undefined) counts.set(metadataId, (count = { requests: 0, failures: 0 }))
        count.requests++
        if (outcomes.some((outcome) => outcome.kind === "failed")) count.failures++
      }
    }
  })
