/** Sources as people manage them, what a configuration file says of them, and the whole configuration as a file. */
import { Context, Effect, Layer, type Redacted, type Scope } from "effect"
import { generateKeyPairSync } from "node:crypto"
import { describe, expect, it } from "vitest"
import { catalogAndRunnerLive } from "../../src/catalog/runner-live.ts"
import { applyConfigurationText, exportedConfiguration } from "../../src/config-command.ts"
import { Settings } from "../../src/config.ts"
import { destinationsLive } from "../../src/destinations/snapshot.ts"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { Health } from "../../src/platform/health.ts"
import { vaultLayer } from "../../src/platform/vault.ts"
import { flushKeyUses, KeyUses } from "../../src/workspace/key-use.ts"
import { workspaceAlone } from "../../src/workspace/workspace-live.ts"
import { freshDatabase } from "../support/database.ts"
import {
  auditOf,
  fileSpace,
  installation,
  type Installation,
  type Process,
  sees,
  source
} from "../support/workspaces.ts"

const code = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => (error as { readonly code?: string }).code)

const managed = <A>(
  body: (process: Process, installation: Installation) => Effect.Effect<A, unknown, Scope.Scope>,
  file: object = { sources: [source("web")], spaces: [] }
) =>
  installation((made) =>
    Effect.gen(function* () {
      made.write(file)
      return yield* body(yield* made.start, made)
    })
  )

const sourceOf = ({ snapshot }: Process, id: string) => snapshot().sources.find((each) => each.id === id)
const audited = (process: Process) =>
  Effect.map(auditOf(process, null), (lines) => lines.filter((line) => line.startsWith("kim")))

