/** Mappings as the kit works them out, with our three repairs (DST-92, DST-94, DST-95). */
import { describe, expect, it } from "vitest"
import { packageHere, webhook } from "./support.ts"

const { call, seen } = packageHere()

const event = {
  type: "track",
  event: "Order Completed",
  userId: "u1",
  anonymousId: null,
  properties: {
    x: "X",
    five: 5,
    zero: 0,
    no: false,
    blank: "",
    text: "a.b.a",
    money: "5 a 6 a",
    nothing: null,
    json: '{"k":1}',
    deep: { a: 1, b: { c: [1, 2], d: null } },
    list: ["a", { id: 7 }],
    products: [
      { sku: "s1", price: 1 },
      { sku: "s2", price: 2 }
    ],
    one: { sku: "s9" }
  }
}

/** What a value becomes: sent inside `data`, which is a free-form object. */
const mapped = async (value: unknown): Promise<unknown> => {
  seen.length = 0
  const { outcomes } = await call(
    webhook,
    "send",
    { url: "https://stub.test/", method: "POST", data: { r: value } },
    event
  )
  const outcome = outcomes[0]!
  if (outcome.kind === "failed") return `${outcome.code} retry=${outcome.retry}: ${outcome.message}`
  return (JSON.parse(seen[0]!.body) as { readonly r?: unknown }).r
}

const path = (at: string) => ({ "@path": at })
const omitted = undefined

/** Written this way because an object with a `then` of its own is taken for a promise by whoever waits for it. */
const when = (condition: object, ...branches: ReadonlyArray<unknown>) => ({
  "@if": Object.fromEntries([
    ...Object.entries(condition),
    ...branches.map((branch, i) => [["then", "else"][i], branch])
  ])
})

