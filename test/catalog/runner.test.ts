/** Executing destinations in the worker process, and our own in this one, against a local server. */
import { createHmac } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect, Fiber } from "effect"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { exchangeOf, maskFor } from "../../src/catalog/masking.ts"
import { makeRunner } from "../../src/catalog/runner-live.ts"
import type { ActionCall, OAuthTokens } from "../../src/catalog/runner.ts"
import { supervise } from "../../src/platform/supervise.ts"
import { Health } from "../../src/platform/health.ts"
import { webhook } from "./support.ts"

const extensible = "66b1f528d26440823fb27af9"
const classic = "54521fda25e721e32a72ef06"
const iron = "54521fd725e721e32a72eec5"

interface Seen {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let seen: Array<Seen> = []
let answer: (request: Seen, response: ServerResponse) => void = (_, response) => response.end("{}")
const server = createServer((request, response) => {
  let body = ""
  request.on("data", (chunk: Buffer) => (body += chunk.toString()))
  request.on("end", () => {
    const it = { path: request.url ?? "", method: request.method ?? "", headers: request.headers, body }
    seen.push(it)
    answer(it, response)
  })
})

const { process: workerProcess, run, runner } = makeRunner({ allowPrivate: ["127.0.0.1/32"] })
const fiber = Effect.runFork(supervise("worker", run).pipe(Effect.provide(Health.layer)))
let base = ""
/** The same machine under an address that is not listed. */
const inside = () => base.replace("127.0.0.1", "127.0.0.2")

beforeAll(async () => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await Effect.runPromise(Fiber.interrupt(fiber))
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  seen = []
  answer = (_, response) => response.end("{}")
})

const event = {
  type: "track",
  event: "Test",
  userId: "u1",
  messageId: "m1",
  timestamp: "2026-01-01T00:00:00Z",
  properties: { a: 1 },
  context: {},
  integrations: {}
}

const sending = (more: Partial<ActionCall> = {}, path = "/hook"): ActionCall => ({
  metadataId: webhook,
  settings: {},
  actionSlug: "send",
  mapping: { url: base + path, method: "POST", data: { "@path": "$." } },
  events: [JSON.stringify(event)],
  batch: false,
  ...more
})
const call = (given: ActionCall) => Effect.runPromise(runner.call(given))
const testOf = (metadataId: string) => Effect.runPromise(runner.testAuthentication({ metadataId, settings: {} }))
const status = (code: number, headers: Record<string, string> = {}) => {
  answer = (_, response) => response.writeHead(code, headers).end("no")
}

const classicCall = (paths: ReadonlyArray<string>, more: object = {}): ActionCall => ({
  metadataId: classic,
  settings: { urls: paths.map((path) => base + path), sharedSecret: "s", headers: { "X-Mine": "1" }, ...more },
  events: [JSON.stringify({ ...event, extra: "not of the spec", traits: { no: 1 } })],
  batch: false
})

/** Takes the token `good`; gives it out at /token. */
const protectedHook = ({ headers, path }: Seen, response: ServerResponse) => {
  const give = { "content-type": "application/json" }
  if (path === "/token") response.writeHead(200, give).end('{"access_token":"good"}')
  else response.writeHead(headers.authorization === "Bearer good" ? 200 : 401).end("{}")
}

