/** The catalog: read from `dist/catalog.json` when it is first asked for, with our own entries. */
import { Effect, Layer, Option } from "effect"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { builtins } from "./builtin/entries.ts"
import { checkSettings } from "./check-settings.ts"
import { Settings } from "../config.ts"
import { applications, entryOf, type WrittenDefinition } from "./definitions.ts"
import type { CatalogEntry } from "./entry.ts"
import { parseOAuthClients } from "./oauth-clients.ts"
import { Catalog } from "./runner.ts"

const file = fileURLToPath(new URL("../../dist/catalog.json", import.meta.url))
const script = fileURLToPath(new URL("../../scripts/catalog.mjs", import.meta.url))

const load = async (hasApplication: (id: string) => boolean): Promise<ReadonlyMap<string, CatalogEntry>> => {
  // The build makes it; a test that runs from the sources may be the first.
  if (!existsSync(file)) await promisify(execFile)(process.execPath, [script])
  const written = JSON.parse(await readFile(file, "utf8")) as ReadonlyArray<WrittenDefinition>
  const entries = [...written.map(entryOf), ...[...builtins.values()].map(({ entry }) => entry)]
  entries.sort((a, b) => a.name.localeCompare(b.name, "en"))
  const isMissing = (id: string) => (name: string) =>
    name === applications ? !hasApplication(id) : (process.env[name] ?? "") === ""
  return new Map(
    entries.map((entry) => [entry.id, { ...entry, operatorSetup: entry.operatorSetup.filter(isMissing(entry.id)) }])
  )
}

export const catalogLive = Layer.effect(
  Catalog,
  Effect.gen(function* () {
    const settings = yield* Effect.serviceOption(Settings)
    const clients = Option.isNone(settings) ? new Map() : yield* parseOAuthClients(settings.value.oauthClients)
    const loaded = yield* Effect.cached(Effect.promise(() => load((id) => clients.has(id))))
    return {
      entries: Effect.map(loaded, (entries) => [...entries.values()]),
      find: (metadataId) => Effect.map(loaded, (entries) => entries.get(metadataId)),
      checkSettings: (entry, settings) => checkSettings(entry.settings, settings)
    }
  })
)
