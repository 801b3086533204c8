/**
 * Identity rules while they are edited: the document as a form can change it, what is different from the saved version in
 * words, and the input that saves it. Pure; see test/console/rules-draft.test.ts.
 */
import type { RulesInput } from "../../api/schema.gql.ts"
import type { RulesDocument } from "./rules.gql.ts"

type Rule = RulesDocument["identifiers"][number]
type Blocked = Rule["blocked"][number]

export const windows = ["EVER", "ANNUALLY", "MONTHLY", "WEEKLY", "DAILY"] as const
export const limits = { min: 1, max: 1000 } as const

const isSame = (a: Rule, b: Pick<Rule, "type" | "collection">) => a.type === b.type && a.collection === b.collection

/** As it is saved. Explicit places are numbered anew by order; types without one keep following by name. */
export const inputOf = (rules: RulesDocument): RulesInput => {
  let place = 0
  return {
    autoAddIdentifiers: rules.autoAddIdentifiers,
    readmitDemoted: rules.readmitDemoted,
    blockJunk: rules.blockJunk,
    spaceBlocked: rules.spaceBlocked.map(({ kind, value }) => ({ kind, value })),
    identifiers: rules.identifiers.map((rule) => ({
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

export interface RuleChange {
  readonly type: string
  readonly collection: string
  readonly text: string
}

const blockedKey = ({ kind, value }: Blocked) => `${kind} ${value}`

const ruleChanges = (before: Rule, after: Rule): ReadonlyArray<string> => {
  const parts: Array<string> = []
  if (before.limit !== after.limit || before.window !== after.window)
    parts.push(`limit ${before.limit} ${before.window.toLowerCase()} to ${after.limit} ${after.window.toLowerCase()}`)
  if (before.enabled !== after.enabled) parts.push(after.enabled ? "switched on" : "switched off")
  const had = new Set(before.blocked.map(blockedKey))
  const has = new Set(after.blocked.map(blockedKey))
  for (const value of after.blocked) if (!had.has(blockedKey(value))) parts.push(`blocks ${value.value}`)
  for (const value of before.blocked) if (!has.has(blockedKey(value))) parts.push(`no longer blocks ${value.value}`)
  return parts
}

const orderOf = (rules: RulesDocument) => rules.identifiers.filter(({ enabled }) => enabled).map(({ type }) => type)

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
  const common = new Set(orderOf(before))
  const now = orderOf(after).filter((type) => common.has(type))
  const kept = new Set(now)
  const then = orderOf(before).filter((type) => kept.has(type))
  const moved = now.find((type, i) => then[i] !== type)
  if (moved !== undefined)
    changes.push({
      type: moved,
      collection: "",
      text: `priority ${then.indexOf(moved) + 1} to ${now.indexOf(moved) + 1}`
    })
  const flags = [
    ["autoAddIdentifiers", "Unseen types are added by themselves"],
    ["readmitDemoted", "Demoted identifiers are readmitted"],
    ["blockJunk", "Values that look like none are blocked"]
  ] as const
  for (const [key, title] of flags)
    if (before[key] !== after[key])
      changes.push({ type: "", collection: "", text: `${title}: ${after[key] ? "on" : "off"}` })
  return changes
}
