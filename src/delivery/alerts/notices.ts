/**
 * Delivers notices at least once: the first attempt at once, then ten more within the hour (ADM-64). A row that is being tried is set
 * aside for a while, so that no other process tries it, and comes back by itself when its process was killed.
 */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { type Vault, VaultLocked } from "../../platform/vault.ts"
import { dayMs } from "../grains.ts"
import type { Channel, NoticeKind } from "./alert.ts"
import { openChannels } from "./channels.ts"
import type { AlertSenders } from "./senders.ts"
import type { Facts } from "./words.ts"

/** Seconds behind each attempt: 59 minutes and 10 seconds together. */
export const retryDelays = [10, 20, 40, 80, 160, 320, 480, 640, 800, 1_000] as const
const asideMs = 60_000
const atOnce = 20
const notificationsKeptMs = 30 * dayMs

export interface Delivery {
  readonly database: Database["Service"]
  readonly vault: Vault["Service"]
  readonly senders: AlertSenders["Service"]
}

interface Row {
  readonly n: number
  readonly alertId: string
  readonly channel: string
  readonly kind: NoticeKind
  readonly facts: string
  readonly attempts: number
  readonly channels: string
  readonly secrets: string | null
}

/** The channel as it is now; undefined: the alert has it no more. */
const channelOf = (
  vault: Vault["Service"],
  { alertId, channel, channels, secrets }: Row
): Channel | string | undefined => {
  try {
    return openChannels(vault, alertId, { channels, secrets }).find(({ id }) => id === channel)?.channel
  } catch (error) {
    if (error instanceof VaultLocked) return error.message
    throw error
  }
}

const attempt = Effect.fnUntraced(function* (
  { database: { write: sql }, senders, vault }: Delivery,
  row: Row
): Effect.fn.Return<void, SqlError.SqlError> {
  const channel = channelOf(vault, row)
  if (channel === undefined || (typeof channel === "object" && channel.type === "IN_APP")) {
    yield* sql`delete from alert_notices where n = ${row.n}::float8::bigint`
    return
  }
  const error =
    typeof channel === "string" ? channel : yield* senders.send(channel, row.kind, JSON.parse(row.facts) as Facts)
  const at = yield* Clock.currentTimeMillis
  if (error === undefined) {
    yield* sql`update alert_notices set delivered_at = ${new Date(at)}, next_at = null, error = null, failed_at = null where n = ${row.n}::float8::bigint`
    return
  }
  const delay = retryDelays[row.attempts - 1]
  const nextAt = delay === undefined ? null : new Date(at + delay * 1000)
  yield* sql`update alert_notices set next_at = ${nextAt}, error = ${error.slice(0, 500)}, failed_at = ${new Date(at)} where n = ${row.n}::float8::bigint`
})

/** Tries all that are due at `now`; answers how many there were. */
export const deliverNotices = Effect.fnUntraced(function* (
  delivery: Delivery,
  now: number
): Effect.fn.Return<number, SqlError.SqlError> {
  const { write: sql } = delivery.database
  for (let tried = 0; ;) {
    const rows = yield* sql<Row>`
      update alert_notices t set attempts = t.attempts + 1, next_at = ${new Date(now + asideMs)}
      from alerts a where a.n = t.alert and t.n in (
        select n from alert_notices where next_at <= ${new Date(now)} order by next_at limit ${atOnce} for update skip locked)
      returning t.n::float8 as n, a.id as "alertId", t.channel, t.kind, t.facts, t.attempts, a.channels, a.secrets`
    yield* Effect.forEach(rows, (row) => attempt(delivery, row), { concurrency: atOnce, discard: true })
    tried += rows.length
    if (rows.length < atOnce) return tried
  }
})

/** Those that have ended, but the last of each channel, which the alert shows; and old notifications. */
export const sweepNotices = Effect.fnUntraced(function* (
  { write: sql }: Database["Service"],
  now: number
): Effect.fn.Return<void, SqlError.SqlError> {
  yield* sql`delete from alert_notices t where t.next_at is null and t.created_at < ${new Date(now - dayMs)}
    and exists (select 1 from alert_notices l where l.alert = t.alert and l.channel = t.channel and l.n > t.n)`
  yield* sql`delete from notifications where at < ${new Date(now - notificationsKeptMs)}`
})
