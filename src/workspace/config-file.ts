/**
 * The configuration file: sources, spaces, tokens and limits that it declares for an installation. A wrong file is refused
 * with every problem at once, never half applied.
 *
 * - Write keys are unique in the installation and of any form that the Tracking API accepts (ING-17, ING-20);
 *   a source has at most two, so that keys can be rotated (ING-21); cloud sources have none (ING-19).
 * - Tokens name their space by slug and may be stored as `sha256:<hex>`; in memory there is only the hash (PRO-4).
 *   One with the scope `workspace:admin` needs no space.
 * - Spaces connect sources by slug; object cloud sources carry no events (IDR-11).
 *
 * - What is optional and absent is left to people: labels, applications, settings, what a source blocks, OAuth, policy and filters of a space.
 *
 * Not here: sources and what belongs to them (`file-sources.ts`), rules of a space (`rules-document.ts`), what a changed file changes (`apply-file.ts`), reading it (`workspace-live.ts`).
 */
import { sha256Hex } from "../platform/hash.ts"
import {
  type ConfiguredFilter,
  type ConfiguredSource,
  type ConfiguredSpace,
  type ConfiguredToken,
  type Decoded,
  defaultLimits
} from "./configured.ts"
import { array, at, closest, flag, int, named, object, once, oneOf, parseJson, type Problem, text } from "./decode.ts"
import { compileStatement } from "./event-filters.ts"
import { decodeApplications, decodeLabels, decodeSources } from "./file-sources.ts"
import { labelForm, labelPattern } from "./labels.ts"
import { maxFilters } from "./manage-filters.ts"
import { decodeRules } from "./rules-document.ts"
import { type Limits, type TokenScope, tokenScopes } from "./workspace.ts"

type Problems = Array<Problem>

const spaceSlug = /^[a-z0-9][a-z0-9-]{0,62}$/
const secret = /^[\x21-\x39\x3b-\x7e]{1,256}$/ // a Basic user name ends at the first colon

const decodeConnections = (
  problems: Problems,
  path: string,
  value: unknown,
  sources: ReadonlyMap<string, ConfiguredSource>
): ReadonlyArray<string> => {
  const unique = once("a connected source")
  return (array(problems, path, value, "slugs of sources") ?? []).flatMap((slug, i) => {
    const source = typeof slug === "string" ? sources.get(slug) : undefined
    if (source === undefined) {
      const meant = typeof slug === "string" ? closest(slug, sources.keys()) : undefined
      const hint = meant === undefined ? "" : `; did you mean "${meant}"?`
      problems.push({
        path: at(path, i),
        expected: `expected the slug of a source in this file, found ${JSON.stringify(slug)}${hint}`
      })
      return []
    }
    if (source.kind === "object_cloud") {
      problems.push({
        path: at(path, i),
        expected: "expected a source of events; object_cloud sources cannot be connected to a space"
      })
    }
    unique(problems, at(path, i), source.slug)
    return [source.slug]
  })
}

const decodePolicy = (problems: Problems, path: string, value: unknown): ReadonlyArray<string> =>
  [
    ...new Set(
      (array(problems, path, value, "labels") ?? []).flatMap(
        (label, i) => text(problems, at(path, i), label, labelPattern, labelForm) ?? []
      )
    )
  ].sort()

const decodeFilters = (problems: Problems, path: string, value: unknown): ReadonlyArray<ConfiguredFilter> => {
  const unique = once("the name of an event filter")
  const items = array(problems, path, value, "event filters") ?? []
  if (items.length > maxFilters) problems.push({ path, expected: `expected at most ${maxFilters} event filters` })
  return items.flatMap((item, i) => {
    const here = at(path, i)
    const filter = object(problems, here, item, ["name", "fql", "enabled"])
    if (filter === undefined) return []
    const name = named(problems, at(here, "name"), filter["name"], undefined)
    unique(problems, at(here, "name"), name)
    const fql = text(problems, at(here, "fql"), filter["fql"], /^[^]+$/, "a filter statement")
    const problem = fql === undefined ? undefined : compileStatement(fql).problem
    if (problem !== undefined) problems.push({ path: at(here, "fql"), expected: problem })
    const enabled = filter["enabled"] === undefined || flag(problems, at(here, "enabled"), filter["enabled"]) === true
    return [{ name, fql: fql ?? "", enabled }]
  })
}

const spaceMembers = ["id", "slug", "name", "kind", "sources", "rules", "connectionPolicy", "filters"] as const

const decodeSpaces = (
  problems: Problems,
  value: unknown,
  sources: ReadonlyArray<ConfiguredSource>
): ReadonlyArray<ConfiguredSpace> => {
  const bySlug = new Map(sources.map((source) => [source.slug, source]))
  const uniqueId = once("the id of a space")
  const uniqueSlug = once("the slug of a space")
  return (array(problems, "spaces", value, "spaces") ?? []).flatMap((item, i) => {
    const path = at("spaces", i)
    const space = object(problems, path, item, spaceMembers)
    if (space === undefined) return []
    const id = text(problems, at(path, "id"), space["id"], /^spa_[0-9A-Za-z]{22}$/, "spa_ and 22 letters or digits")
    uniqueId(problems, at(path, "id"), id)
    const slug = text(
      problems,
      at(path, "slug"),
      space["slug"],
      spaceSlug,
      "a slug of 1 to 63 lower-case letters, digits or -, starting with a letter or digit"
    )
    uniqueSlug(problems, at(path, "slug"), slug)
    const rules = decodeRules(space["rules"] ?? {})
    for (const problem of rules.problems ?? []) {
      const inside = problem.path.startsWith("[") || problem.path === "" ? problem.path : `.${problem.path}`
      problems.push({ path: `${at(path, "rules")}${inside}`, expected: problem.expected })
    }
    return {
      id: id ?? "",
      slug: slug ?? "",
      name: named(problems, at(path, "name"), space["name"], slug),
      kind: oneOf(problems, at(path, "kind"), space["kind"], ["dev", "prod"]) ?? "dev",
      sources: decodeConnections(problems, at(path, "sources"), space["sources"], bySlug),
      rules: rules.document ?? decodeRules({}).document!,
      rulesAsWritten: JSON.stringify(space["rules"] ?? {}),
      ...(space["connectionPolicy"] === undefined
        ? undefined
        : { policy: decodePolicy(problems, at(path, "connectionPolicy"), space["connectionPolicy"]) }),
      ...(space["filters"] === undefined
        ? undefined
        : { declaredFilters: decodeFilters(problems, at(path, "filters"), space["filters"]) })
    }
  })
}

