/** The end of everything that waits for a destination that was disabled or deleted (DST-4, DST-13). */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Tally, writeTally } from "../../delivery/tally.ts"
import type { Position } from "../../log/event-log.ts"
import { float8s, int4s } from "../../platform/sql-arrays.ts"
import { countedOf } from "./counting.ts"
import type { JobEvent } from "./job.ts"

export const readerOf = (destination: number): string => `destination:${destination}`

/** Events that still have a row. */
export const leftText = `
select distinct j.destination, j.position::float8 as position from delivery_jobs j
join unnest($1::int4[], $2::float8[]) u (destination, position) on j.destination = u.destination and j.position = u.position::bigint`

const discardText = `
delete from delivery_jobs j using (select position, mapping from delivery_jobs where destination = $1 order by position, mapping limit $2) d
where j.destination = $1 and j.position = d.position and j.mapping = d.mapping
returning j.position::float8 as position, j.mapping, j.source, j.attempts::int as attempts,
  (extract(epoch from j.received_at) * 1000)::float8 as "receivedAt", j.event_type as type, j.event_name as name,
  j.app_version as "appVersion", j.user_id as "userId", j.anonymous_id as "anonymousId", j.several`
const discardedAtOnce = 2_000

interface Discarded extends JobEvent {
  readonly mapping: string
  readonly attempts: number
  readonly several: boolean
}

/** For replays of what failed (DEL-74); part of the caller's transaction. */
export const noteDiscarded = (
  sql: PgClient.PgClient,
  events: ReadonlyArray<{ readonly destination: number; readonly position: Position }>
): Effect.Effect<void, SqlError.SqlError> =>
  events.length === 0
    ? Effect.void
    : Effect.asVoid(
        sql`insert into discarded_events (destination, position) select u.d, u.p::bigint
          from unnest(${int4s(events.map(({ destination }) => destination))}, ${float8s(events.map(({ position }) => position))}) u (d, p)
          on conflict do nothing`
      )

export const makeDiscardAll = (sql: PgClient.PgClient) => {
  const own = (destination: number, epoch: number) =>
    sql`select 1 from cursors where reader = ${readerOf(destination)} and epoch = ${epoch}::float8::bigint for share`

  /** Ends everything that waits, with this code. */
  const discardAll = Effect.fnUntraced(function* (
    no: number,
    epoch: number,
    code: string
  ): Effect.fn.Return<void, SqlError.SqlError> {
    const page = Effect.gen(function* () {
      if ((yield* own(no, epoch)).length === 0) return 0
      const rows = yield* sql.unsafe<Discarded>(discardText, [no, discardedAtOnce])
      const tally = new Tally()
      const events = new Map<Position, Discarded>()
      for (const row of rows) {
        const { mapping, position, several } = row
        tally.add(countedOf({ no }, row, "failed_delivery", code, mapping, row.attempts))
        if (several) events.set(position, row)
        else if (mapping !== "") tally.add(countedOf({ no }, row, "failed_delivery", code, "", row.attempts))
      }
      const positions = [...events.keys()]
      const left = yield* sql.unsafe<{ position: number }>(leftText, [
        int4s(positions.map(() => no)),
        float8s(positions)
      ])
      for (const { position } of left) events.delete(position)
      for (const row of events.values()) tally.add(countedOf({ no }, row, "failed_delivery", code, "", row.attempts))
      yield* writeTally(sql, tally)
      yield* noteDiscarded(
        sql,
        rows.map(({ position }) => ({ destination: no, position }))
      )
      return rows.length
    })
    while ((yield* sql.withTransaction(page)) === discardedAtOnce);
  })
  return discardAll
}
