/**
 * The part of `History` that asks for a time: events received within a range, in the order of a replay (IDR-134).
 *
 * All of them are read once, in the order of the log, and sorted; a stretch of the log or a chunk in which none can
 * lie, by what its row tells, is passed over.
 */
import { Effect, Stream } from "effect"
import { SqlError } from "effect/sql"
import { dayOf, type EventLog, type LogEvent, LogUnavailable, type Position } from "../log/event-log.ts"
import { sqlErrorText } from "../platform/database-layer.ts"
import { type ChunkRow, type ChunkStore, eventsOf } from "./chunk-store.ts"
import { type Chunk, indexAfter } from "./chunk.ts"
import { messageIdOf, timesOf } from "./event-times.ts"
import type { ArchiveDamaged, History, ReceivedRange, ReplayKey } from "./history.ts"
import { byReplayOrder, SortFailed } from "./history.ts"
import type { ObjectStoreFailed } from "./object-store.ts"
import { ReplaySorter } from "./replay-sort.ts"

const pageEvents = 2000
const pageRows = 200
const pageOfReplay = 1000
const defaultSortBytes = 32 * 1024 * 1024
const millisPerDay = 86_400_000

export interface HistoryOptions {
  /** Where events are sorted that do not fit in memory. */
  readonly sortFolder: string
  /** Bytes of events in memory while sorting (default 32 MB). */
  readonly sortBytes?: number
  /** Bytes of chunks kept in memory (default 32 MB). */
  readonly cacheBytes?: number
}

export const unavailable = <E>(error: E): Exclude<E, SqlError.SqlError> | LogUnavailable =>
  SqlError.isSqlError(error)
    ? new LogUnavailable({ cause: new Error(sqlErrorText(error)) })
    : (error as Exclude<E, SqlError.SqlError>)

const sortFailed = (folder: string, error: unknown): SortFailed => {
  const { code, message } = error as NodeJS.ErrnoException
  return new SortFailed({ folder, reason: code === "ENOSPC" ? "the disk is full" : message })
}

/** Looks at an event; true: enough is in memory, run `spill` before the next one. */
type Visit = (event: LogEvent, timestamp: number, receivedAt: number) => boolean

