/** What an alert is (DEL-51 to DEL-55): when it fires, and how its state moves. Pure. */
import { Data } from "effect"

export const alertTypes = ["SOURCE_VOLUME", "DELIVERY_RATE"] as const
export type AlertType = (typeof alertTypes)[number]

export const alertStates = ["ok", "firing"] as const
export type AlertState = (typeof alertStates)[number]

/** What a notice tells. */
export type NoticeKind = "firing" | "reminder" | "recovered"

export type Channel =
  | { readonly type: "IN_APP" }
  | { readonly type: "EMAIL"; readonly address: string }
  | { readonly type: "SLACK"; readonly url: string; readonly channel: string }
  | { readonly type: "WEBHOOK"; readonly url: string; readonly secret: string }
export type ChannelType = Channel["type"]

/** Percent, both ends included (DEL-54). */
export const thresholds: Readonly<Record<AlertType, readonly [least: number, most: number]>> = {
  SOURCE_VOLUME: [0.1, 1000],
  DELIVERY_RATE: [0.1, 100]
}

/** What an alert looks at, in the words of the API. */
export const windowHours = 24

export interface Verdict {
  /** Percent: how far the volume is from the one before, or the rate. */
  readonly value: number
  readonly fires: boolean
}

/** DEL-51; undefined: there is no baseline, so nothing is said. Exactly the percentage does not fire. */
export const judgeVolume = (threshold: number, before: number, now: number): Verdict | undefined =>
  before === 0
    ? undefined
    : { value: ((now - before) / before) * 100, fires: Math.abs(now - before) * 100 > threshold * before }

/** DEL-52; undefined: nothing was attempted. */
export const judgeRate = (threshold: number, delivered: number, notDelivered: number): Verdict | undefined => {
  const all = delivered + notDelivered
  return all === 0 ? undefined : { value: (delivered / all) * 100, fires: delivered * 100 < threshold * all }
}

const remindEveryMs = windowHours * 3_600_000

/** DEL-54: one notice when it starts, one a day while it lasts, one when it is over. */
export const noticeOf = (
  state: AlertState,
  { fires }: Verdict,
  at: number,
  noticedAt: number | null
): NoticeKind | undefined => {
  if (!fires) return state === "firing" ? "recovered" : undefined
  if (state === "ok") return "firing"
  return noticedAt === null || at - noticedAt >= remindEveryMs ? "reminder" : undefined
}

/** A change that cannot be made: why, and what to do instead. */
export class AlertRefused extends Data.TaggedError("AlertRefused")<{
  readonly code: "ALERT_NOT_OWNER" | "NOT_FOUND" | "VALIDATION_FAILED" | "ALERT_LIMIT"
  readonly message: string
}> {}
