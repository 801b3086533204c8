/**
 * The picture of the identity graph as threads: rows are identifiers, columns the events that linked them, regions the
 * profiles. Pure and deterministic: what is added later never moves what was there, so a link to a stitch stays valid.
 *
 * - Row order: a profile's own identifiers in the order of resolution; where another one was merged in, its rows follow
 *   in one piece. So every profile of the picture is one run of rows.
 * - Columns are journal entries. Events that only repeated what was known have none; they are counted (`repeats`).
 * - More columns than fit: merges stay, then what brought identifiers, then operations, then the newest that decided nothing.
 */
import type { Told } from "../identity/operations/history-entries.ts"
import type { ToldEntry } from "../identity/operations/history.ts"
import { isOperation, type OperationEntry } from "../identity/operations/operation-entry.ts"
import type { FoundProfile, MergeRow } from "../identity/graph.ts"
import { identifierText } from "../identity/graph-rows.ts"
import { identifierOf, type JournalEntry, type Side } from "../identity/journal.ts"
import type { Identifier, ProfileNo, Seq } from "../identity/model.ts"
import type { ExternalIdView } from "./views.ts"

export interface Thread extends ExternalIdView {
  readonly row: number
  readonly column: number | null
  readonly merges: number
}

export interface Stitch {
  readonly row: number
  readonly mode: "NEW" | "MATCHED" | "OUT"
  readonly segmentId: string | null
}

export interface ThreadColumn {
  readonly seq: Seq
  readonly column: number
  readonly kind: "CREATE" | "ADD" | "MERGE" | "NONE" | "OPERATION"
  readonly effect: string
  readonly text: string
  /** Identifiers that the text names: whoever masks it looks here. */
  readonly named: ReadonlyArray<Identifier>
  /** ms */
  readonly at: number
  readonly messageId: string | null
  readonly eventType: JournalEntry["type"] | null
  readonly eventName: string | null
  readonly sourceId: string | null
  readonly rulesVersion: number | null
  readonly on: ReadonlyArray<Stitch>
  readonly demoted: ReadonlyArray<Identifier>
  readonly mergeIds: ReadonlyArray<string>
  readonly operation: string | null
  readonly actor: string | null
  readonly auditId: string | null
  readonly repeats: number
}

export interface ThreadRegion {
  readonly segmentId: string
  readonly firstRow: number
  readonly lastRow: number
  readonly createdAt: number
  readonly until: number | null
  readonly mergeId: string | null
  readonly into: string | null
}

export interface ThreadWeek {
  readonly from: number
  readonly merges: number
  readonly identifiers: ReadonlyArray<{ readonly type: string; readonly count: number }>
}

export interface Threads {
  readonly threads: ReadonlyArray<Thread>
  readonly columns: ReadonlyArray<ThreadColumn>
  readonly regions: ReadonlyArray<ThreadRegion>
  readonly weeks: ReadonlyArray<ThreadWeek>
  readonly columnCount: number
  readonly identifierCount: number
  readonly mergeCount: number
  readonly complete: boolean
}

export interface ThreadFacts {
  readonly profile: FoundProfile
  readonly ids: ReadonlyArray<ExternalIdView>
  /** Active ones into the profile. */
  readonly merges: ReadonlyArray<MergeRow>
  /** By `seq`; whatever tells of the members. */
  readonly entries: ReadonlyArray<ToldEntry>
  /** Not all entries were read. */
  readonly cut: boolean
  readonly maxColumns: number
}

/** Columns that decided nothing are many where profiles fight; so many are enough to see it. */
const mostNone = 40

const weekMs = 7 * 86_400_000
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * 86_400_000
const weekOf = (at: number): number => Math.floor((at - mondayMs) / weekMs) * weekMs + mondayMs

const plural = (count: number, verb: string): ReadonlyArray<string> => (count === 0 ? [] : [`${verb} ${count}`])

type Draft = Omit<ThreadColumn, "column" | "on" | "repeats"> & {
  readonly stitches: ReadonlyArray<{
    readonly key: string
    readonly mode: Stitch["mode"]
    readonly owner: string | null
  }>
}

/** Which profile of the picture a member was part of just before `seq`. */
const rootBefore = (away: ReadonlyMap<ProfileNo, MergeRow>, no: ProfileNo, seq: Seq): ProfileNo => {
  let at = no
  for (let merge = away.get(at); merge !== undefined && merge.position < seq; merge = away.get(at)) at = merge.into
  return at
}

const effectOf = (kind: Draft["kind"], mapped: number, merged: number): string => {
  if (kind === "CREATE") return "creates"
  const parts = [...(merged === 0 ? [] : [merged === 1 ? "merges" : `merges ${merged}`]), ...plural(mapped, "adds")]
  return parts.length === 0 ? "no change" : parts.join(", ")
}

const textOf = (told: ReadonlyArray<Told>, members: ReadonlySet<ProfileNo>): Pick<ThreadColumn, "text" | "named"> => {
  const said = told.filter(({ about }) => about.some((no) => members.has(no))).slice(0, 3)
  return { text: said.map(({ text }) => text).join(" "), named: said.flatMap(({ identifiers }) => identifiers) }
}

