/**
 * The history of a profile (IDR-210): everything that was decided about it and what was merged into it, in order, with causes;
 * where a merged-away id leads, and the tree of what was merged. Any number of profiles in a fixed number of queries (PRO-63).
 *
 * Only events that decided something have a journal entry, so a history stays short however much its profile is in use.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { float8s, int4s, texts } from "../../platform/sql-arrays.ts"
import type { Database } from "../../platform/database.ts"
import type { FoundProfile, GraphError, GraphId, IdentityGraph, MergeRow } from "../graph.ts"
import type { JournalEntry } from "../journal.ts"
import { collectionOf, type ProfileNo, type Seq } from "../model.ts"
import { findProfiles } from "../generations/former-ids.ts"
import { spaceSchema } from "../schema.ts"
import { type HistoryEntry, namedBy, type OperationSides, sidesOf, tell, type Told } from "./history-entries.ts"
import { decodeRow, isOperation, type OperationEntry } from "./operation-entry.ts"

export interface HistoryServices {
  readonly database: Pick<Database["Service"], "read">
  readonly graph: Pick<IdentityGraph["Service"], "find" | "merges">
}

export interface HistoryCursor {
  readonly seq: Seq
  readonly n: number
}

export interface HistoryRequest {
  /** The profile and what was merged into it: `lineageOf(...).nos`. */
  readonly nos: ReadonlyArray<ProfileNo>
  /** Strictly between; null: no bound. */
  readonly after: HistoryCursor | null
  readonly before: HistoryCursor | null
  /** At most so many, from the front or from the back. */
  readonly limit: number
  readonly backward: boolean
}

export interface HistoryPage {
  /** Ascending. */
  readonly entries: ReadonlyArray<HistoryEntry>
  /** Whether there are more in the direction of reading. */
  readonly more: boolean
}

/** Every place tells something, but of those at the cursors perhaps nothing is left. */
const margin = 3

const compare = (a: HistoryCursor, b: HistoryCursor): number => a.seq - b.seq || a.n - b.n

/** Places of the journal that tell of the members of each request, at most `lim` each from one end. */
const placesText = (s: string, order: "asc" | "desc"): string => `
select x.o, x.pos::float8 as pos from (
  select d.o, d.pos, row_number() over (partition by d.o order by d.pos ${order}) as r, d.lim from (
    select distinct u.o, p.pos, u.lim from unnest($1::int4[], $2::float8[], $3::float8[], $4::float8[], $5::int4[]) u (o, no, lo, hi, lim)
    cross join lateral (
      (select j.pos from ${s}.journal_profiles j
       where j.profile = u.no::bigint and j.pos >= u.lo::bigint and j.pos <= u.hi::bigint order by j.pos ${order} limit u.lim)
      union all
      select floor(u.no / 2)::bigint where floor(u.no / 2) between u.lo and u.hi) p) d) x
where x.r <= x.lim`

