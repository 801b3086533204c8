/**
 * The workspace as Postgres holds it, read in one statement, so that it is one moment. It has the shape of a decoded
 * configuration file: what everything is built from.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Configuration, ConfiguredSource, ConfiguredSpace } from "./configured.ts"
import { defaultLimits } from "./configured.ts"
import { compileFilter } from "./event-filters.ts"
import type { OAuthKey, OAuthScope } from "./oauth-token.ts"
import { decodeRules } from "./rules-document.ts"
import type { RulesDocument } from "./rules.ts"
import { type BlockedNames, compileBlocks, nothingBlocked, type SourceBlocks } from "./source-blocks.ts"
import type { EventFilter, Limits, OAuthSnapshot, ReplayMode, TokenScope } from "./workspace.ts"

export interface StoredWorkspace {
  readonly version: number
  readonly configuration: Configuration
  /** The number of every source there ever was, by id. */
  readonly numbers: ReadonlyMap<string, number>
}

export type SourceDocument = Omit<ConfiguredSource, "id" | "blocks" | "blocked" | "oauth">

export const encodeSource = ({ slug, name, kind, writeKeys, enabled, labels, settings }: SourceDocument): string =>
  JSON.stringify({
    slug,
    name,
    kind,
    writeKeys,
    enabled,
    labels: labels ?? [],
    ...(settings === undefined || Object.keys(settings).length === 0 ? undefined : { settings })
  })
export const decodeSource = (doc: string): SourceDocument => JSON.parse(doc) as SourceDocument

export const decodeBlocked = (text: string | null): BlockedNames =>
  text === null ? nothingBlocked : { ...nothingBlocked, ...(JSON.parse(text) as Partial<BlockedNames>) }

export const encodeRules = (rules: RulesDocument): string => JSON.stringify(rules)
/** Members that a later version of Braid knows take their defaults. */
export const decodeStoredRules = (text: string): RulesDocument => {
  const { document, problems } = decodeRules(JSON.parse(text))
  if (document === undefined)
    throw new Error(`Stored rules do not decode: ${problems[0]?.path}: ${problems[0]?.expected}`)
  return document
}

interface SourceRow {
  readonly n: number
  readonly id: string
  readonly doc: string | null
  readonly blocked: string | null
  readonly app: string | null
  readonly enforced: boolean
}
interface ApplicationRow {
  readonly id: string
  readonly name: string
  readonly seconds: number
  readonly scopes: ReadonlyArray<OAuthScope>
}
interface SpaceRow extends Pick<ConfiguredSpace, "id" | "slug" | "name" | "kind"> {
  readonly rules: string
}
interface ConnectionRow {
  readonly n: number
  readonly space: string
  readonly source: string
  readonly at: number
  readonly days: number
  readonly mode: ReplayMode
}
interface FilterRow {
  readonly id: string
  readonly space: string
  readonly name: string
  readonly fql: string
  readonly enabled: boolean
}
interface TokenRow {
  readonly id: string
  readonly space: string | null
  readonly name: string
  readonly hash: string
  readonly scopes: ReadonlyArray<TokenScope>
}

const list = (query: string) => `(select coalesce(json_agg(x order by x.n), '[]')::text from (${query}) x)`

const statement = `select
  (select version::float8 from workspace) as version, (select limits from workspace) as limits,
  ${list(`select no as n, id, doc, blocked, oauth_application as app, oauth_enabled as enforced from sources`)} as sources,
  ${list(`select n, id, slug, name, kind, rules from spaces where removed_at is null`)} as spaces,
  ${list(`select n, space, source, (extract(epoch from coalesce(replay_at, connected_at)) * 1000)::float8 as at, replay_days as days, replay_mode as mode from space_connections`)} as connections,
  ${list(`select n, id, space, name, fql, enabled from space_filters`)} as filters,
  ${list(`select n, id, space, name, hash, scopes from access_tokens`)} as tokens,
  ${list(`select n, id, name, token_seconds as seconds, scopes from oauth_applications`)} as applications,
  ${list(`select n, id, application, name, public_key as "publicKey" from oauth_keys`)} as "oauthKeys",
  ${list(`select created_at as n, kid, public_key as pem from oauth_signing_keys`)} as "signingKeys",
  ${list(`select revoked_at as n, jti from oauth_revoked where expires_at > now()`)} as revoked`

interface Row {
  readonly version: number
  readonly limits: string | null
  readonly sources: string
  readonly spaces: string
  readonly connections: string
  readonly filters: string
  readonly tokens: string
  readonly applications: string
  readonly oauthKeys: string
  readonly signingKeys: string
  readonly revoked: string
}

