import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { ObjectStoreFailed } from "../../src/archive/object-store.ts"
import { expectTidy, ids, noon, type Process, room } from "../support/archive-room.ts"

/** Waits for something that a process brings about. */
const until = <E>(condition: Effect.Effect<boolean, E>): Effect.Effect<void, E> =>
  Effect.flatMap(condition, (true_) => (true_ ? Effect.void : Effect.delay(until(condition), "20 millis")))
const untilStatus = ({ health }: Process, wanted: string) => until(Effect.sync(() => health()?.status === wanted))

describe("a process that keeps the archive going", () => {
  it.live("archives what arrives, and another one takes over when it ends", () =>
    Effect.gen(function* () {
      const at = yield* room()
      const first = yield* Scope.make()
      yield* Effect.addFinalizer(() => Scope.close(first, Exit.void))
      const one = yield* Scope.provide(at.process, first)
      yield* at.send(ids(10, "a").map((id) => ({ id })))
      yield* until(Effect.map(one.archive.position, (position) => position === at.log.head()))
      const two = yield* at.process
      yield* untilStatus(two, "standby")
      assert.strictEqual(one.health()?.status, "running")
      yield* Scope.close(first, Exit.void)
      yield* at.send(ids(10, "b").map((id) => ({ id })))
      yield* until(Effect.map(two.archive.position, (position) => position === at.log.head()))
      assert.strictEqual(two.health()?.status, "running")
      const { expected, found, rows } = yield* expectTidy(at)
      assert.deepStrictEqual(found, expected)
      assert.deepStrictEqual(
        rows.map(({ events }) => events),
        [10, 10]
      )
    }).pipe(Effect.scoped)
  )

  it.live("waits for a store that is away, without a restart, and goes on by itself", () =>
    Effect.gen(function* () {
      const at = yield* room()
      const away = new ObjectStoreFailed({ operation: "put", key: "k", place: "p", reason: "gone", advice: "Wait." })
      at.faults.away = away
      const process = yield* at.process
      at.clock.now = noon
      yield* at.send([{ id: "a" }])
      yield* untilStatus(process, "waiting")
      assert.strictEqual(process.health()?.lastError, away.message)
      at.faults.away = undefined
      yield* until(Effect.map(process.archive.position, (position) => position === at.log.head()))
      yield* untilStatus(process, "running")
      assert.strictEqual(process.health()?.restarts, 0)
    }).pipe(Effect.scoped)
  )
})
