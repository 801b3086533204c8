/** The acceptance cases of spec 01 section 19 that belong to the door, over real HTTP. AC1-3 needs a browser: test/system. */
import { Analytics } from "@segment/analytics-node"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { gzipSync } from "node:zlib"
import { type BlockedNames, compileBlocks, nothingBlocked } from "../../src/workspace/source-blocks.ts"
import type { Source } from "../../src/workspace/workspace.ts"
import { type Api, basic, receivedAt, startApi } from "./harness.ts"

const received = "2024-05-01T12:00:00.000Z"
let api: Api
beforeEach(async () => {
  api = await startApi()
})
afterEach(async () => {
  await api.close()
})

const last = () => api.log.stored.at(-1)!
const count = (...of: Parameters<Api["tracking"]["counters"]["get"]>) => api.tracking.counters.get(...of)
const track = (more: object = {}) => ({ type: "track", userId: "u", event: "E", ...more })
/** A single call whose body has exactly this many bytes. */
const sized = (bytes: number, item: object = track()) => {
  const empty = JSON.stringify({ ...item, properties: { pad: "" } }).length
  return JSON.stringify({ ...item, properties: { pad: "x".repeat(bytes - empty) } })
}

it("AC1-1: a single server call is stored with ids, times, version and channel", async () => {
  const reply = await api.post("/v1/track", { userId: "u", event: "E", properties: { a: 1 } })
  expect([reply.status, reply.text, reply.headers["content-type"]]).toEqual([
    200,
    '{"success":true}',
    "application/json"
  ])
  expect(reply.headers.date).toBeDefined()
  expect(last()).toEqual({
    type: "track",
    userId: "u",
    event: "E",
    properties: { a: 1 },
    context: {},
    integrations: {},
    version: 2,
    channel: "server",
    timestamp: received,
    originalTimestamp: received,
    receivedAt: received,
    messageId: expect.stringMatching(/^api-[0-9A-Za-z]{27}$/)
  })
})

it("AC1-2: the key in the body, without colon in the header, and in both", async () => {
  const bodyKey = await api.send("/v1/track", { body: track({ writeKey: "S" }) })
  const headers = { authorization: `basic ${Buffer.from("S").toString("base64")}` }
  const noColon = await api.send("/v1/track", { body: track(), headers })
  const both = await api.post("/v1/track", track({ writeKey: " S " }), "W")
  expect([bodyKey.status, noColon.status, both.status]).toEqual([200, 200, 200])
  expect(api.log.events.map((event) => event.source)).toEqual([2, 2, 2])
  expect(count("keyMismatches")).toBe(1)
})

it("AC1-4: the official Node client sends its six calls in one request", async () => {
  const errors: Array<unknown> = []
  const analytics = new Analytics({ writeKey: "S", host: api.url, flushAt: 6, flushInterval: 60_000 })
  analytics.on("error", (error) => errors.push(error))
  const ids = { userId: "u", anonymousId: "a" }
  const sent = new Promise<void>((resolve) => {
    let left = 6
    const callback = (error: unknown) => {
      if (error !== undefined) errors.push(error)
      if (--left === 0) resolve()
    }
    analytics.identify({ ...ids, traits: { email: "x@y.z" } }, callback)
    analytics.track({ ...ids, event: "E" }, callback)
    analytics.page({ ...ids, name: "Home" }, callback)
    analytics.screen({ ...ids, name: "Home" }, callback)
    analytics.group({ ...ids, groupId: "g" }, callback)
    analytics.alias({ userId: "u", previousId: "a" }, callback)
  })
  await sent
  await analytics.closeAndFlush()
  expect(errors).toEqual([])
  expect(count("requests", "200")).toBe(1)
  expect(api.log.stored.map((message) => message.type)).toEqual([
    "identify",
    "track",
    "page",
    "screen",
    "group",
    "alias"
  ])
  expect(last()).not.toHaveProperty("writeKey")
})

it("AC1-5: bodies as Ruby, Java and Kotlin send them", async () => {
  const batch = [{ type: "identify", userId: "u", traits: {} }]
  const ruby = await api.post("/v1/import", { sentAt: received, batch })
  const java = await api.post("/v1/import/", {
    batch,
    sentAt: received,
    context: { library: { name: "analytics-java" } }
  })
  const zipped = gzipSync(JSON.stringify({ writeKey: "M", batch, sentAt: received }))
  const kotlin = await api.send("/v1/b", {
    body: [zipped.subarray(0, 10), zipped.subarray(10)],
    headers: { "content-type": "text/plain", "content-encoding": "gzip" }
  })
  expect([ruby.status, java.status, kotlin.status]).toEqual([200, 200, 200])
  expect(api.log.stored.map((message) => message.channel)).toEqual(["server", "server", "mobile"])
})

