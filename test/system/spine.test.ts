/** The main job on the whole process: Segment's client library in, one profile per person out. */
import { Analytics } from "@segment/analytics-node"
import { once } from "node:events"
import { request } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { Service, spaceId, token, writeKey } from "./support/service.ts"

let service: Service

beforeAll(async () => {
  service = await new Service().start()
})
afterAll(async () => {
  await service.dispose()
})

const client = () => new Analytics({ writeKey, host: service.url, flushAt: 15 })

const ids = async (profile: string, collection = "users") => {
  const { body } = await service.profile(`${profile}/external_ids?limit=100`, collection)
  return body.data.map(({ type, id }) => `${type}:${id}`).sort()
}

const segmentId = async (profile: string) =>
  (await service.profile(`${profile}/metadata?verbose=true`)).body.metadata.segment_id

describe("with @segment/analytics-node", () => {
  it("AC1-4: six calls make one request and six stored messages", async () => {
    const analytics = client()
    const failed: Array<unknown> = []
    analytics.on("error", (error) => failed.push(error))
    let requests = 0
    analytics.on("http_request", () => requests++)
    analytics.identify({ userId: "six", traits: { plan: "pro" } })
    analytics.track({ userId: "six", event: "Order Completed", properties: { revenue: 12 } })
    analytics.page({ userId: "six", name: "Home" })
    analytics.screen({ userId: "six", name: "Start" })
    analytics.group({ userId: "six", groupId: "six-company", traits: { name: "Six" } })
    analytics.alias({ userId: "six", previousId: "before" })
    await analytics.closeAndFlush()
    expect(failed).toEqual([])
    expect(requests).toBe(1)
    await service.settled()
    const { body } = await service.profile("user_id:six/events?limit=100")
    expect(body.data.map((event) => event.type).sort()).toEqual(["page", "screen", "track"])
    expect((await service.profile("user_id:six/traits")).body.traits).toEqual({ plan: "pro" })
    expect((await service.profile("group_id:six-company/traits", "accounts")).body.traits).toEqual({ name: "Six" })
    const links = (await service.profile("user_id:six/links")).body.data
    expect(links).toHaveLength(1)
    expect(links[0]!.external_ids[0]).toMatchObject({ type: "group_id", id: "six-company", collection: "accounts" })
  })

  it("W-5 SegKicks: one profile across phone, Android and the second shop", async () => {
    const analytics = client()
    const ios = { device: { type: "ios", id: "ios_abc123" } }
    const android = { device: { type: "android", id: "and_1a2b3c4d" } }
    analytics.track({ anonymousId: "anon_123", event: "App Opened", context: ios })
    analytics.track({ anonymousId: "anon_123", event: "ShoeA Clicked", context: ios })
    analytics.identify({
      userId: "abc123def",
      anonymousId: "anon_123",
      traits: { email: "janedoe@example.com" },
      context: ios
    })
    analytics.track({ userId: "abc123def", anonymousId: "anon_456", event: "Login", context: android })
    analytics.track({ userId: "abc123def", anonymousId: "anon_789", event: "SegRuns Opened", context: android })
    await analytics.closeAndFlush()
    await service.settled()
    const all = [
      "android.id:and_1a2b3c4d",
      "anonymous_id:anon_123",
      "anonymous_id:anon_456",
      "anonymous_id:anon_789",
      "email:janedoe@example.com",
      "ios.id:ios_abc123",
      "user_id:abc123def"
    ]
    for (const id of all) expect(await ids(id)).toEqual(all)
  })

  it("W-7 and AC3-11: two visitors become one person; the merged-away id finds the survivor", async () => {
    const send = async (call: (analytics: Analytics) => void) => {
      const analytics = client()
      call(analytics)
      await analytics.closeAndFlush()
      await service.settled()
    }
    const email = "jane.kim@segment.com"
    await send((a) => a.page({ anonymousId: "5285bc35-05ef-4d21", name: "Home" }))
    await send((a) => a.identify({ anonymousId: "5285bc35-05ef-4d21", traits: { email } }))
    await send((a) => a.page({ anonymousId: "b50e18a5-1b8d-451c", name: "Pricing" }))
    const first = await segmentId("anonymous_id:5285bc35-05ef-4d21")
    const second = await segmentId("anonymous_id:b50e18a5-1b8d-451c")
    expect(first).toMatch(/^use_[0-9A-Za-z]{27}$/)
    expect(second).not.toBe(first)
    await send((a) => a.identify({ anonymousId: "b50e18a5-1b8d-451c", traits: { email } }))
    expect(await segmentId(second)).toBe(first)
    const { body } = await service.profile(`${second}/external_ids`)
    expect(body.data).toHaveLength(3)
    expect(body.cursor.url).toContain(first)

    const { data } = await service.graphql<{
      profile: {
        merges: { edges: ReadonlyArray<{ node: unknown }> }
        events: { edges: ReadonlyArray<unknown> }
        metadata: unknown
      }
    }>(
      `query ($space: ID!, $id: ID!) { profile(spaceId: $space, by: { segmentId: $id }) {
         segmentId requestedId externalIds { totalCount } merges { edges { node { from into messageId active } } }
         metadata { mergeCount mergedSegmentIds } events { edges { node { event } } } } }`,
      { space: spaceId, id: second }
    )
    expect(data.profile).toMatchObject({ segmentId: first, requestedId: second, externalIds: { totalCount: 3 } })
    expect(data.profile.merges.edges).toHaveLength(1)
    expect(data.profile.merges.edges[0]!.node).toMatchObject({ from: second, into: first, active: true })
    expect(data.profile.metadata).toEqual({ mergeCount: 1, mergedSegmentIds: [second] })
    expect(data.profile.events.edges).toHaveLength(2)
  })

  it("W-45: two first events at the same instant make exactly one profile", async () => {
    await Promise.all(
      ["a1", "a2"].map((anonymousId) => service.batch([{ type: "track", userId: "same", anonymousId, event: "E" }]))
    )
    await service.settled()
    expect(await ids("user_id:same")).toEqual(["anonymous_id:a1", "anonymous_id:a2", "user_id:same"])
  })
})

