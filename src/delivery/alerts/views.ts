/** An alert as it is shown (DEL-55), with what became of the last notice of each channel (ADM-64). */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { type Vault, VaultLocked } from "../../platform/vault.ts"
import type { AlertState, AlertType, Channel } from "./alert.ts"
import { type KeptChannel, openChannels, shownChannel } from "./channels.ts"

/** What became of the last notice of a channel (ADM-64). */
export interface ChannelStatus {
  /** ms */
  readonly lastDeliveredAt: number | null
  /** All attempts of the last notice failed, or those so far. */
  readonly lastError: { readonly message: string; readonly at: number; readonly final: boolean } | null
}

export interface AlertView {
  readonly id: string
  readonly type: AlertType
  readonly resourceId: string
  readonly threshold: number
  readonly channels: ReadonlyArray<Channel & { readonly status: ChannelStatus }>
  readonly createdBy: string
  /** ms; so are the others. */
  readonly createdAt: number
  readonly state: AlertState
  /** Percent, of the last window that was judged; null: none yet. */
  readonly value: number | null
  readonly evaluatedAt: number | null
  readonly lastFiredAt: number | null
}

export interface AlertRow {
  readonly n: number
  readonly id: string
  readonly type: AlertType
  readonly resource: string
  readonly threshold: number
  readonly channels: string
  readonly secrets: string | null
  readonly createdBy: string
  readonly createdAt: number
  readonly state: AlertState
  readonly value: number | null
  readonly judgedHour: number | null
  readonly lastFiredAt: number | null
  readonly noticedAt: number | null
}

const ms = (column: string, name: string) => `(extract(epoch from ${column}) * 1000)::float8 as "${name}"`
export const alertColumns = [
  `n::float8 as n, id, type, resource, threshold, channels, secrets, created_by as "createdBy", state, value`,
  ms("created_at", "createdAt"),
  ms("judged_hour", "judgedHour"),
  ms("last_fired_at", "lastFiredAt"),
  ms("noticed_at", "noticedAt")
].join(", ")

interface NoticeRow {
  readonly alert: number
  readonly channel: string
  readonly deliveredAt: number | null
  readonly error: string | null
  readonly failedAt: number | null
  readonly final: boolean
}

/** Without what comes and goes, for the audit trail. */
export const told = ({ type, resourceId, threshold, channels }: AlertView) => ({
  type,
  resourceId,
  threshold,
  channels: channels.map((channel) => shownChannel(channel))
})

export const makeAlertViews = (sql: PgClient.PgClient, vault: Vault["Service"]) => {
  /** The last notice of each channel that has been tried. */
  const lastNotices = (alerts: ReadonlyArray<number>) =>
    sql.unsafe<NoticeRow>(
      `select distinct on (alert, channel) alert::float8 as alert, channel, error, ${ms("delivered_at", "deliveredAt")}, ${ms("failed_at", "failedAt")},
         next_at is null as final from alert_notices where alert = any($1::float8[]::bigint[]) and attempts > 0 and (delivered_at is not null or error is not null)
       order by alert, channel, n desc`,
      [alerts]
    )

  const viewsOf = Effect.fnUntraced(function* (rows: ReadonlyArray<AlertRow>) {
    const notices = rows.length === 0 ? [] : yield* lastNotices(rows.map(({ n }) => n))
    return rows.map((row): AlertView => {
      // A secret that cannot be opened shows no address; its channel says so when it is used.
      const kept = opened(row)
      return {
        id: row.id,
        type: row.type,
        resourceId: row.resource,
        threshold: row.threshold,
        channels: kept.map(({ id, channel }) => {
          const notice = notices.find((each) => each.alert === row.n && each.channel === id)
          const failed = notice !== undefined && notice.deliveredAt === null
          return {
            ...shownChannel(channel),
            status: {
              lastDeliveredAt: notice?.deliveredAt ?? null,
              lastError: failed ? { message: notice.error ?? "", at: notice.failedAt ?? 0, final: notice.final } : null
            }
          }
        }),
        createdBy: row.createdBy,
        createdAt: row.createdAt,
        state: row.state,
        value: row.value,
        evaluatedAt: row.judgedHour,
        lastFiredAt: row.lastFiredAt
      }
    })
  })

  const opened = (row: AlertRow): ReadonlyArray<KeptChannel> => {
    try {
      return openChannels(vault, row.id, row)
    } catch (error) {
      if (error instanceof VaultLocked) return []
      throw error
    }
  }

  return { opened, viewsOf }
}