const rows: ReadonlyArray<readonly [string, unknown, unknown]> = [
  ["@path reads a value", path("$.properties.deep.b.c[0]"), 1],
  ["@path, leading $. is optional", path("properties.x"), "X"],
  ["@path, a.0.c indexes", path("$.properties.products.0.sku"), "s1"],
  ["@path, $. is the whole event", path("$."), event],
  ["@path, missing", path("$.properties.missing"), omitted],
  ["@path, null stays null in free-form objects", path("$.properties.nothing"), null],
  ["@path, constructor is not there", path("$.properties.constructor.name"), omitted],
  ["@path, methods of texts are not there", path("$.properties.x.constructor"), omitted],
  ["@path, __proto__ is not there", path("$.properties.__proto__"), omitted],
  ["@template", { "@template": "{{event}} by {{properties.x}}" }, "Order Completed by X"],
  ["@template, missing is empty", { "@template": "<{{properties.missing}}>" }, "<>"],
  ["@template, objects", { "@template": "{{properties.deep}}" }, "[object Object]"],
  ["@template, the whole event does not throw", { "@template": "{{.}}" }, "[object Object]"],
  ["@template, three braces", { "@template": "{{{properties.x}}}" }, "X"],
  ["@template, constructor is not there", { "@template": "<{{properties.constructor.name}}>" }, "<>"],
  ["braces outside of @template", "{{event}}", "{{event}}"],
  ["@if exists", when({ exists: path("$.userId") }, "a", "b"), "a"],
  ["@if exists, null", when({ exists: path("$.anonymousId") }, "a", "b"), "b"],
  ["@if exists, empty text exists", when({ exists: path("$.properties.blank") }, "a", "b"), "a"],
  ["@if blank, empty text", when({ blank: path("$.properties.blank") }, "a", "b"), "b"],
  ["@if blank, 0", when({ blank: path("$.properties.zero") }, "a", "b"), "b"],
  ["@if blank, false", when({ blank: path("$.properties.no") }, "a", "b"), "b"],
  ["@if blank, a value", when({ blank: path("$.properties.x") }, "a", "b"), "a"],
  ["@if, no branch", when({ exists: path("$.missing") }, "a"), omitted],
  ["@if, empty else", when({ exists: path("$.missing") }, "a", ""), omitted],
  [
    "@arrayPath",
    { "@arrayPath": ["$.properties.products", { id: path("$.sku"), user: path("$.userId") }] },
    [{ id: "s1" }, { id: "s2" }]
  ],
  ["@arrayPath, single object", { "@arrayPath": ["$.properties.one", { id: path("$.sku") }] }, [{ id: "s9" }]],
  ["@arrayPath, scalar", { "@arrayPath": ["$.properties.x", { id: path("$.sku") }] }, "X"],
  ["@case lower", { "@case": { operator: "lower", value: path("$.event") } }, "order completed"],
  ["@case upper", { "@case": { operator: "upper", value: path("$.event") } }, "ORDER COMPLETED"],
  ["@case, no text", { "@case": { operator: "upper", value: path("$.properties.five") } }, 5],
  [
    "@case, other operator",
    { "@case": { operator: "title", value: path("$.event") } },
    'INVALID_SETTINGS retry=false: The mapping is not valid: operator key should have a value of "lower" or "upper"'
  ],
  ["@replace", { "@replace": { value: path("$.properties.text"), pattern: ".", replacement: "-" } }, "a-b-a"],
  [
    "@replace, first only",
    { "@replace": { value: path("$.properties.text"), pattern: "a", replacement: "z", global: false } },
    "z.b.a"
  ],
  [
    "@replace, letter case",
    { "@replace": { value: path("$.properties.text"), pattern: "A", replacement: "z", ignorecase: true } },
    "z.b.z"
  ],
  [
    "@replace, second pair",
    {
      "@replace": { value: path("$.properties.text"), pattern: "a", replacement: "z", pattern2: "b", replacement2: "y" }
    },
    "z.y.z"
  ],
  ["@replace, numbers", { "@replace": { value: path("$.properties.five"), pattern: "5", replacement: "6" } }, "6"],
  ["@replace, booleans", { "@replace": { value: path("$.properties.no"), pattern: "f", replacement: "F" } }, "False"],
  [
    "@replace, $& is text",
    { "@replace": { value: path("$.properties.money"), pattern: "a", replacement: "$&" } },
    "5 $& 6 $&"
  ],
  [
    "@replace, $$ is text",
    { "@replace": { value: path("$.properties.money"), pattern: "a", replacement: "$$" } },
    "5 $$ 6 $$"
  ],
  [
    "@replace, ten characters with $ are text",
    { "@replace": { value: path("$.properties.money"), pattern: "a", replacement: "$&$$$`$'$&" } },
    "5 $&$$$`$'$& 6 $&$$$`$'$&"
  ],
  [
    "@replace, $ in the second pair",
    {
      "@replace": {
        value: path("$.properties.money"),
        pattern: "5",
        replacement: "6",
        pattern2: "a",
        replacement2: "$&"
      }
    },
    "6 $& 6 $&"
  ],
  [
    "@replace, longer pattern",
    { "@replace": { value: path("$.properties.x"), pattern: "01234567890", replacement: "" } },
    "INVALID_SETTINGS retry=false: The mapping is not valid: /data/r/@replace/pattern should be a string of length 10 or less."
  ],
  [
    "@replace, longer replacement",
    { "@replace": { value: path("$.properties.x"), pattern: "a", replacement: "$&345678901" } },
    "INVALID_SETTINGS retry=false: The mapping is not valid: /data/r/@replace/replacement should be a string of length 10 or less."
  ],
  [
    "@merge right",
    { "@merge": { direction: "right", objects: [path("$.properties.one"), { sku: "later", b: 1 }] } },
    { sku: "later", b: 1 }
  ],
  [
    "@merge left",
    { "@merge": { direction: "left", objects: [path("$.properties.one"), { sku: "later", b: 1 }] } },
    { sku: "s9", b: 1 }
  ],
  [
    "@flatten",
    { "@flatten": { value: path("$.properties.deep"), separator: "." } },
    { a: 1, "b.c.0": 1, "b.c.1": 2, "b.d": null }
  ],
  [
    "@flatten without arrays",
    { "@flatten": { value: path("$.properties.deep"), separator: ".", omitArrays: true } },
    { a: 1, "b.c": [1, 2], "b.d": null }
  ],
  ["@json encode", { "@json": { mode: "encode", value: path("$.properties.one") } }, '{"sku":"s9"}'],
  ["@json decode", { "@json": { mode: "decode", value: path("$.properties.json") } }, { k: 1 }],
  ["@json decode of other text", { "@json": { mode: "decode", value: path("$.properties.x") } }, "X"],
  [
    "@transform",
    { "@transform": { apply: { a: path("$.properties.x") }, mapping: { b: path("$.a"), c: path("$.userId") } } },
    { b: "X" }
  ],
  ["@excludeWhenNull, null", { "@excludeWhenNull": path("$.properties.nothing") }, omitted],
  ["@excludeWhenNull, members", { "@excludeWhenNull": path("$.properties.deep") }, { a: 1, b: { c: [1, 2] } }],
  ["@literal", { "@literal": "{{event}}" }, "{{event}}"],
  ["@liquid", { "@liquid": "{{ event | upcase }}" }, "ORDER COMPLETED"],
  ["plain values", ["a", 1, true, null], ["a", 1, true, null]]
]