export const readHistory = Effect.fnUntraced(function* (
  { database, graph }: HistoryServices,
  space: { readonly id: string; readonly graphId: GraphId },
  requests: ReadonlyArray<HistoryRequest>
): Effect.fn.Return<ReadonlyArray<HistoryPage>, SqlError.SqlError | GraphError> {
  const { read: sql } = database
  const s = spaceSchema(space.id)

  const placesOf = (backward: boolean) => {
    const o: Array<number> = []
    const no: Array<number> = []
    const lo: Array<number> = []
    const hi: Array<number> = []
    const lim: Array<number> = []
    requests.forEach((request, i) => {
      if (request.backward !== backward) return
      for (const member of request.nos) {
        o.push(i)
        no.push(member)
        lo.push(request.after?.seq ?? 0)
        hi.push(request.before?.seq ?? Number.MAX_SAFE_INTEGER)
        lim.push(request.limit + margin)
      }
    })
    return o.length === 0
      ? Effect.succeed([])
      : sql.unsafe<{ o: number; pos: number }>(placesText(s, backward ? "desc" : "asc"), [
          int4s(o),
          float8s(no),
          float8s(lo),
          float8s(hi),
          int4s(lim)
        ])
  }
  const places = [...(yield* placesOf(false)), ...(yield* placesOf(true))]
  const told = yield* readJournal(
    { database, graph },
    space,
    [...new Set(places.map(({ pos }) => pos))],
    requests.flatMap(({ nos }) => nos)
  )

  return requests.map(({ nos, after, before, limit, backward }, i): HistoryPage => {
    const own = new Set(nos)
    const seqs = places.filter(({ o }) => o === i).map(({ pos }) => pos)
    const all = seqs
      .sort((a, b) => a - b)
      .flatMap((seq) => told.get(seq)?.told ?? [])
      .filter(
        (entry) =>
          entry.about.some((no) => own.has(no)) &&
          (after === null || compare(entry, after) > 0) &&
          (before === null || compare(entry, before) < 0)
      )
    const page = backward ? all.slice(-limit) : all.slice(0, limit)
    return {
      entries: page,
      more: all.length > page.length || seqs.length >= limit + margin
    }
  })
})

/** An entry of the journal and what it tells. */
export interface ToldEntry {
  readonly entry: JournalEntry | OperationEntry
  readonly told: ReadonlyArray<Told>
}

/** What the journal tells at these places; `members`: of whom operations are to tell. */
export const readJournal = Effect.fnUntraced(function* (
  { database: { read: sql }, graph }: HistoryServices,
  { id, graphId }: { readonly id: string; readonly graphId: GraphId },
  seqs: ReadonlyArray<Seq>,
  members: ReadonlyArray<ProfileNo>
): Effect.fn.Return<ReadonlyMap<Seq, ToldEntry>, SqlError.SqlError | GraphError> {
  if (seqs.length === 0) return new Map()
  const s = spaceSchema(id)
  const rows = yield* sql.unsafe<{ pos: number; rec: string }>(
    `select j.pos::float8 as pos, j.rec from ${s}.journal j where j.pos = any($1::float8[]::bigint[])`,
    [float8s(seqs)]
  )
  const entries = rows.map(({ pos, rec }) => decodeRow(pos, rec))
  const operations = entries.filter(isOperation)
  const sides = new Map<string, OperationSides>()
  const about = new Map<Seq, Array<ProfileNo>>()
  const names = new Map<ProfileNo, string>()
  if (operations.length > 0) {
    const audits = yield* sql.unsafe<{ id: string; data: string | null }>(
      `select a.id, a.data from audit a where a.id = any($1::text[])`,
      [texts(operations.map(({ auditId }) => auditId))]
    )
    for (const { id, data } of audits) sides.set(id, data === null ? {} : (JSON.parse(data) as OperationSides))
    const told = yield* sql.unsafe<{ pos: number; no: number }>(
      `select j.pos::float8 as pos, j.profile::float8 as no from ${s}.journal_profiles j
       where j.profile = any($1::float8[]::bigint[]) and j.pos = any($2::float8[]::bigint[])`,
      [float8s(members), float8s(operations.map(({ seq }) => seq))]
    )
    for (const { pos, no } of told) about.set(pos, [...(about.get(pos) ?? []), no])
    const nos = [...new Set(operations.flatMap((entry) => namedBy(entry, sidesOf(entry, sides.get(entry.auditId)))))]
    for (const collection of ["users", "accounts"] as const) {
      const asked = nos.filter((no) => collectionOf(no) === collection)
      if (asked.length === 0) continue
      const found = yield* graph.find(
        graphId,
        collection,
        asked.map((no) => ({ no }))
      )
      for (const profile of found) for (const { no, segmentId } of profile?.members ?? []) names.set(no, segmentId)
    }
  }
  const nameOf = (no: ProfileNo) => names.get(no) ?? "an erased profile"
  return new Map(
    entries.map((entry) => [
      entry.seq,
      {
        entry,
        told: isOperation(entry)
          ? tell(entry, about.get(entry.seq) ?? [], sidesOf(entry, sides.get(entry.auditId)), nameOf)
          : tell(entry, [], {}, nameOf)
      }
    ])
  )
})

