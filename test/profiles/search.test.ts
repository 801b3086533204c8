/** Finding things by whatever was pasted, and profiles by a filter (PRO-73). */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { classify } from "../../src/profiles/search-class.ts"
import { displayName, wordsOf } from "../../src/profiles/search-words.ts"
import { rig } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"
import { external, readProfile } from "./support/people.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph, { settings: { dedupScope: "source" } }))
  await api.send(
    {
      type: "identify",
      messageId: "s-1",
      userId: "jane1",
      traits: { email: "Jane@Example.com", name: "Jane Ann Doe", plan: "pro" }
    },
    // The e-mail is jane1's: here it is demoted and stays a trait.
    {
      type: "identify",
      messageId: "s-2",
      userId: "jane2",
      traits: { email: "jane@example.com", first_name: "Janet", last_name: "Roe" }
    },
    { type: "track", event: "Seen", messageId: "s-3", anonymousId: "anon-1" },
    { type: "group", messageId: "s-4", userId: "jane1", groupId: "acme", traits: { name: "Acme Ltd", plan: "pro" } }
  )
  // The words follow behind identity.
  await vi.waitFor(
    async () => {
      if ((await find({ text: "acme" }, "ACCOUNTS")).length + (await find({ text: "roe" })).length < 2)
        throw new Error("the words are not there yet")
    },
    { timeout: 10_000, interval: 50 }
  )
})
afterAll(() => api.close())

const admin = { headers: { authorization: "Bearer pt_admin" } }

const search = async (text: string, init?: RequestInit) => {
  const { body } = await api.graphql(
    `query ($s: ID!, $t: String!) { search(spaceId: $s, text: $t) { class identifier { type id }
       hits { kind match id title text spaceId profile { segmentId } } } }`,
    { s: api.space.id, t: text },
    init
  )
  expect(body.errors).toBeUndefined()
  return body.data.search
}

const page = async (filter: object | null, rest: object = {}) => {
  const { body } = await api.graphql(
    `query ($s: ID!, $c: Collection, $f: ProfileFilter, $n: Int, $a: String) {
       searchProfiles(spaceId: $s, collection: $c, filter: $f, first: $n, after: $a) {
         edges { cursor node { segmentId externalIds { edges { node { id } } } } } pageInfo { hasNextPage endCursor } } }`,
    { s: api.space.id, f: filter, ...rest }
  )
  expect(body.errors).toBeUndefined()
  return body.data.searchProfiles
}
type Edge = {
  readonly node: {
    readonly segmentId: string
    readonly externalIds: { readonly edges: ReadonlyArray<{ readonly node: { readonly id: string } }> }
  }
}
const namesIn = ({ edges }: { edges: ReadonlyArray<Edge> }) =>
  edges.map(({ node }) => node.externalIds.edges.map((edge) => edge.node.id).find((id) => !id.includes("@")))
const find = async (filter: object | null, c = "USERS") => namesIn(await page(filter, { c }))

describe("what a pasted text is", () => {
  const types = { users: ["user_id", "email", "anonymous_id", "phone"], accounts: ["group_id"] }
  it.each([
    ["use_2pQ7tYc8Nd3HgU6xBk2Mo4jEPa1", "SEGMENT_ID", undefined],
    ["req_6f1c2d3e-0000-4000-8000-000000000000", "REQUEST_ID", undefined],
    ["mrg_2pQ7tYc8Nd3HgU6xBk2Mo4jEPa1", "OBJECT_ID", undefined],
    ["user_id:a:b", "IDENTIFIER", "user_id=a:b"],
    ["EMAIL:Jane@X.com", "IDENTIFIER", "email=jane@x.com"],
    ["Jane@X.com", "IDENTIFIER", "email=jane@x.com"],
    ["+1 (555) 555-0123", "IDENTIFIER", "phone=+1 (555) 555-0123"],
    ["group_id:acme", "IDENTIFIER", "group_id=acme"],
    ["nonsense:x", "WORDS", "user_id=nonsense:x"],
    ["jane doe", "WORDS", undefined]
  ])("%s", (text, name, first) => {
    const { class: found, identifiers } = classify(text, types, false)
    const [id] = identifiers
    expect([found, id === undefined ? undefined : `${id.type}=${id.value}`]).toEqual([name, first])
  })
  it("a write key is one only for whom it may be told", () => {
    expect(classify("wk_web", types, true).class).toBe("WRITE_KEY")
    expect(classify("wk_web", types, false).class).toBe("WORDS")
  })
  it("names are found by each of their parts, whatever their case", () => {
    expect(wordsOf({ name: " Jane  Ann DOE ", email: "J@X.io", first_name: "Jane", last_name: "Doe" })).toEqual([
      "j@x.io",
      "jane ann doe",
      "jane",
      "doe",
      "jane doe",
      "ann doe"
    ])
    expect(wordsOf({ name: 7, email: null })).toEqual([])
    expect(displayName({ firstName: "Jane", lastName: "Doe" })).toBe("Jane Doe")
  })
})

