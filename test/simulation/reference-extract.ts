/**
 * Spec 02 sections 2 to 4 read literally and slowly, sharing nothing with `src/`: what is dropped, which identifiers an event
 * carries, what is blocked. Types come from the document alone; ranks are the caller's.
 */
import type { RulesDocument } from "../../src/workspace/rules.ts"

export interface RefIdentifier {
  readonly collection: "users" | "accounts"
  readonly type: string
  readonly value: string
}

export interface RefType {
  type: string
  collection: "users" | "accounts"
  rank: number | null
  limit: number
  window: string
  enabled: boolean
  locations: ReadonlyArray<string>
  matchKeys: ReadonlyArray<string>
  blocked: RulesDocument["identifiers"][number]["blocked"]
}

type Bag = Record<string, unknown>
const bag = (value: unknown): Bag =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Bag) : {}
const own = (object: Bag, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

/** IDR-20. */
export const isDropped = (message: Bag): boolean => {
  const { type, groupId } = message
  const contextGroupId = bag(message["context"])["groupId"]
  const size = (value: unknown) => Object.keys(bag(value)).length
  if (type === "identify" && size(message["traits"]) >= 300) return true
  if (type !== "identify" && (size(message["traits"]) > 300 || size(message["properties"]) > 300)) return true
  for (const id of [groupId, contextGroupId]) if (typeof id === "string" && Array.from(id).length > 500) return true
  if (type === "group") {
    if (groupId === undefined || groupId === null || (typeof groupId === "string" && groupId.trim() === "")) return true
  } else if (typeof contextGroupId === "string" && contextGroupId.trim() === "") return true
  if (Array.from(String(message["messageId"])).length > 100) return true
  return Date.parse(String(message["timestamp"])) < 0
}

/** IDR-32. */
const snake = (key: string) =>
  key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[ -]+/g, "_")
    .toLowerCase()
const camel = (key: string) => snake(key).replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

/** IDR-34: present. */
const present = (value: unknown) =>
  value !== undefined && value !== null && !(typeof value === "string" && value.trim() === "")

/** IDR-35; undefined: not promoted. */
const normalised = (type: string, value: unknown): string | undefined => {
  if (typeof value === "number") return Number.isSafeInteger(value) ? `${value}` : undefined
  if (typeof value !== "string") return undefined
  const trimmed = value.trim()
  const text = type === "email" ? trimmed.normalize("NFC").toLowerCase() : trimmed
  if (trimmed.includes("\uFFFD") || !trimmed.isWellFormed() || text === "") return undefined
  return Array.from(text).length > 500 ? undefined : text
}

const junkWords = "undefined nil none nan null true false unknown n/a [object_object] (null) anonymous"
  .split(" ")
  .map((word) => word.replace("_", " "))

