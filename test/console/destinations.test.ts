/** Pure parts of the destination pages: conditions as text and back, filters as forms, fields that depend on others, values of mappings. */
import { describe, expect, it } from "vitest"
import {
  conditionProblem,
  groupIn,
  type Operator,
  operatorsOf,
  takesNumber,
  takesValue,
  textOfGroup
} from "../../src/console/pages/destinations/conditions.ts"
import {
  fieldOfOption,
  fieldProblem,
  isRequired,
  isShown,
  sentValues
} from "../../src/console/pages/destinations/fields.ts"
import { periodOf } from "../../src/console/pages/destinations/delivery/period.ts"
import { shareThreads, stepThreads } from "../../src/console/pages/destinations/delivery/threads.ts"
import { filterOf, formOf, formProblem } from "../../src/console/pages/destinations/filters/filter-form.ts"
import { byCategory, shownEntries, sorted } from "../../src/console/pages/catalog/catalog-list.ts"
import { marksOf } from "../../src/console/pages/destinations/marks.ts"
import {
  coalesceIn,
  coalesceOf,
  kindOf,
  kinds,
  pathsIn,
  startOf,
  valueAt
} from "../../src/console/pages/destinations/mappings/directive.ts"

const one = (path: string, operator: Operator, value = "") => ({
  match: "all" as const,
  conditions: [{ path, operator, value }]
})

describe("conditions of triggers (DST-86)", () => {
  it.each([
    [one("type", "is", "track"), 'type = "track"'],
    [one("event", "is-not", "A"), 'event != "A"'],
    [one("properties.n", "equals", "5"), "properties.n = 5"],
    [one("properties.n", "at-least", "-1.5"), "properties.n >= -1.5"],
    [one("event", "contains", "and"), 'contains(event, "and")'],
    [one("event", "contains-not", "x"), '!contains(event, "x")'],
    [one("event", "starts", "Order"), 'match(event, "Order*")'],
    [one("event", "ends-not", "ed"), '!match(event, "*ed")'],
    [one("userId", "exists"), "userId != null"],
    [one("userId", "exists-not"), "userId = null"],
    [one("properties.vip", "true"), "properties.vip = true"]
  ])("%j is saved as %s, and is read again", (group, text) => {
    expect(textOfGroup(group, "trigger")).toBe(text)
    expect(groupIn(text, "trigger")).toEqual(group)
  })

  it("every operator is read as it was written", () => {
    for (const dialect of ["trigger", "filter"] as const)
      for (const [operator] of operatorsOf(dialect)) {
        const group = one(
          "properties.x",
          operator,
          takesValue(operator) ? (takesNumber(operator) ? "7" : "a or b") : ""
        )
        expect(groupIn(textOfGroup(group, dialect), dialect), `${dialect} ${operator}`).toEqual(group)
      }
  })

  it.each([
    ["type='identify' or type = 'track'", { match: "any", paths: ["type", "type"] }],
    ['type = "track" and event != "Order Completed"', { match: "all", paths: ["type", "event"] }],
    ['contains(event, " and ") or type = "page"', { match: "any", paths: ["event", "type"] }]
  ])("%s is one group", (text, { match, paths }) => {
    const group = groupIn(text, "trigger")!
    expect([group.match, ...group.conditions.map(({ path }) => path)]).toEqual([match, ...paths])
  })

  it.each([
    'type = "track" and event = "A" or event = "B"',
    '(type = "track" or type = "page") and event = "A"',
    '!(type = "track")',
    'type in ["track"]',
    'match(event, "a*b")',
    "length(userId) > 0",
    "all"
  ])("%s stays text", (text) => expect(groupIn(text, "trigger")).toBeUndefined())

  it.each([
    ["a quote", { path: "event", operator: "is", value: 'a "b"' }],
    ["a star", { path: "event", operator: "starts", value: "a*" }],
    ["no path", { path: "", operator: "is", value: "a" }],
    ["no number", { path: "properties.n", operator: "less", value: "x" }]
  ] as const)("%s is refused: %j", (_, condition) => expect(conditionProblem(condition, "trigger")).toBeDefined())
})

