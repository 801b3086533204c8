/** Explaining over GraphQL (spec 03 section 2). */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import { message, rig } from "../support/space.ts"
import { type Answer, startApi, type TestApi } from "./support/api.ts"

let api: TestApi
const at = (seconds: number) => new Date(Date.now() - 60_000 + seconds * 1000).toISOString()
const jane = message({
  type: "identify",
  messageId: "j-1",
  userId: "abc123",
  traits: { email: "jane@example1.com" },
  timestamp: at(0)
})
const w3 = message({ ...jane, messageId: "j-2", userId: "abc456", timestamp: at(1) })

beforeAll(async () => {
  api = await startApi(rig(postgresGraph, { settings: { dedupScope: "source" } }))
  await api.send(jane, { type: "track", event: "Bought", messageId: "j-3", userId: "abc123", timestamp: at(2) })
})
afterAll(() => api.close())

const explanation = `messageId action dryRun summary assumptions rulesVersion predictedSegmentId profile { segmentId } account { segmentId }
  steps { n kind text data } record
  violations { id violation error success identifier { type id collection encoding } breachedType count limit window candidates
    profile { segmentId } iteration messageId eventType eventName sourceId rulesVersion nextStep at }
  successes { success identifier { type id } }`

/** 31 explanations, each with a page of traits. */
const many = (page: number) =>
  Array.from(
    { length: 31 },
    (_, i) =>
      `${i === 0 ? "" : `e${i}: `}explain(spaceId: $s, event: $e) { profile { traits(first: ${page}) { edges { cursor } } } }`
  ).join(" ")

/** All of them in one query. */
const explainMany = (page: number) =>
  api.graphql(`query ($s: ID!, $e: JSON!) { ${many(page)} }`, { s: api.space.id, e: jane })

const id = (type: string, value: string) => ({ type, id: value })

const explain = async (event: unknown, rules?: object): Promise<Answer["body"]> =>
  (
    await api.graphql(
      `query ($spaceId: ID!, $event: JSON!, $rules: RulesInput) { explain(spaceId: $spaceId, event: $event, rules: $rules) { ${explanation} } }`,
      { spaceId: api.space.id, event, rules }
    )
  ).body

const records = () =>
  api.run(
    Effect.gen(function* () {
      const { read: sql } = yield* Database
      const s = spaceSchema(api.space.id)
      return yield* sql.unsafe<{ n: number }>(
        `select (select count(*) from ${s}.violations)::int + (select count(*) from ${s}.journal)::int as n`
      )
    })
  )

describe("explain", () => {
  it("AC3-25: W-3's event: CREATE with BREACH and DEMOTE, one violation, no new records", async () => {
    const before = await records()
    const { data, errors } = await explain(w3)
    expect(errors).toBeUndefined()
    const found = data.explain
    expect(found).toMatchObject({
      messageId: "j-2",
      action: "CREATE",
      dryRun: true,
      assumptions: [],
      profile: null,
      account: null
    })
    expect(found.steps.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(["BREACH", "DEMOTE", "DECIDE"])
    )
    expect(found.steps.map(({ n }: { n: number }) => n)).toEqual(found.steps.map((_: unknown, i: number) => i + 1))
    expect(found.predictedSegmentId).toMatch(/^use_[0-9A-Za-z]{27}$/)
    expect(found.violations).toMatchObject([
      {
        violation: "IDENTIFIER_LIMIT",
        error: null,
        success: null,
        identifier: { type: "email", id: "jane@example1.com", collection: "USERS", encoding: "none" },
        breachedType: "user_id",
        count: 2,
        limit: 1,
        window: "EVER",
        iteration: 1,
        messageId: "j-2",
        eventType: "IDENTIFY",
        sourceId: api.source.id
      }
    ])
    expect(found.successes.map(({ success }: { success: string }) => success)).toEqual([
      "PROFILE_CREATED",
      "IDENTIFIER_MAPPED"
    ])
    expect(await records()).toEqual(before)
  })

  it("AC2-14, IDR-183: under other rules", async () => {
    const rules = {
      identifiers: [
        { type: "user_id", rank: 1, limit: 2, window: "EVER" },
        { type: "email", rank: 2, limit: 5, window: "EVER" }
      ]
    }
    const { data } = await explain(w3, rules)
    expect(data.explain).toMatchObject({
      action: "ADD",
      predictedSegmentId: null,
      profile: { segmentId: expect.any(String) }
    })
    expect(data.explain.assumptions).toHaveLength(1)
    const { errors } = await explain(w3, { identifiers: [{ type: "Phone", limit: 1, window: "EVER" }] })
    expect(errors[0]).toMatchObject({
      extensions: { code: "VALIDATION_FAILED" },
      message: expect.stringContaining("identifiers[0].type")
    })
  })

  it("IDR-182: a call without messageId predicts no id", async () => {
    const { data } = await explain({ type: "page", anonymousId: "a-new" })
    expect(data.explain).toMatchObject({ messageId: null, action: "CREATE", predictedSegmentId: null })
  })

  it("PRO-62: events of more than 32 kB are refused; an explanation costs 50 points", async () => {
    const { errors } = await explain({ type: "page", anonymousId: "a", pad: "x".repeat(33_000) })
    expect(errors[0]).toMatchObject({
      extensions: { code: "VALIDATION_FAILED" },
      message: "The event is larger than 32768 bytes."
    })
    // 31 times 50 + 1 + the page: 4,681, and 5,611.
    expect((await explainMany(100)).body.errors).toBeUndefined()
    expect((await explainMany(130)).body.errors[0].extensions.code).toBe("COST_LIMIT")
  })

  it("IDR-2: not for another space", async () => {
    const { body } = await api.graphql(
      `query ($e: JSON!) { explain(spaceId: "spa_other00000000000000000", event: $e) { action } }`,
      { e: jane }
    )
    expect(body.errors[0].extensions.code).toBe("FORBIDDEN")
  })
})

