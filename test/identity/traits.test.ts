import { assert, describe, it } from "vitest"
import type { JsonObject } from "../../src/event/message.ts"
import { decodeTraits, encodeTraits, mergeTraits, type TraitDoc, writeTraits } from "../../src/identity/traits.ts"

const write = (doc: TraitDoc, traits: JsonObject, t: number, position = t, maxTraits = 100) =>
  writeTraits(doc, traits, t, 1, position, maxTraits)
const doc = (...writes: ReadonlyArray<readonly [JsonObject, number, number?]>): TraitDoc => {
  const made = decodeTraits("{}")
  for (const [traits, t, position] of writes) write(made, traits, t, position)
  return made
}
const values = (...docs: ReadonlyArray<TraitDoc>) =>
  Object.fromEntries([...mergeTraits(docs)].map(([key, { value }]) => [key, value]))

describe("trait documents (IDR-102, IDR-125)", () => {
  it("the newest event time wins, whatever arrives last", () => {
    assert.deepStrictEqual(values(doc([{ plan: "pro" }, 12], [{ plan: "free" }, 11])), { plan: "pro" })
    assert.deepStrictEqual(values(doc([{ plan: "pro" }, 12], [{ plan: "free" }, 13])), { plan: "free" })
  })

  it("at one time the later position wins, also between merged profiles", () => {
    assert.deepStrictEqual(values(doc([{ plan: "a" }, 12, 2], [{ plan: "b" }, 12, 1])), { plan: "a" })
    assert.deepStrictEqual(values(doc([{ plan: "a" }, 12, 1]), doc([{ plan: "b" }, 12, 2])), { plan: "b" })
  })

  it("a removal competes by time and outlives what comes late", () => {
    const removed = doc([{ age: 40 }, 10], [{ age: null }, 11], [{ age: 39 }, 9])
    assert.deepStrictEqual(values(removed), {})
    assert.deepStrictEqual(values(removed, doc([{ age: 41 }, 12])), { age: 41 })
    assert.deepStrictEqual(values(removed, doc([{ age: 41 }, 10])), {})
  })

  it("an empty text is a value, a nested object is one value", () => {
    assert.deepStrictEqual(values(doc([{ name: "", address: { city: "x" } }, 1], [{ address: { zip: 1 } }, 2])), {
      name: "",
      address: { zip: 1 }
    })
  })

  it("says whether anything changed", () => {
    const plan = doc([{ plan: "pro" }, 12])
    assert.isFalse(write(plan, { plan: "free" }, 11))
    assert.isFalse(write(plan, { plan: "pro" }, 12))
    assert.isTrue(write(plan, { plan: "pro" }, 13))
    assert.isFalse(write(plan, {}, 14))
  })

  it("new keys beyond the bound are left out, known ones still change", () => {
    const full = decodeTraits("{}")
    write(full, { a: 1, b: 2, c: 3 }, 1, 1, 2)
    assert.deepStrictEqual(values(full), { a: 1, b: 2 })
    write(full, { a: 9, d: 4 }, 2, 2, 2)
    assert.deepStrictEqual(values(full), { a: 9, b: 2 })
  })

  it("is stored as value, time, source and position", () => {
    const text = encodeTraits(doc([{ plan: "pro" }, 1790000000000, 89261234567890], [{ old: null }, 5]))
    assert.strictEqual(text, '{"plan":["pro",1790000000000,1,89261234567890],"old":[null,5,1,5]}')
    assert.deepStrictEqual(decodeTraits(text).get("plan"), ["pro", 1790000000000, 1, 89261234567890])
  })

  it("ING-6: keys such as __proto__ are plain data", () => {
    const traits = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as JsonObject
    const text = encodeTraits(doc([traits, 1]))
    const merged = mergeTraits([decodeTraits(text)])
    assert.deepStrictEqual(
      [...merged].map(([key, { value }]) => [key, value]),
      [
        ["__proto__", "p"],
        ["constructor", "c"],
        ["toString", "t"]
      ]
    )
  })
})
