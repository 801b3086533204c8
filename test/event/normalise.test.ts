import { describe, expect, it } from "vitest"
import { warningsOf } from "../../src/event/codes.ts"
import type { JsonObject, Message, MessageType } from "../../src/event/message.ts"
import { type Arrival, normalise } from "../../src/event/normalise.ts"

const received = "2024-05-01T12:00:00.000Z"
const run = (type: MessageType, item: JsonObject, facts: Partial<Arrival> = {}) => {
  const arrival: Arrival = {
    receivedAt: Date.parse(received),
    receivedAtText: received,
    sentAt: Number.NaN,
    client: false,
    mobile: false,
    ip: "192.0.2.7",
    userAgent: "agent",
    newMessageId: () => "api-new",
    warnings: 0,
    ...facts
  }
  const message = JSON.parse(JSON.stringify(normalise(item, type, arrival))) as Message
  return { message, warnings: warningsOf(arrival.warnings) }
}

describe("ING-50: the stored message", () => {
  it("ING-50, ING-51: defaults, server fields, unknown fields; null and write key vanish", () =>
    expect(
      run("track", {
        writeKey: "W",
        event: "E",
        userId: null,
        anonymousId: "a",
        email: "x@y.z",
        odd: null,
        version: 7,
        receivedAt: "2000-01-01",
        projectId: "p",
        type: "page",
        integrations: null,
        context: null
      })
    ).toEqual({
      message: {
        type: "track",
        messageId: "api-new",
        anonymousId: "a",
        event: "E",
        properties: {},
        context: {},
        integrations: {},
        timestamp: received,
        originalTimestamp: received,
        receivedAt: received,
        version: 2,
        channel: "server",
        email: "x@y.z",
        projectId: "p"
      },
      warnings: []
    }))

  it.each([
    ["identify", { traits: {} }],
    ["track", { properties: {} }],
    ["page", { properties: {} }],
    ["screen", { properties: {} }],
    ["group", {}],
    ["alias", {}]
  ] as const)("ING-84: %s defaults to %j", (type, defaults) => {
    const { message } = run(type, { userId: "u", previousId: "p", groupId: "g" })
    expect({ traits: message.traits, properties: message.properties }).toEqual({ ...defaults })
  })

  it.each([
    ["api-new", undefined],
    ["api-new", ""],
    ["api-new", {}],
    ["api-new", Number.POSITIVE_INFINITY],
    ["17", 17],
    [" m ", " m "]
  ])("ING-63: messageId %j from %j", (expected, messageId) =>
    expect(run("identify", { userId: "u", ...(messageId === undefined ? {} : { messageId }) }).message.messageId).toBe(
      expected
    )
  )

  it("ING-84, ING-86: ids of groups and aliases", () => {
    expect(run("group", { userId: "u", groupId: 12 }).message.groupId).toBe("12")
    expect(run("alias", { userId: "u", previousId: 7 }).message.previousId).toBe("7")
    expect(run("alias", { userId: "u", anonymousId: "a" }).message.previousId).toBe("a")
    expect(run("track", { userId: "u", groupId: {} }).message.groupId).toBeUndefined()
    expect(run("track", { userId: "u", context: { groupId: 5, a: 1 } }).message.context).toEqual({ groupId: "5", a: 1 })
    expect(run("track", { userId: "u", context: { groupId: [], a: 1 } }).message.context).toEqual({ a: 1 })
  })

  it.each([
    ["kept", { channel: "mobile" }, {}, "mobile"],
    ["unknown value", { channel: "tv" }, {}, "server"],
    ["client class", {}, { client: true }, "browser"],
    ["mobile source", {}, { client: true, mobile: true }, "mobile"],
    ["mobile source, server class", {}, { mobile: true }, "server"],
    ["mobile library", { context: { library: { name: "analytics-kotlin" } } }, { client: true }, "mobile"],
    ["browser library", { context: { library: { name: "analytics.js" } } }, { client: true }, "browser"]
  ] as const)("ING-50: channel, %s", (_, item, facts, channel) =>
    expect(run("identify", { userId: "u", ...item }, facts).message.channel).toBe(channel)
  )

  it.each([
    ["client class", {}, true, { ip: "192.0.2.7", userAgent: "agent" }],
    ["server class", {}, false, {}],
    ["server class with direct", { direct: true }, false, { direct: true, ip: "192.0.2.7" }],
    ["direct that is not true", { direct: "true" }, false, { direct: "true" }],
    ["own values", { ip: "0.0.0.0", userAgent: "own" }, true, { ip: "0.0.0.0", userAgent: "own" }],
    ["an ip of null is a value", { ip: null }, true, { ip: null, userAgent: "agent" }]
  ])("ING-71, ING-72: %s", (_, context, client, expected) =>
    expect(run("identify", { userId: "u", context }, { client }).message.context).toEqual(expected)
  )

  it("ING-98: warnings", () => {
    expect(run("identify", { userId: "u", context: 5, integrations: [] })).toMatchObject({
      message: { context: {}, integrations: {} },
      warnings: ["context_not_object", "integrations_not_object"]
    })
    const integrations = { A: "yes", B: {}, C: true, D: null }
    expect(run("identify", { userId: "u", integrations })).toMatchObject({
      message: { integrations },
      warnings: ["integration_value_ignored"]
    })
    expect(run("identify", { userId: "u", sentAt: 5, timestamp: "x" }).warnings).toEqual(["timestamp_invalid"])
  })

  it("ING-59: an impossible sentAt is not stored and corrects nothing", () => {
    const { message, warnings } = run("identify", {
      userId: "u",
      sentAt: "0001-01-01T00:00:00Z",
      timestamp: "2024-01-01"
    })
    expect(message.sentAt).toBeUndefined()
    expect(message.timestamp).toBe("2024-01-01T00:00:00.000Z")
    expect(warnings).toEqual(["timestamp_invalid"])
  })

  it("ING-50: times are written in one form", () =>
    expect(
      run("identify", { userId: "u", sentAt: "2024-05-01 12:00:00+00", timestamp: "2024-05-1" }).message
    ).toMatchObject({
      sentAt: received,
      originalTimestamp: "2024-05-01T00:00:00.000Z",
      timestamp: "2024-05-01T00:00:00.000Z"
    }))

  it("ING-6: __proto__ as unknown field stays data", () => {
    const { message } = run("identify", JSON.parse('{"userId":"u","__proto__":{"polluted":1}}') as JsonObject)
    expect(Object.getOwnPropertyDescriptor(message, "__proto__")?.value).toEqual({ polluted: 1 })
    expect(message.polluted).toBeUndefined()
  })
})
