/**
 * How many events a profile had in each week of the last year, for the picture above its timeline. Counted by the `timestamp` of
 * the events, in weeks that begin on Mondays, UTC; the newest 50,000 events are enough to see a profile by.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { FoundProfile } from "../identity/graph.ts"
import type { Database } from "../platform/database.ts"
import { float8s } from "../platform/sql-arrays.ts"
import type { ReadSpace } from "./views.ts"

export interface EventWeek {
  /** ms */
  readonly from: number
  readonly events: number
}

const mostEvents = 50_000
const weekMs = 7 * 86_400_000
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * 86_400_000
const weeks = 53

export const makeEventWeeks =
  ({ read: sql }: Database["Service"]) =>
  (
    { schema }: ReadSpace,
    { collection, members }: FoundProfile,
    now: number
  ): Effect.Effect<ReadonlyArray<EventWeek>, SqlError.SqlError> => {
    const from = Math.floor((now - mondayMs) / weekMs) * weekMs + mondayMs - (weeks - 1) * weekMs
    const column = collection === "users" ? "profile" : "account"
    const text = `
      select (extract(epoch from date_trunc('week', y.ts at time zone 'UTC')) * 1000)::float8 as "from", count(*)::int4 as events
      from (select x.ts from unnest($1::float8[]) m (p) cross join lateral (
          select s.ts from ${schema}.stamps s where s.${column} = m.p::bigint and s.ts >= $2 and s.ts <= $3
          order by s.ts desc, s.pos desc limit ${mostEvents}) x
        order by x.ts desc limit ${mostEvents}) y
      group by 1 order by 1`
    return sql.unsafe<EventWeek>(text, [float8s(members.map(({ no }) => no)), new Date(from), new Date(now)])
  }
