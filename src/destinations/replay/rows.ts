/** Replays and their runs as PostgreSQL keeps them, for the process that carries them out. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { ReplayKey } from "../../archive/history.ts"
import type { Position } from "../../log/event-log.ts"
import type { Opened } from "../actors/store.ts"
import { numberOf } from "./books.ts"
import type { ReplayMode, Wanted } from "./replay.ts"

/** One replay to one destination. */
export interface Run {
  readonly no: number
  readonly replay: number
  readonly id: string
  readonly destination: number
  readonly destinationId: string
  readonly source: number
  /** ms */
  readonly from: number
  readonly to: number
  readonly mode: ReplayMode
  readonly events: ReadonlyArray<Wanted>
  readonly perSecond: number | null
  readonly upTo: Position
  readonly total: number | null
}

interface OpenRun extends Opened {
  readonly place: ReplayKey | undefined
}

const openText = `
select n.no, r.no as replay, r.id, n.destination, n.destination_id as "destinationId", r.source,
  (extract(epoch from r.received_from) * 1000)::float8 as "from", (extract(epoch from r.received_to) * 1000)::float8 as "to",
  r.mode, r.events, r.per_second as "perSecond", r.up_to::float8 as "upTo", n.total::float8 as total
from replay_runs n join replays r on r.no = n.replay where not n.finished and r.state in ('queued', 'running') order by n.no`

const finishText = `
update replays r set state = case when r.error is null then 'done' else 'failed' end, finished_at = $2
where r.no = $1 and r.state = 'running' and not exists (select 1 from replay_runs n where n.replay = r.no and not n.finished)`

const jobsAtOnce = 5_000

export const makeRows = (sql: PgClient.PgClient) => {
  /** Runs that should be under way, the oldest first. */
  const open = Effect.map(sql.unsafe<Omit<Run, "events"> & { readonly events: string }>(openText), (rows) =>
    rows.map((row): Run => ({ ...row, events: JSON.parse(row.events) as ReadonlyArray<Wanted> }))
  )

  /** The replay is under way from now on; answers up to which position it goes. */
  const begin = Effect.fnUntraced(function* (
    { replay }: Run,
    head: Position,
    now: number
  ): Effect.fn.Return<Position, SqlError.SqlError> {
    const [row] = yield* sql<{ upTo: number }>`
      update replays set state = 'running', started_at = coalesce(started_at, ${new Date(now)}), up_to = coalesce(up_to, ${head}::float8::bigint)
      where no = ${replay} and state in ('queued', 'running') returning up_to::float8 as "upTo"`
    return row?.upTo ?? head
  })

  /** Takes the run over: whoever had it writes nothing more. Undefined: it is finished. */
  const takeOver = Effect.fnUntraced(function* (run: number): Effect.fn.Return<OpenRun | undefined, SqlError.SqlError> {
    const [row] = yield* sql<{ position: number; epoch: number; seq: number; place: string | null }>`
      update replay_runs set epoch = epoch + 1 where no = ${run} and not finished
      returning pos::float8 as position, epoch::float8 as epoch, seq::float8 as seq, place`
    if (row === undefined) return undefined
    const [jobs] = yield* sql<{ waiting: number }>`
      select count(*)::int as waiting from delivery_jobs where destination = ${numberOf(run)}`
    const { place, ...standing } = row
    return {
      standing,
      waiting: jobs!.waiting,
      place: place === null ? undefined : (JSON.parse(place) as ReplayKey)
    }
  })

  const setTotal = (run: number, total: number) =>
    Effect.asVoid(sql`update replay_runs set total = ${total}::float8::bigint where no = ${run}`)

  const setRate = (run: number, rate: number | null) =>
    Effect.asVoid(sql`update replay_runs set rate = ${rate}::float8 where no = ${run}`)

  /** The run has ended; with its last one so has the replay. `error`: why not everything was sent. */
  const finish = (run: Pick<Run, "no" | "replay">, now: number, error: string | null) =>
    sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`select 1 from replays where no = ${run.replay} for update`
        if (error !== null) yield* sql`update replays set error = ${error} where no = ${run.replay}`
        // First: then nobody commits for it any more.
        yield* sql`update replay_runs set finished = true, rate = null where no = ${run.no}`
        yield* sql`delete from delivery_jobs where destination = ${numberOf(run.no)}`
        yield* sql.unsafe(finishText, [run.replay, new Date(now)])
      })
    )

  /** The replay cannot go on; a person may resume it. */
  const fail = ({ replay }: Run, error: string, now: number) =>
    Effect.asVoid(
      sql`update replays set state = 'failed', error = ${error}, finished_at = ${new Date(now)} where no = ${replay} and state = 'running'`
    )

  /** Ends the runs of replays that were cancelled; the caller has stopped them. */
  const endCanceled = Effect.gen(function* () {
    const runs = yield* sql<{ no: number }>`select n.no from replay_runs n join replays r on r.no = n.replay
      where not n.finished and r.state = 'canceled'`
    for (const { no } of runs) {
      yield* sql`update replay_runs set epoch = epoch + 1 where no = ${no}`
      const page = sql`delete from delivery_jobs j using (
          select position, mapping from delivery_jobs where destination = ${numberOf(no)} limit ${jobsAtOnce}) d
        where j.destination = ${numberOf(no)} and j.position = d.position and j.mapping = d.mapping returning 1`
      while ((yield* page).length === jobsAtOnce);
      yield* sql`update replay_runs set finished = true, rate = null where no = ${no}`
    }
  })

  return { open, begin, takeOver, setTotal, setRate, finish, fail, endCanceled }
}

export type ReplayRows = ReturnType<typeof makeRows>
