/** What needs no database to be shown of delivery: bins of latency, alerts, codes, periods, what the door counts. */
import { array, assert, integer, property } from "fast-check"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { adviceOf } from "../../src/delivery/advice.ts"
import { type AlertState, judgeRate, judgeVolume, noticeOf, type NoticeKind } from "../../src/delivery/alerts/alert.ts"
import { windowEnd } from "../../src/delivery/alerts/evaluate.ts"
import { retryDelays } from "../../src/delivery/alerts/notices.ts"
import { codeInfo, discardCodes, isAside } from "../../src/delivery/codes.ts"
import {
  checkPeriod,
  dayMs,
  grainFor,
  hourMs,
  metricsLongest,
  minuteMs,
  overviewLongest
} from "../../src/delivery/grains.ts"
import { binOf, middleOf, percentile } from "../../src/delivery/latency.ts"
import { SampleMeter } from "../../src/delivery/samples.ts"
import { SourceTally } from "../../src/delivery/source-tally.ts"
import { Tally } from "../../src/delivery/tally.ts"

const noon = Date.UTC(2026, 0, 15, 12)

const nearestRank = (values: ReadonlyArray<number>, percent: number) =>
  [...values].sort((a, b) => a - b)[Math.ceil((values.length * percent) / 100) - 1]!

describe("DEL-21: P95 from bins", () => {
  it("is within 2 % of the nearest rank, or half a millisecond", () => {
    assert(
      property(array(integer({ min: 1, max: 20_000_000 }), { minLength: 1, maxLength: 200 }), (values) => {
        const bins = values.map((value) => [binOf(value), 1] as const)
        const exact = nearestRank(values, 95)
        expect(Math.abs(percentile(bins, 95)! - exact)).toBeLessThanOrEqual(exact * 0.0201 + 0.5)
      })
    )
  })

  it("takes what is not positive as the shortest, what is very long as the longest, and answers nothing for nothing", () => {
    expect(binOf(0)).toBe(0)
    expect(binOf(-5)).toBe(0)
    expect(binOf(1e15)).toBe(binOf(1e9))
    expect(middleOf(binOf(1e9))).toBeGreaterThan(9e8)
    expect(percentile([], 95)).toBeUndefined()
  })
})

describe("alerts", () => {
  it.each([
    ["AC4-55, AC8-22", 4, 100, 96, false],
    ["AC4-55, AC8-22", 4, 100, 95, true],
    ["AC4-55, AC8-22", 4, 100, 104, false],
    ["AC4-55, AC8-22", 4, 100, 105, true],
    ["DEL-51: the percentage is of what was before", 0.1, 1_000_000, 1_001_000, false],
    ["DEL-51: by one more", 0.1, 1_000_000, 1_001_001, true],
    ["DEL-51: nothing comes any more", 100, 10, 0, false],
    ["DEL-51: nothing comes any more", 99.9, 10, 0, true]
  ])("%s: volume %d %%, %d then %d", (_, threshold, before, now, fires) => {
    expect(judgeVolume(threshold, before, now)?.fires).toBe(fires)
  })

  it("DEL-51: a baseline of 0 is not evaluated", () => expect(judgeVolume(4, 0, 100)).toBeUndefined())

  it.each([
    ["AC4-56", 99, 98, 2, true],
    ["AC4-56", 99, 99, 1, false],
    ["DEL-52: all of them", 100, 5, 0, false],
    ["DEL-52: none of them", 0.1, 0, 3, true]
  ])("%s: rate %d %%, %d delivered and %d not", (_, threshold, delivered, notDelivered, fires) => {
    expect(judgeRate(threshold, delivered, notDelivered)?.fires).toBe(fires)
  })

  it("DEL-52: without attempts it is not evaluated", () => expect(judgeRate(99, 0, 0)).toBeUndefined())

  it.each<[AlertState, boolean, number | null, NoticeKind | undefined]>([
    ["ok", false, null, undefined],
    ["ok", true, null, "firing"],
    ["ok", true, noon - hourMs, "firing"],
    ["firing", true, noon - 23 * hourMs, undefined],
    ["firing", true, noon - 24 * hourMs, "reminder"],
    ["firing", false, noon - hourMs, "recovered"]
  ])("DEL-54: %s, fires %s, noticed at %s: %s", (state, fires, noticedAt, kind) => {
    expect(noticeOf(state, { value: 1, fires }, noon, noticedAt)).toBe(kind)
  })

  it("DEL-54: windows end with an hour that has settled", () => {
    expect(windowEnd(noon + 119_999)).toBe(noon - hourMs)
    expect(windowEnd(noon + 120_000)).toBe(noon)
  })

  it("AC8-54: eleven attempts lie within an hour", () => {
    expect(retryDelays.length).toBe(10)
    expect(retryDelays.reduce((sum, seconds) => sum + seconds, 0)).toBeLessThan(3600)
  })
})