describe("ING-114: a source", () => {
  it("is made, changed, and deleted; each is in force and told by the words of ADM-52", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management, snapshot } = process
        const { id, writeKey } = yield* management.createSource("kim", {
          slug: "app",
          kind: "mobile",
          name: " App ",
          labels: ["team:web"],
          settings: { ignoreBots: true }
        })
        expect(writeKey).toMatch(/^[0-9A-Za-z]{32}$/)
        expect(snapshot().sourceByWriteKey.get(writeKey!)).toMatchObject({
          id,
          slug: "app",
          name: "App",
          kind: "mobile",
          enabled: true,
          labels: ["team:web"],
          settings: { ignoreBots: true }
        })
        yield* management.updateSource("kim", id, {
          name: "App 2",
          enabled: false,
          settings: { ignoreBots: null, color: "red" }
        })
        yield* management.updateSource("kim", id, { name: "App 2" })
        expect(sourceOf(process, id)).toMatchObject({ name: "App 2", enabled: false, settings: { color: "red" } })
        yield* management.setSourceLabels("kim", id, ["environment:dev"], "add")
        expect(sourceOf(process, id)!.labels).toEqual(["environment:dev", "team:web"])
        yield* management.deleteSource("kim", id)
        expect(snapshot().sourceByWriteKey.has(writeKey!)).toBe(false)
        expect(yield* audited(process)).toEqual(
          ["Created", "Modified", "Settings Modified", "Disabled", "Modified", "Deleted"].map(
            (what) => `kim: Source ${what} (source ${id})`
          )
        )
      })
    ))

  it("is refused with a slug that is taken, of another form or changed, of an unknown kind, with labels or keys that clash", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management } = process
        const make = (more: object) => code(management.createSource("kim", { slug: "new", kind: "server", ...more }))
        expect(yield* make({ slug: "web" })).toBe("CONFLICT")
        expect(yield* make({ slug: "Web!" })).toBe("VALIDATION_FAILED")
        expect(yield* make({ kind: "toaster" })).toBe("VALIDATION_FAILED")
        expect(yield* make({ labels: ["team:a", "team:b"] })).toBe("CONFLICT")
        expect(yield* make({ writeKey: "wk_web" })).toBe("VALIDATION_FAILED")
        expect(yield* make({ kind: "event_cloud", writeKey: "wk_long_enough" })).toBe("VALIDATION_FAILED")
        expect(yield* make({ settings: { ignoreBots: "yes" } })).toBe("VALIDATION_FAILED")
        expect(yield* code(management.updateSource("kim", "src_web", { slug: "shop" }))).toBe("SLUG_IMMUTABLE")
        expect(yield* code(management.updateSource("kim", "src_x", { name: "X" }))).toBe("NOT_FOUND")
        expect((yield* management.sources()).map(({ slug }) => slug)).toEqual(["web"])
        const { writeKey } = yield* management.createSource("kim", { slug: "cloud", kind: "event_cloud" })
        expect(writeKey).toBeNull()
      })
    ))

  it("of the file can be changed until the file says otherwise, and deleted only there", () =>
    managed((process, { write }) =>
      Effect.gen(function* () {
        const { management, workspace } = process
        yield* management.updateSource("kim", "src_web", { name: "Shop", enabled: false })
        yield* management.setEventFilters("kim", "src_web", {
          track: ["E"],
          page: false,
          screen: false,
          identify: [],
          group: []
        })
        expect(yield* code(management.deleteSource("kim", "src_web"))).toBe("CONFLICT")
        write({ sources: [source("web", { name: "Website" })], spaces: [] })
        yield* workspace.reload
        expect(sourceOf(process, "src_web")).toMatchObject({ name: "Website", enabled: false })
        expect(sourceOf(process, "src_web")!.blocks!.track.has("E")).toBe(true)
        write({ sources: [source("web", { name: "Website", blocked: { track: ["F"] } })], spaces: [] })
        yield* workspace.reload
        expect([...sourceOf(process, "src_web")!.blocks!.track]).toEqual(["F"])
        write({ sources: [source("web", { name: "Website" })], spaces: [] })
        yield* workspace.reload
        expect(sourceOf(process, "src_web")!.blocks).toBeUndefined()
      })
    ))

  it("made here is never touched by the file, which cannot declare it or take its names", () =>
    managed((process, { write }) =>
      Effect.gen(function* () {
        const { management, workspace } = process
        const { id, writeKey } = yield* management.createSource("kim", { slug: "own", kind: "server" })
        write({ sources: [], spaces: [] })
        yield* workspace.reload
        expect(process.snapshot().sources.map(({ slug }) => slug)).toEqual(["own"])
        const refused = (content: object) => {
          write(content)
          return Effect.map(Effect.flip(workspace.reload), ({ problems }) => problems.map(({ path }) => path))
        }
        const of = (more: object) => refused({ sources: [{ ...source("x"), ...more }], spaces: [] })
        expect(yield* of({ id })).toEqual(["sources[0].id"])
        expect(yield* of({ slug: "own" })).toEqual(["sources[0].slug"])
        expect(yield* of({ writeKeys: [writeKey] })).toEqual(["sources[0].writeKeys[0]"])
      })
    ))

  it("that is deleted takes along what others keep of it, or stays as a whole; it leaves its spaces", () =>
    managed(
      (process) =>
        Effect.gen(function* () {
          const { management, snapshot } = process
          const { id } = yield* management.createSource("kim", { slug: "own", kind: "server" })
          yield* management.connectSources("kim", fileSpace, [id])
          const failing = management.deleteSource("kim", id, () => Effect.fail({ code: "IN_USE" }))
          expect(yield* code(failing)).toBe("IN_USE")
          expect(snapshot().spaceById.get(fileSpace)!.sources).toHaveLength(1)
          const gone: Array<string> = []
          yield* management.deleteSource("kim", id, (_, { doc }) => Effect.sync(() => void gone.push(doc.slug)))
          expect(gone).toEqual(["own"])
          expect(snapshot().spaceById.get(fileSpace)!.connections).toEqual([])
          expect((yield* auditOf(process, fileSpace)).at(-1)).toBe(`kim: Source Disconnected From Space (source ${id})`)
        }),
      { sources: [source("web")], spaces: [{ id: fileSpace, slug: "shop", kind: "dev", sources: [] }] }
    ))
})

describe("write keys", () => {
  it("AC1-35 ING-21 ADM-72: two at most, the old one is unknown once removed, the last one cannot go", () =>
    managed((process, { start }) =>
      Effect.gen(function* () {
        const { management, snapshot } = process
        const other = yield* start
        const key = yield* management.addWriteKey("kim", "src_web")
        const keys = () => snapshot().sources[0]!.writeKeys
        expect(keys()).toEqual(["wk_web", key])
        expect(yield* code(management.addWriteKey("kim", "src_web"))).toBe("CONFLICT")
        yield* sees(other, (seen) => seen.sourceByWriteKey.has(key))
        yield* management.removeWriteKey("kim", "src_web", "wk_web")
        yield* sees(other, (seen) => !seen.sourceByWriteKey.has("wk_web"))
        expect(keys()).toEqual([key])
        expect(yield* code(management.removeWriteKey("kim", "src_web", key))).toBe("CONFLICT")
        expect(yield* code(management.removeWriteKey("kim", "src_web", "wk_web"))).toBe("NOT_FOUND")
        // What is in the trail tells nobody a key.
        const [entry] = yield* process.database.write<{
          after: string
        }>`select after from audit where actor = 'kim' order by n`
        expect(entry!.after).not.toContain(key)
        expect(entry!.after).toContain(key.slice(0, 8))
      })
    ))

  it("ING-20: one that is in use elsewhere can be brought along; ING-21: its last use and library are told", () =>
    managed((process) =>
      Effect.gen(function* () {
        const { management, database } = process
        const { id } = yield* management.createSource("kim", {
          slug: "app",
          kind: "mobile",
          writeKey: "from_elsewhere"
        })
        const uses = new KeyUses()
        const at = Date.UTC(2026, 0, 1)
        uses.note(id, "from_elsewhere", at, () => "analytics-kotlin")
        uses.note(id, "from_elsewhere", at + 5_000, () => "never asked")
        uses.note("src_web", "removed_meanwhile", at, () => null)
        yield* flushKeyUses(database.write, uses)
        const [view] = yield* management.sources(id)
        expect(view!.writeKeys).toEqual([
          {
            key: "from_elsewhere",
            createdAt: expect.any(Number),
            createdBy: "kim",
            lastUsedAt: at + 5_000,
            lastLibrary: "analytics-kotlin"
          }
        ])
        expect((yield* management.sources("src_web"))[0]!.writeKeys.map(({ key }) => key)).toEqual(["wk_web"])
      })
    ))
})

