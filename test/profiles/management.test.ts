/** Spaces managed through GraphQL, end to end: who may do what, what is answered, and that a new space resolves at once. */
import { Context, Effect, Layer } from "effect"
import { describe, expect, it } from "vitest"
import { ProfileApi } from "../../src/profiles/profile-api.ts"
import { answered, ask, codeOf, create, fileSpace, listen, runtime, send, url } from "../support/managed-api.ts"

/** A token of the first space; answers its secret. */
const makeToken = async (name: string) => {
  const mutation = `mutation { createAccessToken(spaceId: "${fileSpace}", name: "${name}") { secret } }`
  return (await answered(ask("pt_admin", mutation))).createAccessToken.secret as string
}

describe("who may", () => {
  it.each([
    ["a reader makes a space", "pt_reader", `mutation { createSpace(name: "x", kind: DEV) { id } }`, "workspace:admin"],
    [
      "an admin of a space makes a space",
      "pt_admin",
      `mutation { createSpace(name: "x", kind: DEV) { id } }`,
      "workspace:admin"
    ],
    [
      "an admin of a space makes a label",
      "pt_admin",
      `mutation { createLabel(label: "a:b") { label } }`,
      "workspace:admin"
    ],
    ["a reader renames", "pt_reader", `mutation { updateSpace(spaceId: "${fileSpace}", name: "x") { id } }`, "admin"],
    ["a reader reads tokens", "pt_reader", `{ spaces { tokens { id } } }`, "admin"],
    ["a reader revokes", "pt_reader", `mutation { revokeAccessToken(id: "tok_x") }`, "admin"],
    [
      "an admin of a space gives more than they have",
      "pt_admin",
      `mutation { createAccessToken(spaceId: "${fileSpace}", name: "x", scopes: ["workspace:admin"]) { secret } }`,
      "workspace:admin"
    ]
  ])("%s: FORBIDDEN, and the scope is named", async (_, secret, query, scope) => {
    const { errors } = await ask(secret, query)
    expect(errors?.[0].extensions.code).toBe("FORBIDDEN")
    expect(errors?.[0].message).toContain(`\`${scope}\``)
  })

  it("IDR-2: a token of one space changes no other, and does not see it", async () => {
    const other = await create("Elsewhere")
    for (const mutation of [
      `updateSpace(spaceId: "${other}", name: "x") { id }`,
      `connectSources(spaceId: "${other}", sourceIds: ["src_srv"]) { connectedBy }`,
      `createAccessToken(spaceId: "${other}", name: "x") { secret }`
    ])
      expect(await codeOf(ask("pt_admin", `mutation { ${mutation} }`))).toBe("FORBIDDEN")
    expect(await answered(ask("pt_admin", `{ spaces { slug } space(id: "${other}") { id } }`))).toEqual({
      spaces: [{ slug: "first" }],
      space: null
    })
    const { createAccessToken: made } = await answered(
      ask(
        "pt_owner",
        `mutation { createAccessToken(spaceId: "${other}", name: "x", scopes: ["admin"]) { token { id } } }`
      )
    )
    expect(await codeOf(ask("pt_admin", `mutation { revokeAccessToken(id: "${made.token.id}") }`))).toBe("NOT_FOUND")
  })

  it("a token of the workspace sees every space, and asks about the one that it names", async () => {
    const { spaces } = await answered(ask("pt_owner", `{ spaces { slug profileCount } }`))
    expect(spaces.map(({ slug }: { slug: string }) => slug)).toEqual(expect.arrayContaining(["first", "elsewhere"]))
    const query = `{ profile(spaceId: "${fileSpace}", by: { externalId: { type: "user_id", id: "nobody" } }) { id } }`
    expect(await codeOf(ask("pt_owner", query))).toBe("FORBIDDEN")
    expect(await answered(ask("pt_owner", query, {}, { "braid-space": "first" }))).toEqual({ profile: null })
    expect((await ask("pt_reader", query, {}, { "braid-space": "elsewhere" })).status).toBe(403)
    const rest = await fetch(`${url}/v1/spaces/${fileSpace}/collections/users/profiles/user_id:nobody/traits`, {
      headers: { authorization: "Bearer pt_owner" }
    })
    expect(rest.status).toBe(404)
  })
})

