/** What a configuration file says of sources, of OAuth applications and of labels; see `config-file.ts`. */
import {
  type ConfiguredApplication,
  type ConfiguredLabel,
  type ConfiguredSource,
  kindsWithWriteKey,
  sourceSlug
} from "./configured.ts"
import { array, at, flag, named, object, once, oneOf, type Problem, text } from "./decode.ts"
import { keyOfLabel, labelForm, labelPattern } from "./labels.ts"
import { blockedProblem } from "./manage-event-filters.ts"
import { connectableKinds, readPublicKey } from "./manage-oauth.ts"
import { oauthScopes, tokenLifetimes } from "./oauth-token.ts"
import { type BlockedNames, orderedBlocks } from "./source-blocks.ts"
import { settingsProblem } from "./source-settings.ts"
import { type SourceKind, sourceKinds, type SourceSettings } from "./workspace.ts"

type Problems = Array<Problem>

const writeKey = /^[A-Za-z0-9_-]{1,128}$/
const idForm = /^[A-Za-z0-9_-]{1,64}$/
const idWords = "an id of 1 to 64 letters, digits, _ or -"

const names = (problems: Problems, path: string, value: unknown, of: string): ReadonlyArray<string> =>
  value === undefined
    ? []
    : (array(problems, path, value, of) ?? []).flatMap(
        (item, i) => text(problems, at(path, i), item, /^[^]+$/, "a name") ?? []
      )

const decodeBlocked = (problems: Problems, path: string, value: unknown): BlockedNames | undefined => {
  if (value === undefined) return undefined
  const members = object(problems, path, value, ["track", "page", "screen", "identify", "group"])
  if (members === undefined) return undefined
  const switched = (key: "page" | "screen") =>
    members[key] !== undefined && flag(problems, at(path, key), members[key]) === true
  const blocked = orderedBlocks({
    track: names(problems, at(path, "track"), members["track"], "names of events"),
    page: switched("page"),
    screen: switched("screen"),
    identify: names(problems, at(path, "identify"), members["identify"], "names of traits"),
    group: names(problems, at(path, "group"), members["group"], "names of traits")
  })
  const problem = blockedProblem(blocked)
  if (problem !== undefined) problems.push({ path, expected: problem })
  return blocked
}

const decodeSettings = (problems: Problems, path: string, value: unknown): SourceSettings | undefined => {
  if (value === undefined) return undefined
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const problem = settingsProblem(value as SourceSettings)
    if (problem !== undefined) problems.push({ path, expected: problem })
    return value as SourceSettings
  }
  problems.push({ path, expected: "expected an object of settings" })
  return undefined
}

const decodeOAuth = (
  problems: Problems,
  path: string,
  value: unknown,
  kind: SourceKind | undefined,
  applications: ReadonlyArray<string>
): ConfiguredSource["oauth"] => {
  if (value === undefined) return undefined
  const members = object(problems, path, value, ["application", "enabled"])
  if (members === undefined) return undefined
  if (kind !== undefined && !connectableKinds.has(kind))
    problems.push({ path, expected: `expected no OAuth: sources of kind ${kind} cannot keep a private key` })
  const application = oneOf(problems, at(path, "application"), members["application"], applications)
  const enabled = flag(problems, at(path, "enabled"), members["enabled"] ?? false)
  return application === undefined || enabled === undefined ? undefined : { application, enabled }
}

const sourceMembers = [
  "id",
  "slug",
  "name",
  "kind",
  "writeKeys",
  "enabled",
  "labels",
  "settings",
  "blocked",
  "oauth"
] as const

