/**
 * Day partitions of `events`: `events_20782` holds the positions of day 20782. Made ahead, dropped whole.
 *
 * A partition is made beside the table and attached, a partition is detached `concurrently` and then dropped: neither
 * takes the lock that would make appends and reads wait.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Position, positionsPerDay } from "./event-log.ts"

export const millisPerDay = 86_400_000
export const dayOfTime = (ms: number): number => Math.floor(ms / millisPerDay)

/** Days for which a partition is ready before they begin. */
export const daysAhead = 3

const nameOf = (day: number) => `events_${day}`
const maintenanceLock = 0x6c6f67n

interface Partition {
  readonly day: number
  /** `detaching` and `detached`: its dropping was cut short. */
  readonly state: "attached" | "detaching" | "detached"
}

export const partitions = (sql: PgClient.PgClient): Effect.Effect<ReadonlyArray<Partition>, SqlError.SqlError> =>
  sql<{ day: number; state: Partition["state"] }>`
    select substring(c.relname from 8)::int as day,
           case when i.inhrelid is null then 'detached' when i.inhdetachpending then 'detaching' else 'attached' end as state
    from pg_class c left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = 'events'::regclass
    where c.relkind = 'r' and c.relname ~ '^events_[0-9]+$'
      and c.relnamespace = (select p.relnamespace from pg_class p where p.oid = 'events'::regclass)
    order by 1`

/** Makes the partitions of `day` and the days ahead that are missing; safe beside other processes that do the same. */
export const ensurePartitions = (sql: PgClient.PgClient, day: number): Effect.Effect<void, SqlError.SqlError> =>
  Effect.gen(function* () {
    const missing = Effect.map(partitions(sql), (found) => {
      const days = new Set(found.filter((it) => it.state === "attached").map((it) => it.day))
      return Array.from({ length: daysAhead + 1 }, (_, n) => day + n).filter((wanted) => !days.has(wanted))
    })
    if ((yield* missing).length === 0) return
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`select pg_advisory_xact_lock(${maintenanceLock})`
        for (const wanted of yield* missing) {
          const name = sql.literal(nameOf(wanted))
          const from = sql.literal(String(wanted * positionsPerDay))
          const to = sql.literal(String((wanted + 1) * positionsPerDay))
          yield* sql`create table if not exists ${name} (like events including all)`
          yield* sql`alter table events attach partition ${name} for values from (${from}) to (${to})`
        }
      })
    )
  })

/** Newest position of a day; undefined when the day has no event. */
export const lastOfDay = (
  sql: PgClient.PgClient,
  day: number
): Effect.Effect<Position | undefined, SqlError.SqlError> =>
  sql<{ pos: number | null }>`
    select max(e.pos)::float8 as pos from events e
    where e.pos >= ${day * positionsPerDay}::float8::int8 and e.pos < ${(day + 1) * positionsPerDay}::float8::int8`.pipe(
    Effect.map(([row]) => row?.pos ?? undefined)
  )

export const dropPartition = (
  sql: PgClient.PgClient,
  { day, state }: Partition
): Effect.Effect<void, SqlError.SqlError> => {
  const name = sql.literal(nameOf(day))
  return Effect.gen(function* () {
    if (state === "attached") yield* sql`alter table events detach partition ${name} concurrently`
    if (state === "detaching") yield* sql`alter table events detach partition ${name} finalize`
    yield* sql`drop table ${name}`
  })
}
