/**
 * `History` over the event log and the archive. Which of the two answers is decided by the oldest day that the log still
 * has; since that day may be dropped while a query runs, it is asked again after every read of the log.
 *
 * Not here: events at known positions (`events-at.ts`), the order of a replay (`history-by-time.ts`), erasure (`erase.ts`),
 * what is kept in memory (`chunk-cache.ts`).
 */
import { Effect, Layer } from "effect"
import { join } from "node:path"
import { Settings } from "../config.ts"
import { EventLog, type LogEvent, type Position, positionsPerDay } from "../log/event-log.ts"
import { partitions } from "../log/partitions.ts"
import { Database } from "../platform/database.ts"
import { ChunkCache } from "./chunk-cache.ts"
import { eventsOf, makeChunkStore } from "./chunk-store.ts"
import { type Chunk, indexAfter } from "./chunk.ts"
import { makeEventsAt, makeLoadChunk } from "./events-at.ts"
import { makeErase } from "./erase.ts"
import { type HistoryOptions, makeByTime, unavailable } from "./history-by-time.ts"
import { History } from "./history.ts"
import { ObjectStore } from "./object-store.ts"

const pageRows = 200

/** Events of a chunk with `after < position <= upTo`, up to `limit` of them in all, go into `into`. */
const pick = (
  chunk: Chunk,
  query: { readonly after: Position; readonly upTo: Position; readonly limit: number },
  wanted: ReadonlySet<number>,
  into: Array<LogEvent>
): void => {
  for (let i = indexAfter(chunk, query.after); i < chunk.count && into.length < query.limit; i++) {
    if (chunk.positions[i]! > query.upTo) return
    if (wanted.has(chunk.sources[i]!)) into.push(chunk.event(i))
  }
}

const make = (options: HistoryOptions) =>
  Effect.gen(function* () {
    const database = yield* Database
    const { read: sql } = database
    const log = yield* EventLog
    const objects = yield* ObjectStore
    const chunks = makeChunkStore(database)
    const cache = new ChunkCache(objects, options.cacheBytes)
    const load = makeLoadChunk(chunks, cache)
    const erase = makeErase({ database, chunks, cache, objects })

    /** The log has every event from here on that is released and not erased. */
    const logBegins = partitions(sql).pipe(
      Effect.map((found) => (found.find((it) => it.state === "attached")?.day ?? Infinity) * positionsPerDay)
    )

    const read: History["Service"]["read"] = (query) =>
      Effect.gen(function* () {
        const { limit, sources, upTo } = query
        const wanted = new Set(sources)
        const events: Array<LogEvent> = []
        let after = query.after
        for (;;) {
          if (events.length >= limit || after >= upTo || wanted.size === 0) return events
          const begins = yield* logBegins
          if (after + 1 >= begins) {
            const page = yield* log.read({ after, upTo, limit: limit - events.length, sources })
            if ((yield* logBegins) !== begins) continue
            return events.length === 0 ? page : [...events, ...page]
          }
          const end = Math.min(upTo, begins - 1)
          const rows = yield* chunks.between({ after, upTo: end, limit: 8, sources })
          for (const row of rows) {
            const chunk = yield* load(row)
            if (chunk !== undefined) pick(chunk, { after, upTo: end, limit }, wanted, events)
            if (events.length >= limit) return events
            after = Math.min(end, row.last)
          }
          if (rows.length < 8) after = end
        }
      }).pipe(Effect.mapError(unavailable))

    const count: History["Service"]["count"] = (query) =>
      Effect.gen(function* () {
        const { limit, sources, upTo } = query
        const wanted = new Set(sources)
        let total = 0
        let after = query.after
        for (;;) {
          if (total >= limit || after >= upTo || wanted.size === 0) return Math.min(total, limit)
          const begins = yield* logBegins
          if (after + 1 >= begins) {
            const counted = yield* log.count({ after, upTo, limit: limit - total, sources })
            if ((yield* logBegins) !== begins) continue
            return Math.min(total + counted, limit)
          }
          const end = Math.min(upTo, begins - 1)
          const rows = yield* chunks.between({ after, upTo: end, limit: pageRows, sources })
          for (const row of rows) {
            if (row.first > after && row.last <= end) total += eventsOf(row, wanted)
            else {
              const chunk = yield* load(row)
              const part: Array<LogEvent> = []
              if (chunk !== undefined) pick(chunk, { after, upTo: end, limit: limit - total }, wanted, part)
              total += part.length
            }
            if (total >= limit) return limit
            after = Math.min(end, row.last)
          }
          if (rows.length < pageRows) after = end
        }
      }).pipe(Effect.mapError(unavailable))

    const firstPosition = Effect.gen(function* () {
      const archived = yield* chunks.firstPosition
      const [row] = yield* sql<{ pos: number | null }>`select min(pos)::float8 as pos from events`
      const logged = row?.pos ?? undefined
      return archived === undefined || logged === undefined ? (archived ?? logged) : Math.min(archived, logged)
    }).pipe(Effect.mapError(unavailable))

    const byTime = makeByTime({ chunks, load, log, logBegins, options })

    return History.of({
      read,
      at: makeEventsAt({ chunks, load, log }),
      count,
      firstPosition,
      readByTime: byTime.read,
      countByTime: byTime.count,
      erase: (positions) => erase(positions).pipe(Effect.mapError(unavailable))
    })
  })

export const historyLayer = (options: HistoryOptions) => Layer.effect(History, make(options))

export const historyLive = Layer.unwrap(
  Effect.map(Settings, ({ dataDir }) => historyLayer({ sortFolder: join(dataDir, "tmp") }))
)
