/**
 * Judges each alert once an hour, for all processes together: a row is locked while it is judged, and remembers the hour. What is to be
 * told is written in the transaction that changes the state, so a kill neither loses a notice nor begins it twice.
 *
 * The windows end with the last full hour, two minutes after it is over: by then what was received in it has been counted.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { readRate } from "../delivery-view.ts"
import { countsOf, type Owner, readFacts } from "../facts.ts"
import { hourMs, minuteMs, startOf } from "../grains.ts"
import { judgeRate, judgeVolume, noticeOf, type Verdict, windowHours } from "./alert.ts"
import type { AlertResource, AlertResources } from "./resources.ts"
import { alertColumns, type AlertRow } from "./views.ts"
import { bodyOf, factsOf, titleOf } from "./words.ts"

const settledMs = 2 * minuteMs
const windowMs = windowHours * hourMs
const alertsAtOnce = 100

export interface Evaluation {
  readonly database: Database["Service"]
  readonly resources: AlertResources["Service"]
  /** Where the console is, without a slash at its end; empty: not known. */
  readonly consoleUrl: string
}

/** The end of the window that is judged at `now`. */
export const windowEnd = (now: number): number => startOf(now - settledMs, hourMs)

const received = (sql: Database["Service"]["write"], owner: Owner, from: number, to: number) =>
  Effect.map(
    readFacts(sql, {
      owner: { destination: 0, source: owner.source },
      period: { from, to },
      grain: "hour",
      steps: ["successfully_received", "filtered_at_source"],
      by: new Set()
    }),
    (facts) => {
      const counts = countsOf(facts)
      return counts.successfully_received + counts.filtered_at_source
    }
  )

/** Since when the source is there; where its configuration does not say, since its first event that is still counted. */
const sourceSince = (sql: Database["Service"]["write"], source: number) =>
  Effect.map(
    sql<{ since: number | null }>`
      select (extract(epoch from coalesce((select created_at from sources where no = ${source}), (select min(c.at) from delivery_labels l
        join delivery_series s on s.label = l.id join delivery_counts c on c.series = s.id and c.grain = 1
        where l.destination = 0 and l.source = ${source}))) * 1000)::float8 as since`,
    ([row]) => row?.since ?? null
  )

const judge = Effect.fnUntraced(function* (
  { database: { write: sql } }: Evaluation,
  { threshold, type }: AlertRow,
  { owner }: AlertResource,
  end: number
): Effect.fn.Return<Verdict | undefined, SqlError.SqlError> {
  if (type === "DELIVERY_RATE") {
    const { delivered, notDelivered } = yield* readRate(sql, owner, { from: end - windowMs, to: end })
    return judgeRate(threshold, delivered, notDelivered)
  }
  const since = yield* sourceSince(sql, owner.source)
  if (since === null || since > end - 2 * windowMs) return undefined
  const before = yield* received(sql, owner, end - 2 * windowMs, end - windowMs)
  return judgeVolume(threshold, before, yield* received(sql, owner, end - windowMs, end))
})

interface OpenChannel {
  readonly id: string
  readonly type: string
}

/** What is to be told, to every channel. */
const tell = Effect.fnUntraced(function* (
  { consoleUrl, database: { write: sql }, resources }: Evaluation,
  alert: AlertRow,
  resource: AlertResource,
  verdict: Verdict,
  now: number
): Effect.fn.Return<boolean, SqlError.SqlError> {
  const kind = noticeOf(alert.state, verdict, now, alert.noticedAt)
  if (kind === undefined) return false
  const facts = factsOf({
    alertType: alert.type,
    workspace: yield* resources.workspaceName,
    resource: resource.name,
    value: verdict.value,
    threshold: alert.threshold,
    // Of no space: the console chooses one that its reader may open.
    url: consoleUrl === "" ? "" : `${consoleUrl}/w/-${resource.path}`
  })
  const at = new Date(now)
  for (const { id, type } of JSON.parse(alert.channels) as ReadonlyArray<OpenChannel>)
    yield* type === "IN_APP"
      ? sql`insert into notifications (at, kind, resource, title, body, path)
          values (${at}, ${kind}, ${alert.resource}, ${titleOf(kind, facts)}, ${bodyOf(facts)}, ${resource.path})`
      : sql`insert into alert_notices (alert, channel, kind, facts, created_at, next_at)
          values (${alert.n}::float8::bigint, ${id}, ${kind}, ${JSON.stringify(facts)}, ${at}, ${at})`
  return true
})

const evaluateOne = (evaluation: Evaluation, n: number, now: number) => {
  const { database, resources } = evaluation
  const { write: sql } = database
  const end = windowEnd(now)
  return sql.withTransaction(
    Effect.gen(function* () {
      const [alert] = yield* sql.unsafe<AlertRow>(
        `select ${alertColumns} from alerts where n = $1::float8::bigint and (judged_hour is null or judged_hour < $2) for update skip locked`,
        [n, new Date(end)]
      )
      if (alert === undefined) return
      const resource = resources.find(alert.resource)
      const verdict = resource === undefined ? undefined : yield* judge(evaluation, alert, resource, end)
      if (resource === undefined || verdict === undefined) {
        yield* sql`update alerts set judged_hour = ${new Date(end)} where n = ${n}::float8::bigint`
        return
      }
      const told = yield* tell(evaluation, alert, resource, verdict, now)
      const at = new Date(now)
      const fired = verdict.fires && alert.state === "ok"
      yield* sql`update alerts set judged_hour = ${new Date(end)}, value = ${verdict.value}, state = ${verdict.fires ? "firing" : "ok"},
        last_fired_at = case when ${fired}::bool then ${at}::timestamptz else last_fired_at end,
        noticed_at = case when ${told}::bool then ${at}::timestamptz else noticed_at end where n = ${n}::float8::bigint`
    })
  )
}

/** All that are due at `now`. */
export const evaluateAlerts = Effect.fnUntraced(function* (
  evaluation: Evaluation,
  now: number
): Effect.fn.Return<void, SqlError.SqlError> {
  const { write: sql } = evaluation.database
  const end = new Date(windowEnd(now))
  for (let after = 0; ;) {
    const due = yield* sql<{ n: number }>`select n::float8 as n from alerts
      where n > ${after}::float8::bigint and (judged_hour is null or judged_hour < ${end}) order by n limit ${alertsAtOnce}`
    for (const { n } of due)
      yield* evaluateOne(evaluation, n, now).pipe(
        // The others are judged all the same.
        Effect.catchDefect((defect) => Effect.logError(`The alert number ${n} could not be judged`, defect))
      )
    if (due.length < alertsAtOnce) return
    after = due.at(-1)!.n
  }
})