const oauthOf = ({ applications, oauthKeys, signingKeys, revoked }: Row): OAuthSnapshot => {
  const keys = Map.groupBy(
    JSON.parse(oauthKeys) as ReadonlyArray<OAuthKey & { readonly application: string }>,
    ({ application }) => application
  )
  return {
    applications: new Map(
      (JSON.parse(applications) as ReadonlyArray<ApplicationRow>).map(({ id, name, seconds, scopes }) => [
        id,
        {
          id,
          name,
          tokenSeconds: seconds,
          scopes: new Set(scopes),
          keys: (keys.get(id) ?? []).map(({ id, name, publicKey }) => ({ id, name, publicKey }))
        }
      ])
    ),
    signingKeys: new Map(
      (JSON.parse(signingKeys) as ReadonlyArray<{ kid: string; pem: string }>).map(({ kid, pem }) => [kid, pem])
    ),
    revoked: new Set((JSON.parse(revoked) as ReadonlyArray<{ jti: string }>).map(({ jti }) => jti))
  }
}

const grouped = <A extends { readonly space: string }>(
  items: ReadonlyArray<A>
): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const item of items) {
    const group = groups.get(item.space)
    if (group === undefined) groups.set(item.space, [item])
    else group.push(item)
  }
  return groups
}

/** Rules and filters that did not change stay the same objects: readers compare them by identity. */
export const makeStoredReader = (sql: PgClient.PgClient) => {
  let rulesByText = new Map<string, RulesDocument>()
  let filtersByText = new Map<string, ReadonlyArray<EventFilter>>()
  let blocksByText = new Map<string, SourceBlocks | undefined>()

  const build = (row: Row): StoredWorkspace => {
    const sourceRows = JSON.parse(row.sources) as ReadonlyArray<SourceRow>
    const keptBlocks = new Map<string, SourceBlocks | undefined>()
    const blocksOf = (text: string | null): SourceBlocks | undefined => {
      if (text === null) return undefined
      const blocks = blocksByText.has(text) ? blocksByText.get(text) : compileBlocks(decodeBlocked(text))
      keptBlocks.set(text, blocks)
      return blocks
    }
    const sources = sourceRows.flatMap(({ id, doc, blocked, app, enforced }): ReadonlyArray<ConfiguredSource> => {
      if (doc === null) return []
      const blocks = blocksOf(blocked)
      return [
        {
          id,
          ...decodeSource(doc),
          ...(blocks === undefined ? undefined : { blocks }),
          ...(app === null ? undefined : { oauth: { application: app, enabled: enforced } })
        }
      ]
    })
    blocksByText = keptBlocks
    const slugs = new Map(sources.map(({ id, slug }) => [id, slug]))
    const connections = grouped(JSON.parse(row.connections) as ReadonlyArray<ConnectionRow>)
    // A source that has left the file is connected again when it comes back.
    const connectionsOf = (space: string) =>
      (connections.get(space) ?? []).flatMap(({ n, source: id, at, days, mode }) => {
        const source = slugs.get(id)
        return source === undefined ? [] : [{ no: n, source, connectedAt: at, replayDays: days, replayMode: mode }]
      })
    const filters = grouped(JSON.parse(row.filters) as ReadonlyArray<FilterRow>)
    const keptRules = new Map<string, RulesDocument>()
    const keptFilters = new Map<string, ReadonlyArray<EventFilter>>()
    const rulesOf = (id: string, text: string): RulesDocument => {
      const key = `${id} ${text}`
      const rules = rulesByText.get(key) ?? decodeStoredRules(text)
      keptRules.set(key, rules)
      return rules
    }
    const filtersOf = (id: string): ReadonlyArray<EventFilter> => {
      const rows = filters.get(id) ?? []
      const key = `${id} ${JSON.stringify(rows)}`
      const compiled =
        filtersByText.get(key) ?? rows.map(({ id, name, enabled, fql }) => compileFilter({ id, name, enabled, fql }))
      keptFilters.set(key, compiled)
      return compiled
    }
    const spaces = (JSON.parse(row.spaces) as ReadonlyArray<SpaceRow>).map(({ id, slug, name, kind, rules }) => {
      const connected = connectionsOf(id)
      return {
        id,
        slug,
        name,
        kind,
        sources: connected.map(({ source }) => source),
        connections: connected,
        rules: rulesOf(id, rules),
        filters: filtersOf(id)
      }
    })
    rulesByText = keptRules
    filtersByText = keptFilters
    const spaceSlugs = new Map(spaces.map(({ id, slug }) => [id, slug]))
    const tokens = (JSON.parse(row.tokens) as ReadonlyArray<TokenRow>).flatMap(({ id, space, name, hash, scopes }) => {
      const slug = space === null ? null : spaceSlugs.get(space)
      return slug === undefined ? [] : [{ id, name, space: slug, hash, scopes: new Set(scopes) }]
    })
    const limits = row.limits === null ? defaultLimits : { ...defaultLimits, ...(JSON.parse(row.limits) as Limits) }
    return {
      version: row.version,
      configuration: { sources, spaces, tokens, limits, oauth: oauthOf(row) },
      numbers: new Map(sourceRows.map(({ id, n }) => [id, n]))
    }
  }

  return {
    version: Effect.map(
      sql<{ version: number }>`select version::float8 as version from workspace`,
      ([row]) => row!.version
    ),
    read: Effect.map(sql.unsafe<Row>(statement), ([row]) => build(row!))
  } satisfies {
    readonly version: Effect.Effect<number, SqlError.SqlError>
    readonly read: Effect.Effect<StoredWorkspace, SqlError.SqlError>
  }
}
