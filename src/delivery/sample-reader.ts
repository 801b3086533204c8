/** Samples as they are shown (DEL-23, DEL-35), and taken out when somebody is deleted (PRV-8). Personal values are as they were. */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Exchange } from "../catalog/runner.ts"
import type { Database } from "../platform/database.ts"
import { texts } from "../platform/sql-arrays.ts"
import { overviewCode } from "./advice.ts"
import { hourMs, type Period, startOf } from "./grains.ts"
import { sampleStates, type SampleState, samplesAnHour } from "./samples.ts"
import { type Step, storedSteps } from "./steps.ts"

export interface StoredSample {
  readonly id: string
  readonly step: Step
  readonly code: string
  readonly state: SampleState
  /** Empty: of no mapping. */
  readonly mapping: string
  /** ms */
  readonly at: number
  readonly receivedAt: number
  readonly message: string
  /** The event as received. */
  readonly sent: unknown
  readonly exchanges: ReadonlyArray<Exchange>
}

export interface SampleQuery {
  readonly destination: number
  /** When the events were received. */
  readonly period: Period
  readonly code?: string | undefined
  readonly step?: Step | undefined
  readonly state?: SampleState | undefined
  readonly mapping?: string | undefined
}

interface Row {
  readonly n: number
  readonly step: number
  readonly code: string
  readonly state: number
  readonly mapping: string
  readonly at: number
  readonly receivedAt: number
  readonly message: string
  readonly sent: string
  readonly exchanges: string
}

/** The newest, as many as an hour has. */
export const readSamples = (
  sql: PgClient.PgClient,
  { destination, period: { from, to }, code, mapping, state, step }: SampleQuery
): Effect.Effect<ReadonlyArray<StoredSample>, SqlError.SqlError> =>
  Effect.map(
    sql<Row>`
      select n::float8 as n, step::int4 as step, code, state::int4 as state, mapping, (extract(epoch from at) * 1000)::float8 as at,
        (extract(epoch from received_at) * 1000)::float8 as "receivedAt", message, sent, exchanges
      from delivery_samples where destination = ${destination} and hour >= ${new Date(startOf(from, hourMs))}
        and received_at >= ${new Date(from)} and received_at < ${new Date(to)}
        and (${code === undefined ? null : overviewCode(code)}::text is null or code = ${code === undefined ? null : overviewCode(code)})
        and (${step === undefined ? null : storedSteps.indexOf(step)}::int2 is null or step = ${step === undefined ? null : storedSteps.indexOf(step)}::int2)
        and (${state === undefined ? null : sampleStates.indexOf(state)}::int2 is null or state = ${state === undefined ? null : sampleStates.indexOf(state)}::int2)
        and (${mapping ?? null}::text is null or mapping = ${mapping ?? null}::text)
      order by at desc, n desc limit ${samplesAnHour}`,
    (rows) =>
      rows.map(({ n, exchanges, sent, state, step, ...row }) => ({
        ...row,
        id: String(n),
        step: storedSteps[step] as Step,
        state: sampleStates[state]!,
        sent: JSON.parse(sent) as unknown,
        exchanges: JSON.parse(exchanges) as ReadonlyArray<Exchange>
      }))
  )

/** Of messages that are deleted. */
export const eraseSamples = ({ write: sql }: Database["Service"], messageIds: ReadonlyArray<string>) =>
  Effect.asVoid(sql`delete from delivery_samples where message_id = any(${texts(messageIds)})`)

/** Of everything that names the users; `source`: only of this one. */
export const eraseSamplesOf = (
  { write: sql }: Database["Service"],
  userIds: ReadonlyArray<string>,
  source: number | null
) =>
  Effect.asVoid(
    sql`delete from delivery_samples where user_ids && ${texts(userIds)} and (${source}::int4 is null or source = ${source}::int4)`
  )
