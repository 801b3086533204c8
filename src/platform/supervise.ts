/** The one policy for every long-lived fiber: restart with backoff, say so, never die in silence. */
import { Cause, Clock, Effect, Metric, Random } from "effect"
import { SqlError } from "effect/sql"
import { Health } from "./health.ts"

const restarts = Metric.counter("braid_fiber_restarts_total", {
  description: "Restarts of long-lived fibers",
  incremental: true
})

const firstDelayMs = 200
const longestDelayMs = 5_000
/** One that failed is not called running before it has run for so long: its next attempt may hang before it fails, too. */
const provenAfter = "15 seconds"
/** A fiber that has run for so long begins again with the first delay. */
const wellAfterMs = 30_000

/** The first error of a cause in one line, without a stack; of a failed query what the database said. */
export const causeMessage = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const told = SqlError.isSqlError(error) && error.reason.cause instanceof Error ? error.reason.cause : error
  return told instanceof Error && told.message !== "" ? told.message : String(told)
}

/**
 * Runs `body` for as long as the fiber lives. A failure or a defect is logged, shown under `name` in `/health`
 * and followed by a restart; interruption is shutdown and stays silent. A body that completes is not restarted.
 */
export const supervise = <E, R>(
  name: string,
  body: Effect.Effect<void, E, R>
): Effect.Effect<void, never, R | Health> =>
  Effect.gen(function* () {
    const health = yield* Health
    const restarted = Metric.withAttributes(restarts, { fiber: name })
    const running = Effect.sync(() => health.set(name, "running"))
    const provenBody = Effect.raceFirst(body, Effect.andThen(Effect.delay(running, provenAfter), Effect.never))
    let failures = 0
    yield* running
    for (let attempt = body; ; attempt = provenBody) {
      const started = yield* Clock.currentTimeMillis
      const cause = yield* attempt.pipe(
        Effect.as(undefined),
        Effect.catchCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.succeed(cause)))
      )
      if (cause === undefined) return
      health.failed(name, causeMessage(cause))
      yield* Metric.update(restarted, 1)
      yield* Effect.logWarning(`${name} failed and is restarted: ${causeMessage(cause)}`)
      yield* Effect.logDebug(cause)
      if ((yield* Clock.currentTimeMillis) - started > wellAfterMs) failures = 0
      const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** failures++)
      yield* Effect.sleep(delay * (0.8 + 0.4 * (yield* Random.next)))
    }
  }).pipe(
    Effect.onExit(() => Effect.map(Health, (health) => health.set(name, "stopped"))),
    Effect.annotateLogs({ fiber: name })
  )
