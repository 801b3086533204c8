/**
 * Destinations as Postgres holds them, in one statement, so that it is one moment - and only what is newer than what was read before:
 * `revision` goes up in the order of commits. So a change costs one destination, however many there are, and what did not change stays
 * the same object.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { CatalogEntry } from "../catalog/entry.ts"
import type { Catalog, OAuthTokens } from "../catalog/runner.ts"
import type { Vault } from "../platform/vault.ts"
import { compileFilters, compileMapping, type FilterAction } from "./compiled.ts"
import type { Destination, DestinationsSnapshot, Encryption } from "./destination.ts"
import { missingSettings } from "./required.ts"
import { openSecrets, type Sealed, tokensPlace } from "./secrets.ts"

interface StoredEncryption {
  readonly enabled: boolean
  readonly fields: ReadonlyArray<string>
  readonly publicKey: string | null
}

/** Texts are JSON. */
interface Row {
  readonly no: number
  readonly revision: number
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly source: string
  readonly sourceNo: number
  readonly metadataId: string
  readonly settings: string
  readonly secrets: string
  readonly tokens: string | null
  readonly mode: Destination["connectionMode"]
  readonly rate: number | null
  readonly encryption: string | null
  readonly createdAt: number
  readonly filters: ReadonlyArray<{ readonly id: string; readonly fql: string; readonly actions: string }>
  readonly mappings: ReadonlyArray<{
    readonly id: string
    readonly action: string
    readonly name: string
    readonly trigger: string
    readonly settings: string
    readonly enabled: boolean
  }>
  readonly blocks: ReadonlyArray<string>
}

const list = (query: string, order: string) =>
  `(select coalesce(json_agg(x order by x.${order}), '[]') from (${query}) x)`

const statement = `select (select version::float8 from workspace) as version,
  (select coalesce(json_agg(json_build_array(d.no, d.revision) order by d.no), '[]')::text
     from destinations d join sources s on s.id = d.source where d.deleted_at is null and s.doc is not null) as living,
  ${list(
    `select d.no, d.revision, d.id, d.name, d.enabled, d.source, s.no as "sourceNo", d.metadata_id as "metadataId", d.settings, d.secrets, d.tokens,
       d.connection_mode as mode, d.max_events_per_second as rate, d.encryption, (extract(epoch from d.created_at) * 1000)::float8 as "createdAt",
       ${list(`select n, id, fql, actions from destination_filters where destination = d.no and enabled`, "n")} as filters,
       ${list(`select n, id, action, name, trigger, settings, enabled from destination_mappings where destination = d.no`, "n")} as mappings,
       (select coalesce(json_agg(case type when 'track' then type || chr(10) || name else type end), '[]')
          from destination_schema_filters where destination = d.no) as blocks
     from destinations d join sources s on s.id = d.source
     where d.deleted_at is null and s.doc is not null and d.revision > $1::float8::bigint`,
    "no"
  )}::text as changed,
  ${list(
    `select c.n, c.id, e.metadata_id as entry from consent_categories c join consent_category_entries e on e.category = c.id where c.enabled`,
    "n"
  )}::text as consent`

/** Stands for an entry that the catalog does not have any more. */
export const unknownEntry = (id: string): CatalogEntry => ({
  id,
  slug: id,
  name: id,
  names: [],
  description: "",
  website: "",
  categories: [],
  status: "DEPRECATED",
  hidden: true,
  origin: "builtin",
  kind: "actions",
  scheme: "none",
  settings: [],
  actions: [],
  presets: [],
  testsAuthentication: false,
  deletesUsers: false,
  replay: false,
  integrationsDefault: true,
  supportedMethods: { track: false, identify: false, group: false, alias: false, page: false, screen: false },
  supportedPlatforms: { browser: false, server: false, mobile: false, warehouse: false },
  cloudModeInstances: "NONE",
  deviceModeInstances: "NONE",
  components: [],
  maxMappings: 0,
  operatorSetup: []
})

const encryptionOf = (text: string | null): Encryption | undefined => {
  if (text === null) return undefined
  const { enabled, fields, publicKey } = JSON.parse(text) as StoredEncryption
  return enabled && publicKey !== null ? { publicKey, fields: new Set(fields) } : undefined
}

