/** Spaces managed through GraphQL, end to end: who may do what, what is answered, and that a new space resolves at once. */
import { Context, Effect, Layer, Logger, ManagedRuntime, Schedule } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { Health } from "../../src/platform/health.ts"
import { ProfileApi } from "../../src/profiles/profile-api.ts"
import { Workspace } from "../../src/workspace/workspace.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"
import { testDatabase } from "../support/database.ts"
import { message, type ShortMessage } from "../support/space.ts"

const fileSpace = "spa_0123456789abcdefghijkl"
const sources = [
  { id: "src_web", slug: "web", kind: "website", writeKeys: ["wk_web"], labels: ["environment:dev"] },
  { id: "src_srv", slug: "srv", kind: "server", writeKeys: ["wk_srv"] },
  { id: "src_crm", slug: "crm", kind: "object_cloud" }
]
const file = {
  sources,
  spaces: [{ id: fileSpace, slug: "first", name: "First", kind: "prod", sources: ["web"] }],
  tokens: [
    { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] },
    { name: "first admin", space: "first", secret: "pt_admin", scopes: ["admin"] },
    { name: "reader", space: "first", secret: "pt_reader" }
  ],
  limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
}

const folder = mkdtempSync(join(tmpdir(), "braid-management-"))
const configFile = join(folder, "config.json")

const layer = ProfileApi.layer.pipe(
  Layer.provideMerge(SpaceActors.layer),
  Layer.provideMerge(LiveGraphs.layer),
  Layer.provideMerge(postgresGraph),
  Layer.provideMerge(postgresEventLog({ limit: () => 0, queueBytes: 64 * 1024 * 1024 })),
  Layer.provideMerge(workspaceLive),
  Layer.provideMerge(testDatabase),
  Layer.provideMerge(
    Layer.effect(
      Settings,
      Effect.map(Settings, (all): SettingsValue => ({ ...all, configFile, spaceQuota: 0 }))
    ).pipe(Layer.provide(Settings.layer))
  ),
  Layer.provideMerge(Health.layer),
  Layer.provideMerge(Logger.layer([]))
)

