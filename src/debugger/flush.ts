/**
 * Writes what the door saw, twice a second: all processes into the same tables, one after the other, so that the numbers of the
 * rows are in the order of commits. What cannot be written is lost: this is a tool for looking, not a record (ING-120).
 */
import { Clock, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { int2s, int4s, texts, timestamptzs } from "../platform/sql-arrays.ts"
import { supervise } from "../platform/supervise.ts"
import { entryOf } from "./entry.ts"
import { LiveRecorder, type Recorder } from "./recorder.ts"
import { statuses } from "./seen.ts"

/** ING-123. */
export const keptEntries = 500
const keptDays = 7
const flushEvery = "500 millis"
const lock = 0x62_72_61_64
const sweepEveryMs = 60_000

const trimText = `
delete from live_events l using unnest($1::int4[]) u (source)
where l.source = u.source and l.n < (
  select min(x.n) from (select k.n from live_events k where k.source = u.source order by k.n desc limit ${keptEntries}) x)`

const countsText = (table: string, column: string, unit: string): string => `
insert into ${table} as old (${column}, source, accepted, discarded, duplicates)
select date_trunc('${unit}', u.at), u.source, sum(u.a)::int4, sum(u.d)::int4, sum(u.r)::int4
from unnest($1::timestamptz[], $2::int4[], $3::int4[], $4::int4[], $5::int4[]) u (at, source, a, d, r) group by 1, 2
on conflict (${column}, source) do update set accepted = old.accepted + excluded.accepted,
  discarded = old.discarded + excluded.discarded, duplicates = old.duplicates + excluded.duplicates`

/** One round; nothing to write costs nothing. */
export const flush = Effect.fnUntraced(function* (
  { write: sql }: Database["Service"],
  recorder: Recorder
): Effect.fn.Return<void, SqlError.SqlError> {
  const taken = recorder.take()
  if (taken === undefined) return
  const { seen, counts } = taken
  const entries = seen.map(entryOf)
  const columns = [
    timestamptzs(counts.map(({ second }) => second)),
    int4s(counts.map(({ source }) => source)),
    int4s(counts.map(({ accepted }) => accepted)),
    int4s(counts.map(({ discarded }) => discarded)),
    int4s(counts.map(({ duplicates }) => duplicates))
  ]
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`select pg_advisory_xact_lock(${lock}::int4)`
      if (entries.length > 0) {
        yield* sql.unsafe(
          `insert into live_events (source, at, status, code, message_id, type, event, identifier, one_in, body)
           select * from unnest($1::int4[], $2::timestamptz[], $3::int2[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int4[], $10::text[])`,
          [
            int4s(seen.map(({ source }) => source)),
            timestamptzs(seen.map(({ at }) => at)),
            int2s(seen.map(({ status }) => statuses.indexOf(status))),
            texts(seen.map(({ code }) => code)),
            texts(entries.map(({ messageId }) => messageId)),
            texts(entries.map(({ type }) => type)),
            texts(entries.map(({ event }) => event)),
            texts(entries.map(({ identifier }) => identifier)),
            int4s(seen.map(({ oneIn }) => oneIn)),
            texts(entries.map(({ body }) => body))
          ]
        )
        yield* sql.unsafe(trimText, [int4s([...new Set(seen.map(({ source }) => source))])])
      }
      yield* sql.unsafe(countsText("source_seconds", "second", "second"), columns)
      yield* sql.unsafe(countsText("source_minutes", "minute", "minute"), columns)
    })
  )
})

const sweep = ({ write: sql }: Database["Service"], now: number) =>
  Effect.gen(function* () {
    yield* sql`delete from source_seconds where second < ${new Date(now - 120_000)}`
    yield* sql`delete from source_minutes where minute < ${new Date(now - 14 * 86_400_000)}`
    yield* sql`delete from live_events where at < ${new Date(now - keptDays * 86_400_000)}`
  })

/** Keeps writing for as long as the process runs; the last round is at its end. */
export const recorderFlush = Layer.effectDiscard(
  Effect.gen(function* () {
    const database = yield* Database
    const recorder = yield* LiveRecorder
    let sweptAt = 0
    const round = Effect.gen(function* () {
      yield* flush(database, recorder)
      const now = yield* Clock.currentTimeMillis
      if (now - sweptAt < sweepEveryMs) return
      sweptAt = now
      yield* sweep(database, now)
    })
    yield* Effect.addFinalizer(() => Effect.ignore(flush(database, recorder)))
    yield* Effect.forkScoped(supervise("debugger", Effect.asVoid(Effect.repeat(round, Schedule.spaced(flushEvery)))))
  })
)
