/** What the catalog lists (CAT-2, CAT-4) and how settings are checked (DST-9). */
import { globSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { catalogLive } from "../../src/catalog/catalog-live.ts"
import { checkSettings } from "../../src/catalog/check-settings.ts"
import type { CatalogField } from "../../src/catalog/entry.ts"
import { ownField } from "../../src/catalog/own-settings.ts"
import { Catalog } from "../../src/catalog/runner.ts"
import { compileTrigger } from "../../src/destinations/trigger.ts"

const entries = await Effect.runPromise(
  Effect.flatMap(Catalog, (catalog) => catalog.entries).pipe(Effect.provide(catalogLive))
)
const packaged = entries.filter(({ origin }) => origin === "package")
const named = (slug: string) => entries.find((entry) => entry.slug === slug)!

describe("entries", () => {
  it("CAT-2: has what the package has", () => {
    const actions = packaged.flatMap((entry) => entry.actions)
    const presets = packaged.flatMap((entry) => entry.presets)
    const count = (scheme: string) => packaged.filter((entry) => entry.scheme === scheme).length
    expect({
      entries: packaged.length,
      actions: actions.length,
      batch: actions.filter(({ batch }) => batch).length,
      hooks: actions.filter(({ hooks }) => hooks.length > 0).length,
      syncModes: actions.filter(({ syncModes }) => syncModes.length > 0).length,
      tests: packaged.filter((entry) => entry.testsAuthentication).length,
      deletes: packaged.filter((entry) => entry.deletesUsers).length,
      schemes: ["custom", "oauth2", "basic", "oauth-managed", "none"].map(count),
      warehouse: packaged.filter((entry) => entry.supportedPlatforms.warehouse).length,
      automatic: presets.filter(({ type }) => type === "automatic").length
    }).toEqual({
      entries: 214,
      actions: 601,
      batch: 212,
      hooks: 12,
      syncModes: 29,
      tests: 143,
      deletes: 26,
      schemes: [159, 28, 17, 6, 4],
      warehouse: 78,
      automatic: 418
    })
  })

  it("has an id, a slug and a name of its own each", () => {
    for (const key of ["id", "slug", "name"] as const)
      expect(new Set(entries.map((entry) => entry[key])).size).toBe(entries.length)
    expect(entries.filter(({ id }) => !/^[0-9a-f]{24}$/.test(id))).toEqual([])
  })

  it("puts every entry of the package into a category", () => {
    expect(packaged.filter(({ categories }) => categories.includes("Other")).map(({ slug }) => slug)).toEqual([])
  })

  it("DST-41: knows entries by the names of the package, too", () => {
    expect(named("actions-webhook")).toMatchObject({ name: "Webhooks (Actions)", maxMappings: 5 })
    expect(named("actions-webhook").names).toContain("Webhook")
    expect(named("actions-mixpanel").names).toEqual(["Mixpanel (Actions)"])
  })

  it("AC4-31, DST-88: has triggers that can be evaluated, normalised", () => {
    const triggers = packaged.flatMap((entry) => [
      ...entry.presets.map(({ trigger }) => trigger),
      ...entry.actions.flatMap(({ defaultTrigger }) => (defaultTrigger === null ? [] : [defaultTrigger]))
    ])
    const invalid = [...new Set(triggers)].filter((trigger) => compileTrigger(trigger).problem !== undefined)
    expect(invalid).toEqual([])
    expect(triggers).toContain('type = "track" and event = "Cart Updated"')
    expect(triggers.filter((trigger) => /==| AND | OR |'/.test(trigger))).toEqual([])
  })

  it("DST-85: has no preset of an action that is missing", () => {
    const lost = packaged.flatMap(({ actions, presets }) =>
      presets.filter(({ actionSlug }) => !actions.some(({ slug }) => slug === actionSlug))
    )
    expect(lost).toEqual([])
  })

  it("CAT-14: names every environment variable that an entry reads", () => {
    const root = dirname(createRequire(import.meta.url).resolve("@segment/action-destinations"))
    const harmless =
      /^(NODE_ENV|KAFKA_.*|SERVICE_NAME|DESTINATIONS_ACTION_SERVICE|ACTIONS_MEMORA_ENV|SENDGRID_BYPASS.*|.*_DEV_.*)$/
    const read = globSync("{destinations,lib}/**/*.js", { cwd: root }).flatMap((file) => [
      ...readFileSync(join(root, file), "utf8").matchAll(/process\.env\.([A-Z0-9_]+)/g)
    ])
    const needed = new Set(read.map(([, name]) => name!).filter((name) => !harmless.test(name)))
    const told = new Set(
      entries.flatMap(({ operatorSetup }) => operatorSetup).filter((name) => !name.startsWith("BRAID_"))
    )
    expect([...needed].filter((name) => !told.has(name))).toEqual([])
    expect([...told].filter((name) => !needed.has(name))).toEqual([])
  })

  it("DST-10: asks for an application of the operator where tokens are refreshed with one", () => {
    const root = dirname(createRequire(import.meta.url).resolve("@segment/action-destinations"))
    const written = JSON.parse(readFileSync(join(root, "../../../../dist/catalog.json"), "utf8")) as ReadonlyArray<{
      readonly id: string
      readonly directory: string
    }>
    const refreshes = (folder: string) =>
      globSync(`destinations/${folder}/**/*.js`, { cwd: root }).some((file) =>
        /\bauth\??\.clientId/.test(readFileSync(join(root, file), "utf8"))
      )
    const asking = new Set(
      entries.filter((entry) => entry.operatorSetup.includes("BRAID_OAUTH_CLIENTS")).map(({ id }) => id)
    )
    const wrong = written.filter(
      ({ directory, id }) => directory !== "webhook-extensible" && refreshes(directory) !== asking.has(id)
    )
    expect(wrong.map(({ directory }) => directory)).toEqual([])
  })

  it("has entries of our own: webhooks, a queue, raw logs", () => {
    expect(named("webhooks")).toMatchObject({ kind: "classic", origin: "builtin", deletesUsers: true })
    expect(named("iron-io")).toMatchObject({ id: "54521fd725e721e32a72eec5", kind: "classic" })
    expect(entries.filter(({ kind }) => kind === "storage").map(({ name }) => name)).toEqual(["AWS S3"])
  })

  it("hides test entries and what is for Reverse ETL alone", () => {
    expect(entries.filter(({ hidden }) => hidden).map(({ slug }) => slug)).toEqual(
      expect.arrayContaining(["actions-noop", "actions-segment", "actions-segment-profiles", "braid-device-test"])
    )
  })
})

const field = (key: string, type: CatalogField["type"], more: Partial<CatalogField> = {}) =>
  ownField({ key, type, label: key, ...more })
const is = (fieldKey: string, value: unknown): NonNullable<CatalogField["dependsOn"]> => ({
  match: "all",
  conditions: [{ type: "field", fieldKey, operator: "is", value }]
})

describe("settings (DST-9)", () => {
  const choices = [
    { value: "US", label: "US" },
    { value: "EU", label: "EU" }
  ]

  it.each([
    ["unknown keys go", [field("a", "string")], { a: "x", b: 1 }, { a: "x" }],
    ["numbers from text", [field("a", "number")], { a: "5" }, { a: 5 }],
    ["text from numbers", [field("a", "string")], { a: 5 }, { a: "5" }],
    ["truth from text", [field("a", "boolean")], { a: "true" }, { a: true }],
    ["a list from one value", [field("a", "string", { multiple: true })], { a: "x" }, { a: ["x"] }],
    ["a choice", [field("a", "string", { choices })], { a: "EU" }, { a: "EU" }],
    [
      "an address",
      [field("a", "string", { format: "uri" })],
      { a: "https://example.com/x" },
      { a: "https://example.com/x" }
    ],
    ["not required while its condition does not hold", [field("a", "string", { required: is("b", "x") })], {}, {}],
    ["not required while it is not shown", [field("a", "string", { required: true, dependsOn: is("b", "x") })], {}, {}]
  ])("%s", (_name, fields, given, settings) => {
    expect(checkSettings(fields, given)).toEqual({ settings, problems: [] })
  })

  it.each([
    ["missing", [field("a", "string", { required: true })], {}, '"a" is required.'],
    [
      "missing by its condition",
      [field("a", "string", { required: is("b", "x") }), field("b", "string")],
      { b: "x" },
      '"a" is required.'
    ],
    ["no number", [field("a", "number")], { a: "x" }, "It must be a number."],
    ["no whole number", [field("a", "integer")], { a: 1.5 }, "It must be a whole number."],
    ["no truth value", [field("a", "boolean")], { a: "yes" }, "It must be true or false."],
    ["no text", [field("a", "string")], { a: {} }, "It must be text."],
    ["no choice", [field("a", "string", { choices })], { a: "CH" }, 'It must be one of "US", "EU".'],
    [
      "no address",
      [field("a", "string", { format: "uri" })],
      { a: "example.com" },
      "It must be an address like https://…."
    ],
    ["one of several", [field("a", "number", { multiple: true })], { a: [1, "x"] }, "It must be a number."],
    ["too long", [field("a", "string", { maximum: 2 })], { a: "abc" }, "It must have at most 2 characters."]
  ])("%s", (_name, fields, given, message) => {
    expect(checkSettings(fields, given).problems).toEqual([{ field: "a", message }])
  })
})
