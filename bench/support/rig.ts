/**
 * Everything below the HTTP surface on an embedded PostgreSQL of its own, for benchmarks: one space, one source,
 * limits off. The folder is removed at the end.
 */
import { Effect, Layer } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Settings, type SettingsValue } from "../../src/config.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { identityMigrations } from "../../src/identity/schema.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import type { EventLog } from "../../src/log/event-log.ts"
import { logMigrations } from "../../src/log/migrations.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { databaseLayer } from "../../src/platform/database-layer.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { type Source, type Space, Workspace, type WorkspaceSnapshot } from "../../src/workspace/workspace.ts"

export const source: Source = {
  no: 1,
  id: "src_web",
  slug: "web",
  name: "Website",
  kind: "website",
  writeKeys: ["wk_web"],
  enabled: true
}
export const space: Space = {
  id: "spa_0123456789abcdefghijkl",
  slug: "bench",
  name: "Bench",
  kind: "dev",
  sources: [source],
  rules: defaultRules
}
const snapshot: WorkspaceSnapshot = {
  sources: [source],
  sourceByNo: new Map([[1, source]]),
  sourceByWriteKey: new Map([["wk_web", source]]),
  spaces: [space],
  spaceById: new Map([[space.id, space]]),
  tokenByHash: new Map(),
  limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
}

/** A folder that an embedded PostgreSQL can live in, removed with the scope. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "braid-bench-"))
    chmodSync(folder, 0o755)
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const database = Layer.unwrap(
  Effect.map(temporaryFolder, (dataDir) => databaseLayer({ dataDir, migrations: [...logMigrations, ...identityMigrations] }))
)

const workspace = Layer.effect(
  Workspace,
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    yield* sql`insert into sources (no, id) overriding system value values (1, ${source.id}) on conflict do nothing`
    return Workspace.of({ current: () => snapshot, reload: Effect.void, onChange: () => Effect.void })
  })
)

const eventLog: Layer.Layer<EventLog, unknown, Database | Health> = postgresEventLog({
  limit: () => 0,
  queueBytes: 256 * 1024 * 1024
})

/** Log, graph and the running space actor; `settings` replace the defaults. */
export const rig = <E, R>(graph: Layer.Layer<IdentityGraph, E, R>, settings: Partial<SettingsValue> = {}) =>
  SpaceActors.layer.pipe(
    Layer.provideMerge(LiveGraphs.layer),
    Layer.provideMerge(graph),
    Layer.provideMerge(eventLog),
    Layer.provideMerge(workspace),
    Layer.provideMerge(
      Layer.effect(Settings, Effect.map(Settings, (value) => ({ ...value, ...settings }))).pipe(Layer.provide(Settings.layer))
    ),
    Layer.provideMerge(database),
    Layer.provideMerge(Health.layer)
  )
