/** The statements of the log (measured: one statement per commit, no explicit transaction). Positions travel as float8. */
import { type PgClient, PgTypes } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { byteas, int4s, uuids } from "../platform/sql-arrays.ts"
import type { Batch } from "./batch.ts"
import { type Position, positionsPerDay } from "./event-log.ts"

/** One earlier commit: the position it reached and the hashes of its events, four words each. */
export interface Commit {
  readonly position: Position
  readonly hashes: Uint8Array
}

/** Copies to an aligned array: what the driver returns may begin at any byte. */
export const wordsOf = (hashes: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(hashes).buffer)

const commitsPerRead = 2000

/**
 * Stores a batch, if the head of the log is still where this process believes it to be. Returns the new head, or
 * undefined when another commit was first. The row lock on `log_head` comes before everything else, so appenders
 * cannot deadlock, and commit order is position order.
 */
export const append = (
  sql: PgClient.PgClient,
  batch: Batch,
  head: Position,
  day: number,
  released: Position
): Effect.Effect<Position | undefined, SqlError.SqlError> =>
  sql<{ pos: number }>`
    with head as (update log_head set pos = greatest(pos, ${PgTypes.float8(day * positionsPerDay)}::int8) + ${PgTypes.int4(batch.count)},
                         released = greatest(released, ${PgTypes.float8(released)}::int8)
                  where log = 1 and pos = ${PgTypes.float8(head)}::int8 returning pos),
         seen as (insert into log_seen select pos, ${PgTypes.bytea(batch.packed)} from head),
         ins as (insert into events
                 select head.pos - ${PgTypes.int4(batch.count)} + u.o, ${PgTypes.timestamptz(batch.receivedAt)}, u.s, u.h, u.b
                 from head, unnest(${int4s(batch.sources)}, ${byteas(batch.bodies)}, ${uuids(batch.hashes)})
                      with ordinality u(s, b, h, o))
    select pos::float8 as pos from head`.pipe(Effect.map((rows) => rows[0]?.pos))

/** Up to `commitsPerRead` commits after a position, and whether these are all; `head` is from the same snapshot. */
export const commitsAfter = (
  sql: PgClient.PgClient,
  after: Position
): Effect.Effect<
  { readonly head: Position; readonly commits: ReadonlyArray<Commit>; readonly complete: boolean },
  SqlError.SqlError
> =>
  sql<{ head: number; pos: number | null; hashes: Uint8Array | null }>`
    select h.pos::float8 as head, s.last_pos::float8 as pos, s.hashes
    from log_head h left join lateral (
      select s.last_pos, s.hashes from log_seen s where s.last_pos > ${PgTypes.float8(after)}::int8
      order by s.last_pos limit ${PgTypes.int4(commitsPerRead)}) s on true
    where h.log = 1 order by s.last_pos`.pipe(
    Effect.map((rows) => ({
      head: rows[0]?.head ?? 0,
      commits: rows.flatMap((row) =>
        row.pos === null || row.hashes === null ? [] : [{ position: row.pos, hashes: row.hashes }]
      ),
      complete: rows.length < commitsPerRead
    }))
  )

export const forgetSeenBefore = (sql: PgClient.PgClient, day: number): Effect.Effect<unknown, SqlError.SqlError> =>
  sql`delete from log_seen where last_pos < ${PgTypes.float8(day * positionsPerDay)}::int8`

/** Remembers how far the message meter let readers go. */
export const saveReleased = (sql: PgClient.PgClient, released: Position): Effect.Effect<unknown, SqlError.SqlError> =>
  sql`update log_head set released = ${PgTypes.float8(released)}::int8
      where log = 1 and released < ${PgTypes.float8(released)}::int8`

/** How far readers were let, as far as the log or a cursor of a reader remembers. */
export const loadReleased = (sql: PgClient.PgClient): Effect.Effect<Position, SqlError.SqlError> =>
  sql<{ pos: number }>`
    select least(h.pos, greatest(h.released, (select max(c.pos) from cursors c)))::float8 as pos
    from log_head h where h.log = 1`.pipe(Effect.map(([row]) => row?.pos ?? 0))

/** Where the hindmost reader is; undefined without readers. */
export const slowestReader = (sql: PgClient.PgClient): Effect.Effect<Position | undefined, SqlError.SqlError> =>
  sql<{ pos: number | null }>`select min(c.pos)::float8 as pos from cursors c`.pipe(
    Effect.map(([row]) => row?.pos ?? undefined)
  )
