/**
 * Looks for operations on behalf of all spaces that run here: one indexed read for the whole process, however many spaces
 * there are.
 */
import { Context, Effect, Layer, Schedule, type Scope } from "effect"
import { Database } from "../../platform/database.ts"
import { supervise } from "../../platform/supervise.ts"
import { runsBeside } from "./operation.ts"

const lookEvery = "200 millis"

type Wake = (beside: boolean) => void

export class OperationWatch extends Context.Service<
  OperationWatch,
  {
    /**
     * Calls `wake` whenever operations of the space wait, again and again until they are done; removed with the scope. `beside`:
     * they are rebuilds, which run beside the batches (`rebuild.ts`).
     */
    readonly onWaiting: (spaceId: string, wake: Wake) => Effect.Effect<void, never, Scope.Scope>
  }
>()("braid/identity/OperationWatch") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const listeners = new Map<string, Wake>()
      const look = Effect.gen(function* () {
        if (listeners.size === 0) return
        const waiting = yield* sql.unsafe<{ space: string; beside: boolean }>(
          `select distinct space, ${runsBeside} as beside from space_operations where finished_at is null`
        )
        for (const { space, beside } of waiting) listeners.get(space)?.(beside)
      })
      yield* Effect.forkScoped(supervise("operations", Effect.asVoid(Effect.repeat(look, Schedule.spaced(lookEvery)))))
      return {
        onWaiting: (spaceId, wake) =>
          Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => listeners.set(spaceId, wake)),
              // The next session of the space may listen already.
              () => Effect.sync(() => listeners.get(spaceId) === wake && listeners.delete(spaceId))
            )
          )
      }
    })
  )
}
