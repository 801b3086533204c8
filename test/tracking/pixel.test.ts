import { afterEach, beforeEach, expect, it } from "vitest"
import { pixelPayload } from "../../src/tracking/pixel.ts"
import { type Api, receivedAt, startApi } from "./harness.ts"

let api: Api
beforeEach(async () => {
  api = await startApi()
})
afterEach(async () => {
  await api.close()
})
const gif = async (path: string, method = "GET") => {
  const reply = await api.send(path, { method })
  expect([reply.status, reply.headers["content-type"], reply.headers["cache-control"]]).toEqual([
    200,
    "image/gif",
    "no-store, private"
  ])
  expect(reply.headers["access-control-allow-origin"]).toBe("*")
  if (method === "GET") expect(reply.bytes.subarray(0, 6).toString()).toBe("GIF89a")
  return reply
}
const payload = { writeKey: "W", userId: "u", event: "Email Opened", properties: { "ü?>": "😀~~", plus: ">>>>>?????" } }

it("AC1-29: data as base64url, unreadable data, plain parameters", async () => {
  await gif(`/v1/pixel/track?data=${Buffer.from(JSON.stringify(payload)).toString("base64url")}`)
  await gif("/v1/pixel/track?data=%%%")
  await gif("/v1/pixel/track?writeKey=W&userId=u&event=E&properties.a.b=1")
  expect(api.log.stored).toMatchObject([
    { type: "track", event: "Email Opened", channel: "browser", context: { ip: "127.0.0.1" } },
    { type: "track", event: "E", properties: { a: { b: "1" } } }
  ])
  expect(api.log.stored).toHaveLength(2)
  expect(api.log.stored[0]).not.toHaveProperty("writeKey")
  expect(api.tracking.counters.get("reasons", "unknown", "bad_request")).toBe(1)
})

it("the payload has what distinguishes the two alphabets", () =>
  expect(Buffer.from(JSON.stringify(payload)).toString("base64")).toMatch(/(?=.*\+)(?=.*\/)/))
it.each([
  ["standard, padded", (text: string) => Buffer.from(text).toString("base64")],
  ["standard, not padded", (text: string) => Buffer.from(text).toString("base64").replaceAll("=", "")],
  ["URL-safe", (text: string) => Buffer.from(text).toString("base64url")],
  ["escaped", (text: string) => encodeURIComponent(Buffer.from(text).toString("base64"))],
  ["blanks for +", (text: string) => Buffer.from(text).toString("base64").replaceAll("+", "%20")],
  [
    "line breaks",
    (text: string) =>
      Buffer.from(text)
        .toString("base64")
        .replace(/(.{20})/g, "$1%0d%0a")
  ]
])("ING-105: base64, %s", (_, encode) =>
  expect(pixelPayload(`data=${encode(JSON.stringify(payload))}&userId=ignored`)).toEqual(payload)
)

it.each([
  ["a=1&a=2", { a: "2" }],
  ["a=1&a.b=2", { a: { b: "2" } }],
  ["a.b=1&a.c=2&x=", { a: { b: "1", c: "2" }, x: "" }],
  ["a=Hi%20you+there&flag", { a: "Hi you there", flag: "" }],
  ["a=x%00y&b=%zz&c=1", { a: "xy", c: "1" }],
  ["data=bm90IGpzb24", undefined],
  ["data=W10", undefined],
  ["data=", undefined],
  [`a=${"x".repeat(33_000)}`, undefined],
  [`data=${Buffer.from(JSON.stringify({ a: "x".repeat(33_000) })).toString("base64url")}`, undefined]
])("ING-105: %.40s is %j", (query, expected) => {
  const value = pixelPayload(query)
  expect(value === undefined ? undefined : JSON.parse(JSON.stringify(value))).toEqual(expected)
})

it("ING-6, ING-105: a parameter called __proto__ is data", async () => {
  await gif("/v1/pixel/identify?writeKey=W&userId=u&traits.__proto__.x=1")
  expect(JSON.stringify(api.log.stored[0]!.traits)).toBe('{"__proto__":{"x":"1"}}')
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

it("ING-33: dots that nest too deep are discarded", async () => {
  await gif(`/v1/pixel/track?writeKey=W&userId=u&event=E&${"a.".repeat(5_000)}b=1`)
  expect(api.tracking.counters.get("discarded", "web", "nesting_too_deep")).toBe(1)
})

it("ING-104: 32 KB of payload fit into the request line", async () => {
  const large = { ...payload, properties: { pad: "x".repeat(32_000) } }
  await gif(`/v1/pixel/track?data=${Buffer.from(JSON.stringify(large)).toString("base64url")}`)
  expect(api.log.stored).toHaveLength(1)
})

it("ING-105: HEAD answers the same and stores nothing", async () => {
  const reply = await gif("/v1/pixel/track?writeKey=W&userId=u&event=E", "HEAD")
  expect(reply.bytes).toHaveLength(0)
  expect(Number(reply.headers["content-length"])).toBeGreaterThan(0)
  expect(api.log.stored).toEqual([])
})

it.each(["down", "full"] as const)("ING-104: the picture comes even when storage is %s", async (mode) => {
  api.log.mode = mode
  await gif("/v1/pixel/track?writeKey=W&userId=u&event=E")
  expect(api.tracking.counters.get("pixelDropped")).toBe(1)
})

it("ING-104: no key, unknown key, disabled source, invalid message", async () => {
  await gif("/v1/pixel/track?userId=u&event=E")
  await gif("/v1/pixel/track?writeKey=nobody&userId=u&event=E")
  await gif("/v1/pixel/track?writeKey=D&userId=u&event=E")
  await gif("/v1/pixel/track?writeKey=W&event=E")
  await gif("/v1/pixel/track?writeKey=W&data=!!!")
  await gif("/v1/pixel/track")
  expect(api.log.stored).toEqual([])
  const { counters } = api.tracking
  expect(api.tracking.unknownKeys()).toMatchObject([{ key: "nobody", lastSeen: receivedAt }])
  expect(counters.get("reasons", "off", "source_disabled")).toBe(1)
  expect(counters.get("discarded", "web", "no_user_anon_id")).toBe(1)
  expect(counters.get("reasons", "web", "bad_request")).toBe(1)
})
