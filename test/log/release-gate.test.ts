import { assert, describe, it } from "vitest"
import * as fc from "fast-check"
import { positionsPerDay } from "../../src/log/event-log.ts"
import { ReleaseGate } from "../../src/log/release-gate.ts"

const day = (n: number) => (20_000 + n) * positionsPerDay
const start = Date.UTC(2026, 2, 10)

describe("ReleaseGate (ING-34)", () => {
  // limit 100/s; `head` is what the log grew to, `at` is milliseconds after the start
  const rows: ReadonlyArray<{
    readonly name: string
    readonly steps: ReadonlyArray<{ at: number; head?: number; limit?: number; released: number; held: number }>
  }> = [
    { name: "below the limit everything passes at once", steps: [{ at: 0, head: 100, released: 100, held: 0 }] },
    {
      name: "a second's worth passes at once, the rest at the rate",
      steps: [
        { at: 0, head: 250, released: 100, held: 150 },
        { at: 0, released: 100, held: 150 },
        { at: 9, released: 100, held: 150 },
        { at: 10, released: 101, held: 149 },
        { at: 510, released: 151, held: 99 },
        { at: 1510, released: 250, held: 0 }
      ]
    },
    {
      name: "an idle meter saves up one second, not more",
      steps: [
        { at: 0, head: 100, released: 100, held: 0 },
        { at: 60_000, head: 300, released: 200, held: 100 }
      ]
    },
    {
      name: "0 = off, also for what is held already; on again, the meter starts full",
      steps: [
        { at: 0, head: 250, released: 100, held: 150 },
        { at: 0, limit: 0, released: 250, held: 0 },
        { at: 0, limit: 100, head: 550, released: 350, held: 200 }
      ]
    },
    {
      name: "a higher limit counts from when it is seen",
      steps: [
        { at: 0, head: 1000, released: 100, held: 900 },
        { at: 100, limit: 1000, released: 200, held: 800 },
        { at: 200, limit: 1000, released: 300, held: 700 }
      ]
    },
    {
      name: "the clock turned back stops nothing for longer than it takes to notice",
      steps: [
        { at: 0, head: 250, released: 100, held: 150 },
        { at: -3_600_000, released: 100, held: 150 },
        { at: -3_599_000, released: 200, held: 50 }
      ]
    }
  ]
  it.each(rows)("$name", ({ steps }) => {
    const gate = new ReleaseGate(start, 0)
    for (const { at, head, limit = 100, released, held } of steps) {
      if (head !== undefined) gate.extend(day(0) + head)
      gate.advance(start + at, limit)
      assert.deepStrictEqual({ released: gate.released - day(0), held: gate.held }, { released, held })
    }
  })

  it("counts over the gap between two days", () => {
    const gate = new ReleaseGate(start, 0)
    gate.extend(day(0) + 150)
    gate.extend(day(1) + 20)
    gate.extend(day(7) + 40)
    assert.strictEqual(gate.held, 210)
    const seen: Array<number> = []
    for (let at = 0; gate.held > 0; at += 300) {
      gate.advance(start + at, 100)
      seen.push(gate.released)
    }
    assert.deepStrictEqual(seen, [day(0) + 100, day(0) + 130, day(1) + 10, day(7) + 20, day(7) + 40])
  })

  it("starts with what is held after a restart", () => {
    const gate = new ReleaseGate(start, day(0) + 10, [
      { first: day(0) + 11, last: day(0) + 15 },
      { first: day(1) + 1, last: day(1) },
      { first: day(2) + 1, last: day(2) + 100 }
    ])
    assert.deepStrictEqual([gate.released, gate.held], [day(0) + 10, 105])
    assert.isTrue(gate.advance(start, 50))
    assert.deepStrictEqual([gate.released, gate.held], [day(2) + 45, 55])
    gate.extend(day(2) + 110)
    gate.advance(start, 0)
    assert.deepStrictEqual([gate.released, gate.held], [day(2) + 110, 0])
    assert.isFalse(gate.advance(start, 0))
  })

  it("never passes the head, never goes back, never exceeds limit * (1 + seconds), loses nothing", () => {
    const step = fc.record({ wait: fc.nat(2000), append: fc.nat(300), nextDay: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 500 }), (steps, limit) => {
        const gate = new ReleaseGate(start, 0)
        const positions: Array<number> = []
        let [now, today, n] = [start, 0, 0]
        for (const { wait, append, nextDay } of steps) {
          now += wait
          if (nextDay) [today, n] = [today + 1, 0]
          if (append > 0) {
            for (let i = 0; i < append; i++) positions.push(day(today) + ++n)
            gate.extend(positions.at(-1)!)
          }
          const before = gate.released
          gate.advance(now, limit)
          assert.isAtLeast(gate.released, before)
          const passed = positions.filter((position) => position <= gate.released).length
          assert.isAtMost(passed, limit * (1 + (now - start) / 1000))
          assert.strictEqual(gate.held, positions.length - passed)
        }
      }),
      { numRuns: 200 }
    )
  })
})
