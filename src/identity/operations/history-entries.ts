/**
 * What an entry of the journal tells about profiles (IDR-210), as sentences for people with the data beside them. Pure; which
 * entries tell of a profile is `toldOf` in `journal.ts` and `told.ts`, reading them is `history.ts`.
 */
import { counted, limitOf, listOf, nameOf } from "../explain/words.ts"
import { identifierOf, type JournalEntry, type Side, type ViolationEntry } from "../journal.ts"
import type { Breach, Identifier, ProfileNo, Seq, ViolationKind } from "../model.ts"
import { isOperation, type OperationEntry, type Sides } from "./operation-entry.ts"
import type { OperationKind } from "./operation.ts"

export type HistoryKind =
  | "CREATED"
  | "IDENTIFIER_MAPPED"
  | "DEMOTED"
  | "VIOLATION"
  | "MERGED"
  | "SPLIT"
  | "UNMERGED"
  | "IDENTIFIER_REMOVED"
  | "SEPARATED"
  | "LIFTED"

export type HistoryCause =
  | {
      readonly kind: "event"
      readonly messageId: string
      readonly type: string
      readonly name: string | null
      readonly sourceId: string
      readonly rulesVersion: number
      /** When the event happened, ISO: long before it was received where a history is imported. */
      readonly happenedAt: string
    }
  | {
      readonly kind: "operation"
      readonly operation: OperationKind
      readonly actor: string
      readonly reason: string
      readonly auditId: string
    }

export interface HistoryEntry {
  /** Place in the order of resolution, and number within it: together the order of a history. */
  readonly seq: Seq
  readonly n: number
  /** When it was received or done, ms. */
  readonly at: number
  readonly kind: HistoryKind
  /** Segment id of the profile that it happened to, as it was called then. */
  readonly segmentId: string
  /** The profiles on the other side: merged in, split off, kept apart, candidates of a violation. */
  readonly others: ReadonlyArray<string>
  readonly identifiers: ReadonlyArray<Identifier>
  readonly breach: Breach | null
  readonly violation: ViolationKind | null
  readonly mergeId: string | null
  readonly cause: HistoryCause
  readonly text: string
}

/** An entry, and the numbers of the profiles whose history it is in. */
export interface Told extends HistoryEntry {
  readonly about: ReadonlyArray<ProfileNo>
}

/** What an operation did to whom, beyond its mutations: from its audit entry. */
export type OperationSides = Partial<Sides>

/** Where a rebuild has repeated it, the profiles are others than those of the audit entry. */
export const sidesOf = ({ repeat }: OperationEntry, audited: OperationSides | undefined): OperationSides =>
  repeat === undefined ? (audited ?? {}) : (repeat.cuts[0] ?? {})

type Part = Pick<Told, "kind" | "segmentId" | "about" | "text"> & Partial<Told>

const complete = (seq: Seq, at: number, cause: HistoryCause, parts: ReadonlyArray<Part>): ReadonlyArray<Told> =>
  parts.map((part, n) => ({
    seq,
    n,
    at,
    others: [],
    identifiers: [],
    breach: null,
    violation: null,
    mergeId: null,
    cause,
    ...part
  }))

const eventOf = ({ type, name }: JournalEntry): string => {
  const article = /^[aeiou]/.test(type) ? "an" : "a"
  return name === null ? `${article} ${type} event` : `${article} ${type} event "${name}"`
}

const violationPart = (entry: JournalEntry, side: Side, violation: ViolationEntry): Part => {
  const { kind, candidates = [], breach = null } = violation
  const identifier = identifierOf(entry, violation.id)
  const { target, segmentId, matched = [] } = side
  const others = candidates.filter((id) => id !== segmentId)
  const nos = matched.flatMap(([no, id]) => (others.includes(id) ? [no] : []))
  const what = nameOf(identifier)
  const event = `${eventOf(entry)} of ${segmentId}`
  const text =
    breach?.kind === "limit"
      ? `${what} on ${event} was demoted: a profile with it would have ${breach.count} ${breach.type}, the limit is ${limitOf(breach)}.`
      : breach?.kind === "kept_apart"
        ? `${what} on ${event} was demoted: it leads to ${listOf(others)}, which is kept apart.`
        : kind === "ID value blocked"
          ? `${what} on ${event} was not used: the value is blocked.`
          : kind === "Profile merge limit exceeded"
            ? `${what} on ${event} did not merge ${listOf(others)}: a profile may not have more merges.`
            : `${what} on ${event} was not mapped: a profile may not have more identifiers.`
  return {
    kind: breach === null ? "VIOLATION" : "DEMOTED",
    segmentId,
    others,
    identifiers: [identifier],
    breach,
    violation: kind,
    about: [target, ...nos],
    text
  }
}

