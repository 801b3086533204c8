/** Mappings as they are saved, and what else belongs to a destination. */
import { Effect } from "effect"
import { constants, privateDecrypt } from "node:crypto"
import { describe, expect, it } from "vitest"
import { encryptFields } from "../../src/destinations/pipeline/encrypt.ts"
import { Database } from "../../src/platform/database.ts"
import {
  asked,
  auditOf,
  inFirst,
  make,
  manage,
  refusal,
  refusalOf,
  single,
  snapshot,
  webhook
} from "../support/managed-destinations.ts"
import { track } from "./given.ts"

describe("mappings", () => {
  it("AC4-32: the 51st mapping, the 6th of the webhook", async () => {
    const full = await make("maps")
    await inFirst(
      Effect.flatMap(
        Database,
        ({
          write: sql
        }) => sql`insert into destination_mappings (id, destination, action, name, trigger, settings, enabled, created_at, created_by, updated_at)
        select 'sub_full' || n, ${full.no}, 'send', 'x', 'all', '{}', false, now(), 'kim', now() from generate_series(1, 49) n`
      )
    )
    await manage((it) => it.createMapping("kim", full.id, { action: "send" }))
    expect(await refusal((it) => it.createMapping("kim", full.id, { action: "send" }))).toBe("invalid MAPPING_LIMIT")
    const hook = await make("maps", { metadataId: webhook.id, settings: {} })
    for (let n = 0; n < 5; n++) await manage((it) => it.createMapping("kim", hook.id, { action: "send" }))
    expect(await refusal((it) => it.createMapping("kim", hook.id, { action: "act_send" }))).toBe(
      "invalid MAPPING_LIMIT"
    )
  })

  it("DST-82, DST-85: a new mapping has the defaults of its action, is disabled, and enabled when it is complete", async () => {
    const { id } = await make("maps")
    const made = await manage((it) => it.createMapping("kim", id, { action: "send" }))
    expect(made).toMatchObject({
      name: "send",
      actionId: "act_send",
      trigger: 'type = "track"',
      enabled: false,
      missing: ["event"],
      settings: { note: { "@path": "$.note" } }
    })
    const incomplete = await refusalOf((it) => it.updateMapping("kim", id, made.id, { enabled: true }))
    expect([incomplete.code, incomplete.problems!.map((problem) => problem.field)]).toEqual([
      "MAPPING_INCOMPLETE",
      ["settings.event"]
    ])
    const enabled = await manage((it) =>
      it.updateMapping("kim", id, made.id, { enabled: true, settings: { event: "x" } })
    )
    expect(enabled).toMatchObject({ enabled: true, missing: [], settings: { event: "x" } })
    expect(await refusal((it) => it.updateMapping("kim", id, made.id, { settings: {} }))).toBe(
      "invalid MAPPING_INCOMPLETE"
    )
    expect(
      (await manage((it) => it.updateMapping("kim", id, made.id, { enabled: false, settings: {} }))).missing
    ).toEqual(["event"])
    expect((await auditOf(`mapping ${made.id}`)).map((each) => each.action)).toEqual([
      "Mapping Created",
      "Mapping Modified",
      "Mapping Enabled",
      "Mapping Modified",
      "Mapping Disabled"
    ])
  })

  it.each([
    ["TRIGGER_INVALID", { trigger: "event == 'x'" }],
    ["MAPPING_INVALID", { settings: { event: { "@path": "$.a", "@template": "x" } } }],
    ["MAPPING_INVALID", { settings: { event: { "@nope": 1 } } }],
    ["MAPPING_INVALID", { settings: { event: { "@liquid": "{% for a in b %}{% endfor %}" } } }],
    ["MAPPING_INVALID", { settings: { event: { "@liquid": "x".repeat(1001) } } }],
    ["MAPPING_INVALID", { settings: { __segment_internal_sync_mode: "add" } }],
    ["ACTION_UNKNOWN", { action: "nope" }],
    ["PRESET_UNKNOWN", { preset: "nope" }],
    ["NAME_INVALID", { name: " " }]
  ])("AC4-36, DST-92: %s: %j", async (code, changes) => {
    const [{ id } = await make("maps")] = (await manage((it) => it.destinations("src_maps"))).slice(2)
    expect(await refusal((it) => it.createMapping("kim", id, { action: "send", ...changes }))).toBe(`invalid ${code}`)
  })

  it("AC4-30, AC4-33: triggers are stored in one spelling; a duplicate is a disabled copy", async () => {
    const { id } = await make("maps")
    const settings = { event: { "@path": "$.event" }, "a.b": 1 }
    const made = await manage((it) =>
      it.createMapping("kim", id, { action: "send", name: "M", trigger: "type='track'", settings, enabled: true })
    )
    expect(made.trigger).toBe('type = "track"')
    const copy = await manage((it) => it.duplicateMapping("kim", id, made.id))
    expect(copy).toMatchObject({ name: "M (Copy)", enabled: false, trigger: made.trigger, settings })
    const [first, second] = (await snapshot()).byId.get(id)!.mappings
    expect(first).toMatchObject({ id: made.id, enabled: true, settings: { a: { b: 1 } } })
    expect(first!.fires(track("A"))).toBe(true)
    expect(second!.enabled).toBe(false)
    await manage((it) => it.deleteMapping("kim", id, made.id))
    expect((await snapshot()).byId.get(id)!.mappings).toHaveLength(1)
  })

  it("DST-85: quick set-up makes the automatic presets, enabled", async () => {
    const { id } = await make("presets", { presets: true })
    expect(
      (await manage((it) => it.mappings(id))).map(({ enabled, name, trigger }) => [name, enabled, trigger])
    ).toEqual([
      ["Track", true, 'type = "track"'],
      ["Page", true, 'type = "page"']
    ])
    expect(await manage((it) => it.mappings(id))).not.toEqual([])
    const without = await make("presets")
    expect(await manage((it) => it.mappings(without.id))).toEqual([])
  })

  it("DST-96: what happens at save happens once for the same inputs, and its error refuses the save", async () => {
    const { id } = await make("maps")
    const before = asked.hooks.length
    const settings = { onMappingSave: { inputs: { name: "L" } } }
    const made = await manage((it) =>
      it.createMapping("kim", id, { action: "list", settings: { __segment_internal_sync_mode: "delete", ...settings } })
    )
    expect(made.settings["onMappingSave"]).toEqual({ inputs: { name: "L" }, outputs: { id: `list-${before + 1}` } })
    const again = await manage((it) => it.updateMapping("kim", id, made.id, { settings: { ...settings, note: 1 } }))
    expect(again.settings["onMappingSave"]).toEqual(made.settings["onMappingSave"])
    expect(asked.hooks).toHaveLength(before + 1)
    asked.hookError = "no such account"
    expect(
      await refusal((it) =>
        it.updateMapping("kim", id, made.id, { settings: { onMappingSave: { inputs: { name: "M" } } } })
      )
    ).toBe("invalid MAPPING_HOOK")
    asked.hookError = ""
    expect((await manage((it) => it.mapping(id, made.id))).settings).toEqual(again.settings)
    expect((await manage((it) => it.createMapping("kim", id, { action: "list" }))).settings).toEqual({
      __segment_internal_sync_mode: "upsert"
    })
  })
})

