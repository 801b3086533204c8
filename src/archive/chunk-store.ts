/**
 * Chunks as rows and objects: the statements on `archive_chunks` and the archive's place in `cursors`.
 *
 * Two rules keep row and object together, whatever crashes or is paused between its steps:
 *
 * - An object is never overwritten: its name ends in random letters. It counts once a row names it.
 * - A row is added or changed only while `cursors.epoch` is what it was before the object was stored. Whoever takes the
 *   archive over, and whoever is about to remove objects that no row names, raises the epoch first.
 */
import { PgTypes } from "@effect/sql-pg"
import { Data, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { randomBytes } from "node:crypto"
import { dayOf, type Position, positionsPerDay } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s, int4s } from "../platform/sql-arrays.ts"
import type { ChunkSummary, EncodedChunk } from "./chunk.ts"

export const archiveReader = "archive"
const millisPerDay = 86_400_000

/** A chunk as its row tells it. */
export interface ChunkRow {
  readonly first: Position
  readonly last: Position
  readonly object: string
  readonly sha256: string
  readonly events: number
  readonly bytes: number
  readonly receivedFrom: number
  readonly receivedTo: number
  readonly timestampFrom: number
  readonly timestampTo: number
  readonly sources: ReadonlyArray<number>
  readonly sourceEvents: ReadonlyArray<number>
}

/** The archive was taken over, or its objects were looked through; what was begun is begun again. */
export class ArchiveFenced extends Data.TaggedError("ArchiveFenced")<{ readonly epoch: number }> {
  override get message() {
    return `Another process works on the archive since epoch ${this.epoch}; this one changed nothing and starts over.`
  }
}

export const dayName = (day: number): string => new Date(day * millisPerDay).toISOString().slice(0, 10)
export const folderOfDay = (day: number): string => `events/${dayName(day)}/`
export const manifestOfDay = (day: number): string => `${folderOfDay(day)}manifest.json`
/** Undefined for what is no object of a day. */
export const dayOfObject = (key: string): number | undefined => {
  const name = /^events\/(\d{4}-\d\d-\d\d)\//.exec(key)?.[1]
  return name === undefined ? undefined : Date.parse(name) / millisPerDay
}

const within = (position: Position) => String(position % positionsPerDay).padStart(10, "0")

/** A name for a new object; positions are those within the day. */
export const newObjectName = ({ first, last }: Pick<ChunkSummary, "first" | "last">): string => {
  return `${folderOfDay(dayOf(first))}${within(first)}-${within(last)}.${randomBytes(6).toString("hex")}.ndjson.zst`
}

const columns = `c.first_pos::float8 as first, c.last_pos::float8 as last, c.object, c.sha256, c.events, c.bytes::float8 as bytes,
  c.received_from::float8 as "receivedFrom", c.received_to::float8 as "receivedTo",
  c.timestamp_from::float8 as "timestampFrom", c.timestamp_to::float8 as "timestampTo",
  c.sources, c.source_events as "sourceEvents"`

/** Events of some sources, by the row. */
export const eventsOf = (row: ChunkRow, wanted: ReadonlySet<number>): number =>
  row.sources.reduce((sum, source, i) => sum + (wanted.has(source) ? row.sourceEvents[i]! : 0), 0)

const parameters = (object: string, chunk: EncodedChunk) => [
  PgTypes.float8(chunk.first),
  PgTypes.float8(chunk.last),
  object,
  chunk.sha256,
  PgTypes.int4(chunk.events),
  PgTypes.float8(chunk.bytes.length),
  PgTypes.float8(chunk.receivedAt.from),
  PgTypes.float8(chunk.receivedAt.to),
  PgTypes.float8(chunk.timestamp.from),
  PgTypes.float8(chunk.timestamp.to),
  int4s([...chunk.sources.keys()]),
  int4s([...chunk.sources.values()])
]

