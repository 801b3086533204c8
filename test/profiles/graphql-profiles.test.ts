/** What GraphQL says of profiles, and how many store queries that takes (PRO-63, PRO-68). */
import { Layer } from "effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { rig } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"
import { byGraphql, byRest, peopleIn, somePeople } from "./support/both-apis.ts"
import { ago, external, readProfile, sendPeople } from "./support/people.ts"

let api: TestApi
const profile = (by: object, selection: string, collection?: string) => readProfile(api, by, selection, collection)

const selection = `segmentId traits { edges { node { key value messageId } } } externalIds { totalCount edges { node { type id } } }
  links { totalCount edges { node { to { segmentId traits(first: 5) { edges { node { key } } } externalIds(first: 3) { edges { node { id } } } metadata { mergeCount lastMessageId } } } } }
  events { edges { node { messageId } } } metadata { updatedAt mappingCount } merges { totalCount }`
const query = `query ($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) { ${selection.replace("links {", "links(first: 3) {")} } }`

const ask = async (refs: ReadonlyArray<object>) => {
  api.calls.names.length = 0
  const { body } = await api.graphql(query, { spaceId: api.space.id, refs })
  expect(body.errors).toBeUndefined()
  return { profiles: body.data.profiles, calls: api.calls.names.toSorted() }
}

/** Kim's profile, and the one of the visitor that was merged into it last. */
const idsOfKim = async () => {
  const { segmentId: survivor, merges } = await profile(
    external("user_id", "kim"),
    "segmentId merges { edges { node { from } } }"
  )
  return { survivor, merged: merges.edges.at(-1).node.from as string }
}

/** The histories of `kim` and others. */
const histories = async (count: number) => {
  api.calls.names.length = 0
  const { body } = await api.graphql(
    `query ($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) {
      segmentId history(first: 2) { edges { node { kind data } } pageInfo { hasNextPage } } } }`,
    {
      spaceId: api.space.id,
      refs: Array.from({ length: count }, (_, i) =>
        i === 0 ? external("user_id", "kim") : external("user_id", `many-${i}`)
      )
    }
  )
  expect(body.errors).toBeUndefined()
  // Where the log begins is asked once in a while.
  return { found: body.data.profiles, calls: api.calls.names.filter((name) => name !== "log.read") }
}

/** Of the comparison with REST. */
const numRuns = Number(process.env["BRAID_PROPERTY_RUNS"] ?? 1)

const nowhere = { url: "bolt://127.0.0.1:1", user: "", password: "" }
const neo4j = await runNeo4j()
const graphs = [
  ["Postgres", true, postgresGraph],
  ["Neo4j", neo4j !== undefined, neo4jGraphOn.pipe(Layer.provide(testNeo4j(neo4j ?? nowhere)))]
] as const