describe("the worker", () => {
  it("AC4-38: signs a webhook; a batch carries the signature of its first element", async () => {
    const settings = { sharedSecret: "s" }
    expect((await call(sending({ settings }))).outcomes).toEqual([{ kind: "delivered" }])
    expect(seen[0]).toMatchObject({
      method: "POST",
      body: JSON.stringify(event),
      headers: {
        "x-signature": "7a863d161833679fa624ab119210a4b3f79deddb",
        "content-type": "application/json",
        "user-agent": "Segment (Actions)"
      }
    })
    const second = { ...event, messageId: "m2" }
    await call(sending({ settings, batch: true, events: [JSON.stringify(event), JSON.stringify(second)] }))
    expect(seen[1]).toMatchObject({
      body: JSON.stringify([event, second]),
      headers: { "x-signature": "7a863d161833679fa624ab119210a4b3f79deddb" }
    })
  })

  it("DST-111: signs the whole body a second time when asked", async () => {
    const settings = { sharedSecret: "s", signature256: true }
    await call(sending({ settings, batch: true, events: [JSON.stringify(event), JSON.stringify(event)] }))
    const { body, headers } = seen[0]!
    expect(headers["x-signature-256"]).toBe(createHmac("sha256", "s").update(body).digest("hex"))
  })

  it("RET-124: an entry that would make no request does not count as delivered", async () => {
    const connections = sending({ metadataId: "6371eee1ae5e324869aa8b1b", actionSlug: "sendTrack", mapping: {} })
    expect((await call(connections)).outcomes).toMatchObject([{ code: "UNSUPPORTED_EVENT_TYPE", retry: false }])
  })

  it.each([400, 401, 404, 501])("AC4-40: %i is final", async (code) => {
    status(code)
    expect((await call(sending())).outcomes).toMatchObject([{ kind: "failed", code: String(code), retry: false }])
    expect(seen).toHaveLength(1)
  })

  it("AC4-41: 429 with Retry-After, which is told", async () => {
    status(429, { "retry-after": "300" })
    expect((await call(sending())).outcomes).toMatchObject([{ code: "429", retry: true, retryAfterMs: 300_000 }])
  })

  it("AC4-43: a reset and a refused connection are retried under their codes", async () => {
    answer = (_, response) => response.socket?.resetAndDestroy()
    expect((await call(sending())).outcomes).toMatchObject([{ code: "ECONNRESET", retry: true }])
    const mapping = { url: "http://127.0.0.1:1/", method: "POST", data: {} }
    expect((await call(sending({ mapping }))).outcomes).toMatchObject([{ code: "ECONNREFUSED", retry: true }])
  })

  it("AC4-44: follows 307 with method and body", async () => {
    answer = ({ path }, response) =>
      path === "/hook" ? response.writeHead(307, { location: "/other" }).end() : response.end("{}")
    const { exchanges, outcomes } = await call(sending({ recordAll: true }))
    expect(outcomes).toEqual([{ kind: "delivered" }])
    expect(seen.map(({ body, method, path }) => [method, path, body.length])).toEqual([
      ["POST", "/hook", JSON.stringify(event).length],
      ["POST", "/other", JSON.stringify(event).length]
    ])
    expect(exchanges.map(({ response }) => response?.status)).toEqual([307, 200])
  })

  it("AC4-45: a body of 2 MB is cut and the event delivered", async () => {
    answer = (_, response) => response.end(Buffer.alloc(2_000_000, "x"))
    expect((await call(sending())).outcomes).toEqual([{ kind: "delivered" }])
  })

  it("records what failed, without secrets (DEL-23)", async () => {
    status(400)
    const headers = { Authorization: "Bearer top-secret", "X-Plain": "shared-secret-1" }
    const mapping = { url: `${base}/hook?token=abc&a=1`, method: "POST", headers, data: { v: "shared-secret-1" } }
    const { exchanges } = await call(sending({ mapping, settings: { sharedSecret: "shared-secret-1" } }))
    expect(exchanges).toHaveLength(1)
    expect(JSON.stringify(exchanges)).not.toMatch(/shared-secret-1|top-secret|abc/)
    expect(exchanges[0]).toMatchObject({
      request: { method: "POST", url: `${base}/hook?token=••••••••&a=1`, body: '{"v":"••••••••"}' },
      response: { status: 400, body: "no" }
    })
  })

  it("DEL-23: masks addresses and tokens that are secrets by themselves", () => {
    const url = "https://hooks.slack.com/services/T000/B000/XYZ"
    const body = Buffer.from('{"access_token": "abc", "scope": "all"}')
    const { request } = exchangeOf({ method: "POST", url, headers: { cookie: "c" }, body }, maskFor([]))
    expect(request).toEqual({
      method: "POST",
      url: "https://hooks.slack.com/services/T000/B000/••••••••",
      headers: { cookie: "••••••••" },
      body: '{"access_token": "••••••••", "scope": "all"}'
    })
  })

  it("AC4-49, DEL-9: reaches nothing inside that is not listed, also by a redirect", async () => {
    const mapping = { url: inside(), method: "POST", data: {} }
    expect((await call(sending({ mapping }))).outcomes).toMatchObject([{ code: "INVALID_SETTINGS", retry: false }])
    expect(seen).toEqual([])
    answer = (_, response) => response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data" }).end()
    expect((await call(sending())).outcomes).toMatchObject([{ code: "INVALID_SETTINGS", retry: false }])
  })

  it("AC4-49: a client that knows nothing of our rules is kept inside them, too", async () => {
    const kafka = "65dde5755698cb0dab09b489"
    const { outcomes } = await call({
      metadataId: kafka,
      settings: {
        clientId: "c",
        brokers: new URL(inside()).host,
        mechanism: "plain",
        username: "u",
        password: "p",
        ssl_enabled: false
      },
      actionSlug: "send",
      mapping: { topic: "t", payload: { "@path": "$.properties" } },
      events: [JSON.stringify(event)],
      batch: false
    })
    expect(outcomes).toMatchObject([{ kind: "failed" }])
    expect(JSON.stringify(outcomes)).toMatch(/may not reach|EEGRESS/)
  })

  const oauth = {
    authentication: "oauthClientCredentials",
    clientId: "id",
    clientSecret: "client-secret",
    get tokenUrl() {
      return `${base}/token`
    }
  }
  const withOAuth = (more: Partial<ActionCall>): ActionCall =>
    sending({
      metadataId: extensible,
      settings: { ...oauth },
      tokens: { accessToken: "old", refreshToken: "r" },
      instance: "d1",
      ...more
    })

  it("AC4-46, DEL-12: on 401 refreshes, stores, repeats; one attempt", async () => {
    answer = protectedHook
    const stored: Array<readonly [OAuthTokens, number]> = []
    const onRefresh = (tokens: OAuthTokens) => Effect.sync(() => void stored.push([tokens, seen.length]))
    const result = await call(withOAuth({ onRefresh, instance: "d-46" }))
    expect(result.outcomes).toEqual([{ kind: "delivered" }])
    expect(result.refreshed).toEqual({ accessToken: "good", refreshToken: "r" })
    expect(seen.map(({ path }) => path)).toEqual(["/hook", "/token", "/hook"])
    // Stored before the third request was made.
    expect(stored).toEqual([[{ accessToken: "good", refreshToken: "r" }, 2]])
  })

  it("DEL-12: one refresh for all calls of a destination that are refused with the same token", async () => {
    answer = protectedHook
    const calls = await Promise.all([1, 2, 3].map(() => call(withOAuth({ instance: "d-many" }))))
    expect(calls.flatMap(({ outcomes }) => outcomes)).toEqual([1, 2, 3].map(() => ({ kind: "delivered" })))
    expect(seen.filter(({ path }) => path === "/token")).toHaveLength(1)
  })

  it("DEL-12: a refused refresh discards, a server that is down does not", async () => {
    answer = ({ path }, response) => response.writeHead(path === "/token" ? 400 : 401).end("invalid_grant")
    expect((await call(withOAuth({ instance: "d-no" }))).outcomes).toMatchObject([
      { code: "401", retry: false, message: expect.stringContaining("OAUTH_REFRESH_FAILED") as string }
    ])
    answer = ({ path }, response) => response.writeHead(path === "/token" ? 503 : 401).end("")
    expect((await call(withOAuth({ instance: "d-down" }))).outcomes).toMatchObject([{ code: "503", retry: true }])
  })

  it("DEL-12: 401 again after the refresh is final", async () => {
    answer = ({ path }, response) =>
      path === "/token"
        ? response.writeHead(200, { "content-type": "application/json" }).end('{"access_token":"bad"}')
        : response.writeHead(401).end("still not")
    expect((await call(withOAuth({ instance: "d-again" }))).outcomes).toMatchObject([{ code: "401", retry: false }])
    expect(seen.map(({ path }) => path)).toEqual(["/hook", "/token", "/hook"])
  })

  it("DST-114: client credentials fetch a first token by themselves; bearer and none send what they say", async () => {
    answer = protectedHook
    await call(withOAuth({ tokens: undefined, instance: "d-first" }))
    expect(seen.map(({ path }) => path)).toEqual(["/token", "/hook"])
    seen = []
    await call(withOAuth({ settings: { authentication: "bearer", bearerToken: "good" }, tokens: undefined }))
    await call(withOAuth({ settings: {}, tokens: undefined }))
    expect(seen.map(({ headers, path }) => [path, headers.authorization])).toEqual([
      ["/hook", "Bearer good"],
      ["/hook", undefined]
    ])
  })

  it("DST-10: says whether credentials are valid, and nothing for an entry without a test", async () => {
    expect(await testOf(webhook)).toBeUndefined()
    // Its test refuses a key of the wrong shape without asking anybody.
    expect(await testOf("615c7438d93d9b61b1e9e192")).toMatchObject({ ok: false })
  })

  it("DST-96: choices that cannot be had come with the reason", async () => {
    const found = await Effect.runPromise(
      runner.choices(
        { metadataId: webhook, settings: {} },
        { actionSlug: "send", key: "url", payload: {}, page: undefined }
      )
    )
    expect(found).toMatchObject({ choices: [], error: expect.stringContaining("No dynamic field") as string })
  })

  it("PRV-8: an entry without a delete handler says so", async () => {
    const outcome = await Effect.runPromise(runner.deleteUser({ metadataId: webhook, settings: {} }, { userId: "u" }))
    expect(outcome).toMatchObject({ code: "UNSUPPORTED_EVENT_TYPE", retry: false })
  })

  it("that is killed takes only the calls that were with it, and comes back", async () => {
    const arrived = Promise.withResolvers<void>()
    answer = () => arrived.resolve()
    const hanging = call(sending()).then(
      () => "answered",
      (error: unknown) => String(error)
    )
    await arrived.promise
    const before = workerProcess()
    before?.kill("SIGKILL")
    expect(await hanging).toMatch(/could not be executed: it was ended by SIGKILL/)
    answer = (_, response) => response.end("{}")
    expect((await call(sending())).outcomes).toEqual([{ kind: "delivered" }])
    expect(workerProcess()?.pid).not.toBe(before?.pid)
  })

  it("ends with the service", async () => {
    const child = workerProcess()!
    const exited = once(child, "exit")
    child.disconnect()
    expect(await exited).toEqual([0, null])
  })

  it("cuts the requests of a call that is no longer wanted", async () => {
    const arrived = Promise.withResolvers<void>()
    const cut = Promise.withResolvers<string>()
    answer = (_, response) => {
      response.on("close", () => cut.resolve("cut"))
      arrived.resolve()
    }
    const asking = Effect.runFork(runner.call(sending()))
    await arrived.promise
    await Effect.runPromise(Fiber.interrupt(asking))
    expect(await cut.promise).toBe("cut")
  })
})

