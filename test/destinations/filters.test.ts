/** Stage 11: filters of destinations (DST-50 to DST-64). */
import { describe, expect, it } from "vitest"
import { route } from "../../src/destinations/pipeline/route.ts"
import { sampleHash } from "../../src/destinations/pipeline/sampling.ts"
import { destination, type Event, fate, payload, track } from "./given.ts"

const drop = (statement: string) => destination({ filters: [{ if: statement, actions: [{ type: "DROP" }] }] })
const dropped = "FILTERED_BY_RULES"
const only = (statement: string) => ({ if: `!( ${statement} )`, actions: [{ type: "DROP" as const }] })
const without = (fields: Record<string, Array<string>>) =>
  destination({ filters: [{ if: "all", actions: [{ type: "DROP_PROPERTIES", fields }] }] })

const changed = (type: "DROP_PROPERTIES" | "ALLOW_PROPERTIES", fields: Record<string, Array<string>>, event: Event) =>
  payload(destination({ filters: [{ if: "all", actions: [{ type, fields }] }] }), event)

const sent = (percent: number, path?: string) => {
  const to = destination({
    filters: [{ if: "all", actions: [{ type: "SAMPLE", percent, ...(path === undefined ? {} : { path }) }] }]
  })
  return [1, 2, 3, 4, 5]
    .map((n) => `user-${n}`)
    .filter((userId) => fate(to, track("A", { userId, messageId: userId })) === "m1")
}

describe("filters", () => {
  it("AC4-17: a removed property still counts for the condition of a later filter", () => {
    const to = destination({
      filters: [
        { if: "all", actions: [{ type: "DROP_PROPERTIES", fields: { properties: ["email"] } }] },
        { if: "contains( properties.email, '@x.com' )", actions: [{ type: "DROP" }] }
      ]
    })
    expect(fate(to, track("A", { properties: { email: "a@x.com" } }))).toBe("FILTERED_BY_RULES")
    expect(payload(to, track("A", { properties: { email: "a@y.com", a: 1 } }))).toMatchObject({ properties: { a: 1 } })
  })

  it("DST-54: allow-lists see the event as it came in, too, and work on what is left", () => {
    const to = destination({
      filters: [
        { if: "properties.vip", actions: [{ type: "ALLOW_PROPERTIES", fields: { properties: ["a", "b"] } }] },
        { if: "all", actions: [{ type: "DROP_PROPERTIES", fields: { properties: ["vip", "a"] } }] }
      ]
    })
    expect(payload(to, track("A", { properties: { vip: true, a: 1, b: 2, c: 3 } }))).toMatchObject({
      properties: { b: 2 }
    })
  })

  it("AC4-18: two Only Sends that contradict each other send nothing", () => {
    const to = destination({ filters: [only("type = 'track'"), only("type = 'identify'")] })
    expect(fate(to, track("A"))).toBe("FILTERED_BY_RULES")
    expect(fate(to, { ...track("A"), type: "identify" })).toBe("FILTERED_BY_RULES")
  })

  it("AC4-19: keys go from every element of a list of objects", () => {
    const products = [{ sku: "a", price: 1 }, "text", { sku: "b", price: 2 }]
    const event = track("A", { properties: { products, total: 3 } })
    expect(changed("DROP_PROPERTIES", { "properties.products": ["price"] }, event)).toEqual({
      ...event,
      properties: { products: [{ sku: "a" }, "text", { sku: "b" }], total: 3 }
    })
  })

  it("AC4-20: an allow-list touches the named objects alone", () => {
    const event = track("A", { properties: { a: 1, b: 2 }, context: { ip: "1.2.3.4" }, traits: { t: 1 } })
    expect(changed("ALLOW_PROPERTIES", { properties: ["a"] }, event)).toEqual({ ...event, properties: { a: 1 } })
  })

  it("DST-56: an allow-list of the top level keeps what makes it a message", () => {
    expect(changed("ALLOW_PROPERTIES", { "": ["event"] }, track("A"))).toEqual({
      type: "track",
      messageId: "m-1",
      event: "A",
      timestamp: "2026-03-01T12:00:00.000Z"
    })
  })

  it.each([
    ["a path that is missing", { "properties.nothing": ["a"] }],
    ["a path to a scalar", { userId: ["length"] }],
    ["a path into one element", { "properties.list.0": ["a"] }],
    ["a path through a scalar", { "userId.a": ["b"] }],
    ["names of the prototype", { "properties.__proto__": ["toString"], properties: ["constructor", "__proto__"] }]
  ])("DST-56: %s has no effect, and nothing is copied", (_, fields) => {
    const event = track("A", { properties: { list: [{ a: 1 }] } })
    expect(changed("DROP_PROPERTIES", fields, event)).toBe(event)
    expect(changed("ALLOW_PROPERTIES", { "properties.nothing": ["a"] }, event)).toBe(event)
  })

  it("names are literal, also those with a dot and __proto__", () => {
    const properties = JSON.parse('{"a.b":1,"a":{"b":2},"__proto__":{"x":1},"z":1}') as Event
    const event = track("A", { properties })
    const left = changed("DROP_PROPERTIES", { properties: ["a.b", "__proto__"] }, event)
    expect(JSON.stringify((left as typeof event)["properties"])).toBe('{"a":{"b":2},"z":1}')
    const kept = changed("DROP_PROPERTIES", { properties: ["z"] }, event)
    expect(JSON.stringify((kept as typeof event)["properties"])).toBe('{"a.b":1,"a":{"b":2},"__proto__":{"x":1}}')
  })

  it("what no filter touches is shared", () => {
    const event = track("A", { properties: { a: { deep: 1 }, b: 1 }, context: { page: {} } })
    const result = changed("DROP_PROPERTIES", { properties: ["b"] }, event) as typeof event
    expect(result["context"]).toBe(event["context"])
    expect((result["properties"] as Event)["a"]).toBe((event["properties"] as Event)["a"])
  })

  it("AC4-29: a condition on what is missing is true in a filter, though it is not in a trigger", () => {
    const text = '!contains(properties.x, "a")'
    const to = destination({ filters: [{ if: text, actions: [{ type: "DROP" }] }] })
    expect(fate(to, track("A"))).toBe("FILTERED_BY_RULES")
    expect(fate(destination({ triggers: [text] }), track("A"))).toBe("NO_MATCHING_MAPPING")
    expect(fate(to, track("A", { properties: { x: "cat" } }))).toBe("m1")
  })

  it("AC4-22: what cannot be evaluated is dropped, and the filter is named", () => {
    const to = destination({
      filters: [
        { if: "all", actions: [{ type: "DROP_PROPERTIES", fields: { "": ["userId"] } }] },
        { if: "properties.title and true", actions: [{ type: "ALLOW_PROPERTIES", fields: { properties: [] } }] }
      ]
    })
    expect(fate(to, track("A", { properties: { title: "x" } }))).toMatch(
      /^INTERNAL: filter f2: .*must be true, false or null/
    )
  })
})

