/** Subscriptions over SSE and WebSocket: what happens to a profile, what is logged, what arrives, and how they end (PRO-66). */
import { Effect } from "effect"
import { once } from "node:events"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { flush } from "../../src/debugger/flush.ts"
import { Recorder } from "../../src/debugger/recorder.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { message, rig } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"
import { external, readProfile } from "./support/people.ts"
import { closing, overSse, overSocket, socketClient, type Stream, transports } from "./support/streams.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph, { settings: { dedupScope: "source" } }))
})
afterAll(() => api.close())

const at = (secret = "pt_admin") => ({ url: api.url, secret })
const subscribe = (query: string, variables: object) => overSse(at(), query, { s: api.space.id, ...variables })

const changed = `subscription ($s: ID!, $by: ProfileRef!, $r: String) { profileChanged(spaceId: $s, by: $by, resume: $r) {
  kind previousId messageId resume profile { segmentId } traits { key value } externalIds { type id } } }`

/** A place in the changes of the space, behind which a subscription misses nothing. */
const placeOf = async (userId: string): Promise<string> => {
  const stream = await subscribe(changed, { by: external("user_id", userId) })
  await api.send({ type: "track", event: "Here", userId })
  const { resume } = (await stream.next()).data.profileChanged
  stream.close()
  return resume
}

describe.each(["SSE", "WebSocket"] as const)("over %s", (transport) => {
  const id = (name: string) => `${name}-${transport}`
  const follow = (by: object, resume: string): Promise<Stream> =>
    transports[transport](at(), changed, { s: api.space.id, by, r: resume })

  it("AC3-24: who subscribed to a profile that is merged away is told, and goes on with the survivor", async () => {
    const email = `${id("kim")}@segment.com`.toLowerCase()
    await api.send({ type: "identify", messageId: id("w-1"), userId: id("p1"), traits: { email } })
    await api.send({ type: "page", messageId: id("w-2"), anonymousId: id("b50e18a5") })
    const [p1, p2] = await Promise.all([
      readProfile(api, external("user_id", id("p1")), "segmentId"),
      readProfile(api, external("anonymous_id", id("b50e18a5")), "segmentId")
    ])
    const stream = await follow({ segmentId: p2.segmentId }, await placeOf(id("p1")))
    await api.send({ type: "identify", messageId: id("w-3"), anonymousId: id("b50e18a5"), traits: { email } })
    const merged = (await stream.next()).data.profileChanged
    expect(merged).toMatchObject({ kind: "MERGED", previousId: p2.segmentId, profile: p1, messageId: id("w-3") })
    await stream.next()
    await api.send({ type: "identify", messageId: id("w-4"), userId: id("p1"), traits: { plan: "pro" } })
    const later = (await stream.next()).data.profileChanged
    expect(later).toMatchObject({ kind: "TRAITS", profile: p1, traits: [{ key: "plan", value: "pro" }] })
    stream.close()
    // Behind the token, each change once.
    const again = await follow({ segmentId: p1.segmentId }, merged.resume)
    const kinds = [(await again.next()).data.profileChanged, (await again.next()).data.profileChanged]
    expect(kinds.map(({ kind, messageId }) => [kind, messageId])).toEqual([
      ["TRAITS", id("w-3")],
      ["TRAITS", id("w-4")]
    ])
    again.close()
  })

  it("IDR-130: behind an operation events are resolved at another place than the log's, and none is missed", async () => {
    const by = external("user_id", id("op"))
    await api.send({ type: "identify", userId: id("op"), traits: { email: `${id("op")}@x.io`.toLowerCase() } })
    const stream = await follow(by, await placeOf(id("op")))
    const { body } = await api.graphql(
      `mutation ($s: ID!, $u: String!, $e: ExternalIdInput!) { deleteExternalId(spaceId: $s, userId: $u, externalId: $e) { id } }`,
      { s: api.space.id, u: id("op"), e: { type: "email", id: `${id("op")}@x.io`.toLowerCase() } },
      { headers: { authorization: "Bearer pt_admin" } }
    )
    expect(body.errors).toBeUndefined()
    await api.send({ type: "track", event: "Behind", messageId: id("op-1"), userId: id("op") })
    await api.send({ type: "track", event: "Behind", messageId: id("op-2"), userId: id("op") })
    const seen = [await stream.next(), await stream.next(), await stream.next()]
    expect(seen.map(({ data }) => [data.profileChanged.kind, data.profileChanged.messageId])).toEqual([
      ["IDENTIFIERS", null],
      ["EVENT", id("op-1")],
      ["EVENT", id("op-2")]
    ])
    stream.close()
  })

  it("a revoked token ends what it has open with UNAUTHENTICATED", async () => {
    const secret = transport === "SSE" ? "pt_leaving" : "pt_test"
    const pulse = `subscription ($s: ID!) { pulse(spaceId: $s) { perSecond } }`
    const stream = await transports[transport](at(secret), pulse, { s: api.space.id })
    expect((await stream.next()).data.pulse.perSecond).toBeGreaterThanOrEqual(0)
    api.revoke(secret)
    let last = await stream.next()
    while (last.errors === undefined) last = await stream.next()
    expect(last.errors[0].extensions).toEqual({ code: "UNAUTHENTICATED", requestId: expect.stringMatching(/^req_/) })
    expect(await stream.end()).toBe(transport === "SSE" ? "complete" : 4401)
  })

  it("signing out ends what the session has open with UNAUTHENTICATED", async () => {
    const secret = (await Effect.runPromise(api.sessions.open("pt_admin")))!
    const where = {
      url: api.url,
      path: "/console/graphql",
      headers: {
        cookie: `braid_session=${secret}`,
        ...(transport === "SSE" ? { "braid-console": "1" } : { origin: api.url })
      }
    }
    const stream = await transports[transport](where, `subscription ($s: ID!) { pulse(spaceId: $s) { perSecond } }`, {
      s: api.space.id
    })
    await stream.next()
    await Effect.runPromise(api.sessions.close(secret))
    let last = await stream.next()
    while (last.errors === undefined) last = await stream.next()
    expect(last.errors[0].extensions.code).toBe("UNAUTHENTICATED")
    expect(await stream.end()).toBe(transport === "SSE" ? "complete" : 4401)
  })
})

