/**
 * Identity rules while they are edited: the document as a form can change it, what is different from the saved version in
 * words, and the input that saves it. Pure; see test/console/rules-draft.test.ts.
 */
import type { InputProblem } from "../../api/client.ts"
import type { RulesInput } from "../../api/schema.gql.ts"
import type { RulesDocument } from "./rules.gql.ts"

export type Rule = RulesDocument["identifiers"][number]
export type Blocked = Rule["blocked"][number]

export const windows = ["EVER", "ANNUALLY", "MONTHLY", "WEEKLY", "DAILY"] as const
export const limits = { min: 1, max: 1000 } as const

const isSame = (a: Rule, b: Pick<Rule, "type" | "collection">) => a.type === b.type && a.collection === b.collection

/** Brought by an event and left as it came: no part of the document, and added again by itself where that is on. */
const isBrought = (rule: Rule, { autoAddIdentifiers }: RulesDocument) =>
  autoAddIdentifiers &&
  rule.origin === "auto" &&
  rule.enabled &&
  !rule.explicitRank &&
  rule.limit === 5 &&
  rule.window === "EVER" &&
  sameBlocked(rule.blocked, suggestedBlocked)

/** As it is saved. Explicit places are numbered anew by order; types without one keep following by name. */
export const inputOf = (rules: RulesDocument): RulesInput => {
  let place = 0
  return {
    autoAddIdentifiers: rules.autoAddIdentifiers,
    readmitDemoted: rules.readmitDemoted,
    blockJunk: rules.blockJunk,
    spaceBlocked: rules.spaceBlocked.map(({ kind, value }) => ({ kind, value })),
    identifiers: rules.identifiers
      .filter((rule) => !isBrought(rule, rules))
      .map((rule) => ({
        type: rule.type,
        collection: rule.collection,
        rank: rule.explicitRank ? (place += 1) : null,
        limit: rule.limit,
        window: rule.window,
        blocked: rule.blocked.map(({ kind, value }) => ({ kind, value })),
        enabled: rule.enabled,
        matchKeys: rule.matchKeys,
        locations: rule.locations
      }))
  }
}

export const changeRule = (
  rules: RulesDocument,
  of: Pick<Rule, "type" | "collection">,
  change: Partial<Rule>
): RulesDocument => ({
  ...rules,
  identifiers: rules.identifiers.map((rule) => (isSame(rule, of) ? { ...rule, ...change } : rule))
})

/** One place up or down among the types that are switched on. Whatever is above the moved one has an explicit place then. */
export const moveRule = (rules: RulesDocument, of: Pick<Rule, "type" | "collection">, by: -1 | 1): RulesDocument => {
  const from = rules.identifiers.findIndex((rule) => isSame(rule, of))
  const to = from + by
  if (from === -1 || rules.identifiers[to]?.enabled !== true) return rules
  const identifiers = [...rules.identifiers]
  identifiers.splice(to, 0, ...identifiers.splice(from, 1))
  const lowest = Math.max(
    to,
    identifiers.findLastIndex(({ explicitRank }) => explicitRank)
  )
  return { ...rules, identifiers: identifiers.map((rule, i) => (i <= lowest ? { ...rule, explicitRank: true } : rule)) }
}

export const addRule = (rules: RulesDocument, type: string, collection: Rule["collection"]): RulesDocument => {
  if (rules.identifiers.some((rule) => isSame(rule, { type, collection }))) return rules
  const off = rules.identifiers.findIndex(({ enabled }) => !enabled)
  const at = off === -1 ? rules.identifiers.length : off
  const rule: Rule = {
    type,
    collection,
    rank: at + 1,
    explicitRank: false,
    limit: 5,
    window: "EVER",
    blocked: suggestedBlocked,
    origin: "custom",
    enabled: true,
    matchKeys: [],
    locations: []
  }
  return { ...rules, identifiers: rules.identifiers.toSpliced(at, 0, rule) }
}