describe("ING-134: event filters", () => {
  it("are set as a whole, or switched one by one without undoing others; they are in force in every process", () =>
    managed((process, { start }) =>
      Effect.gen(function* () {
        const { management } = process
        const other = yield* start
        yield* Effect.all(
          ["B", "A"].map((name) =>
            management.changeEventFilters("kim", "src_web", [{ type: "track", name, blocked: true }])
          ),
          { concurrency: 2 }
        )
        expect((yield* management.eventFilters("src_web")).track).toEqual(["A", "B"])
        yield* sees(other, ({ sources }) => sources[0]!.blocks?.track.size === 2)
        yield* management.changeEventFilters("kim", "src_web", [
          { type: "track", name: "A", blocked: false },
          { type: "page", blocked: true },
          { type: "identify", name: "ssn", blocked: true }
        ])
        expect(yield* management.eventFilters("src_web")).toEqual({
          track: ["B"],
          page: true,
          screen: false,
          identify: ["ssn"],
          group: []
        })
        const none = { track: [], page: false, screen: false, identify: [], group: [] }
        expect(yield* code(management.setEventFilters("kim", "src_web", { ...none, track: ["x".repeat(201)] }))).toBe(
          "VALIDATION_FAILED"
        )
        yield* management.setEventFilters("kim", "src_web", none)
        expect(sourceOf(process, "src_web")!.blocks).toBeUndefined()
        expect((yield* audited(process)).length).toBe(4)
      })
    ))
})

const masterKey = Buffer.alloc(32, 3)
const { publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" }
})

/** An installation that nobody has started yet, with what `braid config` has at hand. */
const beside = (url: Redacted.Redacted) =>
  Effect.map(
    Layer.build(
      destinationsLive.pipe(
        Layer.provideMerge(vaultLayer(Effect.succeed({ current: masterKey, previous: undefined }))),
        Layer.provideMerge(workspaceAlone),
        Layer.provideMerge(Layer.effect(Database, Effect.orDie(connectDatabase(url, { embedded: true })))),
        Layer.provideMerge(catalogAndRunnerLive),
        Layer.provideMerge(Health.layer),
        Layer.provideMerge(Settings.layer),
        Layer.fresh
      )
    ),
    (context) => {
      const sql = Context.get(context, Database).write
      return {
        exported: Effect.provide(exportedConfiguration, context),
        apply: (file: object, environment: Readonly<Record<string, string>> = {}, dryRun = false) =>
          Effect.map(
            Effect.provide(applyConfigurationText("file.json", JSON.stringify(file), dryRun, environment), context),
            (entries) => entries.map(({ action }) => action)
          ),
        version: Effect.map(sql<{ n: number }>`select version::int as n from workspace`, ([row]) => row!.n)
      }
    }
  )