describe("directives of mappings (DST-92)", () => {
  it.each(rows)("AC4-35: %s", async (_name, value, expected) => {
    expect(await mapped(value)).toEqual(expected)
  })

  it.each([
    ["unknown directive", { "@nope": 1 }],
    ["two directives", { "@path": "$.event", "@template": "x" }],
    ["other keys beside one", { "@path": "$.event", other: 1 }]
  ])("AC4-35: %s makes the mapping invalid, finally", async (_name, value) => {
    expect(await mapped(value)).toMatch(/^INVALID_SETTINGS retry=false/)
  })

  it.each([
    ["a loop", "{% for p in properties.products %}x{% endfor %}"],
    ["a filter that is switched off", "{{ properties.products | map: 'sku' }}"],
    ["1,001 characters", "x".repeat(1_001)]
  ])("AC4-36, DST-94: liquid with %s is refused", async (_name, text) => {
    expect(await mapped({ "@liquid": text })).toMatch(/^INVALID_SETTINGS retry=false/)
  })

  it("keeps members named like methods when they are data (DST-92)", async () => {
    const own = { type: "track", properties: { constructor: "mine", length: 3 } }
    seen.length = 0
    const data = { a: path("$.properties.constructor"), b: path("$.properties.length") }
    await call(webhook, "send", { url: "https://stub.test/", method: "POST", data }, own)
    expect(JSON.parse(seen[0]!.body)).toEqual({ a: "mine", b: 3 })
  })

  it("does not let an event set a prototype", async () => {
    seen.length = 0
    const sent = JSON.parse('{"type":"track","properties":{"__proto__":{"polluted":true},"a":1}}') as Record<
      string,
      unknown
    >
    await call(webhook, "send", { url: "https://stub.test/", method: "POST", data: path("$.properties") }, sent)
    expect(seen[0]!.body).toBe('{"a":1}')
    expect(Reflect.get({}, "polluted")).toBeUndefined()
  })
})

describe("what is left of a mapped payload (DST-95)", () => {
  const mixpanel = "615c7438d93d9b61b1e9e192"
  const settings = { projectToken: "t", apiSecret: "s", apiRegion: "US 🇺🇸" }

  it("coerces, drops undeclared keys and empty values", async () => {
    seen.length = 0
    const mapping = { event: 7, distinct_id: "", undeclared: 1, event_properties: { n: null }, enable_batching: false }
    const { outcomes } = await call(mixpanel, "trackEvent", mapping, { ...event, properties: {} }, settings)
    expect(outcomes).toEqual([{ kind: "delivered" }])
    const [sent] = JSON.parse(seen[0]!.body) as [{ readonly event: unknown; readonly properties: object }]
    expect(sent.event).toBe("7")
    expect(sent.properties).not.toHaveProperty("undeclared")
  })

  it("rejects a payload without a required field, finally", async () => {
    const { outcomes } = await call(mixpanel, "trackEvent", {}, event, settings)
    expect(outcomes[0]).toMatchObject({ kind: "failed", code: "MESSAGE_REJECTED", retry: false })
  })

  it("says which setting is wrong", async () => {
    const { outcomes } = await call(mixpanel, "trackEvent", { event: "x" }, event, {})
    expect(outcomes[0]).toMatchObject({ kind: "failed", code: "INVALID_SETTINGS", retry: false })
  })
})
