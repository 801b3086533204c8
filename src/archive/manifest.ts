/**
 * The manifest of a day: `events/2026-03-10/manifest.json` beside its chunks. Written from the table after every change;
 * Braid itself reads the table, so a manifest that is behind (a crash) harms nobody and is written again.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../platform/database.ts"
import { type ChunkRow, type ChunkStore, dayName, manifestOfDay } from "./chunk-store.ts"
import type { ObjectStore, ObjectStoreFailed } from "./object-store.ts"

/** Held while a manifest is made and stored, so that an older one never comes after a newer one. */
const manifestLock = 0x62_72_61_6d

const time = (ms: number) => new Date(ms).toISOString()

/** The manifest as text. */
export const manifestText = (
  day: number,
  chunks: ReadonlyArray<ChunkRow>,
  sourceIds: ReadonlyMap<number, string>
): string => {
  const numbers = new Set(chunks.flatMap((chunk) => chunk.sources))
  const manifest = {
    format: "braid-archive-1",
    day: dayName(day),
    events: chunks.reduce((sum, chunk) => sum + chunk.events, 0),
    sources: Object.fromEntries([...numbers].sort((a, b) => a - b).map((no) => [no, sourceIds.get(no) ?? null])),
    chunks: chunks.map((chunk) => ({
      object: chunk.object,
      bytes: chunk.bytes,
      sha256: chunk.sha256,
      events: chunk.events,
      first: chunk.first,
      last: chunk.last,
      receivedAt: [time(chunk.receivedFrom), time(chunk.receivedTo)],
      timestamp: [time(chunk.timestampFrom), time(chunk.timestampTo)],
      sources: Object.fromEntries(chunk.sources.map((no, i) => [no, chunk.sourceEvents[i]]))
    }))
  }
  // One chunk a line: a person can read it, and two versions can be compared.
  const { chunks: listed, ...rest } = manifest
  const lines = listed.map((chunk) => `    ${JSON.stringify(chunk)}`).join(",\n")
  return `${JSON.stringify(rest, undefined, 2).slice(0, -2)},\n  "chunks": [\n${lines}\n  ]\n}\n`
}

/** Brings the manifest of a day up to date; a day without chunks has none. */
export const writeManifest = (
  database: Database["Service"],
  chunks: ChunkStore,
  objects: ObjectStore["Service"],
  day: number
): Effect.Effect<void, SqlError.SqlError | ObjectStoreFailed> =>
  database.write.withTransaction(
    Effect.gen(function* () {
      yield* database.write`select pg_advisory_xact_lock(${manifestLock})`
      const rows = yield* chunks.ofDay(day)
      if (rows.length === 0) return yield* objects.delete(manifestOfDay(day))
      const ids = new Map((yield* chunks.sourceIds).map(({ id, no }) => [no, id]))
      yield* objects.put(manifestOfDay(day), Buffer.from(manifestText(day, rows, ids)))
    })
  )