export const layOut = (facts: ThreadFacts): Threads => {
  const { profile, ids, merges, entries, maxColumns } = facts
  const members = new Set(profile.members.map(({ no }) => no))
  const names = new Map(profile.members.map(({ no, segmentId }) => [no, segmentId]))
  const away = new Map(merges.map((merge) => [merge.from, merge]))
  const originOf = new Map(profile.members.map(({ no, segmentId }) => [segmentId, no]))
  const byKey = new Map(ids.map((id) => [identifierText(id), id]))

  const sideOf = (entry: JournalEntry): Side | undefined =>
    profile.collection === "users" ? entry.users : entry.accounts

  /** What the event did to this profile; undefined: it went elsewhere. */
  const eventColumn = (entry: JournalEntry, told: ReadonlyArray<Told>): Draft | undefined => {
    const side = sideOf(entry)
    if (side === undefined || !members.has(side.target)) return undefined
    const { action, mapped = [], merged = [], demoted = [], promoted } = side
    if (action === "none" && demoted.length === 0) return undefined
    const kind = action === "create" ? "CREATE" : action === "merge" ? "MERGE" : action === "add" ? "ADD" : "NONE"
    const fromOf = new Map(merged.flatMap(({ segmentId, matchedFrom }) => matchedFrom.map((no) => [no, segmentId])))
    const into = new Set(merged.flatMap(({ matchedInto }) => matchedInto))
    const ownerOf = (no: number, key: string): string | null => {
      const known = fromOf.get(no) ?? (into.has(no) ? side.segmentId : undefined)
      if (known !== undefined) return known
      const origin = originOf.get(byKey.get(key)?.originSegmentId ?? "")
      return origin === undefined ? null : (names.get(rootBefore(away, origin, entry.seq)) ?? null)
    }
    const stitch = (no: number, mode: Stitch["mode"]) => {
      const key = identifierText(identifierOf(entry, no))
      return { key, mode, owner: mode === "NEW" ? null : ownerOf(no, key) }
    }
    return {
      seq: entry.seq,
      kind,
      effect: effectOf(kind, mapped.length, merged.length),
      ...textOf(told, members),
      at: entry.t,
      messageId: entry.messageId,
      eventType: entry.type,
      eventName: entry.name,
      sourceId: entry.sourceId,
      rulesVersion: entry.rules,
      stitches: [
        ...promoted.map((no) => stitch(no, mapped.includes(no) ? "NEW" : "MATCHED")),
        ...demoted.map(([no]) => stitch(no, "OUT"))
      ],
      demoted: demoted.map(([no]) => identifierOf(entry, no)),
      mergeIds: merged.map(({ id }) => id),
      operation: null,
      actor: null,
      auditId: null
    }
  }

  const operationColumn = (entry: OperationEntry, told: ReadonlyArray<Told>): Draft => ({
    seq: entry.seq,
    kind: "OPERATION",
    effect: entry.operation.replaceAll("_", " "),
    ...textOf(told, members),
    at: entry.at,
    messageId: null,
    eventType: null,
    eventName: null,
    sourceId: null,
    rulesVersion: null,
    stitches: [],
    demoted: [],
    mergeIds: entry.mutations.merges.map(({ id }) => id),
    operation: entry.operation,
    actor: entry.actor,
    auditId: entry.auditId
  })

  const drafts = entries.flatMap(({ entry, told }) => {
    const draft = isOperation(entry) ? operationColumn(entry, told) : eventColumn(entry, told)
    return draft === undefined ? [] : [draft]
  })
  const of = (...kinds: ReadonlyArray<Draft["kind"]>) => drafts.filter(({ kind }) => kinds.includes(kind))
  const kept = new Set(
    [...of("MERGE"), ...of("CREATE", "ADD"), ...of("OPERATION"), ...of("NONE").slice(-mostNone).toReversed()].slice(
      0,
      maxColumns
    )
  )
  const shown = drafts.filter((draft) => kept.has(draft))

  const rows = orderRows(facts, byKey, drafts)
  const rowOf = new Map(rows.order.map((key, row) => [key, row]))
  const columnOf = new Map<string, number>()
  const columns = shown.map(({ stitches, ...draft }, column): ThreadColumn => {
    const on = stitches.flatMap(({ key, mode, owner }): ReadonlyArray<Stitch> => {
      const row = rowOf.get(key)
      if (row === undefined) return []
      if (mode === "NEW") columnOf.set(key, column)
      return [{ row, mode, segmentId: owner }]
    })
    return { ...draft, column, on: on.sort((a, b) => a.row - b.row), repeats: 0 }
  })
  const evidence = new Map<string, number>()
  for (const { matchedFrom, matchedInto } of merges)
    for (const key of new Set([...matchedFrom, ...matchedInto].map(identifierText)))
      evidence.set(key, (evidence.get(key) ?? 0) + 1)
  const mergeColumn = new Map(columns.flatMap(({ column, mergeIds }) => mergeIds.map((id) => [id, column] as const)))

  return {
    threads: rows.order.map((key, row) => ({
      ...byKey.get(key)!,
      row,
      column: columnOf.get(key) ?? null,
      merges: evidence.get(key) ?? 0
    })),
    columns,
    regions: regionsOf(profile, merges, rows.spans, names, mergeColumn),
    weeks: weeksOf(ids, merges),
    columnCount: drafts.length,
    identifierCount: ids.length,
    mergeCount: merges.length,
    complete: !facts.cut && shown.length === drafts.length
  }
}

