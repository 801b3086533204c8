/**
 * From where on events of the staying side can have been resolved by identifiers of the leaving side: what is older stays
 * where it is, so an operation on a profile of years need not read it (IDR-202).
 *
 * An identifier of a leaving member comes to the staying side with the merge that joined the two, one that is taken from a
 * staying member with the first entry of the journal that names it. Where an operation has moved or removed one of them
 * before, nothing is certain and everything is read.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { float8s, texts } from "../../platform/sql-arrays.ts"
import type { MergeRow } from "../graph.ts"
import type { Identifier, ProfileNo, Seq } from "../model.ts"
import type { OperationContext } from "./execution.ts"

const namedText = (s: string): string => `
select u.i::int4 as i, min(x.pos)::float8 as first, bool_or(x.rec like '{"operation":%') as operated
from (select j.pos, j.rec from ${s}.journal j where j.pos in (
        select p.pos from ${s}.journal_profiles p where p.profile = any($1::float8[]::bigint[])
        union select floor(n / 2)::bigint from unnest($1::float8[]) n)) x
join unnest($2::text[]) with ordinality u (value, i) on strpos(x.rec, u.value) > 0
where not exists (select 1 from ${s}.journal_backfill where done < up_to)
group by u.i`

export const firstCarried = Effect.fnUntraced(function* (
  { database, schema }: Pick<OperationContext, "database" | "schema">,
  side: {
    /** All profiles of the canonical one, and those of them that leave. */
    readonly profiles: ReadonlyArray<ProfileNo>
    readonly members: ReadonlySet<ProfileNo>
    readonly merges: ReadonlyArray<MergeRow>
    /** Identifiers of leaving members, and those that are taken from staying ones. */
    readonly own: ReadonlyArray<Identifier>
    readonly taken: ReadonlyArray<Identifier>
  }
): Effect.fn.Return<Seq, SqlError.SqlError> {
  const { profiles, members, merges, own, taken } = side
  const identifiers = [...taken, ...own]
  const rows = yield* database.write.unsafe<{ i: number; first: Seq; operated: boolean }>(namedText(schema), [
    float8s(profiles),
    texts(identifiers.map(({ value }) => JSON.stringify(value)))
  ])
  if (rows.length < identifiers.length || rows.some(({ operated }) => operated)) return 0
  const joins = merges.filter(({ from, into }) => members.has(from) !== members.has(into))
  return Math.min(
    ...joins.map(({ position }) => position),
    ...rows.filter(({ i }) => i <= taken.length).map(({ first }) => first)
  )
})
