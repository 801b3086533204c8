/** Work that one process at a time does for all that share a database. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "./database.ts"

/**
 * Runs `work` while no other process does work with the same `lock` number (an advisory lock of its own session);
 * answers undefined when another one is at it. Holds one connection of the pool meanwhile.
 */
export const oncePerDatabase = <A, E, R>(
  { write: sql }: Database["Service"],
  lock: number,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A | undefined, E | SqlError.SqlError, R> =>
  Effect.gen(function* () {
    const session = yield* sql.reserve
    const [row] = yield* session.execute("select pg_try_advisory_lock($1::int8) as ok", [lock], undefined)
    if ((row as { readonly ok: boolean }).ok !== true) return undefined
    // The session goes back to the pool: it must not keep the lock.
    return yield* Effect.ensuring(
      work,
      Effect.ignore(session.execute("select pg_advisory_unlock($1::int8)", [lock], undefined))
    )
  }).pipe(Effect.scoped)
