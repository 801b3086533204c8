/** Destinations as people change them, on PostgreSQL: what is refused, stored, audited, and seen by every process. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Destinations } from "../../src/destinations/destination.ts"
import { Database } from "../../src/platform/database.ts"
import {
  asked,
  auditOf,
  both,
  device,
  inFirst,
  inSecond,
  make,
  manage,
  mixpanel,
  rawLogs,
  refusal,
  refusalOf,
  sees,
  single,
  snapshot,
  webhook
} from "../support/managed-destinations.ts"

const changeSource = (change: string) =>
  inFirst(
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      yield* sql.unsafe(`update sources set ${change} where id = 'src_copy'`)
      yield* sql`update workspace set version = version + 1`
      yield* (yield* Destinations).refresh
    })
  )
describe("names and instances", () => {
  it("AC4-1, DST-5: a name is taken once on a source; without one they are numbered", async () => {
    expect((await make("names", { name: " EU " })).name).toBe("EU")
    expect(
      await refusal((it) =>
        it.createDestination("kim", { sourceId: "src_names", metadataId: mixpanel.id, name: "EU", settings: {} })
      )
    ).toBe("conflict NAME_TAKEN")
    const numbered = await make("names")
    expect([numbered.name, (await make("names")).name]).toEqual(["Mixpanel (Actions)", "Mixpanel (Actions) 2"])
    expect(await refusal((it) => it.updateDestination("kim", numbered.id, { name: "EU" }))).toBe("conflict NAME_TAKEN")
    expect((await manage((it) => it.updateDestination("kim", numbered.id, { name: "eu" }))).name).toBe("eu")
    expect(await refusal((it) => it.updateDestination("kim", numbered.id, { name: "x".repeat(121) }))).toBe(
      "invalid NAME_INVALID"
    )
    expect((await make("far", { name: "EU" })).name).toBe("EU")
  })

  it("AC4-2: the 26th cloud instance of an entry is INSTANCE_LIMIT", async () => {
    for (let n = 0; n < 25; n++) await make("limit", { metadataId: webhook.id, settings: {} })
    const more = { sourceId: "src_limit", metadataId: webhook.id, settings: {} }
    expect(await refusal((it) => it.createDestination("kim", more))).toBe("invalid INSTANCE_LIMIT")
    expect((await make("limit")).enabled).toBe(true)
  })

  it.each([
    ["AC4-3: only for devices", "modes", device, {}, "conflict MULTI_INSTANCE_UNSUPPORTED"],
    ["one cloud instance", "modes", single, {}, "conflict MULTI_INSTANCE_UNSUPPORTED"],
    ["raw logs", "modes", rawLogs, {}, "conflict MULTI_INSTANCE_UNSUPPORTED"],
    ["both modes on a mobile app", "app", both, {}, "conflict MULTI_INSTANCE_UNSUPPORTED"],
    ["cloud only on a mobile app", "app", mixpanel, {}, undefined],
    ["both modes on a server", "modes", both, { connectionMode: "device" }, undefined]
  ] as const)("DST-6: a second instance, %s", async (_, from, { id: metadataId }, second, expected) => {
    await make(from, { metadataId })
    const asked = { sourceId: `src_${from}`, metadataId, settings: {}, ...second }
    const outcome = await manage((it) => Effect.result(it.createDestination("kim", asked)))
    expect(
      outcome._tag === "Failure" && outcome.failure._tag === "DestinationRefused"
        ? `${outcome.failure.kind} ${outcome.failure.code}`
        : undefined
    ).toBe(expected)
  })

  it("DST-26: the mode is that of the entry where it has one; a second device is refused on a change, too", async () => {
    const [cloud, onDevice] = (await manage((it) => it.destinations("src_modes"))).filter(
      ({ metadataId }) => metadataId === both.id
    )
    expect([cloud!.connectionMode, onDevice!.connectionMode]).toEqual(["cloud", "device"])
    expect(await refusal((it) => it.updateDestination("kim", cloud!.id, { connectionMode: "device" }))).toBe(
      "conflict MULTI_INSTANCE_UNSUPPORTED"
    )
    const [pixel] = (await manage((it) => it.destinations("src_modes"))).filter(
      ({ metadataId }) => metadataId === device.id
    )
    expect(pixel!.connectionMode).toBe("device")
    expect(await refusal((it) => it.updateDestination("kim", pixel!.id, { connectionMode: "cloud" }))).toBe(
      "invalid CONNECTION_MODE_UNSUPPORTED"
    )
  })

  it("AC4-4: a destination stays with its source; unknown sources and entries are not found", async () => {
    const { id, sourceId } = await make("far")
    expect(await refusal((it) => it.updateDestination("kim", id, { sourceId: "src_names", name: "moved" }))).toBe(
      "bad-request SOURCE_IMMUTABLE"
    )
    expect((await manage((it) => it.updateDestination("kim", id, { sourceId, name: "kept" }))).name).toBe("kept")
    expect(
      await refusal((it) => it.createDestination("kim", { sourceId: "src_no", metadataId: mixpanel.id, settings: {} }))
    ).toBe("not-found NOT_FOUND")
    expect(await refusal((it) => it.createDestination("kim", { sourceId, metadataId: "0", settings: {} }))).toBe(
      "not-found UNKNOWN_INTEGRATION"
    )
    expect(await refusal((it) => it.destination("dst_no"))).toBe("not-found NOT_FOUND")
  })
})

describe("settings and secrets", () => {
  it("AC4-5, AC8-11: a secret is shown as bullets, kept when they come back, and encrypted at rest", async () => {
    const made = await make("secrets", { settings: { token: 5, secret: "s3cret", unknown: 1 } })
    expect(made.settings).toEqual({ token: "5", region: "EU", secret: "••••••••" })
    const running = async () => (await snapshot()).byId.get(made.id)!
    expect((await running()).settings).toEqual({ token: "5", region: "EU", secret: "s3cret" })
    const again = await manage((it) => it.updateDestination("kim", made.id, made))
    expect(again.settings).toEqual(made.settings)
    expect((await running()).settings["secret"]).toBe("s3cret")
    const rows = await inFirst(
      Effect.flatMap(
        Database,
        ({ write: sql }) => sql<{ all: string }>`select d::text as all from destinations d where id = ${made.id}`
      )
    )
    expect(rows[0]!.all).not.toContain("s3cret")
    await manage((it) =>
      it.updateDestination("lee", made.id, { settings: { secret: "other", region: null, token: "t" } })
    )
    expect((await running()).settings).toEqual({ token: "t", secret: "other" })
    await manage((it) => it.updateDestination("lee", made.id, { settings: { secret: null } }))
    expect((await running()).settings).toEqual({ token: "t" })
    const told = JSON.stringify(await auditOf(`destination ${made.id}`))
    expect(told).not.toMatch(/s3cret|other/)
    expect(told).toContain("replacedSecrets")
  })

  it("ADM-84: a secret that does not open stops its destination, not the process, until it is entered again", async () => {
    const { id } = await make("secrets", { settings: { token: "t", secret: "s3cret" } })
    const stranger = await make("secrets", { settings: { token: "t", secret: "copied" } })
    await inFirst(
      Effect.gen(function* () {
        const { write: sql } = yield* Database
        yield* sql`update destinations set revision = nextval('destination_revision'),
          secrets = (select secrets from destinations where id = ${stranger.id}) where id = ${id}`
        yield* sql`update workspace set version = version + 1`
        yield* (yield* Destinations).refresh
      })
    )
    expect((await snapshot()).byId.get(id)).toMatchObject({
      settings: { token: "t" },
      missingSettings: [expect.stringMatching(/^secret \(it cannot be decrypted: .*copied by hand/)]
    })
    expect((await manage((it) => it.updateDestination("kim", id, { name: "Renamed here" }))).settings["secret"]).toBe(
      "••••••••"
    )
    await manage((it) => it.updateDestination("kim", id, { settings: { secret: "again" } }))
    expect((await snapshot()).byId.get(id)).toMatchObject({ settings: { secret: "again" }, missingSettings: [] })
  })

  it("a destination whose entry is gone from the catalog can be renamed, switched off and deleted", async () => {
    const { id } = await make("secrets")
    await inFirst(
      Effect.gen(function* () {
        const { write: sql } = yield* Database
        yield* sql`update destinations set metadata_id = 'gone', revision = nextval('destination_revision') where id = ${id}`
        yield* sql`update workspace set version = version + 1`
        yield* (yield* Destinations).refresh
      })
    )
    expect((await snapshot()).byId.get(id)).toMatchObject({ unknownEntry: true, entry: { actions: [] } })
    const off = await manage((it) => it.updateDestination("kim", id, { name: "Gone", enabled: false }))
    expect(off).toMatchObject({ name: "Gone", enabled: false, metadataId: "gone" })
    expect(await refusal((it) => it.updateDestination("kim", id, { settings: {} }))).toBe(
      "not-found UNKNOWN_INTEGRATION"
    )
    await manage((it) => it.deleteDestination("kim", id))
    expect((await snapshot()).byId.has(id)).toBe(false)
  })

  it("AC8-10: only read-only settings are a bad request, beside others they are ignored", async () => {
    const { id } = await make("secrets")
    expect(await refusal((it) => it.updateDestination("kim", id, { settings: { account: "x" } }))).toBe(
      "bad-request SETTINGS_READ_ONLY"
    )
    const changed = await manage((it) => it.updateDestination("kim", id, { settings: { account: "x", token: "new" } }))
    expect(changed.settings).toEqual({ token: "new", region: "EU" })
    const polluted = JSON.parse('{"__proto__": {"account": "x"}, "token": "newer"}') as Record<string, unknown>
    const again = await manage((it) => it.updateDestination("kim", id, { settings: polluted }))
    expect(again.settings).toEqual({ token: "newer", region: "EU" })
    const huge = { token: "x".repeat(300_000) }
    expect(await refusal((it) => it.updateDestination("kim", id, { settings: huge }))).toBe("invalid SETTINGS_INVALID")
  })

  it("DST-9: values of the wrong shape are refused by name, missing ones stop events", async () => {
    const { code, problems } = await refusalOf((it) =>
      it.createDestination("kim", {
        sourceId: "src_secrets",
        metadataId: mixpanel.id,
        settings: { region: "MARS", batch: "x" }
      })
    )
    expect(code).toBe("SETTINGS_INVALID")
    expect(problems!.map((problem) => problem.field)).toEqual(["settings.region", "settings.batch"])
    const { id } = await make("secrets", { settings: {} })
    expect((await snapshot()).byId.get(id)!.missingSettings).toEqual(["token"])
  })

  it("DST-10: credentials are tested when they are saved or switched on: a warning, no refusal", async () => {
    asked.ok = false
    const made = await make("secrets", { settings: { token: "t", secret: "wrong" } })
    expect(made).toMatchObject({
      enabled: true,
      credentialsStatus: "failed",
      credentialsMessage: "Credentials are invalid: 401 Unauthorized"
    })
    expect(asked.tests.at(-1)!.settings).toMatchObject({ token: "t", secret: "wrong" })
    asked.ok = true
    const before = asked.tests.length
    expect((await manage((it) => it.updateDestination("kim", made.id, { name: "Renamed" }))).credentialsStatus).toBe(
      "failed"
    )
    expect(asked.tests).toHaveLength(before)
    expect(
      (await manage((it) => it.updateDestination("kim", made.id, { settings: { secret: "right" } }))).credentialsStatus
    ).toBe("ok")
    expect(await manage((it) => it.testAuthentication(made.id, { secret: "unsaved" }))).toEqual({
      ok: true,
      message: ""
    })
    expect(asked.tests.at(-1)!.settings["secret"]).toBe("unsaved")
    asked.away = true
    expect((await make("secrets")).credentialsStatus).toBe("untested")
    expect(await refusal((it) => it.testAuthentication(made.id, { token: "x" }))).toBe("unavailable RUNNER_UNAVAILABLE")
    asked.away = false
  })

  it("DST-7: settings are copied from another of the same entry, secrets only on request", async () => {
    const from = await make("copy", { settings: { token: "from", secret: "s3cret", batch: 7 } })
    const to = await make("far", { settings: { token: "to", secret: "mine" } })
    await manage((it) =>
      it.createFilter("kim", from.id, { title: "F", if: "all", actions: [{ type: "DROP" }], enabled: true })
    )
    await manage((it) => it.createMapping("kim", from.id, { preset: "Track", enabled: true }))
    await manage((it) => it.copySettings("kim", to.id, { fromDestinationId: from.id }))
    expect((await snapshot()).byId.get(to.id)!.settings).toEqual({
      token: "from",
      secret: "mine",
      batch: 7,
      region: "EU"
    })
    await manage((it) =>
      it.copySettings("kim", to.id, { fromDestinationId: from.id, secrets: true, filters: true, mappings: true })
    )
    expect((await snapshot()).byId.get(to.id)).toMatchObject({
      settings: { secret: "s3cret" },
      filters: [{ type: "DROP" }],
      mappings: [{ name: "Track", enabled: true }]
    })
    const foreign = await make("copy", { metadataId: webhook.id, settings: {} })
    expect(await refusal((it) => it.copySettings("kim", to.id, { fromDestinationId: foreign.id }))).toBe(
      "invalid COPY_OTHER_ENTRY"
    )
  })
})

describe("every process", () => {
  it("DST-1: sees changes of another one, and keeps what did not change as it is", async () => {
    const stays = await make("far", { name: "stays" })
    const { id } = await make("far", { name: "changes" })
    await sees(({ byId }) => byId.has(id))
    const before = await inSecond(Effect.map(Destinations, ({ current }) => current()))
    await manage((it) =>
      it.createFilter("kim", id, { title: "F", if: "all", actions: [{ type: "DROP" }], enabled: true })
    )
    await sees(({ byId }) => byId.get(id)!.filters.length === 1)
    const after = await inSecond(Effect.map(Destinations, ({ current }) => current()))
    expect(after.byId.get(stays.id)).toBe(before.byId.get(stays.id))
    expect(after.bySource.get(before.byId.get(id)!.source)).toContain(after.byId.get(id))
    await manage((it) => it.deleteDestination("kim", id))
    await sees(({ byId }) => !byId.has(id))
  })

  it("DEL-12: tokens that were refreshed are stored, sealed, and seen by all", async () => {
    const { id } = await make("far", { name: "oauth" })
    const tokens = { accessToken: "at-1", refreshToken: "rt-1" }
    await inFirst(Effect.flatMap(Destinations, ({ storeTokens }) => storeTokens(id, tokens)))
    expect((await snapshot()).byId.get(id)!.tokens).toEqual(tokens)
    await sees(({ byId }) => byId.get(id)?.tokens?.accessToken === "at-1")
    expect((await manage((it) => it.destination(id))).connected).toBe(true)
    const connected = await manage((it) => it.connect("kim", id, { accessToken: "at-2", refreshToken: "rt-2" }))
    expect(connected.connected).toBe(true)
    const rows = await inFirst(
      Effect.flatMap(
        Database,
        ({ write: sql }) => sql<{ all: string }>`select d::text as all from destinations d where id = ${id}`
      )
    )
    expect(rows[0]!.all).not.toContain("rt-")
  })

  it("a source that leaves and comes back brings its destinations back", async () => {
    const { id } = await make("copy", { name: "comes back" })
    await changeSource("doc = null")
    expect((await snapshot()).byId.has(id)).toBe(false)
    await changeSource(
      `doc = '${JSON.stringify({ slug: "copy", name: "copy", kind: "http", writeKeys: ["wk_copy"], enabled: true, labels: [] })}'`
    )
    expect((await snapshot()).byId.get(id)!.name).toBe("comes back")
  })
})