const tellEvent = (entry: JournalEntry): ReadonlyArray<Told> => {
  const parts: Array<Part> = []
  for (const side of [entry.users, entry.accounts]) {
    if (side === undefined) continue
    const { action, target, segmentId, merged = [], mapped = [] } = side
    const ids = (numbers: ReadonlyArray<number>) => numbers.map((no) => identifierOf(entry, no))
    if (action === "create")
      parts.push({
        kind: "CREATED",
        segmentId,
        about: [target],
        text: `${segmentId} was created by ${eventOf(entry)}.`
      })
    for (const { id, from, segmentId: gone, matchedFrom, matchedInto } of merged) {
      const by = `${listOf(ids(matchedFrom).map(nameOf))} and ${listOf(ids(matchedInto).map(nameOf))}`
      parts.push({
        kind: "MERGED",
        segmentId,
        others: [gone],
        identifiers: ids([...matchedFrom, ...matchedInto]),
        mergeId: id,
        about: [target, from],
        text: `${gone} was merged into ${segmentId}: ${eventOf(entry)} carried ${by}.`
      })
    }
    for (const identifier of ids(mapped))
      parts.push({
        kind: "IDENTIFIER_MAPPED",
        segmentId,
        identifiers: [identifier],
        about: [target],
        text: `${nameOf(identifier)} was mapped to ${segmentId} by ${eventOf(entry)}.`
      })
    for (const violation of entry.violations ?? [])
      if ((entry.ids[violation.id]![0] === 1) === (side === entry.accounts))
        parts.push(violationPart(entry, side, violation))
  }
  const { seq, t, receivedAt, messageId, type, name, sourceId, rules } = entry
  const happenedAt = new Date(t).toISOString()
  const cause = { kind: "event", messageId, type, name, sourceId, rulesVersion: rules, happenedAt } as const
  return complete(seq, receivedAt, cause, parts)
}

type Name = (no: ProfileNo) => string

/** Profiles that an operation names, to look their segment ids up. */
export const namedBy = (
  { mutations: { profiles, merges, operations = [] } }: OperationEntry,
  { separated, remaining }: OperationSides
): ReadonlyArray<ProfileNo> => [
  ...profiles.map(({ no }) => no),
  ...merges.flatMap(({ from, into }) => [from, into]),
  ...operations.flatMap((it) => (it.kind === "separate" || it.kind === "lift" ? [it.a, it.b] : [])),
  ...[separated, remaining].filter((no) => no !== undefined)
]

const tellOperation = (
  entry: OperationEntry,
  about: ReadonlyArray<ProfileNo>,
  { separated, remaining }: OperationSides,
  name: Name
): ReadonlyArray<Told> => {
  const { operation, mutations, actor, reason, auditId, at, seq } = entry
  const operations = mutations.operations ?? []
  const parts: Array<Part> = []
  if ((operation === "undo_merge" || operation === "split") && separated !== undefined && remaining !== undefined) {
    const moved = operations.flatMap((it) => (it.kind === "remap" ? it.identifiers : []))
    const with_ = moved.length === 0 ? "" : `, with ${listOf(moved.map(nameOf))}`
    parts.push({
      kind: operation === "split" ? "SPLIT" : "UNMERGED",
      segmentId: name(remaining),
      others: [name(separated)],
      identifiers: moved,
      about,
      text:
        operation === "split"
          ? `${name(separated)} was split off ${name(remaining)}${with_}.`
          : `${name(separated)} is a profile of its own again, no longer part of ${name(remaining)}${with_}.`
    })
  }
  for (const { id, from, into } of mutations.merges)
    parts.push({
      kind: "MERGED",
      segmentId: name(into),
      others: [name(from)],
      mergeId: id,
      about,
      text: `${name(from)} was merged back into ${name(into)}.`
    })
  for (const it of operations) {
    if (it.kind === "unmap")
      parts.push({
        kind: "IDENTIFIER_REMOVED",
        segmentId: entry.successes[0]?.segmentId ?? "",
        identifiers: it.identifiers,
        about,
        text: `${listOf(it.identifiers.map(nameOf))} ${it.identifiers.length === 1 ? "was" : "were"} removed; ${counted(it.identifiers.length, "identifier is", "identifiers are")} free.`
      })
    if (it.kind === "separate" || it.kind === "lift")
      parts.push({
        kind: it.kind === "separate" ? "SEPARATED" : "LIFTED",
        segmentId: name(it.a),
        others: [name(it.b)],
        about,
        text:
          it.kind === "separate"
            ? `${name(it.a)} and ${name(it.b)} are kept apart from here on.`
            : `${name(it.a)} and ${name(it.b)} are no longer kept apart.`
      })
  }
  return complete(seq, at, { kind: "operation", operation, actor, reason, auditId }, parts)
}

/** All that an entry tells, of whichever profile; `about` of operations is in the table of the histories, not in the entry. */
export const tell = (
  entry: JournalEntry | OperationEntry,
  about: ReadonlyArray<ProfileNo>,
  sides: OperationSides,
  name: Name
): ReadonlyArray<Told> => (isOperation(entry) ? tellOperation(entry, about, sides, name) : tellEvent(entry))
