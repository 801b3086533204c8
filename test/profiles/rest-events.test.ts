/** REST `events` (spec 03 sections 1.4 to 1.6): which events, in which order, page by page. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { follow, startApi, type TestApi } from "./support/api.ts"

let api: TestApi
const now = Date.now()
const day = 86_400_000
const ago = (ms: number) => new Date(now - ms).toISOString()

beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
})
afterAll(() => api.close())

describe("events", () => {
  it("AC3-12, PRO-23: the last 14 days of track, page and screen, whatever start says", async () => {
    await api.send(
      { type: "track", event: "Old", userId: "u-days", messageId: "d-15", timestamp: ago(15 * day) },
      { type: "track", event: "Recent", userId: "u-days", messageId: "d-13", timestamp: ago(13 * day) },
      { type: "identify", userId: "u-days", messageId: "d-0", traits: { a: 1 } },
      { type: "alias", userId: "u-days", previousId: "u-before", messageId: "d-alias" }
    )
    const { body } = await api.get("users/profiles/user_id:u-days/events?start=2006-01-02")
    expect(body.data.map((event: { message_id: string }) => event.message_id)).toEqual(["d-13"])
    expect(body.cursor).toMatchObject({ has_more: false, next: "", limit: 10 })
  })

  it("1.6, PRO-24: one event, member by member; consent is never returned (PRO-26)", async () => {
    await api.send({
      type: "screen",
      name: "Cart",
      userId: "u-one",
      messageId: "one-1",
      properties: { items: 2 },
      context: { groupId: "g-one", locale: "de", consent: { categoryPreferences: { ads: false } } },
      timestamp: ago(1000)
    })
    const { body } = await api.get("users/profiles/user_id:u-one/events")
    const user = (await api.get("users/profiles/user_id:u-one/metadata?verbose=true")).body.metadata.segment_id
    const account = (await api.get("accounts/profiles/group_id:g-one/metadata?verbose=true")).body.metadata.segment_id
    const event = {
      external_ids: [
        { collection: "users", type: "user_id", id: "u-one", encoding: "none" },
        { collection: "accounts", type: "group_id", id: "g-one", encoding: "none" }
      ],
      context: { groupId: "g-one", locale: "de" },
      type: "screen",
      message_id: "one-1",
      source_id: api.source.id,
      timestamp: ago(1000),
      properties: { items: 2, name: "Cart" },
      event: "Screen Viewed",
      related: { users: user, accounts: account }
    }
    expect(body.data).toEqual([event])
    expect(Object.keys(body.data[0])).toEqual(Object.keys(event))
    // PRO-27: the same event is the account's, too.
    expect((await api.get("accounts/profiles/group_id:g-one/events")).body.data).toEqual([event])
  })

  it("IDR-39: a blocked value and one that maps elsewhere are not listed", async () => {
    await api.send(
      { type: "identify", userId: "ids-1", messageId: "ids-a", traits: { email: "shared@x.com" } },
      {
        type: "track",
        event: "Mixed",
        userId: "ids-2",
        anonymousId: "null",
        messageId: "ids-b",
        context: { traits: { email: "shared@x.com" } }
      }
    )
    const { body } = await api.get("users/profiles/user_id:ids-2/events")
    expect(body.data[0].external_ids).toEqual([{ collection: "users", type: "user_id", id: "ids-2", encoding: "none" }])
  })

  describe("pages", () => {
    const at = ago(day)
    const ids: Array<string> = []
    beforeAll(async () => {
      const same = Array.from({ length: 23 }, (_, i) => ({
        type: "page" as const,
        anonymousId: i % 2 === 0 ? "a-pages" : "a-pages-2",
        messageId: `same-${(i * 7) % 23}-${i}`,
        timestamp: at
      }))
      const before = { type: "track" as const, event: "Page Viewed", anonymousId: "a-pages", messageId: "zz-first" }
      const after = { ...before, anonymousId: "a-pages-2", messageId: "aa-last" }
      const noise = { ...before, event: "Noise", messageId: "noise", timestamp: at }
      // One person, two profiles until the last event.
      await api.send(
        { ...after, timestamp: ago(day - 5) },
        ...same,
        noise,
        { ...before, timestamp: ago(day + 5) },
        { type: "identify", userId: "u-pages", anonymousId: "a-pages" },
        { type: "identify", userId: "u-pages", anonymousId: "a-pages-2" }
      )
      ids.push("zz-first", ...same.map(({ messageId }) => messageId).toSorted(), "aa-last")
    })

    it.each(["asc", "desc"])("AC3-13: %s, one by one, each matching event once", async (sort) => {
      const pages = await follow(
        api,
        `users/profiles/user_id:u-pages/events?include=Page%20Viewed&sort=${sort}&limit=1`
      )
      const found = pages.map(({ body }) => body.data[0].message_id)
      expect(found).toEqual(sort === "asc" ? ids : ids.toReversed())
      const { next } = pages[0]!.body.cursor
      expect(Buffer.from(next, "base64").toString()).toBe(`${Date.parse(at)}000000::${found[1]}`)
    })

    it.each([2, 3, 5, 7, 200])("PRO-15: pages of %i neither skip nor repeat", async (limit) => {
      const pages = await follow(api, `users/profiles/user_id:u-pages/events?exclude=Noise&limit=${limit}`)
      const found = pages.flatMap(({ body }) => body.data.map((event: { message_id: string }) => event.message_id))
      expect(found).toEqual(ids.toReversed())
    })

    it.each([
      ["start is included", `start=${ago(day)}&exclude=Noise`, 24],
      ["end is excluded", `end=${ago(day)}`, 1],
      ["exclude after include", "include=Page+Viewed,Noise&exclude=Page%20Viewed", 1],
      ["an unknown name", "include=Nothing", 0],
      ["end before start", `start=${ago(0)}&end=${ago(day)}`, 0]
    ])("PRO-23: %s", async (_, query, count) => {
      const { body } = await api.get(`users/profiles/user_id:u-pages/events?limit=100&${query}`)
      expect(body.data.length).toBe(count)
    })

    it.each(["sort=up", "limit=201", "start=yesterday", "end=2024-02-30", "next=abc", "next=%21", "include=%ZZ"])(
      "1.3: %s is refused",
      async (query) => {
        const answer = await api.get(`users/profiles/user_id:u-pages/events?${query}`)
        expect(answer.status).toBe(400)
        expect(answer.body.error.code).toBe("validation_error")
      }
    )
  })
})
