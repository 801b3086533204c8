/** What destinations add to the document of a source (DST-22), and that its rules do in a browser what filters do here. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { FilterAction } from "../../../src/destinations/compiled.ts"
import type { Destination } from "../../../src/destinations/destination.ts"
import { deviceParts, makeDeviceParts } from "../../../src/destinations/device/device-mode.ts"
import { routingRules } from "../../../src/destinations/device/routing-rules.ts"
import { applyFilters } from "../../../src/destinations/pipeline/filters.ts"
import { settingsDocument } from "../../../src/tracking/settings-document.ts"
import { compileBlocks, nothingBlocked } from "../../../src/workspace/source-blocks.ts"
import type { Source } from "../../../src/workspace/workspace.ts"
import { loadBrowserEngine } from "../../fql/browser-engine.ts"
import { action, field } from "../entries.ts"
import { destination, entry, type Event, type Given } from "../given.ts"

const pixel = entry({
  id: "d".repeat(24),
  name: "Pixel",
  names: ["Pixel"],
  kind: "classic",
  deviceModeInstances: "SINGLE",
  components: [
    { type: "BROWSER", code: "pixel" },
    { type: "SERVER", code: "pixel" }
  ],
  settings: [
    field("pixelId", { public: true }),
    field("options", { type: "object", public: true }),
    field("apiKey"),
    field("secret", { type: "password", public: true })
  ]
})
const heat = entry({
  name: "Heat (Web)",
  names: ["Heat (Web)"],
  cloudModeInstances: "NONE",
  deviceModeInstances: "SINGLE",
  components: [{ type: "BROWSER", code: "heat", bundle: { url: "/heat.js", library: "heatDestination" } }],
  settings: [field("site", { public: true })],
  actions: [action("send", { fields: [field("event"), field("key", { type: "password" })] })]
})

const onDevice = (given: Given = {}, changes: Partial<Destination> = {}) =>
  destination(given, { id: "dst_device", entry: pixel, connectionMode: "device", mappings: [], ...changes })

const web = (settings?: Source["settings"]): Source => ({
  no: 1,
  id: "src_web",
  slug: "web",
  name: "Web",
  kind: "website",
  writeKeys: ["W"],
  enabled: true,
  ...(settings === undefined ? undefined : { settings })
})

const snapshot = (all: ReadonlyArray<Destination>) => ({
  version: 1,
  all,
  byId: new Map(),
  bySource: new Map([[1, all]])
})

const documentOf = (...destinations: ReadonlyArray<Destination>) =>
  settingsDocument("W", { protocol: "https", host: "h" }, { device: deviceParts(web(), destinations) })

describe("DST-22: what is in the document", () => {
  it("ING-156: a device-mode destination has its public settings there, never a secret, never null", () => {
    const settings = { pixelId: "p-1", options: { a: null, b: [null, { c: 1, d: null }] }, apiKey: "k", secret: "s" }
    const parts = deviceParts(web(), [onDevice({}, { settings })])
    expect(parts).toMatchObject({
      integrations: {
        Pixel: {
          pixelId: "p-1",
          options: { b: [{ c: 1 }] },
          type: "browser",
          bundlingStatus: "bundled",
          versionSettings: { componentTypes: ["browser", "server"] }
        }
      },
      unbundledIntegrations: [],
      maybeBundledConfigIds: { Pixel: ["dst_device"] },
      remotePlugins: [],
      routingRules: []
    })
    expect(Object.keys(parts.integrations["Pixel"]!)).not.toContain("secret")
    expect(Object.keys(parts.integrations["Pixel"]!)).not.toContain("apiKey")
    const document = JSON.stringify(settingsDocument("W", { protocol: "https", host: "h" }, { device: parts }))
    expect(document).not.toMatch(/null|"s"|"k"/)
  })

  it("AC4-64: beside a device instance a cloud instance is named, and its id is not among those that the device has served", () => {
    const cloud = destination({}, { id: "dst_cloud", entry: pixel, settings: { pixelId: "p-2" } })
    const parts = deviceParts(web(), [onDevice(), cloud])
    expect([parts.unbundledIntegrations, parts.maybeBundledConfigIds]).toEqual([["Pixel"], { Pixel: ["dst_device"] }])
    expect(JSON.stringify(parts)).not.toContain("p-2")
  })

  it.each([
    ["disabled", web(), { enabled: false }],
    ["without a required setting", web(), { missingSettings: ["pixelId"] }],
    ["at a server", { ...web(), kind: "server" as const }, {}],
    ["of browsers alone, at an app", { ...web(), kind: "mobile" as const }, {}]
  ])("DST-20: a device-mode destination %s is not there", (_, source, changes) => {
    const { integrations, maybeBundledConfigIds } = deviceParts(source, [onDevice({}, changes)])
    expect([integrations, maybeBundledConfigIds]).toEqual([{}, {}])
  })

  it("DST-26: an app finds what has a component for it", () => {
    const app = entry({ ...pixel, components: [{ type: "IOS", code: "x" }] })
    const { integrations } = deviceParts({ ...web(), kind: "mobile" }, [onDevice({}, { entry: app })])
    expect(integrations["Pixel"]).toEqual({ bundlingStatus: "bundled", versionSettings: { componentTypes: ["ios"] } })
  })

  it("DST-22: an entry with actions comes as a plug-in with its mappings, and not as a classic destination", () => {
    const made = destination(
      { triggers: ['type = "track"', 'type = "page"'], disabled: ["m2"] },
      { id: "dst_heat", entry: heat, connectionMode: "device", settings: { site: "s-1" } }
    )
    const mappings = made.mappings.map((mapping) => ({
      ...mapping,
      settings: { event: { "@path": "$.event" }, key: "secret" }
    }))
    const parts = deviceParts(web(), [{ ...made, mappings }])
    expect(parts.remotePlugins).toEqual([
      {
        name: "Heat (Web)",
        creationName: "Heat (Web)",
        url: "/heat.js",
        libraryName: "heatDestination",
        settings: {
          site: "s-1",
          subscriptions: [
            {
              partnerAction: "send",
              name: "m1",
              enabled: true,
              subscribe: 'type = "track"',
              mapping: { event: { "@path": "$.event" } }
            }
          ]
        }
      }
    ])
    expect(parts.integrations["Heat (Web)"]).toEqual({
      bundlingStatus: "bundled",
      versionSettings: { componentTypes: [] }
    })
  })

  it("ING-154: categories of consent, for who asks people on the device", () => {
    expect(documentOf(onDevice())).not.toHaveProperty("consentSettings")
    const ads = onDevice({}, { consentCategories: ["ads"] })
    const cloud = destination({}, { consentCategories: ["stats", "ads"] })
    expect(documentOf(ads, cloud, destination({}, { enabled: false }))).toMatchObject({
      consentSettings: { allCategories: ["ads", "stats"], hasUnmappedDestinations: false },
      integrations: { Pixel: { consentSettings: { categories: ["ads"] } } }
    })
    expect(documentOf(ads, destination())).toHaveProperty("consentSettings.hasUnmappedDestinations", true)
  })

  it("DST-45, ING-154: events that the schema keeps from it, beside those that are blocked for all", () => {
    const schemaBlocks = new Set(["track\nClicked", "track\nOpened", "identify", "track\n__default"])
    const device = deviceParts(web(), [onDevice({}, { schemaBlocks }), destination({}, { schemaBlocks })])
    const blocks = compileBlocks({ ...nothingBlocked, track: ["Opened"] })
    expect(settingsDocument("W", { protocol: "https", host: "h" }, { blocks, device })).toMatchObject({
      plan: {
        track: {
          Clicked: { enabled: true, integrations: { Pixel: false } },
          Opened: { enabled: false, integrations: {} },
          __default: { enabled: true, integrations: {} }
        }
      }
    })
  })

  it("AC4-73, DST-24: routing rules only for web sources whose toggle is on", () => {
    const filtered = [onDevice({ filters: [{ if: "event = 'X'", actions: [{ type: "DROP" }] }] })]
    const on = { destinationFilters: true }
    expect(deviceParts(web(), filtered).routingRules).toEqual([])
    expect(deviceParts(web({ destinationFilters: false }), filtered).routingRules).toEqual([])
    expect(deviceParts(web(on), filtered).routingRules).toEqual([
      {
        destinationName: "Pixel",
        scope: "destinations",
        target_type: "workspace::project::destination::config",
        matchers: [{ type: "fql", ir: '["=","event",{"value":"X"}]' }],
        transformers: [[{ type: "drop" }]]
      }
    ])
    expect(deviceParts({ ...web(on), kind: "mobile" }, filtered).routingRules).toEqual([])
    // In cloud mode its filters are nobody's business.
    expect(deviceParts(web(on), [{ ...filtered[0]!, connectionMode: "cloud" }]).routingRules).toEqual([])
  })

  it("DST-21: made once for a source and a snapshot", () => {
    let current = snapshot([onDevice()])
    const parts = makeDeviceParts(() => current)
    const source = web()
    const first = parts(source)
    expect(parts(source)).toBe(first)
    expect(parts(web({ destinationFilters: true }))).not.toBe(first)
    current = snapshot([])
    expect(parts(source)!.integrations).toEqual({})
  })
})

const rules = (...filters: NonNullable<Given["filters"]>) => routingRules("Pixel", destination({ filters }).filters)

const dropping = (key: string): ReadonlyArray<FilterAction> => [
  { type: "DROP_PROPERTIES", fields: { properties: [key] } }
]

describe("DST-23: rules", () => {
  it("DST-59: a sample has no path, and a filter is one rule in the order of execution", () => {
    const actions: ReadonlyArray<FilterAction> = [
      { type: "ALLOW_PROPERTIES", fields: { "": ["event"] } },
      { type: "SAMPLE", percent: 0.1, path: "userId" }
    ]
    expect(rules({ if: " all ", actions })).toMatchObject([
      {
        matchers: [{ type: "all", ir: "" }],
        transformers: [
          [
            { type: "sample_event", config: { sample: { percent: 0.1 } } },
            { type: "allow_properties", config: { allow: { "": ["event", "type", "messageId", "timestamp"] } } }
          ]
        ]
      }
    ])
    expect(JSON.stringify(rules({ if: "all", actions }))).not.toContain("userId")
  })

  it("a filter that cannot be said there is left out, the others stay", () => {
    const drop: ReadonlyArray<FilterAction> = [{ type: "DROP" }]
    expect(
      rules({ if: "semver(context.app.version, '<', '2')", actions: drop }, { if: "all", actions: drop })
    ).toHaveLength(1)
    const inList: ReadonlyArray<FilterAction> = [{ type: "DROP_PROPERTIES", fields: { "properties.items.0": ["a"] } }]
    expect(rules({ if: "all", actions: inList })).toEqual([])
  })

  it("DST-54: two that read what the other removes are both left out", () => {
    const a = { if: "properties.b = 1", actions: dropping("a") }
    const b = { if: "properties.a = 1", actions: dropping("b") }
    expect(rules(a, b)).toEqual([])
    expect(rules(a, { ...b, if: "properties.c = 1" })).toHaveLength(2)
  })
})

const engine = loadBrowserEngine()

/** As the library does it. */
const inBrowser = (destination: Destination, event: object): object | null => {
  let current: object | null = structuredClone(event)
  for (const { matchers, transformers } of routingRules(destination.entry.name, destination.filters))
    for (const [i, matcher] of matchers.entries())
      if (current !== null && engine.matches(current, matcher)) current = engine.transform(current, transformers[i]!)
  return current
}
const here = ({ filters }: Destination, event: Event) => {
  const filtered = applyFilters(filters, event)
  return filtered.stopped === undefined ? filtered.event : null
}

