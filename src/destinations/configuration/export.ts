/** Destinations, their filters and mappings, and categories of consent, as a configuration file has them; see `document.ts`. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Catalog } from "../../catalog/runner.ts"
import type { WorkspaceSnapshot } from "../../workspace/workspace.ts"
import { readCategories } from "../manage/manage-consent.ts"
import { encryptionOf } from "../manage/manage-encryption.ts"
import { readFilters } from "../manage/manage-filters.ts"
import { readIntegrationFilters } from "../manage/manage-integration-filters.ts"
import { readMappings } from "../manage/manage-mappings.ts"
import { type DestinationRow, readDestinations } from "../manage/rows.ts"
import type { Values } from "./document.ts"
import { secretVariable } from "./secret-reference.ts"

type Catalogue = Pick<Catalog["Service"], "find">

const slugOf = (catalog: Catalogue, metadataId: string) =>
  Effect.map(catalog.find(metadataId), (entry) => entry?.slug ?? metadataId)

const inOrder = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))

const settingsOf = ({ name, secrets, settings }: DestinationRow, sourceSlug: string): Values =>
  inOrder({
    ...settings,
    ...Object.fromEntries(Object.keys(secrets).map((key) => [key, { env: secretVariable(sourceSlug, name, key) }]))
  })

const exportOne = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  catalog: Catalogue,
  row: DestinationRow,
  sourceSlug: string
): Effect.fn.Return<Values, SqlError.SqlError> {
  const entry = yield* catalog.find(row.metadataId)
  const filters = yield* readFilters(sql, row)
  const mappings = yield* readMappings(sql, entry, row)
  const blocks = (yield* readIntegrationFilters(sql, row.source)).filter(
    ({ destinationId }) => destinationId === row.id
  )
  const has = (type: "identify" | "group") => blocks.some((block) => block.type === type)
  const track = blocks.flatMap(({ name, type }) => (type === "track" ? [name!] : []))
  const { enabled, fields, publicKey } = encryptionOf(row)
  return {
    source: sourceSlug,
    name: row.name,
    destination: entry?.slug ?? row.metadataId,
    enabled: row.enabled,
    settings: settingsOf(row, sourceSlug),
    ...(row.connectionMode === "device" ? { connectionMode: "device" } : undefined),
    ...(row.maxEventsPerSecond === null ? undefined : { maxEventsPerSecond: row.maxEventsPerSecond }),
    filters: filters.map(({ title, description, if: fql, actions, enabled }) => ({
      title,
      ...(description === null ? undefined : { description }),
      if: fql,
      actions,
      enabled
    })),
    mappings: mappings.map(({ name, actionSlug, trigger, settings, enabled }) => ({
      name,
      action: actionSlug,
      trigger,
      settings,
      enabled
    })),
    ...(blocks.length === 0
      ? undefined
      : {
          blocked: {
            ...(track.length === 0 ? undefined : { track }),
            ...(has("identify") ? { identify: true } : undefined),
            ...(has("group") ? { group: true } : undefined)
          }
        }),
    ...(publicKey === null && fields.length === 0 ? undefined : { encryption: { enabled, fields, publicKey } })
  }
})

export const exportDestinations = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  catalog: Catalogue,
  { sources }: Pick<WorkspaceSnapshot, "sources">
): Effect.fn.Return<Values, SqlError.SqlError> {
  const slugs = new Map(sources.map(({ id, slug }) => [id, slug]))
  // One of a source that has left the configuration file waits for it to come back.
  const rows = (yield* readDestinations(sql)).filter(({ source }) => slugs.has(source))
  const destinations = yield* Effect.forEach(rows, (row) => exportOne(sql, catalog, row, slugs.get(row.source)!))
  const categories = yield* Effect.forEach(yield* readCategories(sql), ({ id, name, enabled, metadataIds }) =>
    Effect.map(
      Effect.forEach(metadataIds, (metadataId) => slugOf(catalog, metadataId)),
      (destinations) => ({ id, name, enabled, destinations: destinations.sort() })
    )
  )
  return {
    ...(destinations.length === 0 ? undefined : { destinations }),
    ...(categories.length === 0 ? undefined : { consentCategories: categories })
  }
})