describe("a new space", () => {
  it("connected to a source, resolves its next event without a restart, and is read with a token of its own", async () => {
    await send("src_srv", { userId: "before", type: "identify", traits: { plan: "free" } })
    const id = await create("My Shop")
    const { connectSources, createAccessToken } = await answered(
      ask(
        "pt_owner",
        `mutation ($id: ID!) {
          connectSources(spaceId: $id, sourceIds: ["src_srv"], replayDays: 0) {
            state policyViolation connectedBy source { slug kind labels }
          }
          createAccessToken(spaceId: $id, name: "desk") { secret token { name scopes lastUsedAt } }
        }`,
        { id }
      )
    )
    expect(connectSources).toEqual([
      {
        state: "LIVE",
        policyViolation: false,
        connectedBy: "token:owner",
        source: { slug: "srv", kind: "server", labels: [] }
      }
    ])
    expect(createAccessToken.token).toEqual({ name: "desk", scopes: ["profiles:read"], lastUsedAt: null })
    await send("src_srv", { userId: "kim", type: "identify", traits: { plan: "pro" } })
    const profile = (user: string) =>
      answered(
        ask(
          createAccessToken.secret,
          `query ($id: ID!, $user: String!) {
            profile(spaceId: $id, by: { externalId: { type: "user_id", id: $user } }) { trait(key: "plan") { value } }
          }`,
          { id, user }
        )
      )
    expect(await profile("kim")).toEqual({ profile: { trait: { value: "pro" } } })
    // Without a replay it begins with the next event (IDR-12).
    expect(await profile("before")).toEqual({ profile: null })
    await answered(
      ask("pt_owner", `mutation ($id: ID!) { disconnectSource(spaceId: $id, sourceId: "src_srv") }`, { id })
    )
    await send("src_srv", { userId: "late", type: "identify", traits: {} })
    expect(await profile("late")).toEqual({ profile: null })
    expect(await profile("kim")).toEqual({ profile: { trait: { value: "pro" } } })
  })

  it("IDR-12: a source that is connected is replayed; how far it is can be asked for", async () => {
    await send("src_srv", { userId: "earlier", type: "identify", traits: { plan: "free" } })
    const id = await create("Replayed")
    const replay = `state replay { state days processed skipped total startedAt finishedAt estimatedEnd error retriesAt }`
    const connect = `mutation ($id: ID!, $days: Int) { connectSources(spaceId: $id, sourceIds: ["src_srv"], replayDays: $days) { ${replay} } }`
    for (const days of [-1, 36_501])
      expect(await codeOf(ask("pt_owner", connect, { id, days }))).toBe("VALIDATION_FAILED")
    const [connected] = (await answered(ask("pt_owner", connect, { id }))).connectSources
    expect(connected.state).toBe("REPLAYING")
    await send("src_srv", { userId: "next", type: "identify", traits: {} })
    const query = `query ($id: ID!) { space(id: $id) { connections { ${replay} } } }`
    const [{ state, replay: seen }] = (await answered(ask("pt_owner", query, { id }))).space.connections
    expect(state).toBe("LIVE")
    expect(seen).toMatchObject({
      state: "COMPLETE",
      days: 30,
      skipped: 0,
      error: null,
      retriesAt: null,
      estimatedEnd: null
    })
    expect(seen.processed).toBe(seen.total)
    expect(seen.processed).toBeGreaterThan(0)
    expect(Date.parse(seen.finishedAt)).toBeGreaterThanOrEqual(Date.parse(seen.startedAt))
    const trail = `query ($id: ID!) { insights(spaceId: $id) { auditTrail(first: 1) { edges { node { action actor target } } } } }`
    const { insights } = await answered(ask("pt_owner", trail, { id }, { "braid-space": id }))
    expect(insights.auditTrail.edges[0].node).toEqual({
      action: "Source Replay Completed",
      actor: "system",
      target: "source src_srv"
    })
    const resume = (source: string) =>
      codeOf(ask("pt_owner", `mutation { resumeReplay(spaceId: "${id}", sourceId: "${source}") { state } }`))
    expect(await resume("src_srv")).toBe("CONFLICT")
    expect(await resume("src_web")).toBe("NOT_FOUND")

    // IDR-133: again on request, without or with what is known; one at a time.
    const again = `mutation ($id: ID!, $sources: [ID!]!, $days: Int = 5, $mode: ReplayMode = SKIP_RESOLVED) {
      replaySources(spaceId: $id, sourceIds: $sources, replayDays: $days, mode: $mode) { state source { id } }
    }`
    const sources = ["src_srv"]
    expect(await codeOf(ask("pt_owner", again, { id, sources: ["src_srv", "src_web"] }))).toBe("NOT_FOUND")
    expect(await codeOf(ask("pt_owner", again, { id, sources, days: 0 }))).toBe("VALIDATION_FAILED")
    expect(await codeOf(ask("pt_reader", again, { id, sources }))).toBe("FORBIDDEN")
    for (const mode of ["SKIP_RESOLVED", "RE_RESOLVE"]) {
      expect((await answered(ask("pt_owner", again, { id, sources, mode }))).replaySources).toEqual([
        { state: "REPLAYING", source: { id: "src_srv" } }
      ])
      expect(await codeOf(ask("pt_owner", again, { id, sources }))).toBe("CONFLICT")
      await send("src_srv", { userId: "next", type: "identify", traits: {} })
      const repeated = (await answered(ask("pt_owner", query.replace("days", "days mode"), { id }))).space
        .connections[0].replay
      const skipped = mode === "SKIP_RESOLVED" ? repeated.processed : 0
      expect(repeated).toMatchObject({ state: "COMPLETE", days: 5, mode, skipped })
    }
  })

  it("IDR-7: has the rules that the answers lead to, as they were shown before", async () => {
    const answers = { industry: "WEBSITE_BUSINESS", mobileApp: true, canonicalUserId: true, otherUniqueId: false }
    const rows = `identifiers { type rank explicitRank limit window origin enabled blocked { kind value } }`
    const shown = await answered(
      ask(
        "pt_owner",
        `query ($answers: OutOfTheBoxInput!) { outOfTheBoxRules(answers: $answers) { needsReview ${rows} } }`,
        { answers }
      )
    )
    const id = await create("Boxed", { outOfTheBox: answers })
    const { space } = await answered(
      ask(
        "pt_owner",
        `query ($id: ID!) { space(id: $id) { rulesReady rules { version autoAddIdentifiers blockJunk ${rows} } } }`,
        { id }
      )
    )
    expect(shown.outOfTheBoxRules.needsReview).toBe(false)
    expect(space.rulesReady).toBe(true)
    expect(space.rules).toMatchObject({ version: 1, autoAddIdentifiers: true, blockJunk: true })
    expect(space.rules.identifiers).toEqual(shown.outOfTheBoxRules.identifiers)
    expect(
      space.rules.identifiers.map(
        ({ rank, type, window }: { rank: number; type: string; window: string }) => `${rank} ${type} ${window}`
      )
    ).toEqual([
      "1 user_id EVER",
      "2 email ANNUALLY",
      "3 group_id ANNUALLY",
      "4 ios.idfa WEEKLY",
      "5 android.idfa ANNUALLY",
      "6 android.id ANNUALLY",
      "7 ios.id ANNUALLY",
      "8 anonymous_id WEEKLY",
      "9 ga_client_id MONTHLY",
      "10 android.push_token EVER",
      "11 ios.push_token EVER"
    ])
  })

  it("IDR-6: takes no source while nobody has decided on its rules", async () => {
    const id = await create("Undecided", null)
    const query = `query ($id: ID!) { space(id: $id) { rulesReady } }`
    expect(await answered(ask("pt_owner", query, { id }))).toEqual({ space: { rulesReady: false } })
    const connect = `mutation ($id: ID!) { connectSources(spaceId: $id, sourceIds: ["src_srv"]) { connectedBy } }`
    expect(await codeOf(ask("pt_owner", connect, { id }))).toBe("VALIDATION_FAILED")
  })

  it("IDR-6: takes sources once its rules were saved; AC2-5: importing others over rules at work needs force", async () => {
    const id = await create("Deciding", {
      outOfTheBox: { industry: "OTHER", mobileApp: false, canonicalUserId: false, otherUniqueId: false }
    })
    const from = await create("Other rules", { custom: { leaveOut: ["email"] } })
    const inSpace = { "braid-space": id }
    const state = `query ($id: ID!) { space(id: $id) { rulesReady rules { version identifiers { type } } } }`
    const read = async () => (await answered(ask("pt_owner", state, { id }))).space
    expect(await read()).toMatchObject({ rulesReady: false, rules: { version: 1 } })
    const save = `mutation ($id: ID!) { saveRules(spaceId: $id, expectedVersion: 1, rules: { identifiers: [{ type: "user_id", limit: 1, window: EVER }] }) { version } }`
    expect(await answered(ask("pt_owner", save, { id }, inSpace))).toEqual({ saveRules: { version: 2 } })
    expect(await read()).toEqual({ rulesReady: true, rules: { version: 2, identifiers: [{ type: "user_id" }] } })
    const connect = `mutation ($id: ID!) { connectSources(spaceId: $id, sourceIds: ["src_srv"]) { state } }`
    await answered(ask("pt_owner", connect, { id }))
    await send("src_srv", { userId: "decider", type: "identify", traits: {} })

    const load = `mutation ($id: ID!, $from: ID!, $force: Boolean) { importRules(spaceId: $id, fromSpaceId: $from, force: $force) { version } }`
    expect(await codeOf(ask("pt_owner", load, { id, from, force: false }, inSpace))).toBe("RULES_NOT_EMPTY")
    expect(await answered(ask("pt_owner", load, { id, from, force: true }, inSpace))).toEqual({
      importRules: { version: 3 }
    })
    expect((await read()).rules.identifiers).toHaveLength(10)
    const trail = `query ($id: ID!) { insights(spaceId: $id) { auditTrail(first: 3) { edges { node { action actor } } } } }`
    const { insights } = await answered(ask("pt_owner", trail, { id }, inSpace))
    expect(insights.auditTrail.edges[0].node).toEqual({ action: "Rules Imported", actor: "token:owner" })
  })

  it("AC2-4, IDR-8: may begin with the rules of another space of the workspace", async () => {
    const from = await create("Model", { custom: { leaveOut: ["email"], suggestedBlocked: false } })
    const { newSpaceOptions } = await answered(
      ask("pt_owner", `{ newSpaceOptions { quota spaceCount importFrom { id } } }`)
    )
    expect(newSpaceOptions.importFrom).toContainEqual({ id: from })
    const id = await create("Copy", { importFrom: from })
    const rules = `rules { autoAddIdentifiers spaceBlocked { value } identifiers { type rank limit window blocked { value } } }`
    const { a, b } = await answered(
      ask("pt_owner", `query ($a: ID!, $b: ID!) { a: space(id: $a) { ${rules} } b: space(id: $b) { ${rules} } }`, {
        a: from,
        b: id
      })
    )
    expect(b).toEqual(a)
    expect(a.rules.identifiers).toHaveLength(10)
    expect(
      await codeOf(
        ask("pt_owner", `mutation { createSpace(name: "x", kind: DEV, rules: { importFrom: "spa_nowhere" }) { id } }`)
      )
    ).toBe("NOT_FOUND")
  })
})