export interface MergeNode {
  readonly segmentId: string
  /** The merge that leads away from it; null for the profile that was asked for. */
  readonly merge: MergeRow | null
  readonly merged: ReadonlyArray<MergeNode>
}

export interface Lineage {
  /** From the asked id to its canonical profile, with the merge that leads on from each. */
  readonly path: ReadonlyArray<{ readonly segmentId: string; readonly merge: MergeRow | null }>
  /** The asked id with all that was merged into it. */
  readonly tree: MergeNode
  /** Their numbers: whose history it is. */
  readonly nos: ReadonlyArray<ProfileNo>
}

/** `merges`: all active ones into the profile; `segmentId`: any id of it. */
export const lineageOf = (profile: FoundProfile, merges: ReadonlyArray<MergeRow>, segmentId: string): Lineage => {
  const names = new Map(profile.members.map((member) => [member.no, member.segmentId]))
  const asked = profile.members.find((member) => member.segmentId === segmentId)?.no ?? profile.no
  const away = new Map(merges.map((merge) => [merge.from, merge]))
  const path: Array<Lineage["path"][number]> = []
  for (let no = asked; path.length < profile.members.length;) {
    const merge = away.get(no) ?? null
    path.push({ segmentId: names.get(no)!, merge })
    if (merge === null) break
    no = merge.into
  }
  const nos: Array<ProfileNo> = []
  const nodeOf = (no: ProfileNo, merge: MergeRow | null): MergeNode => {
    nos.push(no)
    const merged = merges.filter(({ into }) => into === no)
    return { segmentId: names.get(no)!, merge, merged: merged.map((it) => nodeOf(it.from, it)) }
  }
  return { path, tree: nodeOf(asked, null), nos }
}

export interface HistoryOf extends Omit<HistoryRequest, "nos"> {
  readonly segmentId: string
}

/** The whole histories of segment ids, page by page; null for one that was never issued. */
export const historiesOf = Effect.fnUntraced(function* (
  services: HistoryServices,
  space: { readonly id: string; readonly graphId: GraphId },
  asked: ReadonlyArray<HistoryOf>
): Effect.fn.Return<ReadonlyArray<(HistoryPage & Omit<Lineage, "nos">) | null>, SqlError.SqlError | GraphError> {
  const { graph } = services
  const profiles = new Map<string, FoundProfile>()
  for (const collection of ["users", "accounts"] as const) {
    const ids = [...new Set(asked.map(({ segmentId }) => segmentId))].filter(
      (id) => id.startsWith("grp_") === (collection === "accounts")
    )
    if (ids.length === 0) continue
    const found = yield* findProfiles(
      services,
      { schema: spaceSchema(space.id), graphId: space.graphId },
      collection,
      ids.map((segmentId) => ({ segmentId }))
    )
    ids.forEach((id, i) => {
      const profile = found[i]
      if (profile !== null && profile !== undefined) profiles.set(id, profile)
    })
  }
  const nos = [...new Set([...profiles.values()].map(({ no }) => no))]
  const rows = nos.length === 0 ? [] : yield* graph.merges(space.graphId, nos)
  const merges = new Map(nos.map((no, i) => [no, rows[i] ?? []]))
  const lineages = asked.map(({ segmentId }) => {
    const profile = profiles.get(segmentId)
    return profile === undefined ? null : lineageOf(profile, merges.get(profile.no)!, segmentId)
  })
  const requests = asked.flatMap((request, i) => {
    const lineage = lineages[i]
    return lineage === null || lineage === undefined ? [] : [{ ...request, nos: lineage.nos }]
  })
  const pages = (yield* readHistory(services, space, requests)).values()
  return lineages.map((lineage) => {
    if (lineage === null) return null
    const { path, tree } = lineage
    return { ...pages.next().value!, path, tree }
  })
})
