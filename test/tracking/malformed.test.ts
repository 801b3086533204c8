/** 10,000 requests that no client should send: never 5xx, never a crash, memory does not grow (ING-8). */
import { Agent } from "node:http"
import { expect, it } from "vitest"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { basic, NoReply, type SendOptions, startApi } from "./harness.ts"

/** A small generator, so that a failing request can be sent again: print the seed and the number. */
const makeRandom = (seed: number) => {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  return { next, pick: <A>(from: ReadonlyArray<A>): A => from[next(from.length)]! }
}
type Random = ReturnType<typeof makeRandom>

const values = [
  "null",
  "true",
  "0",
  "-1",
  "1e400",
  "-1e-400",
  "123456789012345678901234567890",
  `1${"0".repeat(400)}`,
  '""',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  "[]",
  "{}",
  "[[[]]]",
  '{"a":{"b":[1,{"c":null}]}}',
  '{"__proto__":{"x":1}}',
  '"2024-02-30"',
  '"9999-12-31T23:59:59Z"',
  '"-000001-01-01"',
  '{"length":1e9}',
  '{"toString":1,"constructor":{}}',
  `"${"x".repeat(200)}"`,
  '{"toJSON":"x"}',
  '"💥"',
  "[1,2,3]",
  '{"categoryPreferences":{"a":1}}'
]
const fields = [
  "type",
  "messageId",
  "anonymousId",
  "userId",
  "previousId",
  "groupId",
  "event",
  "name",
  "category",
  "traits",
  "properties",
  "context",
  "integrations",
  "timestamp",
  "originalTimestamp",
  "receivedAt",
  "sentAt",
  "version",
  "channel",
  "_metadata",
  "writeKey",
  "batch",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "x"
]
const types = ["identify", "track", "page", "screen", "group", "alias", "TRACK", "foo"]

const message = (random: Random): string => {
  const parts = [`"type":${random.next(8) === 0 ? random.pick(values) : JSON.stringify(random.pick(types))}`]
  if (random.next(2) === 0) parts.push('"userId":"u"')
  if (random.next(2) === 0) parts.push('"event":"Segment Consent Preference Updated"')
  for (let n = random.next(6); n > 0; n--) parts.push(`${JSON.stringify(random.pick(fields))}:${random.pick(values)}`)
  return `{${parts.join(",")}}`
}
const deep = (levels: number, open: string, close: string) => `${open.repeat(levels)}1${close.repeat(levels)}`

const text = (random: Random): string => {
  switch (random.next(8)) {
    case 0:
      return message(random)
    case 1:
      return `{"batch":[${Array.from({ length: random.next(5) }, () => message(random)).join(",")}],"sentAt":${random.pick(values)}}`
    case 2:
      return `{"batch":[${random.pick(values)},${random.pick(values)}],"context":${random.pick(values)},"integrations":${random.pick(values)}}`
    case 3:
      return message(random).slice(0, random.next(60))
    case 4:
      return random.pick(values)
    case 5:
      return `{"userId":"u","event":"E","type":"track","properties":${deep(random.next(5_000), '{"a":', "}")}}`
    case 6:
      return `{"batch":[${deep(random.next(30_000), "[", "]")}],"context":${deep(random.next(300), '{"a":', "}")}}`
    default:
      return message(random).replaceAll(
        random.pick(['"', ":", "{", "}", ","]),
        random.pick(["", "'", "\\", "\u0000", "]"])
      )
  }
}

const body = (random: Random): Buffer => {
  const bytes = Buffer.from(text(random))
  for (let n = random.next(10) === 0 ? 1 + random.next(4) : 0; n > 0 && bytes.length > 0; n--) {
    bytes[random.next(bytes.length)] = random.next(256)
  }
  if (random.next(100) === 0) return Buffer.concat([bytes, Buffer.alloc(random.next(700_000), 32)])
  return bytes
}