describe("a worker that does not answer", () => {
  const impatient = makeRunner({ allowPrivate: ["127.0.0.1"], deadlineMs: () => 300, silenceMs: 1_000 })
  const ended = Promise.withResolvers<string>()
  const running = Effect.runFork(
    Effect.onError(impatient.run, (cause) => Effect.sync(() => ended.resolve(String(cause))))
  )
  afterAll(() => Effect.runPromise(Fiber.interrupt(running)))
  const asked = () =>
    Effect.runPromise(impatient.runner.call(sending())).then(
      ({ outcomes }) => outcomes[0]!,
      (error: unknown) => String(error)
    )

  it("DEL-4: a call that takes too long is cut and retried; the worker stays", async () => {
    answer = () => {}
    expect(await asked()).toMatchObject({ code: "ETIMEDOUT", retry: true })
    expect(impatient.process()?.connected).toBe(true)
  })

  it("CAT-10: one that shows no sign of life is ended, and its calls are told", async () => {
    const arrived = Promise.withResolvers<void>()
    answer = () => arrived.resolve()
    const waiting = asked()
    await arrived.promise
    impatient.process()?.kill("SIGSTOP")
    expect(await waiting).toMatch(/could not be executed: an action blocked it for 1 s/)
    expect(await ended.promise).toMatch(/RunnerUnavailable/)
  })
})

