/** The one policy for every long-lived fiber: restart with backoff, say so, never die in silence. */
import { Cause, Effect, Metric, Schedule } from "effect"
import { Health } from "./health.ts"

const restarts = Metric.counter("braid_fiber_restarts_total", {
  description: "Restarts of long-lived fibers",
  incremental: true
})

/** 200 ms, 400 ms, ... at most 15 s between restarts, with jitter. */
const backoff = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("15 seconds")]).pipe(
  Schedule.jittered
)

/** The first error of a cause in one line, without a stack. */
export const causeMessage = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error && error.message !== "" ? error.message : String(error)
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
    health.set(name, "running")
    yield* Effect.suspend(() => {
      health.set(name, "running")
      return body
    }).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.suspend(() => {
              health.failed(name, causeMessage(cause))
              return Metric.update(restarted, 1).pipe(
                Effect.andThen(Effect.logWarning(`${name} failed and is restarted: ${causeMessage(cause)}`)),
                Effect.andThen(Effect.logDebug(cause)),
                Effect.andThen(Effect.fail("restart" as const))
              )
            })
      ),
      Effect.retry(backoff),
      Effect.orDie,
      Effect.onExit(() => Effect.sync(() => health.set(name, "stopped"))),
      Effect.annotateLogs({ fiber: name })
    )
  })
