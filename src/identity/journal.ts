/**
 * The identity journal: one entry for every event that decided something, complete enough to rebuild the graph and
 * to tell the whole story of the decision (IDR-140). An event that only landed on its profile has no entry.
 *
 *     Resolution --entryOf--> JournalEntry --encodeEntry--> text of `journal.rec` --decodeEntry--> JournalEntry
 *                                  +--mutationsOf--> what the graph projection does (live and rebuild alike)
 *
 * An entry names each identifier once, in extraction order, and points at it by number. The turns of the loop are
 * not stored but follow from the ranked list and its owners: what is left is always a prefix (IDR-83).
 *
 * Not here: the record as people read it (`resolution-record.ts`), rows for Insights (`records.ts`).
 */
import type { MessageType } from "../event/message.ts"
import type { Position } from "../log/event-log.ts"
import type { GraphMutations, LinkRow, MappingRow, MergeRow, ProfileRow } from "./graph.ts"
import type {
  Action,
  Breach,
  CollectionResolution,
  ExtractedIdentifier,
  Ignored,
  Identifier,
  ProfileNo,
  Resolution,
  Seq,
  SkipCause,
  ViolationKind
} from "./model.ts"
import type { AutoAdded } from "./rules.ts"

/** Index into `JournalEntry.ids` = extraction index. */
export type IdNo = number

export interface Side {
  readonly action: Action
  readonly target: ProfileNo
  readonly segmentId: string
  readonly promoted: ReadonlyArray<IdNo>
  /** The identifiers by priority. Absent, with `turns`: all were on the target, nothing to decide. */
  readonly ranked?: ReadonlyArray<IdNo>
  readonly unseen?: ReadonlyArray<IdNo>
  /** Profiles that the identifiers matched, by their best identifier. */
  readonly matched?: ReadonlyArray<readonly [ProfileNo, segmentId: string]>
  /** Per turn of the loop: the first so many of `matched`, and the breach that demoted the last identifier. */
  readonly turns?: ReadonlyArray<readonly [matched: number, Breach | null]>
  /** Identifiers that stayed demoted, and the turn that demoted them. */
  readonly demoted?: ReadonlyArray<readonly [IdNo, turn: number]>
  readonly merged?: ReadonlyArray<Merged>
  readonly mapped?: ReadonlyArray<IdNo>
  readonly skipped?: ReadonlyArray<readonly [ProfileNo, segmentId: string, SkipCause]>
}

export interface Merged {
  readonly id: string
  readonly from: ProfileNo
  readonly segmentId: string
  readonly matchedFrom: ReadonlyArray<IdNo>
  readonly matchedInto: ReadonlyArray<IdNo>
}

export interface JournalEntry {
  readonly seq: Seq
  /** Where the event is in the log. */
  readonly position: Position
  readonly messageId: string
  readonly type: MessageType
  readonly name: string | null
  readonly sourceId: string
  readonly source: number
  readonly t: number
  readonly timestamp: number
  readonly receivedAt: number
  readonly rules: number
  /** The last one: 1 = blocked. */
  readonly ids: ReadonlyArray<
    readonly [collection: 0 | 1, type: string, value: string, from: string, rank: number, blocked: 0 | 1]
  >
  readonly ignored?: ReadonlyArray<Ignored>
  readonly autoAdded?: ReadonlyArray<AutoAdded>
  readonly users?: Side
  readonly accounts?: Side
  readonly linked?: true
  readonly violations?: ReadonlyArray<ViolationEntry>
}

export interface ViolationEntry {
  readonly kind: ViolationKind
  readonly id: IdNo
  readonly candidates?: ReadonlyArray<string>
  /** Absent: not decided in the loop. */
  readonly iteration?: number
  readonly breach?: Breach
}

const decided = (side: CollectionResolution | null): boolean =>
  side !== null && (side.action !== "none" || side.demoted.length > 0 || side.skipped.length > 0)

/**
 * Whether the event decided or showed anything: created, mapped, merged, linked, demoted, skipped, violated, added a
 * type or stayed unresolved. Ignored values alone are not worth an entry: they follow from event and rules. `linkKnown` (`WorkingSet.knowsLink`): its link adds nothing.
 */
export const needsEntry = (resolution: Resolution, linkKnown = false): boolean =>
  (resolution.linked && !linkKnown) ||
  resolution.violations.length > 0 ||
  resolution.autoAdded.length > 0 ||
  decided(resolution.users) ||
  decided(resolution.accounts) ||
  (resolution.users === null && resolution.accounts === null)

/** The list itself, or undefined when it is empty: then it is absent from the text. */
const some = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> | undefined => (list.length === 0 ? undefined : list)

const numbers = (ids: ReadonlyArray<ExtractedIdentifier>): ReadonlyArray<IdNo> => ids.map(({ index }) => index)

/** An optional member whose value may be undefined: dropped by JSON, and by `defined` before. */
type Loose<A> = { [K in keyof A]: A[K] | undefined }
const defined = <A extends object>(members: Loose<A>): A =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as A

