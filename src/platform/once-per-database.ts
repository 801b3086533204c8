/** Work that one process at a time does for all that share a database. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "./database.ts"

/**
 * Runs `work` while no other process does work with the same `lock` number (an advisory lock of its own session);
 * answers undefined when another one is at it. Holds a session of its own meanwhile.
 */
export const oncePerDatabase = <A, E, R>(
  { write, sessions = write }: Pick<Database["Service"], "write" | "sessions">,
  lock: number,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A | undefined, E | SqlError.SqlError, R> =>
  Effect.gen(function* () {
    const session = yield* sessions.reserve
    // Until the answer says otherwise: who is interrupted, or fails, before it is there may hold the lock as well.
    let held = true
    const locked = Effect.map(
      session.execute("select pg_try_advisory_lock($1::int8) as ok", [lock], undefined),
      ([row]) => (held = (row as { readonly ok: boolean }).ok)
    )
    // The session goes back to the pool: it must not keep the lock.
    const unlock = Effect.suspend(() =>
      held ? Effect.ignore(session.execute("select pg_advisory_unlock($1::int8)", [lock], undefined)) : Effect.void
    )
    return yield* Effect.ensuring(
      Effect.flatMap(locked, (ok) => (ok ? work : Effect.undefined)),
      unlock
    )
  }).pipe(Effect.scoped)
