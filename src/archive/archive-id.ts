/**
 * A store and a database that belong together carry the same id: `archive.json` there, `archive_id` here.
 *
 * It keeps two mistakes harmless: a second process whose folder is another one, and a new database beside an old archive,
 * none of whose objects it would know (and would clean away).
 */
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import type { Database } from "../platform/database.ts"
import { type ObjectStore, ObjectStoreFailed } from "./object-store.ts"

const key = "archive.json"
const advice =
  "Nothing was changed. Name the right store with BRAID_ARCHIVE_DIR or BRAID_S3_* (all processes on a database share one), or an empty one for a new database."

const idIn = (bytes: Uint8Array): string | undefined => {
  try {
    const { id } = JSON.parse(Buffer.from(bytes).toString()) as { readonly id?: unknown }
    return typeof id === "string" ? id : undefined
  } catch {
    return undefined
  }
}

/** Marks an empty store as the archive of the database; fails with `ObjectStoreFailed` when it is another one's. */
export const claimStore = (database: Database["Service"], objects: ObjectStore["Service"]) =>
  Effect.gen(function* () {
    const { write: sql } = database
    const refuse = (reason: string) =>
      new ObjectStoreFailed({ operation: "open", key, place: objects.place, reason, advice })
    const [known] = yield* sql<{ id: string; used: boolean }>`
      select id, exists(select 1 from archive_chunks) as used from archive_id`
    const found = yield* objects.get(key).pipe(
      Effect.map((bytes) => idIn(bytes) ?? ""),
      Effect.catchTag("ObjectNotFound", () => Effect.succeed(undefined))
    )
    if (found !== undefined)
      return found === known?.id ? undefined : yield* refuse("it is the archive of another database")
    if (known?.used === true) return yield* refuse("it is not the archive of this database, which has chunks elsewhere")
    const { objects: others } = yield* objects.list({ prefix: "events/", limit: 1 })
    if (others.length > 0) return yield* refuse("it holds chunks that this database does not know")
    const [own] = yield* sql<{ id: string }>`
      insert into archive_id (id) values (${known?.id ?? randomUUID()})
      on conflict (one) do update set id = archive_id.id returning id`
    yield* objects.put(key, Buffer.from(`${JSON.stringify({ format: "braid-archive-1", id: own!.id })}\n`))
    return undefined
  })