const key = fc.constantFrom("a", "b", "list")
const paths = fc.constantFrom("properties", "context", "context.page", "properties.list", "properties.a", "")
const fields = fc.dictionary(paths, fc.uniqueArray(key, { minLength: 1 }), { minKeys: 1, maxKeys: 2 })
const actions: fc.Arbitrary<ReadonlyArray<FilterAction>> = fc.array(
  fc.oneof(
    fields.map((fields): FilterAction => ({ type: "DROP_PROPERTIES", fields })),
    fields
      .filter((fields) => !Object.hasOwn(fields, ""))
      .map((fields): FilterAction => ({ type: "ALLOW_PROPERTIES", fields })),
    fc.constantFrom<FilterAction>({ type: "DROP" }, { type: "SAMPLE", percent: 1 }, { type: "SAMPLE", percent: 0 })
  ),
  { minLength: 1, maxLength: 2 }
)
const condition = fc.constantFrom(
  "all",
  "properties.a = 1",
  "properties.b != null",
  "length(properties.list) > 0",
  "!(context.page.a = 'x')",
  "properties.a in [1, 'x'] or context.b = 1"
)
const scalar = fc.constantFrom<unknown>(1, "x", null, true)
const leaf = fc.oneof(
  scalar,
  fc.dictionary(key, scalar),
  fc.array(fc.oneof(scalar, fc.dictionary(key, scalar)), { maxLength: 3 })
)
const event: fc.Arbitrary<Event> = fc.record({
  type: fc.constant("track"),
  messageId: fc.constant("m"),
  properties: fc.dictionary(key, leaf),
  context: fc.oneof(fc.dictionary(key, leaf), fc.record({ page: fc.dictionary(key, scalar) }))
})

it("DST-54, DST-56: filters that chance makes leave of an event in a browser what they leave of it here", () => {
  let said = 0
  fc.assert(
    fc.property(
      fc.array(fc.record({ if: condition, actions }), { minLength: 1, maxLength: 4 }),
      fc.array(event, { minLength: 1, maxLength: 5 }),
      (filters, events) => {
        const made = onDevice({ filters })
        if (routingRules("Pixel", made.filters).length < filters.length) return
        said++
        expect(events.map((each) => inBrowser(made, each))).toEqual(events.map((each) => here(made, each)))
      }
    ),
    { numRuns: Number(process.env["BRAID_PROPERTY_RUNS"] ?? 600) }
  )
  expect(said).toBeGreaterThan(50)
})
