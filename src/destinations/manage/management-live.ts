/** The live `DestinationManagement`. What talks to vendors runs outside of transactions: one change at a time is made, in all processes. */
import { Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { Catalog, DestinationRunner } from "../../catalog/runner.ts"
import { Database } from "../../platform/database.ts"
import { Vault } from "../../platform/vault.ts"
import { type Change, changeWorkspace } from "../../workspace/changes.ts"
import { compileFilters } from "../compiled.ts"
import { Destinations } from "../destination.ts"
import { DestinationManagement } from "./destination-management.ts"
import { parseActions } from "./filter-actions.ts"
import { unavailable, withHook } from "./hooks.ts"
import * as consent from "./manage-consent.ts"
import {
  connect,
  createDestination,
  deleteDestination,
  settingsToCopy,
  updateDestination
} from "./manage-destinations.ts"
import { encryptionOf, newKeyPair, setEncryption, setPublicKey } from "./manage-encryption.ts"
import { checkStatement, createFilter, deleteFilter, findFilter, readFilters, updateFilter } from "./manage-filters.ts"
import { readIntegrationFilters, setIntegrationFilters } from "./manage-integration-filters.ts"
import {
  createMapping,
  defaultDraft,
  deleteMapping,
  duplicateMapping,
  findMapping,
  readMappings,
  updateMapping
} from "./manage-mappings.ts"
import { type DestinationRefused, invalid } from "./refused.ts"
import { findAction, findDestination, findEntry, readDestinations, type Room, targetOf, viewOf } from "./rows.ts"
import { unknownEntry } from "../stored.ts"
import { mergeSettings } from "./settings.ts"

const testTimeout = "15 seconds"

const make = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const destinations = yield* Destinations
  const room: Room = {
    vault: yield* Vault,
    catalog: yield* Catalog,
    runner: yield* DestinationRunner,
    storeTokens: destinations.storeTokens
  }

  const changing = <A>(
    actor: string,
    body: (change: Change) => Effect.Effect<A, DestinationRefused | SqlError.SqlError>
  ) => Effect.tap(changeWorkspace(sql, actor, body), destinations.refresh)

  const row = (id: string) => findDestination(sql, id)
  const view = (id: string) => Effect.map(row(id), viewOf)
  const entryOf = (id: string) => Effect.flatMap(row(id), ({ metadataId }) => findEntry(room, metadataId))

  /** DST-10: a warning, never a refusal. Not stored when the settings have changed meanwhile. */
  const testCredentials = Effect.fnUntraced(function* (id: string) {
    const tested = yield* row(id)
    const entry = yield* room.catalog.find(tested.metadataId)
    if (entry?.testsAuthentication !== true) return
    const result = yield* room.runner.testAuthentication(targetOf(room, tested)).pipe(
      Effect.timeoutOption(testTimeout),
      Effect.map((answer) => (answer._tag === "Some" ? answer.value : undefined)),
      Effect.catchTag("RunnerUnavailable", () => Effect.undefined)
    )
    if (result === undefined) return
    yield* sql`update destinations set credentials = ${result.ok ? "ok" : "failed"}, credentials_message = ${result.ok ? null : result.message}
      where no = ${tested.no} and secrets = ${JSON.stringify(tested.secrets)} and settings = ${JSON.stringify(tested.settings)}`
  })
  const tested = (id: string) => Effect.andThen(testCredentials(id), view(id))

  const filterView = (destinationId: string, id: string) =>
    Effect.flatMap(row(destinationId), (destination) => findFilter(sql, destination, id))

  const mappingView = Effect.fnUntraced(function* (destinationId: string, id: string) {
    const destination = yield* row(destinationId)
    return yield* findMapping(sql, yield* room.catalog.find(destination.metadataId), destination, id)
  })

  return DestinationManagement.of({
    destinations: (sourceId) => Effect.map(readDestinations(sql, sourceId), (rows) => rows.map(viewOf)),
    destination: view,
    createDestination: (actor, asked) =>
      Effect.gen(function* () {
        const entry = yield* findEntry(room, asked.metadataId)
        const id = yield* changing(actor, (change) => createDestination(change, room, entry, asked))
        return yield* tested(id)
      }),
    updateDestination: (actor, id, changes) =>
      Effect.gen(function* () {
        const { metadataId } = yield* row(id)
        // Also what nobody can execute any more can be renamed and switched off.
        const isSimple = changes.settings === undefined && changes.connectionMode === undefined
        const entry = yield* isSimple
          ? Effect.map(room.catalog.find(metadataId), (found) => found ?? unknownEntry(metadataId))
          : findEntry(room, metadataId)
        const hasToBeTested = yield* changing(actor, (change) => updateDestination(change, room, entry, id, changes))
        return yield* hasToBeTested ? tested(id) : view(id)
      }),
    deleteDestination: (actor, id) => changing(actor, (change) => deleteDestination(change, id)),
    copySettings: (actor, id, copy) =>
      Effect.gen(function* () {
        const entry = yield* entryOf(id)
        const hasToBeTested = yield* changing(actor, (change) =>
          Effect.gen(function* () {
            const from = yield* findDestination(sql, copy.fromDestinationId)
            const to = yield* findDestination(sql, id)
            if (from.metadataId !== to.metadataId || from.no === to.no)
              return yield* invalid(
                "COPY_OTHER_ENTRY",
                "Settings can be copied from another destination of the same entry only.",
                "fromDestinationId"
              )
            const settings = settingsToCopy(room, from, copy.secrets === true)
            const changed = yield* updateDestination(change, room, entry, id, { settings })
            if (copy.filters === true)
              for (const filter of yield* readFilters(sql, from))
                yield* createFilter(change, entry, id, { ...filter, sourceId: undefined })
            if (copy.mappings === true)
              for (const mapping of yield* readMappings(sql, entry, from))
                yield* createMapping(change, entry, to, {
                  action: yield* findAction(entry, mapping.actionSlug),
                  draft: mapping,
                  modelId: mapping.modelId
                })
            return changed
          })
        )
        return yield* hasToBeTested ? tested(id) : view(id)
      }),
    testAuthentication: (id, settings) =>
      Effect.gen(function* () {
        const stored = yield* row(id)
        const entry = yield* findEntry(room, stored.metadataId)
        if (!entry.testsAuthentication) return undefined
        if (settings === undefined) {
          yield* testCredentials(id)
          const { credentialsMessage, credentialsStatus } = yield* row(id)
          if (credentialsStatus !== "untested")
            return { ok: credentialsStatus === "ok", message: credentialsMessage ?? "" }
        }
        const merged = settings === undefined ? undefined : mergeSettings(room, entry, id, stored, settings)
        return yield* Effect.mapError(room.runner.testAuthentication(targetOf(room, stored, merged)), unavailable)
      }),
    choices: (id, { action, key, page, payload }) =>
      Effect.gen(function* () {
        const stored = yield* row(id)
        const { slug } = yield* findAction(yield* findEntry(room, stored.metadataId), action)
        const field = { actionSlug: slug, key, payload: payload ?? {}, page }
        return yield* Effect.mapError(room.runner.choices(targetOf(room, stored), field), unavailable)
      }),
    connect: (actor, id, tokens) =>
      Effect.andThen(
        changing(actor, (change) => connect(change, room, id, tokens)),
        tested(id)
      ),

    filters: (destinationId) => Effect.flatMap(row(destinationId), (destination) => readFilters(sql, destination)),
    filter: filterView,
    createFilter: (actor, destinationId, filter) =>
      Effect.gen(function* () {
        const entry = yield* entryOf(destinationId)
        const id = yield* changing(actor, (change) => createFilter(change, entry, destinationId, filter))
        return yield* filterView(destinationId, id)
      }),
    updateFilter: (actor, destinationId, id, changes) =>
      Effect.andThen(
        changing(actor, (change) => updateFilter(change, destinationId, id, changes)),
        filterView(destinationId, id)
      ),
    deleteFilter: (actor, destinationId, id) => changing(actor, (change) => deleteFilter(change, destinationId, id)),
    filterSteps: ({ actions, if: fql }) =>
      Effect.gen(function* () {
        const checked = { id: "unsaved", fql: yield* checkStatement(fql), actions: yield* parseActions(actions) }
        return compileFilters([checked])
      }),

    mappings: (destinationId) =>
      Effect.gen(function* () {
        const destination = yield* row(destinationId)
        return yield* readMappings(sql, yield* room.catalog.find(destination.metadataId), destination)
      }),
    mapping: mappingView,
    createMapping: (actor, destinationId, asked) =>
      Effect.gen(function* () {
        const destination = yield* row(destinationId)
        const entry = yield* findEntry(room, destination.metadataId)
        const preset = asked.preset === undefined ? undefined : entry.presets.find(({ name }) => name === asked.preset)
        if (asked.preset !== undefined && preset === undefined)
          return yield* invalid(
            "PRESET_UNKNOWN",
            `${entry.name} has no preset ${JSON.stringify(asked.preset)}.`,
            "preset"
          )
        const action = yield* findAction(entry, asked.action ?? preset?.actionSlug ?? "")
        const defaults = defaultDraft(action, preset)
        const settings = yield* withHook(room.runner, targetOf(room, destination), action, {
          before: undefined,
          settings: asked.settings ?? defaults.settings,
          fromModel: typeof asked.modelId === "string"
        })
        const draft = {
          name: asked.name ?? defaults.name,
          trigger: asked.trigger ?? defaults.trigger,
          settings,
          enabled: asked.enabled ?? false
        }
        const id = yield* changing(actor, (change) =>
          Effect.flatMap(findDestination(sql, destinationId), (destination) =>
            createMapping(change, entry, destination, { action, draft, modelId: asked.modelId })
          )
        )
        return yield* mappingView(destinationId, id)
      }),
    updateMapping: (actor, destinationId, id, asked) =>
      Effect.gen(function* () {
        const destination = yield* row(destinationId)
        const entry = yield* findEntry(room, destination.metadataId)
        let changes = asked
        if (asked.settings !== undefined) {
          const before = yield* findMapping(sql, entry, destination, id)
          const action = yield* findAction(entry, before.actionSlug)
          const settings = yield* withHook(room.runner, targetOf(room, destination), action, {
            before: before.settings,
            settings: asked.settings,
            fromModel: before.modelId !== null
          })
          changes = { ...asked, settings }
        }
        yield* changing(actor, (change) => updateMapping(change, entry, destinationId, id, changes))
        return yield* mappingView(destinationId, id)
      }),
    deleteMapping: (actor, destinationId, id) =>
      Effect.gen(function* () {
        const { metadataId } = yield* row(destinationId)
        const entry = yield* room.catalog.find(metadataId)
        yield* changing(actor, (change) => deleteMapping(change, entry, destinationId, id))
      }),
    duplicateMapping: (actor, destinationId, id) =>
      Effect.gen(function* () {
        const entry = yield* entryOf(destinationId)
        const copy = yield* changing(actor, (change) => duplicateMapping(change, entry, destinationId, id))
        return yield* mappingView(destinationId, copy)
      }),

    encryption: (destinationId) => Effect.map(row(destinationId), encryptionOf),
    setEncryption: (actor, destinationId, encryption) =>
      Effect.andThen(
        changing(actor, (change) => setEncryption(change, destinationId, encryption)),
        Effect.map(row(destinationId), encryptionOf)
      ),
    generateEncryptionKeys: (actor, destinationId) =>
      Effect.gen(function* () {
        yield* row(destinationId)
        const { privateKey, publicKey } = yield* newKeyPair
        yield* changing(actor, (change) => setPublicKey(change, destinationId, publicKey))
        return { ...encryptionOf(yield* row(destinationId)), privateKey }
      }),

    consentCategories: consent.readCategories(sql),
    createConsentCategory: (actor, category) =>
      Effect.gen(function* () {
        for (const metadataId of category.metadataIds ?? []) yield* findEntry(room, metadataId)
        yield* changing(actor, (change) => consent.createCategory(change, category))
        return yield* consent.findCategory(sql, category.id)
      }),
    updateConsentCategory: (actor, id, changes) =>
      Effect.gen(function* () {
        for (const metadataId of changes.metadataIds ?? []) yield* findEntry(room, metadataId)
        yield* changing(actor, (change) => consent.updateCategory(change, id, changes))
        return yield* consent.findCategory(sql, id)
      }),
    deleteConsentCategory: (actor, id) => changing(actor, (change) => consent.deleteCategory(change, id)),

    integrationFilters: (sourceId) => readIntegrationFilters(sql, sourceId),
    setIntegrationFilters: (actor, sourceId, changes) =>
      Effect.andThen(
        changing(actor, (change) => setIntegrationFilters(change, sourceId, changes)),
        readIntegrationFilters(sql, sourceId)
      )
  })
})

export const destinationManagementLive = Layer.effect(DestinationManagement, make)
