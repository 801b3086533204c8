/**
 * What instances keep in PostgreSQL: where each is in the log (`cursors`, reader `destination:<no>`) and its waiting jobs.
 *
 * Many instances commit in one transaction. Each compares its cursor, epoch and count of commits first; who is not where it
 * believes to be, because another process has taken it over, writes nothing, and the others go on.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { writeSamples } from "../../delivery/samples.ts"
import { Tally, writeTally } from "../../delivery/tally.ts"
import type { Position } from "../../log/event-log.ts"
import type { Database } from "../../platform/database.ts"
import { float8s, int2s, int4s, texts, timestamptzs } from "../../platform/sql-arrays.ts"
import { leftText, makeDiscardAll, noteDiscarded, readerOf } from "./discard.ts"
import type { Ended, JobRow, Part, StoredJob } from "./job.ts"
import type { Standing } from "./ledger.ts"
import { tellRefreshFailed } from "./refresh-failed.ts"

export interface Opened {
  readonly standing: Standing
  readonly waiting: number
}

/** What became of the parts of one commit. */
export interface Committed {
  /** Destinations whose part was not written: another process has them. */
  readonly fenced: ReadonlySet<number>
  /** By destination: keys that have no row any more. */
  readonly drained: ReadonlyMap<number, ReadonlySet<string>>
}

const casText = `
update cursors c set pos = u.upto::bigint, seq = u.seq::bigint + 1
from unnest($1::int4[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[]) u (destination, reader, since, upto, epoch, seq)
where c.reader = u.reader and c.pos = u.since::bigint and c.epoch = u.epoch::bigint and c.seq = u.seq::bigint
returning u.destination`

const insertText = `
insert into delivery_jobs (destination, position, mapping, key, source, payload, attempts, first_at, next_at, received_at, event_type, event_name,
  app_version, user_id, anonymous_id, several, failed, last_code, log_position)
select u.destination, u.position::bigint, u.mapping, u.key, u.source, u.payload, u.attempts, u.first_at, u.next_at, u.received_at, u.event_type,
  u.event_name, u.app_version, u.user_id, u.anonymous_id, u.several = 1, u.failed = 1, u.last_code, u.log_position::bigint
from unnest($1::int4[], $2::float8[], $3::text[], $4::text[], $5::int4[], $6::text[], $7::int2[], $8::timestamptz[], $9::timestamptz[],
  $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::int2[], $17::int2[], $18::text[], $19::float8[])
  u (destination, position, mapping, key, source, payload, attempts, first_at, next_at, received_at, event_type, event_name, app_version,
     user_id, anonymous_id, several, failed, last_code, log_position)
on conflict do nothing`

const updateText = `
update delivery_jobs j set attempts = u.attempts, first_at = u.first_at, next_at = u.next_at, last_code = u.last_code
from unnest($1::int4[], $2::float8[], $3::text[], $4::int2[], $5::timestamptz[], $6::timestamptz[], $7::text[])
  u (destination, position, mapping, attempts, first_at, next_at, last_code)
where j.destination = u.destination and j.position = u.position::bigint and j.mapping = u.mapping`

const endText = `
delete from delivery_jobs j using unnest($1::int4[], $2::float8[], $3::text[]) u (destination, position, mapping)
where j.destination = u.destination and j.position = u.position::bigint and j.mapping = u.mapping
returning j.destination, j.position::float8 as position, j.failed`

const failText = `
update delivery_jobs j set failed = true from unnest($1::int4[], $2::float8[]) u (destination, position)
where j.destination = u.destination and j.position = u.position::bigint and not j.failed`