describe("what else belongs to a destination", () => {
  it("DST-45: the schema of the source keeps events from a destination", async () => {
    const { id } = await make("schema")
    const off = { destinationId: id, type: "track", name: "A", enabled: false } as const
    await manage((it) =>
      it.setIntegrationFilters("kim", "src_schema", [off, { destinationId: id, type: "identify", enabled: false }])
    )
    expect(await manage((it) => it.integrationFilters("src_schema"))).toEqual([
      { destinationId: id, type: "identify" },
      { destinationId: id, type: "track", name: "A" }
    ])
    expect((await snapshot()).byId.get(id)!.schemaBlocks).toEqual(new Set(["identify", "track\nA"]))
    await manage((it) => it.setIntegrationFilters("kim", "src_schema", [{ ...off, enabled: true }]))
    expect((await snapshot()).byId.get(id)!.schemaBlocks).toEqual(new Set(["identify"]))
    const foreign = await make("far")
    expect(
      await refusal((it) => it.setIntegrationFilters("kim", "src_schema", [{ ...off, destinationId: foreign.id }]))
    ).toBe("invalid NOT_FOUND")
    expect(
      await refusal((it) =>
        it.setIntegrationFilters("kim", "src_schema", [{ destinationId: id, type: "track", enabled: false }])
      )
    ).toBe("invalid NAME_INVALID")
  })

  it("AC4-62, AC8-42: keys are made, the private one is told once and is nowhere in the database", async () => {
    const { id } = await make("keys")
    const fields = ["email"]
    expect(await refusal((it) => it.setEncryption("kim", id, { enabled: true, fields }))).toBe(
      "invalid ENCRYPTION_KEYS_MISSING"
    )
    const { privateKey, publicKey } = await manage((it) => it.generateEncryptionKeys("kim", id))
    expect(
      await manage((it) => it.setEncryption("kim", id, { enabled: true, fields: ["email", "email"] }))
    ).toMatchObject({ enabled: true, fields, publicKey })
    const { encryption } = (await snapshot()).byId.get(id)!
    const encrypted = encryptFields(encryption!, track("A", { properties: { email: "a@x.com" } }))
    const value = JSON.parse(JSON.stringify(encrypted)).event.properties.email as string
    const key = { key: privateKey, oaepHash: "sha256", padding: constants.RSA_PKCS1_OAEP_PADDING }
    expect(privateDecrypt(key, Buffer.from(value, "base64")).toString()).toBe("a@x.com")
    const secret = privateKey.split("\n")[5]!
    const found = await inFirst(
      Effect.flatMap(
        Database,
        ({ write: sql }) => sql<{
          n: number
        }>`select (select count(*) from destinations d where position(${secret} in d::text) > 0)::int
        + (select count(*) from audit a where position(${secret} in a::text) > 0)::int as n`
      )
    )
    expect(found[0]!.n).toBe(0)
    expect((await auditOf(`destination ${id}`)).map((each) => each.action)).toContain("Encryption Keys Generated")
    await manage((it) => it.setEncryption("kim", id, { enabled: false, fields }))
    expect((await snapshot()).byId.get(id)!.encryption).toBeUndefined()
  })

  it("PRV-60: categories of consent reach every instance of the entries they are mapped to", async () => {
    const { id } = await make("consent", { metadataId: single.id, settings: {} })
    const categories = async () => (await snapshot()).byId.get(id)!.consentCategories
    await manage((it) => it.createConsentCategory("kim", { id: "ads", name: "Ads", metadataIds: [single.id] }))
    await manage((it) => it.createConsentCategory("kim", { id: "Ads", name: "Other" }))
    expect(await categories()).toEqual(["ads"])
    await manage((it) => it.updateConsentCategory("kim", "Ads", { metadataIds: [single.id] }))
    expect(await categories()).toEqual(["ads", "Ads"])
    const same = (await snapshot()).byId.get(id)
    await make("far")
    expect((await snapshot()).byId.get(id)).toBe(same)
    await manage((it) => it.updateConsentCategory("kim", "ads", { enabled: false }))
    await manage((it) => it.deleteConsentCategory("kim", "Ads"))
    expect(await categories()).toEqual([])
    expect(await refusal((it) => it.createConsentCategory("kim", { id: "1st", name: "x" }))).toBe("invalid CATEGORY_ID")
    expect(await refusal((it) => it.createConsentCategory("kim", { id: "x".repeat(35), name: "x" }))).toBe(
      "invalid CATEGORY_ID"
    )
    expect(await refusal((it) => it.createConsentCategory("kim", { id: "x", name: "x".repeat(21) }))).toBe(
      "invalid CATEGORY_NAME"
    )
    expect(await refusal((it) => it.createConsentCategory("kim", { id: "ads", name: "x" }))).toBe(
      "conflict CATEGORY_EXISTS"
    )
    expect((await auditOf("consent category ads")).map((each) => each.action)).toEqual([
      "Consent Category Created",
      "Consent Category Mapping Created",
      "Consent Category Disabled"
    ])
  })

  it("DST-12, DST-13: every change is audited; what is deleted is gone but for its name", async () => {
    const made = await make("audit", { settings: { token: "t", secret: "s" }, maxEventsPerSecond: 5 })
    await manage((it) =>
      it.updateDestination("lee", made.id, { enabled: false, name: "Renamed", maxEventsPerSecond: null })
    )
    await manage((it) => it.updateDestination("lee", made.id, { enabled: false }))
    await manage((it) => it.updateDestination("lee", made.id, { enabled: true }))
    await manage((it) => it.createMapping("lee", made.id, { preset: "Track" }))
    await manage((it) => it.deleteDestination("lee", made.id))
    expect((await auditOf(`destination ${made.id}`)).map(({ action, after }) => [action, after])).toEqual([
      ["Integration Created", expect.stringContaining('"secret":"••••••••"')],
      ["Integration Modified", '{"name":"Renamed","maxEventsPerSecond":null}'],
      ["Integration Disabled", '{"enabled":false}'],
      ["Integration Enabled", '{"enabled":true}'],
      ["Integration Deleted", null]
    ])
    expect((await snapshot()).byId.has(made.id)).toBe(false)
    expect(await refusal((it) => it.destination(made.id))).toBe("not-found NOT_FOUND")
    expect((await make("audit", { name: "Renamed" })).no).toBeGreaterThan(made.no)
  })
})