/** The four suggested values of IDR-66. */
export const suggestedBlocked: ReadonlyArray<Blocked> = [
  { kind: "pattern", value: "^[0-]*$" },
  { kind: "exact", value: "-1" },
  { kind: "exact", value: "null" },
  { kind: "exact", value: "anonymous" }
]

const isSuggested = (blocked: Blocked) =>
  suggestedBlocked.some(({ kind, value }) => kind === blocked.kind && value === blocked.value)

export const splitBlocked = (blocked: ReadonlyArray<Blocked>) => ({
  suggested: blocked.filter(isSuggested).length,
  own: blocked.filter((each) => !isSuggested(each))
})

export const blockedKey = ({ kind, value }: Blocked): string => `${kind} ${value}`

const sameBlocked = (a: ReadonlyArray<Blocked>, b: ReadonlyArray<Blocked>): boolean => {
  const has = new Set(a.map(blockedKey))
  return a.length === b.length && b.every((each) => has.has(blockedKey(each)))
}

/** With one more; the same list when it has it already. */
export const withBlocked = (list: ReadonlyArray<Blocked>, more: ReadonlyArray<Blocked>): ReadonlyArray<Blocked> => {
  const has = new Set(list.map(blockedKey))
  const added = more.filter((each) => !has.has(blockedKey(each)))
  return added.length === 0 ? list : [...list, ...added]
}

export interface RuleChange {
  readonly type: string
  readonly collection: string
  readonly text: string
}

const blockedChanges = (before: ReadonlyArray<Blocked>, after: ReadonlyArray<Blocked>): ReadonlyArray<string> => {
  const [had, has] = [new Set(before.map(blockedKey)), new Set(after.map(blockedKey))]
  return [
    ...after.flatMap((each) => (had.has(blockedKey(each)) ? [] : [`blocks ${each.value}`])),
    ...before.flatMap((each) => (has.has(blockedKey(each)) ? [] : [`no longer blocks ${each.value}`]))
  ]
}

const ruleChanges = (before: Rule, after: Rule): ReadonlyArray<string> => {
  const parts: Array<string> = []
  if (before.limit !== after.limit || before.window !== after.window)
    parts.push(`limit ${before.limit} ${before.window.toLowerCase()} to ${after.limit} ${after.window.toLowerCase()}`)
  if (before.enabled !== after.enabled) parts.push(after.enabled ? "switched on" : "switched off")
  return [...parts, ...blockedChanges(before.blocked, after.blocked)]
}

/** Settings of the space, and what they say when they are on. */
export const flags = [
  ["autoAddIdentifiers", "Unseen types are added by themselves"],
  ["readmitDemoted", "Demoted identifiers are readmitted"],
  ["blockJunk", "Values that look like none are blocked"]
] as const

const orderOf = (rules: RulesDocument) => rules.identifiers.filter(({ enabled }) => enabled).map(({ type }) => type)

/** The first type that has another place among those that both have; from 1. */
const movedBetween = (before: RulesDocument, after: RulesDocument) => {
  const had = new Set(orderOf(before))
  const now = orderOf(after).filter((type) => had.has(type))
  const kept = new Set(now)
  const then = orderOf(before).filter((type) => kept.has(type))
  const type = now.find((each, i) => then[i] !== each)
  return type === undefined ? undefined : { type, from: then.indexOf(type) + 1, to: now.indexOf(type) + 1 }
}

