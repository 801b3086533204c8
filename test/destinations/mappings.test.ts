/** What a mapping may say, what it lacks, and how it is handed to Segment's package (DST-82, DST-91, DST-92, DST-100). */
import { describe, expect, it } from "vitest"
import type { CatalogField } from "../../src/catalog/entry.ts"
import { compileMapping } from "../../src/destinations/compiled.ts"
import { expandKeys } from "../../src/destinations/expand-keys.ts"
import { mappingProblems } from "../../src/destinations/manage/directives.ts"
import { missingFields, missingSettings } from "../../src/destinations/required.ts"
import { action, field } from "./entries.ts"
import { entry } from "./given.ts"

const is = (fieldKey: string, value?: unknown) =>
  ({ match: "all", conditions: [{ type: "field", fieldKey, operator: "is", value }] }) as const
const batched = (fields: ReadonlyArray<CatalogField>, settings: object, slug = "actions-x") =>
  compileMapping(entry({ slug, actions: [action("send", { batch: true, fields })] }), {
    id: "m",
    name: "m",
    actionSlug: "send",
    enabled: true,
    trigger: "all",
    settings: { ...settings }
  }).batch

describe("DST-91: keys of what is sent", () => {
  it.each([
    [{ "info.name": 1 }, { info: { name: 1 } }],
    [{ "info.name": 1, "info.age": 2 }, { info: { name: 1, age: 2 } }],
    [{ "info[0].email": 1, "info[1].email": 2 }, { info: [{ email: 1 }, { email: 2 }] }],
    [{ "list[2]": 1 }, { list: [null, null, 1] }],
    [{ "a[0][1]": 1 }, { a: [[null, 1]] }],
    [{ '"user.email"': 1 }, { "user.email": 1 }],
    [{ 'a."b.c".d': 1 }, { a: { "b.c": { d: 1 } } }],
    [
      { "a..b": 1, ".a": 2, "a.": 3, "[0]": 4, "a[x]": 5, "a[100]": 6 },
      { "a..b": 1, ".a": 2, "a.": 3, "[0]": 4, "a[x]": 5, "a[100]": 6 }
    ],
    [{ data: { "a.b": { "@path": "$.x.y" } } }, { data: { a: { b: { "@path": "$.x.y" } } } }],
    [
      { x: { "@arrayPath": ["$.p", { "a.b": { "@path": "$.q" } }] } },
      { x: { "@arrayPath": ["$.p", { a: { b: { "@path": "$.q" } } }] } }
    ],
    [{ x: { "@literal": { "a.b": 1 } } }, { x: { "@literal": { "a.b": 1 } } }],
    [{ a: { "@path": "$.x" }, "a.b": 1 }, { a: { b: 1 } }],
    [{ a: { b: 1, l: [1] }, "a.c": 2, "a.l[1]": 3 }, { a: { b: 1, c: 2, l: [1, 3] } }]
  ])("%j", (sent, expected) => {
    expect(expandKeys(sent)).toEqual(expected)
  })

  it("keys of the prototype are keys like others", () => {
    const expanded = expandKeys(JSON.parse('{"__proto__": {"x": 1}, "a.__proto__.b": 2}'))
    expect(JSON.stringify(expanded)).toBe('{"__proto__":{"x":1},"a":{"__proto__":{"b":2}}}')
    expect(({} as Record<string, unknown>)["b"]).toBeUndefined()
  })
})

