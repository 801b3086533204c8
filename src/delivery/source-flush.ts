/**
 * Writes what the door counted once a second, and when the process ends. What could not be written is tried again with what came since;
 * `kill -9` loses at most what one process counted in the last second.
 */
import { Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { supervise } from "../platform/supervise.ts"
import { SourceCounts, type SourceTally } from "./source-tally.ts"
import { type Tally, writeTally } from "./tally.ts"

const flushEvery = "1 second"

export const makeSourceFlush = ({ write: sql }: Database["Service"], counts: SourceTally) => {
  let waiting: Tally | undefined
  /** One round; nothing to write costs nothing. The counts of a source are one statement, so they need no transaction. */
  return Effect.suspend((): Effect.Effect<void, SqlError.SqlError> => {
    const tally = (waiting ??= counts.take())
    return Effect.tap(writeTally(sql, tally), () => Effect.sync(() => (waiting = undefined)))
  })
}

export const sourceCountsFlush = Layer.effectDiscard(
  Effect.gen(function* () {
    const database = yield* Database
    const counts = yield* SourceCounts
    const flush = makeSourceFlush(database, counts)
    // What failed before waits, and what came since is behind it.
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.andThen(flush, flush)))
    yield* Effect.forkScoped(
      supervise("source counts", Effect.asVoid(Effect.repeat(flush, Schedule.spaced(flushEvery))))
    )
  })
)
