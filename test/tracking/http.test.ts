import { Agent, request } from "node:http"
import { connect } from "node:net"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib"
import { SchemaNames } from "../../src/source-schema/names.ts"
import { findRoute } from "../../src/tracking/routes.ts"
import { requestKey, basicUser } from "../../src/tracking/write-key.ts"
import { type Api, basic, startApi } from "./harness.ts"

let api: Api
beforeEach(async () => {
  api = await startApi()
})
afterEach(async () => {
  await api.close()
})
const track = { type: "track", userId: "u", event: "E" }
const item = (messageId: string, properties: object) => ({ ...track, messageId, properties })

describe("ING-1, ING-2: routes", () => {
  it.each([
    ["/v1/identify", "identify", "server"],
    ["/v1/track", "track", "server"],
    ["/v1/page", "page", "server"],
    ["/v1/screen", "screen", "server"],
    ["/v1/group", "group", "server"],
    ["/v1/alias", "alias", "server"],
    ["/v1/i", "identify", "browser"],
    ["/v1/t", "track", "browser"],
    ["/v1/p", "page", "browser"],
    ["/v1/s", "screen", "browser"],
    ["/v1/g", "group", "browser"],
    ["/v1/a", "alias", "browser"],
    ["//v1//track/", "track", "server"],
    ["/v1/t/?x=1", "track", "browser"]
  ])("ING-1, ING-2: %s takes %s as %s class", async (path, type, channel) => {
    const reply = await api.post(path, { userId: "u", event: "E", groupId: "g", previousId: "p" })
    expect(reply.status).toBe(200)
    expect(api.log.stored).toMatchObject([{ type, channel }])
  })
  it.each(["/v1/batch", "/v1/b", "/v1/import", "/v1/import/", "//v1/batch//"])(
    "ING-1: %s takes batches",
    async (path) => {
      expect((await api.post(path, { batch: [track] })).status).toBe(200)
      expect(api.log.stored).toHaveLength(1)
    }
  )
  it.each([
    ["POST", "/v1/nothing", 404, undefined],
    ["POST", "/v1/pixel/nothing", 404, undefined],
    ["GET", "/v1/track", 405, "POST, OPTIONS"],
    ["PUT", "/v1/batch", 405, "POST, OPTIONS"],
    ["DELETE", "/v1/m", 405, "POST, OPTIONS"],
    ["POST", "/v1/pixel/track", 405, "GET, HEAD, OPTIONS"],
    ["POST", "/v1/projects/W/settings", 405, "GET, HEAD, OPTIONS"]
  ])("ING-3: %s %s is answered %d", async (method, path, status, allow) => {
    const reply = await api.send(path, { method, ...(method === "POST" && { body: "x".repeat(200_000) }) })
    expect([reply.status, reply.headers.allow]).toEqual([status, allow])
    expect(reply.json).toEqual({
      success: false,
      code: status === 404 ? "not_found" : "method_not_allowed",
      message: expect.any(String),
      error: reply.json!.message
    })
  })
  it.each(["/", "/health", "/graphql", "/v1", "/v1/spaces/x/collections", "/v1/namespaces/x", "/v2/track"])(
    "%s is for others",
    (url) => {
      expect(findRoute(url)).toBeUndefined()
      expect(api.tracking.matches(url)).toBe(false)
    }
  )
  it("ING-42: the type in the body of a single call is ignored, with a warning", async () => {
    await api.post("/v1/track", { ...track, type: "page" })
    expect(api.log.stored).toMatchObject([{ type: "track" }])
    expect(api.tracking.counters.get("warnings", "srv", "type_mismatch")).toBe(1)
  })
  it("ING-11: self-metrics are answered and counted, nothing is kept", async () => {
    const reply = await api.send("/v1/m", { body: '{"series":[]}', headers: { "content-type": "text/plain" } })
    expect([reply.status, reply.text]).toEqual([200, '{"success":true}'])
    expect(api.tracking.counters.get("selfMetrics")).toBe(1)
    expect(api.log.stored).toEqual([])
  })
  it("ING-8: a request that came back more than three times is refused 508", async () => {
    const statuses = []
    for (const hops of ["3", "4"]) {
      statuses.push((await api.post("/v1/track", track, "S", { "x-function-hops": hops })).status)
    }
    expect(statuses).toEqual([200, 508])
  })
})

