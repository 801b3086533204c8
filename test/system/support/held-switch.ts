/** Rebuilds of several spaces that have done everything but their last step: each waits in the transaction of its switch. */
import { Effect, Redacted, Schedule } from "effect"
import { askRebuild, readRebuilds } from "../../../src/identity/generations/rebuilds.ts"
import { startRun } from "../../../src/identity/what-if/runs.ts"
import { connectDatabase } from "../../../src/platform/database-layer.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"

const often = Schedule.spaced("20 millis")

/** Asks for a rebuild of each space, under the rules that it has, and does `meanwhile` while all of them wait; answers how they have ended. */
export const whileSwitching = (databaseUrl: string, spaces: ReadonlyArray<string>, meanwhile: () => Promise<void>) =>
  Effect.gen(function* () {
    const database = yield* connectDatabase(Redacted.make(databaseUrl), { embedded: false })
    const { write: sql } = database
    const common = { actor: "test", reason: "a test" }
    yield* sql.withTransaction(
      Effect.gen(function* () {
        const rest = { rules: defaultRules, baseVersion: 1, reapplyOperations: true, scope: null, actor: "test" }
        const runs = yield* Effect.forEach(spaces, (spaceId) => startRun(database, { spaceId, ...rest }))
        yield* sql`update what_if_runs set state = 'done' where state = 'queued'`
        for (const [i, spaceId] of spaces.entries())
          yield* askRebuild(database, { spaceId, kind: "apply_rebuild", input: { runId: runs[i]! }, ...common })
      })
    )
    // The switch says of the run that it is applied.
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`select 1 as n from what_if_runs for update`
        yield* database.read<{ n: number }>`select count(*)::int4 as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like 'update what_if_runs%'`.pipe(
          Effect.repeat({ schedule: often, until: ([row]) => row!.n === spaces.length })
        )
        yield* Effect.promise(meanwhile)
      })
    )
    return yield* Effect.forEach(spaces, (spaceId) =>
      readRebuilds(database, spaceId, 1).pipe(
        Effect.repeat({ schedule: often, until: ([rebuild]) => rebuild?.finishedAt !== null }),
        Effect.map(([rebuild]) => rebuild!.state)
      )
    )
  }).pipe(Effect.scoped, Effect.runPromise)
