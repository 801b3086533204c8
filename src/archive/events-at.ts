/**
 * Events at known positions, from log and archive as one; also for a process that neither follows the log nor keeps the
 * archive.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { eventsAt } from "../log/event-bodies.ts"
import type { EventLog, LogEvent } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { ChunkCache } from "./chunk-cache.ts"
import { type ChunkRow, type ChunkStore, makeChunkStore } from "./chunk-store.ts"
import { type Chunk, indexAfter } from "./chunk.ts"
import { unavailable } from "./history-by-time.ts"
import type { ArchiveDamaged, History } from "./history.ts"
import { ObjectStore, type ObjectStoreFailed } from "./object-store.ts"

/** The chunk of a row, or what has taken its place meanwhile; undefined when all its events are gone. */
export type LoadChunk = (
  row: ChunkRow
) => Effect.Effect<Chunk | undefined, ArchiveDamaged | ObjectStoreFailed | SqlError.SqlError>

export const makeLoadChunk = (chunks: ChunkStore, cache: ChunkCache): LoadChunk =>
  Effect.fnUntraced(function* (row) {
    let wanted = row
    for (;;) {
      const found = yield* Effect.result(cache.get(wanted))
      if (found._tag === "Success") return found.success
      const [now] = yield* chunks.between({ after: row.first - 1, upTo: row.last, limit: 1 })
      if (now === undefined) return undefined
      if (now.object === wanted.object) return yield* Effect.fail(found.failure)
      wanted = now
    }
  })

export const makeEventsAt =
  (parts: {
    readonly chunks: ChunkStore
    readonly load: LoadChunk
    readonly log: Pick<EventLog["Service"], "at">
  }): History["Service"]["at"] =>
  (positions) =>
    Effect.gen(function* () {
      const { chunks, load, log } = parts
      const found = yield* log.at(positions)
      const unique = new Set(positions)
      if (found.length === unique.size) return found
      for (const { position } of found) unique.delete(position)
      const missing = Float64Array.from(unique).sort()
      const rows = yield* chunks.around([...missing])
      if (rows.length === 0) return found
      const events: Array<LogEvent> = [...found]
      let next = 0
      for (const row of rows) {
        while (next < missing.length && missing[next]! < row.first) next++
        const chunk = yield* load(row)
        for (; next < missing.length && missing[next]! <= row.last; next++) {
          if (chunk === undefined) continue
          const i = indexAfter(chunk, missing[next]! - 1)
          if (i === chunk.count || chunk.positions[i] !== missing[next]) continue
          const event = chunk.event(i)
          // A copy: who keeps one event must not keep its whole chunk.
          events.push({ ...event, body: Uint8Array.from(event.body) })
        }
      }
      return events
    }).pipe(Effect.mapError(unavailable))

/** For commands: reads the stores as they are, and writes to none of them. */
export const storedEventsAt = Effect.gen(function* () {
  const database = yield* Database
  const chunks = makeChunkStore(database)
  const load = makeLoadChunk(chunks, new ChunkCache(yield* ObjectStore))
  return makeEventsAt({ chunks, load, log: { at: eventsAt(database.read) } })
})
