/**
 * What an address says beside its path: filters, selections, tabs. Everything that can be seen can be linked, so these
 * functions accept whatever somebody typed and keep only what makes sense. Pure; see test/console/url-state.test.ts.
 */
type Raw = Readonly<Record<string, unknown>>

/** Text of at most `max` characters; undefined when there is none. Numbers that the router has parsed are text again. */
const text = (value: unknown, max = 512): string | undefined => {
  const string = typeof value === "number" || typeof value === "boolean" ? String(value) : value
  return typeof string === "string" && string !== "" ? string.slice(0, max) : undefined
}

const oneOf = <const T extends string>(value: unknown, allowed: ReadonlyArray<T>): T | undefined =>
  allowed.find((each) => each === value)

const flag = (value: unknown): true | undefined =>
  value === true || value === "true" || value === 1 ? true : undefined

const whole = (value: unknown, min: number, max: number): number | undefined => {
  const number = typeof value === "string" && value !== "" ? Number(value) : value
  return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max ? number : undefined
}

/** Without members that are undefined, so that addresses stay short. */
const compact = <T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/** The address with some members changed; undefined takes one away. */
export const changed = <Search extends object>(
  search: Search,
  change: { readonly [K in keyof Search]?: Search[K] | undefined }
): Search => compact({ ...search, ...change }) as Search

/** The text of a field as a member of an address. */
export const fieldText = (value: string): string | undefined => (value === "" ? undefined : value)

export const profilesSearch = (raw: Raw) =>
  compact({
    q: text(raw["q"]),
    collection: oneOf(raw["collection"], ["accounts"]),
    anonymous: flag(raw["anonymous"]),
    trait: text(raw["trait"], 256),
    value: text(raw["value"])
  })

export const profileSearch = (raw: Raw) =>
  compact({
    /** Selected event: a message id. */
    e: text(raw["e"], 256),
    view: oneOf(raw["view"], ["table", "tree", "raw"]),
    /** `type:` or `week:`, of a graph that is too large for rows. */
    part: text(raw["part"], 128),
    q: text(raw["q"])
  })

export const liveStatuses = ["ACCEPTED", "DUPLICATE", "DISCARDED", "BLOCKED"] as const
export const eventTypes = ["IDENTIFY", "TRACK", "PAGE", "SCREEN", "GROUP", "ALIAS"] as const

export const liveSearch = (raw: Raw) =>
  compact({
    source: text(raw["source"], 128),
    status: oneOf(raw["status"], liveStatuses),
    type: oneOf(raw["type"], eventTypes),
    event: text(raw["event"], 256),
    /** Of a message. */
    id: text(raw["id"], 256),
    q: text(raw["q"]),
    e: text(raw["e"], 256),
    tab: oneOf(raw["tab"], ["raw", "identity"]),
    paused: flag(raw["paused"])
  })

export const schemaTabs = ["track", "identify", "group"] as const

/** What a source sends: `days` is 30 or, when it is missing, 7. */
export const schemaSearch = (raw: Raw) =>
  compact({
    tab: oneOf(raw["tab"], ["identify", "group"]),
    days: whole(raw["days"], 30, 30),
    event: text(raw["event"], 256),
    archived: flag(raw["archived"]),
    q: text(raw["q"], 256)
  })

/** `source`: that the destination will be fed by. */
export const catalogSearch = (raw: Raw) =>
  compact({ q: text(raw["q"], 128), category: text(raw["category"], 128), source: text(raw["source"], 128) })

export const newDestinationSearch = (raw: Raw) =>
  compact({ entry: text(raw["entry"], 64), source: text(raw["source"], 128) })

/** Of the delivery pages; none: the last 24 hours. */
export const periods = ["10m", "1h", "7d", "14d"] as const

const period = (raw: Raw) => ({
  range: oneOf(raw["range"], periods),
  /** A range of one's own, ms. */
  from: whole(raw["from"], 0, 9e15),
  to: whole(raw["to"], 0, 9e15)
})

export const destinationTabs = [
  "overview",
  "delivery",
  "mappings",
  "filters",
  "tester",
  "replays",
  "alerts",
  "settings"
] as const
export type DestinationTab = (typeof destinationTabs)[number]

