/** Operations through GraphQL and REST: who may, what is answered, and what is read back. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { rig } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"

let api: TestApi
beforeAll(async () => {
  api = await startApi(rig(postgresGraph))
})
afterAll(() => api.close())

interface HistoryPage {
  readonly edges: ReadonlyArray<{ readonly node: { readonly kind: string } }>
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const as = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } })
const admin = as("pt_admin")

const data = async (query: string, variables: object = {}) => {
  const { body } = await api.graphql(query, { space: api.space.id, ...variables }, admin)
  expect(body.errors).toBeUndefined()
  return body.data
}
const codeOf = async (query: string, variables: object = {}, init = admin) => {
  const { body } = await api.graphql(query, { space: api.space.id, ...variables }, init)
  return body.errors?.[0].extensions.code
}

const remove = (path: string, body: unknown, secret = "pt_delete_only") =>
  api.fetch(`/v1/spaces/${api.space.id}/collections/${path}/external_ids/delete`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body)
  })
const one = (type: unknown, id: unknown) => ({ delete_external_ids: [{ type, id }] })

describe("AC3-18, AC3-19: PRO-50, PRO-51: deleting an identifier over REST", () => {
  beforeAll(() =>
    api.send(
      { type: "identify", userId: "r1", traits: { email: "r1@x.io" } },
      { type: "identify", userId: "r2", traits: { email: "r2@x.io" } }
    )
  )
  const refusals: ReadonlyArray<
    readonly [what: string, path: string, body: unknown, status: number, code: string, message: RegExp]
  > = [
    ["accounts", "accounts/profiles/group_id:g", one("email", "x"), 400, "bad_request", /Invalid collection: accounts/],
    ["another look-up", "users/profiles/email:r1@x.io", one("email", "x"), 400, "bad_request", /Unsupported email/],
    ["no look-up value", "users/profiles/user_id:", one("email", "x"), 400, "bad_request", /valid `user_id`/],
    [
      "two at once",
      "users/profiles/user_id:r1",
      { delete_external_ids: [1, 2] },
      400,
      "bad_request",
      /one external_id/
    ],
    ["none", "users/profiles/user_id:r1", {}, 400, "bad_request", /one external_id/],
    ["no JSON", "users/profiles/user_id:r1", "{", 400, "bad_request", /one external_id/],
    ["group_id", "users/profiles/user_id:r1", one("group_id", "g"), 400, "unsupported_eid_type", /Unsupported/],
    ["an unknown type", "users/profiles/user_id:r1", one("shoe", "42"), 400, "unsupported_eid_type", /Unsupported/],
    ["the look-up itself", "users/profiles/user_id:r1", one("user_id", "r1"), 400, "bad_request", /must differ/],
    ["nobody", "users/profiles/user_id:nobody", one("email", "r1@x.io"), 404, "not_found", /resource was not found/],
    ["somebody else's", "users/profiles/user_id:r1", one("email", "r2@x.io"), 404, "eid_not_found", /not found/]
  ]
  it.each(refusals)("%s", async (_, path, body, status, code, message) => {
    const answer = await remove(path, body)
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
    expect(answer.body.error.message).toMatch(message)
  })
  it("a token of nobody is 401, one without the scope 403", async () => {
    const wrong = await remove("users/profiles/user_id:r1", one("email", "r1@x.io"), "nonsense")
    expect([wrong.status, wrong.body.error.code]).toEqual([401, "unauthorized"])
    const reader = await remove("users/profiles/user_id:r1", one("email", "r1@x.io"), "pt_test")
    expect([reader.status, reader.body.error.code]).toEqual([403, "forbidden"])
    expect(reader.body.error.message).toContain("identifiers:delete")
  })
  it("200 and gone, at once", async () => {
    const answer = await remove("users/profiles/user_id%3Ar1", one("email", "r1@x.io"))
    expect([answer.status, answer.body.code]).toEqual([200, "success"])
    expect((await api.get("users/profiles/email:r1@x.io/traits")).status).toBe(404)
    expect((await api.get("users/profiles/user_id:r1/traits")).body.traits.email).toBe("r1@x.io")
    expect((await remove("users/profiles/user_id:r1", one("email", "r1@x.io"))).body.error.code).toBe("eid_not_found")
  })
})

describe("un-merge, split and rules over GraphQL", () => {
  const undo = `mutation ($space: ID!, $merge: ID!, $reason: String!) {
    undoMerge(spaceId: $space, mergeId: $merge, reason: $reason) {
      remaining { segmentId separatedFrom { segmentId } externalIds { edges { node { id } } } }
      separated { segmentId }
      audit { id actor action reason before after }
    } }`
  const merges = `query ($space: ID!) { profile(spaceId: $space, by: { externalId: { type: "email", id: "g@x.io" } }) {
    segmentId merges { edges { node { id from } } } } }`

  it("AC2-18, AC2-19: find the merge, look at the preview, undo it, take it back, read the audit trail", async () => {
    await api.send({ anonymousId: "g1" }, { anonymousId: "g2" })
    await api.send({ type: "identify", anonymousId: "g1", traits: { email: "g@x.io" } })
    await api.send({ type: "identify", anonymousId: "g2", traits: { email: "g@x.io" } })
    const { profile } = await data(merges)
    const merge = profile.merges.edges[0].node
    const preview = `query ($space: ID!, $merge: ID!) { previewUndoMerge(spaceId: $space, mergeId: $merge) {
      remaining separated movedEvents } }`
    const { previewUndoMerge } = await data(preview, { merge: merge.id })
    expect(previewUndoMerge.separated).toMatchObject({
      segmentId: merge.from,
      identifiers: [{ type: "anonymous_id", id: "g2" }],
      events: 1
    })
    expect(await codeOf(undo, { merge: merge.id, reason: "  " })).toBe("VALIDATION_FAILED")
    expect(await codeOf(undo, { merge: merge.id, reason: "x" }, as("pt_test"))).toBe("FORBIDDEN")
    expect(await codeOf(undo, { merge: "mrg_none", reason: "x" })).toBe("NOT_FOUND")
    const { undoMerge } = await data(undo, { merge: merge.id, reason: "shared phone" })
    expect(undoMerge.separated.segmentId).toBe(merge.from)
    expect(undoMerge.remaining.separatedFrom).toEqual([{ segmentId: merge.from }])
    expect(undoMerge.audit).toMatchObject({ actor: "token:pt_admin", action: "Merge Undone", reason: "shared phone" })
    expect(await codeOf(undo, { merge: merge.id, reason: "again" })).toBe("CONFLICT")
    const revert = `mutation ($space: ID!, $audit: ID!) { revertSplit(spaceId: $space, auditId: $audit, reason: "wrong") { segmentId } }`
    const { revertSplit } = await data(revert, { audit: undoMerge.audit.id })
    expect(revertSplit.segmentId).toBe(profile.segmentId)
    const again = `query ($space: ID!, $id: ID!) { profile(spaceId: $space, by: { segmentId: $id }) {
      merges { edges { node { from messageId eventType eventName sourceId } } } } }`
    // No event made this merge.
    expect((await data(again, { id: profile.segmentId })).profile.merges.edges[0].node).toEqual({
      from: merge.from,
      messageId: null,
      eventType: null,
      eventName: null,
      sourceId: null
    })
    const told = `query ($space: ID!, $id: ID!, $after: String) { profile(spaceId: $space, by: { segmentId: $id }) {
      history(first: 3, after: $after) { edges { node { kind text messageId actor data } } pageInfo { endCursor hasNextPage } } } }`
    const kinds: Array<string> = []
    for (let after: string | null = null; ;) {
      const page: HistoryPage = (await data(told, { id: profile.segmentId, after })).profile.history
      kinds.push(...page.edges.map((edge) => edge.node.kind))
      if (!page.pageInfo.hasNextPage) break
      after = page.pageInfo.endCursor
    }
    expect(kinds.slice(0, 2)).toEqual(["CREATED", "IDENTIFIER_MAPPED"])
    expect(kinds).toEqual(expect.arrayContaining(["MERGED", "UNMERGED", "SEPARATED", "LIFTED"]))
    const trail = `query ($space: ID!, $after: String) { insights(spaceId: $space) { auditTrail(first: 1, after: $after) {
      edges { node { action } } pageInfo { endCursor hasNextPage } } } }`
    const first = (await data(trail)).insights.auditTrail
    expect(first.edges[0].node.action).toBe("Split Reverted")
    const second = (await data(trail, { after: first.pageInfo.endCursor })).insights.auditTrail
    expect(second.edges[0].node.action).toBe("Merge Undone")
  })

  it("IDR-211: identifiers that profiles fight for, and profiles near a limit", async () => {
    await api.send({ userId: "n1", anonymousId: "n9" })
    for (let n = 1; n <= 5; n++) await api.send({ type: "identify", userId: "n1", traits: { email: `n${n}@x.io` } })
    for (let n = 0; n < 3; n++) await api.send({ userId: "n2", anonymousId: "n9" })
    const { space } = await data(`query ($space: ID!) { space(id: $space) {
      contendedIdentifiers { externalId { type id } profiles demotions firstAt lastAt sources }
      profilesNearLimits { profile collection type count limit window } } }`)
    const fight = space.contendedIdentifiers.find((it: { externalId: { id: string } }) => it.externalId.id === "n9")
    expect(fight).toMatchObject({ demotions: 3, profiles: [expect.any(String), expect.any(String)] })
    expect(fight.profiles).toContain(space.profilesNearLimits[0].profile)
    expect(space.profilesNearLimits[0]).toMatchObject({ collection: "USERS", type: "email", count: 5, limit: 5 })
  })

  it("AC2-20: a split with preview; a side without identifiers is EMPTY_SPLIT", async () => {
    await api.send({ type: "identify", userId: "s1", anonymousId: "s2", traits: { email: "s@x.io" } })
    const { profile } = await data(
      `query ($space: ID!) { profile(spaceId: $space, by: { externalId: { type: "user_id", id: "s1" } }) { segmentId } }`
    )
    const split = `mutation ($space: ID!, $input: SplitInput!) { splitProfile(spaceId: $space, input: $input, reason: "two people") {
      separated { segmentId externalIds { edges { node { type } } } } } }`
    const ids = ["user_id:s1", "anonymous_id:s2", "email:s@x.io"].map((text) => {
      const [type, id] = text.split(":")
      return { type, id }
    })
    expect(await codeOf(split, { input: { profile: profile.segmentId, identifiers: ids } })).toBe("EMPTY_SPLIT")
    const input = { profile: profile.segmentId, identifiers: ids.slice(1) }
    const { previewSplit } = await data(
      `query ($space: ID!, $input: SplitInput!) { previewSplit(spaceId: $space, input: $input) { remaining separated movedEvents } }`,
      { input }
    )
    expect(previewSplit.remaining).toMatchObject({ identifiers: [{ type: "user_id" }], events: 1 })
    const { splitProfile } = await data(split, { input })
    expect(
      splitProfile.separated.externalIds.edges.map((edge: { node: { type: string } }) => edge.node.type).sort()
    ).toEqual(["anonymous_id", "email"])
    const lift = `mutation ($space: ID!, $a: ID!, $b: ID!) { liftSeparation(spaceId: $space, a: $a, b: $b, reason: "one after all") }`
    const pair = { a: profile.segmentId, b: splitProfile.separated.segmentId }
    expect((await data(lift, pair)).liftSeparation).toBe(true)
    expect((await data(lift, pair)).liftSeparation).toBe(false)
  })

  it("IDR-158: rules are saved against the version that was read", async () => {
    const save = `mutation ($space: ID!, $rules: RulesInput!, $version: Int!) {
      saveRules(spaceId: $space, rules: $rules, expectedVersion: $version) { version identifiers { type limit window rank } } }`
    const { space } = await data(`query ($space: ID!) { space(id: $space) { rules { version } } }`)
    const { version } = space.rules
    const rules = {
      identifiers: [
        { type: "user_id", limit: 1, window: "EVER", rank: 1 },
        { type: "email", limit: 3, window: "WEEKLY", rank: 2 },
        { type: "group_id", limit: 5, window: "EVER" }
      ]
    }
    const { saveRules } = await data(save, { rules, version })
    expect(saveRules.version).toBe(version + 1)
    expect(saveRules.identifiers[1]).toEqual({ type: "email", limit: 3, window: "WEEKLY", rank: 2 })
    expect(await codeOf(save, { rules, version })).toBe("CONFLICT")
    const wrong = { identifiers: [{ type: "Email", limit: 0, window: "EVER" }] }
    const refused = await api.graphql(save, { space: api.space.id, rules: wrong, version: version + 1 }, admin)
    // A form can show each problem at its place.
    expect(refused.body.errors[0].extensions).toMatchObject({
      code: "VALIDATION_FAILED",
      problems: [{ path: "identifiers[0].type" }]
    })
    expect(await codeOf(save, { rules, version: version + 1 }, as("pt_test"))).toBe("FORBIDDEN")
    const versions = await data(`query ($space: ID!) { space(id: $space) { rulesVersions { version origin actor } } }`)
    expect(versions.space.rulesVersions.slice(0, 2)).toMatchObject([
      { version: version + 1, origin: "api", actor: expect.stringContaining("token:") },
      { version }
    ])
  })

  it("IDR-157: says how many profiles other rules would leave outside, and saves nothing", async () => {
    await api.send(
      { userId: "o1", anonymousId: "o1-a" },
      { userId: "o1", anonymousId: "o1-b" },
      { userId: "o2", anonymousId: "o2-a" }
    )
    const impact = `query ($space: ID!, $rules: RulesInput!) { rulesImpact(spaceId: $space, rules: $rules) {
      profiles complete types { type collection limit window profiles } } }`
    const version = async () =>
      (await data(`query ($space: ID!) { space(id: $space) { rules { version } } }`)).space.rules.version
    const before = await version()
    const rules = { identifiers: [{ type: "anonymous_id", limit: 1, window: "EVER" }] }
    const { rulesImpact } = await data(impact, { rules })
    expect(rulesImpact.complete).toBe(true)
    expect(rulesImpact.profiles).toBeGreaterThan(0)
    expect(rulesImpact.types).toEqual([
      { type: "anonymous_id", collection: "USERS", limit: 1, window: "EVER", profiles: rulesImpact.profiles }
    ])
    expect(await version()).toBe(before)
    expect(await codeOf(impact, { rules }, as("pt_test"))).toBe("FORBIDDEN")
  })

  it("IDR-8: rules of a space that the token may not read are not copied", async () => {
    const load = `mutation ($space: ID!) { importRules(spaceId: $space, fromSpaceId: "spa_somebodyelsesspace0000", force: true) { version } }`
    expect(await codeOf(load)).toBe("FORBIDDEN")
  })

  it("deleteExternalId answers the profile that is left", async () => {
    await api.send({ type: "identify", userId: "d1", traits: { email: "d1@x.io" } })
    const mutation = `mutation ($space: ID!, $type: String!) { deleteExternalId(spaceId: $space, userId: "d1",
      externalId: { type: $type, id: "d1@x.io" }) { externalIds { edges { node { type } } } } }`
    expect(await codeOf(mutation, { type: "group_id" })).toBe("VALIDATION_FAILED")
    const { deleteExternalId } = await data(mutation, { type: "email" })
    expect(deleteExternalId.externalIds.edges).toEqual([{ node: { type: "user_id" } }])
  })
})