const sideOf = (side: CollectionResolution | null): Side | undefined => {
  if (side === null) return undefined
  const first = side.iterations[0]
  return defined<Side>({
    action: side.action,
    target: side.target,
    segmentId: side.segmentId,
    promoted: numbers(side.promoted),
    ranked: first && numbers(first.live),
    unseen: first && some(numbers(first.unseen)),
    matched: first && some(first.matched.map(({ no, segmentId }) => [no, segmentId] as const)),
    turns: first && side.iterations.map(({ matched, breach }) => [matched.length, breach] as const),
    demoted: some(side.demoted.map(({ identifier, iteration }) => [identifier.index, iteration] as const)),
    merged: some(
      side.merged.map(({ id, from, fromSegmentId, matchedFrom, matchedInto }) => ({
        id,
        from,
        segmentId: fromSegmentId,
        matchedFrom: numbers(matchedFrom),
        matchedInto: numbers(matchedInto)
      }))
    ),
    mapped: some(numbers(side.mapped)),
    skipped: some(side.skipped.map(({ no, segmentId, cause }) => [no, segmentId, cause] as const))
  })
}

export const entryOf = (resolution: Resolution): JournalEntry => {
  const { facts, extraction, users, accounts, violations } = resolution
  const blocked = new Set(extraction.blocked)
  return defined<JournalEntry>({
    seq: facts.seq,
    position: facts.position,
    messageId: facts.messageId,
    type: facts.type,
    name: facts.name,
    sourceId: facts.sourceId,
    source: facts.source,
    t: facts.t,
    timestamp: facts.timestamp,
    receivedAt: facts.receivedAt,
    rules: resolution.rulesVersion,
    ids: [...extraction.users, ...extraction.accounts, ...extraction.blocked]
      .sort((a, b) => a.index - b.index)
      .map((id) => [id.collection === "users" ? 0 : 1, id.type, id.value, id.from, id.rank, blocked.has(id) ? 1 : 0]),
    ignored: some(extraction.ignored),
    autoAdded: some(resolution.autoAdded),
    users: sideOf(users),
    accounts: sideOf(accounts),
    linked: resolution.linked ? true : undefined,
    violations: some(
      violations.map(({ kind, identifier, candidates, iteration, breach }) =>
        defined<ViolationEntry>({
          kind,
          id: identifier.index,
          candidates: some(candidates),
          iteration: iteration === 0 ? undefined : iteration,
          breach: breach ?? undefined
        })
      )
    )
  })
}

/** Without `seq`, which is the key, and without a position that is equal to it. */
export const encodeEntry = (entry: JournalEntry): string =>
  JSON.stringify({ ...entry, seq: undefined, position: entry.position === entry.seq ? undefined : entry.position })

/** `rec` is what `encodeEntry` wrote, of any version of Braid. */
export const decodeEntry = (seq: Seq, rec: string): JournalEntry => ({ position: seq, ...JSON.parse(rec), seq })

/** The identifier of that number. */
export const identifierOf = ({ ids }: JournalEntry, no: IdNo): Identifier => {
  const [collection, type, value] = ids[no]!
  return { collection: collection === 0 ? "users" : "accounts", type, value }
}

const noProfiles: ReadonlyArray<ProfileNo> = []

/**
 * The profiles whose history the entry belongs to (IDR-210): that mapped, merged or were merged away, or were target or
 * candidate of a violation. Not the one that it created: its number names this entry.
 */
export const toldOf = (entry: JournalEntry): ReadonlyArray<ProfileNo> => {
  const { users, accounts, violations } = entry
  if (violations === undefined && users?.action !== "add" && users?.action !== "merge") {
    if (accounts?.action !== "add" && accounts?.action !== "merge") return noProfiles
  }
  const told = new Set<ProfileNo>()
  for (const side of [users, accounts]) {
    if (side === undefined) continue
    const { action, target, matched = [], merged = [] } = side
    const own = violations?.filter(({ id }) => (entry.ids[id]![0] === 1) === (side === accounts)) ?? []
    if (action === "add" || action === "merge" || (action === "none" && own.length > 0)) told.add(target)
    for (const { from } of merged) told.add(from)
    for (const [no, segmentId] of matched)
      if (no !== target && own.some(({ candidates }) => candidates?.includes(segmentId) === true)) told.add(no)
  }
  return [...told]
}

/** What the entries, in the order of their `seq`, do to the graph. No entry: nothing, at position 0. */
export const mutationsOf = (entries: ReadonlyArray<JournalEntry>): GraphMutations => {
  const profiles: Array<ProfileRow> = []
  const mappings: Array<MappingRow> = []
  const merges: Array<MergeRow> = []
  const links: Array<LinkRow> = []
  for (const entry of entries) {
    const { seq: position, messageId, source, t } = entry
    for (const side of [entry.users, entry.accounts]) {
      if (side === undefined) continue
      const { target: no, segmentId } = side
      if (side.action === "create") profiles.push({ no, segmentId, createdAt: t, source, messageId })
      for (const id of side.mapped ?? [])
        mappings.push({ ...identifierOf(entry, id), profile: no, addedAt: t, source, messageId })
      for (const { id, from, matchedFrom, matchedInto } of side.merged ?? []) {
        merges.push({
          id,
          position,
          from,
          into: no,
          at: t,
          messageId,
          eventType: entry.type,
          eventName: entry.name,
          source,
          rulesVersion: entry.rules,
          matchedFrom: matchedFrom.map((n) => identifierOf(entry, n)),
          matchedInto: matchedInto.map((n) => identifierOf(entry, n))
        })
      }
    }
    if (entry.linked === true && entry.users !== undefined && entry.accounts !== undefined)
      links.push({
        position,
        user: entry.users.target,
        account: entry.accounts.target,
        createdAt: t,
        source,
        messageId
      })
  }
  return { position: entries.at(-1)?.seq ?? 0, profiles, mappings, merges, links }
}
