/** Chunks in memory, the ones used last, within a bound of bytes. */
import { Effect } from "effect"
import { ArchiveDamaged } from "./history.ts"
import type { ChunkRow } from "./chunk-store.ts"
import { type Chunk, decodeChunk, NotAChunk, sha256Of } from "./chunk.ts"
import type { ObjectStore, ObjectStoreFailed } from "./object-store.ts"

/** About three chunks of full size. */
const defaultBytes = 32 * 1024 * 1024

export class ChunkCache {
  readonly #objects: ObjectStore["Service"]
  readonly #most: number
  /** Oldest use first. */
  readonly #chunks = new Map<string, Chunk>()
  #bytes = 0

  constructor(objects: ObjectStore["Service"], most = defaultBytes) {
    this.#objects = objects
    this.#most = most
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The chunk of a row, verified. Fails with `ArchiveDamaged` when its object is missing or not what was written. */
  get(row: ChunkRow): Effect.Effect<Chunk, ArchiveDamaged | ObjectStoreFailed> {
    return Effect.suspend(() => {
      const known = this.#chunks.get(row.object)
      if (known !== undefined) {
        this.#chunks.delete(row.object)
        this.#chunks.set(row.object, known)
        return Effect.succeed(known)
      }
      return Effect.tap(this.#load(row), (chunk) => Effect.sync(() => this.#keep(row.object, chunk)))
    })
  }

  forget(object: string): void {
    const chunk = this.#chunks.get(object)
    if (chunk === undefined) return
    this.#chunks.delete(object)
    this.#bytes -= chunk.size
  }

  #load(row: ChunkRow): Effect.Effect<Chunk, ArchiveDamaged | ObjectStoreFailed> {
    const objects = this.#objects
    const damaged = (reason: string) =>
      new ArchiveDamaged({
        object: row.object,
        place: objects.place,
        reason,
        events: { first: row.first, last: row.last }
      })
    return Effect.gen(function* () {
      const bytes = yield* objects
        .get(row.object)
        .pipe(
          Effect.catchTag("ObjectNotFound", () =>
            Effect.fail(
              damaged(
                "is missing (if other processes keep the archive elsewhere, correct BRAID_ARCHIVE_DIR or BRAID_S3_*)"
              )
            )
          )
        )
      const sha256 = sha256Of(bytes)
      if (sha256 !== row.sha256)
        return yield* damaged(
          `has ${bytes.length} bytes with SHA-256 ${sha256}; ${row.bytes} bytes with ${row.sha256} were written`
        )
      const chunk = yield* Effect.tryPromise({
        try: () => decodeChunk(bytes),
        catch: (error) => error
      }).pipe(
        Effect.catch((error) => (error instanceof NotAChunk ? Effect.fail(damaged(error.message)) : Effect.die(error)))
      )
      if (chunk.count !== row.events) return yield* damaged(`holds ${chunk.count} events; ${row.events} were written`)
      return chunk
    })
  }

  #keep(object: string, chunk: Chunk): void {
    if (this.#chunks.has(object)) return
    this.#chunks.set(object, chunk)
    this.#bytes += chunk.size
    for (const [oldest, { size }] of this.#chunks) {
      if (this.#bytes <= this.#most || oldest === object) break
      this.#chunks.delete(oldest)
      this.#bytes -= size
    }
  }
}