describe("ING-4, ING-5: encodings", () => {
  const bytes = Buffer.from(JSON.stringify(track))
  it.each([
    ["gzip", gzipSync(bytes)],
    ["GZIP", gzipSync(bytes)],
    ["x-gzip", gzipSync(bytes)],
    ["deflate", deflateSync(bytes)],
    ["deflate", deflateRawSync(bytes)],
    ["br", brotliCompressSync(bytes)],
    ["identity", bytes],
    ["", bytes]
  ])("ING-5: %s", async (encoding, body) => {
    expect((await api.post("/v1/track", body, "S", { "content-encoding": encoding })).status).toBe(200)
    expect(api.log.stored).toHaveLength(1)
  })
  it.each(["zstd", "gzip, br", "compress"])("ING-5: %s is refused", async (encoding) => {
    const reply = await api.post("/v1/track", bytes, "S", { "content-encoding": encoding })
    expect([reply.status, reply.json!.code]).toEqual([400, "unsupported_encoding"])
  })
  it.each([
    ["gzip", bytes],
    ["gzip", gzipSync(bytes).subarray(0, 20)],
    ["gzip", Buffer.alloc(0)],
    ["br", bytes],
    ["deflate", Buffer.from([0x78, 1, 2, 3])]
  ])("ING-5: a broken %s body is refused", async (encoding, body) => {
    const reply = await api.post("/v1/track", body, "S", { "content-encoding": encoding })
    expect([reply.status, reply.json!.code]).toEqual([400, "invalid_request"])
  })
  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync]
  ] as const)("ING-5: %s stops at the limit, equal is accepted", async (encoding, compress) => {
    const at = async (size: number) => {
      const body = compress(Buffer.from(JSON.stringify(track).padEnd(size)))
      return (await api.post("/v1/track", body, "S", { "content-encoding": encoding })).status
    }
    expect([await at(32_768), await at(32_769), await at(5_000_000)]).toEqual([200, 400, 400])
  })
  it.each(["application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "image/png"])(
    "ING-4: the declared type %s does not matter",
    async (type) => expect((await api.post("/v1/track", track, "S", { "content-type": type })).status).toBe(200)
  )
  it("ING-6: a byte order mark is skipped, invalid UTF-8 is refused", async () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
    expect((await api.post("/v1/track", marked)).status).toBe(200)
    expect((await api.post("/v1/track", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).status).toBe(400)
  })
})

describe("ING-9: CORS", () => {
  const origin = "https://shop.example.com"
  it("ING-9: a preflight is answered 204 with what was asked", async () => {
    const reply = await api.send("/v1/t", {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-retry-count"
      }
    })
    expect(reply.status).toBe(204)
    expect(reply.headers).toMatchObject({
      "access-control-allow-origin": origin,
      vary: "Origin",
      "access-control-allow-methods": "GET, POST, OPTIONS",
      "access-control-allow-headers": "authorization,content-type,x-retry-count",
      "access-control-max-age": "86400",
      "access-control-allow-credentials": "true"
    })
  })
  it.each([
    ["an answer", track, 200],
    ["an error", "{", 400]
  ])("ING-9: %s can be read by the page", async (_, body, status) => {
    const reply = await api.post("/v1/t", body, "W", { origin, "x-retry-count": "2" })
    expect(reply.status).toBe(status)
    expect(reply.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "Retry-After, X-RateLimit-Reset, Date"
    })
    expect(reply.headers["set-cookie"]).toBeUndefined()
    expect(api.tracking.counters.get("retried")).toBe(1)
  })
})