describe("codes", () => {
  const spec = readFileSync(join(import.meta.dirname, "../../docs/spec/04-destinations.md"), "utf8")
  const table = spec.slice(spec.indexOf("### 9.1 Discard reasons"), spec.indexOf("### 9.2"))
  const steps: Readonly<Record<string, string>> = {
    "Failed on ingest": "failed_on_ingest",
    "Filtered at source": "filtered_at_source",
    "Filtered at destination": "filtered_at_destination",
    "Failed delivery": "failed_delivery"
  }
  let step = ""
  const listed = table
    .split("\n")
    .filter((line) => line.startsWith("|") && line.includes("`"))
    .flatMap((line) => {
      const [, name, codes] = line.split("|")
      if (name!.trim() !== "") step = steps[name!.trim()]!
      return [...codes!.matchAll(/`([^`]+)`/g)].map((match): readonly [string, string] => [step, match[1]!])
    })

  it("finds the codes of the specification", () => expect(listed.length).toBeGreaterThan(70))

  it.each(listed)("AC4-66: %s lists %s with a label and what to do", (step, code) => {
    const info = discardCodes.find((each) => each.step === step && each.code === code)
    expect(info).toBeDefined()
    expect(info!.label).not.toBe("")
    expect(info!.help).toMatch(/[.]$/)
  })

  it("DEL-40: has no code twice in a step, and tells of statuses that are not listed", () => {
    const keys = discardCodes.map(({ code, step }) => `${step} ${code}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect(codeInfo("failed_delivery", "418").label).toBe("HTTP status 418")
    expect(codeInfo("failed_delivery", "599").help).toContain("retried")
    expect(codeInfo("failed_delivery", "501").help).not.toContain("retried")
  })

  it("counts requests beside their messages", () => {
    expect(isAside("multi_user_error")).toBe(true)
    expect(isAside("no_user_anon_id")).toBe(false)
  })

  it.each([
    ["400", "discarded", "errors.discarded.400"],
    ["EREFUSED", "awaiting_retry", "errors.awaiting-retry.ECONNREFUSED"],
    ["FILTERED_AT_INSERT_FUNCTION", "filtered", "errors.filtered.FILTERED_AT_INSERT_FUNCTION"],
    ["message_rejected", "discarded", "errors.discarded.message_rejected"],
    ["etimedout", "awaiting_retry", "errors.awaiting-retry.etimedout"]
  ] as const)("DEL-45: %s, %s: %s", (code, state, name) => {
    const advice = adviceOf(code, state)
    expect(advice.name).toBe(name)
    expect(advice.description).not.toBe("See the message of the destination in a sample.")
    expect(advice.actions.length).toBeGreaterThan(0)
  })
})

describe("periods", () => {
  const allowed = (from: number, to: number, grain: "minute" | "hour" | "day", longest = overviewLongest) =>
    Effect.runSync(Effect.isSuccess(checkPeriod({ from, to }, grain, longest, noon)))

  it.each([
    ["minute", noon - 4 * hourMs, noon, true],
    ["minute", noon - 4 * hourMs - 1, noon, false],
    ["minute", noon - 2 * dayMs, noon - 2 * dayMs + hourMs, true],
    ["minute", noon - 2 * dayMs - 2 * minuteMs, noon - 2 * dayMs, false],
    ["hour", noon - 14 * dayMs, noon, true],
    ["hour", noon - 14 * dayMs - 1, noon, false],
    ["hour", noon - 30 * dayMs, noon - 20 * dayMs, true],
    ["hour", noon - 31 * dayMs, noon - 20 * dayMs, false],
    ["day", noon - 30 * dayMs, noon, true],
    ["day", noon, noon, false],
    ["day", Number.NaN, noon, false]
  ] as const)("ADM-25: by %s from %d to %d: %s", (grain, from, to, ok) => expect(allowed(from, to, grain)).toBe(ok))

  it("DEL-25: metrics of seven days by hour, of fourteen by day", () => {
    expect(allowed(noon - 7 * dayMs, noon, "hour", metricsLongest)).toBe(true)
    expect(allowed(noon - 8 * dayMs, noon, "hour", metricsLongest)).toBe(false)
    expect(allowed(noon - 14 * dayMs, noon, "day", metricsLongest)).toBe(true)
  })

  it("reads the longest buckets that have none half inside", () => {
    const midnight = noon - 12 * hourMs
    expect(grainFor({ from: midnight - dayMs, to: midnight }, "day", noon)).toBe("day")
    expect(grainFor({ from: midnight, to: noon + 1 }, "day", noon)).toBe("day")
    expect(grainFor({ from: midnight, to: noon }, "day", noon)).toBe("hour")
    expect(grainFor({ from: noon - 90 * minuteMs, to: noon }, "day", noon)).toBe("minute")
    expect(grainFor({ from: noon - 3 * dayMs - 1, to: noon }, "day", noon)).toBe("hour")
    expect(grainFor({ from: noon - hourMs, to: noon }, "minute", noon)).toBe("minute")
  })
})

