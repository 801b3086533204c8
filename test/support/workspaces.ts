/** Live workspaces on one database, as several processes would have them, each with its own connections. */
import { Effect, Layer, Logger, type Scope } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { Health } from "../../src/platform/health.ts"
import { type AuditEntry, readAudit } from "../../src/workspace/audit.ts"
import { makeManagement, type Management } from "../../src/workspace/management.ts"
import { Workspace, type WorkspaceSnapshot } from "../../src/workspace/workspace.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"
import { freshDatabase } from "./database.ts"

export const source = (slug: string, more: object = {}) => ({
  id: `src_${slug}`,
  slug,
  name: slug,
  kind: "http",
  writeKeys: [`wk_${slug}`],
  ...more
})

export const fileSpace = "spa_0123456789abcdefghijkl"

export interface Process {
  readonly workspace: Workspace["Service"]
  readonly management: Management
  readonly database: Database["Service"]
  readonly health: Health["Service"]
  readonly snapshot: () => WorkspaceSnapshot
}

export interface Installation {
  /** Replaces the configuration file. */
  readonly write: (content: object) => void
  readonly removeFile: () => void
  /** Starts a process; it ends with the scope. */
  readonly start: Effect.Effect<Process, unknown, Scope.Scope>
}

/** Runs `body` with an empty database and a folder for the configuration file. */
export const installation = <A>(
  body: (installation: Installation) => Effect.Effect<A, unknown, Scope.Scope>,
  settings: Partial<SettingsValue> = {}
): Promise<A> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-spaces-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    )
    const configFile = join(folder, "config.json")
    const url = yield* freshDatabase
    const layer = workspaceLive.pipe(
      Layer.provideMerge(Layer.effect(Database, Effect.orDie(connectDatabase(url, { embedded: true })))),
      Layer.provideMerge(Health.layer),
      Layer.provideMerge(
        Layer.effect(
          Settings,
          Effect.map(Settings, (all): SettingsValue => ({ ...all, configFile, ...settings }))
        ).pipe(Layer.provide(Settings.layer))
      ),
      Layer.fresh
    )
    const start = Effect.gen(function* () {
      const context = yield* Layer.build(layer)
      return yield* Effect.gen(function* () {
        const workspace = yield* Workspace
        const management = yield* makeManagement
        const database = yield* Database
        const health = yield* Health
        return { workspace, management, database, health, snapshot: workspace.current } satisfies Process
      }).pipe(Effect.provide(context))
    })
    return yield* body({
      write: (content) => writeFileSync(configFile, JSON.stringify(content)),
      removeFile: () => rmSync(configFile, { force: true }),
      start
    })
  }).pipe(Effect.scoped, Effect.provide(Logger.layer([])), Effect.runPromise)

/** Waits until the process sees what it should. */
export const sees = (
  { workspace }: Process,
  what: (snapshot: WorkspaceSnapshot) => boolean
): Effect.Effect<void, never> =>
  Effect.scoped(
    Effect.callback<void, never>((resume) => {
      const check = () => {
        if (what(workspace.current())) resume(Effect.void)
      }
      const scoped = Effect.runFork(Effect.scoped(Effect.andThen(workspace.onChange(check), Effect.never)))
      check()
      return Effect.sync(() => scoped.interruptUnsafe())
    })
  ).pipe(Effect.timeout("5 seconds"), Effect.orDie)

/** Actor and action of the audit entries of a space (null: of the workspace), the oldest first. */
export const auditOf = ({ database }: Process, space: string | null) =>
  Effect.map(
    space === null
      ? database.write<AuditEntry>`select actor, action, target from audit where space is null order by n`
      : Effect.map(readAudit(database.write, { spaceId: space, limit: 1000 }), (entries) => entries.toReversed()),
    (entries) => entries.map(({ actor, action, target }) => `${actor}: ${action} (${target})`)
  )