export const makeChunkStore = (database: Database["Service"]) => {
  const { read, write } = database
  type Rows = Effect.Effect<ReadonlyArray<ChunkRow>, SqlError.SqlError>

  /** Runs `body` when the epoch is still the one given, holding everybody else off until it is committed. */
  const fenced = <A, E>(epoch: number, body: Effect.Effect<A, E>) =>
    write.withTransaction(
      Effect.gen(function* () {
        const [row] = yield* write<{ epoch: number }>`
          select epoch::float8 as epoch from cursors where reader = ${archiveReader} for update`
        if (row?.epoch !== epoch) return yield* new ArchiveFenced({ epoch: row?.epoch ?? 0 })
        return yield* body
      })
    )
  return {
    fenced,

    /** Makes the archive a reader of the log: from here on the log keeps what the archive does not have. */
    register: write`insert into cursors (reader, pos) values (${archiveReader}, 0) on conflict (reader) do nothing`,

    /** Cursor: up to here chunks and manifests are complete. */
    place: write<{ pos: number; epoch: number }>`
      select pos::float8 as pos, epoch::float8 as epoch from cursors where reader = ${archiveReader}`.pipe(
      Effect.map(([row]) => row ?? { pos: 0, epoch: 0 })
    ),
    raiseEpoch: write<{ epoch: number }>`
      update cursors set epoch = epoch + 1 where reader = ${archiveReader} returning epoch::float8 as epoch`.pipe(
      Effect.map((rows) => rows[0]!.epoch)
    ),
    moveCursor: (position: Position) => write`
      update cursors set pos = ${PgTypes.float8(position)}::int8
      where reader = ${archiveReader} and pos < ${PgTypes.float8(position)}::int8`,

    /** Within `fenced`: the chunk exists from now on. */
    insert: (object: string, chunk: EncodedChunk) =>
      write.unsafe(
        `insert into archive_chunks (first_pos, last_pos, object, sha256, events, bytes, received_from, received_to,
           timestamp_from, timestamp_to, sources, source_events)
         values ($1::float8::int8, $2::float8::int8, $3, $4, $5, $6::float8::int8, $7::float8::int8, $8::float8::int8, $9::float8::int8, $10::float8::int8, $11, $12)`,
        parameters(object, chunk)
      ),
    /** Within `fenced`: another object takes the place of `old`. The chunk may have become shorter. */
    replace: (old: string, object: string, chunk: EncodedChunk) =>
      write.unsafe<{ n: number }>(
        `with u as (update archive_chunks set first_pos = $1::float8::int8, last_pos = $2::float8::int8, object = $3, sha256 = $4,
           events = $5, bytes = $6::float8::int8, received_from = $7::float8::int8, received_to = $8::float8::int8,
           timestamp_from = $9::float8::int8, timestamp_to = $10::float8::int8, sources = $11, source_events = $12
           where object = $13 returning 1) select count(*)::int as n from u`,
        [...parameters(object, chunk), old]
      ),
    remove: (object: string) => write`delete from archive_chunks where object = ${object}`,
    removeDay: (day: number) => write`
      delete from archive_chunks where first_pos >= ${PgTypes.float8(day * positionsPerDay)}::int8
        and first_pos < ${PgTypes.float8((day + 1) * positionsPerDay)}::int8`,

    /** Up to here there are chunks, though perhaps no manifest yet. */
    lastPosition: write<{ pos: number | null }>`
      select last_pos::float8 as pos from archive_chunks order by last_pos desc limit 1`.pipe(
      Effect.map(([row]) => row?.pos ?? 0)
    ),
    /** Chunks with events after `after` and not after `upTo`, ascending. */
    between: (options: {
      readonly after: Position
      readonly upTo: Position
      readonly limit: number
      /** Only chunks with events of one of these; absent: all. */
      readonly sources?: ReadonlyArray<number>
    }): Rows =>
      read.unsafe<ChunkRow>(
        `select ${columns} from archive_chunks c
         where c.last_pos > $1::float8::int8 and c.first_pos <= $2::float8::int8 and ($3 or c.sources && $4)
         order by c.last_pos limit $5`,
        [
          PgTypes.float8(options.after),
          PgTypes.float8(options.upTo),
          PgTypes.bool(options.sources === undefined),
          int4s(options.sources ?? []),
          PgTypes.int4(options.limit)
        ]
      ),
    /** All chunks of a day, whatever their sources. */
    ofDay: (day: number): Rows =>
      write.unsafe<ChunkRow>(
        `select ${columns} from archive_chunks c
         where c.first_pos >= $1::float8::int8 and c.first_pos < $2::float8::int8 order by c.last_pos`,
        [PgTypes.float8(day * positionsPerDay), PgTypes.float8((day + 1) * positionsPerDay)]
      ),
    /** The chunks in which these positions lie, ascending. */
    around: (positions: ReadonlyArray<Position>): Rows =>
      read.unsafe<ChunkRow>(
        `select distinct on (c.last_pos) ${columns} from unnest($1::float8[]) u (p)
         cross join lateral (select * from archive_chunks x where x.last_pos >= u.p::int8 order by x.last_pos limit 1) c
         where c.first_pos <= u.p::int8 order by c.last_pos`,
        [float8s(positions)]
      ),
    /** Days with chunks that end after `after` and not after `upTo`. */
    daysBetween: (after: Position, upTo: Position) =>
      write<{ day: number }>`
        select distinct (last_pos / ${PgTypes.float8(positionsPerDay)}::int8)::int as day from archive_chunks
        where last_pos > ${PgTypes.float8(after)}::int8 and last_pos <= ${PgTypes.float8(upTo)}::int8 order by 1`.pipe(
        Effect.map((rows) => rows.map((row) => row.day))
      ),
    /** Days with chunks before a day. */
    daysBefore: (day: number) =>
      write<{ day: number }>`
        select distinct (first_pos / ${PgTypes.float8(positionsPerDay)}::int8)::int as day from archive_chunks
        where first_pos < ${PgTypes.float8(day * positionsPerDay)}::int8 order by 1`.pipe(
        Effect.map((rows) => rows.map((row) => row.day))
      ),
    /** Which of these objects a row names. */
    named: (objects: ReadonlyArray<string>) =>
      write<{ object: string }>`select object from archive_chunks where ${write.in("object", objects)}`.pipe(
        Effect.map((rows) => new Set(rows.map((row) => row.object)))
      ),
    firstPosition: read<{ pos: number | null }>`
      select min(first_pos)::float8 as pos from archive_chunks`.pipe(Effect.map(([row]) => row?.pos ?? undefined)),
    sourceIds: write<{ no: number; id: string }>`select no, id from sources order by no`
  }
}

export type ChunkStore = ReturnType<typeof makeChunkStore>