const paths = [
  "/v1/track",
  "/v1/identify",
  "/v1/page",
  "/v1/screen",
  "/v1/group",
  "/v1/alias",
  "/v1/t",
  "/v1/i",
  "/v1/batch",
  "/v1/b",
  "/v1/import/",
  "/v1/m",
  "/v1/nothing",
  "//v1//batch/",
  "/v1/batch",
  "/v1/batch",
  "/v1/pixel/track"
]
const makeRequest = (random: Random): SendOptions & { readonly path: string } => {
  if (random.next(12) === 0) {
    const query = random.pick([
      `data=${body(random)
        .subarray(0, 8_000)
        .toString(random.pick(["base64", "base64url", "hex"]))}`,
      `data=${encodeURIComponent(text(random)).slice(0, 9_000)}`,
      `writeKey=W&userId=u&event=E&${random.pick(fields)}.${random.pick(fields)}=${encodeURIComponent(random.pick(values))}`
    ])
    return { path: `/v1/pixel/${random.pick(["track", "identify", "alias", "x"])}?${query}`, method: "GET" }
  }
  const bytes = body(random)
  const encoding = random.pick(["", "", "", "gzip", "deflate", "br", "zstd"])
  const packed =
    encoding === "gzip"
      ? gzipSync(bytes)
      : encoding === "deflate"
        ? deflateSync(bytes)
        : encoding === "br"
          ? brotliCompressSync(bytes, { params: {} })
          : bytes
  const sent =
    encoding === "" || random.next(3) > 0 ? packed : random.pick([bytes, packed.subarray(0, packed.length >> 1)])
  return {
    path: random.pick(paths),
    method: random.next(30) === 0 ? random.pick(["PUT", "DELETE", "PATCH", "OPTIONS"]) : "POST",
    body: random.next(4) === 0 ? [sent.subarray(0, 5), sent.subarray(5)] : sent,
    headers: {
      ...(encoding === "" ? {} : { "content-encoding": encoding }),
      ...(random.next(5) === 0
        ? {}
        : { authorization: random.pick([basic("W"), basic("S"), "Basic ???", "Bearer x", "x"]) }),
      ...(random.next(9) === 0 ? { "x-function-hops": random.pick(["x", "-1", "2", "1e9"]) } : {})
    }
  }
}

it("ING-8: 10,000 malformed requests, fixed seed", { timeout: 120_000 }, async () => {
  const api = await startApi()
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const random = makeRandom(20_240_501)
  const statuses = new Map<number, number>()
  const faults: Array<unknown> = []
  let heapAtStart = 0
  for (let round = 0; round < 100; round++) {
    const requests = Array.from({ length: 100 }, () => makeRequest(random))
    await Promise.all(
      requests.map(async (options, n) => {
        try {
          const { status } = await api.send(options.path, { ...options, agent })
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          if (status >= 500 && status !== 508) faults.push({ round, n, status, options })
        } catch (error) {
          faults.push({ round, n, cause: error instanceof NoReply ? error.cause : error, options })
        }
      })
    )
    // What the log double keeps is no leak.
    api.log.events.length = 0
    if (round === 20) heapAtStart = process.memoryUsage().heapUsed
  }
  expect(faults.slice(0, 3)).toEqual([])
  expect(api.defects).toEqual([])
  expect([...statuses.values()].reduce((sum, n) => sum + n, 0)).toBe(10_000)
  // All kinds of answers came; a generator that makes only one would prove nothing.
  expect([200, 204, 400, 404, 405].filter((status) => (statuses.get(status) ?? 0) < 20)).toEqual([])
  const { counters } = api.tracking
  expect(counters.get("discarded", "web", "nesting_too_deep")).toBeGreaterThan(0)
  expect(counters.get("discarded", "srv", "invalid_type")).toBeGreaterThan(0)
  expect(counters.get("warnings", "web", "number_out_of_range")).toBeGreaterThan(0)
  expect(process.memoryUsage().heapUsed - heapAtStart).toBeLessThan(100 * 1024 * 1024)
  expect(({} as Record<string, unknown>).x).toBeUndefined()

  const after = await api.post("/v1/track", { userId: "u", event: "E" })
  expect([after.status, api.log.stored.length]).toEqual([200, 1])
  agent.destroy()
  await api.close()
})