interface Rows {
  /** Keys from top to bottom. */
  readonly order: ReadonlyArray<string>
  /** First and last row of each profile. */
  readonly spans: ReadonlyMap<ProfileNo, readonly [first: number, last: number]>
}

/** Plays mappings and merges in the order of resolution; a merge appends the other profile's rows in one piece. */
const orderRows = (
  { profile, ids, merges }: ThreadFacts,
  byKey: ReadonlyMap<string, ExternalIdView>,
  drafts: ReadonlyArray<Draft>
): Rows => {
  const noOf = new Map(profile.members.map(({ no, segmentId }) => [segmentId, no]))
  const seqOf = new Map<string, Seq>()
  for (const { seq, stitches } of drafts)
    for (const { key, mode } of stitches) if (mode === "NEW" && byKey.has(key)) seqOf.set(key, seq)
  type Step =
    | { readonly seq: Seq; readonly merge: MergeRow }
    | { readonly seq: Seq; readonly key: string; readonly no: ProfileNo }
  const steps: Array<Step> = [
    ...merges.map((merge) => ({ seq: merge.position, merge })),
    // What came by a split or an entry that was not read stands where its profile begins.
    ...ids.map((id) => {
      const key = identifierText(id)
      return { seq: seqOf.get(key) ?? 0, key, no: noOf.get(id.originSegmentId) ?? profile.no }
    })
  ]
  // A stable sort: at one `seq`, merges come before what the same event mapped.
  steps.sort((a, b) => a.seq - b.seq)
  const lists = new Map(profile.members.map(({ no }) => [no, [] as Array<string>]))
  const own = new Map<ProfileNo, ReadonlyArray<string>>()
  for (const step of steps) {
    if ("merge" in step) {
      const gone = lists.get(step.merge.from) ?? []
      own.set(step.merge.from, gone)
      lists.get(step.merge.into)?.push(...gone)
    } else lists.get(step.no)!.push(step.key)
  }
  // Mappings of a profile that was merged away before they were known belong to whatever it is part of.
  const order = [...new Set(lists.get(profile.no))]
  const placed = new Set(order)
  for (const id of ids) {
    const key = identifierText(id)
    if (!placed.has(key)) order.push(key)
  }
  own.set(profile.no, order)
  const rowOf = new Map(order.map((key, row) => [key, row]))
  const spans = new Map(
    Array.from(own, ([no, keys]) => {
      const found = keys.map((key) => rowOf.get(key)!)
      return [no, found.length === 0 ? ([0, -1] as const) : ([Math.min(...found), Math.max(...found)] as const)]
    })
  )
  return { order, spans }
}

const regionsOf = (
  profile: FoundProfile,
  merges: ReadonlyArray<MergeRow>,
  spans: Rows["spans"],
  names: ReadonlyMap<ProfileNo, string>,
  mergeColumn: ReadonlyMap<string, number>
): ReadonlyArray<ThreadRegion> => {
  const created = new Map(profile.members.map(({ no, createdAt }) => [no, createdAt]))
  const region = (no: ProfileNo, merge: MergeRow | null): ThreadRegion => {
    const [firstRow, lastRow] = spans.get(no) ?? [0, -1]
    return {
      segmentId: names.get(no) ?? "",
      firstRow,
      lastRow,
      createdAt: created.get(no) ?? 0,
      until: merge === null ? null : (mergeColumn.get(merge.id) ?? null),
      mergeId: merge?.id ?? null,
      into: merge === null ? null : (names.get(merge.into) ?? null)
    }
  }
  return [region(profile.no, null), ...merges.map((merge) => region(merge.from, merge))]
}

const weeksOf = (ids: ReadonlyArray<ExternalIdView>, merges: ReadonlyArray<MergeRow>): ReadonlyArray<ThreadWeek> => {
  const weeks = new Map<number, { merges: number; types: Map<string, number> }>()
  const at = (ms: number) => {
    const from = weekOf(ms)
    let week = weeks.get(from)
    if (week === undefined) weeks.set(from, (week = { merges: 0, types: new Map() }))
    return week
  }
  for (const { createdAt, type } of ids) {
    const { types } = at(createdAt)
    types.set(type, (types.get(type) ?? 0) + 1)
  }
  for (const merge of merges) at(merge.at).merges += 1
  return Array.from(weeks, ([from, { merges, types }]) => ({
    from,
    merges,
    identifiers: Array.from(types, ([type, count]) => ({ type, count }))
  })).sort((a, b) => a.from - b.from)
}
