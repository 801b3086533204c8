/**
 * The newest activity of profiles: the stamp with the greatest (t, position) over all members (IDR-105).
 *
 * The page index is by `timestamp`, not by t. For nearly every event both are the same; for events dated after
 * their arrival t is smaller, and a small index holds just those. The newest of each kind are compared, so that
 * a thousand events dated 2099 are never walked through.
 */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { FoundProfile } from "../identity/graph.ts"
import type { Collection } from "../workspace/rules.ts"
import type { Position } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s, int4s } from "../platform/sql-arrays.ts"
import type { Activity, ReadSpace } from "./views.ts"

/** Larger than every position. */
export const unbounded: Position = 2 ** 53 - 1

export const stampColumn = (collection: Collection): "profile" | "account" =>
  collection === "users" ? "profile" : "account"

const activityText = (schema: string, column: "profile" | "account"): string => `
select u.o::int4 as o, l.pos::float8 as pos, l.t, l.source::int4 as source
from unnest($1::int4[], $2::float8[]) u (o, p)
left join lateral (
  select s.pos, s.t, s.source from ${schema}.stamps s
  where s.${column} = u.p::bigint and s.t < s.ts and s.pos <= $3::float8::bigint
  order by s.t desc, s.pos desc limit 1) f on true
cross join lateral (
  select b.* from (
    (select s.pos, s.t, s.source from ${schema}.stamps s
     where s.${column} = u.p::bigint and s.t = s.ts and s.ts <= $4 and s.ts >= coalesce(f.t, '-infinity') and s.pos <= $3::float8::bigint
     order by s.ts desc, s.pos desc limit 1)
    union all select f.pos, f.t, f.source where f.pos is not null) b
  order by b.t desc, b.pos desc limit 1) l`

const dayMs = 86_400_000

/** One query; null for a profile that no event is stamped with. Only events up to position `asOf` count. */
export const readActivity = Effect.fnUntraced(function* (
  database: Database["Service"],
  space: ReadSpace,
  collection: Collection,
  profiles: ReadonlyArray<FoundProfile>,
  asOf: Position = unbounded
): Effect.fn.Return<ReadonlyArray<Activity | null>, SqlError.SqlError> {
  if (profiles.length === 0) return []
  const owners: Array<number> = []
  const members: Array<number> = []
  profiles.forEach((profile, index) => {
    for (const { no } of profile.members) {
      owners.push(index)
      members.push(no)
    }
  })
  // An event with t = timestamp arrived after it was stamped, so it is not from the future; a day for clocks that were set back.
  const present = new Date((yield* Clock.currentTimeMillis) + dayMs)
  const rows = yield* database.read.unsafe<{ o: number; pos: number; t: Date; source: number }>(
    activityText(space.schema, stampColumn(collection)),
    [int4s(owners), float8s(members), asOf, present]
  )
  const newest: Array<Activity | null> = profiles.map(() => null)
  for (const { o, pos: position, t: at, source } of rows) {
    const t = at.getTime()
    const best = newest[o]!
    if (best === null || t > best.t || (t === best.t && position > best.position)) newest[o] = { t, position, source }
  }
  return newest
})
