/**
 * Editing rules with undo and redo. A draft stays in its tab while the page is left for a what-if run and come back to, or loaded again,
 * and moves on top of what somebody else saves meanwhile. Pure but for the memory; see test/console/rules.test.ts.
 */
import type { RulesDocument } from "./rules.gql.ts"
import { changesBetween, rebase, type RuleChange } from "./rules-draft.ts"

export interface Drafts {
  /** The saved version that they are changes of. */
  readonly base: RulesDocument
  readonly now: RulesDocument
  readonly past: ReadonlyArray<RulesDocument>
  readonly future: ReadonlyArray<RulesDocument>
  /** What others saved since the draft was begun. */
  readonly others: { readonly version: number; readonly changes: ReadonlyArray<RuleChange> } | undefined
}

const mostSteps = 100

export const begin = (base: RulesDocument): Drafts => ({ base, now: base, past: [], future: [], others: undefined })

export const edit = (drafts: Drafts, now: RulesDocument): Drafts =>
  now === drafts.now ? drafts : { ...drafts, now, past: [...drafts.past, drafts.now].slice(-mostSteps), future: [] }

export const undo = (drafts: Drafts): Drafts => {
  const now = drafts.past.at(-1)
  return now === undefined
    ? drafts
    : { ...drafts, now, past: drafts.past.slice(0, -1), future: [drafts.now, ...drafts.future] }
}

export const redo = (drafts: Drafts): Drafts => {
  const [now, ...future] = drafts.future
  return now === undefined ? drafts : { ...drafts, now, past: [...drafts.past, drafts.now], future }
}

/** On another saved version: my own, once it is saved, leaves nothing to do. */
export const onTopOf = (drafts: Drafts, saved: RulesDocument): Drafts => {
  if (saved.version === drafts.base.version) return drafts
  const now = rebase(drafts.base, drafts.now, saved)
  if (changesBetween(saved, now).length === 0) return begin(saved)
  const changes = changesBetween(drafts.base, saved)
  return { base: saved, now, past: [saved], future: [], others: { version: saved.version, changes } }
}

const kept = new Map<string, Drafts>()

const stored = (key: string): Drafts | undefined => {
  try {
    const { base, now } = JSON.parse(sessionStorage.getItem(key) ?? "null") as Pick<Drafts, "base" | "now">
    return { ...edit(begin(base), now), others: undefined }
  } catch {
    return undefined
  }
}

/** Whose draft of which space. */
export const draftKey = (tokenId: string, spaceId: string): string => `braid_rules_${tokenId}_${spaceId}`

/** The draft as it was left, in this tab. */
export const recall = (key: string, saved: RulesDocument): Drafts =>
  onTopOf(kept.get(key) ?? stored(key) ?? begin(saved), saved)

export const keep = (key: string, drafts: Drafts): void => {
  kept.set(key, drafts)
  try {
    if (drafts.now === drafts.base) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, JSON.stringify({ base: drafts.base, now: drafts.now }))
  } catch {
    // Full, or switched off: the draft lives as long as the page.
  }
}
