/**
 * Destinations as a configuration file has them (`braid config export`, `braid config apply`): told apart by their source and name, because
 * ids are given by each installation. What `if`, triggers and mappings may say is decided where they are saved.
 *
 * A secret is a reference to an environment variable, `{ "env": "BRAID_SECRET_…" }`: neither the secret nor anything made of it is ever in a
 * file. OAuth connections are in none; they are made anew.
 */
import { array, at, flag, named, object, once, type Problem, text } from "../../workspace/decode.ts"
import type { FilterChanges, NewFilter } from "../manage/views.ts"

export type Values = Readonly<Record<string, unknown>>

export interface DeclaredMapping {
  readonly name: string
  /** Slug. */
  readonly action: string
  readonly trigger: string
  readonly settings: Values
  readonly enabled: boolean
}

export type DeclaredFilter = Pick<NewFilter, "title" | "if" | "actions" | "enabled"> &
  Pick<FilterChanges, "description">

/** Switched off in the schema of the source (DST-45). */
export interface DeclaredBlocks {
  readonly track: ReadonlyArray<string>
  readonly identify: boolean
  readonly group: boolean
}

export interface DeclaredDestination {
  /** Slug of the source. */
  readonly source: string
  readonly name: string
  /** Slug or id of the entry in the catalog. */
  readonly destination: string
  readonly enabled: boolean
  readonly settings: Values
  readonly connectionMode: "cloud" | "device"
  readonly maxEventsPerSecond: number | null
  readonly filters: ReadonlyArray<DeclaredFilter>
  readonly mappings: ReadonlyArray<DeclaredMapping>
  readonly blocks: DeclaredBlocks
  readonly encryption:
    | { readonly enabled: boolean; readonly fields: ReadonlyArray<string>; readonly publicKey: string | null }
    | undefined
}

export interface DeclaredCategory {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  /** Slugs or ids of entries. */
  readonly destinations: ReadonlyArray<string>
}

export interface DeclaredDestinations {
  readonly destinations: ReadonlyArray<DeclaredDestination>
  readonly categories: ReadonlyArray<DeclaredCategory>
}

/** Members of a file that are read here. */
export const destinationMembers = ["destinations", "consentCategories"] as const

type Problems = Array<Problem>

const someText = (problems: Problems, path: string, value: unknown, what: string): string =>
  text(problems, path, value, /\S/, what) ?? ""

const values = (problems: Problems, path: string, value: unknown): Values => {
  if (value === undefined) return {}
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Values
  problems.push({ path, expected: "expected an object" })
  return {}
}

const switched = (problems: Problems, path: string, value: unknown, otherwise: boolean): boolean =>
  value === undefined ? otherwise : flag(problems, path, value) === true

const list = (problems: Problems, path: string, value: unknown, of: string): ReadonlyArray<unknown> =>
  value === undefined ? [] : (array(problems, path, value, of) ?? [])

const texts = (problems: Problems, path: string, value: unknown, of: string): ReadonlyArray<string> =>
  list(problems, path, value, of).map((item, i) => someText(problems, at(path, i), item, "a text"))

const decodeFilter = (problems: Problems, path: string, value: unknown): ReadonlyArray<DeclaredFilter> => {
  const filter = object(problems, path, value, ["title", "description", "if", "actions", "enabled"])
  if (filter === undefined) return []
  const description = filter["description"] ?? null
  return [
    {
      title: someText(problems, at(path, "title"), filter["title"], "a title"),
      description: description === null ? null : someText(problems, at(path, "description"), description, "a text"),
      if: someText(problems, at(path, "if"), filter["if"], "a filter statement"),
      actions: filter["actions"],
      enabled: switched(problems, at(path, "enabled"), filter["enabled"], true)
    }
  ]
}

const decodeMapping = (problems: Problems, path: string, value: unknown): ReadonlyArray<DeclaredMapping> => {
  const mapping = object(problems, path, value, ["name", "action", "trigger", "settings", "enabled"])
  if (mapping === undefined) return []
  return [
    {
      name: named(problems, at(path, "name"), mapping["name"], undefined),
      action: someText(problems, at(path, "action"), mapping["action"], "the slug of an action"),
      trigger: someText(problems, at(path, "trigger"), mapping["trigger"], "a trigger"),
      settings: values(problems, at(path, "settings"), mapping["settings"]),
      enabled: switched(problems, at(path, "enabled"), mapping["enabled"], false)
    }
  ]
}