/** The first row of each key is the one that is tried; answers keys without rows. */
const headsText = `
with heads as (
  select u.destination as d, u.key as k, h.position, h.mapping, h.next_at
  from unnest($1::int4[], $2::text[]) u (destination, key) left join lateral (
    select j.position, j.mapping, j.next_at from delivery_jobs j where j.destination = u.destination and j.key = u.key
    order by j.position limit 1) h on true),
 promoted as (
  update delivery_jobs j set next_at = $3 from heads h
  where h.next_at is null and j.destination = h.d and j.position = h.position and j.mapping = h.mapping)
select d, k from heads where position is null`

const dueText = `
select j.position::float8 as position, j.mapping, j.key, j.source, j.payload, j.attempts::int as attempts,
  (extract(epoch from j.first_at) * 1000)::float8 as "firstAt", (extract(epoch from j.received_at) * 1000)::float8 as "receivedAt",
  j.event_type as type, j.event_name as name, j.app_version as "appVersion", j.user_id as "userId", j.anonymous_id as "anonymousId", j.several
from (select key from delivery_jobs where destination = $1 and next_at <= $2 and key <> all($3::text[])
      group by key order by min(next_at) limit $4) h
cross join lateral (select * from delivery_jobs j where j.destination = $1 and j.key = h.key order by j.position limit $5) j
order by j.position`

/** Or as many as go into one batch. */
const keysAtOnce = 100
/** Of one key; more of them follow when these have ended. */
const rowsOfKey = 8

const flag = (value: boolean): number => (value ? 1 : 0)
const idOf = (destination: number, position: Position): string => `${destination} ${position}`

/** Where parts keep their cursors and what they count: of live delivery here, of replays in `replay/books.ts`. */
export interface Books {
  /** Moves the cursors that are where their parts believe them to be, and answers whose; part of the caller's transaction. */
  readonly move: (
    parts: ReadonlyArray<Part>
  ) => Effect.Effect<ReadonlyArray<{ readonly destination: number }>, SqlError.SqlError>
  /** What the parts have counted, jobs and events; part of the same transaction. */
  readonly count: (parts: ReadonlyArray<Part>, tally: Tally) => Effect.Effect<void, SqlError.SqlError>
}

const liveBooks = (sql: PgClient.PgClient): Books => ({
  move: (parts) =>
    sql.unsafe<{ destination: number }>(casText, [
      int4s(parts.map(({ destination }) => destination)),
      texts(parts.map(({ destination }) => readerOf(destination))),
      float8s(parts.map(({ from }) => from)),
      float8s(parts.map(({ to }) => to)),
      float8s(parts.map(({ epoch }) => epoch)),
      float8s(parts.map(({ seq }) => seq))
    ]),
  count: Effect.fnUntraced(function* (parts, tally) {
    yield* writeTally(sql, tally)
    yield* writeSamples(
      sql,
      parts.flatMap(({ samples }) => samples)
    )
    yield* noteDiscarded(
      sql,
      parts.flatMap(({ destination, discarded }) => discarded.map((position) => ({ destination, position })))
    )
  })
})

