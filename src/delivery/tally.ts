/**
 * Counts on their way to the tables: collected in memory, written in the transaction of whoever counts, so that what was counted and
 * how far its counter has read are one (exact across `kill -9`).
 *
 * - Of an event that reached a destination its counter adds **one** `Counted` without a mapping once all its jobs have ended: filtered,
 *   failed when one of them failed, otherwise delivered (DEL-33); and one with a mapping for each job. While a job waits for its retry
 *   nothing is added for the event: it is pending, which is counted from the waiting jobs.
 * - A row is appended, never changed, so writers do not wait for each other; `roll-up.ts` takes the rows into minutes, hours and days.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { int2s, int4s, texts, timestamptzs } from "../platform/sql-arrays.ts"
import { cutName, cutVersion, other, storedCode } from "./dimensions.ts"
import { binOf } from "./latency.ts"
import { type Counted, storedSteps } from "./steps.ts"

const minuteMs = 60_000
/** Different rows of one tally; beyond, names and versions are one. */
const mostRows = 10_000
const mostAttempts = 32_767

interface Row extends Omit<Counted, "latency"> {
  count: number
}

interface Latency {
  readonly minute: number
  readonly destination: number
  readonly bin: number
  readonly count: number
}

/** More than there are bins. */
const binsOfOne = 1024

/** Apart, because nearly all that is counted at once is of one minute. */
class Minute {
  readonly rows = new Map<string, Row>()
  /** By destination and bin. */
  readonly latencies = new Map<number, number>()
}

/** For one commit; the next has another. */
export class Tally {
  private readonly minutes = new Map<number, Minute>()
  private size = 0
  private minute = Number.NaN
  private current = new Minute()

  add(counted: Counted, count = 1): void {
    const { destination, source, step, mapping, eventType, receivedAt, latency } = counted
    const isFull = this.size >= mostRows
    const code = storedCode(counted.code)
    const eventName = isFull && counted.eventName !== "" ? other : cutName(counted.eventName)
    const appVersion = isFull && counted.appVersion !== "" ? other : cutVersion(counted.appVersion)
    const attempts = Math.min(counted.attempts, mostAttempts)
    const minute = receivedAt - (receivedAt % minuteMs)
    const { rows, latencies } = this.of(minute)
    const key = `${destination} ${source} ${step} ${attempts} ${eventType}\n${code}\n${mapping}\n${appVersion}\n${eventName}`
    const row = rows.get(key)
    if (row !== undefined) row.count += count
    else {
      rows.set(key, {
        destination,
        source,
        step,
        code,
        mapping,
        eventType,
        eventName,
        appVersion,
        receivedAt: minute,
        attempts,
        count
      })
      this.size += 1
    }
    if (latency === undefined || mapping !== "") return
    const bin = destination * binsOfOne + binOf(latency)
    latencies.set(bin, (latencies.get(bin) ?? 0) + count)
  }

  get isEmpty(): boolean {
    return this.size === 0
  }

  counts(): ReadonlyArray<Row> {
    return [...this.minutes.values()].flatMap(({ rows }) => [...rows.values()])
  }

  latencyCounts(): ReadonlyArray<Latency> {
    return [...this.minutes].flatMap(([minute, { latencies }]) =>
      [...latencies].map(([key, count]) => ({
        minute,
        destination: Math.floor(key / binsOfOne),
        bin: key % binsOfOne,
        count
      }))
    )
  }

  private of(minute: number): Minute {
    if (minute === this.minute) return this.current
    let found = this.minutes.get(minute)
    if (found === undefined) this.minutes.set(minute, (found = new Minute()))
    this.minute = minute
    return (this.current = found)
  }
}

const countsText = `
insert into delivery_fresh (at, destination, source, step, code, mapping, event_type, event_name, app_version, attempts, n)
select * from unnest($1::timestamptz[], $2::int4[], $3::int4[], $4::int2[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int2[], $11::int4[])`

const latenciesText = `
insert into delivery_fresh_latencies (at, destination, bin, n)
select * from unnest($1::timestamptz[], $2::int4[], $3::int2[], $4::int4[])`

/** Part of the caller's transaction; leaves the tally as it is. An empty one costs nothing. */
export const writeTally = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  tally: Tally
): Effect.fn.Return<void, SqlError.SqlError> {
  if (tally.isEmpty) return
  const rows = tally.counts()
  yield* sql.unsafe(countsText, [
    timestamptzs(rows.map(({ receivedAt }) => receivedAt)),
    int4s(rows.map(({ destination }) => destination)),
    int4s(rows.map(({ source }) => source)),
    int2s(rows.map(({ step }) => storedSteps.indexOf(step))),
    texts(rows.map(({ code }) => code)),
    texts(rows.map(({ mapping }) => mapping)),
    texts(rows.map(({ eventType }) => eventType)),
    texts(rows.map(({ eventName }) => eventName)),
    texts(rows.map(({ appVersion }) => appVersion)),
    int2s(rows.map(({ attempts }) => attempts)),
    int4s(rows.map(({ count }) => count))
  ])
  const latencies = tally.latencyCounts()
  if (latencies.length === 0) return
  yield* sql.unsafe(latenciesText, [
    timestamptzs(latencies.map(({ minute }) => minute)),
    int4s(latencies.map(({ destination }) => destination)),
    int2s(latencies.map(({ bin }) => bin)),
    int4s(latencies.map(({ count }) => count))
  ])
})