describe("sampling", () => {
  it("DST-59: the documented vectors", () => {
    const vectors = {
      "user-1": 0.717011,
      "user-2": 0.531997,
      "user-3": 0.601023,
      "user-4": 0.890144,
      "user-5": 0.122298
    }
    for (const [value, expected] of Object.entries(vectors)) expect(sampleHash(value)).toBeCloseTo(expected, 6)
  })

  it("AC4-21: by user id", () => {
    expect(sent(0.6, "userId")).toEqual(["user-2", "user-5"])
    expect(sent(0.7, "userId")).toEqual(["user-2", "user-3", "user-5"])
    expect(sent(0, "userId")).toEqual([])
    expect(sent(1, "userId")).toHaveLength(5)
  })

  it("without a path, or without a value there, the message id decides", () => {
    expect(sent(0.6)).toEqual(["user-2", "user-5"])
    expect(sent(0.6, "properties.missing.deep")).toEqual(["user-2", "user-5"])
  })

  it("samples are nested and as large as they should be", () => {
    const events = Array.from({ length: 20_000 }, (_, n) => track("A", { messageId: `message-${n}` }))
    const passes = (percent: number) => {
      const to = destination({ filters: [{ if: "all", actions: [{ type: "SAMPLE", percent }] }] })
      return new Set(events.filter((event) => route(to, event).stopped === undefined))
    }
    const [ten, twenty] = [passes(0.1), passes(0.2)]
    expect([...ten].every((event) => twenty.has(event))).toBe(true)
    expect(Math.abs(ten.size / events.length - 0.1)).toBeLessThan(0.01)
    expect(Math.abs(twenty.size / events.length - 0.2)).toBeLessThan(0.01)
  })
})

describe("recipes that must work as they are written (DST-64)", () => {
  it.each([
    ["length( userId ) < 1", track("A", { userId: undefined }), track("A")],
    ["length( userId ) < 1", track("A", { userId: "" }), track("A")],
    ["!( event = 'User Signed Up' or event = 'Demo Requested' )", track("A"), track("Demo Requested")],
    ["!( type = 'track' )", { ...track("A"), type: "page" }, track("A")],
    [
      "event = 'Order Completed' and contains( properties.email, '@segment.com' )",
      track("Order Completed", { properties: { email: "jo@segment.com" } }),
      track("Order Completed", { properties: { email: "jo@example.com" } })
    ]
  ])("AC4-67: DROP if %s", (statement, matching, other) => {
    expect(fate(drop(statement), matching)).toBe(dropped)
    expect(fate(drop(statement), other)).toBe("m1")
  })

  it("AC4-67: removes the user id, and e-mail addresses", () => {
    const { userId, ...anonymous } = track("A")
    expect(userId).toBe("user-1")
    expect(payload(without({ "": ["userId"] }), track("A"))).toEqual(anonymous)
    const mail = track("A", { context: { email: "a", ip: "b" }, properties: { email: "a", total: 1 } })
    expect(payload(without({ context: ["email"], properties: ["email"] }), mail)).toEqual(
      track("A", { context: { ip: "b" }, properties: { total: 1 } })
    )
    const silent = track("A")
    expect(payload(without({ context: ["email"], properties: ["email"] }), silent)).toBe(silent)
  })

  it("AC4-25, AC4-67: at a cut-over each event reaches exactly one of two destinations", () => {
    const moment = "2023-04-21T19:55:00.933Z"
    const old = drop(`(received_at >= '${moment}')`)
    const young = drop(`(received_at < '${moment}')`)
    for (const receivedAt of ["2023-04-21T19:55:00.932Z", moment, "2023-04-21T19:55:00.934Z"]) {
      const fates = [old, young].map((to) => fate(to, track("A", { receivedAt })))
      expect(fates.toSorted()).toEqual([dropped, "m1"])
      expect(fates[0]).toBe(receivedAt < moment ? "m1" : dropped)
    }
  })

  it("AC4-67: a tenth of the heartbeats, and everything else", () => {
    const to = destination({
      filters: [{ if: "event = 'Video Heartbeat'", actions: [{ type: "SAMPLE", percent: 0.1 }] }]
    })
    const passing = (event: string) =>
      Array.from({ length: 5000 }, (_, n) => fate(to, track(event, { messageId: `beat-${n}` }))).filter(
        (it) => it === "m1"
      )
    expect(Math.abs(passing("Video Heartbeat").length - 500)).toBeLessThan(75)
    expect(passing("Video Started")).toHaveLength(5000)
  })
})
