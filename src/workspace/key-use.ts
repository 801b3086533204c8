/**
 * When write keys were last used, and by which library (ING-21): noted in memory with every request, written once a minute for all together
 * and when the process ends. Whoever does not provide this notes nothing.
 */
import type { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { texts, timestamptzs } from "../platform/sql-arrays.ts"

const writeEvery = "1 minute"

interface Used {
  readonly source: string
  /** Of the first request since the last time. */
  readonly library: string | null
  /** ms */
  at: number
}

export class KeyUses {
  private used = new Map<string, Used>()

  /** Cheap; bounded by the number of keys. `library` is asked once until the next writing. */
  note(source: string, key: string, at: number, library: () => string | null): void {
    const known = this.used.get(key)
    if (known === undefined) this.used.set(key, { source, library: library(), at })
    else known.at = at
  }

  take(): ReadonlyMap<string, Used> {
    const taken = this.used
    this.used = new Map()
    return taken
  }
}

/** Keys that were removed meanwhile are left out. */
export const flushKeyUses = (sql: PgClient.PgClient, uses: KeyUses): Effect.Effect<void, SqlError.SqlError> =>
  Effect.suspend(() => {
    const used = [...uses.take()]
    if (used.length === 0) return Effect.void
    return Effect.asVoid(
      sql`insert into source_keys as k (source, key, last_used_at, last_library)
        select u.source, u.key, u.at, u.library
        from unnest(${texts(used.map(([, { source }]) => source))}, ${texts(used.map(([key]) => key))},
          ${timestamptzs(used.map(([, { at }]) => at))}, ${texts(used.map(([, { library }]) => library))}) u (source, key, at, library)
        join sources s on s.id = u.source and s.doc is not null and s.doc::jsonb -> 'writeKeys' ? u.key
        on conflict (source, key) do update set last_used_at = greatest(k.last_used_at, excluded.last_used_at),
          last_library = coalesce(excluded.last_library, k.last_library)`
    )
  })

export const KeyUse = Context.Reference<Pick<KeyUses, "note">>("braid/workspace/KeyUse", {
  defaultValue: () => ({ note: () => {} })
})

export const keyUseLive = Layer.effect(
  KeyUse,
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const uses = new KeyUses()
    // What could not be written is noted again with the next request.
    const quietly = Effect.ignore(flushKeyUses(sql, uses))
    yield* Effect.addFinalizer(() => quietly)
    yield* Effect.forkScoped(Effect.repeat(Effect.delay(quietly, writeEvery), Schedule.forever))
    return uses
  })
)