/** IDR-50 to IDR-53. */
export const isBlocked = (document: RulesDocument, row: RefType, value: string): boolean => {
  for (const entry of [...row.blocked, ...document.spaceBlocked])
    if (entry.kind === "exact" ? entry.value === value : new RegExp(entry.value).test(value)) return true
  const bare = value
    .toLowerCase()
    .replace(/^["'`]+/, "")
    .replace(/["'`]+$/, "")
    .trim()
  return document.blockJunk && junkWords.includes(bare)
}

/** The eleven defaults: collection, and where each is read (IDR-30). */
export const defaults: Readonly<Record<string, readonly [collection: "users" | "accounts", limit: number]>> = {
  user_id: ["users", 1],
  email: ["users", 5],
  "android.id": ["users", 5],
  "android.idfa": ["users", 5],
  "android.push_token": ["users", 5],
  anonymous_id: ["users", 5],
  ga_client_id: ["users", 5],
  group_id: ["accounts", 5],
  "ios.id": ["users", 5],
  "ios.idfa": ["users", 5],
  "ios.push_token": ["users", 5]
}

export const defaultLocations = (type: string): ReadonlyArray<string> => {
  if (type === "user_id") return ["userId", "externalIds"]
  if (type === "anonymous_id") return ["anonymousId", "externalIds"]
  if (type === "email") return ["traits", "context.traits", "properties", "externalIds"]
  if (type === "group_id") return ["groupId", "context.groupId", "externalIds"]
  if (type === "ga_client_id") return ["context.integrations", "integrations", "externalIds"]
  return ["context.device", "externalIds"]
}

export interface Candidate {
  readonly type: string
  readonly collection: "users" | "accounts"
  /** Normalised; undefined: it takes its place but is not promoted. */
  readonly value: string | undefined
}

/**
 * Every candidate in extraction order (IDR-36), `rows` being the table by rank. A default type that is not in the table
 * is a candidate too, because it may be added (IDR-37).
 */
export const candidatesOf = (message: Bag, rows: ReadonlyArray<RefType>): ReadonlyArray<Candidate> => {
  const found: Array<Candidate> = []
  const taken = new Set<string>()
  const kind = message["type"]
  const context = bag(message["context"])
  const inTable = (type: string) => rows.find((row) => row.type === type)
  const at = (type: string, location: string): boolean => {
    const row = inTable(type)
    return row === undefined ? type in defaults : row.locations.includes(location)
  }
  const payload = (type: string, collection: "users" | "accounts", location: string, value: unknown) => {
    if (!at(type, location) || !present(value) || taken.has(type)) return
    taken.add(type)
    found.push({ type, collection, value: normalised(type, value) })
  }
  payload("user_id", "users", "userId", message["userId"])
  payload("anonymous_id", "users", "anonymousId", message["anonymousId"])
  if (kind === "group") payload("group_id", "accounts", "groupId", message["groupId"])
  else payload("group_id", "accounts", "context.groupId", context["groupId"])
  const byKey = (location: string, object: Bag, of: (collection: string) => boolean) => {
    const keyed: Array<Pick<RefType, "type" | "collection" | "matchKeys">> = rows.filter(
      (row) => row.locations.includes(location) && of(row.collection)
    )
    if (inTable("email") === undefined && of("users"))
      keyed.push({ type: "email", collection: "users", matchKeys: ["email"] })
    for (const { type, collection, matchKeys } of keyed) {
      const keys = matchKeys.some((key) => snake(key) === type) ? matchKeys : [type, ...matchKeys]
      const spelled = keys.flatMap((key) => [key, snake(key), camel(key)])
      const key = spelled.find((key) => present(own(object, key)))
      if (key !== undefined) payload(type, collection, location, object[key])
    }
  }
  if (kind === "identify") byKey("traits", bag(message["traits"]), (collection) => collection === "users")
  if (kind === "group") byKey("traits", bag(message["traits"]), (collection) => collection === "accounts")
  byKey("context.traits", bag(context["traits"]), () => true)
  if (kind === "track" || kind === "page" || kind === "screen")
    byKey("properties", bag(message["properties"]), () => true)
  const device = bag(context["device"])
  const system = String(device["type"] ?? "").toLowerCase()
  if (system === "android" || system === "ios") {
    payload(`${system}.id`, "users", "context.device", device["id"])
    if (device["adTrackingEnabled"] === true)
      payload(`${system}.idfa`, "users", "context.device", device["advertisingId"])
    payload(`${system}.push_token`, "users", "context.device", device["token"])
  }
  const clientId = (integrations: unknown) => bag(bag(integrations)["Google Analytics"])["clientId"]
  payload("ga_client_id", "users", "context.integrations", clientId(context["integrations"]))
  payload("ga_client_id", "users", "integrations", clientId(message["integrations"]))
  const externalIds = Array.isArray(context["externalIds"]) ? (context["externalIds"] as ReadonlyArray<unknown>) : []
  for (const raw of externalIds) {
    const { id, type, collection, encoding } = bag(raw)
    if (typeof id !== "string" || typeof type !== "string" || id.trim() === "" || encoding !== "none") continue
    if (collection !== "users" && collection !== "accounts") continue
    if (!/^[a-z0-9][a-z0-9_.]{0,63}$/.test(type)) continue
    const row = inTable(type)
    if (collection !== (row?.collection ?? defaults[type]?.[0] ?? collection)) continue
    if (row?.enabled === true && !row.locations.includes("externalIds")) continue
    found.push({ type, collection, value: normalised(type, id) })
  }
  return found
}

/** What the filter of a simulation says of an event (IDR-14): drops it, lets it pass, or cannot tell. */
export const filterAnswer = (message: Bag, age: number): boolean | undefined => {
  const own = bag(message["traits"])["age"]
  return own === age + 1 ? undefined : own === age
}

/** The user ids that a message names, for suppression and deletion (PRV-7). */
export const namedUsers = (message: Bag): ReadonlyArray<string> => {
  const externalIds = bag(message["context"])["externalIds"]
  const listed = Array.isArray(externalIds) ? (externalIds as ReadonlyArray<unknown>).map(bag) : []
  return [
    message["userId"],
    message["type"] === "alias" ? message["previousId"] : undefined,
    ...listed.filter(({ type }) => type === "user_id").map(({ id }) => id)
  ].flatMap((value) => (present(value) ? (normalised("user_id", value) ?? []) : []))
}
