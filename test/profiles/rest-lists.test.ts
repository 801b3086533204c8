/** REST `links` and the list of profiles (spec 03 section 1.5). */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { follow, startApi, type TestApi } from "./support/api.ts"

let api: TestApi
const now = Date.now()
const ago = (ms: number) => new Date(now - ms).toISOString()

beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
})
afterAll(() => api.close())

describe("links", () => {
  beforeAll(async () => {
    const groups = Array.from({ length: 25 }, (_, i) => ({
      type: "group" as const,
      userId: "u-links",
      groupId: `g${i}`,
      messageId: `link-${i}`,
      traits: { name: `Group ${i}` },
      timestamp: ago(50_000 - i * 10)
    }))
    await api.send(...groups, { type: "group", userId: "u-links-2", groupId: "g1", messageId: "link-x" })
  })

  it("AC3-14: 20 links and a cursor, then the rest", async () => {
    const pages = await follow(api, "users/profiles/user_id:u-links/links?limit=20")
    expect(pages.map(({ body }) => body.data.length)).toEqual([20, 5])
    const found = pages.flatMap(({ body }) => body.data)
    expect(found.map((link) => link.external_ids[0].id)).toEqual(Array.from({ length: 25 }, (_, i) => `g${i}`))
    expect(found[3]).toEqual({
      to_collection: "accounts",
      external_ids: [
        {
          id: "g3",
          type: "group_id",
          source_id: api.source.id,
          collection: "accounts",
          created_at: ago(50_000 - 30),
          encoding: "none"
        }
      ]
    })
  })

  it("AC3-14, PRO-27: limit 21 is refused; an account lists its users, its traits are its own", async () => {
    expect((await api.get("users/profiles/user_id:u-links/links?limit=21")).status).toBe(400)
    const { body } = await api.get("accounts/profiles/group_id:g1/links")
    expect(body.data.map((link: { to_collection: string }) => link.to_collection)).toEqual(["users", "users"])
    expect(body.data.map((link: { external_ids: Array<{ id: string }> }) => link.external_ids[0]!.id)).toEqual([
      "u-links",
      "u-links-2"
    ])
    expect((await api.get("accounts/profiles/group_id:g1/traits")).body.traits).toEqual({ name: "Group 1" })
    expect((await api.get("accounts/profiles/group_id:g1/events")).body.data).toEqual([])
  })
})

describe("list", () => {
  it("1.5: every profile once, the latest activity first", async () => {
    await api.send(
      { type: "identify", userId: "jane", messageId: "jane-1", timestamp: ago(9000) },
      { type: "identify", anonymousId: "jane-a", messageId: "jane-2", timestamp: ago(8000) },
      { type: "identify", userId: "jane", anonymousId: "jane-a", messageId: "jane-3", timestamp: ago(7000) },
      { type: "track", event: "Late", userId: "jane", messageId: "jane-last" }
    )
    const pages = await follow(api, "users/profiles?limit=7")
    const found = pages.flatMap(({ body }) => body.data)
    const ids = found.map(({ segment_id }) => segment_id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(found[0].metadata.last_message_id).toBe("jane-last")
    const updated = found.map(({ metadata }) => metadata.updated_at)
    expect(updated).toEqual(updated.toSorted().toReversed())
    const jane = (await api.get("users/profiles/user_id:jane/metadata?verbose=true")).body.metadata
    const {
      segment_id: survivor,
      merged_segment_ids: [merged]
    } = jane
    expect(ids).toContain(survivor)
    expect(ids).not.toContain(merged)
    expect(found.find(({ segment_id }) => segment_id === survivor).external_ids.length).toBe(2)
    const all = await api.graphql("{ spaces { users: profileCount accounts: profileCount(collection: ACCOUNTS) } }")
    expect(ids.length).toBe(all.body.data.spaces[0].users)
    const accounts = await follow(api, "accounts/profiles?limit=100")
    expect(accounts.flatMap(({ body }) => body.data).length).toBe(all.body.data.spaces[0].accounts)
  })

  it("PRO-15: activity during the paging moves nobody past the cursor", async () => {
    const first = await api.get("users/profiles?limit=2")
    const whole = await follow(api, "users/profiles?limit=100")
    const last = whole.at(-1)!.body.data.at(-1)
    const lastId = last.external_ids[0]
    await api.send({
      type: "track",
      event: "Back",
      context: { externalIds: [{ ...lastId, source_id: undefined, id: lastId.id, encoding: "none" }] }
    })
    const ids = new Set(first.body.data.map(({ segment_id }: { segment_id: string }) => segment_id))
    let { url, has_more } = first.body.cursor
    while (has_more) {
      const { body } = await api.fetch(url)
      for (const { segment_id } of body.data) {
        expect(ids.has(segment_id)).toBe(false)
        ids.add(segment_id)
      }
      ;({ url, has_more } = body.cursor)
    }
    expect(ids).toEqual(
      new Set(whole.flatMap(({ body }) => body.data.map((each: { segment_id: string }) => each.segment_id)))
    )
  })

  it.each(["limit=101", "limit=0", "next=abc"])("1.3: %s is refused", async (query) => {
    expect((await api.get(`users/profiles?${query}`)).status).toBe(400)
  })
})
