/** What a space has resolved to some profiles, in the order of resolution: a replay of a few people reads nobody else's events. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { History } from "../../archive/history.ts"
import type { Database } from "../../platform/database.ts"
import { float8s } from "../../platform/sql-arrays.ts"
import type { ProfileNo, Seq } from "../model.ts"
import { movedEvents } from "../schema.ts"
import { type InScope, pageSize, type ResolvedEvents, type Stamp } from "./resolved-events.ts"

/** Places in memory, about 100 bytes each. */
export const mostEvents = 500_000

export interface EventsOf extends ResolvedEvents {
  readonly total: number
  /** There are more; the others are left out. */
  readonly more: boolean
}

export const makeEventsOf = Effect.fnUntraced(function* (options: {
  readonly database: Database["Service"]
  readonly history: Pick<History["Service"], "at">
  /** Quoted schema of the space's tables. */
  readonly schema: string
  readonly profiles: ReadonlyArray<ProfileNo>
  readonly upTo: Seq
  readonly inScope: InScope
}): Effect.fn.Return<EventsOf, SqlError.SqlError> {
  const { history, schema: s, profiles, upTo, inScope } = options
  const { read: sql } = options.database
  const columns = "pos::float8 as pos, seq::float8 as seq, (extract(epoch from ts) * 1000)::float8 as ts, source, again"
  const theirs = "(m.profile = any($1::float8[]::bigint[]) or m.account = any($1::float8[]::bigint[]))"
  const places = yield* sql.unsafe<Stamp>(
    `select ${columns} from (
       select m.pos, m.pos as seq, m.ts, m.source, false as again from ${s}.stamps m where m.seq is null and m.pos > 0 and ${theirs}
       union all select m.seq, m.pos, m.ts, m.source, m.again from ${movedEvents(s)} m where m.pos > 0 and ${theirs}) x
     where x.seq <= $2::float8::bigint order by x.seq limit ${mostEvents + 1}`,
    [float8s(profiles), upTo]
  )
  const stamps = places.slice(0, mostEvents).filter(inScope)

  const read = Effect.fnUntraced(function* (after: Seq, until: Seq) {
    let from = 0
    // Binary, for every page begins far into the list.
    for (let end = stamps.length; from < end;) {
      const middle = (from + end) >> 1
      if (stamps[middle]!.seq > after) end = middle
      else from = middle + 1
    }
    const page = stamps.slice(from, from + pageSize).filter(({ seq }) => seq <= until)
    const end = page.length === pageSize ? page.at(-1)!.seq : until
    const bodies = new Map((yield* history.at(page.map(({ pos }) => pos))).map((event) => [event.position, event]))
    const journal = yield* sql.unsafe<{ pos: number; rec: string }>(
      `select j.pos::float8 as pos, j.rec from ${s}.journal j where j.rec like '{"operation"%' and j.pos > $1::float8::bigint
         and j.pos <= $2::float8::bigint and exists (
           select 1 from ${s}.journal_profiles p where p.pos = j.pos and p.profile = any($3::float8[]::bigint[])) order by j.pos`,
      [after, end, float8s(profiles)]
    )
    return {
      upTo: end,
      events: page.flatMap(({ pos, seq, again }) => {
        const event = bodies.get(pos)
        return event === undefined ? [] : [{ event, seq, again }]
      }),
      journal: new Map(journal.map(({ pos, rec }) => [pos, rec]))
    }
  })
  return { read, total: stamps.length, more: places.length > mostEvents }
})
