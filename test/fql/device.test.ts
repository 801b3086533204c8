/** DST-23: what is translated for browsers says the same there, asked of the engine that runs there. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { deviceStatement } from "../../src/fql/device.ts"
import { evaluate, parseFql } from "../../src/fql/fql.ts"
import { loadBrowserEngine } from "./browser-engine.ts"

const engine = loadBrowserEngine()

const there = (text: string, event: object): boolean => {
  const { ir } = deviceStatement(text)!
  return engine.matches(event, ir === undefined ? { type: "all", ir: "" } : { type: "fql", ir: JSON.stringify(ir) })
}
const here = (text: string, event: object) => {
  const parsed = parseFql(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`)
  return evaluate(parsed.filter, event)
}

const P = "properties.p"
/** What a field may be; `undefined`: it is not there. */
const values = [undefined, null, true, false, 0, 1, -2.5, "", "a", "A*b", "5", [], ["a"], [null, 1], {}, { p: null }]

describe("DST-23: every statement of the table, on every kind of value", () => {
  it.each([
    "all",
    `${P} = null`,
    `${P} != null`,
    `null = ${P}`,
    `${P} = 'a'`,
    `${P} != 'a'`,
    `${P} = 0`,
    `${P} = true`,
    `${P} < 1`,
    `1 >= ${P}`,
    `${P} in ['a', 1, true]`,
    `${P} in ['a', null]`,
    `!(${P} in [])`,
    ...["=", "!=", "<", "<=", ">", ">="].flatMap((op) => [
      `length(${P}) ${op} 0`,
      `length(${P}) ${op} 1`,
      `2 ${op} length(${P})`
    ]),
    ...["string", "number", "bool", "null", "object"].flatMap((type) => [
      `typeof(${P}) = '${type}'`,
      `typeof(${P}) != '${type}'`
    ]),
    `typeof(${P}) in ['string', 'null']`,
    `lowercase(${P}) = 'a'`,
    `lowercase(${P}) != null`,
    `lowercase(${P}) in ['a', 'b']`,
    `contains(${P}, 'a')`,
    `!contains(${P}, ${P})`,
    `contains(${P}, '') = true`,
    `match(${P}, 'A*')`,
    `match(${P}, '?') or match(${P}, '[!-~]*[^a]')`,
    `true`,
    `null or false`
  ])("%s", (text) => {
    for (const value of values) {
      const event = { type: "track", properties: value === undefined ? {} : { p: value } }
      expect([value, there(text, event)]).toEqual([value, here(text, event)])
    }
  })

  it("DST-60: what is no boolean cannot be evaluated here; there it is false", () => {
    expect(
      [P, `!${P}`].map((text) => [undefined, null, true, false].map((p) => there(text, { properties: { p } })))
    ).toEqual([
      [false, false, true, false],
      [true, true, false, true]
    ])
    expect(there(P, { properties: { p: "yes" } })).toBe(false)
  })

  it("DST-23: the forms of the specification", () => {
    expect(deviceStatement("userId = null")!.ir).toEqual([
      "or",
      ["=", "userId", { value: null }],
      ["=", ["typeof", "userId"], { value: "undefined" }]
    ])
    expect(deviceStatement("userId != null")!.ir).toEqual(["!", deviceStatement("userId = null")!.ir])
    expect(deviceStatement("length( userId ) < 1")!.ir).toEqual([
      "or",
      ["=", ["typeof", "userId"], { value: "undefined" }],
      ["<", ["length", "userId"], { value: 1 }]
    ])
    expect(deviceStatement("event in ['A', 'B']")!.ir).toEqual([
      "in",
      "event",
      { value: [{ value: "A" }, { value: "B" }] }
    ])
  })
})

