/** What becomes of an event on its way to a destination: stages 5 to 13 of DST-30, but for consent and filters. */
import { describe, expect, it } from "vitest"
import type { Destination } from "../../src/destinations/destination.ts"
import { route } from "../../src/destinations/pipeline/route.ts"
import { destination, entry, type Event, fate, track } from "./given.ts"

const mixpanel = destination()
const slack = destination({}, { entry: entry({ name: "Slack", names: ["Slack", "Slack (Actions)"] }) })
const opposed = "FILTERED_BY_INTEGRATIONS_OBJECT"

describe("the integrations object", () => {
  it.each([
    ["AC4-7 All is false, the entry true", mixpanel, { All: false, "Mixpanel (Actions)": true }, "m1"],
    ["AC4-7 All is false, another is named", slack, { All: false, "Mixpanel (Actions)": true }, opposed],
    ["AC4-8 another case is another key", mixpanel, { "mixpanel (actions)": false }, "m1"],
    ["its name is false", mixpanel, { "Mixpanel (Actions)": false }, opposed],
    ["an object allows", mixpanel, { All: false, "Mixpanel (Actions)": { region: "EU" } }, "m1"],
    ["only the boolean blocks", mixpanel, { "Mixpanel (Actions)": "false" }, "m1"],
    ["null is as good as absent", mixpanel, { All: false, "Mixpanel (Actions)": null }, opposed],
    ["a list is no object", mixpanel, { All: false, "Mixpanel (Actions)": [] }, opposed],
    ["a former name counts", slack, { "Slack (Actions)": false }, opposed],
    ["of two keys a false wins", slack, { Slack: true, "Slack (Actions)": false }, opposed],
    ["nothing is said", mixpanel, {}, "m1"]
  ])("DST-40, DST-41: %s", (_, to, integrations, expected) => {
    expect(fate(to, track("A", { integrations }))).toBe(expected)
  })

  it("AC1-25, DST-43: an entry that defaults to false wants to be asked for; All does not ask", () => {
    const to = destination({}, { entry: entry({ integrationsDefault: false }) })
    expect(fate(to, track("A"))).toBe(opposed)
    expect(fate(to, track("A", { integrations: { All: true } }))).toBe(opposed)
    expect(fate(to, track("A", { integrations: { "Mixpanel (Actions)": {} } }))).toBe("m1")
  })

  it("names of the prototype are no keys of the event", () => {
    const to = destination({}, { entry: entry({ names: ["constructor", "__proto__"] }) })
    expect(fate(to, track("A", { integrations: { All: false } }))).toBe(opposed)
    expect(fate(to, track("A", { integrations: JSON.parse('{"__proto__":false}') as unknown }))).toBe(opposed)
  })

  it("AC4-9 AC1-33: a switch in the schema is overruled by an explicit key, not by All", () => {
    const to = { ...slack, schemaBlocks: new Set(["track\nA", "identify"]) }
    const blocked = `${opposed}: schema_integration_filter`
    expect(fate(to, track("A", { integrations: { Slack: { x: 1 } } }))).toBe("m1")
    expect(fate(to, track("A", { integrations: { All: true } }))).toBe(blocked)
    expect(fate(to, track("B"))).toBe("m1")
    expect(fate(to, { ...track("A"), type: "identify" })).toBe(blocked)
    expect(fate(to, { ...track("A"), type: "page" })).toBe("m1")
  })

  it("DEL-72: in a replay only this destination is meant, whatever the event said", () => {
    const event = track("A", { integrations: { All: false, "Mixpanel (Actions)": false } })
    expect(fate(mixpanel, event, { replay: true })).toBe("m1")
    expect(route(mixpanel, event, { replay: true })).toMatchObject({
      event: { messageId: "m-1", integrations: { All: false, "Mixpanel (Actions)": true } }
    })
  })
})