it("a worker that has been idle for long ends without a word, and starts again when it is needed", async () => {
  const lazy = makeRunner({ allowPrivate: ["127.0.0.1"], idleMs: 100, silenceMs: 1_000 })
  const failed = Promise.withResolvers<string>()
  const lives = Effect.runFork(Effect.onError(lazy.run, () => Effect.sync(() => failed.resolve("failed"))))
  await Effect.runPromise(lazy.runner.call(sending()))
  await once(lazy.process()!, "exit")
  const again = Effect.runPromise(lazy.runner.call(sending())).then(({ outcomes }) => outcomes[0]?.kind)
  expect(await Promise.race([again, failed.promise])).toBe("delivered")
  await Effect.runPromise(Fiber.interrupt(lives))
})

describe("entries of our own", () => {
  it("AC4-63, DST-112: one of two webhooks takes it: delivered", async () => {
    answer = ({ path }, response) => response.writeHead(path === "/a" ? 200 : 500).end()
    expect((await call(classicCall(["/a", "/b"]))).outcomes).toEqual([{ kind: "delivered" }])
    expect(seen).toHaveLength(2)
    const body = JSON.parse(seen[0]!.body) as Record<string, unknown>
    expect(body).toMatchObject({ version: 1, type: "track", event: "Test", properties: { a: 1 } })
    expect(body).not.toHaveProperty("extra")
    expect(body).not.toHaveProperty("traits")
    expect(seen[0]!.headers).toMatchObject({
      "user-agent": "Segment.io/1.0",
      "content-type": "application/json",
      "x-mine": "1",
      "x-signature": createHmac("sha1", "s").update(seen[0]!.body).digest("hex")
    })
  })

  it("DST-112: all refuse: retried if one of them may take it later", async () => {
    answer = ({ path }, response) => response.writeHead(path === "/a" ? 400 : 503).end()
    expect((await call(classicCall(["/a", "/b"]))).outcomes).toMatchObject([{ code: "503", retry: true }])
    status(404)
    expect((await call(classicCall(["/a"]))).outcomes).toMatchObject([{ code: "404", retry: false }])
  })

  it("AC4-49: are kept inside the same rules", async () => {
    const { outcomes } = await call(classicCall([], { urls: [inside()] }))
    expect(outcomes).toMatchObject([{ code: "INVALID_SETTINGS", retry: false }])
    expect(seen).toEqual([])
  })

  it("DST-113: pass a deletion on", async () => {
    const target = { metadataId: classic, settings: { urls: [`${base}/a`] } }
    expect(await Effect.runPromise(runner.deleteUser(target, { userId: "u9" }))).toEqual({ kind: "delivered" })
    expect(JSON.parse(seen[0]!.body)).toMatchObject({ type: "delete", userId: "u9" })
  })

  it("ADM-123: Iron.io gets up to 100 messages a call", async () => {
    const { outcomes } = await call({
      metadataId: iron,
      settings: { endpoint: base, projectId: "p", token: "t0ken" },
      events: Array.from({ length: 101 }, (_, i) => JSON.stringify({ i })),
      batch: true
    })
    expect(outcomes).toHaveLength(101)
    expect(seen.map(({ body }) => (JSON.parse(body) as { messages: Array<unknown> }).messages.length).sort()).toEqual([
      1, 100
    ])
    expect(seen[0]).toMatchObject({
      path: "/3/projects/p/queues/segment/messages",
      headers: { authorization: "OAuth t0ken" }
    })
  })
})
