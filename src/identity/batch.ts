/**
 * One batch of a space, as plain synchronous code: parse, drop, extract; then resolve in log order against
 * the working set and collect the rows of the commit.
 *
 *     LogEvent --prepare--> Prepared --[load what the set lacks]--> resolveBatch --> rows, mutations, trait writes
 *
 * A message that makes our own code throw must not block everybody behind it: it is recorded as an internal
 * resolution failure (IDR-141) and stays in the log.
 */
import { type JsonObject, listedName, type Message, messageTypes } from "../event/message.ts"
import { namesSuppressed } from "../event/user-ids.ts"
import type { LogEvent, Position } from "../log/event-log.ts"
import { nameHash } from "../platform/hash.ts"
import type { IsSuppressed } from "../workspace/suppressions.ts"
import type { EventFilter, Source } from "../workspace/workspace.ts"
import { dropReason, suppressedUser } from "./drops.ts"
import { askFilters, filtered, filterErrorReason } from "./event-filters.ts"
import { extract } from "./extract.ts"
import { factsOf } from "./facts.ts"
import type { GraphMutations } from "./graph.ts"
import { encodeEntry, entryOf, type JournalEntry, mutationsOf, needsEntry, toldOf } from "./journal.ts"
import {
  actions,
  type CollectionResolution,
  type EventFacts,
  type Extraction,
  type IgnoreReason,
  nextSeq,
  type ProfileNo,
  type Resolution,
  type Seq
} from "./model.ts"
import { errorRows } from "./records.ts"
import { resolve, type ResolveOptions } from "./resolve.ts"
import type { Before } from "./resolved-again.ts"
import type { Rules } from "./rules.ts"
import { BatchRows } from "./space-store.ts"
import type { WorkingSet } from "./working-set.ts"

/** An event ready to be resolved, or the reason why it never will be. */
export interface Prepared {
  readonly event: LogEvent
  readonly message: Message
  readonly facts: EventFacts
  readonly extraction: Extraction
  readonly autoAdded: Resolution["autoAdded"]
  readonly rules: Rules
  readonly drop: string | null
  /** It is resolved again: what it was resolved to before (`resolved-again.ts`). */
  readonly before: Before | undefined
  /** Event filters that could not be evaluated on it (IDR-14). */
  readonly failedFilters: ReadonlyArray<string>
}

/** A trait write in log order; documents are loaded once per profile and batch. */
export interface TraitWrite {
  readonly profile: ProfileNo
  readonly traits: JsonObject
  readonly t: number
  readonly source: number
  readonly seq: Seq
}

export interface BatchCounts {
  resolved: number
  unresolved: number
  dropped: number
  duplicates: number
  failed: number
}

const internalFailure = "internal_resolution_failure"
const ledgerDuplicate = "ledger_duplicate"
const decoder = new TextDecoder()
const noTypes: Prepared["autoAdded"] = []
const noFilters: Prepared["failedFilters"] = []
const noIdentifiers: Extraction = { users: [], accounts: [], blocked: [], ignored: [] }

export interface HowToPrepare {
  /** Ledger keys known to be resolved already (IDR-132): such an event adds no type. */
  readonly seen: ReadonlySet<string>
  /** The last one given in the space. Default: 0. */
  readonly lastSeq?: Seq
  /** Come before every other drop (spec 02 section 2). */
  readonly filters?: ReadonlyArray<EventFilter> | undefined
  /** What is resolved again keeps its `seq`. */
  readonly seqOf?: (last: Seq, position: Position) => Seq
  /** By ledger key: events that are resolved again where the ledger has them at this very position. */
  readonly again?: ReadonlyMap<string, Before> | undefined
  /** Comes before the filters, and leaves nothing but a count. Undefined: nobody is. */
  readonly isSuppressed?: IsSuppressed | undefined
}