describe("the process", () => {
  it("reports every fiber, the head of the log and the lag of the space", async () => {
    const health = await service.health()
    expect(health.ready).toBe(true)
    expect(health.version).toMatch(/^\d+\.\d+\.\d+/)
    expect(health.log.head).toBeGreaterThan(0)
    const runs = { runsHere: true, process: expect.any(String) }
    expect(health.spaces).toEqual([{ id: spaceId, slug: "demo", position: expect.any(Number), lag: 0, ...runs }])
    expect(health.fibers.every((fiber) => fiber.status === "running")).toBe(true)
    expect(await (await fetch(`${service.url}/metrics`)).text()).toContain("braid_identity_events_total")
  })

  it("takes a changed configuration on SIGHUP and keeps the last good one when the file is wrong", async () => {
    const tokens = [
      { name: "demo", space: "demo", secret: token, scopes: ["profiles:read"] },
      { name: "second", space: "demo", secret: "pt_second", scopes: ["profiles:read"] }
    ]
    const status = async (secret: string) => (await service.profile("user_id:same/traits", "users", secret)).status
    expect(await status("pt_second")).toBe(401)
    service.configure({ tokens })
    service.signal("SIGHUP")
    await service.until("the new token", 10, async () => ((await status("pt_second")) === 200 ? true : undefined))
    service.configure({ tokens: [{ name: "x", space: "nowhere", secret: "pt_x" }] })
    service.signal("SIGHUP")
    await service.until("the refusal in the log", 10, async () =>
      service.stderr.includes("tokens[0].space") ? true : undefined
    )
    expect(await status("pt_second")).toBe(200)
    service.configure({})
  })

  it("runs beside another service on another port and data folder", async () => {
    const other = new Service()
    try {
      await other.start()
      expect(other.url).not.toBe(service.url)
      await other.batch([{ type: "identify", userId: "only-here", traits: {} }])
      await other.settled()
      expect((await other.profile("user_id:only-here/traits")).status).toBe(200)
      expect((await service.profile("user_id:only-here/traits")).status).toBe(404)
    } finally {
      await other.dispose()
    }
  })

  it("answers clients that offer to change to HTTP/2, as Java's does, without changing", async () => {
    const asked = request(`${service.url}/health/ready`, {
      headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAoAAAAAIAAAAA" }
    }).end()
    const [{ statusCode }] = await once(asked, "response")
    expect(statusCode).toBe(200)
  })

  it("drains on SIGTERM: exit 0, and everything acknowledged is there after the next start (ING-10)", async () => {
    let accepted = 0
    const stopping = new AbortController()
    const senders = Array.from({ length: 4 }, async (_, sender) => {
      for (let i = 0; !stopping.signal.aborted; i++) {
        const ok = await service
          .batch([{ type: "track", userId: `drain-${sender}`, messageId: `d-${sender}-${i}`, event: "Drained" }])
          .then((response) => response.status === 200)
          .catch(() => false)
        if (!ok) return
        accepted++
      }
    })
    const socket = new WebSocket(`${service.url.replace("http", "ws")}/graphql`, "graphql-transport-ws", {
      headers: { authorization: `Bearer ${token}` }
    })
    await once(socket, "open")
    socket.send(`{"type":"connection_init"}`)
    await once(socket, "message")
    const left = once(socket, "close")
    await service.until("some traffic", 10, async () => (accepted > 50 ? true : undefined))
    const code = await service.stop()
    stopping.abort()
    await Promise.all(senders)
    expect(code).toBe(0)
    // PRO-66: a socket would stay open for ever.
    expect((await left)[0]).toBe(1001)
    await service.start()
    await service.settled()
    let stored = 0
    for (let sender = 0; sender < 4; sender++) {
      let next = ""
      do {
        const { body } = await service.profile(
          `user_id:drain-${sender}/events?limit=100&next=${encodeURIComponent(next)}`
        )
        stored += body.data.length
        next = body.cursor.next
      } while (next !== "")
    }
    expect(stored).toBeGreaterThanOrEqual(accepted)
  })
})
