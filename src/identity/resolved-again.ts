/**
 * Resolving once more what was resolved (IDR-133, `re_resolve`), as rows. An event stays one event: it has one stamp, so it is in
 * one list once, and its first `seq` and its place there never change.
 *
 *     same outcome    nothing is written
 *     something new   journal entry under the new `seq`, row of `resolved_again`; the stamp says by which rules
 *     another person  that, and the stamp moves; its traits are written there at the place of the first resolution
 *
 * Nothing is taken away: what the event had mapped stays, and traits that it wrote stay where they are, as newer ones win
 * anyway (IDR-125). What-if and rebuilds resolve the event at both of its places (`replay/`), so they come to the same graph.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s, int2s, int4s, texts, uuids } from "../platform/sql-arrays.ts"
import type { GraphError, GraphId, IdentityGraph } from "./graph.ts"
import { collectionOf, type ProfileNo, type Seq } from "./model.ts"

/** What an event was resolved to before. */
export interface Before {
  readonly position: Position
  readonly seq: Seq
  /** As they are stamped. */
  readonly profile: ProfileNo | null
  readonly account: ProfileNo | null
  /** The canonical profiles that they belong to, in the graph as it is. */
  readonly profileNow: ProfileNo | null
  readonly accountNow: ProfileNo | null
}

/** Changed stamps, column by column, as `unnest` wants them. */
export class AgainRows {
  readonly h: Array<string> = []
  readonly seq: Array<Seq> = []
  readonly profile: Array<ProfileNo | null> = []
  readonly account: Array<ProfileNo | null> = []
  readonly rules: Array<number> = []
  readonly action: Array<number> = []
  readonly ids: Array<string | null> = []
}

/** Events of the ledger, by ledger key; the graph must have everything that was decided. */
export const readBefore = Effect.fnUntraced(function* (
  {
    database,
    schema,
    graph,
    graphId
  }: {
    readonly database: Database["Service"]
    readonly schema: string
    readonly graph: IdentityGraph["Service"]
    readonly graphId: GraphId
  },
  hashes: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyMap<string, Before>, SqlError.SqlError | GraphError> {
  const rows = yield* database.write.unsafe<{
    h: string
    position: Position
    seq: Seq
    profile: ProfileNo | null
    account: ProfileNo | null
  }>(
    `select s.h::text as h, s.pos::float8 as position, coalesce(s.seq, s.pos)::float8 as seq, s.profile::float8 as profile, s.account::float8 as account
     from ${schema}.stamps s where s.h = any($1::uuid[]) and s.pos > 0`,
    [uuids(hashes)]
  )
  const now = new Map<ProfileNo, ProfileNo>()
  const nos = new Set(rows.flatMap(({ profile, account }) => [profile, account].filter((no) => no !== null)))
  for (const collection of ["users", "accounts"] as const) {
    const own = [...nos].filter((no) => collectionOf(no) === collection)
    if (own.length === 0) continue
    const found = yield* graph.find(
      graphId,
      collection,
      own.map((no) => ({ no }))
    )
    found.forEach((profile, i) => {
      if (profile !== null) now.set(own[i]!, profile.no)
    })
  }
  const canonical = (no: ProfileNo | null) => (no === null ? null : (now.get(no) ?? no))
  return new Map(
    rows.map(({ h, ...row }) => [h, { ...row, profileNow: canonical(row.profile), accountNow: canonical(row.account) }])
  )
})

/** Part of the transaction that commits the batch. */
export const writeAgain = (sql: Database["Service"]["write"], schema: string, rows: AgainRows) =>
  sql.unsafe(
    `with u as (select * from unnest($1::uuid[], $2::float8[], $3::float8[], $4::float8[], $5::int4[], $6::int2[], $7::text[])
       u (h, seq, profile, account, rules, action, ids)),
     s as (update ${schema}.stamps s set profile = u.profile, account = u.account, rules = u.rules, action = u.action, ids = u.ids
       from u where s.h = u.h)
     insert into ${schema}.resolved_again (seq, h) select u.seq, u.h from u`,
    [
      uuids(rows.h),
      float8s(rows.seq),
      float8s(rows.profile),
      float8s(rows.account),
      int4s(rows.rules),
      int2s(rows.action),
      texts(rows.ids)
    ]
  )
