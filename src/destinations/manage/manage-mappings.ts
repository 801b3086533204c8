/** Mappings (DST-80 to DST-88, DST-92, DST-96): what may be saved, presets and defaults. What they do: Segment's package, behind the runner. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { CatalogAction, CatalogEntry, CatalogPreset } from "../../catalog/entry.ts"
import type { Change } from "../../workspace/changes.ts"
import { givenName } from "../../workspace/given-name.ts"
import { newSubscriptionId } from "../../workspace/secrets.ts"
import { missingFields, syncModeKey } from "../required.ts"
import { compileTrigger } from "../trigger.ts"
import { conditionsOf } from "./conditions.ts"
import { mappingProblems } from "./directives.ts"
import { DestinationRefused, invalid, refused } from "./refused.ts"
import {
  type Changed,
  type DestinationRow,
  difference,
  findAction,
  findDestination,
  ms,
  touch,
  type Values
} from "./rows.ts"
import type { MappingChanges, MappingView } from "./views.ts"

const longestName = 200
const maxSettingsBytes = 256 * 1024

interface Row extends Pick<
  MappingView,
  "id" | "name" | "actionSlug" | "enabled" | "trigger" | "modelId" | "createdAt" | "updatedAt"
> {
  readonly settings: string
}

/** A mapping whose action the entry does not have any more is shown as it is; nothing of it can be enabled. */
const viewOf = (row: Row, entry: CatalogEntry | undefined, destinationId: string): MappingView => {
  const action = entry?.actions.find(({ slug }) => slug === row.actionSlug)
  const settings = JSON.parse(row.settings) as Values
  return {
    ...row,
    settings,
    destinationId,
    actionId: action?.id ?? row.actionSlug,
    triggerConditions: conditionsOf(row.trigger, "trigger") ?? null,
    missing: action === undefined ? [] : missingFields(action, settings)
  }
}

/** In the order in which they were made. */
export const readMappings = (
  sql: PgClient.PgClient,
  entry: CatalogEntry | undefined,
  destination: Pick<DestinationRow, "no" | "id">
) =>
  sql
    .unsafe<Row>(
      `select id, name, action as "actionSlug", enabled, trigger, settings, model as "modelId", ${ms("created_at")} as "createdAt",
         ${ms("updated_at")} as "updatedAt" from destination_mappings where destination = $1 order by n`,
      [destination.no]
    )
    .pipe(Effect.map((rows) => rows.map((row) => viewOf(row, entry, destination.id))))

export const findMapping = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  entry: CatalogEntry | undefined,
  destination: DestinationRow,
  id: string
): Effect.fn.Return<MappingView, DestinationRefused | SqlError.SqlError> {
  const mappings = yield* readMappings(sql, entry, destination)
  return (
    mappings.find((mapping) => mapping.id === id) ??
    (yield* refused("not-found", "NOT_FOUND", `There is no mapping ${id} on this destination.`))
  )
})

/** A mapping before it is checked. */
export interface Draft {
  readonly name: string
  readonly trigger: string
  readonly settings: Values
  readonly enabled: boolean
}