describe("ING-15, ING-16, ING-17: write keys", () => {
  it.each([
    ["Basic YWJjMTIzOg==", "abc123"],
    ["basic YWJjMTIzOg==", "abc123"],
    ["Basic YWJjMTIz", "abc123"],
    [`Basic ${Buffer.from("abc123:secret").toString("base64")}`, "abc123"],
    [`Basic ${Buffer.from(" abc123 :").toString("base64")}`, "abc123"],
    ["Basic", undefined],
    ["Basic ***", undefined],
    ["Basic Og==", undefined],
    ["Bearer YWJjMTIzOg==", undefined],
    [undefined, undefined]
  ])("ING-16: %s names %s", (header, user) => expect(basicUser(header)).toBe(user))
  it.each([
    ["body", undefined, "body", false],
    ["body", "header", "body", true],
    [" body ", "body", "body", false],
    [undefined, "header", "header", false],
    [null, "header", "header", false],
    ["  ", "header", "header", false],
    ["x".repeat(128), undefined, "x".repeat(128), false],
    ["x".repeat(129), undefined, undefined, false],
    ["a b", undefined, undefined, false],
    [{}, "header", undefined, true],
    [undefined, undefined, undefined, false]
  ])("ING-16, ING-17: body %j and header %j give %j", (body, header, key, differ) =>
    expect(requestKey(body, header)).toEqual({ key, differ })
  )
  it("ING-16: a writeKey inside a batch item neither routes nor stays", async () => {
    await api.post("/v1/batch", { batch: [{ ...track, writeKey: "W" }] })
    expect(api.log.events[0]!.source).toBe(2)
    expect(api.log.stored[0]).not.toHaveProperty("writeKey")
  })
})

describe("ING-10: durability", () => {
  it("ING-10: a full queue is answered 503 with Retry-After", async () => {
    api.log.mode = "full"
    const reply = await api.post("/v1/track", track)
    expect([reply.status, reply.json!.code, reply.headers["retry-after"]]).toEqual([503, "unavailable", "2"])
  })
  it("ING-10: a commit that takes too long is answered 503, and counted when it comes", async () => {
    const slow = await startApi({ deadlineMs: 20 })
    slow.log.mode = "stuck"
    expect((await slow.post("/v1/track", track)).status).toBe(503)
    slow.log.commit(slow.log.pending[0]!)
    expect([slow.tracking.counters.get("late"), slow.tracking.counters.get("accepted", "srv")]).toEqual([1, 1])
    await slow.close()
  })
  it("ING-64: duplicates inside one source only, when so configured", async () => {
    const own = await startApi({ settings: { dedupScope: "source" } })
    for (const key of ["S", "W", "S"]) await own.post("/v1/track", { ...track, messageId: "m" }, key)
    expect(own.log.events.map((event) => event.dedupKey)).toEqual(["srv\nm", "web\nm"])
    await own.close()
  })
  it("ING-130: the schema of a source counts what was stored: no duplicates, no discarded ones, nothing that may be sent again", async () => {
    const names = new SchemaNames()
    const counting = await startApi({ names })
    const counted = () => names.take(100).map(({ name, allowed }) => `${name.name} ${allowed}`)
    await counting.post("/v1/track", item("a", { x: 1 }))
    await counting.post("/v1/batch", {
      batch: [item("a", { x: 1 }), item("b", { y: 1 }), { type: "track", userId: "u" }]
    })
    expect(counted()).toEqual(["E 2", "x 1", "y 1"])
    counting.log.mode = "down"
    expect((await counting.post("/v1/track", item("c", { x: 1 }))).status).toBe(503)
    expect(counted()).toEqual([])
    await counting.close()
  })
  it("ING-44: all items share one receivedAt and keep their order", async () => {
    await api.post("/v1/batch", { batch: [1, 2, 3].map((n) => ({ ...track, messageId: n })) })
    expect(api.log.stored.map((message) => message.messageId)).toEqual(["1", "2", "3"])
    expect(new Set(api.log.stored.map((message) => message.receivedAt)).size).toBe(1)
  })
})

