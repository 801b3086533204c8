/** Reads what the picture of threads is made of: journal entries of a profile and how often it was seen in between. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { FoundProfile, GraphError, IdentityGraph } from "../identity/graph.ts"
import { readJournal } from "../identity/operations/history.ts"
import { Database } from "../platform/database.ts"
import { float8s } from "../platform/sql-arrays.ts"
import { stampColumn } from "./activity.ts"
import { layOut, type ThreadColumn, type Threads } from "./threads.ts"
import type { ReadModel } from "./read-model.ts"
import type { ReadSpace } from "./views.ts"

/** Places of the journal that are read, the oldest; those of merges always are. */
const mostPlaces = 5_000
/** Events that are counted between columns. */
const mostRepeats = 10_000

/** The entry that created a profile is named by its number. */
const placesText = (s: string): string => `
select x.pos::float8 as pos from (
  select p.pos from ${s}.journal_profiles p where p.profile = any($1::float8[]::bigint[])
  union select floor(u.no / 2)::bigint from unnest($1::float8[]) u (no)) x
order by x.pos limit ${mostPlaces + 1}`

/** Events per column: those from its place up to the next one's. */
const repeatsText = (s: string, column: string): string => `
select width_bucket(x.seq, $2::float8[])::int4 as bucket, count(*)::int4 as n from (
  select coalesce(s.seq, s.pos)::float8 as seq from ${s}.stamps s
  where s.${column} = any($1::float8[]::bigint[]) limit ${mostRepeats}) x group by 1`

export const makeThreadReader = (services: {
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly model: Pick<ReadModel, "externalIds" | "merges">
}) => {
  const { database, graph, model } = services
  const { read: sql } = database

  const countRepeats = Effect.fnUntraced(function* (
    space: ReadSpace,
    { collection, members }: FoundProfile,
    columns: ReadonlyArray<ThreadColumn>
  ) {
    if (columns.length === 0) return columns
    const rows = yield* sql.unsafe<{ bucket: number; n: number }>(repeatsText(space.schema, stampColumn(collection)), [
      float8s(members.map(({ no }) => no)),
      float8s(columns.map(({ seq }) => seq))
    ])
    const counts = new Map(rows.map(({ bucket, n }) => [bucket - 1, n]))
    return columns.map((column, i) => {
      // The event of the column itself is stamped, too.
      const own = column.kind === "OPERATION" ? 0 : 1
      return { ...column, repeats: Math.max(0, (counts.get(i) ?? 0) - own) }
    })
  })

  return Effect.fnUntraced(function* (
    space: ReadSpace,
    profile: FoundProfile,
    maxColumns: number
  ): Effect.fn.Return<Threads, GraphError | SqlError.SqlError> {
    const nos = profile.members.map(({ no }) => no)
    const [[ids = []], [merges = []], places] = yield* Effect.all(
      [
        model.externalIds(space, [profile.no]),
        model.merges(space, [profile.no]),
        sql.unsafe<{ pos: number }>(placesText(space.schema), [float8s(nos)])
      ],
      { concurrency: "unbounded" }
    )
    const seqs = new Set([
      ...places.slice(0, mostPlaces).map(({ pos }) => pos),
      ...merges.map(({ position }) => position)
    ])
    const told = yield* readJournal({ database, graph }, { id: space.id, graphId: space.graph }, [...seqs], nos)
    const threads = layOut({
      profile,
      ids,
      merges,
      entries: [...told.values()].sort((a, b) => a.entry.seq - b.entry.seq),
      cut: places.length > mostPlaces,
      maxColumns
    })
    return { ...threads, columns: yield* countRepeats(space, profile, threads.columns) }
  })
}
