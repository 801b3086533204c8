/**
 * Where replays keep their cursors and counts: in tables of their own, so that nothing of them is seen in Event Delivery (DEL-73).
 * Everything else of a commit is that of live delivery (`actors/store.ts`), under a number that no destination has.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { storedSteps } from "../../delivery/steps.ts"
import { float8s, int2s, int4s, texts } from "../../platform/sql-arrays.ts"
import type { Books } from "../actors/store.ts"

/** In parts and in `delivery_jobs`: destinations have positive numbers. */
export const numberOf = (run: number): number => -run

const moveText = `
update replay_runs r set pos = u.upto::bigint, seq = u.seq::bigint + 1, place = coalesce(u.place, r.place)
from unnest($1::int4[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::text[]) u (destination, since, upto, epoch, seq, place)
where r.no = -u.destination and r.pos = u.since::bigint and r.epoch = u.epoch::bigint and r.seq = u.seq::bigint and not r.finished
returning u.destination`

const countText = `
insert into replay_counts (run, step, code, n)
select -u.destination, u.step, u.code, sum(u.n) from unnest($1::int4[], $2::int2[], $3::text[], $4::float8[]) u (destination, step, code, n)
group by 1, 2, 3
on conflict (run, step, code) do update set n = replay_counts.n + excluded.n`

export const replayBooks = (sql: PgClient.PgClient): Books => ({
  move: (parts) =>
    sql.unsafe<{ destination: number }>(moveText, [
      int4s(parts.map(({ destination }) => destination)),
      float8s(parts.map(({ from }) => from)),
      float8s(parts.map(({ to }) => to)),
      float8s(parts.map(({ epoch }) => epoch)),
      float8s(parts.map(({ seq }) => seq)),
      texts(parts.map(({ place }) => (place === undefined ? null : JSON.stringify(place))))
    ]),
  count: (_, tally) => {
    const events = tally.counts().filter(({ mapping }) => mapping === "")
    if (events.length === 0) return Effect.void
    return Effect.asVoid(
      sql.unsafe(countText, [
        int4s(events.map(({ destination }) => destination)),
        int2s(events.map(({ step }) => storedSteps.indexOf(step))),
        texts(events.map(({ code }) => code)),
        float8s(events.map(({ count }) => count))
      ])
    )
  }
})