describe("filters as forms (DST-55, DST-62, DST-65)", () => {
  it.each([
    ["only send", { if: "!( type = 'track' )", actions: [{ type: "DROP" }] }],
    ["several, only send", { if: "!( event = 'A' or event = 'B' )", actions: [{ type: "DROP" }] }],
    [
      "drop",
      { if: "event = 'Order Completed' and contains( properties.email, '@x.com' )", actions: [{ type: "DROP" }] }
    ],
    [
      "nobody's address",
      { if: "all", actions: [{ type: "DROP_PROPERTIES", fields: { context: ["email"], properties: ["email"] } }] }
    ],
    ["of a list", { if: "all", actions: [{ type: "ALLOW_PROPERTIES", fields: { "properties.products": ["sku"] } }] }],
    ["sample", { if: "event = 'Video Heartbeat'", actions: [{ type: "SAMPLE", percent: 0.1, path: "userId" }] }]
  ] as const)("%s is said exactly", (_, filter) => expect(filterOf(formOf(filter)!)).toEqual(filter))

  it.each([
    ["nested", { if: "type = 'track' and ( event = 'A' or event = 'B' )", actions: [{ type: "DROP" }] }],
    ["a function", { if: "length( userId ) < 1", actions: [{ type: "DROP" }] }],
    ["two actions", { if: "all", actions: [{ type: "DROP" }, { type: "SAMPLE", percent: 1 }] }]
  ] as const)("AC4-72: %s is edited as text", (_, filter) => expect(formOf(filter)).toBeUndefined())

  it("DST-58: a name with a blank is refused before it is sent", () => {
    const form = formOf({ if: "all", actions: [{ type: "DROP_PROPERTIES", fields: { properties: ["card no"] } }] })!
    expect(formProblem(form)).toContain("card no")
  })
})

describe("fields (DST-9, DST-90)", () => {
  const option = { name: "a", type: "STRING", required: false, description: "" }
  const depends = {
    match: "all",
    conditions: [{ type: "field", fieldKey: "mode", operator: "is", value: ["x", "y"] }]
  } as const
  const field = fieldOfOption({ ...option, dependsOn: depends, requiredIf: depends })

  it("shows and needs what its conditions say", () => {
    expect(isShown(field, { mode: "y" })).toBe(true)
    expect(isShown(field, { mode: "z" })).toBe(false)
    expect(isRequired(field, { mode: "x" })).toBe(true)
    expect(sentValues([field], { a: "1", mode: "z" })).toEqual({})
  })

  it.each([
    [{ ...option, type: "integer" }, "1.5"],
    [{ ...option, type: "number", maximum: 4 }, "5"],
    [{ ...option, format: "uri" }, "example.com"],
    [{ ...option, required: true }, ""]
  ])("%j does not take %j", (of, value) => expect(fieldProblem(fieldOfOption(of), value, {})).toBeDefined())
})

const then = "then" as string
const when = (condition: object) => ({ "@if": condition })

describe("values of mappings (DST-92, DST-93)", () => {
  it.each([
    ["path", { "@path": "$.event" }],
    ["static", "x"],
    ["static", null],
    ["template", { "@template": "{{event}}" }],
    ["coalesce", when({ exists: { "@path": "$.a" }, [then]: { "@path": "$.a" }, else: { "@path": "$.b" } })],
    ["raw", when({ exists: { "@path": "$.a" }, [then]: "yes", else: "no" })],
    ["raw", when({ blank: { "@path": "$.a" }, [then]: { "@path": "$.a" } })],
    ["raw", { "@unknown": 1 }],
    ["raw", { "@path": "$.a", more: 1 }],
    ["each", { "@arrayPath": ["$.properties.products", { id: { "@path": "$.sku" } }] }],
    ["object", { a: { "@path": "$.b" } }]
  ])("%s: %j", (kind, value) => expect(kindOf(value)).toBe(kind))

  it.each(kinds.filter(([kind]) => kind !== "raw"))("what %s starts with is shown so", (kind) =>
    expect(kindOf(startOf(kind, { "@path": "$.event" }))).toBe(kind)
  )

  it("coalesce keeps the order", () => {
    const values = [{ "@path": "$.a" }, { "@path": "$.b" }, "c"]
    expect(coalesceIn(coalesceOf(values))).toEqual(values)
  })

  it("paths of an event, and what stands there", () => {
    const event = { type: "track", properties: { a: { b: [1, { c: 2 }] }, "x.y": 1 } }
    expect(pathsIn(event)).toEqual(["$.type", "$.properties", "$.properties.a", "$.properties.a.b"])
    expect(valueAt(event, "$.properties.a.b[1].c")).toBe(2)
    expect(valueAt(event, "properties.a.nothing")).toBeUndefined()
  })
})

