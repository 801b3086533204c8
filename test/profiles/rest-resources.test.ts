/** REST `traits`, `external_ids` and `metadata` (spec 03 sections 1.4 to 1.6). */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { follow, startApi, type TestApi } from "./support/api.ts"

let api: TestApi
const now = Date.now()
const ago = (ms: number) => new Date(now - ms).toISOString()

beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
  await api.send({ type: "identify", messageId: "traits-1", userId: "u1", traits: twelveTraits, timestamp: ago(5000) })
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

const refusal = { error: { code: "validation_error" } }

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
    ["200", 200, { cursor: { limit: 200 } }],
    ["1", 200, { cursor: { limit: 1 } }],
    ["201", 400, refusal],
    ["0", 400, refusal],
    ["-1", 400, refusal],
    ["1.5", 400, refusal],
    ["abc", 400, refusal],
    ["", 400, refusal]
  ])("AC3-3: limit=%s is %i", async (limit, status, body) => {
    const answer = await api.get(`${path}?limit=${limit}`)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject(body)
  })

  it.each([
    ["AC3-4: only the existing of these", "include=city,first_name,zzz", ["city", "first_name"]],
    ["PRO-22: a comma in a name is %2C", "include=a%2Cb,city", ["a,b", "city"]],
    ["PRO-22: clients write the commas of a list as %2C", "include=city%2Cplan%2Czzz", ["city", "plan"]],
    ["PRO-22: … and a name with a comma alone is still one", "include=a%2Cb", ["a,b"]],
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
      plan: { value: "pro", source_id: api.source.id, updated_at: ago(5000) },
      company: { value: { name: "Initech", employees: 5 }, source_id: api.source.id, updated_at: ago(5000) }
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

  it("PRO-20, PRO-28, IDR-125: the newest write wins, null removes, an old write does not bring it back", async () => {
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
  it("AC3-11, PRO-11, PRO-25: a merged-away id shows the identifiers of the survivor, and urls with the survivor's id", async () => {
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
      source_id: api.source.id,
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

  it("IDR-105, PRO-25: metadata is that of the earliest creation and the latest event", async () => {
    const { survivor, merged } = await mergedId()
    const { body } = await api.get(`users/profiles/${merged}/metadata`)
    expect(body).toEqual({
      metadata: {
        created_at: ago(9000),
        updated_at: ago(6000),
        expires_at: null,
        first_message_id: "w7-1",
        first_source_id: api.source.id,
        last_message_id: "w7-4",
        last_source_id: api.source.id
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
      { type: "track", event: "A", userId: "u-future", messageId: "f-0", timestamp: ago(60_000) },
      { type: "track", event: "B", userId: "u-future", messageId: "f-1", timestamp: "2099-01-01T00:00:00.000Z" },
      { type: "track", event: "C", userId: "u-future", messageId: "f-2", timestamp: ago(30_000) }
    )
    const first = await api.get("users/profiles/user_id:u-future/metadata")
    expect(first.body.metadata).toMatchObject({ first_message_id: "f-0", last_message_id: "f-1" })
    expect(first.body.metadata.updated_at < "2099").toBe(true)
    await api.send({ type: "track", event: "D", userId: "u-future", messageId: "f-3" })
    const second = await api.get("users/profiles/user_id:u-future/metadata")
    expect(second.body.metadata.last_message_id).toBe("f-3")
    expect(second.body.metadata.created_at < second.body.metadata.updated_at).toBe(true)
  })
})
