/** Destinations on a database, as several processes would have them, with a catalog and an executor in the test's hand. */
import { Effect, Layer, type Redacted } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { CatalogEntry } from "../../src/catalog/entry.ts"
import { checkSettings } from "../../src/catalog/check-settings.ts"
import { Catalog, DestinationRunner } from "../../src/catalog/runner.ts"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { destinationManagementLive } from "../../src/destinations/manage/management-live.ts"
import { destinationsLive } from "../../src/destinations/snapshot.ts"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { Health } from "../../src/platform/health.ts"
import type { MasterKeys } from "../../src/platform/master-key.ts"
import { vaultLayer } from "../../src/platform/vault.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"

export const catalogOf = (entries: ReadonlyArray<CatalogEntry>): Catalog["Service"] => ({
  entries: Effect.succeed(entries),
  find: (id) => Effect.succeed(entries.find((entry) => entry.id === id)),
  checkSettings: (entry, settings) => checkSettings(entry.settings, settings)
})

/** Answers nothing but what a test gives it. */
export const runnerOf = (answers: Partial<DestinationRunner["Service"]>): DestinationRunner["Service"] => ({
  call: () => Effect.die("not expected"),
  testAuthentication: () => Effect.undefined,
  choices: () => Effect.die("not expected"),
  hook: () => Effect.die("not expected"),
  deleteUser: () => Effect.die("not expected"),
  ...answers
})

/** A folder with a configuration file that declares these sources. */
export const configuredSources = (sources: ReadonlyArray<object>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "braid-destinations-"))
      writeFileSync(join(folder, "config.json"), JSON.stringify({ sources, spaces: [] }))
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

export interface ProcessOptions {
  readonly url: Redacted.Redacted
  readonly folder: string
  readonly masters: MasterKeys
  readonly entries: ReadonlyArray<CatalogEntry>
  readonly runner?: Partial<DestinationRunner["Service"]>
}

/** Everything that a process has of destinations. */
export const destinationProcess = ({ entries, folder, masters, runner = {}, url }: ProcessOptions) =>
  destinationManagementLive.pipe(
    Layer.provideMerge(destinationsLive),
    Layer.provideMerge(vaultLayer(Effect.succeed(masters))),
    Layer.provideMerge(Layer.succeed(Catalog, catalogOf(entries))),
    Layer.provideMerge(Layer.succeed(DestinationRunner, runnerOf(runner))),
    Layer.provideMerge(workspaceLive),
    Layer.provideMerge(Layer.effect(Database, Effect.orDie(connectDatabase(url, { embedded: true })))),
    Layer.provideMerge(Health.layer),
    Layer.provideMerge(
      Layer.effect(
        Settings,
        Effect.map(Settings, (all): SettingsValue => ({ ...all, configFile: join(folder, "config.json") }))
      ).pipe(Layer.provide(Settings.layer))
    ),
    Layer.fresh
  )