/** The draft with its trigger as it is stored. */
const checkDraft = Effect.fnUntraced(function* (
  action: CatalogAction,
  draft: Draft
): Effect.fn.Return<Draft, DestinationRefused> {
  const name = givenName(draft.name, longestName)
  if (name === undefined)
    return yield* invalid("NAME_INVALID", `Give the mapping a name of 1 to ${longestName} visible characters.`, "name")
  const compiled = compileTrigger(draft.trigger)
  if (compiled.problem !== undefined) return yield* invalid("TRIGGER_INVALID", compiled.problem, "trigger")
  const { settings } = draft
  if (Buffer.byteLength(JSON.stringify(settings)) > maxSettingsBytes)
    return yield* invalid("MAPPING_INVALID", `The mapping is larger than ${maxSettingsBytes / 1024} KiB.`, "settings")
  const problems = [...mappingProblems(settings, new Set([syncModeKey, ...action.hooks]))]
  const syncMode = settings[syncModeKey]
  if (syncMode !== undefined && !action.syncModes.includes(String(syncMode)))
    problems.push({
      field: `settings.${syncModeKey}`,
      message:
        action.syncModes.length === 0
          ? "This action has no sync mode."
          : `Expected a sync mode of ${action.syncModes.join(", ")}.`
    })
  if (problems.length > 0)
    return yield* new DestinationRefused({
      kind: "invalid",
      code: "MAPPING_INVALID",
      message: problems.map(({ field, message }) => `${field}: ${message}`).join(" "),
      field: problems[0]!.field,
      problems
    })
  const missing = draft.enabled ? missingFields(action, settings) : []
  if (missing.length > 0)
    return yield* new DestinationRefused({
      kind: "invalid",
      code: "MAPPING_INCOMPLETE",
      message: `The mapping cannot be enabled before these fields are mapped: ${missing.join(", ")}.`,
      field: `settings.${missing[0]}`,
      problems: missing.map((key) => ({ field: `settings.${key}`, message: "It is required and not mapped." }))
    })
  return { name, trigger: compiled.trigger, settings, enabled: draft.enabled }
})

const told = ({ enabled, name, settings, trigger }: Draft): Values => ({ name, enabled, trigger, settings })
const targetName = (id: string): string => `mapping ${id}`

/** Of a preset, or of the action alone (DST-85). */
export const defaultDraft = (action: CatalogAction, preset: CatalogPreset | undefined): Draft => {
  const [syncMode] = action.syncModes
  const fields =
    preset?.fields ??
    Object.fromEntries(
      action.fields.flatMap((field) => (field.default === undefined ? [] : [[field.key, field.default]]))
    )
  return {
    name: preset?.name ?? action.name,
    trigger: preset?.trigger ?? action.defaultTrigger ?? 'type = "track"',
    settings: syncMode === undefined ? fields : { [syncModeKey]: syncMode, ...fields },
    enabled: false
  }
}

const checkRoom = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  entry: CatalogEntry,
  no: number
): Effect.fn.Return<void, DestinationRefused | SqlError.SqlError> {
  if (entry.kind !== "actions")
    return yield* invalid("MAPPING_UNSUPPORTED", `${entry.name} takes events as they are: it has no mappings.`)
  const [row] = yield* sql<{
    n: number
  }>`select count(*)::int as n from destination_mappings where destination = ${no}`
  if (row!.n >= entry.maxMappings)
    return yield* invalid(
      "MAPPING_LIMIT",
      `A destination of ${entry.name} has at most ${entry.maxMappings} mappings. Delete one first.`
    )
})

/** Answers the id. */
export const createMapping = Effect.fnUntraced(function* (
  change: Change,
  entry: CatalogEntry,
  destination: Pick<DestinationRow, "no" | "id">,
  asked: { readonly action: CatalogAction; readonly draft: Draft; readonly modelId?: string | null | undefined }
): Effect.fn.Return<string, DestinationRefused | SqlError.SqlError> {
  const { actor, at, audit, sql } = change
  const { action } = asked
  yield* checkRoom(sql, entry, destination.no)
  if ((asked.modelId ?? "").length > longestName)
    return yield* invalid("MODEL_INVALID", `The id of a model has at most ${longestName} characters.`, "modelId")
  const draft = yield* checkDraft(action, asked.draft)
  const id = newSubscriptionId()
  yield* sql`insert into destination_mappings (id, destination, action, name, trigger, settings, enabled, model, created_at, created_by, updated_at)
    values (${id}, ${destination.no}, ${action.slug}, ${draft.name}, ${draft.trigger}, ${JSON.stringify(draft.settings)}, ${draft.enabled},
      ${asked.modelId ?? null}, ${new Date(at)}, ${actor}, ${new Date(at)})`
  yield* touch(change, destination.no)
  const after = { destinationId: destination.id, action: action.slug, ...told(draft) }
  audit({ space: null, action: "Mapping Created", target: targetName(id), after })
  return id
})

