/**
 * The identity rules of a space, compiled for the resolver: a table by type with displayed ranks (IDR-71, IDR-72),
 * windows in milliseconds (IDR-62) and blocked values ready to match.
 *
 * The table grows by itself: types that events bring are added to it (IDR-37), which changes the ranks of the
 * others but not the version, because nobody saved anything.
 */
import { customLocations, defaultLimit, defaultTypes, suggestedBlocked } from "../workspace/default-types.ts"
import type { Collection, IdentifierRule, Location, RulesDocument, Window } from "../workspace/rules.ts"
import { compileBlocked, isJunk, type Matcher } from "./blocked.ts"

export interface AutoAdded {
  readonly type: string
  readonly collection: Collection
}

export interface TypeRule {
  readonly type: string
  readonly collection: Collection
  readonly origin: IdentifierRule["origin"]
  readonly enabled: boolean
  /** Position among the enabled types, from 1; 0 when switched off. */
  readonly rank: number
  readonly limit: number
  readonly window: Window
  /** Infinity for `ever`. */
  readonly windowMs: number
  readonly locations: ReadonlyArray<Location>
  readonly matchKeys: ReadonlyArray<string>
  /** Own list, space-wide list and junk together. */
  readonly blocks: Matcher
}

export interface Rules {
  readonly version: number
  readonly document: RulesDocument
  readonly autoAdded: ReadonlyArray<AutoAdded>
  readonly autoAdd: boolean
  readonly readmitDemoted: boolean
  /** Every type of the table, switched-off ones too. */
  readonly byType: ReadonlyMap<string, TypeRule>
  /** Enabled types, the most trusted first. */
  readonly ranked: ReadonlyArray<TypeRule>
}

const hour = 3_600_000
export const windowMs: Readonly<Record<Window, number>> = {
  ever: Number.POSITIVE_INFINITY,
  annually: 365 * 24 * hour,
  monthly: 30 * 24 * hour,
  weekly: 7 * 24 * hour,
  daily: 24 * hour
}

/** A row for a type that an event brought. A type nobody configured is read where it was seen: in `externalIds` only. */
const autoRow = ({ type, collection }: AutoAdded): IdentifierRule => ({
  type,
  collection,
  origin: "auto",
  rank: null,
  limit: defaultLimit(type),
  window: "ever",
  enabled: true,
  locations: defaultTypes.get(type)?.locations ?? customLocations.filter((location) => location === "externalIds"),
  matchKeys: [type],
  blocked: suggestedBlocked
})

/** Explicit ranks first, equal ones by name; then the others by name, in byte order (names are ASCII). */
const byRank = (a: IdentifierRule, b: IdentifierRule): number =>
  a.rank !== b.rank
    ? (a.rank ?? Number.POSITIVE_INFINITY) - (b.rank ?? Number.POSITIVE_INFINITY)
    : a.type < b.type
      ? -1
      : 1

/** The document with a row for each type that events added and it does not name. */
export const withAutoRows = (document: RulesDocument, autoAdded: ReadonlyArray<AutoAdded>): RulesDocument => {
  const named = new Set(document.identifiers.map(({ type }) => type))
  const rows = autoAdded.filter(({ type }) => !named.has(type)).map(autoRow)
  return rows.length === 0 ? document : { ...document, identifiers: [...document.identifiers, ...rows] }
}

/** `autoAdded` are the types that events added since; those that the document names meanwhile follow the document. */
export const compileRules = (document: RulesDocument, version: number, autoAdded: ReadonlyArray<AutoAdded>): Rules => {
  const rows = [...withAutoRows(document, autoAdded).identifiers].sort(byRank)
  const everywhere = compileBlocked(document.spaceBlocked)
  const matchers = new Map<IdentifierRule["blocked"], Matcher>()
  const blocksOf = (blocked: IdentifierRule["blocked"]): Matcher => {
    let own = matchers.get(blocked)
    if (own === undefined) matchers.set(blocked, (own = compileBlocked(blocked)))
    return document.blockJunk
      ? (value) => own(value) || everywhere(value) || isJunk(value)
      : (value) => own(value) || everywhere(value)
  }
  let enabled = 0
  const table = rows.map((row): TypeRule => ({
    type: row.type,
    collection: row.collection,
    origin: row.origin,
    enabled: row.enabled,
    rank: row.enabled ? ++enabled : 0,
    limit: row.limit,
    window: row.window,
    windowMs: windowMs[row.window],
    locations: row.locations,
    matchKeys: row.matchKeys,
    blocks: blocksOf(row.blocked)
  }))
  return {
    version,
    document,
    autoAdded,
    autoAdd: document.autoAddIdentifiers,
    readmitDemoted: document.readmitDemoted,
    byType: new Map(table.map((rule) => [rule.type, rule])),
    ranked: table.filter((rule) => rule.enabled)
  }
}

/** The table with these types added (IDR-37); the ranks of the others move. */
export const withAutoAdded = (rules: Rules, types: ReadonlyArray<AutoAdded>): Rules =>
  types.length === 0 ? rules : compileRules(rules.document, rules.version, [...rules.autoAdded, ...types])
