/**
 * Deletions that are passed on to destinations (PRV-8, PRV-9): each destination that can delete is asked for each subject, the others
 * are `NOT_SUPPORTED`. Asked are the destinations that there are once our own stores are done; what fails for now is asked again,
 * after 10 s, 1, 5 and 15 minutes, and has failed then. Asking twice, after a kill, is harmless.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { DestinationRunner, type Outcome } from "../catalog/runner.ts"
import { type Destination, Destinations } from "../destinations/destination.ts"
import { Database } from "../platform/database.ts"
import { oncePerDatabase } from "../platform/once-per-database.ts"
import { int4s, texts } from "../platform/sql-arrays.ts"
import { supervise } from "../platform/supervise.ts"

const lock = 0x62_72_64_66
const delaysMs = [10_000, 60_000, 300_000, 900_000]
const subjectsAtOnce = 20
const requestsAtOnce = 5
const destinationsAtOnce = 8

type Sql = PgClient.PgClient

/** How far one destination is; `source`: id of its source. */
export interface ForwardedDeletion {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly status: "RUNNING" | "FINISHED" | "FAILED" | "NOT_SUPPORTED"
  readonly error: string
  /** ms */
  readonly finishedAt: number | null
}

export const readForwarded = (
  sql: Sql,
  regulation: number
): Effect.Effect<ReadonlyArray<ForwardedDeletion>, SqlError.SqlError> =>
  sql<ForwardedDeletion>`select id, name, source, status, error, (extract(epoch from finished_at) * 1000)::float8 as "finishedAt"
    from regulation_destinations where regulation = ${regulation}::float8::bigint order by destination`

const supports = ({ connectionMode, enabled, entry }: Destination): boolean =>
  enabled && connectionMode === "cloud" && entry.deletesUsers

/** Notes whom to ask, once. `source`: id of the only source that the regulation is about. */
export const registerTargets = Effect.fnUntraced(function* (
  sql: Sql,
  regulation: number,
  source: string | null,
  destinations: ReadonlyArray<Destination>
) {
  const now = new Date(yield* Clock.currentTimeMillis)
  const asked = destinations.filter(({ sourceId }) => source === null || sourceId === source)
  const register = Effect.gen(function* () {
    const first = yield* sql`update regulations set forwarded = true
      where n = ${regulation}::float8::bigint and not forwarded returning n`
    if (first.length === 0) return
    yield* sql`insert into regulation_destinations (regulation, destination, id, name, source, status, error, finished_at, next_at)
      select ${regulation}::float8::bigint, u.no, u.id, u.name, u.source, u.status, u.error, case when u.status = 'RUNNING' then null else ${now} end, ${now}
      from unnest(${int4s(asked.map(({ no }) => no))}, ${texts(asked.map(({ id }) => id))}, ${texts(asked.map(({ name }) => name))},
        ${texts(asked.map(({ sourceId }) => sourceId))}, ${texts(asked.map((one) => (supports(one) ? "RUNNING" : "NOT_SUPPORTED")))},
        ${texts(asked.map(({ enabled, entry }) => (entry.deletesUsers && !enabled ? "The destination is disabled." : "")))})
        u (no, id, name, source, status, error)`
  })
  yield* sql.withTransaction(register)
})

interface Row {
  readonly regulation: number
  readonly destination: number
  readonly id: string
  readonly done: number
  readonly attempts: number
}

interface Change {
  readonly status?: ForwardedDeletion["status"]
  readonly error?: string
  readonly done?: number
  readonly attempts?: number
  readonly inMs?: number
}

/** One step of everything that is due. */
export const makeForwarder = Effect.gen(function* () {
  const database = yield* Database
  const { write: sql } = database
  const destinations = yield* Destinations
  const runner = yield* DestinationRunner

  const change = Effect.fnUntraced(function* ({ attempts, destination, done, regulation }: Row, to: Change) {
    const now = yield* Clock.currentTimeMillis
    const status = to.status ?? "RUNNING"
    yield* sql`update regulation_destinations set status = ${status}, error = ${(to.error ?? "").replaceAll("\0", "")}, done = ${to.done ?? done},
        attempts = ${to.attempts ?? attempts}, next_at = ${new Date(now + (to.inMs ?? 0))},
        finished_at = ${status === "RUNNING" ? null : new Date(now)}
      where regulation = ${regulation}::float8::bigint and destination = ${destination}`
  })

  const ask = (destination: Destination, userId: string): Effect.Effect<Outcome> =>
    runner
      .deleteUser(
        {
          metadataId: destination.entry.id,
          settings: destination.settings,
          tokens: destination.tokens,
          instance: destination.id,
          onRefresh: (tokens) => Effect.ignore(destinations.storeTokens(destination.id, tokens))
        },
        { userId }
      )
      .pipe(
        Effect.catch(({ message }) =>
          Effect.succeed<Outcome>({ kind: "failed", code: "INTERNAL", message, retry: true })
        )
      )

  const step = Effect.fnUntraced(function* (row: Row) {
    const destination = destinations.current().byId.get(row.id)
    if (destination === undefined || !supports(destination))
      return yield* change(row, {
        status: "NOT_SUPPORTED",
        error: "The destination was disabled or deleted meanwhile."
      })
    const subjects = yield* sql<{ userId: string }>`select user_id as "userId" from regulation_subjects
      where regulation = ${row.regulation}::float8::bigint and user_id is not null and n >= ${row.done} order by n limit ${subjectsAtOnce}`
    if (subjects.length === 0) return yield* change(row, { status: "FINISHED" })
    const outcomes = yield* Effect.forEach(subjects, ({ userId }) => ask(destination, userId), {
      concurrency: requestsAtOnce
    })
    const at = outcomes.findIndex(({ kind }) => kind === "failed")
    const outcome = outcomes[at]
    const done = row.done + (at === -1 ? subjects.length : at)
    if (outcome?.kind !== "failed") return yield* change(row, { done, attempts: 0 })
    const error = `${outcome.code}: ${outcome.message}`
    const inMs = delaysMs[row.attempts]
    if (!outcome.retry || inMs === undefined) return yield* change(row, { status: "FAILED", error, done })
    yield* change(row, { error, done, attempts: row.attempts + 1, inMs })
  })

  const round = Effect.gen(function* () {
    const now = new Date(yield* Clock.currentTimeMillis)
    const rows =
      yield* sql<Row>`select regulation::float8 as regulation, destination, id, done, attempts from regulation_destinations
      where status = 'RUNNING' and next_at <= ${now} order by next_at limit 100`
    yield* Effect.forEach(rows, step, { concurrency: destinationsAtOnce, discard: true })
    return rows.length
  })
  return oncePerDatabase(database, lock, round)
})

/** Asks destinations, in one process of all, beside everything else that a deletion does. */
export const forwardedDeletionsLive = Layer.effectDiscard(
  Effect.gen(function* () {
    const round = yield* makeForwarder
    const often = Effect.asVoid(Effect.repeat(round, Schedule.spaced("1 second")))
    yield* Effect.forkScoped(supervise("forwarded deletions", often))
  })
)
