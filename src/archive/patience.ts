/** Waiting for a store that is away: without a restart, less and less often, for as long as it takes, and seen in `/health`. */
import { Effect, Schedule } from "effect"
import type { Health } from "../platform/health.ts"
import { ObjectStoreFailed } from "./object-store.ts"

export const patiently =
  (health: Health["Service"], fiber: string, what: string) =>
  <A, E, R>(body: Effect.Effect<A, E | ObjectStoreFailed, R>) =>
    body.pipe(
      Effect.tap(() => Effect.sync(() => health.set(fiber, "running"))),
      Effect.tapError((error) => {
        if (!(error instanceof ObjectStoreFailed)) return Effect.void
        health.waiting(fiber, error.message)
        return Effect.logWarning(`${what} waits: ${error.message}`)
      }),
      Effect.retry({
        while: (error) => error instanceof ObjectStoreFailed,
        schedule: Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])
      })
    )
