import { describe, expect, it } from "vitest"
import { type Bucket, bucketMs, judge, type Mode, normalMode } from "../../../src/destinations/actors/retry-modes.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const begin = Date.parse("2026-01-05T00:00:00.000Z")
const thresholds = { failuresPerSecond: 1_000, failingHours: 72 }

/** Requests and failures of each ten seconds, as a function of the time since the beginning. */
type Traffic = (ms: number) => readonly [requests: number, failures: number]

/** The modes it goes through, and when (in seconds since the beginning). */
const modes = (traffic: Traffic, forMs: number) => {
  const changes: Array<string> = []
  let mode: Mode = normalMode
  const buckets: Array<Bucket> = []
  for (let ms = 0; ms <= forMs; ms += bucketMs) {
    const [requests, failures] = traffic(ms)
    if (requests > 0) buckets.push({ at: begin + ms, requests, failures })
    if (buckets.length > 400) buckets.shift()
    const next = judge(mode, buckets, begin + ms + bucketMs, thresholds)
    if ((next.reducedSince === null) !== (mode.reducedSince === null))
      changes.push(`${(ms + bucketMs) / second} ${next.cause ?? "normal"}`)
    mode = next
  }
  return changes
}

describe("DEL-8: mass failure", () => {
  it("AC4-51: more than half fails for 72 h: reduced; at most half in the last hour: normal again", () => {
    const traffic: Traffic = (ms) => (ms < 80 * hour ? [10, 6] : [10, 0])
    const [reduced, normal, ...more] = modes(traffic, 90 * hour)
    expect(reduced).toBe(`${(72 * hour) / second + 10} failure_rate`)
    const [at, cause] = normal!.split(" ")
    expect(cause).toBe("normal")
    // Of an hour in which 60 % failed, a sixth must be over before half of it is left.
    expect(Number(at) - (80 * hour) / second).toBe(10 * 60)
    expect(more).toEqual([])
  })

  it.each<[string, Traffic, number, ReadonlyArray<string>]>([
    ["just half of the requests fail", () => [10, 5], 80 * hour, []],
    [
      "an hour in which it works, before the 72",
      (ms) => (ms > 70 * hour && ms < 71 * hour ? [10, 0] : [10, 10]),
      80 * hour,
      []
    ],
    [
      "hours without requests change nothing",
      (ms) => (ms > hour && ms < 71 * hour ? [0, 0] : [10, 10]),
      73 * hour,
      ["259210 failure_rate"]
    ],
    [
      "more than 1,000 failures a second for a minute",
      (ms) => (ms < 2 * minute ? [20_000, 10_010] : [20_000, 0]),
      hour,
      ["60 failures_per_second", "720 normal"]
    ],
    ["for 50 seconds only", (ms) => (ms < 50 * second ? [20_000, 10_010] : [20_000, 0]), hour, []],
    ["just 1,000 a second", () => [30_000, 10_000], hour, []],
    [
      "600 a second is no recovery",
      (ms) => [50_000, ms < 2 * minute ? 10_010 : 6_000],
      hour,
      ["60 failures_per_second"]
    ]
  ])("%s", (_, traffic, forMs, expected) => {
    expect(modes(traffic, forMs)).toEqual(expected)
  })
})
