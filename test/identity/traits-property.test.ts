/** INV-15 over many random histories, against a model too simple to be wrong: sort all writes, take the last. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { decodeTraits, encodeTraits, mergeTraits, type TraitDoc, writeTraits } from "../../src/identity/traits.ts"

// Few keys, times and profiles: ties and late arrivals are where traits go wrong.
const write = fc.record({
  profile: fc.nat(3),
  at: fc.nat(4),
  traits: fc.dictionary(fc.constantFrom("plan", "name", "1", "__proto__"), fc.constantFrom(null, "a", "b", 7), {
    maxKeys: 3
  })
})

const byKey = (list: ReadonlyArray<readonly [string, ...unknown[]]>) => list.toSorted(([a], [b]) => (a < b ? -1 : 1))

it("INV-15: traits of a merged person are the newest writes of all its events, removals included", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
      const docs = new Map<number, TraitDoc>()
      writes.forEach(({ at, profile, traits }, position) => {
        const doc = docs.get(profile) ?? new Map()
        docs.set(profile, doc)
        writeTraits(doc, traits, at, 1, position, 100)
      })
      const stored = [...docs.values()].map((doc) => decodeTraits(encodeTraits(doc)))
      const merged = [...mergeTraits(stored)].map(([key, { at, value }]) => [key, value, at] as const)

      const newest = new Map<string, readonly [value: unknown, at: number]>()
      const inOrder = writes
        .map((each, position) => ({ ...each, position }))
        .sort((a, b) => a.at - b.at || a.position - b.position)
      for (const { at, traits } of inOrder)
        for (const [key, value] of Object.entries(traits)) newest.set(key, [value, at])
      const expected = [...newest]
        .filter(([, [value]]) => value !== null)
        .map(([key, [value, at]]) => [key, value, at] as const)

      expect(byKey(merged)).toEqual(byKey(expected))
    }),
    { numRuns: 1000 }
  )
})
