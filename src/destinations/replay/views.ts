/** Replays as people see them: what was asked for, and how far it has come. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { storedSteps } from "../../delivery/steps.ts"
import { pendingDeletions } from "../../workspace/manage-regulations.ts"
import type { CodeCount, ReplayMode, ReplayState, ReplayView, Wanted } from "./replay.ts"

interface Row {
  readonly no: number
  readonly id: string
  readonly sourceId: string
  readonly from: number
  readonly to: number
  readonly mode: ReplayMode
  readonly events: string
  readonly perSecond: number | null
  readonly state: ReplayState
  readonly error: string | null
  readonly createdAt: number
  readonly createdBy: string
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

interface RunRow {
  readonly replay: number
  readonly destinationId: string
  readonly total: number | null
  readonly rate: number | null
  readonly pending: number
}

interface CountRow {
  readonly replay: number
  readonly step: number
  readonly code: string
  readonly count: number
}

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`
const replaysText = `
select no, id, source_id as "sourceId", ${ms("received_from", "from")}, ${ms("received_to", "to")}, mode, events, per_second as "perSecond",
  state, error, ${ms("created_at", "createdAt")}, created_by as "createdBy", ${ms("started_at", "startedAt")}, ${ms("finished_at", "finishedAt")}
from replays where $1::text is null or id = $1 order by no desc limit $2`

const runsText = `
select n.replay, n.destination_id as "destinationId", n.total::float8 as total, n.rate,
  case when n.finished then 0 else (select count(distinct j.position)::int from delivery_jobs j where j.destination = -n.no) end as pending
from replay_runs n join replays r on r.no = n.replay where $1::text is null or r.id = $1 order by n.no`

const countsText = `
select n.replay, c.step::int as step, c.code, sum(c.n)::float8 as count
from replay_counts c join replay_runs n on n.no = c.run join replays r on r.no = n.replay
where $1::text is null or r.id = $1 group by 1, 2, 3 order by 4 desc, 3`

/** In a list. */
const mostShown = 1_000

const summed = (values: ReadonlyArray<number | null>): number | null =>
  values.includes(null) ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0)

const countOf = (counts: ReadonlyArray<CodeCount>): number => counts.reduce((sum, { count }) => sum + count, 0)

const viewOf = (
  row: Row,
  runs: ReadonlyArray<RunRow>,
  counts: ReadonlyArray<CountRow>,
  deletionsPending: boolean
): ReplayView => {
  const { perSecond, events, state, ...rest } = row
  const of = (step: (typeof storedSteps)[number]) =>
    counts.filter((each) => storedSteps[each.step] === step).map(({ code, count }) => ({ code, count }))
  const sent = countOf(of("successful_delivery"))
  const filtered = of("filtered_at_destination")
  const failed = of("failed_delivery")
  const total = summed(runs.map((run) => run.total))
  const isOpen = state === "queued" || state === "running"
  const held = isOpen && deletionsPending
  const rates = runs.flatMap(({ rate }) => rate ?? [])
  const ratePerSecond = state !== "running" || held || rates.length === 0 ? null : countOfRates(rates)
  const left = total === null ? null : Math.max(0, total - sent - countOf(filtered) - countOf(failed))
  const etaSeconds =
    left === null || ratePerSecond === null || ratePerSecond <= 0 ? null : Math.ceil(left / ratePerSecond)
  return {
    ...rest,
    destinationIds: runs.map(({ destinationId }) => destinationId),
    events: JSON.parse(events) as ReadonlyArray<Wanted>,
    maxEventsPerSecond: perSecond,
    state: held ? "paused" : state,
    held,
    total,
    sent,
    pending: runs.reduce((sum, { pending }) => sum + pending, 0),
    filtered,
    failed,
    ratePerSecond,
    etaSeconds
  }
}

const countOfRates = (rates: ReadonlyArray<number>): number =>
  Math.round(rates.reduce((sum, rate) => sum + rate, 0) * 10) / 10

/** All, newest first, or the one with this id. */
export const readViews = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  id: string | null
): Effect.fn.Return<ReadonlyArray<ReplayView>, SqlError.SqlError> {
  const rows = yield* sql.unsafe<Row>(replaysText, [id, mostShown])
  const runs = Map.groupBy(yield* sql.unsafe<RunRow>(runsText, [id]), ({ replay }) => replay)
  const counts = Map.groupBy(yield* sql.unsafe<CountRow>(countsText, [id]), ({ replay }) => replay)
  const deletions = yield* pendingDeletions(sql)
  return rows.map((row) => viewOf(row, runs.get(row.no) ?? [], counts.get(row.no) ?? [], deletions > 0))
})
