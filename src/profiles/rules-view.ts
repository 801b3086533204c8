/** The identity rules of a space as people see them: with displayed ranks (IDR-72) and the types that events brought (IDR-37). */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type AutoAdded, compileRules } from "../identity/rules.ts"
import { spaceSchema } from "../identity/schema.ts"
import type { Database } from "../platform/database.ts"
import { suggestedBlocked } from "../workspace/default-types.ts"
import type { IdentifierRule, RulesDocument } from "../workspace/rules.ts"

export interface IdentifierRuleView extends Omit<IdentifierRule, "rank"> {
  /** Among the enabled types, from 1; 0 = switched off. */
  readonly rank: number
  readonly explicitRank: boolean
}

export interface RulesView extends Omit<RulesDocument, "identifiers"> {
  readonly version: number
  /** ms */
  readonly savedAt: number
  readonly identifiers: ReadonlyArray<IdentifierRuleView>
}

export const identifiersOf = (
  document: RulesDocument,
  autoAdded: ReadonlyArray<AutoAdded>
): ReadonlyArray<IdentifierRuleView> => {
  const written = new Map(document.identifiers.map((row) => [row.type, row]))
  const { byType } = compileRules(document, 0, autoAdded)
  const views = [...byType.values()].map(
    ({ type, collection, origin, enabled, rank, limit, window, locations, matchKeys }): IdentifierRuleView => {
      const row = written.get(type)
      const [blocked, explicitRank] = [row?.blocked ?? suggestedBlocked, (row?.rank ?? null) !== null]
      return { type, collection, origin, enabled, rank, limit, window, locations, matchKeys, blocked, explicitRank }
    }
  )
  return [...views.filter(({ enabled }) => enabled), ...views.filter(({ enabled }) => !enabled)]
}

/** The document in force; undefined before the space has saved its first. */
export const readRulesDocument = (
  database: Database["Service"],
  spaceId: string
): Effect.Effect<RulesDocument | undefined, SqlError.SqlError> =>
  Effect.map(
    database.read.unsafe<{ doc: string }>(
      `select doc from ${spaceSchema(spaceId)}.rules order by version desc limit 1`
    ),
    ([row]) => (row === undefined ? undefined : (JSON.parse(row.doc) as RulesDocument))
  )

export interface RulesVersion {
  readonly version: number
  /** ms */
  readonly savedAt: number
  readonly origin: string
  readonly actor: string | null
}

const listedVersions = 200

/** The newest first. */
export const readRulesVersions = (
  database: Database["Service"],
  spaceId: string
): Effect.Effect<ReadonlyArray<RulesVersion>, SqlError.SqlError> =>
  database.read.unsafe<RulesVersion>(
    `select version, (extract(epoch from saved_at) * 1000)::float8 as "savedAt", origin, actor
     from ${spaceSchema(spaceId)}.rules order by version desc limit ${listedVersions}`
  )

interface Row {
  readonly version: number
  readonly doc: string
  readonly at: number
  readonly added: string
}

/** A saved version, or the newest; undefined when there is none. */
export const readRules = (
  database: Database["Service"],
  spaceId: string,
  version?: number
): Effect.Effect<RulesView | undefined, SqlError.SqlError> => {
  const schema = spaceSchema(spaceId)
  return Effect.map(
    database.read.unsafe<Row>(
      `select r.version, r.doc, (extract(epoch from r.saved_at) * 1000)::float8 as at,
         (select coalesce(json_agg(json_build_object('type', a.type, 'collection', a.collection)), '[]')::text
          from ${schema}.auto_added a) as added
       from ${schema}.rules r where r.version = coalesce($1::int4, r.version) order by r.version desc limit 1`,
      [version ?? null]
    ),
    ([row]) => {
      if (row === undefined) return undefined
      const document = JSON.parse(row.doc) as RulesDocument
      const identifiers = identifiersOf(document, JSON.parse(row.added) as ReadonlyArray<AutoAdded>)
      return { ...document, version: row.version, savedAt: row.at, identifiers }
    }
  )
}