const track = (event: string, version = "1") => ({ type: "track", event, context: { app: { version } } })

describe("ING-116: what the door counts", () => {
  it("counts stored messages by minute, type, name and version, and repeated ones apart", () => {
    const counts = new SourceTally()
    const cells = [track("A"), track("A"), track("B"), { type: "page", event: "ignored", name: "Home" }].map((each) =>
      counts.of(7, each)
    )
    expect(cells[0]).toBe(cells[1])
    counts.stored(cells, noon, [1])
    counts.stored([cells[0]!], noon + minuteMs)
    const rows = counts.take().counts()
    expect(
      rows.map((row) => [row.step, row.eventType, row.eventName, row.appVersion, row.receivedAt, row.count])
    ).toEqual([
      ["duplicate", "track", "A", "1", noon, 1],
      ["successfully_received", "track", "A", "1", noon, 1],
      ["successfully_received", "track", "B", "1", noon, 1],
      ["successfully_received", "page", "", "", noon, 1],
      ["successfully_received", "track", "A", "1", noon + minuteMs, 1]
    ])
    expect(counts.take().isEmpty).toBe(true)
  })

  it("counts what is refused, whatever was sent", () => {
    const counts = new SourceTally()
    counts.failed(7, "invalid_type", 5, noon)
    counts.failed(7, "invalid_type", { type: "nonsense", event: "E" }, noon)
    counts.failed(7, "no_user_anon_id", { event: "E", context: { app: { version: 3 } } }, noon, 1, "track")
    counts.filtered(7, "event_setting", track("E"), noon)
    counts.suppressed(7, 3, noon)
    const rows = counts.take().counts()
    expect(rows.map((row) => [row.step, row.code, row.eventType, row.eventName, row.count])).toEqual([
      ["failed_on_ingest", "invalid_type", "", "", 2],
      ["failed_on_ingest", "no_user_anon_id", "track", "E", 1],
      ["filtered_at_source", "event_setting", "track", "E", 1],
      ["suppressed", "", "", "", 3]
    ])
  })

  it("does not grow with the names that are sent, and loses no message", () => {
    const counts = new SourceTally()
    for (let i = 0; i < 30_000; i++) counts.stored([counts.of(1, track(`E${i}`, `${i}`))], noon)
    const rows = counts.take().counts()
    expect(rows.length).toBeLessThan(6_000)
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(30_000)
    expect(rows.some(({ eventName }) => eventName === "(other)")).toBe(true)
  })
})

it("a tally is bounded, cuts what senders write, and knows the refused connection by one name", () => {
  const tally = new Tally()
  const counted = {
    destination: 1,
    source: 1,
    step: "failed_delivery",
    code: "ECONNREFUSED",
    mapping: "",
    eventType: "track",
    receivedAt: noon,
    attempts: 10
  } as const
  for (let i = 0; i < 12_000; i++) tally.add({ ...counted, eventName: `${i}`.padEnd(300, "x"), appVersion: "" })
  const rows = tally.counts()
  expect(rows.length).toBeLessThanOrEqual(10_001)
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(12_000)
  expect(Math.max(...rows.map(({ eventName }) => eventName.length))).toBe(200)
  expect(new Set(rows.map(({ code }) => code))).toEqual(new Set(["EREFUSED"]))
})

it("DEL-23: ten samples of a code and hour are asked for", () => {
  const meter = new SampleMeter()
  const wanted = (code: string, at: number) =>
    Array.from({ length: 12 }, () => meter.wants(1, "failed_delivery", code, at)).filter(Boolean).length
  expect(wanted("500", noon)).toBe(10)
  expect(wanted("400", noon)).toBe(10)
  expect(wanted("500", noon + hourMs)).toBe(10)
})
