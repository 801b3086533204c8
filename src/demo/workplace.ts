/** Where the demo runs: a folder that is fresh each time, a configuration with known keys, a port that is free. */
import { Effect, Layer } from "effect"
import { existsSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { Settings, type SettingsValue } from "../config.ts"
import { embeddedPostgres } from "../platform/embedded-postgres.ts"
import { Health } from "../platform/health.ts"
import { lockHolder } from "../platform/process-lock.ts"
import { newSecrets, writeConfigurationFile } from "../workspace/initial-file.ts"
import { demoSources } from "./call.ts"

/** Keys that can be typed; the demo holds nothing that is worth protecting. */
export const demoKeys = { web: "wk_demo_web", ios: "wk_demo_ios", android: "wk_demo_android" } as const
export const demoToken = "pt_demo"
/** For the console: may change rules, undo merges and read Insights, too. */
export const demoAdminToken = "pt_demo_admin"

const demoSpace = "spa_SegKicksDemo0000000001"

const kinds = { web: "website", ios: "mobile", android: "mobile" } as const
const names = { web: "Website", ios: "iOS app", android: "Android app" } as const

const configuration = (spaceId: string) => ({
  sources: demoSources.map((slug) => ({
    id: `src_${slug}`,
    slug,
    name: names[slug],
    kind: kinds[slug],
    writeKeys: [demoKeys[slug]],
    enabled: true
  })),
  spaces: [{ id: spaceId, slug: "segkicks", name: "SegKicks", kind: "dev", sources: demoSources }],
  tokens: [
    { name: "demo", space: "segkicks", secret: demoToken, scopes: ["profiles:read"] },
    { name: "demo admin", space: "segkicks", secret: demoAdminToken, scopes: ["admin"] }
  ],
  limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
})

/** Ends a server that outlived a killed demo; its folder is about to go. */
const endOrphan = (folder: string) =>
  existsSync(join(folder, "postgres", "data", "postmaster.pid"))
    ? embeddedPostgres({ dataDir: folder }).pipe(
        Effect.scoped,
        Effect.provide(Layer.fresh(Health.layer)),
        Effect.ignore
      )
    : Effect.void

/** `demo`, or `demo-2` and so on while other demos run. What an earlier demo left in it is removed. */
const freshFolder = Effect.fnUntraced(function* (dataDir: string) {
  for (let n = 1; ; n++) {
    const folder = join(dataDir, n === 1 ? "demo" : `demo-${n}`)
    const holder = lockHolder(join(folder, "postgres", "braid.pid"))
    if (holder !== undefined && n < 100) continue
    yield* endOrphan(folder)
    rmSync(folder, { recursive: true, force: true })
    return folder
  }
})

const isFree = (host: string, port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const probe = createServer()
    probe.once("error", () => resume(Effect.succeed(false)))
    probe.listen(port, host, () => probe.close(() => resume(Effect.succeed(true))))
  })

export interface Workplace {
  readonly settings: SettingsValue
  readonly spaceId: string
  /** Set when the wanted port was taken. */
  readonly takenPort: number | undefined
}

export const prepareWorkplace = Effect.gen(function* () {
  const wanted = yield* Settings
  const dataDir = yield* freshFolder(wanted.dataDir)
  // A Neo4j keeps the graphs of earlier demos: there, each run is a space of its own.
  const spaceId = wanted.graph === "neo4j" ? newSecrets().spaceId : demoSpace
  const configFile = join(dataDir, "config.json")
  writeConfigurationFile(configFile, configuration(spaceId))
  const free = wanted.port === 0 || (yield* isFree(wanted.host, wanted.port))
  return {
    settings: { ...wanted, dataDir, configFile, archiveDir: join(dataDir, "archive"), port: free ? wanted.port : 0 },
    spaceId,
    takenPort: free ? undefined : wanted.port
  } satisfies Workplace
})