describe("the pipeline's threads", () => {
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0, 0, 0]
    ],
    [
      [1, 0, 0, 999_999],
      [1, 0, 0, 49]
    ],
    [
      [1, 1, 1, 1],
      [13, 13, 12, 12]
    ],
    [
      [38, 128, 6, 828],
      [2, 6, 1, 41]
    ],
    [
      [1, 1, 1, 1_000_000],
      [1, 1, 1, 47]
    ]
  ])("%j are %j of fifty", (parts, threads) => expect(shareThreads(parts)).toEqual(threads))

  it("what does not fall out goes on", () => {
    expect(stepThreads([0, 50, 0, 25], 25)).toEqual([
      { out: 0, on: 50 },
      { out: 25, on: 25 },
      { out: 0, on: 25 },
      { out: 13, on: 12 }
    ])
  })
})

describe("periods", () => {
  const now = Date.parse("2026-05-02T12:00:30.000Z")
  it("AC4-54: the overview ends five minutes ago, by whole minutes", () => {
    const { from, to } = periodOf({ range: "10m" }, now - 30_000, 5 * 60_000)
    expect([from, to].map((at) => new Date(at).toISOString().slice(11, 16))).toEqual(["11:45", "11:55"])
  })

  it.each([
    [{ range: "1h" as const }, "MINUTE"],
    [{}, "HOUR"],
    [{ range: "14d" as const }, "HOUR"],
    [{ from: now - 3 * 3_600_000, to: now }, "MINUTE"]
  ])("DEL-24: %j is counted by %s", (asked, granularity) => expect(periodOf(asked, now).granularity).toBe(granularity))
})

describe("marks in payloads", () => {
  const response = JSON.stringify({ errors: [{ type: "invalid 'currency'", index: 0 }] })

  it("what the response names is marked in all three", () => {
    const sent = { properties: { currency: "euro", currency_code: "EUR", other: "euro" } }
    const marks = marksOf(sent, '{"purchases":[{"currency":"euro","price":1}]}', response)
    expect([marks.sent, marks.request, marks.response].map((all) => all.map(({ path }) => path))).toEqual([
      ["properties.currency"],
      ["purchases[0].currency"],
      ["errors[0].type"]
    ])
  })

  it.each([
    ["nothing is named", '{"price":1}', response],
    ["no JSON", "currency=euro", response],
    ["everything is named", '{"a1":1,"b1":1,"c1":1,"d1":1,"e1":1}', '{"m":"a1 b1 c1 d1 e1"}']
  ])("%s: nothing is marked", (_, request, answer) =>
    expect(marksOf({}, request, answer)).toEqual({ sent: [], request: [], response: [] })
  )
})

const entry = (name: string, categories: ReadonlyArray<string>, previousNames: ReadonlyArray<string> = []) => ({
  id: name,
  name,
  slug: `actions-${name.toLowerCase()}`,
  description: "",
  status: "PUBLIC",
  categories,
  previousNames,
  website: ""
})
const names = (entries: ReadonlyArray<{ readonly name: string }>) => entries.map(({ name }) => name)

describe("AC4-68: the catalog", () => {
  const all = sorted([
    entry("Slack", ["Chat"]),
    entry("Mixpanel", ["Analytics"]),
    entry("Other tool", [], ["Remix"]),
    entry("Amplitude", ["Analytics", "Attribution"])
  ])
  it.each([
    ["mix", undefined, ["Mixpanel", "Other tool"]],
    ["ACTIONS-slack", undefined, ["Slack"]],
    ["", "Analytics", ["Amplitude", "Mixpanel"]],
    ["", "all", ["Amplitude", "Mixpanel", "Other tool", "Slack"]],
    ["mix", "Chat", []]
  ])("%j in %j", (text, category, expected) => expect(names(shownEntries(all, { text, category }))).toEqual(expected))

  it("by category, what has none at the end", () => {
    expect(byCategory(all).map(([title, entries]) => [title, ...names(entries)])).toEqual([
      ["Analytics", "Amplitude", "Mixpanel"],
      ["Attribution", "Amplitude"],
      ["Chat", "Slack"],
      ["Other", "Other tool"]
    ])
  })
})