/** Parses and extracts in log order; `rules` grows by the types that events add (IDR-37). */
export const prepare = (
  events: ReadonlyArray<LogEvent>,
  rules: Rules,
  sourceOf: (no: number) => Source | undefined,
  { seen, lastSeq = 0, filters = [], seqOf = nextSeq, again, isSuppressed }: HowToPrepare
): ReadonlyArray<Prepared> => {
  const prepared: Array<Prepared> = []
  let seq = lastSeq
  const inBatch = new Set<string>()
  for (const event of events) {
    const message = JSON.parse(decoder.decode(event.body)) as Message
    seq = seqOf(seq, event.position)
    const facts = factsOf(message, event, sourceOf(event.source)?.id ?? "", seq)
    let drop: string | null
    let extraction = noIdentifiers
    let autoAdded: Prepared["autoAdded"] = noTypes
    let failedFilters = noFilters
    const known = again?.get(event.hash)
    const before = known?.position === event.position ? known : undefined
    try {
      const isHidden = namesSuppressed(message, event.source, isSuppressed)
      const asked = filters.length === 0 || isHidden ? undefined : askFilters(filters, message)
      if (asked !== undefined) failedFilters = asked.failed
      drop = isHidden ? suppressedUser : asked?.drop === true ? filtered : dropReason(message, facts)
      if (drop === null && before === undefined && (seen.has(event.hash) || inBatch.has(event.hash)))
        drop = ledgerDuplicate
      if (drop === null) {
        inBatch.add(event.hash)
        ;({ extraction, autoAdded, rules } = extract(message, rules))
      }
    } catch {
      drop = internalFailure
    }
    prepared.push({ event, message, facts, extraction, autoAdded, rules, drop, before, failedFilters })
  }
  return prepared
}

const rememberedNames = 10_000
const names = new Map<string, number>()
const hashOfName = (name: string): number => {
  let hash = names.get(name)
  if (hash === undefined) {
    if (names.size >= rememberedNames) names.clear()
    hash = nameHash(name)
    names.set(name, hash)
  }
  return hash
}

/** What IDR-39 lists: null when every extracted, unblocked identifier is promoted. */
const promotedIds = ({ extraction, users, accounts }: Resolution): string | null => {
  const promoted = (users?.promoted.length ?? 0) + (accounts?.promoted.length ?? 0)
  if (promoted === extraction.users.length + extraction.accounts.length) return null
  const all = [...(users?.promoted ?? []), ...(accounts?.promoted ?? [])].sort((a, b) => a.index - b.index)
  return JSON.stringify(all.map((id) => [id.collection, id.type, id.value]))
}

const addDrop = (rows: BatchRows, reason: string, { position, receivedAt }: EventFacts): void => {
  rows.drops.reason.push(reason)
  rows.drops.pos.push(position)
  rows.drops.at.push(receivedAt)
}

const addTypes = (rows: BatchRows, types: Prepared["autoAdded"], { seq }: EventFacts): void => {
  for (const { type, collection } of types) {
    rows.autoAdded.type.push(type)
    rows.autoAdded.collection.push(collection)
    rows.autoAdded.pos.push(seq)
  }
}

const addFailure = (rows: BatchRows, facts: EventFacts): void => {
  addDrop(rows, internalFailure, facts)
  const v = rows.violations
  v.pos.push(facts.seq)
  v.n.push(0)
  v.at.push(facts.receivedAt)
  v.kind.push("Internal resolution failure")
  v.profile.push(null)
  v.collection.push(null)
  v.type.push(null)
  v.value.push(null)
  v.rec.push(JSON.stringify({ message_id: facts.messageId }))
}

const addStamp = (rows: BatchRows, item: Prepared, resolution: Resolution): void => {
  const { facts, event, message } = item
  const { users, accounts } = resolution
  const stamps = rows.stamps
  stamps.pos.push(facts.position)
  stamps.seq.push(facts.seq === facts.position ? null : facts.seq)
  stamps.profile.push(users === null ? null : users.target)
  stamps.account.push(accounts === null ? null : accounts.target)
  stamps.ts.push(facts.timestamp)
  stamps.t.push(facts.t)
  stamps.h.push(event.hash)
  stamps.source.push(facts.source)
  stamps.rules.push(resolution.rulesVersion)
  stamps.action.push(actions.indexOf((users ?? accounts)?.action ?? "unresolved"))
  stamps.kind.push(messageTypes.indexOf(facts.type))
  const name = listedName(message)
  stamps.name.push(name === null ? null : hashOfName(name))
  stamps.ids.push(promotedIds(resolution))
}

/** Of an event that is resolved again, whether that changes the graph or the types. A link is one that it made before. */
const changesAnything = ({ users, accounts, autoAdded }: Resolution): boolean =>
  autoAdded.length > 0 ||
  (users !== null && users.action !== "none") ||
  (accounts !== null && accounts.action !== "none")

/** The profile that an event is stamped with afterwards: as before while that is the same person, or nobody is found now. */
const stampedWith = (
  side: CollectionResolution | null,
  before: ProfileNo | null,
  now: ProfileNo | null,
  set: WorkingSet
): ProfileNo | null => {
  if (side === null) return before
  return now !== null && set.survivorOf(now) === side.target ? before : side.target
}