describe("ING-71: trusted proxies", () => {
  it.each([
    [["127.0.0.1"], "203.0.113.9", "203.0.113.9"],
    [["127.0.0.0/8", "10.0.0.0/8"], "6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"],
    [["127.0.0.1"], "203.0.113.9:4711", "203.0.113.9"],
    [["127.0.0.1"], "::ffff:203.0.113.9", "203.0.113.9"],
    [["127.0.0.1"], "[2001:db8::1]:443", undefined],
    [["127.0.0.1"], "unknown", "127.0.0.1"],
    [[], "203.0.113.9", "127.0.0.1"],
    [["10.0.0.0/8"], "203.0.113.9", "127.0.0.1"]
  ])("ING-71: proxies %j, X-Forwarded-For %s: %s", async (trustedProxies, forwarded, ip) => {
    const proxied = await startApi({ settings: { trustedProxies } })
    await proxied.post("/v1/t", track, "W", { "x-forwarded-for": forwarded })
    expect(proxied.log.stored[0]!.context.ip).toBe(ip)
    await proxied.close()
  })
  it.each(["10.0.0.0/33", "proxy.example.com", "10.0.0.0/8/8", "10.0.0.0/x"])(
    "ING-71: %s is refused at start",
    (proxy) =>
      expect(startApi({ settings: { trustedProxies: [proxy] } })).rejects.toThrow(/BRAID_TRUSTED_PROXIES.*CIDR/)
  )
})

describe("connections", () => {
  it("a refused body leaves the connection usable", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const statuses = []
    for (const body of ["x".repeat(40_000), "x".repeat(5_000_000), "{", JSON.stringify(track)]) {
      const headers = { authorization: basic("S") }
      statuses.push((await api.send("/v1/track", { body, headers, agent })).status)
    }
    statuses.push((await api.send("/v1/nothing", { body: "x".repeat(5_000_000), agent })).status)
    statuses.push((await api.send("/v1/track", { body: track, headers: { authorization: basic("S") }, agent })).status)
    expect(statuses).toEqual([400, 400, 400, 200, 404, 200])
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1)
    agent.destroy()
  })
  it("a body of 20 MB is refused with an answer, not with a reset", async () => {
    const chunk = Buffer.alloc(1_000_000, 120)
    const reply = await api.post(
      "/v1/batch",
      Array.from({ length: 20 }, () => chunk)
    )
    expect([reply.status, reply.json!.code]).toEqual([400, "payload_too_large"])
  })
  it("clients that hang up in the middle harm nobody", async () => {
    const { port, hostname } = new URL(api.url)
    const hangUp = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => socket.write(text, () => socket.destroy()))
        socket.on("close", () => resolve())
      })
    const head = "POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Basic Uzo=\r\n"
    for (let n = 0; n < 20; n++) {
      await hangUp(`${head}Content-Length: 1000\r\n\r\n{"user`)
      await hangUp(`${head}Content-Length: 30\r\n\r\n{"userId":"u${n}","event":"E"}   `)
    }
    api.log.mode = "stuck"
    await new Promise<void>((resolve) => {
      const req = request(`${api.url}/v1/track`, { method: "POST", headers: { authorization: basic("S") } })
      req.on("error", () => resolve())
      req.end(JSON.stringify(track))
      const wait = setInterval(() => {
        if (api.log.pending.length === 0) return
        clearInterval(wait)
        req.destroy()
      }, 1)
    })
    for (const request of api.log.pending) api.log.commit(request)
    api.log.mode = "up"
    expect((await api.post("/v1/track", track)).status).toBe(200)
  })
})
