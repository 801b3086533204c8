/**
 * Making destinations what a configuration file says (`document.ts`), inside the change that applies the rest of it. Each is compared with
 * what is there, so that applying it again changes nothing. Destinations that the file does not name stay; of those that it names, filters and
 * mappings are exactly the file's.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { CatalogEntry } from "../../catalog/entry.ts"
import type { Change } from "../../workspace/changes.ts"
import { at, type Problem } from "../../workspace/decode.ts"
import { sourceRows } from "../../workspace/source-rows.ts"
import { createCategory, readCategories, updateCategory } from "../manage/manage-consent.ts"
import { createDestination, updateDestination } from "../manage/manage-destinations.ts"
import { encryptionOf, setEncryption, setPublicKey } from "../manage/manage-encryption.ts"
import { createFilter, deleteFilter, readFilters, updateFilter } from "../manage/manage-filters.ts"
import { readIntegrationFilters, setIntegrationFilters } from "../manage/manage-integration-filters.ts"
import { createMapping, deleteMapping, readMappings, updateMapping } from "../manage/manage-mappings.ts"
import { type DestinationRefused, invalid } from "../manage/refused.ts"
import {
  type Changed,
  type DestinationRow,
  findAction,
  findDestination,
  readDestinations,
  type Room
} from "../manage/rows.ts"
import type { DeclaredCategory, DeclaredDestination, DeclaredDestinations, Values } from "./document.ts"
import { variableOf } from "./secret-reference.ts"

type Environment = Readonly<Record<string, string | undefined>>

/** Takes from `left` the first that fits. */
const takeFirst = <A>(left: Array<A>, fits: (item: A) => boolean): A | undefined => {
  const i = left.findIndex(fits)
  return i === -1 ? undefined : left.splice(i, 1)[0]
}

/** What is sent as a change: references are looked up, what the file does not have is taken away. */
const settingsToSend = (
  entry: CatalogEntry,
  declared: Values,
  before: DestinationRow | undefined,
  environment: Environment
): Effect.Effect<Values, DestinationRefused> =>
  Effect.gen(function* () {
    const sent: Record<string, unknown> = {}
    for (const { key, readOnly } of entry.settings) if (!readOnly && !(key in declared)) sent[key] = null
    for (const [key, value] of Object.entries(declared)) {
      const variable = variableOf(value)
      const found = variable === undefined ? undefined : environment[variable]
      if (variable === undefined) sent[key] = value
      else if (found !== undefined && found !== "") sent[key] = found
      else if (before?.secrets[key] === undefined)
        return yield* invalid(
          "SECRET_MISSING",
          `expected the secret in the environment variable ${variable}, which is not set`,
          `settings.${key}`
        )
    }
    return sent
  })

const applyFilters = (
  change: Change,
  entry: CatalogEntry,
  row: DestinationRow,
  { filters }: DeclaredDestination
): Changed<void> =>
  Effect.gen(function* () {
    const left = [...(yield* readFilters(change.sql, row))]
    const missing: typeof filters extends ReadonlyArray<infer A> ? Array<A> : never = []
    for (const filter of filters) {
      const same = takeFirst(left, ({ title }) => title === filter.title)
      if (same === undefined) missing.push(filter)
      else yield* updateFilter(change, row.id, same.id, filter)
    }
    for (const { id } of left) yield* deleteFilter(change, row.id, id)
    for (const filter of missing) yield* createFilter(change, entry, row.id, filter)
  })

const applyMappings = (
  change: Change,
  entry: CatalogEntry,
  row: DestinationRow,
  { mappings }: DeclaredDestination
): Changed<void> =>
  Effect.gen(function* () {
    const left = [...(yield* readMappings(change.sql, entry, row))]
    const missing: Array<(typeof mappings)[number]> = []
    for (const mapping of mappings) {
      const same = takeFirst(left, ({ name, actionSlug }) => name === mapping.name && actionSlug === mapping.action)
      if (same === undefined) missing.push(mapping)
      else {
        const { trigger, settings, enabled } = mapping
        yield* updateMapping(change, entry, row.id, same.id, { trigger, settings, enabled })
      }
    }
    for (const { id } of left) yield* deleteMapping(change, entry, row.id, id)
    for (const { action, ...draft } of missing)
      yield* createMapping(change, entry, row, { action: yield* findAction(entry, action), draft })
  })

const keyOf = (type: string, name: string | undefined): string => `${type} ${name ?? ""}`