it("violations as they are logged, messages as they arrive, the pulse", async () => {
  await api.send({ type: "identify", userId: "p8", traits: { email: "jane.kim@segment.com" } })
  const insights = await subscribe(
    `subscription ($s: ID!) { insightLogged(spaceId: $s) { violation messageId identifier { id } } }`,
    {}
  )
  const live = await subscribe(
    `subscription ($s: ID!) { liveEvents(spaceId: $s, filter: {events: ["Seen"]}) { messageId event } }`,
    {}
  )
  const pulse = await subscribe(`subscription ($s: ID!) { pulse(spaceId: $s) { perSecond lastMinute } }`, {})
  await api.send({ type: "identify", messageId: "v-1", userId: "p9", traits: { email: "jane.kim@segment.com" } })
  expect((await insights.next()).data.insightLogged).toMatchObject({ violation: "IDENTIFIER_LIMIT", messageId: "v-1" })
  const recorder = new Recorder()
  const body = Buffer.from(JSON.stringify(message({ event: "Seen", messageId: "v-2", userId: "p9" })))
  recorder.accepted(api.source.no, [{ body }], Date.now())
  await api.run(Effect.flatMap(Database, (database) => flush(database, recorder)))
  expect((await live.next()).data.liveEvents).toEqual({ messageId: "v-2", event: "Seen" })
  expect((await pulse.next()).data.pulse.lastMinute).toHaveLength(60)
  for (const stream of [insights, live, pulse]) stream.close()
})

const opened = async (protocol: string) => {
  const socket = new WebSocket(`${api.url.replace("http", "ws")}/graphql`, protocol === "" ? [] : protocol)
  await once(socket, "open")
  return socket
}

describe("who may open a socket", () => {
  const console = "/console/graphql"
  const evil = "http://evil.example"
  /** `origin` OWN is that of the service. */
  const rows: ReadonlyArray<
    readonly [what: string, where: { secret?: string; path?: string; headers?: Record<string, string> }, how: number]
  > = [
    ["without a token", {}, 4401],
    ["with an unknown token", { secret: "pt_nobody" }, 4401],
    ["with a token that may not read profiles", { secret: "pt_delete_only" }, 4403],
    ["with a token, from a page of another site", { secret: "pt_admin", headers: { origin: evil } }, 403],
    ["with a token, from elsewhere as the browser says", { headers: { "sec-fetch-site": "cross-site" } }, 403],
    ["at the console without saying from where", { path: console }, 403],
    ["at the console from another site", { path: console, headers: { origin: evil } }, 403],
    ["at the console from a page without origin", { path: console, headers: { origin: "null" } }, 403],
    ["at the console with a token only", { path: console, secret: "pt_admin", headers: { origin: "OWN" } }, 4401]
  ]
  it.each(rows)("PRO-3: %s", async (_, where, how) => {
    const { origin } = where.headers ?? {}
    const client = socketClient({
      url: api.url,
      ...where,
      ...(origin === "OWN" ? { headers: { origin: api.url } } : {})
    })
    const outcome = await client
      .iterate({ query: "{ spaces { id } }" })
      .next()
      .then(
        ({ value }) => value,
        (error: unknown) => closing(error)
      )
    await client.dispose()
    expect(outcome).toBe(how)
  })

  it("with the token in the upgrade request", async () => {
    const client = socketClient({ url: api.url, headers: { authorization: "Bearer pt_admin", origin: api.url } })
    expect((await client.iterate({ query: "{ spaces { slug } }" }).next()).value.data).toEqual({
      spaces: [{ slug: api.space.slug }]
    })
    await client.dispose()
  })

  const raw: ReadonlyArray<readonly [what: string, protocol: string, send: string | Buffer | null, code: number]> = [
    ["no protocol", "", null, 4406],
    ["what is not JSON", "graphql-transport-ws", "{", 4400],
    ["bytes", "graphql-transport-ws", Buffer.from("{}"), 1003],
    ["nesting without end", "graphql-transport-ws", `{"type":"ping","payload":${"[".repeat(500)}`, 4400],
    ["more than 1 MB", "graphql-transport-ws", "x".repeat(1_100_000), 1009],
    [
      "an operation before connection_init",
      "graphql-transport-ws",
      `{"type":"subscribe","id":"1","payload":{"query":"{a}"}}`,
      4401
    ]
  ]
  it.each(raw)("%s closes it", async (_, protocol, send, code) => {
    const socket = await opened(protocol)
    const closed = once(socket, "close")
    if (send !== null) socket.send(send)
    expect((await closed)[0]).toBe(code)
  })
})

