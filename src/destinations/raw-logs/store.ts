/** The rows of raw logs. Everything that a reader commits compares its epoch: a process that lost its place changes nothing. */
import { PgTypes } from "@effect/sql-pg"
import { Data, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Tally, writeTally } from "../../delivery/tally.ts"
import type { Position } from "../../log/event-log.ts"
import type { Database } from "../../platform/database.ts"
import type { RawFile } from "./files.ts"

export class RawLogFenced extends Data.TaggedError("RawLogFenced")<{ readonly destination: number }> {
  override get message() {
    return `Another process writes the raw log of destination ${this.destination} now; this one changed nothing and starts over.`
  }
}

/** Files that are being stored, all with messages behind the cursor and up to `upTo`. */
export interface Plan {
  readonly upTo: Position
  readonly files: ReadonlyArray<Pick<RawFile, "day" | "key">>
}

interface Finished {
  readonly epoch: number
  readonly upTo: Position
  readonly files: ReadonlyArray<RawFile>
  readonly tally: Tally
  /** ms */
  readonly now: number
}

interface RawLogState {
  readonly active: boolean
  readonly pos: Position
  readonly stopAt: Position | null
  readonly planned: Plan | undefined
  readonly epoch: number
}

type Sql = Database["Service"]["write"]
type Doing<A> = Effect.Effect<A, SqlError.SqlError>

const at = (position: Position) => PgTypes.float8(position)

export const makeRawLogStore = (sql: Sql, destination: number, source: number) => {
  const fenced = <A extends ReadonlyArray<unknown>>(
    rows: Doing<A>
  ): Effect.Effect<void, SqlError.SqlError | RawLogFenced> =>
    Effect.flatMap(rows, (found) => (found.length > 0 ? Effect.void : Effect.fail(new RawLogFenced({ destination }))))

  return {
    /** Makes this process the one that writes. */
    takeOver: Effect.map(
      sql<Omit<RawLogState, "planned"> & { readonly planned: string | null }>`
        insert into raw_logs as r (destination, source, active, pos, epoch) values (${destination}::int4, ${source}::int4, false, 0, 1)
        on conflict (destination) do update set epoch = r.epoch + 1
        returning active, pos::float8 as pos, stop_at::float8 as "stopAt", planned, epoch::float8 as epoch`,
      ([row]): RawLogState => ({
        ...row!,
        planned: row!.planned === null ? undefined : (JSON.parse(row!.planned) as Plan)
      })
    ),
    /** Switched on: from here. */
    start: (epoch: number, position: Position) =>
      fenced(sql`update raw_logs set active = true, pos = ${at(position)}::int8, stop_at = null, planned = null, error = null, error_at = null
        where destination = ${destination}::int4 and epoch = ${at(epoch)}::int8 returning 1 as ok`),
    /** Switched off: what came up to here is still written. */
    stopAt: (epoch: number, position: Position) =>
      fenced(sql`update raw_logs set stop_at = ${at(position)}::int8
        where destination = ${destination}::int4 and epoch = ${at(epoch)}::int8 returning 1 as ok`),
    stop: (epoch: number) =>
      fenced(sql`update raw_logs set active = false, stop_at = null, planned = null
        where destination = ${destination}::int4 and epoch = ${at(epoch)}::int8 returning 1 as ok`),
    plan: (epoch: number, plan: Plan) =>
      fenced(sql`update raw_logs set planned = ${JSON.stringify(plan)}
        where destination = ${destination}::int4 and epoch = ${at(epoch)}::int8 returning 1 as ok`),
    /** Nothing of the source lies between the cursor and here. */
    skip: (epoch: number, position: Position) =>
      fenced(sql`update raw_logs set pos = ${at(position)}::int8
        where destination = ${destination}::int4 and epoch = ${at(epoch)}::int8 and planned is null returning 1 as ok`),
    /** The files are stored, and counted with the same breath. */
    commit: ({ epoch, files, now, tally, upTo }: Finished) =>
      sql.withTransaction(
        Effect.gen(function* () {
          yield* fenced(sql`update raw_logs set pos = ${at(upTo)}::int8, planned = null, written_at = ${new Date(now)}, error = null, error_at = null
            where destination = ${destination}::int4 and epoch = ${at(epoch)}::int8 returning 1 as ok`)
          for (const { bytes, events, first, from, key, last, to } of files)
            yield* sql`
              insert into raw_log_files (destination, key, first_pos, last_pos, received_from, received_to, events, bytes)
              values (${destination}::int4, ${key}, ${at(first)}::int8, ${at(last)}::int8, ${new Date(from)}, ${new Date(to)}, ${events}::int4, ${at(bytes)}::int8)
              on conflict (destination, key) do update set events = excluded.events, bytes = excluded.bytes`
          yield* writeTally(sql, tally)
        })
      ),
    failed: (message: string, now: number) =>
      sql`update raw_logs set error = ${message}, error_at = ${new Date(now)} where destination = ${destination}::int4`,

    /** Messages to be taken out of files that are written, and the files that may have them. */
    erasures: (limit: number) =>
      sql<{ pos: number; messageId: string }>`
        select e.pos::float8 as pos, e.message_id as "messageId" from raw_log_erasures e join raw_logs r using (destination)
        where e.destination = ${destination}::int4 and e.pos <= r.pos order by e.pos limit ${limit}::int4`,
    filesAround: (first: Position, last: Position) =>
      sql<Pick<RawFile, "key" | "first" | "last" | "events">>`
        select key, first_pos::float8 as first, last_pos::float8 as last, events from raw_log_files
        where destination = ${destination}::int4 and last_pos >= ${at(first)}::int8 and first_pos <= ${at(last)}::int8 order by first_pos`,
    rewritten: (key: string, events: number, bytes: number) =>
      events === 0
        ? sql`delete from raw_log_files where destination = ${destination}::int4 and key = ${key}`
        : sql`update raw_log_files set events = ${events}::int4, bytes = ${at(bytes)}::int8
            where destination = ${destination}::int4 and key = ${key}`,
    forgetErasures: (last: Position) =>
      sql`delete from raw_log_erasures where destination = ${destination}::int4 and pos <= ${at(last)}::int8`
  }
}

export type RawLogStore = ReturnType<typeof makeRawLogStore>

/** Those of destinations that are gone; their files stay where they are. */
export const forgetRawLogs = (sql: Sql) =>
  sql.withTransaction(
    Effect.gen(function* () {
      for (const table of ["raw_log_erasures", "raw_log_files", "raw_logs"])
        yield* sql`delete from ${sql(table)} t where not exists (select 1 from destinations d where d.no = t.destination and d.deleted_at is null)`
    })
  )