it("PRO-73: an e-mail finds who holds it and who only has it as a trait", async () => {
  const { class: name, identifier, hits } = await search("Jane@example.com")
  expect([name, identifier]).toEqual(["IDENTIFIER", { type: "email", id: "jane@example.com" }])
  expect(hits.map(({ kind, match, title }: Record<string, string>) => [kind, match, title])).toEqual([
    ["PROFILE", "HOLDS_IDENTIFIER", "Jane Ann Doe"],
    ["PROFILE", "HAS_TRAIT", "Janet Roe"]
  ])
  expect(hits[0].profile.segmentId).toBe(hits[0].id)
})

it("ids of profiles, messages and objects, values without a type, words", async () => {
  const { segmentId } = await readProfile(api, external("user_id", "jane1"), "segmentId")
  expect(await search(segmentId)).toMatchObject({ class: "SEGMENT_ID", hits: [{ id: segmentId, match: "ID" }] })
  expect(await search("s-3")).toMatchObject({
    class: "MESSAGE_ID",
    hits: [{ kind: "EVENT", id: "s-3", title: "Seen" }]
  })
  expect(await search(api.space.id)).toMatchObject({ class: "OBJECT_ID", hits: [{ kind: "SPACE" }] })
  expect(await search("anon-1")).toMatchObject({
    class: "IDENTIFIER",
    identifier: { type: "anonymous_id", id: "anon-1" },
    hits: [{ title: "Anonymous User" }]
  })
  expect(await search("ann d")).toMatchObject({ class: "WORDS", hits: [{ match: "NAME", title: "Jane Ann Doe" }] })
  expect(await search("nobody")).toMatchObject({ class: "WORDS", hits: [] })
})

it("sources are told by name and write key to an admin alone", async () => {
  const { name, slug } = api.source
  expect((await search(slug, admin)).hits).toMatchObject([{ kind: "SOURCE", title: name }])
  expect((await search(slug)).hits).toEqual([])
})

describe("PRO-70, PRO-73: profiles by a filter", () => {
  it("without one: the latest activity first", async () => {
    expect(await find(null)).toHaveLength(3)
  })
  it.each([
    ["the beginning of a name", { text: "jan" }, ["jane1", "jane2"]],
    ["the last name", { text: "DOE" }, ["jane1"]],
    ["an e-mail address", { text: "jane@ex" }, ["jane1", "jane2"]],
    ["a trait", { traitKey: "plan" }, ["jane1"]],
    ["a trait and its value", { traitKey: "plan", traitEquals: "pro" }, ["jane1"]],
    ["another value", { traitKey: "plan", traitEquals: "free" }, []],
    ["nobody knows them", { anonymousOnly: true }, ["anon-1"]],
    ["an identifier", { externalId: { type: "user_id", id: "jane2" } }, ["jane2"]],
    [
      "an identifier of somebody else than the filter wants",
      { externalId: { type: "user_id", id: "jane2" }, traitKey: "plan" },
      []
    ],
    ["of another time", { updated: { to: "2020-01-01" } }, []]
  ])("%s", async (_, filter, expected) => {
    expect([...(await find(filter))].sort()).toEqual(expected)
  })
  it("pages go on where the last one ended", async () => {
    for (const filter of [null, { text: "jan" }]) {
      const seen: Array<string | undefined> = []
      let a: string | null = null
      for (let n = 0; n < 6; n++) {
        const { edges, pageInfo } = await page(filter, { n: 1, a })
        seen.push(...namesIn({ edges }))
        if (!pageInfo.hasNextPage) break
        a = pageInfo.endCursor
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen).toHaveLength(filter === null ? 3 : 2)
    }
  })
  it("a name that was changed is not found any more", async () => {
    await api.send({ type: "identify", messageId: "s-9", userId: "jane2", traits: { last_name: "Smith" } })
    await vi.waitFor(async () => expect(await find({ text: "smith" })).toEqual(["jane2"]), {
      timeout: 10_000,
      interval: 50
    })
    expect(await find({ text: "roe" })).toEqual([])
  })
})