const rules = { identifiers: [{ type: "user_id", limit: 1, window: "ever" }] }
const whole = {
  labels: [{ label: "team:web", description: "Web" }],
  oauthApplications: [
    {
      id: "app_shop",
      name: "Shop",
      tokenDays: 7,
      scopes: ["tracking_api:write"],
      keys: [{ id: "key_1", name: "first", publicKey }]
    }
  ],
  sources: [
    source("web", {
      kind: "website",
      labels: ["team:web"],
      blocked: { track: ["Noise"], page: true, identify: ["ssn"] }
    }),
    source("srv", {
      kind: "server",
      enabled: false,
      settings: { a: 1 },
      oauth: { application: "app_shop", enabled: true }
    })
  ],
  spaces: [
    {
      id: fileSpace,
      slug: "shop",
      name: "Shop",
      kind: "prod",
      sources: ["web"],
      rules,
      connectionPolicy: ["team:web"],
      filters: [{ name: "no noise", fql: 'event = "N"', enabled: false }]
    }
  ],
  tokens: [{ name: "t", space: "shop", secret: "pt_t", scopes: ["profiles:read"] }],
  destinations: [
    {
      source: "web",
      name: "Hook",
      destination: "actions-webhook",
      settings: { sharedSecret: { env: "HOOK" } },
      filters: [{ title: "Drop", if: 'event = "A"', actions: [{ type: "DROP" }] }],
      mappings: [
        {
          name: "Send",
          action: "send",
          trigger: 'type = "track"',
          settings: { url: "https://x.example", method: "POST", data: { "@path": "$." } },
          enabled: true
        }
      ],
      blocked: { track: ["B"], identify: true }
    }
  ],
  consentCategories: [{ id: "ads", name: "Ads", destinations: ["actions-webhook"] }]
}
const secrets = { HOOK: "s3cret", BRAID_SECRET_WEB_HOOK_SHARED_SECRET: "s3cret" }

const twoDatabases = <A>(
  body: (
    one: Effect.Success<ReturnType<typeof beside>>,
    two: Effect.Success<ReturnType<typeof beside>>
  ) => Effect.Effect<A, unknown>
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        return yield* body(yield* beside(yield* freshDatabase), yield* beside(yield* freshDatabase))
      })
    )
  )

describe("braid config", () => {
  it("applies everything, twice changes nothing; what it exports makes an empty installation the same", () =>
    twoDatabases((one, two) =>
      Effect.gen(function* () {
        const before = yield* one.version
        const told = yield* one.apply(whole, secrets, true)
        expect(told).toContain("Integration Created")
        expect(told).toContain("Source OAuth Enabled")
        expect(yield* one.version).toBe(before)
        expect(yield* one.apply(whole, secrets)).toEqual(told)
        const applied = yield* one.version
        expect(yield* one.apply(whole, secrets)).toEqual([])
        // The secret is there; nobody has to say it again.
        expect(yield* one.apply(whole)).toEqual([])
        const exported = yield* one.exported
        expect(JSON.stringify(exported)).not.toContain("s3cret")
        expect(yield* one.apply(exported)).toEqual([])
        expect(yield* one.version).toBe(applied)
        yield* two.apply(exported, secrets)
        expect(yield* two.exported).toEqual(exported)
        expect(yield* two.apply(exported)).toEqual([])
      })
    ))

  it("changes and takes away what the file says otherwise, leaves what it does not name, and nothing when something is wrong", () =>
    twoDatabases((one) =>
      Effect.gen(function* () {
        yield* one.apply(whole, secrets)
        const [hook] = whole.destinations
        const [web, srv] = whole.sources
        expect(
          yield* one.apply({
            ...whole,
            spaces: [{ ...whole.spaces[0]!, sources: [], filters: [] }],
            destinations: [
              { ...hook!, enabled: false, filters: [], mappings: [{ ...hook!.mappings[0]!, trigger: 'type = "page"' }] }
            ]
          })
        ).toEqual([
          "Event Filter Deleted",
          "Source Disconnected From Space",
          "Integration Disabled",
          "Destination Filter Deleted",
          "Mapping Modified"
        ])
        expect(yield* one.apply({ sources: [{ ...web!, name: "Website" }], spaces: [] })).toEqual(["Source Modified"])
        const before = yield* one.exported
        const wrong = {
          ...whole,
          sources: [
            { ...web!, name: "Not this" },
            { ...srv!, kind: "http" }
          ],
          destinations: [
            hook,
            { ...hook!, source: "nowhere" },
            { ...hook!, name: "No secret", settings: { sharedSecret: { env: "NOT_SET" } } }
          ]
        }
        const failed = (file: object) =>
          Effect.map(Effect.flip(one.apply(file)), (error) =>
            (error as { readonly problems: ReadonlyArray<{ readonly path: string }> }).problems.map(({ path }) => path)
          )
        expect(yield* failed(wrong)).toEqual(["sources[1].kind"])
        expect(yield* failed({ ...wrong, sources: [{ ...web!, name: "Not this" }, srv] })).toEqual([
          "destinations[1].source",
          "destinations[2].settings.sharedSecret"
        ])
        expect(yield* one.exported).toEqual(before)
      })
    ))

  it("is not what Braid starts with: a file with destinations is refused there, and says why", () =>
    installation(({ write, start }) =>
      Effect.gen(function* () {
        write({ sources: [], spaces: [], destinations: [] })
        const error = yield* Effect.flip(start)
        expect(String((error as Error).message)).toContain("braid config apply")
      })
    ))
})
