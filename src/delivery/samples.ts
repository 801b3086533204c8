/**
 * Samples of what did not get through (DEL-23, DEL-35): up to ten per code and hour, kept for 14 days. Secrets were masked, and bodies
 * cut, by whoever executed the call; personal values are masked by whoever shows them. What is deleted of a person is deleted here by
 * the message, or by the user ids that it names (PRV-8).
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Exchange } from "../catalog/runner.ts"
import type { Message } from "../event/message.ts"
import { someUserId } from "../event/user-ids.ts"
import { int2s, int4s, texts, timestamptzs } from "../platform/sql-arrays.ts"
import { storedCode } from "./dimensions.ts"
import { type Step, storedSteps } from "./steps.ts"

export const samplesAnHour = 10
const hourMs = 3_600_000
const longestMessage = 2_000
/** Codes of all destinations whose samples of this hour are counted in memory. */
const mostCounted = 10_000

/** As numbered in the tables (DEL-22). */
export const sampleStates = ["discarded", "awaiting_retry", "filtered"] as const
export type SampleState = (typeof sampleStates)[number]

export interface Sample {
  /** `Destination.no` */
  readonly destination: number
  /** `Source.no` */
  readonly source: number
  readonly step: Step
  readonly code: string
  readonly state: SampleState
  readonly mapping: string
  /** ms: when it happened. */
  readonly at: number
  /** ms */
  readonly receivedAt: number
  /** What went wrong, as the destination said it. */
  readonly message: string
  /** The event as received, as JSON text. */
  readonly sent: string
  /** Empty where no request was made. */
  readonly exchanges: ReadonlyArray<Exchange>
}

/** Says beforehand whether a sample would be kept, so that the others need not be made; the tables have the last word. */
export class SampleMeter {
  private hour = 0
  private counts = new Map<string, number>()

  /** Counts it. */
  wants(destination: number, step: Step, code: string, at: number): boolean {
    const hour = Math.floor(at / hourMs)
    if (hour !== this.hour) {
      this.hour = hour
      this.counts = new Map()
    }
    const key = `${destination} ${step} ${code}`
    const count = this.counts.get(key) ?? 0
    if (count >= samplesAnHour || (count === 0 && this.counts.size >= mostCounted)) return false
    this.counts.set(key, count + 1)
    return true
  }
}

const insertText = `
insert into delivery_samples (destination, source, step, code, state, mapping, at, hour, received_at, message, sent, exchanges, message_id, user_ids)
select u.destination, u.source, u.step, u.code, u.state, u.mapping, u.at, u.hour, u.received_at, u.message, u.sent, u.exchanges, u.message_id,
  array(select jsonb_array_elements_text(u.user_ids::jsonb))
from unnest($1::int4[], $2::int4[], $3::int2[], $4::text[], $5::int2[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[],
  $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::int4[])
  u (destination, source, step, code, state, mapping, at, hour, received_at, message, sent, exchanges, message_id, user_ids, nth)
where u.nth + (select count(*) from delivery_samples s where s.destination = u.destination and s.step = u.step and s.code = u.code and s.hour = u.hour)
  <= ${samplesAnHour}`

interface Named {
  readonly messageId: string
  readonly userIds: ReadonlyArray<string>
}

/** Who a sample must be found by. */
const namedBy = (sent: string): Named => {
  const message = JSON.parse(sent) as Partial<Message>
  const userIds = new Set<string>()
  someUserId(message, (userId) => {
    userIds.add(userId)
    return false
  })
  return { messageId: typeof message.messageId === "string" ? message.messageId : "", userIds: [...userIds] }
}

/** Part of the caller's transaction. What is more than ten of an hour is left out. */
export const writeSamples = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  samples: ReadonlyArray<Sample>
): Effect.fn.Return<void, SqlError.SqlError> {
  if (samples.length === 0) return
  const nth = new Map<string, number>()
  const hours = samples.map(({ at }) => at - (at % hourMs))
  const numbers = samples.map(({ destination, step, code }, i) => {
    const key = `${destination} ${step} ${code} ${hours[i]}`
    const n = (nth.get(key) ?? 0) + 1
    nth.set(key, n)
    return n
  })
  const named = samples.map(({ sent }) => namedBy(sent))
  yield* sql.unsafe(insertText, [
    int4s(samples.map(({ destination }) => destination)),
    int4s(samples.map(({ source }) => source)),
    int2s(samples.map(({ step }) => storedSteps.indexOf(step))),
    texts(samples.map(({ code }) => storedCode(code))),
    int2s(samples.map(({ state }) => sampleStates.indexOf(state))),
    texts(samples.map(({ mapping }) => mapping)),
    timestamptzs(samples.map(({ at }) => at)),
    timestamptzs(hours),
    timestamptzs(samples.map(({ receivedAt }) => receivedAt)),
    texts(samples.map(({ message }) => message.slice(0, longestMessage))),
    texts(samples.map(({ sent }) => sent)),
    texts(samples.map(({ exchanges }) => JSON.stringify(exchanges))),
    texts(named.map(({ messageId }) => messageId)),
    texts(named.map(({ userIds }) => JSON.stringify(userIds))),
    int4s(numbers)
  ])
})