it.each([
  ["/v1/track", '{"userId":'],
  ["/v1/track", "[]"],
  ["/v1/batch", '{"batch":{}}'],
  ["/v1/batch", "{}"],
  ["/v1/t", ""]
])("AC1-6: %s with %j is refused with code, message and error", async (path, body) => {
  const reply = await api.post(path, body)
  expect(reply.status).toBe(400)
  expect(reply.json).toEqual({
    success: false,
    code: "invalid_request",
    message: expect.any(String),
    error: reply.json!.message
  })
  expect(count("reasons", "srv", "bad_request")).toBe(1)
})

it.each([
  ["no key", {}, undefined],
  ["an empty key", { writeKey: "" }, undefined],
  ["an ill-formed key", { writeKey: "a b" }, "S"],
  ["a key that is no text", { writeKey: 5 }, "S"]
])("AC1-7: %s is refused", async (_, more, header) => {
  const headers: Record<string, string> = header === undefined ? {} : { authorization: basic(header) }
  const reply = await api.send("/v1/track", { body: track(more), headers })
  expect([reply.status, reply.json!.code, api.log.stored]).toEqual([400, "invalid_write_key", []])
})
it("AC1-7: a key that nobody has is answered 200 and listed", async () => {
  const context = { library: { name: "lib" } }
  const reply = await api.send("/v1/track", { body: track({ writeKey: "nobody-knows", context }) })
  expect([reply.status, reply.text, api.log.stored, count("unknownKeys")]).toEqual([200, '{"success":true}', [], 1])
  expect(api.tracking.unknownKeys()).toEqual([
    { key: "nobody-k", count: 1, lastSeen: receivedAt, library: "lib", ip: "127.0.0.1" }
  ])
})
it("AC1-7: the key of a disabled source is answered 200 and counted", async () => {
  const reply = await api.post("/v1/track", track(), "D")
  expect([reply.status, api.log.stored, count("reasons", "off", "source_disabled")]).toEqual([200, [], 1])
})

it("AC1-8: a single call of 32,768 bytes is stored, one more byte is refused", async () => {
  const fits = await api.post("/v1/track", sized(32_768))
  const over = await api.post("/v1/track", sized(32_769))
  expect([fits.status, over.status, over.json!.message, api.log.stored.length]).toEqual([
    200,
    400,
    "Exceed payload limit",
    1
  ])
})

it("AC1-9: a batch of 512,000 bytes is accepted, one more byte or a bomb is refused", async () => {
  const body = JSON.stringify({ batch: [track()] })
  const fits = await api.post("/v1/batch", body + " ".repeat(512_000 - body.length))
  const over = await api.post("/v1/batch", body + " ".repeat(512_001 - body.length))
  const bomb = await api.post("/v1/batch", gzipSync(Buffer.alloc(10_000_000)), "S", { "content-encoding": "gzip" })
  expect([fits.status, over.status, over.json!.code, bomb.status, bomb.json!.message]).toEqual([
    200,
    400,
    "payload_too_large",
    400,
    "Exceed payload limit"
  ])
  const zipped = gzipSync(body + " ".repeat(512_000 - body.length))
  expect((await api.post("/v1/batch", zipped, "S", { "content-encoding": "gzip" })).status).toBe(200)
})

it("AC1-10: one item that is too large does not harm its neighbours", async () => {
  const batch = [track({ messageId: "1" }), JSON.parse(sized(33_000)) as object, track({ messageId: "3" })]
  const reply = await api.post("/v1/batch", { batch })
  expect(reply.status).toBe(200)
  expect(api.log.stored.map((message) => message.messageId)).toEqual(["1", "3"])
  expect(count("discarded", "srv", "payload_too_large")).toBe(1)
  expect(count("reasons", "srv", "multi_user_error")).toBe(1)
})

it.each([
  [32_768, 1],
  [32_769, 0]
])("ING-30: an item of %d bytes in a batch: %d stored", async (bytes, stored) => {
  await api.post("/v1/batch", { batch: [JSON.parse(sized(bytes)) as object] })
  expect(api.log.stored).toHaveLength(stored)
})

