/** Destinations as their table has them, while they are shown or changed. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { CatalogAction, CatalogEntry } from "../../catalog/entry.ts"
import type { Catalog, DestinationRunner, OAuthTokens, Target } from "../../catalog/runner.ts"
import type { Vault, VaultLocked } from "../../platform/vault.ts"
import type { Change } from "../../workspace/changes.ts"
import { mask, openSecrets, type Sealed, tokensPlace } from "../secrets.ts"
import { DestinationRefused, refused } from "./refused.ts"
import type { DestinationView } from "./views.ts"

/** What changes of destinations need beside the database. */
export interface Room {
  readonly vault: Vault["Service"]
  readonly catalog: Catalog["Service"]
  readonly runner: DestinationRunner["Service"]
  /** Of `Destinations`. */
  readonly storeTokens: (id: string, tokens: OAuthTokens) => Effect.Effect<void, SqlError.SqlError>
}

export type Changed<A> = Effect.Effect<A, DestinationRefused | SqlError.SqlError>

export interface StoredEncryption {
  readonly enabled: boolean
  readonly fields: ReadonlyArray<string>
  readonly publicKey: string | null
  readonly keysGeneratedAt: number | null
}

export type Values = Readonly<Record<string, unknown>>

export interface DestinationRow extends Omit<DestinationView, "sourceId" | "connected" | "settings"> {
  readonly source: string
  /** Without secrets. */
  readonly settings: Values
  readonly secrets: Sealed
  readonly tokens: string | null
  readonly encryption: StoredEncryption | null
}

interface Stored extends Omit<DestinationRow, "settings" | "secrets" | "encryption"> {
  readonly settings: string
  readonly secrets: string
  readonly encryption: string | null
}

const decode = ({ encryption, secrets, settings, ...row }: Stored): DestinationRow => ({
  ...row,
  settings: JSON.parse(settings) as Values,
  secrets: JSON.parse(secrets) as Sealed,
  encryption: encryption === null ? null : (JSON.parse(encryption) as StoredEncryption)
})

export const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`

const columns = `no, id, source, metadata_id as "metadataId", name, enabled, settings, secrets, tokens, encryption, connection_mode as "connectionMode",
  max_events_per_second as "maxEventsPerSecond", credentials as "credentialsStatus", credentials_message as "credentialsMessage",
  ${ms("created_at")} as "createdAt", ${ms("updated_at")} as "updatedAt"`

/** In the order in which they were made; of one source, or of all. */
export const readDestinations = (sql: PgClient.PgClient, source?: string) =>
  sql
    .unsafe<Stored>(
      `select ${columns} from destinations where deleted_at is null and ($1::text is null or source = $1) order by no`,
      [source ?? null]
    )
    .pipe(Effect.map((rows) => rows.map(decode)))

export const findDestination = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  id: string
): Effect.fn.Return<DestinationRow, DestinationRefused | SqlError.SqlError> {
  const [row] = yield* sql.unsafe<Stored>(`select ${columns} from destinations where deleted_at is null and id = $1`, [
    id
  ])
  return row === undefined ? yield* refused("not-found", "NOT_FOUND", `There is no destination ${id}.`) : decode(row)
})

export const viewOf = (row: DestinationRow): DestinationView => ({
  id: row.id,
  no: row.no,
  name: row.name,
  enabled: row.enabled,
  sourceId: row.source,
  metadataId: row.metadataId,
  settings: masked(row.settings, row.secrets),
  connectionMode: row.connectionMode,
  maxEventsPerSecond: row.maxEventsPerSecond,
  credentialsStatus: row.credentialsStatus,
  credentialsMessage: row.credentialsMessage,
  connected: row.tokens !== null,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt
})

export const masked = (settings: Values, secrets: Sealed): Values => ({
  ...settings,
  ...Object.fromEntries(Object.keys(secrets).map((key) => [key, mask]))
})

/** The destination as the runner takes it; secrets that cannot be opened are absent. */
export const targetOf = (
  { storeTokens, vault }: Room,
  { id, metadataId, secrets, tokens, settings }: DestinationRow,
  merged?: Values
): Target => {
  const opened = tokens === null ? {} : openSecrets(vault, id, { [tokensPlace]: tokens }).secrets
  return {
    metadataId,
    settings: merged ?? { ...settings, ...openSecrets(vault, id, secrets).secrets },
    tokens: opened[tokensPlace] as OAuthTokens | undefined,
    instance: id,
    onRefresh: (tokens) => Effect.orDie(storeTokens(id, tokens))
  }
}

/** Every process takes the destination over again. Part of each change of it or of what belongs to it. */
export const touch = ({ at, sql }: Change, no: number) =>
  sql`update destinations set revision = nextval('destination_revision'), updated_at = ${new Date(at)} where no = ${no}`

export const findEntry = Effect.fnUntraced(function* (
  { catalog }: Room,
  metadataId: string
): Effect.fn.Return<CatalogEntry, DestinationRefused> {
  return (
    (yield* catalog.find(metadataId)) ??
    (yield* refused("not-found", "UNKNOWN_INTEGRATION", `The catalog has no destination ${metadataId}.`, "metadataId"))
  )
})

/** By id or slug. */
export const findAction = (
  { actions, name }: CatalogEntry,
  action: string
): Effect.Effect<CatalogAction, DestinationRefused> => {
  const found = actions.find(({ id, slug }) => slug === action || id === action)
  return found === undefined
    ? Effect.fail(
        refused(
          "invalid",
          "ACTION_UNKNOWN",
          `${name} has no action ${JSON.stringify(action)}. It has: ${actions.map(({ slug }) => slug).join(", ")}.`,
          "actionId"
        )
      )
    : Effect.succeed(found)
}

export const lockedVault = (locked: VaultLocked): DestinationRefused =>
  refused("unavailable", "MASTER_KEY_MISSING", locked.message)

/** The members that differ, as they were and as they are: what an audit entry tells. */
export const difference = (
  before: Values,
  after: Values
): { readonly before: Values; readonly after: Values } | undefined => {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])
  )
  if (keys.length === 0) return undefined
  const pick = (values: Values) =>
    Object.fromEntries(keys.flatMap((key) => (key in values ? [[key, values[key]]] : [])))
  return { before: pick(before), after: pick(after) }
}