/** In the words of the save bar, e.g. `email` `limit 5 ever to 1 ever`. */
export const changesBetween = (before: RulesDocument, after: RulesDocument): ReadonlyArray<RuleChange> => {
  const changes: Array<RuleChange> = []
  for (const rule of after.identifiers) {
    const old = before.identifiers.find((each) => isSame(each, rule))
    const parts =
      old === undefined ? [`added, limit ${rule.limit} ${rule.window.toLowerCase()}`] : ruleChanges(old, rule)
    for (const text of parts) changes.push({ type: rule.type, collection: rule.collection, text })
  }
  for (const rule of before.identifiers)
    if (!after.identifiers.some((each) => isSame(each, rule)))
      changes.push({ type: rule.type, collection: rule.collection, text: "removed" })
  const moved = movedBetween(before, after)
  if (moved !== undefined)
    changes.push({ type: moved.type, collection: "", text: `priority ${moved.from} to ${moved.to}` })
  for (const text of blockedChanges(before.spaceBlocked, after.spaceBlocked))
    changes.push({ type: "", collection: "", text: `every type ${text}` })
  for (const [key, title] of flags)
    if (before[key] !== after[key])
      changes.push({ type: "", collection: "", text: `${title}: ${after[key] ? "on" : "off"}` })
  return changes
}

const keyOf = ({ type, collection }: Pick<Rule, "type" | "collection">) => `${collection}:${type}`

/**
 * My change on top of what somebody else has saved meanwhile. Rows and settings that I touched are mine, all others theirs; so is the
 * order, unless I moved something.
 */
export const rebase = (base: RulesDocument, mine: RulesDocument, theirs: RulesDocument): RulesDocument => {
  const was = new Map(base.identifiers.map((rule) => [keyOf(rule), rule]))
  const own = new Map(
    mine.identifiers.flatMap((rule) => {
      const old = was.get(keyOf(rule))
      return old === undefined || ruleChanges(old, rule).length > 0 ? [[keyOf(rule), rule] as const] : []
    })
  )
  const rows = theirs.identifiers.map((rule) => {
    const { limit, window, enabled, blocked } = own.get(keyOf(rule)) ?? rule
    return { ...rule, limit, window, enabled, blocked }
  })
  const there = new Set(rows.map(keyOf))
  const all = [...rows, ...[...own.values()].filter((rule) => !there.has(keyOf(rule)))]
  const moved = movedBetween(base, mine) !== undefined
  const place = new Map(mine.identifiers.map((rule, i) => [keyOf(rule), { i, explicitRank: rule.explicitRank }]))
  const last = mine.identifiers.length
  const identifiers = moved
    ? all
        .toSorted((a, b) => (place.get(keyOf(a))?.i ?? last) - (place.get(keyOf(b))?.i ?? last))
        .map((rule) => ({ ...rule, explicitRank: place.get(keyOf(rule))?.explicitRank ?? rule.explicitRank }))
    : all
  const flag = (key: (typeof flags)[number][0]) => (mine[key] === base[key] ? theirs[key] : mine[key])
  return {
    ...theirs,
    identifiers,
    autoAddIdentifiers: flag("autoAddIdentifiers"),
    readmitDemoted: flag("readmitDemoted"),
    blockJunk: flag("blockJunk"),
    spaceBlocked: sameBlocked(mine.spaceBlocked, base.spaceBlocked) ? theirs.spaceBlocked : mine.spaceBlocked
  }
}

export interface PlacedProblem {
  /** `COLLECTION:type` of the row; `space`; or nowhere. */
  readonly place: string
  /** `kind value` of the blocked value that is wrong. */
  readonly blocked: string | undefined
  readonly expected: string
}

/** What the service says is wrong with an input, at the rows of the table. */
export const placeProblems = (
  problems: ReadonlyArray<InputProblem>,
  { identifiers, spaceBlocked }: RulesInput
): ReadonlyArray<PlacedProblem> =>
  problems.map(({ path, expected }) => {
    const match = /^(?:identifiers\[(\d+)\]|(spaceBlocked))(?:\.blocked)?(?:\[(\d+)\])?/.exec(path)
    const row = match?.[1] === undefined ? undefined : identifiers[Number(match[1])]
    const list = match?.[2] === undefined ? row?.blocked : spaceBlocked
    const value = match?.[3] === undefined ? undefined : list?.[Number(match[3])]
    return {
      place: row !== undefined ? `${row.collection ?? "USERS"}:${row.type}` : match?.[2] === undefined ? "" : "space",
      blocked: value === undefined ? undefined : blockedKey(value),
      expected
    }
  })