it("AC1-11: 2,501 items, and none", async () => {
  const many = await api.post("/v1/batch", { batch: Array.from({ length: 2_501 }, () => track()) })
  expect([many.status, api.log.stored.length, count("discarded", "srv", "batch_limit_exceeded")]).toEqual([
    200, 2_500, 1
  ])
  const none = await api.post("/v1/batch", { batch: [] })
  expect([none.status, count("reasons", "srv", "empty_batch")]).toEqual([200, 1])
})

it("AC1-12: each item of a batch is judged on its own", async () => {
  const batch = [track(), { type: "track", userId: "u" }, track({ type: "foo" }), 5]
  const reply = await api.post("/v1/batch", { batch })
  expect([reply.status, api.log.stored.length]).toEqual([200, 1])
  expect(count("discarded", "srv", "event_not_defined")).toBe(1)
  expect(count("discarded", "srv", "invalid_type")).toBe(2)
  await api.post("/v1/batch", { batch: [5, null] })
  expect(count("reasons", "srv", "empty_batch_result")).toBe(1)
})

it("AC1-13: batch context and integrations are merged into the items", async () => {
  await api.post("/v1/batch", {
    context: { device: { type: "phone", name: "x" } },
    integrations: { A: false },
    batch: [track({ context: { device: { name: "y" } }, integrations: { A: true } }), track()]
  })
  expect(api.log.stored.map(({ context, integrations }) => ({ context, integrations }))).toEqual([
    { context: { device: { type: "phone", name: "y" } }, integrations: { A: true } },
    { context: { device: { type: "phone", name: "x" } }, integrations: { A: false } }
  ])
})

it.each([
  ["AC1-14", "track", { event: "E" }, "no_user_anon_id"],
  ["AC1-14", "track", { event: "E", userId: 7 }, "id_not_string"],
  ["AC1-14", "track", { event: "E", userId: "", anonymousId: "a" }, "id_not_string"],
  ["AC1-15", "track", { userId: "u", event: 5 }, "event_not_string"],
  ["AC1-15", "track", { userId: "u", event: "" }, "event_not_defined"],
  ["AC1-15", "track", { userId: "u", event: "E", properties: [] }, "properties_not_object"],
  ["AC1-16", "page", { userId: "u", name: "" }, "name_not_string"],
  ["AC1-16", "screen", { userId: "u", category: 3 }, "category_not_string"],
  ["AC1-16", "identify", { userId: "u", traits: "x" }, "traits_not_object"],
  ["AC1-17", "group", { userId: "u" }, "group_id_required"],
  ["AC1-17", "alias", { userId: "u" }, "previous_id_required"]
])("%s: %s %j is discarded as %s", async (_, type, body, code) => {
  expect((await api.post(`/v1/${type}`, body)).status).toBe(200)
  expect(api.log.stored).toEqual([])
  expect(count("discarded", "srv", code)).toBe(1)
})
it.each([
  ["AC1-14", "track", { event: "E", userId: null, anonymousId: "a" }, { anonymousId: "a" }],
  ["AC1-15", "track", { userId: "u", event: "E", properties: null }, { properties: {} }],
  ["AC1-16", "page", { userId: "u" }, { type: "page" }],
  ["AC1-17", "group", { userId: "u", groupId: 12 }, { groupId: "12" }],
  ["AC1-17", "alias", { userId: "u", previousId: "u" }, { previousId: "u" }]
])("%s: %s %j is stored with %j", async (_, type, body, expected) => {
  expect((await api.post(`/v1/${type}`, body)).status).toBe(200)
  expect(last()).toMatchObject(expected)
})

const day = "2024-05-01T"
it.each([
  ["1", "19:11:01.266", "19:11:01.169", `${day}19:11:01.152Z`, `${day}19:11:01.152Z`, `${day}19:11:01.249Z`],
  ["2", "12:00:00.000", "13:00:00.000", `${day}12:59:50Z`, `${day}12:59:50.000Z`, `${day}11:59:50.000Z`],
  ["3", "12:00:00.000", undefined, "2012-12-02T00:30:08.276Z", "2012-12-02T00:30:08.276Z", "2012-12-02T00:30:08.276Z"],
  ["4", "12:00:00.300", "12:00:00.000", undefined, `${day}12:00:00.000Z`, `${day}12:00:00.300Z`],
  ["5", "12:00:00.000", undefined, undefined, `${day}12:00:00.000Z`, `${day}12:00:00.000Z`],
  ["6", "10:00:00.300", "10:00:00.000", `${day}08:00:00Z`, `${day}08:00:00.000Z`, `${day}08:00:00.300Z`]
])("AC1-18: row %s of the table of ING-60", async (_, at, sentAt, timestamp, original, corrected) => {
  api.now = Date.parse(`${day}${at}Z`)
  const times = { ...(sentAt === undefined ? {} : { sentAt: `${day}${sentAt}Z` }), ...(timestamp && { timestamp }) }
  await api.post("/v1/track", track(times))
  await api.post("/v1/batch", { ...times, timestamp: undefined, batch: [track(timestamp ? { timestamp } : {})] })
  for (const message of api.log.stored) {
    expect([message.originalTimestamp, message.timestamp]).toEqual([original, corrected])
  }
  expect(api.log.stored).toHaveLength(2)
})

