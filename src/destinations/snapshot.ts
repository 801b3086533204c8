/** The live `Destinations`: read again when the workspace has changed, swapped whole. */
import { Cause, Effect, Latch, Layer, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { Catalog } from "../catalog/runner.ts"
import { Database } from "../platform/database.ts"
import { Health } from "../platform/health.ts"
import { causeMessage, supervise } from "../platform/supervise.ts"
import { Vault } from "../platform/vault.ts"
import { changeWorkspace, workspaceChanged } from "../workspace/changes.ts"
import { Workspace } from "../workspace/workspace.ts"
import { Destinations, type DestinationsSnapshot } from "./destination.ts"
import { sealSecret, tokensPlace } from "./secrets.ts"
import { emptySnapshot, makeDestinationReader } from "./stored.ts"

const retryAfter = "1 second"

const make = Effect.gen(function* () {
  const { read: readSql, write: sql } = yield* Database
  const workspace = yield* Workspace
  const vault = yield* Vault
  const health = yield* Health
  const read = makeDestinationReader(readSql, vault, yield* Catalog)
  const listeners = new Set<(snapshot: DestinationsSnapshot) => void>()
  const one = yield* Semaphore.make(1)
  let snapshot = emptySnapshot

  const takeOver = Effect.gen(function* () {
    const next = yield* read
    if (next.version === snapshot.version && snapshot.version > 0) return
    snapshot = next
    for (const listener of listeners) listener(snapshot)
  }).pipe(one.withPermits(1))
  yield* takeOver

  const changed = yield* Latch.make(false)
  yield* workspace.onChange(() => changed.openUnsafe())
  const follow = Effect.gen(function* () {
    yield* changed.await
    yield* changed.close
    yield* takeOver
    health.set("destinations", "running")
  }).pipe(
    Effect.catchTag("SqlError", (error) =>
      Effect.gen(function* () {
        health.waiting("destinations", causeMessage(Cause.fail(error)))
        yield* Effect.sleep(retryAfter)
        yield* changed.open
      })
    ),
    Effect.forever
  )
  health.set("destinations", "running")
  yield* Effect.forkScoped(supervise("destinations", follow))

  const refresh = Effect.andThen(workspace.refresh, takeOver)

  return Destinations.of({
    current: () => snapshot,
    refresh,
    onChange: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void listeners.add(listener)),
        () => Effect.sync(() => void listeners.delete(listener))
      ),
    storeTokens: (id, tokens) =>
      Effect.gen(function* () {
        const sealed = yield* Effect.orDie(sealSecret(vault, id, tokensPlace, tokens))
        // No change of a person: nothing for the audit trail.
        yield* changeWorkspace(sql, "braid", () =>
          Effect.andThen(
            sql`update destinations set tokens = ${sealed}, revision = nextval('destination_revision') where id = ${id} and deleted_at is null`,
            workspaceChanged(sql)
          )
        )
        yield* refresh
      }) satisfies Effect.Effect<void, SqlError.SqlError>
  })
})

/** Needs the tables of destinations: build it after the migrations. */
export const destinationsLive = Layer.effect(Destinations, make)
