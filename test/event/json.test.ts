import { describe, expect, it } from "vitest"
import { decodeUtf8, inspect, isLargerThan, jsonBytes, maxDepth, parseJson } from "../../src/event/json.ts"
import { mergeContext, mergeIntegrations } from "../../src/event/merge.ts"
import { makeMessageIds } from "../../src/event/message-id.ts"
import type { Json, JsonObject } from "../../src/event/message.ts"
import { truncateProperties } from "../../src/event/truncate.ts"

const nested = (levels: number): string => '{"a":'.repeat(levels - 1) + "{}" + "}".repeat(levels - 1)

describe("ING-6: parsing", () => {
  it.each([
    ["plain", '{"a":"b"}', { a: "b" }],
    ["repeated keys: the last wins", '{"a":1,"a":2}', { a: 2 }],
    ["NUL in a value", '{"a":"x\\u0000y"}', { a: "xy" }],
    ["NUL in a key", '{"a\\u0000b":1}', { ab: 1 }],
    ["keys that become equal: the last wins", '{"a":1,"a\\u0000":2}', { a: 2 }],
    ["an escaped backslash before u0000", '{"a":"\\\\u0000"}', { a: "\\u0000" }],
    ["a pair of surrogates", '{"a":"\\ud83d\\ude00"}', { a: "😀" }],
    ["a pair in capitals", '{"a":"\\uD83D\\uDE00"}', { a: "😀" }],
    ["a lone high surrogate", '{"a":"\\ud83d!"}', { a: "\ufffd!" }],
    ["a lone low surrogate", '{"a":"\\ude00"}', { a: "\ufffd" }],
    ["two high surrogates", '{"a":"\\ud83d\\ud83d\\ude00"}', { a: "\ufffd😀" }],
    ["a pair with a NUL between", '{"a":"\\ud83d\\u0000\\ude00"}', { a: "\ufffd\ufffd" }],
    ["other escapes beside a NUL", '{"a":"\\u0000\\n\\u00e9\\""}', { a: '\né"' }]
  ])("ING-6: %s", (_, text, expected) => expect(parseJson(text)).toEqual(expected))

  it("ING-6: a NUL outside of a string does not become valid by its removal", () =>
    expect(() => parseJson('{"a":1\\u0000}')).toThrow(SyntaxError))

  it.each([
    ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), undefined],
    ["a byte order mark", Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), "{}"],
    ["only a byte order mark", Buffer.from([0xef, 0xbb, 0xbf]), ""],
    ["a surrogate in UTF-8", Buffer.from([0xed, 0xa0, 0x80]), undefined]
  ])("ING-6: %s", (_, bytes, text) => expect(decodeUtf8(bytes)).toBe(text))

  it("AC1-39, ING-6: __proto__ and constructor are data, also after copies and merges", () => {
    const item = parseJson('{"traits":{"__proto__":{"x":1},"constructor":2}}') as { traits: JsonObject }
    const merged = mergeContext(item.traits, parseJson('{"__proto__":{"y":2}}') as JsonObject)
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"x":1,"y":2},"constructor":2}')
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
    expect(JSON.stringify(mergeIntegrations(item.traits, {}))).toBe('{"__proto__":{"x":1},"constructor":2}')
    expect(JSON.stringify(truncateProperties(item, 2))).toBe('{"traits":{"__proto__":{"x":1}}}')
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })
})

describe("ING-30, ING-33: size and depth", () => {
  it.each([
    [maxDepth, false],
    [maxDepth + 1, true],
    [200_000, true]
  ])("ING-33: %d levels are too deep: %s", (levels, deep) =>
    expect(inspect(JSON.parse(nested(levels)) as object, 1).deep).toBe(deep)
  )
  it("ING-33: arrays count as levels", () => {
    const value = { a: JSON.parse("[".repeat(64) + "]".repeat(64)) as Json }
    expect(inspect(value, 1).deep).toBe(true)
  })
  it("ING-6: a number beyond doubles is noticed at any depth", () => {
    expect(inspect(JSON.parse('{"a":[{"b":-1e400}]}') as object, 1).infinite).toBe(true)
    expect(inspect(JSON.parse('{"a":[{"b":1e300}]}') as object, 1).infinite).toBe(false)
  })
  it.each([
    ["{}"],
    ["[]"],
    ['{"a":1}'],
    ['{"a":[1,2.5,-3e-7,null,true,"x"],"b":{"c":{}}}'],
    ['{"é":"😀","\\u0001":"\\n\\"\\\\"}'],
    ['{"a":1E20}'],
    ['{"a":"\\ud800"}']
  ])("ING-30: the size of %s is that of its compact JSON", (text) => {
    const value = JSON.parse(text) as Json
    expect(jsonBytes(value)).toBe(Buffer.byteLength(JSON.stringify(value)))
  })
  it("ING-30: equal to the limit is accepted, whatever the characters take", () => {
    for (const char of ["x", "é", "\u0001", "😀", '"']) {
      const value = { a: char.repeat(1_000) }
      const size = jsonBytes(value)
      expect(isLargerThan(value, inspect(value, 1), size)).toBe(false)
      expect(isLargerThan(value, inspect(value, 1), size - 1)).toBe(true)
    }
  })
  it("ING-30: a value too deep to walk is measured all the same", () => {
    const value = JSON.parse(nested(100_000)) as JsonObject
    expect(isLargerThan(value, inspect(value, 1), 32_768)).toBe(true)
  })
})

describe("ING-32: at most 10,000 properties", () => {
  it("ING-32: keys at any depth count in document order, those inside arrays too", () => {
    const item = {
      userId: "u",
      traits: { a: 1, b: [{ c: 1 }, { d: 1 }], e: { f: 1, g: 1 }, h: 1 },
      properties: { late: 1 }
    }
    expect(truncateProperties(item, 9)).toBe(item)
    expect(truncateProperties(item, 6)).toEqual({
      userId: "u",
      traits: { a: 1, b: [{ c: 1 }, { d: 1 }], e: { f: 1 } },
      properties: {}
    })
    expect(truncateProperties(item, 3)).toEqual({ userId: "u", traits: { a: 1, b: [{ c: 1 }, {}] }, properties: {} })
  })
})

describe("ING-41: batch context and integrations", () => {
  it("ING-41: objects of the context merge, everything else is replaced, the item wins", () =>
    expect(
      mergeContext(
        { device: { type: "phone", name: "x" }, list: [1, 2], ip: "1.1.1.1", page: { a: 1 } },
        { device: { name: "y" }, list: [3], page: null }
      )
    ).toEqual({ device: { type: "phone", name: "y" }, list: [3], ip: "1.1.1.1", page: null }))
  it("ING-41: integrations merge per key only", () =>
    expect(mergeIntegrations({ A: { x: 1 }, B: false }, { A: { y: 1 } })).toEqual({ A: { y: 1 }, B: false }))
})

it("ING-63: generated ids are api- and 27 base62 characters, all different", () => {
  let seed = 1
  const next = makeMessageIds((bytes) => {
    for (let n = 0; n < bytes.length; n++) bytes[n] = seed = (seed * 48_271) % 2_147_483_647
  })
  const ids = Array.from({ length: 1_000 }, next)
  for (const id of ids) expect(id).toMatch(/^api-[0-9A-Za-z]{27}$/)
  expect(new Set(ids).size).toBe(1_000)
  expect(new Set(ids.join("").replaceAll("api-", "")).size).toBe(62)
})
