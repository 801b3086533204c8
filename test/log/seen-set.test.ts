import { assert, describe, it } from "vitest"
import * as fc from "fast-check"
import { HashSet128, SeenSet } from "../../src/log/seen-set.ts"

/** A small pool of hashes with awkward words: zero, equal shards, equal slots. */
const word = fc.constantFrom(0, 1, 2, 0x04000000, 0xffffffff)
const id = fc.tuple(word, word, word, word).filter((words) => words.some((w) => w !== 0))
const words = (...values: ReadonlyArray<number>) => Uint32Array.from(values)
/** The set cannot tell a first word of 0 from 1; the model is told so. */
const keyOf = ([a, ...rest]: ReadonlyArray<number>) => [a || 1, ...rest].join(" ")
const numbered = (n: number) => words(Math.imul(n, 0x9e3779b1) >>> 0, n, Math.imul(n, 0x85ebca6b) >>> 0, 7)

describe("HashSet128", () => {
  it("agrees with a Set", () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 200 }), (added) => {
        const set = new HashSet128()
        const model = new Set<string>()
        for (const one of added) {
          assert.strictEqual(set.has(words(...one), 0), model.has(keyOf(one)))
          assert.strictEqual(set.add(words(...one), 0), !model.has(keyOf(one)))
          model.add(keyOf(one))
          assert.strictEqual(set.size, model.size)
        }
        return added.every((one) => set.has(words(...one), 0))
      }),
      { numRuns: 300 }
    )
  })

  it("keeps everything while it grows, and holds nothing else", () => {
    const set = new HashSet128()
    for (let n = 0; n < 50_000; n++) assert.isTrue(set.add(numbered(n), 0))
    for (let n = 0; n < 50_000; n++) if (!set.has(numbered(n), 0)) assert.fail(`lost ${n}`)
    for (let n = 50_000; n < 60_000; n++) if (set.has(numbered(n), 0)) assert.fail(`invented ${n}`)
    assert.strictEqual(set.size, 50_000)
  })

  it("reads a hash in the middle of an array", () => {
    const set = new HashSet128()
    set.add(words(9, 9, 9, 9, 1, 2, 3, 4, 9), 4)
    assert.isTrue(set.has(words(1, 2, 3, 4), 0))
    assert.isFalse(set.has(words(9, 9, 9, 9), 0))
  })
})

describe("SeenSet", () => {
  it("ING-64: agrees with a map of days, whatever is added and forgotten", () => {
    const step = fc.record({ dayPasses: fc.boolean(), id })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const seen = new SeenSet(1_000_000)
        const model = new Map<string, number>()
        let day = 20_000
        for (const { dayPasses, id } of steps) {
          if (dayPasses) {
            day++
            seen.forgetBefore(day - 1)
            for (const [key, acceptedOn] of model) if (acceptedOn < day - 1) model.delete(key)
          }
          const known = seen.has(words(...id), 0)
          assert.strictEqual(known, model.has(keyOf(id)))
          if (!known) {
            seen.add(day, words(...id), 0)
            model.set(keyOf(id), day)
          }
          assert.strictEqual(seen.size, model.size)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("is bounded: above maxIds the oldest go first, and it says how many", () => {
    const seen = new SeenSet(1000)
    for (let n = 0; n < 10_000; n++) {
      seen.add(20_000, numbered(n), 0)
      assert.isAtMost(seen.size, 1250)
    }
    for (let n = 9250; n < 10_000; n++) assert.isTrue(seen.has(numbered(n), 0))
    assert.isFalse(seen.has(numbered(0), 0))
    assert.strictEqual(seen.size + seen.forgottenEarly, 10_000)
  })
})
