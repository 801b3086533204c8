/** Profiles Insights: what went wrong, what went well, with every filter (PRO-80 to PRO-85). */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import { rig } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"
import { external, readProfile } from "./support/people.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph, { settings: { dedupScope: "source" } }))
  // W-3: the e-mail is shared, the second user_id keeps its own profile.
  await api.send(
    { type: "identify", messageId: "i-1", userId: "abc123", traits: { email: "jane@example1.com" } },
    { type: "identify", messageId: "i-2", userId: "abc456", traits: { email: "jane@example1.com", plan: "pro" } },
    {
      type: "track",
      event: "Order Completed",
      messageId: "i-3",
      userId: "abc456",
      properties: { email: "jane@example1.com" }
    },
    { type: "track", event: "Heartbeat", messageId: "i-4", anonymousId: "null" },
    { type: "identify", messageId: "i-5", anonymousId: "a-1", userId: "abc123" },
    { type: "track", event: "Seen", messageId: "i-6", anonymousId: "a-2" },
    { type: "identify", messageId: "i-7", anonymousId: "a-2", userId: "abc123" }
  )
})
afterAll(() => api.close())

const admin = { headers: { authorization: "Bearer pt_admin" } }
const fields = `edges { cursor node { id error violation success text identifier { type id } breachedType count limit window candidates
  profile { segmentId } merge { id from into } messageId eventType eventName sourceId nextStep payload explanation { summary } } }
  pageInfo { hasNextPage endCursor } totalCount more`

const ask = (which: string, filter: object | null, rest: object = {}, init = admin) =>
  api.graphql(
    `query ($s: ID!, $f: InsightFilter, $n: Int, $a: String) { insights(spaceId: $s) { ${which}(filter: $f, first: $n, after: $a) { ${fields} } } }`,
    { s: api.space.id, f: filter, ...rest },
    init
  )
const list = async (which: string, filter: object | null, rest: object = {}) => {
  const { body } = await ask(which, filter, rest)
  expect(body.errors).toBeUndefined()
  return body.data.insights[which]
}
const ids = async (which: string, filter: object | null) =>
  (await list(which, filter)).edges.map(({ node }: { node: { messageId: string } }) => node.messageId)

it("PRO-82: a violation says what happened, to whom, with the message and what to do", async () => {
  const { edges, totalCount, more } = await list("errorsAndViolations", { eventName: "Order Completed" })
  expect([totalCount, more]).toEqual([1, false])
  const profile = await readProfile(api, external("user_id", "abc456"), "segmentId")
  expect(edges[0].node).toMatchObject({
    violation: "IDENTIFIER_LIMIT",
    error: null,
    identifier: { type: "email", id: "jane@example1.com" },
    breachedType: "user_id",
    count: 2,
    limit: 1,
    window: "EVER",
    profile,
    messageId: "i-3",
    eventType: "TRACK",
    sourceId: api.source.id,
    payload: { messageId: "i-3", event: "Order Completed" },
    text: expect.stringContaining("email jane@example1.com was not used: with it the profile would have 2 user_id"),
    nextStep: expect.stringContaining("shared by several people"),
    explanation: { summary: expect.any(String) }
  })
})

describe("PRO-81: every filter of errors and violations", () => {
  it.each([
    ["nothing: the newest first", null, ["i-4", "i-4", "i-3", "i-2"]],
    ["errors alone", { errors: ["NO_MATCHING_IDENTIFIERS"] }, ["i-4"]],
    ["a kind of violation", { violations: ["ID_VALUE_BLOCKED"] }, ["i-4"]],
    ["another kind", { violations: ["PROFILES_KEPT_APART"] }, []],
    ["both classes", { errors: ["NO_MATCHING_IDENTIFIERS"], violations: ["IDENTIFIER_LIMIT"] }, ["i-4", "i-3", "i-2"]],
    ["a type", { idType: "email" }, ["i-3", "i-2"]],
    [
      "AC3-28: a value names it, or the profile that has it",
      { externalId: { type: "user_id", id: "abc456" } },
      ["i-3", "i-2"]
    ],
    ["AC3-28: the identifier that lost", { externalId: { type: "email", id: "jane@example1.com" } }, ["i-3", "i-2"]],
    ["AC3-28: of somebody without any", { externalId: { type: "user_id", id: "nobody" } }, []],
    ["an event type", { eventTypes: ["IDENTIFY"] }, ["i-2"]],
    ["an event name", { eventName: "Heartbeat" }, ["i-4", "i-4"]],
    ["another source", { sourceIds: ["src_elsewhere"] }, []],
    [
      "an older range",
      {
        range: {
          from: new Date(Date.now() - 7_200_000).toISOString(),
          to: new Date(Date.now() - 3_600_000).toISOString()
        }
      },
      []
    ]
  ])("%s", async (_, filter, expected) => {
    expect(await ids("errorsAndViolations", filter)).toEqual(expected)
  })
  it("the source, and the profile under any of its ids", async () => {
    expect(await ids("errorsAndViolations", { sourceIds: [api.source.id], idType: "email" })).toEqual(["i-3", "i-2"])
    const { segmentId } = await readProfile(api, external("user_id", "abc456"), "segmentId")
    expect(await ids("errorsAndViolations", { segmentId })).toEqual(["i-3", "i-2"])
    const { body } = await api.graphql(
      `query ($s: ID!) { profile(spaceId: $s, by: {externalId: {type: "user_id", id: "abc456"}}) { violations(first: 1) { totalCount edges { node { messageId } } } } }`,
      { s: api.space.id },
      admin
    )
    expect(body.data.profile.violations).toEqual({ totalCount: 2, edges: [{ node: { messageId: "i-3" } }] })
  })
})