describe("what has happened", () => {
  it("IDR-182: resolution by message id, and of every event of a page with one read", async () => {
    const { body } = await api.graphql(
      `query ($s: ID!) { a: resolution(spaceId: $s, messageId: "j-1") { ${explanation} } b: resolution(spaceId: $s, messageId: "j-none") { action } }`,
      { s: api.space.id }
    )
    expect(body.errors).toBeUndefined()
    expect(body.data.a).toMatchObject({ messageId: "j-1", action: "CREATE", dryRun: false, predictedSegmentId: null })
    expect(body.data.a.profile.segmentId).toBe(body.data.a.record.users.segment_id)
    expect(body.data.b).toBeNull()

    api.calls.names.length = 0
    const page = await api.graphql(
      `query ($s: ID!) { profile(spaceId: $s, by: { externalId: { type: "user_id", id: "abc123" } }) {
        events(types: [TRACK, IDENTIFY]) { edges { node { messageId resolution { messageId action summary } } } } } }`,
      { s: api.space.id }
    )
    const nodes = page.body.data.profile.events.edges.map(({ node }: { node: object }) => node)
    expect(nodes).toMatchObject([
      { messageId: "j-3", resolution: { messageId: "j-3", action: "NONE" } },
      { messageId: "j-1", resolution: { messageId: "j-1", action: "CREATE" } }
    ])
    expect(api.calls.names.filter((name) => name.endsWith(".at"))).toEqual(["log.at", "history.at"])
  })

  it("whyNotMerged", async () => {
    await api.send(w3)
    const why = async (a: object, b: object) => {
      const { body } = await api.graphql(
        `query ($s: ID!, $a: ExternalIdInput!, $b: ExternalIdInput!) { whyNotMerged(spaceId: $s, a: $a, b: $b) {
          sameProfile reason text records { violation messageId identifier { id } nextStep } } }`,
        { s: api.space.id, a, b }
      )
      expect(body.errors).toBeUndefined()
      return body.data.whyNotMerged
    }
    expect(await why(id("user_id", "abc123"), id("email", "jane@example1.com"))).toMatchObject({
      sameProfile: true,
      reason: "SAME_PROFILE"
    })
    expect(await why(id("user_id", "abc456"), id("email", "jane@example1.com"))).toMatchObject({
      sameProfile: false,
      reason: "LIMIT",
      text: expect.stringContaining(
        "The last event that carried both, j-2, did not join them: the profile would have had 2 user_id, and the limit is 1 ever. email jane@example1.com gave way."
      ),
      records: [{ violation: "IDENTIFIER_LIMIT", messageId: "j-2", identifier: { id: "jane@example1.com" } }]
    })
    expect(await why(id("user_id", "abc123"), id("user_id", "abc456"))).toMatchObject({
      reason: "LIMIT",
      text: expect.stringContaining("would not join them now either"),
      records: [{ messageId: "j-2", identifier: { id: "jane@example1.com" } }]
    })
    expect(await why(id("user_id", "abc123"), id("anonymous_id", "nobody"))).toMatchObject({
      reason: "UNKNOWN_IDENTIFIER",
      text: "anonymous_id nobody is on no profile. An event that carries both would join them now."
    })
    expect(await why(id("user_id", "abc123"), id("group_id", "g"))).toMatchObject({ reason: "DIFFERENT_COLLECTIONS" })
    expect(await why(id("user_id", "abc123"), id("anonymous_id", "null"))).toMatchObject({
      reason: "NOT_PROMOTED",
      text: "They cannot come together, because anonymous_id null is a blocked value."
    })
  })
})