it.each([
  ["AC1-19", "2015-2-02T00:30:08.276Z", "2015-02-02T00:30:08.276Z", undefined],
  ["AC1-19", "2024-01-01T00:00:00.123456+02:00", "2023-12-31T22:00:00.123Z", undefined],
  ["AC1-19", 1_700_000_000, received, "timestamp_invalid"],
  ["AC1-40", "2024-02-30T00:00:00Z", received, "timestamp_invalid"],
  ["AC1-40", "2024-01-01T00:00:00+02", "2023-12-31T22:00:00.000Z", undefined],
  ["AC1-40", "0001-01-01T00:00:00Z", received, "timestamp_invalid"],
  ["AC1-40", "2099-01-01T00:00:00Z", "2099-01-01T00:00:00.000Z", "timestamp_future"]
])("%s: the timestamp %j is stored as %s (%s)", async (_, timestamp, expected, warning) => {
  await api.post("/v1/track", track({ timestamp }))
  expect(last().timestamp).toBe(expected)
  for (const code of ["timestamp_invalid", "timestamp_future"]) {
    expect(count("warnings", "srv", code)).toBe(code === warning ? 1 : 0)
  }
})

it("AC1-20: the sentAt of the batch wins over that of an item", async () => {
  const item = track({ sentAt: `${day}10:00:00Z`, timestamp: `${day}09:59:00Z` })
  await api.post("/v1/batch", { sentAt: received, batch: [item] })
  expect(last()).toMatchObject({ timestamp: `${day}09:59:00.000Z`, sentAt: received })
})

it("AC1-21: a message id is stored once within 24 hours, across sources", async () => {
  const body = track({ messageId: "m" })
  const replies = await Promise.all([api.post("/v1/track", body), api.post("/v1/track", body)])
  api.now = receivedAt + 24 * 3_600_000 - 60_000
  replies.push(await api.post("/v1/track", body, "W"))
  expect(api.log.stored).toHaveLength(1)
  api.now = receivedAt + 49 * 3_600_000
  replies.push(await api.post("/v1/track", body))
  expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200, 200])
  expect(api.log.stored).toHaveLength(2)
  expect([count("duplicates", "srv"), count("duplicates", "web"), count("accepted", "srv")]).toEqual([1, 1, 2])
})

it("AC1-22: 503 while storage is down, stored once afterwards; ids of 100 and 101 characters", async () => {
  api.log.mode = "down"
  const refused = await api.post("/v1/track", track({ messageId: "m" }))
  expect([refused.status, refused.json!.code, refused.headers["retry-after"]]).toEqual([503, "unavailable", "2"])
  api.log.mode = "up"
  expect((await api.post("/v1/track", track({ messageId: "m" }))).status).toBe(200)
  expect(api.log.stored).toHaveLength(1)
  for (const length of [100, 101]) await api.post("/v1/track", track({ messageId: "x".repeat(length) }))
  expect(api.log.stored).toHaveLength(2)
  expect(count("discarded", "srv", "message_id_too_long")).toBe(1)
})

describe("AC1-23: the address of the sender", () => {
  it("AC1-23: a given ip stays, direct fills it in", async () => {
    await api.post("/v1/t", track({ context: { ip: "0.0.0.0" } }), "W")
    expect(last().context.ip).toBe("0.0.0.0")
    await api.post("/v1/track", track({ context: { direct: true } }))
    expect(last().context.ip).toBe("127.0.0.1")
    await api.post("/v1/t", track(), "W", { "user-agent": "Lynx" })
    expect(last()).toMatchObject({ channel: "browser", context: { ip: "127.0.0.1", userAgent: "Lynx" } })
  })
  it.each([
    [false, undefined],
    [true, "::1"]
  ])("AC1-23: an IPv6 peer, collectIpv6 %s", async (collectIpv6, expected) => {
    const six = await startApi({ host: "::1", settings: { collectIpv6 } })
    await six.post("/v1/t", track(), "W")
    expect(six.log.stored[0]!.context.ip).toBe(expected)
    await six.close()
  })
})

