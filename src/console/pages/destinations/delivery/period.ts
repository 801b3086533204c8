/** The period of a delivery page, from its address (DEL-31), and how finely it is counted (DEL-24). Pure. */
import type { periods } from "../../../url-state.ts"
import { clock, day, minute } from "../../../words.ts"

type Last = (typeof periods)[number]

export const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

export const lasts: ReadonlyArray<readonly [last: Last | "24h", title: string, ms: number]> = [
  ["10m", "Last 10 minutes", 10 * minuteMs],
  ["1h", "Last hour", hourMs],
  ["24h", "Last 24 hours", dayMs],
  ["7d", "Last 7 days", 7 * dayMs],
  ["14d", "Last 2 weeks", 14 * dayMs]
]

export interface Asked {
  readonly range?: Last
  readonly from?: number
  readonly to?: number
}

export interface Period {
  readonly from: number
  readonly to: number
  readonly granularity: "MINUTE" | "HOUR" | "DAY"
}

const granularityOf = (ms: number): Period["granularity"] =>
  ms <= 4 * hourMs ? "MINUTE" : ms <= 14 * dayMs ? "HOUR" : "DAY"

const longest = 14 * dayMs

/** Until the minute that runs; with `lookback`, until the one that had ended so long ago (DEL-32). */
export const periodOf = ({ range, from, to }: Asked, now: number, lookback = 0): Period => {
  if (from !== undefined && to !== undefined && from < to) {
    const start = Math.max(from, now - longest, to - longest)
    return { from: start, to: Math.max(start + minuteMs, to), granularity: granularityOf(to - start) }
  }
  const ms = lasts.find(([last]) => last === (range ?? "24h"))![2]
  const granularity = granularityOf(ms)
  const end = (lookback > 0 ? Math.floor((now - lookback) / minuteMs) : Math.ceil(now / minuteMs)) * minuteMs
  return { from: end - ms, to: end, granularity }
}

/** The period of equal length before. */
export const earlierOf = ({ from, to, granularity }: Period): Period => ({
  from: from - (to - from),
  to: from,
  granularity
})

export const spanOf = ({ from, to }: Period) => ({
  startTime: new Date(from).toISOString(),
  endTime: new Date(to).toISOString()
})

export const timeTextOf =
  ({ granularity, from, to }: Period) =>
  (at: number): string =>
    granularity === "MINUTE"
      ? minute(at)
      : granularity === "DAY"
        ? day(at)
        : to - from > dayMs
          ? `${day(at)} ${minute(at)}`
          : minute(at)

/** `212 ms`, `1.9 s`, `3 min`. */
export const durationText = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / minuteMs)} min`

/** `2.0 %`; what is there is never told as nothing. */
export const percentText = (share: number): string =>
  share > 0 && share < 0.01 ? "< 0.01 %" : `${share.toFixed(share < 1 && share > 0 ? 2 : 1)} %`

/** `+1.1 pts`. */
export const pointsText = (points: number): string =>
  `${points > 0 ? "+" : points < 0 ? "−" : ""}${Math.abs(points).toFixed(1)} pts`

export const sinceText = (at: number, now = Date.now()): string =>
  now - at < dayMs ? clock(at) : `${day(at)}, ${minute(at)}`

const two = (n: number) => String(n).padStart(2, "0")

/** As the browser's field for a local time writes it. */
export const fieldTime = (at: number): string => {
  const date = new Date(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`
}
