/** Making, changing and deleting destinations (DST-1 to DST-13): the bodies of changes. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { CatalogEntry } from "../../catalog/entry.ts"
import type { OAuthTokens } from "../../catalog/runner.ts"
import type { Change } from "../../workspace/changes.ts"
import { newDestinationId } from "../../workspace/secrets.ts"
import { decodeSource } from "../../workspace/stored.ts"
import type { SourceKind } from "../../workspace/workspace.ts"
import { isMask, openSecrets, sealSecret, tokensPlace } from "../secrets.ts"
import { checkInstances, checkName, checkRate, chooseMode, freeName } from "./instance-rules.ts"
import { addPresets } from "./manage-mappings.ts"
import { type DestinationRefused, invalid, refused } from "./refused.ts"
import {
  type Changed,
  type DestinationRow,
  difference,
  findDestination,
  lockedVault,
  masked,
  readDestinations,
  type Room,
  touch,
  type Values
} from "./rows.ts"
import { isOnlyReadOnly, prepareSettings, replacedSecrets, settingsOfNew } from "./settings.ts"
import type { DestinationChanges, NewDestination } from "./views.ts"

const targetName = (id: string): string => `destination ${id}`

const sourceKind = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  id: string
): Effect.fn.Return<SourceKind, DestinationRefused | SqlError.SqlError> {
  const [row] = yield* sql<{ doc: string }>`select doc from sources where id = ${id} and doc is not null`
  return row === undefined
    ? yield* refused("not-found", "NOT_FOUND", `There is no source ${id}.`, "sourceId")
    : decodeSource(row.doc).kind
})

/** What the audit trail tells of a destination. */
const told = (
  row: Pick<
    DestinationRow,
    "name" | "enabled" | "source" | "metadataId" | "settings" | "secrets" | "connectionMode" | "maxEventsPerSecond"
  >
): Values => ({
  name: row.name,
  enabled: row.enabled,
  sourceId: row.source,
  metadataId: row.metadataId,
  settings: masked(row.settings, row.secrets),
  connectionMode: row.connectionMode,
  maxEventsPerSecond: row.maxEventsPerSecond
})

/** Answers the id. */
export const createDestination = Effect.fnUntraced(function* (
  change: Change,
  room: Room,
  entry: CatalogEntry,
  asked: NewDestination
): Effect.fn.Return<string, DestinationRefused | SqlError.SqlError> {
  const { actor, at, audit, sql } = change
  const kind = yield* sourceKind(sql, asked.sourceId)
  if (kind === "object_cloud")
    return yield* invalid("SOURCE_TYPE_UNSUPPORTED", "A source of objects has no events for a destination.", "sourceId")
  const siblings = yield* readDestinations(sql, asked.sourceId)
  const mode = yield* chooseMode(entry, asked.connectionMode)
  const ofEntry = siblings.filter(({ metadataId }) => metadataId === entry.id)
  yield* checkInstances(entry, kind, mode, ofEntry)
  const taken = new Set(siblings.map(({ name }) => name))
  const name = asked.name === undefined ? freeName(entry.name, taken) : yield* checkName(asked.name, taken)
  const rate = yield* checkRate(asked.maxEventsPerSecond)
  const id = newDestinationId()
  const nothing = { settings: {}, secrets: {} }
  const { secrets, settings } = yield* prepareSettings(room, entry, id, nothing, settingsOfNew(entry, asked.settings))
  const enabled = asked.enabled ?? true
  const [row] = yield* sql<{ no: number }>`
    insert into destinations (id, source, metadata_id, name, enabled, settings, secrets, connection_mode, max_events_per_second, revision,
      created_at, created_by, updated_at)
    values (${id}, ${asked.sourceId}, ${entry.id}, ${name}, ${enabled}, ${JSON.stringify(settings)}, ${JSON.stringify(secrets)}, ${mode}, ${rate},
      nextval('destination_revision'), ${new Date(at)}, ${actor}, ${new Date(at)})
    returning no`
  audit({
    space: null,
    action: "Integration Created",
    target: targetName(id),
    after: told({
      source: asked.sourceId,
      metadataId: entry.id,
      connectionMode: mode,
      maxEventsPerSecond: rate,
      name,
      enabled,
      settings,
      secrets
    })
  })
  if (asked.presets === true) yield* addPresets(change, entry, { no: row!.no, id })
  return id
})