describe("the order of the stages", () => {
  const trackOnly = entry({
    supportedMethods: { ...entry().supportedMethods, identify: false }
  })
  const identify = { ...track(""), type: "identify" }
  const dropIdentify = [{ if: "type = 'identify'", actions: [{ type: "DROP" as const }] }]

  it("AC4-10: the integrations object before the type", () => {
    const to = destination({}, { entry: trackOnly })
    expect(fate(to, { ...identify, integrations: { "Mixpanel (Actions)": false } })).toBe(opposed)
    expect(fate(to, identify)).toBe("UNSUPPORTED_EVENT_TYPE")
  })

  it("AC4-11: the type before the filters", () => {
    expect(fate(destination({ filters: dropIdentify }, { entry: trackOnly }), identify)).toBe("UNSUPPORTED_EVENT_TYPE")
    expect(fate(destination({ filters: dropIdentify }), identify)).toBe("FILTERED_BY_RULES")
  })

  it("every stage stops before all that follow", () => {
    const everything = destination(
      { filters: [{ if: "all", actions: [{ type: "DROP" }] }], triggers: ['type = "group"'] },
      {
        entry: { ...trackOnly, names: ["X"] },
        consentCategories: ["ads"],
        schemaBlocks: new Set(["identify"]),
        missingSettings: ["apiKey"]
      }
    )
    const stops: Array<string> = []
    let to: Destination = { ...everything, unknownEntry: true }
    let event: Event = {
      ...identify,
      _metadata: { bundled: ["X"] },
      context: { consent: { categoryPreferences: {} } },
      integrations: { X: false }
    }
    const next = (changes: Partial<Destination>, changed: Event = {}) => {
      stops.push(fate(to, event))
      const { unknownEntry: _, ...rest } = to
      to = { ...rest, ...changes }
      event = { ...event, ...changed }
    }
    next({})
    next({}, { _metadata: {} })
    next({ consentCategories: [] })
    next({}, { integrations: {} })
    next({ schemaBlocks: new Set() })
    next({ missingSettings: [] })
    next({ entry: entry() })
    next({ filters: [] })
    next({ mappings: mixpanel.mappings })
    next({})
    expect(stops).toEqual([
      "UNKNOWN_INTEGRATION",
      "MESSAGE_SENT_CLIENT_SIDE",
      "FILTERED_BY_END_USER_CONSENT",
      opposed,
      `${opposed}: schema_integration_filter`,
      "INVALID_SETTINGS: required and missing: apiKey",
      "UNSUPPORTED_EVENT_TYPE",
      "FILTERED_BY_RULES",
      "NO_MATCHING_MAPPING",
      "m1"
    ])
  })

  it("AC4-13: what no enabled mapping takes stops before anything could change it", () => {
    expect(fate(destination({ triggers: ['event = "A"'] }), track("B"))).toBe("NO_MATCHING_MAPPING")
    expect(fate(destination({ triggers: ['event = "A"', 'event = "B"', 'type = "track"'] }), track("B"))).toBe("m2 m3")
    expect(fate(destination({ triggers: ['event = "A"', 'type = "track"'], disabled: ["m2"] }), track("B"))).toBe(
      "NO_MATCHING_MAPPING"
    )
  })

  it("a trigger that cannot be evaluated does not fire, and says so when none does", () => {
    const to = destination({ triggers: ["properties.title and event in ['A']", 'event = "B"'] })
    const titled = { properties: { title: "x" } }
    expect(fate(to, track("B", titled))).toBe("m2")
    expect(fate(to, track("A", titled))).toMatch(/^NO_MATCHING_MAPPING: mapping m1: .*true, false or null/)
  })

  it("a classic destination has one job and no mappings", () => {
    expect(route(destination({ triggers: [] }, { entry: entry({ kind: "classic" }) }), track("A"))).toMatchObject({
      mappings: []
    })
  })
})

describe("sent on the device", () => {
  const device = destination({}, { id: "dst_device" })
  const cloud = destination({}, { id: "dst_cloud" })

  it("AC4-64: ids alone decide where there are any", () => {
    const event = track("A", { _metadata: { bundled: ["Mixpanel (Actions)"], bundledIds: ["dst_device"] } })
    expect(fate(device, event)).toBe("MESSAGE_SENT_CLIENT_SIDE")
    expect(fate(cloud, event)).toBe("m1")
  })

  it.each([
    [{ bundled: ["Mixpanel (Actions)"] }, "MESSAGE_SENT_CLIENT_SIDE"],
    [{ bundled: ["Mixpanel (Actions)"], bundledIds: [] }, "MESSAGE_SENT_CLIENT_SIDE"],
    [{ bundled: ["Slack"], unbundled: ["Mixpanel (Actions)"] }, "m1"],
    ["nonsense", "m1"]
  ])("DST-25: %j", (_metadata, expected) => {
    expect(fate(cloud, track("A", { _metadata }))).toBe(expected)
  })
})