export const decodeSources = (
  problems: Problems,
  value: unknown,
  applications: ReadonlyArray<ConfiguredApplication>
): ReadonlyArray<ConfiguredSource> => {
  const applicationIds = applications.map(({ id }) => id)
  const uniqueId = once("the id of a source")
  const uniqueSlug = once("the slug of a source")
  const uniqueKey = once("a write key")
  const decodeKeys = (path: string, value: unknown, kind: SourceKind | undefined): ReadonlyArray<string> => {
    const keyed = kind === undefined || kindsWithWriteKey.has(kind)
    if (value === undefined && !keyed) return []
    const keys = array(problems, path, value, "write keys")
    if (keys === undefined) return []
    if (!keyed && keys.length > 0)
      problems.push({ path, expected: `expected no write key: sources of kind ${kind} have none` })
    if (keyed && (keys.length < 1 || keys.length > 2)) {
      problems.push({
        path,
        expected: `expected one write key, or two while one replaces the other, found ${keys.length}`
      })
    }
    return keys.map((key, i) => {
      const known = text(problems, at(path, i), key, writeKey, "a write key of 1 to 128 letters, digits, _ or -")
      uniqueKey(problems, at(path, i), known)
      return known ?? ""
    })
  }
  const decodeLabels = (path: string, value: unknown): ReadonlyArray<string> => {
    if (value === undefined) return []
    const uniqueLabelKey = once("the key of a label")
    return (array(problems, path, value, "labels") ?? []).flatMap((item, i) => {
      const label = text(problems, at(path, i), item, labelPattern, labelForm)
      uniqueLabelKey(problems, at(path, i), label === undefined ? undefined : keyOfLabel(label))
      return label ?? []
    })
  }
  return (array(problems, "sources", value, "sources") ?? []).flatMap((item, i) => {
    const path = at("sources", i)
    const source = object(problems, path, item, sourceMembers)
    if (source === undefined) return []
    const id = text(problems, at(path, "id"), source["id"], idForm, idWords)
    uniqueId(problems, at(path, "id"), id)
    const slug = text(
      problems,
      at(path, "slug"),
      source["slug"],
      sourceSlug,
      "a slug of 1 to 64 lower-case letters, digits, _ or -, starting with a letter or digit"
    )
    uniqueSlug(problems, at(path, "slug"), slug)
    const kind = oneOf(problems, at(path, "kind"), source["kind"], sourceKinds)
    const settings = decodeSettings(problems, at(path, "settings"), source["settings"])
    const blocked = decodeBlocked(problems, at(path, "blocked"), source["blocked"])
    const oauth = decodeOAuth(problems, at(path, "oauth"), source["oauth"], kind, applicationIds)
    return {
      id: id ?? "",
      slug: slug ?? "",
      name: named(problems, at(path, "name"), source["name"], slug),
      kind: kind ?? "http",
      writeKeys: decodeKeys(at(path, "writeKeys"), source["writeKeys"], kind),
      enabled: source["enabled"] === undefined || flag(problems, at(path, "enabled"), source["enabled"]) === true,
      labels: decodeLabels(at(path, "labels"), source["labels"]),
      ...(settings === undefined ? undefined : { settings }),
      ...(blocked === undefined ? undefined : { blocked }),
      ...(oauth === undefined ? undefined : { oauth })
    }
  })
}

const decodeKeys = (
  problems: Problems,
  path: string,
  value: unknown,
  unique: ReturnType<typeof once>
): ConfiguredApplication["keys"] => {
  const items = array(problems, path, value, "keys") ?? []
  if (items.length === 0 || items.length > 2)
    problems.push({ path, expected: `expected one key, or two while one replaces the other, found ${items.length}` })
  return items.flatMap((item, i) => {
    const here = at(path, i)
    const key = object(problems, here, item, ["id", "name", "publicKey"])
    if (key === undefined) return []
    const id = text(problems, at(here, "id"), key["id"], idForm, idWords)
    unique(problems, at(here, "id"), id)
    const pem = text(problems, at(here, "publicKey"), key["publicKey"], /^[^]+$/, "an RSA public key in PEM")
    const read = pem === undefined ? undefined : readPublicKey(pem)
    if (read !== undefined && "problem" in read) problems.push({ path: at(here, "publicKey"), expected: read.problem })
    const publicKey = read !== undefined && "pem" in read ? read.pem : ""
    return [{ id: id ?? "", name: named(problems, at(here, "name"), key["name"], id), publicKey }]
  })
}

const lifetimes = tokenLifetimes.map((seconds) => String(seconds / 86_400))

export const decodeApplications = (problems: Problems, value: unknown): ReadonlyArray<ConfiguredApplication> => {
  if (value === undefined) return []
  const uniqueId = once("the id of an application")
  const uniqueKey = once("the id of a key")
  return (array(problems, "oauthApplications", value, "OAuth applications") ?? []).flatMap((item, i) => {
    const path = at("oauthApplications", i)
    const application = object(problems, path, item, ["id", "name", "tokenDays", "scopes", "keys"])
    if (application === undefined) return []
    const id = text(problems, at(path, "id"), application["id"], idForm, idWords)
    uniqueId(problems, at(path, "id"), id)
    const days = application["tokenDays"]
    const known = typeof days === "number" && lifetimes.includes(String(days))
    if (!known)
      problems.push({
        path: at(path, "tokenDays"),
        expected: `expected a number of days, one of ${lifetimes.join(", ")}`
      })
    const scopes = (array(problems, at(path, "scopes"), application["scopes"], "scopes") ?? []).flatMap(
      (scope, n) => oneOf(problems, at(at(path, "scopes"), n), scope, oauthScopes) ?? []
    )
    return {
      id: id ?? "",
      name: named(problems, at(path, "name"), application["name"], id),
      tokenSeconds: known ? days * 86_400 : 0,
      scopes: oauthScopes.filter((scope) => scopes.includes(scope)),
      keys: decodeKeys(problems, at(path, "keys"), application["keys"], uniqueKey)
    }
  })
}

export const decodeLabels = (problems: Problems, value: unknown): ReadonlyArray<ConfiguredLabel> => {
  if (value === undefined) return []
  const unique = once("a label")
  return (array(problems, "labels", value, "labels") ?? []).flatMap((item, i) => {
    const path = at("labels", i)
    const members = object(problems, path, item, ["label", "description"])
    if (members === undefined) return []
    const label = text(problems, at(path, "label"), members["label"], labelPattern, labelForm)
    unique(problems, at(path, "label"), label)
    const description = members["description"] ?? null
    const said =
      description === null
        ? null
        : text(problems, at(path, "description"), description, /^[^]{0,500}$/u, "a text of at most 500 characters")
    return { label: label ?? "", description: said ?? null }
  })
}