it("PRO-83: successes tell how a profile came to be", async () => {
  const { edges } = await list("successes", { externalId: { type: "user_id", id: "abc123" } })
  const told = edges.map(({ node }: { node: Record<string, unknown> }) => [node["success"], node["messageId"]])
  expect(told).toEqual([
    ["PROFILES_MERGED", "i-7"],
    ["IDENTIFIER_MAPPED", "i-6"],
    ["PROFILE_CREATED", "i-6"],
    ["IDENTIFIER_MAPPED", "i-5"],
    ["IDENTIFIER_MAPPED", "i-1"],
    ["IDENTIFIER_MAPPED", "i-1"],
    ["PROFILE_CREATED", "i-1"]
  ])
  const { segmentId, merges } = await readProfile(
    api,
    external("user_id", "abc123"),
    "segmentId merges { edges { node { id from into } } }"
  )
  expect(edges[0].node.merge).toEqual(merges.edges[0].node)
  expect(edges[0].node.profile.segmentId).toBe(segmentId)
  expect(await ids("successes", { successes: ["PROFILES_MERGED"] })).toEqual(["i-7"])
})

it("pages go on behind their cursor", async () => {
  const seen: Array<string> = []
  let after: string | null = null
  do {
    const page: {
      edges: ReadonlyArray<{ node: { id: string } }>
      pageInfo: { hasNextPage: boolean; endCursor: string }
    } = await list("errorsAndViolations", null, { n: 1, a: after })
    seen.push(...page.edges.map(({ node }) => node.id))
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null
  } while (after !== null)
  expect(new Set(seen).size).toBe(4)
})

it("PRO-80: the summary counts by kind, type, source and hour", async () => {
  const { body } = await api.graphql(
    `query ($s: ID!) { insights(spaceId: $s) { summary } }`,
    { s: api.space.id },
    admin
  )
  expect(body.data.insights.summary).toMatchObject({
    total: 4,
    kinds: { "Identifier value limit exceeded": 2, "No matching identifiers on event": 1 },
    types: { email: 2 },
    sources: { [api.source.id]: 4 }
  })
})

it("PRO-4: needs the scope insights:read", async () => {
  const { body } = await ask("errorsAndViolations", null, {}, { headers: { authorization: "Bearer pt_test" } })
  expect(body.errors[0].extensions.code).toBe("FORBIDDEN")
})

const days = (n: number) => ({ range: { from: new Date(Date.now() - n * 86_400_000 + 60_000).toISOString() } })

it("AC3-27: 700 violations show the newest 500; a range of 31 days is refused", async () => {
  await api.run(
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      yield* sql.unsafe(
        `insert into ${spaceSchema(api.space.id)}.violations (pos, n, at, kind, profile, collection, type, value, rec)
         select 1000 + g, 0, now() - interval '2 hours' - g * interval '1 second', kind, profile, collection, type, value, rec
         from ${spaceSchema(api.space.id)}.violations v, generate_series(1, 700) g where v.value = 'jane@example1.com' and v.n = 0 and v.rec like '%"i-2"%'`
      )
    })
  )
  const { totalCount, more } = await list("errorsAndViolations", null)
  expect([totalCount, more]).toEqual([500, true])
  expect((await list("errorsAndViolations", days(30))).totalCount).toBe(500)
  for (const which of ["errorsAndViolations", "successes"]) {
    const { body } = await ask(which, days(31))
    expect(body.errors[0].extensions.code).toBe("VALIDATION_FAILED")
  }
})

it("AC3-29, PRO-85: why two user_ids were not merged names the e-mail that gave way, the count, the limit and the message", async () => {
  const { body } = await api.graphql(
    `query ($s: ID!) { whyNotMerged(spaceId: $s, a: {type: "user_id", id: "abc123"}, b: {type: "user_id", id: "abc456"}) {
       sameProfile reason text records { violation messageId identifier { type id } breachedType count limit } } }`,
    { s: api.space.id },
    admin
  )
  expect(body.data.whyNotMerged).toMatchObject({ sameProfile: false, reason: "LIMIT" })
  const told = JSON.stringify(body.data.whyNotMerged)
  for (const part of ["jane@example1.com", `"count":2,"limit":1`, "i-3"]) expect(told).toContain(part)
})
