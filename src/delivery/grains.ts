/** Buckets of time: minutes for 48 hours, hours and days for 30 days (DEL-38). All begin where UTC does. */
import { Effect } from "effect"
import { type ChangeRefused, refuse } from "../workspace/refused.ts"

/** As numbered in the tables. */
export const grains = ["minute", "hour", "day"] as const
export type Grain = (typeof grains)[number]

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

export const lengthOf: Readonly<Record<Grain, number>> = { minute: minuteMs, hour: hourMs, day: dayMs }

/** How far back each can be read; kept a little longer, so that what begins there is whole. */
export const readableMs: Readonly<Record<Grain, number>> = { minute: 2 * dayMs, hour: 30 * dayMs, day: 30 * dayMs }
export const keptMs: Readonly<Record<Grain, number>> = {
  minute: readableMs.minute + hourMs,
  hour: readableMs.hour + dayMs,
  day: readableMs.day + dayMs
}

export const startOf = (at: number, length: number): number => Math.floor(at / length) * length

/** ms; from `from` on, before `to`. */
export interface Period {
  readonly from: number
  readonly to: number
}

/** DEL-36. */
export const precedingOf = ({ from, to }: Period): Period => ({ from: from - (to - from), to: from })

/** DEL-24. */
export const trendGrain = ({ from, to }: Period): Grain =>
  to - from <= 4 * hourMs ? "minute" : to - from <= 14 * dayMs ? "hour" : "day"

const isWhole = ({ from, to }: Period, length: number, now: number): boolean =>
  from % length === 0 && (to % length === 0 || to > now)

/**
 * Which rows answer for a period without a bucket that is half inside: the longest buckets that fit, not longer than `longest`. Where
 * only minutes would fit and are no longer kept, the hours around it.
 */
export const grainFor = (period: Period, longest: Grain, now: number): Grain => {
  if (longest === "day" && isWhole(period, dayMs, now)) return "day"
  if (longest !== "minute" && isWhole(period, hourMs, now)) return "hour"
  return period.from >= now - readableMs.minute - minuteMs ? "minute" : "hour"
}

/** The period as the rows of a grain can tell it. */
export const outwards = ({ from, to }: Period, grain: Grain): Period => ({
  from: startOf(from, lengthOf[grain]),
  to: Math.ceil(to / lengthOf[grain]) * lengthOf[grain]
})

/** Starts of the buckets of a period. */
export const bucketsOf = (period: Period, grain: Grain): ReadonlyArray<number> => {
  const { from, to } = outwards(period, grain)
  return Array.from({ length: Math.round((to - from) / lengthOf[grain]) }, (_, i) => from + i * lengthOf[grain])
}

/** Longest period of each grain that an answer holds. */
export type Longest = Readonly<Record<Grain, number>>

/** ADM-25. */
export const overviewLongest: Longest = { minute: 4 * hourMs, hour: 14 * dayMs, day: 30 * dayMs }
export const metricsLongest: Longest = { minute: 4 * hourMs, hour: 7 * dayMs, day: 14 * dayMs }

/** As many as minutes can be read. */
const mostBuckets = readableMs.minute / minuteMs

const startFirst = "`startTime` and `endTime` are times, and the start comes first."

/** Refuses a period that has no end, or more buckets than an answer should hold; older ones are empty, not refused. */
export const checkBuckets = (period: Period, grain: Grain): Effect.Effect<Period, ChangeRefused> => {
  const length = period.to - period.from
  if (!(length > 0)) return Effect.fail(refuse("VALIDATION_FAILED", startFirst))
  if (length <= mostBuckets * lengthOf[grain]) return Effect.succeed(period)
  const text = `By ${grain} a period has at most ${mostBuckets} buckets. Ask for less, or for longer buckets.`
  return Effect.fail(refuse("VALIDATION_FAILED", text))
}

const spans: ReadonlyArray<readonly [ms: number, word: string]> = [
  [dayMs, "days"],
  [hourMs, "hours"]
]
const spanOf = (ms: number): string => {
  const [length, word] = spans.find(([length]) => ms % length === 0 && ms / length > 1)!
  return `${ms / length} ${word}`
}

/** Refuses a period that the grain does not reach. */
export const checkPeriod = (
  period: Period,
  grain: Grain,
  longest: Longest,
  now: number
): Effect.Effect<Period, ChangeRefused> => {
  const { from, to } = period
  const isTime = Number.isFinite(from) && Number.isFinite(to)
  if (!isTime || from >= to) return Effect.fail(refuse("VALIDATION_FAILED", startFirst))
  if (to - from > longest[grain])
    return Effect.fail(
      refuse(
        "VALIDATION_FAILED",
        `By ${grain} a period is at most ${spanOf(longest[grain])} long. Ask for less, or for longer buckets.`
      )
    )
  if (from < now - readableMs[grain] - lengthOf[grain])
    return Effect.fail(
      refuse(
        "VALIDATION_FAILED",
        `Counts by ${grain} reach back ${spanOf(readableMs[grain])}. Ask for a later start${grain === "minute" ? ", or for longer buckets" : ""}.`
      )
    )
  return Effect.succeed(period)
}