const decodeTokens = (
  problems: Problems,
  value: unknown,
  spaces: ReadonlyArray<ConfiguredSpace>
): ReadonlyArray<ConfiguredToken> => {
  const unique = once("the secret of a token")
  const slugs = spaces.map((space) => space.slug)
  const decodeScopes = (path: string, value: unknown): ReadonlySet<TokenScope> => {
    if (value === undefined) return new Set(["profiles:read"])
    const scopes = array(problems, path, value, "scopes") ?? []
    return new Set(scopes.flatMap((scope, i) => oneOf(problems, at(path, i), scope, tokenScopes) ?? []))
  }
  if (value === undefined) return []
  return (array(problems, "tokens", value, "tokens") ?? []).flatMap((item, i) => {
    const path = at("tokens", i)
    const token = object(problems, path, item, ["name", "space", "secret", "scopes"])
    if (token === undefined) return []
    const hash = decodeSecret(problems, at(path, "secret"), token["secret"])
    unique(problems, at(path, "secret"), hash)
    const scopes = decodeScopes(at(path, "scopes"), token["scopes"])
    const ofWorkspace = token["space"] === undefined && scopes.has("workspace:admin")
    return {
      name: named(problems, at(path, "name"), token["name"], undefined),
      space: ofWorkspace ? null : (oneOf(problems, at(path, "space"), token["space"], slugs) ?? ""),
      hash: hash ?? "",
      scopes
    }
  })
}

/** The problem never repeats what it found: it ends up in logs. */
const decodeSecret = (problems: Problems, path: string, value: unknown): string | undefined => {
  if (typeof value === "string") {
    const hashed = /^sha256:([0-9a-f]{64})$/i.exec(value)
    if (hashed !== null) return hashed[1]!.toLowerCase()
    if (value.startsWith("sha256:")) {
      problems.push({ path, expected: "expected 64 hexadecimal digits after sha256:" })
      return undefined
    }
    if (secret.test(value)) return sha256Hex(value)
  }
  problems.push({
    path,
    expected:
      "expected a secret of 1 to 256 printable ASCII characters without blanks and colons, or sha256: and its hash"
  })
  return undefined
}

const decodeLimits = (problems: Problems, value: unknown): Limits => {
  if (value === undefined) return defaultLimits
  const limits = object(problems, "limits", value, Object.keys(defaultLimits))
  const limit = (key: keyof Limits): number =>
    limits?.[key] === undefined
      ? defaultLimits[key]
      : (int(problems, at("limits", key), limits[key], 0, 1e9, "a whole number per second, 0 = off") ?? 0)
  return {
    requestsPerSecond: limit("requestsPerSecond"),
    messagesPerSecond: limit("messagesPerSecond"),
    spaceEventsPerSecond: limit("spaceEventsPerSecond"),
    profileApiPerSecond: limit("profileApiPerSecond")
  }
}

const fileMembers = ["labels", "oauthApplications", "sources", "spaces", "tokens", "limits"] as const
/** Members of files that `braid config apply` takes. */
const appliedMembers = ["destinations", "consentCategories"] as const

type Whole = Readonly<Record<string, unknown>>

const decodeConfiguration = (
  value: unknown,
  further: ((problems: Problems, file: Whole) => void) | undefined
): Decoded => {
  const problems: Problems = []
  const file = object(problems, "", value, [...fileMembers, ...appliedMembers])
  if (file === undefined) return { problems }
  for (const member of further === undefined ? appliedMembers : [])
    if (file[member] !== undefined)
      problems.push({
        path: member,
        expected:
          "expected nothing here: the file that Braid starts with has none; apply them with `braid config apply`"
      })
  further?.(problems, file)
  const labels = decodeLabels(problems, file["labels"])
  const applications = decodeApplications(problems, file["oauthApplications"])
  const sources = decodeSources(problems, file["sources"], applications)
  const spaces = decodeSpaces(problems, file["spaces"], sources)
  const tokens = decodeTokens(problems, file["tokens"], spaces)
  const limits = decodeLimits(problems, file["limits"])
  return problems.length > 0
    ? { problems }
    : { configuration: { sources, spaces, tokens, limits, labels, applications } }
}

/** The text of a file. `further` reads the members that are not the workspace's own; without it there may be none. */
export const parseConfiguration = (content: string, further?: (problems: Problems, file: Whole) => void): Decoded => {
  const json = parseJson(content)
  return json.problem === undefined ? decodeConfiguration(json.value, further) : { problems: [json.problem] }
}
