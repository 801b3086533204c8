/** Destinations managed in two processes on one database, with entries of every kind; for files that test what people change. */
import { Effect, Exit, Layer, Logger, Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
import { RunnerUnavailable, type Target } from "../../src/catalog/runner.ts"
import { Destinations, type DestinationsSnapshot } from "../../src/destinations/destination.ts"
import { DestinationManagement } from "../../src/destinations/manage/destination-management.ts"
import { DestinationRefused } from "../../src/destinations/manage/refused.ts"
import type { NewDestination } from "../../src/destinations/manage/views.ts"
import { Database } from "../../src/platform/database.ts"
import type { AuditEntry } from "../../src/workspace/audit.ts"
import { action, field } from "../destinations/entries.ts"
import { entry } from "../destinations/given.ts"
import { freshDatabase } from "./database.ts"
import { configuredSources, destinationProcess } from "./destinations.ts"
import { source } from "./workspaces.ts"

const preset = (name: string, trigger: string, type: "automatic" | "specificEvent" = "automatic") => ({
  name,
  trigger,
  type,
  actionSlug: "send",
  fields: { event: { "@path": "$.event" } }
})
export const mixpanel = entry({
  testsAuthentication: true,
  settings: [
    field("token", { required: true }),
    field("secret", { type: "password" }),
    field("region", {
      default: "EU",
      choices: [
        { value: "EU", label: "EU" },
        { value: "US", label: "US" }
      ]
    }),
    field("batch", { type: "integer" }),
    field("account", { readOnly: true })
  ],
  actions: [
    action("send", { fields: [field("event", { required: true }), field("note", { default: { "@path": "$.note" } })] }),
    action("list", { hooks: ["onMappingSave"], syncModes: ["upsert", "delete"] })
  ],
  presets: [
    preset("Track", 'type = "track"'),
    preset("Cart", 'event = "Cart"', "specificEvent"),
    preset("Page", 'type = "page"')
  ]
})
export const webhook = entry({
  id: "614a3c7d791c91c41bae7599",
  slug: "actions-webhook",
  name: "Webhooks (Actions)",
  maxMappings: 5,
  actions: [action("send")]
})
export const device = entry({
  id: "d".repeat(24),
  slug: "pixel",
  name: "Pixel",
  cloudModeInstances: "NONE",
  deviceModeInstances: "SINGLE"
})
export const both = entry({ id: "b".repeat(24), slug: "both", name: "Both", deviceModeInstances: "SINGLE" })
export const single = entry({ id: "c".repeat(24), slug: "one", name: "One", cloudModeInstances: "SINGLE" })
export const rawLogs = entry({ id: "e".repeat(24), slug: "s3", name: "S3", kind: "storage" })
const entries = [mixpanel, webhook, device, both, single, rawLogs]

const names = [
  "names",
  "limit",
  "modes",
  "secrets",
  "filters",
  "maps",
  "presets",
  "copy",
  "schema",
  "keys",
  "consent",
  "audit",
  "far"
]
const sources = [...names.map((name) => source(name)), source("app", { kind: "mobile" })]

/** What the executor was asked, and what it answers. */
export const asked = { tests: [] as Array<Target>, hooks: [] as Array<unknown>, ok: true, away: false, hookError: "" }
const runner = {
  testAuthentication: (target: Target) =>
    Effect.suspend(() => {
      asked.tests.push(target)
      if (asked.away) return Effect.fail(new RunnerUnavailable({ reason: "it is away" }))
      return Effect.succeed({ ok: asked.ok, message: asked.ok ? "" : "Credentials are invalid: 401 Unauthorized" })
    }),
  hook: (_: Target, { inputs }: { readonly inputs: unknown }) =>
    Effect.sync(() => {
      asked.hooks.push(inputs)
      return asked.hookError === "" ? { outputs: { id: `list-${asked.hooks.length}` } } : { error: asked.hookError }
    })
}

const masters = { current: Buffer.alloc(32, 7), previous: undefined }
type Services = Layer.Success<ReturnType<typeof destinationProcess>>
interface Process {
  readonly run: <A, E>(effect: Effect.Effect<A, E, Services>) => Promise<A>
}
const scope = Scope.makeUnsafe()
const processes: Array<Process> = []
/** In the process in which people change things. */
export const inFirst: Process["run"] = (effect) => processes[0]!.run(effect)
export const inSecond: Process["run"] = (effect) => processes[1]!.run(effect)

beforeAll(async () => {
  const [url, folder] = await Effect.all([freshDatabase, configuredSources(sources)]).pipe(
    Scope.provide(scope),
    Effect.runPromise
  )
  const start = async (): Promise<Process> => {
    const layer = destinationProcess({ url, folder, masters, entries, runner }).pipe(
      Layer.provideMerge(Logger.layer([]))
    )
    const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
    return { run: (effect) => Effect.runPromise(Effect.provideContext(effect, context)) }
  }
  processes.push(await start(), await start())
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

type Manage = DestinationManagement["Service"]
export const manage = <A, E>(body: (management: Manage) => Effect.Effect<A, E>) =>
  inFirst(Effect.flatMap(DestinationManagement, body))
export const refusalOf = <A, E>(body: (management: Manage) => Effect.Effect<A, E>): Promise<DestinationRefused> =>
  manage((management) =>
    Effect.flatMap(Effect.flip(body(management)), (error) =>
      error instanceof DestinationRefused ? Effect.succeed(error) : Effect.die(error)
    )
  )
export const refusal = async <A, E>(body: (management: Manage) => Effect.Effect<A, E>): Promise<string> => {
  const { code, kind } = await refusalOf(body)
  return `${kind} ${code}`
}
export const snapshot = () => inFirst(Effect.map(Destinations, ({ current }) => current()))
export const make = (from: string, changes: Partial<NewDestination> = {}) =>
  manage((it) =>
    it.createDestination("kim", {
      sourceId: `src_${from}`,
      metadataId: mixpanel.id,
      settings: { token: "t" },
      ...changes
    })
  )
export const auditOf = (target: string) =>
  inFirst(
    Effect.flatMap(
      Database,
      ({ write: sql }) => sql<AuditEntry>`select action, before, after from audit where target = ${target} order by n`
    )
  )

export const sees = (what: (snapshot: DestinationsSnapshot) => boolean) =>
  inSecond(
    Effect.flatMap(Destinations, ({ current, onChange }) =>
      Effect.scoped(
        Effect.gen(function* () {
          const seen = Promise.withResolvers<void>()
          const check = () => void (what(current()) && seen.resolve())
          yield* onChange(check)
          check()
          yield* Effect.promise(() => seen.promise)
        })
      )
    ).pipe(Effect.timeout("10 seconds"))
  )
