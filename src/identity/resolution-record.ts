/**
 * The resolution record of an event (IDR-140): what was found, every turn of the loop, what was decided. This is
 * what explanations, the ledger and support requests show; identifiers are written `type:value`.
 */
import type { Collection } from "../workspace/rules.ts"
import { identifierOf, type IdNo, type JournalEntry, type Side } from "./journal.ts"
import type { Breach, IgnoreReason } from "./model.ts"
import { successId, successes, violationId } from "./records.ts"

export interface SideRecord {
  readonly extracted: ReadonlyArray<{
    readonly type: string
    readonly id: string
    readonly from: string
    readonly rank: number
  }>
  readonly blocked: ReadonlyArray<string>
  readonly ignored: ReadonlyArray<{
    readonly type: string | null
    readonly from: string
    readonly reason: IgnoreReason
  }>
  readonly iterations: ReadonlyArray<IterationRecord>
  /** Null: nothing was left to resolve by. */
  readonly action: Side["action"] | null
  readonly segment_id: string | null
  readonly merged: ReadonlyArray<{
    readonly id: string
    readonly from: string
    readonly matched_from: ReadonlyArray<string>
    readonly matched_into: ReadonlyArray<string>
  }>
  readonly mapped: ReadonlyArray<string>
  readonly not_promoted: ReadonlyArray<string>
  readonly skipped: ReadonlyArray<{ readonly segment_id: string; readonly cause: string }>
}

export interface IterationRecord {
  readonly n: number
  readonly live: ReadonlyArray<string>
  readonly matched: ReadonlyArray<string>
  readonly unseen: ReadonlyArray<string>
  readonly breach: Breach | null
  readonly demoted?: string
}

export interface ResolutionRecord {
  readonly message_id: string
  readonly resolution_seq: number
  readonly rules_version: number
  readonly event: {
    readonly type: string
    readonly name: string | null
    readonly source_id: string
    readonly timestamp: string
  }
  readonly users: SideRecord | null
  readonly accounts: SideRecord | null
  /** Entries of `context.externalIds` whose collection cannot be told. */
  readonly ignored: SideRecord["ignored"]
  readonly auto_added: ReadonlyArray<{ readonly type: string; readonly collection: Collection }>
  readonly linked: boolean
  /** Ids of records, see `records.ts`. */
  readonly violations: ReadonlyArray<string>
  readonly successes: ReadonlyArray<string>
}

export const toRecord = (entry: JournalEntry): ResolutionRecord => ({
  message_id: entry.messageId,
  resolution_seq: entry.seq,
  rules_version: entry.rules,
  event: {
    type: entry.type,
    name: entry.name,
    source_id: entry.sourceId,
    timestamp: new Date(entry.timestamp).toISOString()
  },
  users: sideRecord(entry, "users", entry.users),
  accounts: sideRecord(entry, "accounts", entry.accounts),
  ignored: ignoredIn(entry, null),
  auto_added: entry.autoAdded ?? [],
  linked: entry.linked === true,
  violations: Array.from({ length: errorCount(entry) }, (_, n) => violationId(entry.seq, n)),
  successes: successes(entry).map((_, n) => successId(entry.seq, n))
})

/** As many as `errorRows` gives: an unresolved event has one error beside its violations. */
const errorCount = ({ violations = [], users, accounts }: JournalEntry): number =>
  violations.length + (users === undefined && accounts === undefined ? 1 : 0)

const name = (entry: JournalEntry, no: IdNo): string => {
  const [, type, value] = entry.ids[no]!
  return `${type}:${value}`
}

const ignoredIn = (entry: JournalEntry, collection: Collection | null): SideRecord["ignored"] =>
  (entry.ignored ?? [])
    .filter((ignored) => ignored.collection === collection)
    .map(({ type, from, reason }) => ({ type, from, reason }))

/** Null when the event carried nothing of this collection. */
const sideRecord = (entry: JournalEntry, collection: Collection, side: Side | undefined): SideRecord | null => {
  const own = entry.ids
    .map((id, no) => ({ id, no }))
    .filter(({ no }) => identifierOf(entry, no).collection === collection)
  const ignored = ignoredIn(entry, collection)
  if (own.length === 0 && ignored.length === 0) return null
  const names = (ids: ReadonlyArray<IdNo> = []) => ids.map((no) => name(entry, no))
  const blocked = own.filter(({ id }) => id[5] === 1).map(({ no }) => no)
  const promoted = new Set(side?.promoted)
  return {
    extracted: own.map(({ id: [, type, id, from, rank] }) => ({ type, id, from, rank })),
    blocked: names(blocked),
    ignored,
    iterations: side === undefined ? [] : iterationsOf(entry, side),
    action: side?.action ?? null,
    segment_id: side?.segmentId ?? null,
    merged: (side?.merged ?? []).map(({ id, segmentId, matchedFrom, matchedInto }) => ({
      id,
      from: segmentId,
      matched_from: names(matchedFrom),
      matched_into: names(matchedInto)
    })),
    mapped: names(side?.mapped),
    not_promoted: names(own.map(({ no }) => no).filter((no) => !promoted.has(no) && !blocked.includes(no))),
    skipped: (side?.skipped ?? []).map(([, segment_id, cause]) => ({ segment_id, cause }))
  }
}

/** The turns of the loop. Each takes the last identifier away, so its live ones are a prefix of the ranked list (IDR-83). */
const iterationsOf = (entry: JournalEntry, side: Side): ReadonlyArray<IterationRecord> => {
  const names = (ids: ReadonlyArray<IdNo>) => ids.map((no) => name(entry, no))
  const rankOf = (no: IdNo) => entry.ids[no]![4]
  const ranked = side.ranked ?? side.promoted.toSorted((a, b) => rankOf(a) - rankOf(b) || a - b)
  const matched = (side.matched ?? [[side.target, side.segmentId] as const]).map(([, segmentId]) => segmentId)
  const turns = side.turns ?? [[1, null] as const]
  return turns.map(([count, breach], i) => {
    const live = ranked.slice(0, ranked.length - i)
    const victim = breach === null ? undefined : live.at(-1)
    return {
      n: i + 1,
      live: names(live),
      matched: matched.slice(0, count),
      unseen: names(live.filter((no) => side.unseen?.includes(no))),
      breach,
      ...(victim === undefined ? {} : { demoted: name(entry, victim) })
    }
  })
}