it("AC1-27: requests over the rate get 429 and nothing of them is stored", async () => {
  api.snapshot = { ...api.snapshot, limits: { ...api.snapshot.limits, requestsPerSecond: 1_000 } }
  const replies: Array<Awaited<ReturnType<Api["post"]>>> = []
  for (let n = 0; n < 50; n++) {
    replies.push(...(await Promise.all(Array.from({ length: 100 }, () => api.post("/v1/track", track())))))
  }
  const limited = replies.filter((reply) => reply.status === 429)
  expect(limited).toHaveLength(3_000)
  for (const { headers, json } of limited) {
    expect(headers["retry-after"]).toMatch(/^([1-9]|[1-9]\d|[12]\d\d|300)$/)
    expect(headers["x-ratelimit-reset"]).toBe(headers["retry-after"])
    expect(json!.code).toBe("rate_limited")
  }
  expect(replies.filter((reply) => reply.status === 200)).toHaveLength(2_000)
  expect(api.log.stored).toHaveLength(2_000)
})

it("AC1-28: five batches of 1,000 items within a second are all accepted", async () => {
  api.snapshot = {
    ...api.snapshot,
    limits: { ...api.snapshot.limits, requestsPerSecond: 1_000, messagesPerSecond: 1_000 }
  }
  for (let n = 0; n < 5; n++) {
    const reply = await api.post("/v1/batch", { batch: Array.from({ length: 1_000 }, () => track()) })
    expect(reply.status).toBe(200)
  }
  expect(api.log.stored).toHaveLength(5_000)
})

const levels = (count: number) => `${'{"a":'.repeat(count)}1${"}".repeat(count)}`

it("AC1-39: __proto__ is data, U+0000 is removed, 65 levels are too deep", async () => {
  const before = Object.keys(Object.prototype)
  await api.post("/v1/identify", '{"userId":"u","traits":{"__proto__":{"x":1},"n":"a\\u0000b"}}')
  expect(JSON.stringify(last().traits)).toBe('{"__proto__":{"x":1},"n":"ab"}')
  expect(Object.keys(Object.prototype)).toEqual(before)
  expect(({} as Record<string, unknown>).x).toBeUndefined()
  await api.post("/v1/identify", `{"userId":"deep","traits":${levels(64)}}`)
  expect(count("discarded", "srv", "nesting_too_deep")).toBe(1)
  await api.post("/v1/identify", `{"userId":"deep","traits":${levels(63)}}`)
  expect(last().userId).toBe("deep")
})

it("AC1-40: a batch context of 33 KB is refused, a number beyond doubles becomes null", async () => {
  const refused = await api.post("/v1/batch", { context: { pad: "x".repeat(33_000) }, batch: [track()] })
  expect([refused.status, refused.json!.code]).toEqual([400, "payload_too_large"])
  await api.post("/v1/track", '{"userId":"u","event":"E","properties":{"n":1e400}}')
  expect(last().properties).toEqual({ n: null })
  expect(count("warnings", "srv", "number_out_of_range")).toBe(1)
})

/** A source with these members in place of its own. */
const change = (id: string, more: Partial<Source>) => {
  const sources = api.snapshot.sources.map((source) => (source.id === id ? { ...source, ...more } : source))
  api.snapshot = {
    ...api.snapshot,
    sources,
    sourceByNo: new Map(sources.map((source) => [source.no, source])),
    sourceByWriteKey: new Map(sources.flatMap((source) => source.writeKeys.map((key) => [key, source] as const)))
  }
}
const block = (names: Partial<BlockedNames>) => {
  const blocks = compileBlocks({ ...nothingBlocked, ...names })
  change("srv", { blocks } as Partial<Source>)
}

const events = () => api.log.stored.map(({ type, event }) => event ?? type)

