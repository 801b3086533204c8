/**
 * Reads a rules document (IDR-158, without `version`) and fills in every default: the 11 types of IDR-30, limits of
 * IDR-61, ranks of IDR-70 (only when `identifiers` is absent as a whole), blocked values of IDR-52.
 *
 * Everything that could silently do nothing is refused: a location where the type is never read, a type in the
 * wrong collection, a pattern that the linear-time engine does not know (IDR-51).
 */
import { RE2JS } from "re2js"
import { array, at, flag, found, int, object, oneOf, type Problem, text } from "./decode.ts"
import { customLocations, defaultLimit, defaultTypes, suggestedBlocked } from "./default-types.ts"
import { type BlockedValue, type IdentifierRule, type Location, type RulesDocument, windows } from "./rules.ts"

/** Rows of the table; a bound, far above what a person can order by hand. */
export const maxTypes = 1000

const maxPattern = 200
const maxValue = 500
const typePattern = /^[a-z0-9][a-z0-9_.]{0,63}$/
const collections = ["users", "accounts"] as const

const defaultRow = (type: string, rank: number | null): IdentifierRule => ({
  type,
  collection: defaultTypes.get(type)!.collection,
  origin: "default",
  rank,
  limit: defaultLimit(type),
  window: "ever",
  enabled: true,
  locations: defaultTypes.get(type)!.locations,
  matchKeys: [type],
  blocked: suggestedBlocked
})

/** A space that says nothing about identity: 11 types, `user_id` before `email` before the rest by name. */
export const defaultRules: RulesDocument = {
  autoAddIdentifiers: true,
  readmitDemoted: false,
  blockJunk: true,
  spaceBlocked: [],
  identifiers: [...defaultTypes]
    .filter(([, { legacy }]) => legacy !== true)
    .map(([type]) => defaultRow(type, type === "user_id" ? 1 : type === "email" ? 2 : null))
}

const codePoints = (value: string): number => (value.length === 0 ? 0 : [...value].length)

const decodePattern = (problems: Array<Problem>, path: string, value: string): void => {
  if (codePoints(value) > maxPattern) {
    problems.push({ path, expected: `expected at most ${maxPattern} characters, found ${codePoints(value)}` })
    return
  }
  try {
    RE2JS.compile(value)
  } catch (error) {
    const why = (error as Error).message.replace(/^error parsing regexp: /, "")
    problems.push({
      path,
      expected: `expected a regular expression in RE2 syntax (no look-around, no back references): ${why}`
    })
  }
}

const decodeBlocked = (problems: Array<Problem>, path: string, value: unknown): ReadonlyArray<BlockedValue> => {
  const blocked: Array<BlockedValue> = []
  array(problems, path, value, "blocked values")?.forEach((item, i) => {
    const here = at(path, i)
    const members = object(problems, here, item, ["kind", "value"])
    if (members === undefined) return
    const kind = oneOf(problems, at(here, "kind"), members["kind"], ["exact", "pattern"])
    const text = members["value"]
    if (typeof text !== "string" || text === "" || codePoints(text) > maxValue) {
      problems.push({ path: at(here, "value"), expected: `expected a text that is not empty, found ${found(text)}` })
    } else if (kind === "pattern") decodePattern(problems, at(here, "value"), text)
    if (kind !== undefined && typeof text === "string") blocked.push({ kind, value: text })
  })
  return blocked
}

const decodeLocations = (
  problems: Array<Problem>,
  path: string,
  value: unknown,
  type: string
): ReadonlyArray<Location> => {
  const possible = defaultTypes.get(type)?.locations ?? customLocations
  const chosen = new Set<Location>()
  array(problems, path, value, "locations")?.forEach((item, i) => {
    const location = oneOf(problems, at(path, i), item, possible)
    if (location !== undefined) chosen.add(location)
  })
  return possible.filter((location) => chosen.has(location))
}

const decodeMatchKeys = (problems: Array<Problem>, path: string, value: unknown): ReadonlyArray<string> =>
  (array(problems, path, value, "trait or property keys") ?? []).flatMap((item, i) => {
    const key = text(problems, at(path, i), item, /^.{1,128}$/su, "a key of 1 to 128 characters")
    return key === undefined ? [] : [key]
  })

const rowMembers = [
  "type",
  "collection",
  "origin",
  "rank",
  "limit",
  "window",
  "enabled",
  "locations",
  "matchKeys",
  "blocked"
]

