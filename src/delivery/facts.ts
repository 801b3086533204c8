/**
 * The one question that everything shown of delivery is made of: how many events (or jobs of a mapping) came to which step, told apart
 * by what the asker wants, in one snapshot of the database - what was rolled up, what waits for it, and what is pending.
 *
 * `pending` is no step that is counted: it is read from the jobs that wait (`destinations/actors`), an event once, whatever the number
 * of its jobs, or each job of a mapping (DEL-33).
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { int2s, texts } from "../platform/sql-arrays.ts"
import { type Grain, grains, lengthOf, outwards, type Period } from "./grains.ts"
import { type StoredStep, storedSteps } from "./steps.ts"

export type FactStep = StoredStep | "pending"
const factSteps: ReadonlyArray<FactStep> = [...storedSteps, "pending"]

/** What can be told apart. */
export const dimensions = ["eventType", "eventName", "appVersion", "discardReason", "subscriptionId"] as const
export type Dimension = (typeof dimensions)[number]

/** Whose counts: of a destination, or of a source itself (`destination` 0). */
export interface Owner {
  readonly destination: number
  readonly source: number
}

/** Only what has one of the values; absent = all. */
export type FactFilter = {
  readonly [K in Exclude<Dimension, "subscriptionId">]?: ReadonlyArray<string> | undefined
} & {
  readonly attempts?: ReadonlyArray<number> | undefined
}

export interface FactQuery {
  readonly owner: Owner
  readonly period: Period
  /** Of the rows that are read. */
  readonly grain: Grain
  /** Buckets to tell apart, at least as long as those of the rows; undefined: all of the period together. */
  readonly series?: Grain | undefined
  readonly steps: ReadonlyArray<FactStep>
  readonly by: ReadonlySet<Dimension | "attempts">
  readonly filter?: FactFilter | undefined
  /** Events, jobs of all mappings, or both of one mapping; told apart by `subscriptionId`, which events do not have. */
  readonly what?: "events" | "jobs" | { readonly mapping: string } | undefined
}

export interface Fact {
  readonly step: FactStep
  /** Start of its bucket, ms; 0 without series. Of a day or an hour in UTC. */
  readonly at: number
  /** Empty when it was not asked to be told apart; so are the next three. */
  readonly eventType: string
  readonly eventName: string
  readonly appVersion: string
  readonly discardReason: string
  /** Empty: an event. */
  readonly subscriptionId: string
  /** 0 when not asked for. */
  readonly attempts: number
  readonly count: number
  /** Attempts behind the first. */
  readonly retries: number
}

const pending = factSteps.indexOf("pending")

const pendingCode = "case when j.last_code = 'ECONNREFUSED' then 'EREFUSED' else j.last_code end"
const pendingLabel = "j.event_type, j.event_name, j.app_version, 1"

/** $1 destination, $2 source, $3 grain, $4 from, $5 to, $6 whether events, $7 whether jobs. */
const rowsText = `
  select c.at, s.step, s.code, s.mapping, s.attempts, l.event_type, l.event_name, l.app_version, c.n
  from delivery_labels l join delivery_series s on s.label = l.id join delivery_counts c on c.series = s.id
  where l.destination = $1::int4 and l.source = $2::int4 and c.grain = $3::int2 and c.at >= $4::timestamptz and c.at < $5::timestamptz
  union all
  select f.at, f.step, f.code, f.mapping, f.attempts, f.event_type, f.event_name, f.app_version, f.n
  from delivery_fresh f where f.destination = $1::int4 and f.source = $2::int4 and f.at >= $4::timestamptz and f.at < $5::timestamptz
  union all
  select j.received_at, ${pending}, ${pendingCode}, '', j.attempts, ${pendingLabel}
  from (select j.*, row_number() over (partition by j.position order by j.last_code desc, j.mapping) as nth from delivery_jobs j
        where $6::bool and $1::int4 <> 0 and j.destination = $1::int4 and j.received_at >= $4::timestamptz and j.received_at < $5::timestamptz) j
  where j.nth = 1
  union all
  select j.received_at, ${pending}, ${pendingCode}, j.mapping, j.attempts, ${pendingLabel} from delivery_jobs j
  where $7::bool and j.mapping <> '' and j.destination = $1::int4 and j.received_at >= $4::timestamptz and j.received_at < $5::timestamptz`

const factsText = `
select r.step::int4 as step,
  case when $9::float8 = 0 then 0 else floor(extract(epoch from r.at)::float8 * 1000 / $9::float8) * $9::float8 end as at,
  case when $10::bool then r.event_type else '' end as "eventType", case when $11::bool then r.event_name else '' end as "eventName",
  case when $12::bool then r.app_version else '' end as "appVersion", case when $13::bool then r.code else '' end as "discardReason",
  r.mapping as "subscriptionId", case when $14::bool then r.attempts else 0 end::int4 as attempts,
  sum(r.n)::float8 as count, sum(r.n * greatest(r.attempts - 1, 0))::float8 as retries
from (${rowsText}) r
where r.step = any($15::int2[]) and case when r.mapping = '' then $6::bool else $7::bool and ($8::text is null or r.mapping = $8::text) end
  and ($16::text[] is null or r.event_type = any($16::text[])) and ($17::text[] is null or r.event_name = any($17::text[]))
  and ($18::text[] is null or r.app_version = any($18::text[])) and ($19::text[] is null or r.code = any($19::text[]))
  and ($20::int2[] is null or r.attempts = any($20::int2[]))
group by 1, 2, 3, 4, 5, 6, 7, 8`

type Row = Omit<Fact, "step"> & { readonly step: number }

const optional = <A>(values: ReadonlyArray<A> | undefined, array: (values: ReadonlyArray<A>) => unknown): unknown =>
  values === undefined ? null : array(values)

export const readFacts = (
  sql: PgClient.PgClient,
  { owner, period, grain, series, steps, by, filter = {}, what = "events" }: FactQuery
): Effect.Effect<ReadonlyArray<Fact>, SqlError.SqlError> => {
  const { from, to } = outwards(period, grain)
  return Effect.map(
    sql.unsafe<Row>(factsText, [
      owner.destination,
      owner.source,
      grains.indexOf(grain),
      new Date(from),
      new Date(to),
      what !== "jobs",
      what !== "events",
      typeof what === "object" ? what.mapping : null,
      series === undefined ? 0 : lengthOf[series],
      by.has("eventType"),
      by.has("eventName"),
      by.has("appVersion"),
      by.has("discardReason"),
      by.has("attempts"),
      int2s(steps.map((step) => factSteps.indexOf(step))),
      optional(filter.eventType, texts),
      optional(filter.eventName, texts),
      optional(filter.appVersion, texts),
      optional(filter.discardReason, texts),
      optional(filter.attempts, int2s)
    ]),
    (rows) => rows.map((row): Fact => ({ ...row, step: factSteps[row.step]! }))
  )
}

/** How many events came to each step. */
export type StepCounts = Readonly<Record<FactStep, number>>

export const countsOf = (facts: ReadonlyArray<Fact>): StepCounts => {
  const counts = Object.fromEntries(factSteps.map((step) => [step, 0])) as Record<FactStep, number>
  for (const { step, count } of facts) counts[step] += count
  return counts
}