const applyBlocks = (change: Change, row: DestinationRow, { blocks }: DeclaredDestination): Changed<void> =>
  Effect.gen(function* () {
    const current = (yield* readIntegrationFilters(change.sql, row.source)).filter(
      (each) => each.destinationId === row.id
    )
    const has = new Set(current.map(({ type, name }) => keyOf(type, name)))
    const wanted = [
      ...blocks.track.map((name) => ({ type: "track" as const, name })),
      ...(["identify", "group"] as const).filter((type) => blocks[type]).map((type) => ({ type, name: undefined }))
    ]
    const wants = new Set(wanted.map(({ type, name }) => keyOf(type, name)))
    const changes = [
      ...wanted
        .filter(({ type, name }) => !has.has(keyOf(type, name)))
        .map((each) => ({ ...each, destinationId: row.id, enabled: false })),
      ...current.filter(({ type, name }) => !wants.has(keyOf(type, name))).map((each) => ({ ...each, enabled: true }))
    ]
    if (changes.length > 0) yield* setIntegrationFilters(change, row.source, changes)
  })

const applyEncryption = (change: Change, row: DestinationRow, { encryption }: DeclaredDestination): Changed<void> =>
  Effect.gen(function* () {
    if (encryption === undefined) return
    const { enabled, fields, publicKey } = encryption
    if (publicKey !== null && publicKey !== encryptionOf(row).publicKey) yield* setPublicKey(change, row.id, publicKey)
    yield* setEncryption(change, row.id, { enabled, fields })
  })

const applyDestination = (
  change: Change,
  room: Room,
  declared: DeclaredDestination,
  sourceId: string,
  entry: CatalogEntry,
  environment: Environment
): Changed<void> =>
  Effect.gen(function* () {
    const { name, enabled, connectionMode, maxEventsPerSecond } = declared
    const before = (yield* readDestinations(change.sql, sourceId)).find((row) => row.name === name)
    if (before !== undefined && before.metadataId !== entry.id)
      return yield* invalid(
        "ENTRY_IMMUTABLE",
        `expected another name: ${name} is a destination of another kind`,
        "name"
      )
    const settings = yield* settingsToSend(entry, declared.settings, before, environment)
    const asked = { name, enabled, connectionMode, maxEventsPerSecond, settings }
    const id =
      before?.id ?? (yield* createDestination(change, room, entry, { ...asked, sourceId, metadataId: entry.id }))
    if (before !== undefined) yield* updateDestination(change, room, entry, id, asked)
    const row = yield* findDestination(change.sql, id)
    yield* applyFilters(change, entry, row, declared)
    yield* applyMappings(change, entry, row, declared)
    yield* applyBlocks(change, row, declared)
    yield* applyEncryption(change, row, declared)
  })

const applyCategory = (change: Change, category: DeclaredCategory, metadataIds: ReadonlyArray<string>): Changed<void> =>
  Effect.gen(function* () {
    const { id, name, enabled } = category
    const known = (yield* readCategories(change.sql)).some((each) => each.id === id)
    if (!known) yield* createCategory(change, { id, name, metadataIds })
    yield* updateCategory(change, id, { name, enabled, metadataIds })
  })

/** Refusals become problems with a path, so that all of them are told. */
export const applyDestinations = Effect.fnUntraced(function* (
  change: Change,
  room: Room,
  { destinations, categories }: DeclaredDestinations,
  environment: Environment
): Effect.fn.Return<ReadonlyArray<Problem>, SqlError.SqlError> {
  const problems: Array<Problem> = []
  const entries = yield* room.catalog.entries
  const entryOf = (name: string) => entries.find(({ id, slug }) => slug === name || id === name)
  const sources = new Map((yield* sourceRows(change.sql)).map(({ id, doc }) => [doc.slug, id]))
  const noting = (path: string, body: Changed<void>) =>
    body.pipe(
      Effect.catchTag("DestinationRefused", ({ field, message, problems: several }) =>
        Effect.sync(() => {
          for (const each of several ?? [{ field, message }])
            problems.push({ path: each.field === undefined ? path : `${path}.${each.field}`, expected: each.message })
        })
      )
    )
  for (const [i, declared] of destinations.entries()) {
    const path = at("destinations", i)
    const sourceId = sources.get(declared.source)
    const entry = entryOf(declared.destination)
    if (sourceId === undefined)
      problems.push({ path: at(path, "source"), expected: `expected the slug of a source, found "${declared.source}"` })
    if (entry === undefined)
      problems.push({
        path: at(path, "destination"),
        expected: `expected an entry of the catalog, found "${declared.destination}"`
      })
    if (sourceId === undefined || entry === undefined) continue
    yield* noting(path, applyDestination(change, room, declared, sourceId, entry, environment))
  }
  for (const [i, category] of categories.entries()) {
    const path = at("consentCategories", i)
    const found = category.destinations.map((name, n) => {
      const entry = entryOf(name)
      if (entry === undefined)
        problems.push({
          path: at(at(path, "destinations"), n),
          expected: `expected an entry of the catalog, found "${name}"`
        })
      return entry?.id
    })
    const ids = found.filter((id) => id !== undefined)
    if (ids.length === found.length) yield* noting(path, applyCategory(change, category, ids))
  }
  return problems
})