describe("DST-92: directives", () => {
  it.each([
    { "@path": "$.a.b[0].c" },
    { "@template": "{{event}} by {{properties.x}}" },
    JSON.parse('{"@if": {"exists": {"@path": "$.a"}, "then": 1, "else": {"@path": "$.b"}}, "_metadata": {}}'),
    { "@if": { blank: { "@path": "$.a" } } },
    { "@arrayPath": ["$.properties.products", { id: { "@path": "$.sku" } }] },
    { "@case": { operator: "lower", value: "X" } },
    { "@replace": { value: "x", pattern: "a", replacement: "b", ignorecase: false, global: true } },
    { "@merge": { direction: "right", objects: [{ a: 1 }] } },
    { "@flatten": { value: { "@path": "$.a" }, separator: "." } },
    { "@json": { mode: "encode", value: 1 } },
    { "@transform": { apply: { a: 1 }, mapping: { b: 2 } } },
    { "@excludeWhenNull": null },
    { "@literal": { "@path": 1, "@other": 2 } },
    { "@liquid": "{% assign x = event %}{{ x | upcase }} {% if x %}for{% endif %}" }
  ])("%j is one", (value) => {
    expect(mappingProblems({ f: value }, new Set())).toEqual([])
  })

  it.each([
    ["unknown", { "@paht": "$.a" }, "There is no directive @paht"],
    ["two", { "@path": "$.a", "@template": "x" }, "One directive at a time"],
    ["extra keys", { "@path": "$.a", more: 1 }, "`more` cannot stand beside"],
    ["deep", { a: [{ b: { "@constructor": 1 } }] }, "There is no directive @constructor"],
    ["no text", { "@path": 5 }, "takes a text"],
    ["operator", { "@case": { operator: "title", value: "x" } }, "lower or upper"],
    ["long pattern", { "@replace": { value: "x", pattern: "a".repeat(11) } }, "at most 10"],
    ["AC4-36 tag", { "@liquid": "{% for x in y %}{% endfor %}" }, "cannot have the tag `for`"],
    ["AC4-36 length", { "@liquid": "x".repeat(1001) }, "at most 1000 characters, not 1001"],
    ["tag in liquid", { "@liquid": "{% liquid\n assign a = 1\n render 'x' %}" }, "tag `render`"],
    ["case", { "@liquid": "{%- case x -%}{% when 1 %}{% endcase %}" }, "tag `case`"],
    ["filter", { "@liquid": '{{ "a | b" | split: "" | reverse }}' }, "filter `reverse`"]
  ])("%s is refused", (_, value, message) => {
    expect(mappingProblems({ f: value }, new Set()).map((problem) => problem.message)).toEqual([
      expect.stringContaining(message)
    ])
  })

  it("names where; what is no field is left out; too deep is refused", () => {
    expect(mappingProblems({ a: { b: [{ "@x": 1 }] } }, new Set())[0]!.field).toBe("settings.a.b[0]")
    expect(mappingProblems({ onMappingSave: { "@x": 1 } }, new Set(["onMappingSave"]))).toEqual([])
    const deep = Array.from({ length: 60 }).reduce<unknown>((inner) => ({ a: inner }), 1)
    expect(mappingProblems({ deep }, new Set())).toHaveLength(1)
  })
})

describe("DST-82: what is required and missing", () => {
  const some = action("some", {
    fields: [
      field("id", { required: true }),
      field("alias", { required: is("email") }),
      field("why", { required: is("kind", "cancelled") }),
      field("item", { type: "object", fields: [field("sku", { required: true }), field("note")] })
    ]
  })
  it.each([
    [{}, ["id", "alias"]],
    [{ id: "", email: "e" }, ["id"]],
    [{ id: { "@path": "" }, email: "e" }, ["id"]],
    [{ id: 0, email: { "@path": "$.e" } }, []],
    [{ id: false, email: "e", kind: "cancelled" }, ["why"]],
    [{ id: 1, email: "e", item: { note: 1 } }, ["item.sku"]],
    [{ id: 1, email: "e", item: { "@path": "$.properties" } }, []]
  ])("of %j", (settings, missing) => {
    expect(missingFields(some, settings)).toEqual(missing)
  })

  it("DST-96: a sync mode is required where there are some", () => {
    const synced = action("s", { syncModes: ["add", "update"] })
    expect(missingFields(synced, {})).toEqual(["__segment_internal_sync_mode"])
    expect(missingFields(synced, { __segment_internal_sync_mode: "add" })).toEqual([])
  })

  it("settings of a destination, and the connection of one with OAuth", () => {
    const vendor = entry({ settings: [field("key", { required: true, type: "password" })], scheme: "oauth2" })
    expect(missingSettings(vendor, {}, false)).toEqual(["key", "oauth"])
    expect(missingSettings(vendor, { key: "k" }, true)).toEqual([])
  })
})

describe("DST-100: batches", () => {
  const enable = field("enable_batching", { type: "boolean", default: true })
  const size = field("batch_size", { type: "number", default: 0 })
  const keys = field("batch_keys", { multiple: true, default: ["url", "method"] })
  it.each([
    ["the default of the field", [enable], {}, { size: 1000, keys: [] }],
    ["switched off", [enable], { enable_batching: false }, undefined],
    ["a directive is no true", [enable], { enable_batching: { "@path": "$.x" } }, undefined],
    [
      "size within the field",
      [enable, field("batch_size", { maximum: 500 })],
      { batch_size: 800 },
      { size: 500, keys: [] }
    ],
    ["without a switch: off by default", [size, keys], {}, undefined],
    ["without a switch: by size", [size, keys], { batch_size: 3 }, { size: 3, keys: ["url", "method"] }],
    ["without a switch: one is none", [size], { batch_size: 1 }, undefined]
  ])("%s", (_, fields, settings, expected) => {
    expect(batched(fields, settings)).toEqual(expected)
  })

  it("at most 4,000 for the webhook; an action without batches has none", () => {
    expect(batched([size], { batch_size: 9000 }, "actions-webhook")?.size).toBe(4000)
    const single = compileMapping(entry({ actions: [action("send", { fields: [enable] })] }), {
      id: "m",
      name: "m",
      actionSlug: "send",
      enabled: true,
      trigger: "all",
      settings: {}
    })
    expect(single.batch).toBeUndefined()
  })
})
