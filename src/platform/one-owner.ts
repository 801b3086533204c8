/**
 * Long work that one process of all on a database does at a time; the others stand by. The owner holds an advisory lock with a session
 * of its own, which Postgres frees the moment that session is gone. A lock is no fence: what the work commits must compare an epoch.
 */
import { Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "./database.ts"
import { Health } from "./health.ts"

/** Runs `work` once this process has the lock, until it ends or the lock is lost; then it fails, to be started over. */
export const oneOwner = <E, R>(
  { write, sessions = write }: Pick<Database["Service"], "write" | "sessions">,
  options: { readonly lock: number; readonly name: string },
  work: Effect.Effect<void, E, R>
): Effect.Effect<void, E | SqlError.SqlError, R | Health> =>
  Effect.gen(function* () {
    const { lock: key, name } = options
    const health = yield* Health
    const session = yield* sessions.reserve
    // The connection goes back to the pool, and the lock would go with it.
    yield* Effect.addFinalizer(() => Effect.ignore(session.execute("select pg_advisory_unlock($1)", [key], undefined)))
    const locked = session
      .execute("select pg_try_advisory_lock($1) as ok", [key], undefined)
      .pipe(Effect.map((rows) => (rows as ReadonlyArray<{ ok: boolean }>)[0]?.ok === true))
    while (!(yield* locked)) {
      health.set(name, "standby")
      yield* Effect.sleep("2 seconds")
    }
    health.set(name, "running")
    // When the connection that holds the lock is lost, so is the lock: start over.
    const heartbeat = Effect.repeat(session.execute("select 1", [], undefined), Schedule.spaced("2 seconds"))
    yield* Effect.raceFirst(work, heartbeat)
  }).pipe(Effect.scoped)
