/**
 * Write keys (ING-20, ING-21, ADM-72): up to two of a source while one takes the place of the other; the last one cannot go. A key that
 * was removed is unknown to every process five seconds later.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Change } from "./changes.ts"
import { kindsWithWriteKey } from "./configured.ts"
import { type ChangeRefused, refuse } from "./refused.ts"
import { newWriteKey } from "./secrets.ts"
import { findSource, type SourceRow, sourceRows, writeSource } from "./source-rows.ts"

type Changed<A> = Effect.Effect<A, ChangeRefused | SqlError.SqlError>

const mostKeys = 2

/** One that a person brings along; unique in the installation. */
export const checkWriteKey = (sources: ReadonlyArray<SourceRow>, key: string): Effect.Effect<void, ChangeRefused> => {
  if (!/^[A-Za-z0-9_-]{8,128}$/.test(key))
    return Effect.fail(refuse("VALIDATION_FAILED", "A write key has 8 to 128 letters, digits, _ or -."))
  return sources.some(({ doc }) => doc.writeKeys.includes(key))
    ? Effect.fail(refuse("CONFLICT", "This write key belongs to a source already."))
    : Effect.void
}

export const rememberKey = ({ sql, at, actor }: Change, source: string, key: string) =>
  sql`insert into source_keys (source, key, created_at, created_by) values (${source}, ${key}, ${new Date(at)}, ${actor})
    on conflict (source, key) do update set created_at = excluded.created_at, created_by = excluded.created_by`

export const forgetKeys = (sql: PgClient.PgClient, source: string, key?: string) =>
  sql`delete from source_keys where source = ${source} and (${key ?? null}::text is null or key = ${key ?? null})`

/** Answers the new key, which works beside the old one until that is removed. */
export const addWriteKey = (change: Change, id: string, wanted?: string): Changed<string> =>
  Effect.gen(function* () {
    const { doc } = yield* findSource(change.sql, id)
    if (!kindsWithWriteKey.has(doc.kind))
      return yield* refuse("VALIDATION_FAILED", `Sources of the kind ${doc.kind} have no write key.`)
    if (doc.writeKeys.length >= mostKeys)
      return yield* refuse(
        "CONFLICT",
        `A source has at most ${mostKeys} write keys, while one takes the place of the other. Remove the old one first.`
      )
    if (wanted !== undefined) yield* checkWriteKey(yield* sourceRows(change.sql), wanted)
    const key = wanted ?? newWriteKey()
    yield* rememberKey(change, id, key)
    yield* writeSource(change, id, doc, { ...doc, writeKeys: [...doc.writeKeys, key] })
    return key
  })

export const removeWriteKey = (change: Change, id: string, key: string): Changed<void> =>
  Effect.gen(function* () {
    const { doc } = yield* findSource(change.sql, id)
    if (!doc.writeKeys.includes(key)) return yield* refuse("NOT_FOUND", "The source has no such write key.")
    if (doc.writeKeys.length === 1)
      return yield* refuse("CONFLICT", "The last write key of a source cannot be removed. Generate a new one first.")
    yield* forgetKeys(change.sql, id, key)
    yield* writeSource(change, id, doc, { ...doc, writeKeys: doc.writeKeys.filter((each) => each !== key) })
  })