const runtime = ManagedRuntime.make(layer)
const listen = async (api: ProfileApi["Service"]) => {
  const server = createServer((req, res) => api.handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

let server: Awaited<ReturnType<typeof listen>>
let url: string

beforeAll(async () => {
  writeFileSync(configFile, JSON.stringify(file))
  server = await listen(await runtime.runPromise(ProfileApi))
  url = server.url
})

afterAll(async () => {
  await server.close()
  await runtime.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const ask = async (
  secret: string,
  query: string,
  variables: object = {},
  headers: Record<string, string> = {},
  base = url
) => {
  const response = await fetch(`${base}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables })
  })
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies are compared, not computed with
  return { status: response.status, ...((await response.json()) as { data: any; errors?: ReadonlyArray<any> }) }
}
const codeOf = async (answer: ReturnType<typeof ask>) => (await answer).errors?.[0].extensions.code
const answered = async (answer: ReturnType<typeof ask>) => {
  const { data, errors } = await answer
  expect(errors).toBeUndefined()
  return data
}

const send = (source: string, ...messages: ReadonlyArray<ShortMessage>) =>
  runtime.runPromise(
    Effect.gen(function* () {
      const log = yield* EventLog
      const workspace = yield* Workspace
      const actors = yield* SpaceActors
      const { no } = workspace.current().sources.find(({ id }) => id === source)!
      yield* Effect.callback<void, unknown>((resume) => {
        const full = messages.map((short) => message(short))
        log.offer({
          events: full.map((it) => ({
            source: no,
            dedupKey: it.messageId,
            body: new TextEncoder().encode(JSON.stringify(it))
          })),
          receivedAt: Date.now(),
          done: (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
        })
      })
      yield* actors.progress.pipe(
        Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: (all) => all.every((it) => it.lag === 0) })
      )
    })
  )

const create = async (name: string, rules: object | null = { custom: {} }) =>
  (
    await answered(
      ask(
        "pt_owner",
        `mutation ($name: String!, $rules: RulesFromInput) { createSpace(name: $name, kind: DEV, rules: $rules) { id } }`,
        {
          name,
          rules
        }
      )
    )
  ).createSpace.id as string

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
          connectSources(spaceId: $id, sourceIds: ["src_srv"]) { state policyViolation connectedBy source { slug kind labels } }
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
    // It begins with the next event (IDR-12).
    expect(await profile("before")).toEqual({ profile: null })
    await answered(
      ask("pt_owner", `mutation ($id: ID!) { disconnectSource(spaceId: $id, sourceId: "src_srv") }`, { id })
    )
    await send("src_srv", { userId: "late", type: "identify", traits: {} })
    expect(await profile("late")).toEqual({ profile: null })
    expect(await profile("kim")).toEqual({ profile: { trait: { value: "pro" } } })
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
    const make = async (name: string) => {
      const mutation = `mutation { createAccessToken(spaceId: "${fileSpace}", name: "${name}") { secret } }`
      return (await answered(ask("pt_admin", mutation))).createAccessToken.secret as string
    }
    const [byGraphql, byRest] = [await make("by GraphQL"), await make("by REST"), await make("by nobody")]
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

describe("IDR-14: event filters", () => {
  const preview = `query ($fql: String!, $event: JSON!) { previewEventFilter(fql: $fql, event: $event) { matches error } }`

  it.each([
    [`event = 'Spam'`, { event: "Spam" }, true],
    [`event = 'Spam'`, { event: "Ham" }, false],
    [`type = 'track' and length(userId) < 1`, { type: "track" }, true]
  ])("a preview says what %s does with %j: %s", async (fql, event, matches) => {
    expect(await answered(ask("pt_reader", preview, { fql, event }))).toEqual({
      previewEventFilter: { matches, error: null }
    })
  })

  it("a preview shows why a statement cannot be evaluated; a statement that is none is refused", async () => {
    const { previewEventFilter } = await answered(
      ask("pt_reader", preview, { fql: "properties.n", event: { properties: { n: 1 } } })
    )
    expect(previewEventFilter).toEqual({ matches: false, error: expect.stringMatching(/./) })
    const { errors } = await ask("pt_reader", preview, { fql: "event == 'x'", event: {} })
    expect(errors?.[0]).toMatchObject({
      extensions: { code: "VALIDATION_FAILED" },
      message: expect.stringContaining("The filter was refused: ")
    })
    expect(await codeOf(ask("pt_reader", preview, { fql: "event = 'x'", event: [] }))).toBe("VALIDATION_FAILED")
  })

  it("AC2-7: an event that matches an enabled filter makes no profile in this space; the 11th is refused", async () => {
    const id = await create("Filtered")
    const other = await create("Unfiltered")
    for (const space of [id, other])
      await answered(
        ask("pt_owner", `mutation ($id: ID!) { connectSources(spaceId: $id, sourceIds: ["src_srv"]) { state } }`, {
          id: space
        })
      )
    const make = (name: string, fql: string, enabled = true) =>
      ask(
        "pt_owner",
        `mutation ($id: ID!, $name: String!, $fql: String!, $enabled: Boolean) {
          createEventFilter(spaceId: $id, name: $name, fql: $fql, enabled: $enabled) { id enabled fql errorCount }
        }`,
        { id, name, fql, enabled }
      )
    const { createEventFilter: spam } = await answered(make("spam", `event = 'Spam'`))
    await answered(make("off", `event = 'Ham'`, false))
    const { createEventFilter: broken } = await answered(make("broken", `properties.flag`))
    for (let n = 4; n <= 10; n++) await answered(make(`f${n}`, `event = 'E${n}'`))
    expect(await codeOf(make("f11", `event = 'E11'`))).toBe("VALIDATION_FAILED")

    await send(
      "src_srv",
      { userId: "spammer", event: "Spam" },
      { userId: "eater", event: "Ham", properties: { flag: 7 } },
      { userId: "flagged", event: "Flagged", properties: { flag: true } }
    )
    const there = async (space: string, user: string) => {
      const query = `query ($id: ID!, $user: String!) { profile(spaceId: $id, by: { externalId: { type: "user_id", id: $user } }) { id } }`
      const { profile } = await answered(ask("pt_owner", query, { id: space, user }, { "braid-space": space }))
      return profile !== null
    }
    const seen = async (space: string) => Promise.all(["spammer", "eater", "flagged"].map((user) => there(space, user)))
    expect(await seen(id)).toEqual([false, true, false])
    expect(await seen(other)).toEqual([true, true, true])

    const filters = async () => {
      const query = `query ($id: ID!) { space(id: $id) { eventFilters { id enabled errorCount } } }`
      return (await answered(ask("pt_owner", query, { id }))).space.eventFilters as ReadonlyArray<object>
    }
    expect(await filters()).toContainEqual({ id: broken.id, enabled: true, errorCount: 1 })

    await answered(
      ask(
        "pt_owner",
        `mutation ($id: ID!, $spam: ID!, $broken: ID!) {
          setEventFilterEnabled(spaceId: $id, id: $spam, enabled: false) { enabled }
          deleteEventFilter(spaceId: $id, id: $broken)
        }`,
        { id, spam: spam.id, broken: broken.id }
      )
    )
    await send("src_srv", { userId: "spammer", event: "Spam" })
    expect(await there(id, "spammer")).toBe(true)
    expect(await filters()).toHaveLength(9)
  })
})