const decodeRow = (problems: Array<Problem>, path: string, value: unknown): IdentifierRule | undefined => {
  const row = object(problems, path, value, rowMembers)
  if (row === undefined) return undefined
  const type = text(
    problems,
    at(path, "type"),
    row["type"],
    typePattern,
    "a type name of 1 to 64 lower-case letters, digits, _ or ., starting with a letter or digit"
  )
  if (type === undefined) return undefined
  const known = defaultTypes.get(type)
  const given = <A>(key: string, otherwise: A, decode: (path: string, value: unknown) => A | undefined): A =>
    row[key] === undefined ? otherwise : (decode(at(path, key), row[key]) ?? otherwise)
  const collection = given("collection", known?.collection ?? "users", (p, v) => oneOf(problems, p, v, collections))
  if (known !== undefined && collection !== known.collection) {
    const expected = `expected "${known.collection}", where ${type} belongs, found "${collection}"`
    problems.push({ path: at(path, "collection"), expected })
  }
  return {
    type,
    collection,
    origin: given("origin", known === undefined ? "custom" : "default", (p, v) =>
      oneOf(problems, p, v, ["default", "custom", "auto"])
    ),
    rank: given<number | null>("rank", null, (p, v) =>
      v === null ? null : int(problems, p, v, 1, 1_000_000, "a rank from 1 (the most trusted), or null for by name")
    ),
    limit: given("limit", defaultLimit(type), (p, v) => int(problems, p, v, 1, 1000, "a whole number from 1 to 1000")),
    window: given("window", "ever", (p, v) => oneOf(problems, p, v, windows)),
    enabled: given("enabled", true, (p, v) => flag(problems, p, v)),
    locations: given("locations", known?.locations ?? customLocations, (p, v) => decodeLocations(problems, p, v, type)),
    matchKeys: given<ReadonlyArray<string>>("matchKeys", [type], (p, v) => decodeMatchKeys(problems, p, v)),
    blocked: given("blocked", suggestedBlocked, (p, v) => decodeBlocked(problems, p, v))
  }
}

const decodeRows = (problems: Array<Problem>, path: string, value: unknown): ReadonlyArray<IdentifierRule> => {
  const items = array(problems, path, value, "identifier rows") ?? []
  if (items.length > maxTypes)
    problems.push({ path, expected: `expected at most ${maxTypes} rows, found ${items.length}` })
  const rows: Array<IdentifierRule> = []
  const first = new Map<string, number>()
  items.slice(0, maxTypes).forEach((item, i) => {
    const row = decodeRow(problems, at(path, i), item)
    if (row === undefined) return
    const before = first.get(row.type)
    if (before !== undefined)
      problems.push({
        path: at(at(path, i), "type"),
        expected: `expected each type once; ${at(path, before)} is ${row.type} too`
      })
    else first.set(row.type, i)
    rows.push(row)
  })
  return rows
}

export type DecodedRules =
  | { readonly document: RulesDocument; readonly problems?: never }
  | { readonly document?: never; readonly problems: ReadonlyArray<Problem> }

/** The document with all defaults, or every problem with its path, e.g. `identifiers[2].limit`. Never throws. */
export const decodeRules = (value: unknown): DecodedRules => {
  const problems: Array<Problem> = []
  const members = object(problems, "", value, [
    "autoAddIdentifiers",
    "readmitDemoted",
    "blockJunk",
    "spaceBlocked",
    "identifiers"
  ])
  if (members === undefined) return { problems }
  const flagOr = (key: string, otherwise: boolean): boolean =>
    members[key] === undefined ? otherwise : (flag(problems, key, members[key]) ?? otherwise)
  const document: RulesDocument = {
    autoAddIdentifiers: flagOr("autoAddIdentifiers", defaultRules.autoAddIdentifiers),
    readmitDemoted: flagOr("readmitDemoted", defaultRules.readmitDemoted),
    blockJunk: flagOr("blockJunk", defaultRules.blockJunk),
    spaceBlocked:
      members["spaceBlocked"] === undefined ? [] : decodeBlocked(problems, "spaceBlocked", members["spaceBlocked"]),
    identifiers:
      members["identifiers"] === undefined
        ? defaultRules.identifiers
        : decodeRows(problems, "identifiers", members["identifiers"])
  }
  return problems.length === 0 ? { document } : { problems }
}