/** "Quick set-up": the automatic presets, enabled (DST-85). */
export const addPresets = Effect.fnUntraced(function* (
  change: Change,
  entry: CatalogEntry,
  destination: Pick<DestinationRow, "no" | "id">
): Effect.fn.Return<void, DestinationRefused | SqlError.SqlError> {
  const automatic = entry.presets.filter(({ type }) => type === "automatic").slice(0, entry.maxMappings)
  for (const preset of automatic) {
    const action = entry.actions.find(({ slug }) => slug === preset.actionSlug)
    if (action === undefined) continue
    const draft = defaultDraft(action, preset)
    const enabled = missingFields(action, draft.settings).length === 0
    yield* createMapping(change, entry, destination, { action, draft: { ...draft, enabled } })
  }
})

export const updateMapping = (
  change: Change,
  entry: CatalogEntry,
  destinationId: string,
  id: string,
  changes: MappingChanges
): Changed<void> =>
  Effect.gen(function* () {
    const { at, audit, sql } = change
    const destination = yield* findDestination(sql, destinationId)
    const before = yield* findMapping(sql, entry, destination, id)
    const asked: Draft = {
      name: changes.name ?? before.name,
      trigger: changes.trigger ?? before.trigger,
      settings: changes.settings ?? before.settings,
      enabled: changes.enabled ?? before.enabled
    }
    const isOnlySwitchedOff =
      !asked.enabled && difference(told(before), told({ ...asked, enabled: before.enabled })) === undefined
    const after = isOnlySwitchedOff ? asked : yield* checkDraft(yield* findAction(entry, before.actionSlug), asked)
    const differs = difference(told({ ...before, enabled: after.enabled }), told(after))
    if (differs === undefined && after.enabled === before.enabled) return
    yield* sql`update destination_mappings set name = ${after.name}, trigger = ${after.trigger}, settings = ${JSON.stringify(after.settings)},
      enabled = ${after.enabled}, updated_at = ${new Date(at)} where id = ${id}`
    yield* touch(change, destination.no)
    if (differs !== undefined) audit({ space: null, action: "Mapping Modified", target: targetName(id), ...differs })
    if (after.enabled !== before.enabled)
      audit({
        space: null,
        action: after.enabled ? "Mapping Enabled" : "Mapping Disabled",
        target: targetName(id),
        before: { enabled: before.enabled },
        after: { enabled: after.enabled }
      })
  })

export const deleteMapping = (
  change: Change,
  entry: CatalogEntry | undefined,
  destinationId: string,
  id: string
): Changed<void> =>
  Effect.gen(function* () {
    const destination = yield* findDestination(change.sql, destinationId)
    const mapping = yield* findMapping(change.sql, entry, destination, id)
    yield* change.sql`delete from destination_mappings where id = ${id}`
    yield* touch(change, destination.no)
    const before = { destinationId, action: mapping.actionSlug, ...told(mapping) }
    change.audit({ space: null, action: "Mapping Deleted", target: targetName(id), before })
  })

/** Disabled, with everything else the same (DST-83). */
export const duplicateMapping = Effect.fnUntraced(function* (
  change: Change,
  entry: CatalogEntry,
  destinationId: string,
  id: string
): Effect.fn.Return<string, DestinationRefused | SqlError.SqlError> {
  const destination = yield* findDestination(change.sql, destinationId)
  const mapping = yield* findMapping(change.sql, entry, destination, id)
  const action = yield* findAction(entry, mapping.actionSlug)
  const suffix = " (Copy)"
  const name = `${[...mapping.name].slice(0, longestName - suffix.length).join("")}${suffix}`
  const draft = { name, trigger: mapping.trigger, settings: mapping.settings, enabled: false }
  return yield* createMapping(change, entry, destination, { action, draft, modelId: mapping.modelId })
})