describe("operations over a socket pass what they pass over HTTP", () => {
  const many = Array.from({ length: 31 }, (_, i) => `a${i}: id`).join(" ")
  const rows: ReadonlyArray<readonly [what: string, payload: { query: string }, code: string]> = [
    ["PRO-62: depth", { query: `{ spaces { ${"a { ".repeat(201)}` }, "DEPTH_LIMIT"],
    [
      "PRO-62: cost",
      {
        query: `{ ${Array.from({ length: 6 }, (_, i) => `s${i}: __schema { description }`).join(" ")} }`
      },
      "COST_LIMIT"
    ],
    ["PRO-62: aliases", { query: `{ spaces { ${many} } }` }, "VALIDATION_FAILED"],
    ["PRO-62: size", { query: `{ spaces { id } } #${"x".repeat(262_144)}` }, "VALIDATION_FAILED"],
    ["syntax", { query: "{" }, "VALIDATION_FAILED"],
    ["an unknown field", { query: "{ nothing }" }, "VALIDATION_FAILED"],
    [
      "IDR-2: another space",
      { query: `subscription { pulse(spaceId: "spa_other00000000000000000") { at } }` },
      "FORBIDDEN"
    ],
    ["what is not there", { query: `subscription { whatIfProgress(id: "wif_none") { id } }` }, "NOT_FOUND"],
    [
      "a wrong resume token",
      { query: `subscription { liveEvents(spaceId: "SPACE", resume: "x") { id } }` },
      "VALIDATION_FAILED"
    ]
  ]
  it.each(rows)("%s", async (_, { query }, code) => {
    const client = socketClient(at())
    const text = query.replace("SPACE", api.space.id)
    const outcome = await client
      .iterate({ query: text })
      .next()
      .then(
        ({ value }) => value,
        (error: unknown) => error
      )
    await client.dispose()
    expect(outcome).toMatchObject([{ extensions: { code, requestId: expect.stringMatching(/^req_/) } }])
    expect(outcome[0].extensions).not.toHaveProperty("http")
  })

  it("PRO-60: they take units of the rate", async () => {
    api.limits.profileApiPerSecond = 1
    const client = socketClient(at())
    try {
      // The connection has taken the one of this second.
      const outcome = await client
        .iterate({ query: "{ spaces { id } }" })
        .next()
        .catch((error: unknown) => error)
      expect(outcome).toMatchObject([{ extensions: { code: "RATE_LIMITED" } }])
    } finally {
      api.limits.profileApiPerSecond = 0
      await client.dispose()
    }
  })

  it("who does not take what was asked for is closed with 4413, and what waits for it is bounded", async () => {
    const socket = new WebSocket(`${api.url.replace("http", "ws")}/graphql`, "graphql-transport-ws", {
      headers: { authorization: "Bearer pt_admin" }
    })
    await once(socket, "open")
    socket.send(`{"type":"connection_init"}`)
    await once(socket, "message")
    const query = `{ __schema { types { name description fields { name description args { name description } } } } }`
    const closed = once(socket, "close")
    // Asks and takes nothing for a while, again and again: how soon so much waits depends on the machine.
    let id = 0
    const turn = setInterval(() => {
      if (socket.isPaused) return socket.resume()
      if (socket.readyState !== WebSocket.OPEN) return
      socket.pause()
      for (let n = 0; n < 99; n++)
        socket.send(JSON.stringify({ type: "subscribe", id: String(id++), payload: { query } }))
    }, 500)
    await closed.finally(() => clearInterval(turn))
    expect((await closed)[0]).toBe(4413)
  })
})

it("PRO-66: a process that drains sends subscribers away: they go on elsewhere", async () => {
  const resume = await placeOf("p8")
  const follow = [overSse, overSocket] as const
  const variables = { s: api.space.id, by: external("user_id", "p8"), r: resume }
  const streams = await Promise.all(follow.map((over) => over(at(), changed, variables)))
  const seen = streams.map((stream) => stream.next())
  await api.send({ type: "track", event: "Last", messageId: "d-1", userId: "p8" })
  const items = (await Promise.all(seen)).map(({ data }) => data.profileChanged.messageId)
  expect(items).toEqual(["d-1", "d-1"])
  const ends = streams.map((stream) => stream.end())
  api.drain()
  expect(await Promise.all(ends)).toEqual(["broken off", 1001])
  const { status, body } = await api.graphql(changed, variables, { headers: { authorization: "Bearer pt_admin" } })
  expect([status, body.errors[0].extensions.code]).toEqual([503, "RATE_LIMITED"])
})