it.each([
  ["a list of the event", "'a' in properties.tags"],
  ["a list with a field in it", `${P} in ['a', properties.q]`],
  ["the order of texts", `${P} < 'b'`],
  ["lists", `typeof(${P}) = 'list'`],
  ["another name of a type", `typeof(${P}) = 'boolean'`],
  ["two fields", `${P} = properties.q`],
  ["the order of two fields", `${P} < properties.q`],
  ["semver", `semver(context.app.version, '>=', '1.2')`],
  ["other functions", `uppercase(${P}) = 'A'`],
  ["functions of functions", `contains(lowercase(${P}), 'a')`],
  ["a pattern of the event", `match(${P}, properties.q)`],
  ["lengths that are no number", `length(${P}) = null`],
  ["a dot in a name", "properties.a\\.b = 1"],
  ["an element of a list", "properties.products.0.sku = 'x'"],
  ["the length that JavaScript would find", `${P}.length = 1`],
  ["what every object has", "properties.constructor = null"],
  ["a time of the server's", "received_at >= '2023-04-21T19:55:00.933Z'"],
  ["times, which are no texts there", "timestamp = '2024-01-01T00:00:00.000Z'"],
  ["no statement", `${P} = `]
])("DST-23: not translated: %s", (_, text) => expect(deviceStatement(text)).toBeUndefined())

it("DST-23: a field of the page that has the name of a function of texts is translated", () => {
  const event = { context: { page: {} } }
  expect([there("context.page.search = null", event), here("context.page.search = null", event)]).toEqual([true, true])
})

const runs = Number(process.env["BRAID_PROPERTY_RUNS"] ?? 1500)

const field = fc.constantFrom(
  "event",
  "userId",
  "properties.p",
  "properties.q",
  "properties.q.p",
  "context.page.search"
)
const text = fc.constantFrom("", "a", "A", "ab*", "a[b-d]", "b?", "null", "5")
const scalar = fc.oneof(text, fc.constantFrom<unknown>(0, 1, 5, -1, true, false, null))
const written = (value: unknown): string => (typeof value === "string" ? `'${value}'` : String(value))
const literal = scalar.map(written)
const glob = fc.array(fc.constantFrom("a", "b", "*", "?", "[", "]", "^", "-", "\\", "[a-c]", "[^a]"), { maxLength: 6 })
const order = fc.constantFrom("=", "!=", "<", "<=", ">", ">=")
const operand = fc.oneof(
  { weight: 4, arbitrary: field },
  { weight: 2, arbitrary: literal },
  field.map((f) => `length(${f})`),
  field.map((f) => `lowercase(${f})`),
  field.map((f) => `typeof(${f})`),
  fc.tuple(field, text).map(([f, t]) => `contains(${f}, '${t}')`)
)
const right = fc.oneof(literal, literal, fc.constantFrom("'string'", "'number'", "'bool'", "'object'", "'null'"), field)
const comparison = fc.oneof(
  fc.tuple(operand, order, right).map(([a, op, b]) => `${a} ${op} ${b}`),
  fc.tuple(operand, fc.array(literal, { maxLength: 3 })).map(([a, list]) => `${a} in [${list.join(", ")}]`),
  fc.tuple(field, fc.oneof(literal, field)).map(([a, b]) => `contains(${a}, ${b})`),
  fc.tuple(field, glob).map(([f, parts]) => `match(${f}, '${parts.join("")}')`)
)
const { statement } = fc.letrec<{ statement: string }>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 4 },
    comparison,
    fc.tuple(tie("statement"), tie("statement")).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie("statement"), tie("statement")).map(([a, b]) => `(${a} or ${b})`),
    tie("statement").map((a) => `!(${a})`)
  )
}))

const value = fc.oneof(
  { weight: 6, arbitrary: scalar },
  fc.string({ unit: fc.constantFrom("a", "b", "c", "*", "[", "5"), maxLength: 5 }),
  fc.array(scalar, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("p", "q"), scalar)
)
const event = fc.record(
  {
    event: value,
    userId: value,
    properties: fc.dictionary(fc.constantFrom("p", "q"), value),
    context: fc.record({ page: fc.dictionary(fc.constantFrom("search", "url"), value) }, { requiredKeys: [] })
  },
  { requiredKeys: [] }
)

it("DST-23: a statement that chance makes says the same here and there, or is not translated", () => {
  let translated = 0
  fc.assert(
    fc.property(statement, fc.array(event, { minLength: 1, maxLength: 8 }), (text, events) => {
      if (!parseFql(text).ok || deviceStatement(text) === undefined) return
      translated++
      // What cannot be evaluated here has no answer to compare.
      const sayable = events.filter((each) => typeof here(text, each) === "boolean")
      expect(sayable.map((each) => there(text, structuredClone(each)))).toEqual(sayable.map((each) => here(text, each)))
    }),
    { numRuns: runs }
  )
  expect(translated).toBeGreaterThan(runs / 10)
})