describe("changes", () => {
  it("AC2-1: SLUG_IMMUTABLE; AC2-2: CONNECTION_POLICY; IDR-11: SOURCE_TYPE_UNSUPPORTED; labels in use are a CONFLICT", async () => {
    const id = await create("Policy")
    const changed = await answered(
      ask(
        "pt_owner",
        `mutation ($id: ID!) {
          updateSpace(spaceId: $id, name: "Renamed", slug: "policy") { name slug }
          setConnectionPolicy(spaceId: $id, labels: ["environment:dev"]) { connectionPolicy connectableSources { id } connections { state } }
        }`,
        { id }
      )
    )
    expect(changed).toEqual({
      updateSpace: { name: "Renamed", slug: "policy" },
      setConnectionPolicy: {
        connectionPolicy: ["environment:dev"],
        connectableSources: [{ id: "src_web" }],
        connections: []
      }
    })
    for (const [mutation, expected] of [
      [`updateSpace(spaceId: $id, slug: "renamed") { id }`, "SLUG_IMMUTABLE"],
      [`connectSources(spaceId: $id, sourceIds: ["src_srv"]) { state }`, "CONNECTION_POLICY"],
      [`connectSources(spaceId: $id, sourceIds: ["src_crm"]) { state }`, "SOURCE_TYPE_UNSUPPORTED"],
      [`setConnectionPolicy(spaceId: $id, labels: ["nonsense"]) { id }`, "VALIDATION_FAILED"]
    ])
      expect(await codeOf(ask("pt_owner", `mutation ($id: ID!) { ${mutation} }`, { id }))).toBe(expected)
    await answered(
      ask(
        "pt_owner",
        `mutation { createLabel(label: "team:web", description: "Web") { label spaceCount sourceCount } }`
      )
    )
    await answered(
      ask("pt_owner", `mutation ($id: ID!) { setConnectionPolicy(spaceId: $id, labels: ["team:web"]) { id } }`, { id })
    )
    expect(await codeOf(ask("pt_owner", `mutation { deleteLabel(label: "team:web") }`))).toBe("CONFLICT")
    const { labels } = await answered(ask("pt_reader", `{ labels { label description spaceCount sourceCount } }`))
    expect(labels).toContainEqual({ label: "team:web", description: "Web", spaceCount: 1, sourceCount: 0 })
  })

  it("PRO-4: the last use of a token is written when the room closes, of both APIs", async () => {
    const [byGraphql, byRest] = [
      await makeToken("by GraphQL"),
      await makeToken("by REST"),
      await makeToken("by nobody")
    ]
    const room = Effect.flatMap(Layer.build(Layer.fresh(ProfileApi.layer)), (context) =>
      Effect.promise(async () => {
        const at = await listen(Context.get(context, ProfileApi))
        await ask(byGraphql, "{ spaces { id } }", {}, {}, at.url)
        await fetch(`${at.url}/v1/spaces/${fileSpace}/collections/users/profiles/user_id:x/traits`, {
          headers: { authorization: `Bearer ${byRest}` }
        })
        await at.close()
      })
    )
    await runtime.runPromise(Effect.scoped(room))
    const { spaces } = await answered(ask("pt_admin", "{ spaces { tokens { name lastUsedAt } } }"))
    const used = (spaces[0].tokens as ReadonlyArray<{ name: string; lastUsedAt: string | null }>)
      .filter(({ name }) => name.startsWith("by "))
      .map(({ name, lastUsedAt }) => [name, lastUsedAt !== null])
    expect(used).toEqual([
      ["by GraphQL", true],
      ["by REST", true],
      ["by nobody", false]
    ])
  })

  it("AC3-17: a token is refused once it is revoked, and never shows its secret again", async () => {
    const { createAccessToken } = await answered(
      ask(
        "pt_admin",
        `mutation { createAccessToken(spaceId: "${fileSpace}", name: "short", scopes: ["profiles:read", "insights:read"]) { secret token { id } } }`
      )
    )
    const { secret, token } = createAccessToken
    expect((await ask(secret, "{ spaces { id } }")).status).toBe(200)
    const listed = await ask("pt_admin", "{ spaces { tokens { id name scopes createdAt createdBy lastUsedAt } } }")
    expect(JSON.stringify(listed)).not.toContain(secret)
    expect(listed.data.spaces[0].tokens.at(-1)).toMatchObject({ id: token.id, createdBy: "token:first admin" })
    await answered(ask("pt_admin", `mutation ($id: ID!) { revokeAccessToken(id: $id) }`, { id: token.id }))
    expect((await ask(secret, "{ spaces { id } }")).status).toBe(401)
  })
})
