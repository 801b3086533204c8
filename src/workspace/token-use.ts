/**
 * When tokens were last used (PRO-4): noted in memory with every request, written once a minute for all together and when
 * the process ends.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { texts, timestamptzs } from "../platform/sql-arrays.ts"

const writeEvery = "1 minute"

export interface TokenUse {
  /** Cheap; called with every request. */
  readonly note: (tokenId: string) => void
  /** Writes what was noted since the last time. */
  readonly flush: Effect.Effect<void, SqlError.SqlError>
}

/** Bounded by the number of tokens: what is noted is a token of the snapshot. */
export const makeTokenUse = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  table: "access_tokens" | "public_api_tokens" = "access_tokens"
) {
  const clock = yield* Clock.Clock
  let used = new Map<string, number>()
  const flush = Effect.suspend(() => {
    if (used.size === 0) return Effect.void
    const noted = used
    used = new Map()
    return Effect.asVoid(
      sql`update ${sql(table)} t set last_used_at = greatest(t.last_used_at, u.at)
        from unnest(${texts([...noted.keys()])}, ${timestamptzs([...noted.values()])}) as u (id, at) where t.id = u.id`
    )
  })
  // What could not be written is noted again with the next request.
  const quietly = Effect.ignore(flush)
  yield* Effect.addFinalizer(() => quietly)
  yield* Effect.forkScoped(Effect.repeat(Effect.delay(quietly, writeEvery), Schedule.forever))
  return { note: (id) => void used.set(id, clock.currentTimeMillisUnsafe()), flush } satisfies TokenUse
})
