/**
 * Reading a REST request: where it points (PRO-10 to PRO-13) and what it asks for (PRO-15, PRO-21 to PRO-23).
 * Plain functions; what is wrong with a request is thrown as an `ApiProblem`.
 */
import type { ProfileRef } from "../identity/graph.ts"
import type { Collection } from "../workspace/rules.ts"
import { parseTime } from "./order.ts"
import { invalid, noSuchResource } from "./problem.ts"

export const resources = ["traits", "external_ids", "events", "metadata", "links"] as const
export type Resource = (typeof resources)[number]

export type Address =
  | { readonly collection: Collection; readonly resource: "list" }
  | { readonly collection: Collection; readonly resource: Resource; readonly ref: ProfileRef }

const decoded = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(`The ${what} is not valid percent-encoding.`)
  }
}

const collectionOf = (raw: string): Collection => {
  const text = decoded(raw, "parameter `collection`")
  if (text === "users" || text === "accounts") return text
  const bad = [...new Set(text.replaceAll(/[A-Za-z0-9_-]/g, ""))].join("")
  if (bad !== "") throw invalid(`The parameter \`collection\` has invalid character(s) \`${bad}\``)
  throw invalid("The parameter `collection` must be `users` or `accounts`.")
}

const segmentIdPattern = /^(?:use|grp)_[0-9A-Za-z]{27}$/

/** `type:value` or a segment id; split at the first literal colon, otherwise decoded first (PRO-10). */
const refOf = (raw: string, collection: Collection): ProfileRef => {
  const literal = raw.includes(":")
  const text = literal ? raw : decoded(raw, "identifier")
  const colon = text.indexOf(":")
  if (colon === -1) {
    if (segmentIdPattern.test(text)) return { segmentId: text }
    throw invalid("The identifier must be `type:value` or a full segment id (`use_…`, `grp_…`).")
  }
  const part = (value: string) => (literal ? decoded(value, "identifier") : value)
  const type = part(text.slice(0, colon))
  const value = part(text.slice(colon + 1))
  if (type === "" || value === "") throw invalid("The identifier has an empty type or value.")
  return { identifier: { collection, type, value } }
}

/** The path behind `/v1/spaces/{space_id}/`. */
export const addressOf = (segments: ReadonlyArray<string>): Address => {
  const [collections, collection, profiles, id, resource, ...more] = segments
  if (collections !== "collections" || collection === undefined || profiles !== "profiles" || more.length > 0)
    throw noSuchResource
  if (id === undefined || (id === "" && resource === undefined))
    return { collection: collectionOf(collection), resource: "list" }
  const known = resources.find((name) => name === resource)
  if (known === undefined) throw noSuchResource
  const found = collectionOf(collection)
  return { collection: found, resource: known, ref: refOf(id, found) }
}

const loggedId = (id: string): string => {
  const type = /^(.*?)(?::|%3a|%253a)/is.exec(id)?.[1]
  if (type !== undefined) return `${type}:***`
  return id === "" || segmentIdPattern.test(id) ? id : "***"
}

const ends: ReadonlySet<string> = new Set([...resources, "external_ids/delete"])

/** The path without the value of an identifier, for logs (PRO-29), also where it was not written as it should be. Never the query. */
export const maskedPath = (path: string): string =>
  path.replace(/(\/profiles\/)([^/]*)(?:\/(.*))?$/s, (_, before: string, id: string, end: string | undefined) => {
    const known = end === undefined ? "" : ends.has(end) ? `/${end}` : "/***"
    return `${before}${loggedId(id)}${known}`
  })

/** `+` is a space, as form encoders write it; a literal plus is `%2B`. */
const decodedValue = (raw: string, name: string): string => decoded(raw.replaceAll("+", " "), `parameter \`${name}\``)

/** Query parameters, decoded on demand (PRO-22). Unknown ones are ignored. */
export class Query {
  private readonly pairs: ReadonlyArray<readonly [name: string, raw: string]>

  constructor(search: string) {
    this.pairs = search
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const equals = pair.indexOf("=")
        return equals === -1 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)]
      })
  }

  value(name: string): string | undefined {
    const raw = this.pairs.find(([key]) => key === name)?.[1]
    return raw === undefined ? undefined : decodedValue(raw, name)
  }

  /**
   * Repeated parameters add up; null when the parameter is absent or names nothing. Names are separated by literal commas; most clients
   * write them `%2C`, so where there is no literal one the value is the list and the one name with commas at once.
   */
  list(name: string): ReadonlyArray<string> | null {
    const values = this.pairs
      .filter(([key]) => key === name)
      .flatMap(([, raw]) => {
        const parts = raw.split(",").filter((part) => part !== "")
        const names = parts.map((part) => decodedValue(part, name))
        return raw.includes(",") || names[0]?.includes(",") !== true ? names : [...names, ...names[0].split(",")]
      })
      .filter((value) => value !== "")
    return values.length === 0 ? null : values
  }

  limit(otherwise: number, max: number): number {
    const text = this.value("limit")
    if (text === undefined) return otherwise
    const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
    if (limit < 1 || limit > max) throw invalid(`The parameter \`limit\` must be a whole number from 1 to ${max}.`)
    return limit
  }

  oneOf<const T extends string>(name: string, allowed: ReadonlyArray<T>): T | undefined {
    const text = this.value(name)
    if (text === undefined || text === "") return undefined
    const found = allowed.find((each) => each === text)
    if (found === undefined) throw invalid(`The parameter \`${name}\` must be one of ${allowed.join(", ")}.`)
    return found
  }

  flag(name: string): boolean {
    return this.value(name) === "true"
  }

  /** Milliseconds. An offset's `+` may have become a space. */
  time(name: string): number | undefined {
    const text = this.value(name)
    if (text === undefined || text === "") return undefined
    const ms = parseTime(text.replace(/ (?=\d{2}:?\d{2}$)/, "+"))
    if (ms === undefined) throw invalid(`The parameter \`${name}\` must be an ISO 8601 date or date-time.`)
    return ms
  }

  /** `next`, decoded by `decode`; undefined = the first page. */
  cursor<T>(decode: (text: string) => T | undefined): T | undefined {
    const text = this.value("next")
    if (text === undefined || text === "") return undefined
    // Not every client encodes the `+` of base64.
    const cursor = decode(text) ?? decode(text.replaceAll(" ", "+"))
    if (cursor === undefined) throw invalid("The parameter `next` is not a cursor of this list.")
    return cursor
  }

  /** The parameters among `names` as they were sent, then `next`; with the leading `?`. */
  again(names: ReadonlyArray<string>, next: string): string {
    const kept = this.pairs.filter(([key]) => names.includes(key)).map(([key, raw]) => `${key}=${raw}`)
    if (next !== "") kept.push(`next=${encodeURIComponent(next)}`)
    return kept.length === 0 ? "" : `?${kept.join("&")}`
  }
}