const decodeBlocks = (problems: Problems, path: string, value: unknown): DeclaredBlocks => {
  const blocks = value === undefined ? {} : object(problems, path, value, ["track", "identify", "group"])
  return {
    track: texts(problems, at(path, "track"), blocks?.["track"], "names of events"),
    identify: switched(problems, at(path, "identify"), blocks?.["identify"], false),
    group: switched(problems, at(path, "group"), blocks?.["group"], false)
  }
}

const decodeEncryption = (problems: Problems, path: string, value: unknown): DeclaredDestination["encryption"] => {
  if (value === undefined) return undefined
  const encryption = object(problems, path, value, ["enabled", "fields", "publicKey"])
  if (encryption === undefined) return undefined
  const key = encryption["publicKey"] ?? null
  return {
    enabled: switched(problems, at(path, "enabled"), encryption["enabled"], false),
    fields: texts(problems, at(path, "fields"), encryption["fields"], "names of fields"),
    publicKey: key === null ? null : someText(problems, at(path, "publicKey"), key, "a public key in PEM")
  }
}

const destinationKeys = [
  "source",
  "name",
  "destination",
  "enabled",
  "settings",
  "connectionMode",
  "maxEventsPerSecond",
  "filters",
  "mappings",
  "blocked",
  "encryption"
] as const

const decodeDestination = (
  problems: Problems,
  path: string,
  value: unknown,
  unique: ReturnType<typeof once>
): ReadonlyArray<DeclaredDestination> => {
  const destination = object(problems, path, value, destinationKeys)
  if (destination === undefined) return []
  const source = someText(problems, at(path, "source"), destination["source"], "the slug of a source")
  const name = named(problems, at(path, "name"), destination["name"], undefined)
  unique(problems, at(path, "name"), `${source} ${name}`)
  const mode = destination["connectionMode"] ?? "cloud"
  if (mode !== "cloud" && mode !== "device")
    problems.push({ path: at(path, "connectionMode"), expected: "expected one of cloud, device" })
  const rate = destination["maxEventsPerSecond"] ?? null
  if (rate !== null && typeof rate !== "number")
    problems.push({ path: at(path, "maxEventsPerSecond"), expected: "expected a number, or null" })
  const filters = list(problems, at(path, "filters"), destination["filters"], "filters")
  const mappings = list(problems, at(path, "mappings"), destination["mappings"], "mappings")
  return [
    {
      source,
      name,
      destination: someText(problems, at(path, "destination"), destination["destination"], "the slug of an entry"),
      enabled: switched(problems, at(path, "enabled"), destination["enabled"], true),
      settings: values(problems, at(path, "settings"), destination["settings"]),
      connectionMode: mode === "device" ? "device" : "cloud",
      maxEventsPerSecond: typeof rate === "number" ? rate : null,
      filters: filters.flatMap((item, i) => decodeFilter(problems, at(at(path, "filters"), i), item)),
      mappings: mappings.flatMap((item, i) => decodeMapping(problems, at(at(path, "mappings"), i), item)),
      blocks: decodeBlocks(problems, at(path, "blocked"), destination["blocked"]),
      encryption: decodeEncryption(problems, at(path, "encryption"), destination["encryption"])
    }
  ]
}

const decodeCategory = (problems: Problems, path: string, value: unknown): ReadonlyArray<DeclaredCategory> => {
  const category = object(problems, path, value, ["id", "name", "enabled", "destinations"])
  if (category === undefined) return []
  const id = someText(problems, at(path, "id"), category["id"], "the id of a category")
  return [
    {
      id,
      name: named(problems, at(path, "name"), category["name"], id),
      enabled: switched(problems, at(path, "enabled"), category["enabled"], true),
      destinations: texts(problems, at(path, "destinations"), category["destinations"], "slugs of entries")
    }
  ]
}

/** Adds what is wrong to `problems`. */
export const decodeDestinations = (problems: Problems, file: Values): DeclaredDestinations => {
  const unique = once("the name of a destination of one source")
  const all = (key: (typeof destinationMembers)[number], what: string) => list(problems, key, file[key], what)
  return {
    destinations: all("destinations", "destinations").flatMap((item, i) =>
      decodeDestination(problems, at("destinations", i), item, unique)
    ),
    categories: all("consentCategories", "categories").flatMap((item, i) =>
      decodeCategory(problems, at("consentCategories", i), item)
    )
  }
}
