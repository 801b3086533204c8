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
 * Not here: rules of a space (`rules-document.ts`), what a changed file changes (`apply-file.ts`), reading it (`workspace-live.ts`).
 */
import { sha256Hex } from "../platform/hash.ts"
import { array, at, closest, flag, int, object, oneOf, parseJson, type Problem, text } from "./decode.ts"
import { keyOfLabel, labelForm, labelPattern } from "./labels.ts"
import { decodeRules } from "./rules-document.ts"
import type { RulesDocument } from "./rules.ts"
import type { BlockedNames } from "./source-blocks.ts"
import {
  type Connection,
  type EventFilter,
  type Limits,
  type OAuthSnapshot,
  type Source,
  type SourceKind,
  sourceKinds,
  type TokenScope,
  tokenScopes
} from "./workspace.ts"

export interface ConfiguredSource extends Omit<Source, "no"> {
  /** As the file has it; undefined: the file leaves it to people. */
  readonly blocked?: BlockedNames
}

export interface ConfiguredSpace {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly kind: "dev" | "prod"
  /** Slugs of the connected sources. */
  readonly sources: ReadonlyArray<string>
  readonly rules: RulesDocument
  /** The rules as the file has them, without defaults. */
  readonly rulesAsWritten?: string
  /** Only what comes from the database has filters. */
  readonly filters?: ReadonlyArray<EventFilter>
  /** Only what comes from the database tells when each was connected. */
  readonly connections?: ReadonlyArray<Omit<Connection, "source"> & { readonly source: string }>
}

export interface ConfiguredToken {
  /** Given by the database. */
  readonly id?: string
  readonly name: string
  /** Slug; null = of the whole workspace. */
  readonly space: string | null
  readonly hash: string
  readonly scopes: ReadonlySet<TokenScope>
}

export interface Configuration {
  readonly sources: ReadonlyArray<ConfiguredSource>
  readonly spaces: ReadonlyArray<ConfiguredSpace>
  readonly tokens: ReadonlyArray<ConfiguredToken>
  readonly limits: Limits
  /** Only what comes from the database has it. */
  readonly oauth?: OAuthSnapshot
}

export type Decoded =
  | { readonly configuration: Configuration; readonly problems?: undefined }
  | { readonly problems: ReadonlyArray<Problem>; readonly configuration?: undefined }

/** ING-34, IDR-15, PRO-6. */
export const defaultLimits: Limits = {
  requestsPerSecond: 1000,
  messagesPerSecond: 1000,
  spaceEventsPerSecond: 1000,
  profileApiPerSecond: 100
}

/** Everything else gets its events through a third party's credential, its own URL or a schedule (ING-19, ING-112). */
export const kindsWithWriteKey: ReadonlySet<SourceKind> = new Set(["website", "mobile", "server", "http", "pixel"])

export const sourceSlug = /^[a-z0-9][a-z0-9_-]{0,63}$/
const spaceSlug = /^[a-z0-9][a-z0-9-]{0,62}$/
export const writeKey = /^[A-Za-z0-9_-]{1,128}$/
const secret = /^[\x21-\x39\x3b-\x7e]{1,256}$/ // a Basic user name ends at the first colon

type Problems = Array<Problem>

/** Remembers values that may occur once, and where they occurred first. */
const once = (what: string) => {
  const seen = new Map<string, string>()
  return (problems: Problems, path: string, value: string | undefined): void => {
    if (value === undefined) return
    const first = seen.get(value)
    if (first === undefined) seen.set(value, path)
    else problems.push({ path, expected: `${what} must be unique; ${first} has the same` })
  }
}

const name = (problems: Problems, path: string, value: unknown, otherwise: string | undefined): string =>
  value === undefined && otherwise !== undefined
    ? otherwise
    : (text(problems, path, value, /^(?=.*\S).{1,200}$/su, "a name of 1 to 200 characters") ?? "")

const decodeSources = (problems: Problems, value: unknown): ReadonlyArray<ConfiguredSource> => {
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
    const source = object(problems, path, item, ["id", "slug", "name", "kind", "writeKeys", "enabled", "labels"])
    if (source === undefined) return []
    const id = text(
      problems,
      at(path, "id"),
      source["id"],
      /^[A-Za-z0-9_-]{1,64}$/,
      "an id of 1 to 64 letters, digits, _ or -"
    )
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
    return {
      id: id ?? "",
      slug: slug ?? "",
      name: name(problems, at(path, "name"), source["name"], slug),
      kind: kind ?? "http",
      writeKeys: decodeKeys(at(path, "writeKeys"), source["writeKeys"], kind),
      enabled: source["enabled"] === undefined || flag(problems, at(path, "enabled"), source["enabled"]) === true,
      labels: decodeLabels(at(path, "labels"), source["labels"])
    }
  })
}

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
    const space = object(problems, path, item, ["id", "slug", "name", "kind", "sources", "rules"])
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
      name: name(problems, at(path, "name"), space["name"], slug),
      kind: oneOf(problems, at(path, "kind"), space["kind"], ["dev", "prod"]) ?? "dev",
      sources: decodeConnections(problems, at(path, "sources"), space["sources"], bySlug),
      rules: rules.document ?? decodeRules({}).document!,
      rulesAsWritten: JSON.stringify(space["rules"] ?? {})
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
      name: name(problems, at(path, "name"), token["name"], undefined),
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

const decodeConfiguration = (value: unknown): Decoded => {
  const problems: Problems = []
  const file = object(problems, "", value, ["sources", "spaces", "tokens", "limits"])
  if (file === undefined) return { problems }
  const sources = decodeSources(problems, file["sources"])
  const spaces = decodeSpaces(problems, file["spaces"], sources)
  const tokens = decodeTokens(problems, file["tokens"], spaces)
  const limits = decodeLimits(problems, file["limits"])
  return problems.length > 0 ? { problems } : { configuration: { sources, spaces, tokens, limits } }
}

/** `decodeConfiguration` of the text of a file. */
export const parseConfiguration = (content: string): Decoded => {
  const json = parseJson(content)
  return json.problem === undefined ? decodeConfiguration(json.value) : { problems: [json.problem] }
}