for (const [name, isThere, graph] of graphs) {
  describe.skipIf(!isThere)(`with ${name}`, () => {
    beforeAll(async () => {
      // As the rig stores: outcomes are found by message ids.
      api = await startApi(rig(graph, { settings: { dedupScope: "source" } }))
      await sendPeople(api)
      await api.indexed()
    })
    afterAll(() => api.close())

    describe("batching", () => {
      it("AC3-20, PRO-63: 100 references: input order, null for missing, as many store queries as for 2", async () => {
        const refs = Array.from({ length: 100 }, (_, i) => external("user_id", i === 41 ? "nobody" : `many-${i}`))
        const few = await ask(refs.slice(0, 2))
        const many = await ask(refs)
        expect(many.calls).toEqual(few.calls)
        expect(many.profiles.length).toBe(100)
        expect(many.profiles[41]).toBeNull()
        many.profiles.forEach((found: (typeof many.profiles)[number], i: number) => {
          if (i === 41) return
          expect(found.externalIds).toEqual({ totalCount: 1, edges: [{ node: { type: "user_id", id: `many-${i}` } }] })
          expect(found.traits.edges).toEqual([{ node: { key: "number", value: i, messageId: `many-t-${i}` } }])
          expect(found.links.edges[0].node.to.externalIds.edges).toEqual([{ node: { id: `team-${i % 7}` } }])
          expect(found.links.edges[0].node.to.traits.edges).toEqual([{ node: { key: "name" } }])
          expect(found.metadata).toEqual({ updatedAt: ago(3000), mappingCount: 1 })
        })
      })

      it("PRO-63: the histories of 100 profiles take as many store queries as those of 2, and each is its own", async () => {
        const few = await histories(2)
        const many = await histories(100)
        expect(many.calls).toEqual(few.calls)
        expect(many.found[0].history).toEqual(few.found[0].history)
        expect(many.found[0].history.pageInfo.hasNextPage).toBe(true)
        many.found.slice(1).forEach(({ segmentId, history }: (typeof many.found)[number], i: number) => {
          expect(history.edges[0].node).toMatchObject({ kind: "CREATED", data: { segmentId } })
          expect(JSON.stringify(history.edges)).toContain(`many-${i + 1}"`)
        })
      })

      it("AC3-20: 100 profiles with traits, external ids and links at default page sizes are within the cost", async () => {
        const refs = Array.from({ length: 100 }, (_, i) => external("user_id", `many-${i}`))
        const { body } = await api.graphql(
          `query ($spaceId: ID!, $refs: [ProfileRef!]!) { profiles(spaceId: $spaceId, refs: $refs) {
        traits { edges { node { key value } } } externalIds { edges { node { type id } } } links { edges { node { to { segmentId } createdAt } } } } }`,
          { spaceId: api.space.id, refs }
        )
        expect(body.errors).toBeUndefined()
      })

      it("a field that needs no members costs one look-up and one read", async () => {
        api.calls.names.length = 0
        await profile(external("user_id", "kim"), "traits { edges { node { key } } }")
        expect(api.calls.names).toEqual(["graph.find", "sql.unsafe"])
      })
    })

    describe("profiles", () => {
      it("W-7: requestedId, merges, mergePath, metadata of a profile that was merged twice", async () => {
        const survivor = await profile(
          external("user_id", "kim"),
          "segmentId id requestedId mergePath masked collection"
        )
        expect(survivor).toEqual({
          id: survivor.segmentId,
          segmentId: survivor.segmentId,
          requestedId: survivor.segmentId,
          mergePath: [survivor.segmentId],
          masked: false,
          collection: "USERS"
        })
        const { merges, metadata } = await profile(
          external("anonymous_id", "b50e18a5"),
          `merges { totalCount edges { node { id from into at messageId eventType eventName sourceId rulesVersion active
         matchedFrom { type id collection encoding } matchedInto { type id } } } }
       metadata { createdAt updatedAt expiresAt firstMessageId firstSourceId lastMessageId lastSourceId mergeCount mappingCount mergedSegmentIds }`
        )
        const [first, second] = merges.edges.map((edge: { node: object }) => edge.node)
        expect(merges.totalCount).toBe(2)
        expect(first).toMatchObject({
          at: ago(6000),
          messageId: "w7-4",
          eventType: "IDENTIFY",
          eventName: null,
          sourceId: api.source.id,
          rulesVersion: 1,
          active: true,
          matchedFrom: [{ type: "anonymous_id", id: "b50e18a5", collection: "USERS", encoding: "none" }],
          matchedInto: [{ type: "email", id: "jane.kim@segment.com" }]
        })
        expect(first.id).toMatch(/^mrg_[0-9A-Za-z]{27}$/)
        expect(second).toMatchObject({
          from: first.into,
          into: survivor.segmentId,
          eventType: "TRACK",
          eventName: "Signed In"
        })
        expect(metadata).toEqual({
          createdAt: ago(10_000),
          updatedAt: ago(5000),
          expiresAt: null,
          firstMessageId: "p0",
          firstSourceId: api.source.id,
          lastMessageId: "p0-2",
          lastSourceId: api.source.id,
          mergeCount: 2,
          mappingCount: 4,
          mergedSegmentIds: [first.into, first.from]
        })
        // By the id of the first to be merged away: the path leads over the second.
        expect(await profile({ segmentId: first.from }, "segmentId requestedId mergePath")).toEqual({
          segmentId: survivor.segmentId,
          requestedId: first.from,
          mergePath: [first.from, first.into, survivor.segmentId]
        })
        const { body } = await api.graphql(
          `query ($a: ID!, $b: ID!) { node(id: $a) { id ... on Profile { requestedId } } space: node(id: $b) { __typename id } }`,
          { a: first.from, b: api.space.id }
        )
        expect(body.data).toEqual({
          node: { id: survivor.segmentId, requestedId: first.from },
          space: { __typename: "Space", id: api.space.id }
        })
      })

      it.each([
        ["unknown identifier", external("user_id", "nobody")],
        ["unknown segment id", { segmentId: "use_000000000000000000000000000" }],
        ["not a segment id", { segmentId: "zero\u0000byte" }],
        ["another spelling", external("USER_ID", "kim")]
      ])("PRO-64: %s is null, not an error", async (_, by) => {
        expect(await profile(by, "id")).toBeNull()
      })

      it("trait, traits by key and class", async () => {
        const found = await profile(
          external("user_id", "kim"),
          `trait(key: "plan") { key value class sourceId sourceName updatedAt messageId } none: trait(key: "x") { key }
       some: traits(keys: ["age", "x"]) { edges { node { key value } } } other: traits(class: AUDIENCE) { edges { node { key } } }`
        )
        expect(found).toEqual({
          trait: {
            key: "plan",
            value: "pro",
            class: "CUSTOM",
            sourceId: api.source.id,
            sourceName: "Website",
            updatedAt: ago(6000),
            messageId: "w7-4"
          },
          none: null,
          some: { edges: [{ node: { key: "age", value: 33 } }] },
          other: { edges: [] }
        })
      })

      it("events: types, order, what they were stamped with", async () => {
        const { events, identifies, raw } = await profile(
          external("user_id", "kim"),
          `events(sort: ASC) { edges { node { messageId type event timestamp stampedSegmentId properties context externalIds { type id } } } }
       identifies: events(types: [IDENTIFY]) { edges { node { messageId event } } } raw: events(first: 1) { edges { node { raw } } }`
        )
        const nodes = events.edges.map((edge: { node: object }) => edge.node)
        expect(nodes.map(({ messageId }: { messageId: string }) => messageId)).toEqual(["w7-1", "w7-3", "p0-2"])
        expect(nodes[1]).toMatchObject({
          type: "PAGE",
          event: "Page Viewed",
          timestamp: ago(7000),
          properties: { name: "Pricing" },
          externalIds: [{ type: "anonymous_id", id: "b50e18a5" }]
        })
        expect(new Set(nodes.map(({ stampedSegmentId }: { stampedSegmentId: string }) => stampedSegmentId)).size).toBe(
          3
        )
        expect(identifies.edges.map(({ node }: { node: object }) => node)).toEqual([
          { messageId: "w7-4", event: null },
          { messageId: "w7-2", event: null },
          { messageId: "p0", event: null }
        ])
        expect(raw.edges[0].node.raw).toMatchObject({
          messageId: "p0-2",
          version: 2,
          channel: "server",
          originalTimestamp: expect.any(String),
          receivedAt: expect.any(String)
        })
      })

      it("PRO-67: what a trait was before, how each entry of a history was decided, what the space dropped", async () => {
        await api.send({ type: "group", messageId: "dropped", userId: "kim", groupId: "g".repeat(501) })
        const found = await profile(
          external("user_id", "kim"),
          `trait(key: "plan") { history { value at messageId sourceId segmentId } }
           history(first: 50) { edges { node { messageId explanation { messageId action } } } }`
        )
        const { survivor, merged } = await idsOfKim()
        expect(found.trait.history).toEqual([
          { value: "pro", at: ago(6000), messageId: "w7-4", sourceId: api.source.id, segmentId: merged },
          { value: "free", at: ago(8000), messageId: "w7-2", sourceId: api.source.id, segmentId: merged }
        ])
        expect(survivor).not.toBe(merged)
        const entries = found.history.edges.map(({ node }: { node: Record<string, unknown> }) => node)
        expect(entries.length).toBeGreaterThan(3)
        for (const { messageId, explanation } of entries) expect(explanation).toMatchObject({ messageId })
        const { body } = await api.graphql("{ spaces { dropCounters } }")
        expect(body.data.spaces[0].dropCounters).toEqual({ group_id_too_long: 1 })
      })
      it("AC3-23, PRO-68: REST and GraphQL answer the same", async () => {
        for (const [collection, type, id] of [
          ["users", "user_id", "kim"],
          ["accounts", "group_id", "team-3"]
        ] as const) {
          const rest = await byRest(api, { collection, type, id }, 7)
          expect(rest).not.toBeNull()
          expect(await byGraphql(api, { collection, type, id }, 7)).toEqual(rest)
        }
      })
      it("AC3-23: also of people whose events are random, page by page", async () => {
        let run = 0
        const property = fc.asyncProperty(
          fc.constant(0).chain(() => somePeople(`${name}-${run++}`)),
          fc.constantFrom(2, 5, 100),
          async (messages, size) => {
            await api.send(...messages)
            for (const reference of await peopleIn(api, messages)) {
              const [rest, graphql] = await Promise.all([byRest(api, reference, size), byGraphql(api, reference, size)])
              expect(graphql).toEqual(rest)
            }
          }
        )
        await fc.assert(property, { numRuns, endOnFailure: true })
      })
    })
  })
}