/** Answers whether its credentials have to be tested again. */
export const updateDestination = Effect.fnUntraced(function* (
  change: Change,
  room: Room,
  entry: CatalogEntry,
  id: string,
  changes: DestinationChanges
): Effect.fn.Return<boolean, DestinationRefused | SqlError.SqlError> {
  const { audit, sql } = change
  const row = yield* findDestination(sql, id)
  if (changes.sourceId !== undefined && changes.sourceId !== row.source)
    return yield* refused(
      "bad-request",
      "SOURCE_IMMUTABLE",
      `A destination stays with its source. Make another on ${changes.sourceId} and copy the settings.`,
      "sourceId"
    )
  const others = Object.entries(changes).some(([key, value]) => key !== "settings" && value !== undefined)
  if (changes.settings !== undefined && !others && isOnlyReadOnly(entry, changes.settings))
    return yield* refused("bad-request", "SETTINGS_READ_ONLY", "These settings can only be read.", "settings")
  const siblings = (yield* readDestinations(sql, row.source)).filter((each) => each.id !== id)
  const name =
    changes.name === undefined
      ? row.name
      : yield* checkName(changes.name, new Set(siblings.map((sibling) => sibling.name)))
  const connectionMode =
    changes.connectionMode === undefined ? row.connectionMode : yield* chooseMode(entry, changes.connectionMode)
  if (connectionMode !== row.connectionMode) {
    const ofEntry = siblings.filter(({ metadataId }) => metadataId === row.metadataId)
    yield* checkInstances(entry, yield* sourceKind(sql, row.source), connectionMode, ofEntry)
  }
  const { secrets, settings } =
    changes.settings === undefined ? row : yield* prepareSettings(room, entry, id, row, changes.settings)
  const maxEventsPerSecond =
    changes.maxEventsPerSecond === undefined ? row.maxEventsPerSecond : yield* checkRate(changes.maxEventsPerSecond)
  const next = { ...row, name, connectionMode, secrets, settings, maxEventsPerSecond, enabled: row.enabled }
  const enabled = changes.enabled ?? row.enabled
  const replaced = replacedSecrets(row.secrets, secrets)
  const differs = difference(told(row), told(next))
  if (differs !== undefined || replaced.length > 0)
    audit({
      space: null,
      action: "Integration Modified",
      target: targetName(id),
      before: differs?.before ?? {},
      after: { ...differs?.after, ...(replaced.length > 0 ? { replacedSecrets: replaced } : undefined) }
    })
  if (enabled !== row.enabled)
    audit({
      space: null,
      action: enabled ? "Integration Enabled" : "Integration Disabled",
      target: targetName(id),
      before: { enabled: row.enabled },
      after: { enabled }
    })
  const hasOtherSettings = differs?.after["settings"] !== undefined || replaced.length > 0
  if (differs === undefined && replaced.length === 0 && enabled === row.enabled) return false
  yield* sql`update destinations set name = ${name}, enabled = ${enabled}, settings = ${JSON.stringify(settings)}, secrets = ${JSON.stringify(secrets)},
    connection_mode = ${connectionMode}, max_events_per_second = ${maxEventsPerSecond} where no = ${row.no}`
  if (hasOtherSettings) yield* forgetTest(change, row.no)
  yield* touch(change, row.no)
  return hasOtherSettings || (enabled && !row.enabled)
})

const forgetTest = ({ sql }: Change, no: number) =>
  sql`update destinations set credentials = 'untested', credentials_message = null where no = ${no}`

/** Its row stays without settings, so that its counts keep a name until they expire (DST-13). */
export const deleteDestination = (change: Change, id: string): Changed<void> =>
  Effect.gen(function* () {
    const { at, audit, sql } = change
    const row = yield* findDestination(sql, id)
    yield* sql`delete from destination_filters where destination = ${row.no}`
    yield* sql`delete from destination_mappings where destination = ${row.no}`
    yield* sql`delete from destination_schema_filters where destination = ${row.no}`
    yield* sql`update destinations set deleted_at = ${new Date(at)}, enabled = false, settings = '{}', secrets = '{}', tokens = null, encryption = null,
      credentials_message = null, revision = nextval('destination_revision') where no = ${row.no}`
    audit({ space: null, action: "Integration Deleted", target: targetName(id), before: told(row) })
  })

/** Those of a source that goes. */
export const deleteDestinationsOf = (change: Change, sourceId: string): Changed<void> =>
  Effect.flatMap(readDestinations(change.sql, sourceId), (rows) =>
    Effect.forEach(rows, ({ id }) => deleteDestination(change, id), { discard: true })
  )

/** What `copySettings` sends as a change of the other destination. */
export const settingsToCopy = ({ vault }: Room, from: DestinationRow, secrets: boolean): Values => ({
  ...from.settings,
  ...(secrets ? openSecrets(vault, from.id, from.secrets).secrets : {})
})

export const connect = (change: Change, room: Room, id: string, tokens: OAuthTokens): Changed<void> =>
  Effect.gen(function* () {
    const { audit, sql } = change
    const row = yield* findDestination(sql, id)
    if (tokens.accessToken === "" || isMask(tokens.accessToken))
      return yield* invalid("TOKENS_INVALID", "Expected an access token.", "accessToken")
    const sealed = yield* Effect.mapError(sealSecret(room.vault, id, tokensPlace, tokens), lockedVault)
    yield* sql`update destinations set tokens = ${sealed} where no = ${row.no}`
    yield* forgetTest(change, row.no)
    yield* touch(change, row.no)
    audit({
      space: null,
      action: "Integration Modified",
      target: targetName(id),
      before: { connected: row.tokens !== null },
      after: { connected: true, replacedSecrets: [tokensPlace] }
    })
  })
