/**
 * Takes messages out of files that are stored already (RAW-7, WH-119): a file is read, and written again without them under its name.
 *
 * Deletions only note which (`noteRawLogErasures`); the reader of the raw log rewrites, between two files of its own, so nobody writes beside
 * it. What is not in a file yet is gone from the log before it gets there, or is noted and waits until its file is stored.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { join } from "node:path"
import { Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import { messageIdOf } from "../../archive/event-times.ts"
import { type ObjectStore, ObjectStoreFailed } from "../../archive/object-store.ts"
import type { LogEvent } from "../../log/event-log.ts"
import { float8s, int4s, texts } from "../../platform/sql-arrays.ts"
import { GzipFile } from "./files.ts"
import type { RawLogStore } from "./store.ts"

const atOnce = 1000
const newline = 0x0a

/** For every raw log of their sources; before they leave the log. */
export const noteRawLogErasures = (
  sql: PgClient.PgClient,
  events: ReadonlyArray<LogEvent>
): Effect.Effect<void, SqlError.SqlError> =>
  events.length === 0
    ? Effect.void
    : Effect.asVoid(
        sql`insert into raw_log_erasures (destination, pos, message_id)
          select r.destination, u.pos::int8, u.id
          from unnest(${float8s(events.map(({ position }) => position))}::float8[], ${int4s(events.map(({ source }) => source))}::int4[],
            ${texts(events.map(({ body }) => messageIdOf(body)))}::text[]) u (pos, source, id)
          join raw_logs r on r.source = u.source on conflict do nothing`
      )

/** The lines of compressed text, without their ends. */
async function* linesOf(compressed: Uint8Array): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of Readable.from([compressed]).pipe(createGunzip()) as AsyncIterable<Buffer>) {
    let text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = text.indexOf(newline); end !== -1; end = text.indexOf(newline)) {
      yield text.subarray(0, end)
      text = text.subarray(end + 1)
    }
    rest = text
  }
  if (rest.length > 0) yield rest
}

/** Counts what is left; the new file lies at `path`. */
const without = async (compressed: Uint8Array, erased: ReadonlySet<string>, path: string) => {
  const file = new GzipFile(path)
  let before = 0
  let kept = 0
  for await (const line of linesOf(compressed)) {
    before++
    if (erased.has(messageIdOf(line))) continue
    kept++
    await file.line(line)
  }
  await file.close()
  return { before, kept, bytes: file.bytes }
}

export const makeRawLogErase = (parts: {
  readonly store: RawLogStore
  readonly objects: ObjectStore["Service"]
  readonly folder: string
}) => {
  const { folder, objects, store } = parts

  const rewrite = Effect.fnUntraced(function* (key: string, erased: ReadonlySet<string>) {
    // Gone: somebody removed it, or the destination writes elsewhere now.
    const found = yield* objects.get(key).pipe(Effect.catchTag("ObjectNotFound", () => Effect.undefined))
    if (found === undefined) {
      yield* store.rewritten(key, 0, 0)
      return
    }
    const path = join(folder, "rewritten.gz")
    const { before, bytes, kept } = yield* Effect.tryPromise({
      try: () => without(found, erased, path),
      catch: (error) =>
        new ObjectStoreFailed({
          operation: "get",
          key,
          place: objects.place,
          reason: `it cannot be read: ${error instanceof Error ? error.message : String(error)}`,
          advice: "Restore the file from a backup, or remove it; until then messages are not erased from it."
        })
    })
    if (kept === before) return
    if (kept === 0) yield* objects.delete(key)
    else yield* objects.put(key, { file: path })
    yield* store.rewritten(key, kept, bytes)
  })

  return Effect.gen(function* () {
    for (;;) {
      const erasures = yield* store.erasures(atOnce)
      const first = erasures[0]
      if (first === undefined) return
      const last = erasures.at(-1)!
      for (const file of yield* store.filesAround(first.pos, last.pos)) {
        const inside = erasures.filter(({ pos }) => pos >= file.first && pos <= file.last)
        if (inside.length > 0) yield* rewrite(file.key, new Set(inside.map(({ messageId }) => messageId)))
      }
      yield* store.forgetErasures(last.pos)
    }
  })
}
