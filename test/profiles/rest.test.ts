/** The REST Profile API (spec 03 section 1) end to end: accepted events in, HTTP answers out. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { basic, follow, startApi, type TestApi, token } from "./support/api.ts"

let api: TestApi
const now = Date.now()
const day = 86_400_000
const ago = (ms: number) => new Date(now - ms).toISOString()

beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  await api.send(
    { type: "identify", messageId: "traits-1", userId: "u1", traits: twelveTraits, timestamp: ago(5000) },
    { type: "identify", messageId: "jane-1", userId: "jane", traits: { email: "Jane@X.com", first_name: "Jane" } },
    { type: "identify", messageId: "case-1", userId: "MixedCase" },
    {
      type: "identify",
      messageId: "phone-1",
      anonymousId: "a-phone",
      context: { externalIds: [{ id: "+5555550123", type: "phone_number", collection: "users", encoding: "none" }] }
    }
  )
  // W-7
  await api.send(
    { type: "page", messageId: "w7-1", anonymousId: "5285bc35-05ef-4d21", name: "Home", timestamp: ago(9000) },
    {
      type: "identify",
      messageId: "w7-2",
      anonymousId: "5285bc35-05ef-4d21",
      traits: { email: "jane.kim@segment.com", plan: "free" },
      timestamp: ago(8000)
    },
    { type: "page", messageId: "w7-3", anonymousId: "b50e18a5-1b8d-451c", timestamp: ago(7000) },
    {
      type: "identify",
      messageId: "w7-4",
      anonymousId: "b50e18a5-1b8d-451c",
      traits: { email: "jane.kim@segment.com", plan: "pro" },
      timestamp: ago(6000)
    }
  )
})

afterAll(() => api.close())
beforeEach(() => {
  api.limits.profileApiPerSecond = 0
})

const twelveTraits = {
  zebra: 1,
  age: 33,
  city: "Berlin",
  first_name: "Bob",
  last_name: "Ross",
  plan: "pro",
  company: { name: "Initech", employees: 5 },
  "10": "ten",
  "9": "nine",
  Ünïcode: true,
  "a,b": "comma",
  nickname: ""
}

const mergedId = async () => {
  const { body } = await api.get("users/profiles/anonymous_id:5285bc35-05ef-4d21/metadata?verbose=true")
  return { survivor: body.metadata.segment_id as string, merged: body.metadata.merged_segment_ids[0] as string }
}

describe("access", () => {
  const refused = ["none", basic("pt_wrong"), basic("pt_other"), "Basic !!!", "Bearer", "Digest pt_test", basic("")]
  it("AC3-1: no, a wrong, a malformed or another space's token is 401, told apart by nothing", async () => {
    const answers = await Promise.all(
      refused.map((authorization) => api.get("users/profiles/user_id:u1/traits", { headers: { authorization } }))
    )
    for (const { status, text, headers } of answers) {
      expect(status).toBe(401)
      expect(text).toBe(answers[0]!.text)
      expect(headers.get("content-type")).toBe("application/json")
    }
    expect(answers[0]!.body.error.code).toBe("authentication_error")
    const ids = answers.map(({ headers }) => headers.get("request-id"))
    expect(new Set(ids).size).toBe(refused.length)
    expect(ids).not.toContain(null)
  })

  it.each([
    ["Basic with a password", `Basic ${Buffer.from(`${token}:ignored`).toString("base64")}`],
    ["Bearer", `Bearer ${token}`],
    ["admin scope", basic("pt_admin")]
  ])("PRO-3: %s is accepted", async (_, authorization) => {
    expect((await api.get("users/profiles/user_id:u1/traits", { headers: { authorization } })).status).toBe(200)
  })

  it("PRO-4: a token without profiles:read is 403 and told which scope it lacks", async () => {
    const answer = await api.get("users/profiles/user_id:u1/traits", {
      headers: { authorization: basic("pt_delete_only") }
    })
    expect(answer.status).toBe(403)
    expect(answer.body.error.message).toContain("profiles:read")
  })

  it("PRO-2: the older prefix is an alias", async () => {
    const answer = await api.fetch(
      `/v1/namespaces/${api.space.id}/collections/users/profiles/user_id:u1/traits?include=city`
    )
    expect(answer.body.traits).toEqual({ city: "Berlin" })
  })

  it("AC3-16: no answer carries a CORS header; OPTIONS and other methods are 405", async () => {
    const origin = { origin: "https://shop.example" }
    const path = "users/profiles/user_id:u1/traits"
    const answers = [
      await api.get(path, { headers: origin }),
      await api.get(path, { headers: { ...origin, authorization: "none" } }),
      await api.get(path, { method: "OPTIONS", headers: { ...origin, "access-control-request-method": "GET" } }),
      await api.get(path, { method: "POST", body: "{}" }),
      await api.fetch("/graphql", { method: "OPTIONS", headers: origin })
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 405, 405, 405])
    for (const { headers } of answers)
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([])
  })

  it("AC3-15, PRO-6: 150 requests within a second: 100 are answered, 50 are 429 with Retry-After", async () => {
    api.limits.profileApiPerSecond = 100
    // A clock that stands still makes the second last as long as the requests need.
    const real = performance.now
    const at = real.call(performance)
    performance.now = () => at
    try {
      const answers = []
      for (let i = 0; i < 150; i++) answers.push(api.get("users/profiles/user_id:u1/metadata"))
      const statuses = (await Promise.all(answers)).map(({ status, headers, body }) => {
        if (status === 429) {
          expect(headers.get("retry-after")).toBe("1")
          expect(body.error.code).toBe("rate_limit_error")
        }
        return status
      })
      expect(statuses.filter((status) => status === 200).length).toBe(100)
      expect(statuses.filter((status) => status === 429).length).toBe(50)
      expect((await api.graphql("{ spaces { id } }")).body.errors[0].extensions.code).toBe("RATE_LIMITED")
    } finally {
      performance.now = real
    }
  })
})

describe("addressing", () => {
  const ok = 200
  it.each([
    ["AC3-7: e-mails are stored in lower case, the look-up is exact", "users/profiles/email:Jane@X.com/traits", 404],
    ["AC3-7: the stored spelling", "users/profiles/email:jane@x.com/traits", ok],
    ["PRO-12: types are lower case", "users/profiles/EMAIL:jane@x.com/traits", 404],
    ["PRO-12: a user_id keeps its case", "users/profiles/user_id:MixedCase/traits", ok],
    ["PRO-12: another case is another user", "users/profiles/user_id:mixedcase/traits", 404],
    ["AC3-8: percent-encoded plus", "users/profiles/phone_number:%2B5555550123/traits", ok],
    ["PRO-10: a literal plus", "users/profiles/phone_number:+5555550123/traits", ok],
    ["AC3-8: broken percent-encoding", "users/profiles/phone_number:%ZZ/traits", 400],
    ["PRO-13: bytes that are not UTF-8", "users/profiles/user_id:%FF/traits", 400],
    ["PRO-10: the whole of it encoded", "users/profiles/user_id%3Au1/traits", ok],
    ["PRO-13: empty value", "users/profiles/user_id:/traits", 400],
    ["PRO-13: empty type", "users/profiles/:u1/traits", 400],
    ["PRO-13: no colon", "users/profiles/u1/traits", 400],
    ["PRO-10: a segment id needs its full form", "users/profiles/use_123/traits", 400],
    ["PRO-11: unknown segment id", "users/profiles/use_000000000000000000000000000/traits", 404],
    ["PRO-11: wrong collection", "accounts/profiles/user_id:u1/traits", 404],
    ["a value with a zero byte is nobody's", "users/profiles/user_id:%00/traits", 404],
    ["unknown resource", "users/profiles/user_id:u1/nothing", 404],
    ["too long a path", "users/profiles/user_id:u1/traits/more", 404],
    ["unknown collection", "persons/profiles/user_id:u1/traits", 400]
  ])("%s", async (_, path, status) => {
    expect((await api.get(path)).status).toBe(status)
  })

  it("AC3-9: an unknown identifier is 404 with the documented body", async () => {
    const { status, body } = await api.get("users/profiles/user_id:nobody/traits")
    expect(status).toBe(404)
    expect(body).toEqual({ error: { code: "not_found", message: "Profile was not found." } })
  })

  it("1.3: an unknown route names no profile", async () => {
    const { status, body } = await api.get("users/profiles/user_id:u1/nothing")
    expect(status).toBe(404)
    expect(body).toEqual({ error: { code: "not_found", message: "The resource was not found." } })
  })

  it("AC3-10: the wrong characters of a collection are named", async () => {
    const { status, body } = await api.get("us!ers/profiles/user_id:u1/traits")
    expect(status).toBe(400)
    expect(body).toEqual({
      error: {
        code: "validation_error",
        message: "The parameter `collection` has invalid character(s) `!`"
      }
    })
  })
})

describe("traits", () => {
  const path = "users/profiles/user_id:u1/traits"

  it("AC3-2: ten traits in byte order, then the rest", async () => {
    const keys = Object.keys(twelveTraits).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const [first, second, ...more] = await follow(api, path)
    expect(more).toEqual([])
    expect(Object.keys(first!.body.traits).toSorted()).toEqual(keys.slice(0, 10).toSorted())
    expect(first!.body.cursor).toMatchObject({ has_more: true, next: keys[10], limit: 10 })
    expect(Object.keys(second!.body.traits)).toEqual(keys.slice(10))
    expect(second!.body.cursor).toMatchObject({ has_more: false, next: "", limit: 10 })
    const segmentId = /use_[0-9A-Za-z]{27}/.exec(first!.body.cursor.url)![0]
    expect(second!.body.cursor.url).toBe(`/v1/spaces/${api.space.id}/collections/users/profiles/${segmentId}/traits`)
  })

  it.each([
    ["200", 200],
    ["1", 200],
    ["201", 400],
    ["0", 400],
    ["-1", 400],
    ["1.5", 400],
    ["abc", 400],
    ["", 400]
  ])("AC3-3: limit=%s is %i", async (limit, status) => {
    const answer = await api.get(`${path}?limit=${limit}`)
    expect(answer.status).toBe(status)
    if (status === 400) expect(answer.body.error.code).toBe("validation_error")
    else expect(answer.body.cursor.limit).toBe(Number(limit))
  })

  it.each([
    ["AC3-4: only the existing of these", "include=city,first_name,zzz", ["city", "first_name"]],
    ["PRO-22: a comma in a name is %2C", "include=a%2Cb,city", ["a,b", "city"]],
    ["PRO-22: repeated parameters add up", "include=city&include=plan", ["city", "plan"]],
    ["unknown parameters are ignored", "include=city&foo=%ZZ", ["city"]],
    ["an empty list asks for everything", "include=&limit=200", Object.keys(twelveTraits)]
  ])("%s", async (_, query, keys) => {
    const { body } = await api.get(`${path}?${query}`)
    expect(Object.keys(body.traits).toSorted()).toEqual(keys.toSorted())
  })

  it("AC3-5: verbose gives value, source and time of each trait", async () => {
    const { body } = await api.get(`${path}?verbose=true&include=plan,company`)
    expect(body.traits).toEqual({
      plan: { value: "pro", source_id: "src_web", updated_at: ago(5000) },
      company: { value: { name: "Initech", employees: 5 }, source_id: "src_web", updated_at: ago(5000) }
    })
  })

  it("AC3-6, PRO-21: there are no audiences or computed traits yet; other classes are refused", async () => {
    for (const kind of ["audience", "computed_trait"]) {
      const { body } = await api.get(`${path}?class=${kind}`)
      expect(body.traits).toEqual({})
      expect(body.cursor.has_more).toBe(false)
    }
    expect((await api.get(`${path}?class=x`)).status).toBe(400)
  })

  it("PRO-20, IDR-125: the newest write wins, null removes, an old write does not bring it back", async () => {
    await api.send(
      { type: "identify", userId: "u-time", traits: { plan: "a", gone: 1, "": 1 }, timestamp: ago(3000) },
      { type: "identify", userId: "u-time", traits: { gone: null }, timestamp: ago(2000) },
      { type: "identify", userId: "u-time", traits: { plan: "old", gone: 2 }, timestamp: ago(9000) }
    )
    const { body } = await api.get("users/profiles/user_id:u-time/traits")
    expect(body.traits).toEqual({ plan: "a", "": 1 })
  })

  it("keys are data: __proto__ and integer-like keys come back", async () => {
    const traits = JSON.parse('{"__proto__":{"a":1},"constructor":"c","1":"one"}')
    await api.send({ type: "identify", userId: "u-proto", traits })
    const { text } = await api.get("users/profiles/user_id:u-proto/traits")
    expect(text).toContain('"__proto__":{"a":1}')
    expect(JSON.parse(text).traits).toEqual(traits)
  })
})

describe("external ids and metadata", () => {
  it("AC3-11: a merged-away id shows the identifiers of the survivor, and urls with the survivor's id", async () => {
    const { survivor, merged } = await mergedId()
    const { body } = await api.get(`users/profiles/${merged}/external_ids?verbose=true`)
    expect(body.data.map(({ type, id }: { type: string; id: string }) => [type, id])).toEqual([
      ["anonymous_id", "5285bc35-05ef-4d21"],
      ["email", "jane.kim@segment.com"],
      ["anonymous_id", "b50e18a5-1b8d-451c"]
    ])
    expect(body.cursor.url).toBe(
      `/v1/spaces/${api.space.id}/collections/users/profiles/${survivor}/external_ids?verbose=true`
    )
    expect(body.data[2]).toEqual({
      source_id: "src_web",
      collection: "users",
      id: "b50e18a5-1b8d-451c",
      type: "anonymous_id",
      created_at: ago(7000),
      encoding: "none",
      first_message_id: "w7-3",
      origin_segment_id: merged,
      added_at: ago(7000),
      source_name: "Website"
    })
  })

  it("PRO-15: pages of external ids, with a filter by type, neither skip nor repeat", async () => {
    const { merged } = await mergedId()
    const pages = await follow(api, `users/profiles/${merged}/external_ids?limit=1`)
    expect(pages.map(({ body }) => body.data[0].first_message_id)).toEqual(["w7-1", "w7-2", "w7-3"])
    expect(pages[0]!.body.cursor.next).toMatch(/^map_[0-9A-Za-z]{27}$/)
    const some = await follow(api, `users/profiles/${merged}/external_ids?limit=1&include=anonymous_id`)
    expect(some.map(({ body }) => body.data[0].id)).toEqual(["5285bc35-05ef-4d21", "b50e18a5-1b8d-451c"])
    // The mapping that a cursor names may be gone: then paging goes on from its second, skipping nothing.
    const gone = pages[1]!.body.cursor.next.slice(0, -4) + "0000"
    const after = await api.get(`users/profiles/${merged}/external_ids?next=${gone}`)
    expect(after.body.data.at(-1).first_message_id).toBe("w7-3")
    expect((await api.get(`users/profiles/${merged}/external_ids?next=nonsense`)).status).toBe(400)
  })

  it("IDR-105: metadata is that of the earliest creation and the latest event", async () => {
    const { survivor, merged } = await mergedId()
    const { body } = await api.get(`users/profiles/${merged}/metadata`)
    expect(body).toEqual({
      metadata: {
        created_at: ago(9000),
        updated_at: ago(6000),
        expires_at: null,
        first_message_id: "w7-1",
        first_source_id: "src_web",
        last_message_id: "w7-4",
        last_source_id: "src_web"
      }
    })
    const verbose = await api.get(`users/profiles/${merged}/metadata?verbose=true`)
    expect(verbose.body.metadata).toMatchObject({
      segment_id: survivor,
      merged_segment_ids: [merged],
      merge_count: 1,
      mapping_count: 3
    })
  })

  it("IDR-22, IDR-105: an event dated 2099 counts by its arrival", async () => {
    await api.send(
      { type: "track", event: "A", userId: "u-future", messageId: "f-1", timestamp: "2099-01-01T00:00:00.000Z" },
      { type: "track", event: "B", userId: "u-future", messageId: "f-2", timestamp: ago(60_000) }
    )
    const first = await api.get("users/profiles/user_id:u-future/metadata")
    expect(first.body.metadata.last_message_id).toBe("f-1")
    await api.send({ type: "track", event: "C", userId: "u-future", messageId: "f-3" })
    const second = await api.get("users/profiles/user_id:u-future/metadata")
    expect(second.body.metadata.last_message_id).toBe("f-3")
    expect(second.body.metadata.created_at < second.body.metadata.updated_at).toBe(true)
  })
})

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

  it("1.6: one event, member by member; consent is never returned (PRO-26)", async () => {
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
      source_id: "src_web",
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

    it.each([2, 3, 5, 7, 100])("PRO-15: pages of %i neither skip nor repeat", async (limit) => {
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

    it.each(["sort=up", "limit=101", "start=yesterday", "end=2024-02-30", "next=abc", "next=%21", "include=%ZZ"])(
      "1.3: %s is refused",
      async (query) => {
        const answer = await api.get(`users/profiles/user_id:u-pages/events?${query}`)
        expect(answer.status).toBe(400)
        expect(answer.body.error.code).toBe("validation_error")
      }
    )
  })
})

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
          source_id: "src_web",
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

describe("failures", () => {
  it("1.3: a store that does not answer is 503 server_error, without internals", async () => {
    api.calls.graphDown = true
    try {
      const { status, body, headers, text } = await api.get("users/profiles/user_id:u1/traits")
      expect(status).toBe(503)
      expect(body.error.code).toBe("server_error")
      expect(headers.get("retry-after")).toBe("1")
      expect(headers.get("request-id")).toMatch(/^req_/)
      expect(text).not.toContain("secret detail")
      const answer = await api.graphql(`{ node(id: "use_000000000000000000000000000") { id } }`)
      expect(answer.status).toBe(200)
      expect(answer.body.data).toEqual({ node: null })
      expect(answer.body.errors[0].extensions).toEqual({
        code: "INTERNAL",
        requestId: answer.headers.get("request-id")
      })
      expect(answer.text).not.toContain("secret detail")
    } finally {
      api.calls.graphDown = false
    }
  })
})

describe("list", () => {
  it("1.5: every profile once, the latest activity first", async () => {
    await api.send({ type: "track", event: "Late", userId: "jane", messageId: "jane-last" })
    const pages = await follow(api, "users/profiles?limit=7")
    const found = pages.flatMap(({ body }) => body.data)
    const ids = found.map(({ segment_id }) => segment_id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(found[0].metadata.last_message_id).toBe("jane-last")
    const updated = found.map(({ metadata }) => metadata.updated_at)
    expect(updated).toEqual(updated.toSorted().toReversed())
    const { survivor, merged } = await mergedId()
    expect(ids).toContain(survivor)
    expect(ids).not.toContain(merged)
    expect(found.find(({ segment_id }) => segment_id === survivor).external_ids.length).toBe(3)
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
