/**
 * Segment ids that a generation does not issue but one before it did (IDR-194): each leads to the profile that its creating message
 * was resolved to, or, where a person's split made it, to the one that has what was split off. They are looked up where
 * the graph does not know an id, and carried on from one generation to the next.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { float8s, texts } from "../../platform/sql-arrays.ts"
import type { Collection } from "../../workspace/rules.ts"
import type { FoundProfile, GraphError, GraphId, IdentityGraph, ProfileRef } from "../graph.ts"
import type { JournalEntry } from "../journal.ts"
import type { Identifier, Seq } from "../model.ts"
import { decodeRow, isOperation, type OperationEntry } from "../operations/operation-entry.ts"
import { movedEvents } from "../schema.ts"

const entriesAPage = 2_000

interface Issued {
  readonly segmentId: string
  readonly seq: Seq
  /** What a split moved to it. */
  readonly identifiers: ReadonlyArray<Identifier>
}

const issuedBy = (entry: JournalEntry | OperationEntry): ReadonlyArray<Issued> => {
  const { seq } = entry
  if (!isOperation(entry))
    return [entry.users, entry.accounts].flatMap((side) =>
      side?.action === "create" ? [{ segmentId: side.segmentId, seq, identifiers: [] }] : []
    )
  const operations = entry.mutations.operations ?? []
  return entry.mutations.profiles.map(({ segmentId, no }) => ({
    segmentId,
    seq,
    identifiers: operations.flatMap((it) => (it.kind === "remap" && it.to === no ? it.identifiers : []))
  }))
}

export interface FormerIdsOptions {
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  /** Schemas of the generation that issued them and of the one that takes them over. */
  readonly from: string
  readonly into: string
  /** Graph of the latter. */
  readonly graphId: GraphId
}

export const makeFormerIds = ({ database: { write: sql }, graph, from, into, graphId }: FormerIdsOptions) => {
  const add = Effect.fnUntraced(function* (ids: ReadonlyArray<Issued>) {
    if (ids.length === 0) return
    const known = yield* graph.issued(
      graphId,
      ids.map(({ segmentId }) => segmentId)
    )
    const former: Array<Issued> = []
    for (const id of ids) {
      if (known.has(id.segmentId)) continue
      if (id.identifiers.length === 0) {
        former.push(id)
        continue
      }
      const { owners } = yield* graph.load(graphId, { identifiers: id.identifiers, profiles: [] })
      const owner = owners.find((no) => no !== undefined)
      if (owner !== undefined) former.push({ ...id, seq: Math.floor(owner / 2) })
    }
    if (former.length === 0) return
    const seqs = former.map(({ seq }) => seq)
    yield* sql.unsafe(
      `with e as (
         select s.pos as seq, s.profile, s.account from ${into}.stamps s
           where s.seq is null and s.pos >= $3::float8::bigint and s.pos <= $4::float8::bigint and s.pos = any($2::float8[]::bigint[])
         union all
         select s.seq, s.profile, s.account from ${movedEvents(into)} s where s.seq = any($2::float8[]::bigint[]))
       insert into ${into}.former_ids (segment_id, seq, profile)
       select u.id, u.seq, case when u.id like 'grp\\_%' then e.account else e.profile end
       from unnest($1::text[], $2::float8[]) u (id, seq) left join e on e.seq = u.seq::bigint
       on conflict (segment_id) do update set seq = excluded.seq, profile = excluded.profile`,
      [texts(former.map(({ segmentId }) => segmentId)), float8s(seqs), Math.min(...seqs), Math.max(...seqs)]
    )
  })

  /** Takes over what was issued with `after < seq <= upTo`; both generations must have reached that. */
  const takeOver = Effect.fnUntraced(function* (
    after: Seq,
    upTo: Seq
  ): Effect.fn.Return<void, SqlError.SqlError | GraphError> {
    let last = after
    while (last < upTo) {
      const page = yield* sql.unsafe<{ pos: number; rec: string }>(
        `select j.pos::float8 as pos, j.rec from ${from}.journal j where j.pos > $1::float8::bigint and j.pos <= $2::float8::bigint
       order by j.pos limit $3`,
        [last, upTo, entriesAPage]
      )
      yield* add(page.flatMap(({ pos, rec }) => issuedBy(decodeRow(pos, rec))))
      last = page.length < entriesAPage ? upTo : page.at(-1)!.pos
    }
  })

  /** And what was taken over before, by the same message. */
  const carryOn = Effect.gen(function* () {
    let id = ""
    while (true) {
      const page = yield* sql.unsafe<{ segmentId: string; seq: number }>(
        `select f.segment_id as "segmentId", f.seq::float8 as seq from ${from}.former_ids f where f.segment_id > $1 order by f.segment_id limit $2`,
        [id, entriesAPage]
      )
      yield* add(page.map((row) => ({ ...row, identifiers: [] })))
      if (page.length < entriesAPage) return
      id = page.at(-1)!.segmentId
    }
  })
  return { takeOver, carryOn }
}

export interface FindServices {
  readonly database: Pick<Database["Service"], "read">
  readonly graph: Pick<IdentityGraph["Service"], "find">
}

/** As `graph.find`; segment ids that are issued no more are found, too. */
export const findProfiles = Effect.fnUntraced(function* (
  { database, graph }: FindServices,
  { schema, graphId }: { readonly schema: string; readonly graphId: GraphId },
  collection: Collection,
  refs: ReadonlyArray<ProfileRef>
): Effect.fn.Return<ReadonlyArray<FoundProfile | null>, SqlError.SqlError | GraphError> {
  const found = yield* graph.find(graphId, collection, refs)
  const missing = refs.flatMap((ref, i) => (found[i] === null && "segmentId" in ref ? [ref.segmentId] : []))
  if (missing.length === 0) return found
  const former = yield* database.read.unsafe<{ id: string; no: number }>(
    `select f.segment_id as id, f.profile::float8 as no from ${schema}.former_ids f
     where f.segment_id = any($1::text[]) and f.profile is not null and f.profile % 2 = $2`,
    [texts(missing), collection === "users" ? 0 : 1]
  )
  if (former.length === 0) return found
  const profiles = yield* graph.find(
    graphId,
    collection,
    former.map(({ no }) => ({ no }))
  )
  const byId = new Map(former.map(({ id }, i) => [id, profiles[i] ?? null]))
  return refs.map((ref, i) => found[i] ?? ("segmentId" in ref ? (byId.get(ref.segmentId) ?? null) : null))
})
