/**
 * `braid config export`: everything that people have configured, as a file. `braid config apply`: makes it what a file says, whoever made it,
 * and leaves alone what the file does not name. Beside a running service or without one; processes that run take it over within seconds.
 */
import { Console, Effect } from "effect"
import { userInfo } from "node:os"
import { CommandFailed, readText } from "./command-input.ts"
import { Catalog, DestinationRunner } from "./catalog/runner.ts"
import { applyDestinations } from "./destinations/configuration/apply.ts"
import { type DeclaredDestinations, decodeDestinations } from "./destinations/configuration/document.ts"
import { Destinations } from "./destinations/destination.ts"
import { exportDestinations } from "./destinations/configuration/export.ts"
import { spaceSchema } from "./identity/schema.ts"
import { Database } from "./platform/database.ts"
import { Vault } from "./platform/vault.ts"
import { readRulesDocument } from "./profiles/rules-view.ts"
import { applyConfiguration } from "./workspace/apply-configuration.ts"
import type { Audited } from "./workspace/changes.ts"
import { parseConfiguration } from "./workspace/config-file.ts"
import { exportWorkspace } from "./workspace/export-configuration.ts"
import { writeConfigurationFile } from "./workspace/initial-file.ts"
import type { RulesDocument } from "./workspace/rules.ts"
import { encodeRules } from "./workspace/stored.ts"
import { ConfigFileInvalid, Workspace } from "./workspace/workspace.ts"

/** The rules in force by space; of those that were never resolved for, what was declared is. */
const rulesInForce = Effect.gen(function* () {
  const database = yield* Database
  const { spaces } = (yield* Workspace).current()
  const rules = new Map<string, RulesDocument>()
  for (const { id, rules: declared } of spaces) {
    const [there] = yield* database.read<{
      found: boolean
    }>`select to_regclass(${`${spaceSchema(id)}.rules`}) is not null as found`
    rules.set(id, (there!.found ? yield* readRulesDocument(database, id) : undefined) ?? declared)
  }
  return rules
})

/** The whole configuration as a document. */
export const exportedConfiguration = Effect.gen(function* () {
  const { read: sql } = yield* Database
  const snapshot = (yield* Workspace).current()
  const catalog = yield* Catalog
  return {
    ...(yield* exportWorkspace(sql, snapshot, yield* rulesInForce)),
    ...(yield* exportDestinations(sql, catalog, snapshot))
  }
})

/** To a file that only its owner can read, or to standard output. */
export const exportConfiguration = (file: string | undefined) =>
  Effect.gen(function* () {
    const document = yield* exportedConfiguration
    if (file === undefined) return yield* Console.log(JSON.stringify(document, undefined, 2))
    yield* Effect.try({
      try: () => writeConfigurationFile(file, document),
      catch: (error) =>
        new CommandFailed({ message: `${file} cannot be written: ${error instanceof Error ? error.message : error}` })
    })
    yield* Console.error(`The configuration was written to ${file}`)
  })

/** One line an entry: what happened to what. */
const lineOf = ({ action, target }: Audited): string => `  ${action}: ${target}`

const tellChanges = (entries: ReadonlyArray<Audited>, dryRun: boolean): string => {
  if (entries.length === 0) return "Nothing to change: everything is as the file says."
  const head = dryRun ? `Would change (${entries.length}):` : `Changed (${entries.length}):`
  return [head, ...entries.map(lineOf)].join("\n")
}

/** Answers the audit entries of what was changed, or would be. */
export const applyConfigurationText = (
  file: string,
  content: string,
  dryRun: boolean,
  environment: Readonly<Record<string, string | undefined>>
) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const workspace = yield* Workspace
    const { storeTokens } = yield* Destinations
    const room = { vault: yield* Vault, catalog: yield* Catalog, runner: yield* DestinationRunner, storeTokens }
    let declared: DeclaredDestinations = { destinations: [], categories: [] }
    const { configuration, problems } = parseConfiguration(content, (problems, whole) => {
      declared = decodeDestinations(problems, whole)
    })
    if (configuration === undefined) return yield* new ConfigFileInvalid({ file, problems })
    const rules = yield* rulesInForce
    const entries = yield* applyConfiguration(sql, {
      actor: `${userInfo().username} (braid config apply)`,
      file,
      configuration,
      rulesInForce: new Map([...rules].map(([id, document]) => [id, encodeRules(document)])),
      further: (change) => applyDestinations(change, room, declared, environment),
      dryRun
    })
    yield* workspace.refresh
    return entries
  })

export const applyConfigurationFile = (file: string, dryRun: boolean) =>
  Effect.gen(function* () {
    const content = yield* Effect.tryPromise({
      try: () => readText(file),
      catch: (error) =>
        new CommandFailed({
          message: `${file === "-" ? "Standard input" : file} cannot be read: ${error instanceof Error ? error.message : String(error)}`
        })
    })
    const entries = yield* applyConfigurationText(file, content, dryRun, process.env)
    yield* Console.log(tellChanges(entries, dryRun))
  })
