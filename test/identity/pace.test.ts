import { assert, it } from "@effect/vitest"
import { Pace } from "../../src/identity/pace.ts"

it("IDR-15: a space takes its limit per second and the rest waits", () => {
  const pace = new Pace()
  const take = (now: number, want = 1000) => {
    const { events, waitMs } = pace.allowance(100, want, now)
    pace.spend(events)
    return [events, waitMs]
  }
  assert.deepStrictEqual(take(1000), [100, 0])
  assert.deepStrictEqual(take(1000), [0, 10])
  assert.deepStrictEqual(take(1010), [1, 0])
  assert.deepStrictEqual(take(1500), [49, 0])
  assert.deepStrictEqual(take(60_000), [100, 0])
  // A clock that is turned back gives nothing for free and costs nothing for ever.
  assert.deepStrictEqual(take(1000)[0], 0)
  assert.deepStrictEqual(take(1500), [50, 0])
})

it("IDR-15: 0 is no limit", () => {
  assert.deepStrictEqual(new Pace().allowance(0, 700, 0), { events: 700, waitMs: 0 })
})
