import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Health } from "../../src/platform/health.ts"
import { supervise } from "../../src/platform/supervise.ts"

describe("supervise", () => {
  it.effect("restarts after a failure and after a defect, says so in health, and ends with its body", () =>
    Effect.gen(function* () {
      const health = yield* Health
      let runs = 0
      const body = Effect.suspend((): Effect.Effect<void, Error> => {
        runs++
        if (runs === 1) return Effect.fail(new Error("first"))
        if (runs === 2) return Effect.die(new Error("second"))
        return Effect.void
      })
      const fiber = yield* Effect.forkChild(supervise("worker", body))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(health.fibers(), [{ name: "worker", status: "stopped", restarts: 2, lastError: "second" }])
    }).pipe(Effect.provide(Health.layer))
  )

  it.effect("is not called running again before it has run for a while, or says so itself", () =>
    Effect.gen(function* () {
      const health = yield* Health
      const status = () => health.fibers()[0]!.status
      let runs = 0
      const body = Effect.suspend(() => (++runs < 4 ? Effect.delay(Effect.fail("hung"), "5 seconds") : Effect.never))
      yield* Effect.forkChild(supervise("worker", body))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(status(), "running")
      for (let seconds = 0; seconds < 20; seconds++) {
        yield* TestClock.adjust("1 second")
        assert.strictEqual(status(), "restarting")
      }
      assert.strictEqual(runs, 4)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(status(), "running")
    }).pipe(Effect.provide(Health.layer))
  )

  it.effect("waits at most 6 seconds however often it failed, and begins with short delays after a good time", () =>
    Effect.gen(function* () {
      let runs = 0
      const body = Effect.suspend(() => {
        runs++
        return runs === 21 ? Effect.delay(Effect.fail("late"), "1 minute") : Effect.fail("at once")
      })
      yield* Effect.forkChild(supervise("worker", body))
      yield* TestClock.adjust("2 minutes")
      const before = runs
      assert.isAtLeast(before, 21)
      yield* TestClock.adjust("2 minutes")
      assert.isAtLeast(runs, before + 20)
    }).pipe(Effect.provide(Health.layer))
  )

  it.effect("interruption is shutdown: no restart", () =>
    Effect.gen(function* () {
      const health = yield* Health
      const fiber = yield* Effect.forkChild(supervise("worker", Effect.never))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(health.fibers(), [{ name: "worker", status: "stopped", restarts: 0, lastError: null }])
    }).pipe(Effect.provide(Health.layer))
  )
})