describe("AC1-31: what the schema of a source blocks", () => {
  it("a blocked event is counted, stored nowhere, and named to libraries on devices", async () => {
    block({ track: ["E"] })
    const batch = [track(), track({ event: "F" }), track(), { type: "page", userId: "u" }]
    expect((await api.post("/v1/batch", { batch })).status).toBe(200)
    expect((await api.post("/v1/track", track())).status).toBe(200)
    expect(events()).toEqual(["F", "page"])
    expect(count("blocked", "srv", "event_setting")).toBe(3)
    expect(count("discarded", "srv", "event_setting")).toBe(0)
    const settings = await api.send("/v1/projects/S/settings")
    expect((settings.json!.plan as { track: object }).track).toEqual({
      E: { enabled: false, integrations: {} },
      __default: { enabled: true, integrations: {} }
    })
  })

  it("a blocked message does not use up its id: allowed later, it is stored", async () => {
    block({ track: ["E"] })
    await api.post("/v1/track", track({ messageId: "m" }))
    block({})
    await api.post("/v1/track", track({ messageId: "m" }))
    expect(api.log.stored.map(({ messageId }) => messageId)).toEqual(["m"])
  })

  it("pages and screens as a whole, and nothing that is only called alike", async () => {
    block({ page: true, screen: true, track: ["Page Viewed"] })
    const user = { userId: "u", name: "Home" }
    await api.post("/v1/batch", {
      batch: ["page", "screen", "identify", "group"].map((type) => ({ type, groupId: "g", ...user }))
    })
    await api.post("/v1/track", track({ event: "page viewed" }))
    await api.post("/v1/track", track({ event: "Page Viewed" }))
    expect(events()).toEqual(["identify", "group", "page viewed"])
  })

  it("a name of more than 200 characters is blocked by what the schema shows of it", async () => {
    block({ track: ["x".repeat(200)] })
    await api.post("/v1/track", track({ event: "x".repeat(300) }))
    await api.post("/v1/track", track({ event: "x".repeat(199) }))
    expect(events()).toEqual(["x".repeat(199)])
  })

  it("blocked traits are taken out: nested, in arrays, with dots in their names; others stay, and so do properties", async () => {
    block({ identify: ["ssn", "address.city", "cards.$.number", "a\\.b", "tags.$", "not.there"], group: ["plan"] })
    await api.post("/v1/identify", {
      userId: "u",
      traits: {
        ssn: "1",
        plan: "pro",
        address: { city: "X", zip: "1" },
        cards: [{ number: "4", brand: "v" }, { brand: "m" }],
        "a.b": 1,
        a: { b: 2 },
        tags: ["x"]
      }
    })
    expect(last().traits).toEqual({
      plan: "pro",
      address: { zip: "1" },
      cards: [{ brand: "v" }, { brand: "m" }],
      a: { b: 2 },
      tags: []
    })
    await api.post("/v1/group", { userId: "u", groupId: "g", traits: { plan: "pro", ssn: "1" } })
    expect(last().traits).toEqual({ ssn: "1" })
    await api.post("/v1/track", track({ properties: { ssn: "1" }, context: { traits: { ssn: "2" } } }))
    expect(last()).toMatchObject({ properties: { ssn: "1" }, context: { traits: { ssn: "2" } } })
  })

  it("a name from Object.prototype is a name like any other", async () => {
    block({ track: ["__proto__"], identify: ["constructor", "__proto__.x"] })
    await api.post("/v1/track", track({ event: "__proto__" }))
    await api.post("/v1/identify", '{"userId":"u","traits":{"__proto__":{"x":1,"y":2}}}')
    expect(JSON.stringify(last().traits)).toBe('{"__proto__":{"y":2}}')
    expect(events()).toEqual(["identify"])
  })
})

describe("ING-180: known bots", () => {
  const bot = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)" }

  it("are taken like anybody until a source ignores them", async () => {
    await api.post("/v1/t", track(), "W", bot)
    change("web", { settings: { ignoreBots: true } })
    await api.post("/v1/t", track(), "W", bot)
    await api.post("/v1/t", track({ context: { userAgent: "curl/8" } }), "W")
    await api.post("/v1/t", track({ context: { userAgent: "Mozilla/5.0 Firefox/130" } }), "W", bot)
    // A server speaks for others.
    await api.post("/v1/track", track({ context: { userAgent: "Googlebot" } }), "W")
    expect(api.log.stored).toHaveLength(3)
    expect(count("discarded", "web", "bot_ignored")).toBe(2)
  })

  it("are those of the source's own list when it has one", async () => {
    change("web", { settings: { ignoreBots: true, botPatterns: ["Watch (1.0)"] } })
    await api.post("/v1/t", track(), "W", bot)
    await api.post("/v1/t", track(), "W", { "user-agent": "my watch (1.0)" })
    expect(api.log.stored).toHaveLength(1)
  })
})