export const makeByTime = (parts: {
  readonly chunks: ChunkStore
  readonly load: (
    row: ChunkRow
  ) => Effect.Effect<Chunk | undefined, ArchiveDamaged | ObjectStoreFailed | SqlError.SqlError>
  readonly log: EventLog["Service"]
  readonly logBegins: Effect.Effect<Position, SqlError.SqlError>
  readonly options: HistoryOptions
}): { readonly read: History["Service"]["readByTime"]; readonly count: History["Service"]["countByTime"] } => {
  const { chunks, load, log, logBegins, options } = parts

  /** Visits events of some sources with `after < position <= upTo` that were received within a range. */
  const visitBetween = Effect.fnUntraced(function* <E>(
    query: { readonly after: Position; readonly upTo: Position },
    { receivedFrom, receivedTo, sources }: ReceivedRange,
    visit: Visit,
    spill: Effect.Effect<void, E>
  ) {
    const wanted = new Set(sources)
    let { after } = query
    const { upTo } = query
    for (;;) {
      if (after >= upTo || wanted.size === 0) return
      const begins = yield* logBegins
      if (after + 1 >= begins) {
        const page = yield* log.read({ after, upTo, limit: pageEvents, sources })
        if ((yield* logBegins) !== begins) continue
        for (const event of page) {
          const times = timesOf(event.body)
          if (Number.isNaN(times.receivedAt)) times.receivedAt = dayOf(event.position) * millisPerDay
          if (Number.isNaN(times.timestamp)) times.timestamp = times.receivedAt
          const within = times.receivedAt >= receivedFrom && times.receivedAt < receivedTo
          if (within && visit(event, times.timestamp, times.receivedAt)) yield* spill
        }
        if (page.length < pageEvents) return
        after = page.at(-1)!.position
        continue
      }
      const end = Math.min(upTo, begins - 1)
      const rows = yield* chunks.between({ after, upTo: end, limit: pageRows, sources })
      for (const row of rows) {
        const touches = row.receivedTo >= receivedFrom && row.receivedFrom < receivedTo
        const chunk = touches ? yield* load(row) : undefined
        for (let i = chunk === undefined ? 0 : indexAfter(chunk, after); i < (chunk?.count ?? 0); i++) {
          const received = chunk!.receivedAt[i]!
          if (chunk!.positions[i]! > end) break
          if (received < receivedFrom || received >= receivedTo || !wanted.has(chunk!.sources[i]!)) continue
          if (visit(chunk!.event(i), chunk!.timestamps[i]!, received)) yield* spill
        }
        after = Math.min(end, row.last)
      }
      if (rows.length < pageRows) after = end
    }
  })

  /**
   * The stretches of positions in which events of the range can lie. The rows of the archive tell it for the log's
   * days, too; what no row covers is looked at whole.
   */
  const stretches = Effect.fnUntraced(function* (
    range: ReceivedRange,
    upTo: Position,
    whole: (row: ChunkRow) => boolean
  ) {
    const found: Array<{ after: Position; upTo: Position }> = []
    const add = (after: Position, end: Position) => {
      const last = found.at(-1)
      if (last?.upTo === after) last.upTo = end
      else if (end > after) found.push({ after, upTo: end })
    }
    let after = 0
    for (;;) {
      const rows = yield* chunks.between({ after, upTo, limit: pageRows })
      for (const row of rows) {
        if (row.first - 1 > after) add(after, row.first - 1)
        const touches =
          row.receivedTo >= range.receivedFrom &&
          row.receivedFrom < range.receivedTo &&
          row.sources.some((source) => range.sources.includes(source))
        const inside = row.receivedFrom >= range.receivedFrom && row.receivedTo < range.receivedTo && row.last <= upTo
        if (touches && !(inside && whole(row))) add(row.first - 1, Math.min(row.last, upTo))
        after = Math.min(row.last, upTo)
      }
      if (rows.length < pageRows) break
    }
    add(after, upTo)
    return found
  })

  /** `whole`: true for a chunk, all of whose events are in the range, that need not be looked at. */
  const visitRange = Effect.fnUntraced(function* <E>(
    range: ReceivedRange,
    visit: Visit,
    spill: Effect.Effect<void, E>,
    whole: (row: ChunkRow) => boolean = () => false
  ) {
    const upTo = range.upTo ?? log.released()
    for (const stretch of yield* stretches(range, upTo, whole)) yield* visitBetween(stretch, range, visit, spill)
  })

  const read: History["Service"]["readByTime"] = ({ after, ...range }) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const { sortBytes: runBytes = defaultSortBytes, sortFolder: folder } = options
        const sorter = yield* Effect.acquireRelease(
          Effect.sync(() => new ReplaySorter({ folder, runBytes })),
          (sorter) => Effect.promise(() => sorter.close())
        )
        const failed = (error: unknown) => sortFailed(folder, error)
        const spill = Effect.tryPromise({ try: () => sorter.spill(), catch: failed })
        const visit: Visit = (event, timestamp, receivedAt) => {
          const messageId = messageIdOf(event.body)
          const key: ReplayKey = { timestamp, receivedAt, messageId, position: event.position }
          return (after === undefined || byReplayOrder(key, after) > 0) && sorter.add(key, event)
        }
        yield* visitRange(range, visit, spill).pipe(Effect.mapError(unavailable))
        return Stream.fromAsyncIterable(sorter.merged(pageOfReplay), failed)
      })
    )

  const count: History["Service"]["countByTime"] = (range) =>
    Effect.gen(function* () {
      let total = 0
      const wanted = new Set(range.sources)
      const whole = (row: ChunkRow) => {
        total += eventsOf(row, wanted)
        return true
      }
      const visit = () => {
        total++
        return false
      }
      yield* visitRange(range, visit, Effect.void, whole)
      return total
    }).pipe(Effect.mapError(unavailable))

  return { read, count }
}
