/**
 * A connection of its own whose session-level advisory locks are a lease: they end with the session, and the server ends
 * the session when nothing came over it for the time of the lease. So the locks of a process that was killed are free at
 * once, those of one that is paused, or that the network has lost, after the lease. Needs a direct connection: no pooler
 * that shares sessions between clients.
 */
import { PgClient } from "@effect/sql-pg"
import { type Cause, Effect, Fiber, type Redacted, type Scope, Semaphore } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlError } from "effect/sql"

export type LockSessionError = SqlError.SqlError | Cause.TimeoutError

export interface LockSession {
  /** Runs a statement and thereby renews the lease. After an error the locks must be taken for lost. */
  readonly run: <Row>(
    text: string,
    parameters: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<Row>, LockSessionError>
}

/** Opens the session; it is closed, and its locks are free, with the scope. */
export const openLockSession = (
  url: Redacted.Redacted,
  leaseMs: number
): Effect.Effect<LockSession, SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* PgClient.make({
      url,
      maxConnections: 1,
      connectTimeout: "5 seconds",
      applicationName: "braid locks",
      startupParameters: { idle_session_timeout: `${leaseMs}ms`, statement_timeout: `${leaseMs}ms` }
    })
    const connection = yield* client.reserve
    const one = yield* Semaphore.make(1)
    return {
      // Detached: who is interrupted while waiting must not cut the statement, and with it the session that all share.
      run: <Row>(text: string, parameters: ReadonlyArray<unknown>) =>
        connection.execute(text, parameters, undefined).pipe(
          Effect.map((rows) => rows as ReadonlyArray<Row>),
          Effect.timeout(leaseMs),
          one.withPermits(1),
          Effect.forkDetach,
          Effect.flatMap(Fiber.join)
        )
    }
  }).pipe(Effect.provide(Reactivity.layer))