export const destinationSearch = (raw: Raw) =>
  compact({
    ...period(raw),
    unit: oneOf(raw["unit"], ["count"]),
    mapping: text(raw["mapping"], 64),
    step: text(raw["step"], 64),
    reason: text(raw["reason"], 128),
    /** What is open in an editor: an id, or `new`. */
    edit: text(raw["edit"], 64),
    /** Slug of the action that a new mapping is for. */
    action: text(raw["action"], 128),
    /** An event to try: a message id. */
    message: text(raw["message"], 256)
  })

export const sourceTabs = ["overview", "schema", "settings", "alerts"] as const
export type SourceTab = (typeof sourceTabs)[number]

export const sourceSearch = (raw: Raw) => compact({ ...period(raw), step: text(raw["step"], 64) })

export const explainSearch = (raw: Raw) => compact({ steps: oneOf(raw["steps"], ["all"]) })

/** `message`: a stored one that the dry run begins with. */
export const dryRunSearch = (raw: Raw) =>
  compact({ message: text(raw["message"], 256), steps: oneOf(raw["steps"], ["all"]) })

export const ranges = ["1h", "24h", "7d", "30d"] as const
export type Range = (typeof ranges)[number]
export const rangeMs: Readonly<Record<Range, number>> = {
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 7 * 86_400_000,
  // Less by a minute than what the service refuses.
  "30d": 30 * 86_400_000 - 60_000
}

export const insightsTabs = ["violations", "success", "audit", "contended", "not-merged"] as const
export type InsightsTab = (typeof insightsTabs)[number]

export const insightsSearch = (raw: Raw) =>
  compact({
    range: oneOf(raw["range"], ranges),
    kind: text(raw["kind"], 64),
    type: text(raw["type"], 128),
    id: text(raw["id"]),
    event: oneOf(raw["event"], eventTypes),
    source: text(raw["source"], 128),
    segment: text(raw["segment"], 64),
    e: text(raw["e"], 256),
    /** Of the audit trail. */
    actor: text(raw["actor"], 128),
    action: text(raw["action"], 64),
    object: text(raw["object"], 128),
    a: text(raw["a"]),
    b: text(raw["b"])
  })

export const clusterChanges = ["SPLIT", "MERGED", "REGROUPED", "APPEARED", "VANISHED"] as const

export const runSearch = (raw: Raw) =>
  compact({
    change: oneOf(raw["change"], clusterChanges),
    /** Identifiers of a cluster. */
    minSize: whole(raw["minSize"], 1, 9_999_999),
    /** The first profile before, or `+` and the first after. */
    cluster: text(raw["cluster"], 64),
    view: oneOf(raw["view"], ["table"]),
    /** Both decisions on the first diverging event, step by step. */
    why: flag(raw["why"])
  })

/** `edit`: the type whose blocked values are open, or `space`. */
export const rulesSearch = (raw: Raw) => compact({ edit: text(raw["edit"], 64) })

export const signInSearch = (raw: Raw) => {
  const next = text(raw["next"])
  // Only a path of ours: nobody is sent elsewhere after signing in.
  return compact({
    next: next !== undefined && /^\/(?![/\\])[^\s]*$/.test(next) ? next : undefined,
    /** There was a session, and it is over. */
    ended: flag(raw["ended"])
  })
}

export const profileTabs = [
  "overview",
  "traits",
  "events",
  "identities",
  "graph",
  "accounts",
  "history",
  "violations"
] as const
export type ProfileTab = (typeof profileTabs)[number]

/** `type:value` as one writes it; an address with an `@` is an e-mail. Undefined: neither. */
export const identifierIn = (input: string): { readonly type: string; readonly id: string } | undefined => {
  const trimmed = input.trim()
  const match = /^([a-z][a-z0-9_.]{0,62}):(.+)$/i.exec(trimmed)
  if (match !== null) return { type: match[1]!.toLowerCase(), id: match[2]!.trim() }
  return /^[^\s@]+@[^\s@]+$/.test(trimmed) ? { type: "email", id: trimmed.toLowerCase() } : undefined
}