export const makeDeliveryStore = (
  { write: sql }: Pick<Database["Service"], "write">,
  books: Books = liveBooks(sql)
) => {
  /** Takes the instances over, or anew: whoever had them writes nothing more. Those that are new begin at `head`. */
  const open = Effect.fnUntraced(function* (
    destinations: ReadonlyArray<number>,
    head: Position
  ): Effect.fn.Return<ReadonlyMap<number, Opened>, SqlError.SqlError> {
    const readers = texts(destinations.map(readerOf))
    yield* sql`insert into cursors (reader, pos) select u.reader, ${head}::float8::bigint from unnest(${readers}) u (reader)
      on conflict do nothing`
    const rows = yield* sql<{ reader: string; position: number; epoch: number; seq: number }>`
      update cursors set epoch = epoch + 1 where reader = any(${readers})
      returning reader, pos::float8 as position, epoch::float8 as epoch, seq::float8 as seq`
    const counts = yield* sql<{ destination: number; waiting: number }>`
      select destination, count(*)::int as waiting from delivery_jobs where destination = any(${int4s(destinations)}) group by 1`
    const waiting = new Map(counts.map((row) => [row.destination, row.waiting]))
    const standings = new Map(rows.map(({ reader, ...standing }) => [reader, standing]))
    return new Map(
      destinations.map((no) => [no, { standing: standings.get(readerOf(no))!, waiting: waiting.get(no) ?? 0 }])
    )
  })

  const storedKeys = (destination: number) =>
    Effect.map(
      sql<{ key: string }>`select distinct key from delivery_jobs where destination = ${destination}`,
      (rows) => rows.map(({ key }) => key)
    )

  /** Rows that are due, with those behind them, and when others are. */
  const due = Effect.fnUntraced(function* (
    destination: number,
    now: number,
    claimed: ReadonlySet<string>,
    largestBatch = 0
  ) {
    const limit = Math.max(keysAtOnce, largestBatch)
    const without = [...claimed]
    const rows = yield* sql.unsafe<StoredJob>(dueText, [
      destination,
      new Date(now),
      texts(without),
      limit,
      limit > keysAtOnce ? 1 : rowsOfKey
    ])
    const keys = new Set(rows.map(({ key }) => key))
    if (keys.size >= limit) return { rows, nextAt: now }
    const [next] = yield* sql<{ at: number | null }>`
      select (extract(epoch from min(next_at)) * 1000)::float8 as at from delivery_jobs
      where destination = ${destination} and next_at is not null and key <> all(${texts([...without, ...keys])})`
    return { rows, nextAt: next?.at ?? undefined }
  })

  /** Counts events of several jobs whose last one has ended (DEL-33). */
  const countLast = Effect.fnUntraced(function* (
    ends: ReadonlyArray<Ended & { readonly destination: number }>,
    tally: Tally
  ) {
    const ended = yield* sql.unsafe<{ destination: number; position: number; failed: boolean }>(endText, [
      int4s(ends.map(({ destination }) => destination)),
      float8s(ends.map(({ job }) => job.event.position)),
      texts(ends.map(({ job }) => job.mapping))
    ])
    const several: typeof ends = ends.filter(({ job }) => job.several)
    for (const { job, last } of ends) if (!job.several && last !== undefined) tally.add(last)
    if (several.length === 0) return
    const failedBefore = new Set(
      ended.filter(({ failed }) => failed).map(({ destination, position }) => idOf(destination, position))
    )
    const failures = several.filter(({ last }) => last!.step !== "successful_delivery")
    const places = (of: typeof ends) =>
      [int4s(of.map(({ destination }) => destination)), float8s(of.map(({ job }) => job.event.position))] as const
    if (failures.length > 0) yield* sql.unsafe(failText, places(failures))
    const left = yield* sql.unsafe<{ destination: number; position: number }>(leftText, places(several))
    const counted = new Set(left.map(({ destination, position }) => idOf(destination, position)))
    // Failures first: an event of which two jobs ended in one commit counts once, as failed when one of them did.
    for (const { destination, job, last } of [...failures, ...several]) {
      const id = idOf(destination, job.event.position)
      if (counted.has(id)) continue
      counted.add(id)
      const failed = last!.step === "successful_delivery" && failedBefore.has(id)
      tally.add(failed ? { ...last!, step: "failed_delivery", code: "" } : last!)
    }
  })

  const insert = (rows: ReadonlyArray<JobRow & { readonly destination: number }>) => {
    const events = rows.map(({ job }) => job.event)
    return sql.unsafe(insertText, [
      int4s(rows.map(({ destination }) => destination)),
      float8s(events.map(({ position }) => position)),
      texts(rows.map(({ job }) => job.mapping)),
      texts(rows.map(({ job }) => job.key)),
      int4s(events.map(({ source }) => source)),
      texts(rows.map(({ job }) => job.text)),
      int2s(rows.map(({ job }) => job.attempts)),
      timestamptzs(rows.map(({ job }) => job.firstAt ?? null)),
      timestamptzs(rows.map(({ nextAt }) => nextAt)),
      timestamptzs(events.map(({ receivedAt }) => receivedAt)),
      texts(events.map(({ type }) => type)),
      texts(events.map(({ name }) => name)),
      texts(events.map(({ appVersion }) => appVersion)),
      texts(events.map(({ userId }) => userId)),
      texts(events.map(({ anonymousId }) => anonymousId)),
      int2s(rows.map(({ job }) => flag(job.several))),
      int2s(rows.map(({ job }) => flag(job.slot?.failed === true))),
      texts(rows.map(({ code }) => code)),
      float8s(events.map(({ place }) => place?.position ?? null))
    ])
  }

  const update = (rows: ReadonlyArray<JobRow & { readonly destination: number }>) =>
    sql.unsafe(updateText, [
      int4s(rows.map(({ destination }) => destination)),
      float8s(rows.map(({ job }) => job.event.position)),
      texts(rows.map(({ job }) => job.mapping)),
      int2s(rows.map(({ job }) => job.attempts)),
      timestamptzs(rows.map(({ job }) => job.firstAt ?? null)),
      timestamptzs(rows.map(({ nextAt }) => nextAt)),
      texts(rows.map(({ code }) => code))
    ])

  /** Writes the parts in one transaction. */
  const commit = (parts: ReadonlyArray<Part>, now: number): Effect.Effect<Committed, SqlError.SqlError> =>
    sql.withTransaction(
      Effect.gen(function* () {
        const moved = yield* books.move(parts)
        const own = new Set(moved.map(({ destination }) => destination))
        const written = parts.filter(({ destination }) => own.has(destination))
        const fenced = new Set(parts.map(({ destination }) => destination).filter((no) => !own.has(no)))
        const rowsOf = <A extends object>(of: (part: Part) => ReadonlyArray<A>) =>
          written.flatMap((part) => of(part).map((row) => ({ ...row, destination: part.destination })))
        const tally = new Tally()
        for (const { counted } of written) for (const one of counted) tally.add(one)
        const updates = rowsOf((part) => part.updates)
        const ends = rowsOf((part) => part.ends)
        const inserts = rowsOf((part) => part.inserts)
        if (updates.length > 0) yield* update(updates)
        if (inserts.length > 0) yield* insert(inserts)
        if (ends.length > 0) yield* countLast(ends, tally)
        const keys = written.flatMap(({ destination, keys }) => [...keys].map((key) => ({ destination, key })))
        const drained = new Map<number, Set<string>>()
        if (keys.length > 0) {
          const empty = yield* sql.unsafe<{ d: number; k: string }>(headsText, [
            int4s(keys.map(({ destination }) => destination)),
            texts(keys.map(({ key }) => key)),
            new Date(now)
          ])
          for (const { d, k } of empty) {
            const set = drained.get(d)
            if (set === undefined) drained.set(d, new Set([k]))
            else set.add(k)
          }
        }
        yield* books.count(written, tally)
        return { fenced, drained }
      })
    )

  /** The destination is gone: the log need not wait for it. */
  const forget = (no: number, epoch: number) =>
    Effect.asVoid(sql`delete from cursors where reader = ${readerOf(no)} and epoch = ${epoch}::float8::bigint`)

  /** Numbers of all destinations that have a cursor. */
  const known = Effect.map(
    sql<{ no: number }>`select substring(reader from 13)::int as no from cursors where reader like 'destination:%'`,
    (rows) => rows.map(({ no }) => no)
  )

  return {
    open,
    storedKeys,
    due,
    commit,
    discardAll: makeDiscardAll(sql),
    forget,
    tellRefreshFailed: (to: Parameters<typeof tellRefreshFailed>[1], reason: string) =>
      tellRefreshFailed(sql, to, reason),
    known
  }
}

export type DeliveryStore = ReturnType<typeof makeDeliveryStore>