/** Whether it left a trace. The set is moved on already. */
const addAgain = (
  rows: BatchRows,
  item: Prepared,
  before: Before,
  resolution: Resolution,
  set: WorkingSet
): boolean => {
  const { users, accounts, rulesVersion } = resolution
  const profile = stampedWith(users, before.profile, before.profileNow, set)
  const account = stampedWith(accounts, before.account, before.accountNow, set)
  if (profile === before.profile && account === before.account && !changesAnything(resolution)) return false
  rows.again.h.push(item.event.hash)
  rows.again.seq.push(item.facts.seq)
  rows.again.profile.push(profile)
  rows.again.account.push(account)
  rows.again.rules.push(rulesVersion)
  rows.again.action.push(actions.indexOf((users ?? accounts)?.action ?? "unresolved"))
  rows.again.ids.push(promotedIds(resolution))
  return true
}

const addRecords = (rows: BatchRows, entry: JournalEntry, resolution: Resolution): void => {
  const { facts } = resolution
  rows.journal.pos.push(facts.seq)
  rows.journal.rec.push(encodeEntry(entry))
  for (const no of toldOf(entry)) {
    rows.journalProfiles.profile.push(no)
    rows.journalProfiles.pos.push(facts.seq)
  }
  const v = rows.violations
  errorRows(resolution).forEach((row, n) => {
    v.pos.push(facts.seq)
    v.n.push(n)
    v.at.push(facts.receivedAt)
    v.kind.push(row.kind)
    v.profile.push(row.profile)
    v.collection.push(row.identifier?.collection ?? null)
    v.type.push(row.identifier?.type ?? null)
    v.value.push(row.identifier?.value ?? null)
    v.rec.push(JSON.stringify(row.data))
  })
  addTypes(rows, resolution.autoAdded, facts)
}

/** `resolve` is pure: when it throws, nothing has changed. */
const attempt = (options: ResolveOptions, spaceId: string, set: WorkingSet, item: Prepared): Resolution | undefined => {
  try {
    return resolve(options, spaceId, item.rules, set, item.facts, item.extraction, item.autoAdded)
  } catch {
    return undefined
  }
}

export interface ResolvedBatch {
  readonly rows: BatchRows
  readonly mutations: GraphMutations
  readonly writes: ReadonlyArray<TraitWrite>
  readonly counts: Readonly<BatchCounts>
  /** Values that could have been identifiers but were not promoted, by reason (IDR-33). */
  readonly ignored: ReadonlyMap<IgnoreReason, number>
}

/** Resolves prepared events in order. The working set must hold what it asked for; it is moved on event by event. */
export const resolveBatch = (
  prepared: ReadonlyArray<Prepared>,
  spaceId: string,
  options: ResolveOptions,
  set: WorkingSet
): ResolvedBatch => {
  const rows = new BatchRows()
  const entries: Array<JournalEntry> = []
  const writes: Array<TraitWrite> = []
  const counts: BatchCounts = { resolved: 0, unresolved: 0, dropped: 0, duplicates: 0, failed: 0 }
  const ignored = new Map<IgnoreReason, number>()
  for (const item of prepared) {
    const { message, facts } = item
    for (const id of item.failedFilters) addDrop(rows, filterErrorReason(id), facts)
    if (item.drop === internalFailure) {
      counts.failed++
      addFailure(rows, facts)
      continue
    }
    if (item.drop !== null) {
      if (item.drop === ledgerDuplicate) counts.duplicates++
      else counts.dropped++
      addDrop(rows, item.drop, facts)
      continue
    }
    for (const { reason } of item.extraction.ignored) ignored.set(reason, (ignored.get(reason) ?? 0) + 1)
    const resolution = attempt(options, spaceId, set, item)
    if (resolution === undefined) {
      counts.failed++
      addFailure(rows, facts)
      addTypes(rows, item.autoAdded, facts)
      continue
    }
    const linkKnown = set.knowsLink(resolution)
    set.apply(resolution)
    const { users, accounts } = resolution
    if (users === null && accounts === null) counts.unresolved++
    else counts.resolved++
    const { before } = item
    if (before === undefined) addStamp(rows, item, resolution)
    else if (!addAgain(rows, item, before, resolution, set)) continue
    if (needsEntry(resolution, linkKnown)) {
      const entry = entryOf(resolution)
      entries.push(entry)
      addRecords(rows, entry, resolution)
    }
    // IDR-125: traits of a group call are the account's, those of every other call the person's.
    const owner = facts.type === "group" ? accounts : users
    if (owner !== null && message.traits !== undefined)
      writes.push({
        profile: owner.target,
        traits: message.traits,
        t: facts.t,
        source: facts.source,
        // Written again it is no newer than it was.
        seq: before?.seq ?? facts.seq
      })
  }
  return { rows, mutations: mutationsOf(entries), writes, counts, ignored }
}