const build = (vault: Vault["Service"], row: Row, known: CatalogEntry | undefined): Destination => {
  const { createdAt, enabled, id, metadataId, mode, name, no, rate, source, sourceNo } = row
  const entry = known ?? unknownEntry(metadataId)
  const { secrets, unreadable } = openSecrets(vault, id, JSON.parse(row.secrets) as Sealed)
  const settings = { ...(JSON.parse(row.settings) as Record<string, unknown>), ...secrets }
  const tokens = row.tokens === null ? undefined : openSecrets(vault, id, { [tokensPlace]: row.tokens })
  const opened = tokens?.secrets[tokensPlace] as OAuthTokens | undefined
  return {
    id,
    no,
    name,
    enabled,
    sourceId: source,
    source: sourceNo,
    entry,
    ...(known === undefined ? { unknownEntry: true } : undefined),
    settings,
    // What cannot be decrypted is as good as missing, also where it is optional: a request must not go out unsigned.
    missingSettings: [
      ...new Set([
        ...unreadable,
        ...(tokens?.unreadable ?? []),
        ...missingSettings(entry, settings, opened !== undefined)
      ])
    ],
    tokens: opened,
    connectionMode: mode,
    maxEventsPerSecond: rate ?? undefined,
    filters: compileFilters(
      row.filters.map(({ actions, ...filter }) => ({ ...filter, actions: JSON.parse(actions) as Array<FilterAction> }))
    ),
    mappings: row.mappings.map(({ action, settings, ...mapping }) =>
      compileMapping(entry, {
        id: mapping.id,
        name: mapping.name,
        enabled: mapping.enabled,
        trigger: mapping.trigger,
        actionSlug: action,
        settings: JSON.parse(settings) as Record<string, unknown>
      })
    ),
    consentCategories: [],
    schemaBlocks: new Set(row.blocks),
    encryption: encryptionOf(row.encryption),
    createdAt
  }
}

export const emptySnapshot: DestinationsSnapshot = { version: 0, all: [], byId: new Map(), bySource: new Map() }

const toSnapshot = (version: number, all: ReadonlyArray<Destination>): DestinationsSnapshot => ({
  version,
  all,
  byId: new Map(all.map((destination) => [destination.id, destination])),
  bySource: Map.groupBy(all, ({ source }) => source)
})

export const makeDestinationReader = (
  sql: PgClient.PgClient,
  vault: Vault["Service"],
  catalog: Catalog["Service"]
): Effect.Effect<DestinationsSnapshot, SqlError.SqlError> => {
  let kept: ReadonlyMap<number, Destination> = new Map()
  let newest = 0

  const read = Effect.fnUntraced(function* (after: number): Effect.fn.Return<DestinationsSnapshot, SqlError.SqlError> {
    const [answer] = yield* sql.unsafe<{ version: number; living: string; changed: string; consent: string }>(
      statement,
      [after]
    )
    const living = JSON.parse(answer!.living) as ReadonlyArray<readonly [no: number, revision: number]>
    const changed = new Map((JSON.parse(answer!.changed) as ReadonlyArray<Row>).map((row) => [row.no, row]))
    // Its source was away and is back: nothing of it is newer.
    if (after > 0 && living.some(([no]) => !kept.has(no) && !changed.has(no))) return yield* read(0)
    const consent = Map.groupBy(
      JSON.parse(answer!.consent) as ReadonlyArray<{ readonly id: string; readonly entry: string }>,
      ({ entry }) => entry
    )
    const next = new Map<number, Destination>()
    let latest = after
    for (const [no, revision] of living) {
      const row = changed.get(no)
      // The catalog is loaded when there is a destination, not before.
      const destination = row === undefined ? kept.get(no)! : build(vault, row, yield* catalog.find(row.metadataId))
      const categories = (consent.get(destination.entry.id) ?? []).map(({ id }) => id)
      const isSame = categories.join("\n") === destination.consentCategories.join("\n")
      next.set(no, isSame ? destination : { ...destination, consentCategories: categories })
      latest = Math.max(latest, revision)
    }
    kept = next
    newest = latest
    return toSnapshot(answer!.version, [...next.values()])
  })

  return Effect.suspend(() => read(newest))
}
