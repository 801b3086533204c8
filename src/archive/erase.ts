/**
 * Takes events out of log and archive (IDR-162). A chunk is written anew without them, under another name, and takes the
 * old one's place in one fenced statement; then its manifest is written and the old object deleted.
 *
 * Idempotent: a chunk without the events stays as it is, the manifests of the days concerned are written every time. What a
 * crash leaves between two steps is an object that no row names, and goes with the next cleaning.
 */
import { Effect } from "effect"
import { dayOf, type LogEvent, type Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s } from "../platform/sql-arrays.ts"
import type { ChunkCache } from "./chunk-cache.ts"
import { archiveReader, type ChunkRow, type ChunkStore, newObjectName } from "./chunk-store.ts"
import { encodeChunk } from "./chunk.ts"
import { writeManifest } from "./manifest.ts"
import type { ObjectStore } from "./object-store.ts"

const atOnce = 5000

export const makeErase = (parts: {
  readonly database: Database["Service"]
  readonly chunks: ChunkStore
  readonly cache: ChunkCache
  readonly objects: ObjectStore["Service"]
}) => {
  const { cache, chunks, database, objects } = parts
  const { write: sql } = database

  /** From the log, under the lock that a new chunk takes, too: a chunk that read them before is refused after. */
  const fromLog = (positions: ReadonlyArray<Position>) =>
    sql.withTransaction(
      sql`select 1 from cursors where reader = ${archiveReader} for update`.pipe(
        Effect.andThen(sql`delete from events where pos = any (${float8s(positions)}::float8[]::int8[])`)
      )
    )

  /** False: the chunk changed meanwhile. */
  const fromChunk = Effect.fnUntraced(function* (row: ChunkRow, erased: ReadonlySet<Position>) {
    const { epoch } = yield* chunks.place
    const chunk = yield* cache.get(row)
    const kept: Array<LogEvent> = []
    for (let i = 0; i < chunk.count; i++) if (!erased.has(chunk.positions[i]!)) kept.push(chunk.event(i))
    if (kept.length === chunk.count) return true
    if (kept.length === 0) yield* chunks.fenced(epoch, chunks.remove(row.object))
    else {
      const encoded = yield* Effect.promise(() => encodeChunk(kept))
      const object = newObjectName(encoded)
      yield* objects.put(object, encoded.bytes)
      const [replaced] = yield* chunks
        .fenced(epoch, chunks.replace(row.object, object, encoded))
        .pipe(Effect.tapErrorTag("ArchiveFenced", () => Effect.ignore(objects.delete(object))))
      if (replaced!.n === 0) {
        yield* objects.delete(object)
        return false
      }
    }
    cache.forget(row.object)
    return true
  })

  const part = Effect.fnUntraced(function* (positions: ReadonlyArray<Position>) {
    const erased = new Set(positions)
    yield* fromLog(positions)
    const old = new Set<string>()
    const unfinished = Effect.gen(function* () {
      let done = true
      for (const row of yield* chunks.around(positions)) {
        const finished = yield* fromChunk(row, erased)
        if (finished) old.add(row.object)
        else done = false
      }
      return done
    })
    // Beside a takeover, a cleaning or another erasure: from the rows that are there now.
    while (
      !(yield* unfinished.pipe(
        Effect.catchTag("ArchiveFenced", () => Effect.succeed(false)),
        Effect.catchTag("ArchiveDamaged", (damage) =>
          Effect.flatMap(chunks.named([damage.object]), (named) =>
            named.has(damage.object) ? Effect.fail(damage) : Effect.succeed(false)
          )
        )
      ))
    ) {}
    for (const day of new Set(positions.map(dayOf))) yield* writeManifest(database, chunks, objects, day)
    const named = yield* chunks.named([...old])
    for (const object of old) if (!named.has(object)) yield* objects.delete(object)
  })

  return Effect.fnUntraced(function* (positions: ReadonlyArray<Position>) {
    for (let i = 0; i < positions.length; i += atOnce) yield* part(positions.slice(i, i + atOnce))
  })
}
