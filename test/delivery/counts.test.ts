/** Counts from the transaction of the engine to what people see: pipeline, tables, lists of the API, Event Delivery, samples. */
import {
  array,
  assert as assertProperty,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  oneof,
  record
} from "fast-check"
import { Effect, ManagedRuntime } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { readErrors, readMetrics, readSummary } from "../../src/delivery/delivery-view.ts"
import { readDestinationFacts } from "../../src/delivery/destination-facts.ts"
import { dayMs, type Grain, hourMs, minuteMs, startOf } from "../../src/delivery/grains.ts"
import { readOverview } from "../../src/delivery/overview.ts"
import { type PipelineCounts, readPipeline, readSourceOverview } from "../../src/delivery/pipeline.ts"
import { rollUp, sweepDelivery } from "../../src/delivery/roll-up.ts"
import { eraseSamples, eraseSamplesOf, readSamples } from "../../src/delivery/sample-reader.ts"
import { type Sample, writeSamples } from "../../src/delivery/samples.ts"
import { makeSourceFlush } from "../../src/delivery/source-flush.ts"
import { SourceTally } from "../../src/delivery/source-tally.ts"
import { readStepChange, readTable } from "../../src/delivery/tables.ts"
import { Tally, writeTally } from "../../src/delivery/tally.ts"
import { Database } from "../../src/platform/database.ts"
import { testDatabase } from "../support/database.ts"
import { asWhole, atDoor, delivered, failed, filtered, given, type GivenEvent, happened, pending } from "./given.ts"

const runtime = ManagedRuntime.make(testDatabase)
afterAll(() => runtime.dispose())
const run = <A, E>(body: (database: Database["Service"]) => Effect.Effect<A, E>) =>
  runtime.runPromise(Effect.flatMap(Database, body))

/** The clock of all questions. */
const now = Date.UTC(2026, 0, 15, 12)
const lastHour = { from: now - hourMs, to: now }

let numbers = 100
const fresh = () => ({ destination: ++numbers, source: numbers })

const times = <A>(count: number, of: (i: number) => A): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, i) => of(i))

describe("DEL-33: the pipeline", () => {
  const owner = fresh()
  const at = now - 10 * minuteMs

  it("AC4-52: 100 received, 10 unplanned, 20 filtered, 5 pending, 5 failed, 60 delivered", async () => {
    await run(({ write: sql }) =>
      Effect.gen(function* () {
        yield* atDoor(sql, owner.source, "successfully_received", "", at, 90)
        yield* atDoor(sql, owner.source, "filtered_at_source", "unplanned", at, 10)
        yield* atDoor(sql, owner.source, "failed_on_ingest", "no_user_anon_id", at, 3)
        yield* happened(sql, owner, [
          ...times(20, () => given(filtered("FILTERED_BY_RULES"), at)),
          ...times(5, () => given(pending("503"), at)),
          ...times(5, () => given(failed("400"), at)),
          ...times(60, () => given(delivered(), at))
        ])
      })
    )
    const { total } = await run(({ write: sql }) =>
      readPipeline(sql, owner, { period: lastHour, granularity: "minute" }, now)
    )
    expect(total).toEqual({
      received: 100,
      failedOnIngest: 3,
      filteredAtSource: 10,
      filteredAtDestination: 20,
      pending: 5,
      failed: 5,
      delivered: 60
    } satisfies PipelineCounts)
  })

  it("ING-116: the source shows the same, and received = failed + filtered + eligible", async () => {
    await run(({ write: sql }) =>
      Effect.andThen(
        atDoor(sql, owner.source, "duplicate", "", at, 4),
        Effect.andThen(
          atDoor(sql, owner.source, "suppressed", "", at, 2),
          atDoor(sql, owner.source, "failed_on_ingest", "multi_user_error", at, 1, { eventType: "" })
        )
      )
    )
    const { total, series } = await run(({ write: sql }) =>
      readSourceOverview(sql, owner.source, { period: lastHour, granularity: "minute" }, now)
    )
    expect(total).toEqual({
      received: 103,
      successfullyReceived: 100,
      failedOnIngest: 3,
      filteredAtSource: 10,
      eligible: 90,
      duplicates: 4,
      suppressed: 2
    })
    expect(series.length).toBe(60)
    expect(series.filter(({ received }) => received > 0).map(({ time }) => time)).toEqual([at])
  })

  it("AC4-53, DEL-36: 15 % before, 22 % now: the related change is 7 percentage points", async () => {
    const own = fresh()
    await run(({ write: sql }) =>
      Effect.gen(function* () {
        for (const [when, unplanned] of [
          [now - 90 * minuteMs, 15],
          [now - 30 * minuteMs, 22]
        ] as const) {
          yield* atDoor(sql, own.source, "filtered_at_source", "unplanned", when, unplanned)
          yield* atDoor(sql, own.source, "successfully_received", "", when, 100 - unplanned)
        }
      })
    )
    const query = {
      owner: { destination: 0, source: own.source },
      step: "filtered_at_source",
      period: lastHour
    } as const
    const rows = await run(({ write: sql }) => readTable(sql, { ...query, by: "discardReason" }, now))
    expect(rows).toEqual([
      {
        value: "unplanned",
        label: "Not in the tracking plan",
        help: expect.stringContaining("blocked") as string,
        count: 22,
        share: 22,
        change: 7,
        countChange: 7
      }
    ])
    const change = await run(({ write: sql }) => readStepChange(sql, query, now))
    expect(change).toEqual({ count: 22, share: 22, change: 7, countChange: 7 })
    const earlier = { from: now - 3 * hourMs, to: now - 2 * hourMs }
    const before = await run(({ write: sql }) =>
      readTable(sql, { ...query, by: "eventType", period: { from: now - 2 * hourMs, to: now - hourMs } }, now)
    )
    expect(before[0]?.change).toBeNull()
    expect(await run(({ write: sql }) => readTable(sql, { ...query, by: "eventName", period: earlier }, now))).toEqual(
      []
    )
  })
})

/** What the model says, by hand. */
const expected = (own: ReadonlyArray<GivenEvent>, mapping: string | undefined): PipelineCounts => {
  const counts = { filtered: 0, pending: 0, failed: 0, delivered: 0 }
  for (const { fate } of own) {
    if (mapping === undefined) counts[asWhole(fate)] += 1
    else if (fate.kind === "filtered" || fate.jobs[mapping] === undefined) counts.filtered += 1
    else counts[fate.jobs[mapping].kind] += 1
  }
  return {
    received: own.length,
    failedOnIngest: 0,
    filteredAtSource: 0,
    filteredAtDestination: counts.filtered,
    pending: counts.pending,
    failed: counts.failed,
    delivered: counts.delivered
  }
}

describe("any fates", () => {
  const mappings = ["m1", "m2", "m3"] as const
  const from = now - 3 * hourMs
  const codes = constantFrom("500", "429", "ECONNRESET")
  const jobFate = oneof(
    record({
      kind: constantFrom("delivered" as const),
      attempts: integer({ min: 1, max: 4 }),
      latency: integer({ min: 1, max: 9_000 })
    }),
    record({ kind: constantFrom("failed" as const), code: codes, attempts: integer({ min: 1, max: 10 }) }),
    record({ kind: constantFrom("pending" as const), code: codes, attempts: integer({ min: 1, max: 9 }) })
  )
  const fate = oneof(
    record({ kind: constantFrom("filtered" as const), code: constantFrom("FILTERED_BY_RULES", "NO_MATCHING_MAPPING") }),
    record({ kind: constantFrom("routed" as const), jobs: record({ m1: jobFate }) }),
    record({ kind: constantFrom("routed" as const), jobs: record({ m1: jobFate, m2: jobFate }) }),
    record({ kind: constantFrom("routed" as const), jobs: record({ m2: jobFate, m3: jobFate }) })
  )
  const events = array(
    record({
      receivedAt: integer({ min: 0, max: 3 * hourMs - 1 }).map((offset) => from + offset),
      eventType: constantFrom("track", "page"),
      eventName: constantFrom("A", "B", ""),
      appVersion: constantFrom("1", "2"),
      fate
    }),
    { minLength: 1, maxLength: 60 }
  )

  it("DEL-33: the invariant holds in every bucket, with every filter and mapping, before and after counts are rolled up", async () => {
    await assertProperty(
      asyncProperty(events, boolean(), async (all, rolled) => {
        const owner = fresh()
        await run((database) =>
          Effect.gen(function* () {
            const half = Math.floor(all.length / 2)
            yield* happened(database.write, owner, all.slice(0, half))
            if (rolled) yield* rollUp(database)
            yield* happened(database.write, owner, all.slice(half))
          })
        )
        const filters: ReadonlyArray<readonly [filter: object, passes: (event: GivenEvent) => boolean]> = [
          [{}, () => true],
          [{ eventType: ["page"] }, ({ eventType }) => eventType === "page"],
          [{ eventName: ["A", ""], appVersion: ["2"] }, (e) => e.eventName !== "B" && e.appVersion === "2"]
        ]
        for (const granularity of ["minute", "hour"] as const satisfies ReadonlyArray<Grain>)
          for (const mapping of [undefined, ...mappings])
            for (const [filter, passes] of filters) {
              const view = await run(({ write: sql }) =>
                readPipeline(sql, owner, { period: { from, to: now }, granularity, mapping, filter }, now)
              )
              const own = all.filter(passes)
              expect(view.total).toEqual(expected(own, mapping))
              const length = granularity === "hour" ? hourMs : minuteMs
              for (const { time, ...counts } of view.series)
                expect(counts).toEqual(
                  expected(
                    own.filter(({ receivedAt }) => startOf(receivedAt, length) === time),
                    mapping
                  )
                )
            }
      }),
      { numRuns: 8 }
    )
  })

  it("DEL-38: minutes, hours and days say the same", async () => {
    await assertProperty(
      asyncProperty(events, async (all) => {
        const owner = fresh()
        const facts = await run((database) =>
          Effect.gen(function* () {
            for (let i = 0; i < all.length; i += 7) {
              yield* happened(database.write, owner, all.slice(i, i + 7))
              if (i % 2 === 0) yield* rollUp(database)
            }
            yield* rollUp(database)
            return yield* Effect.forEach(["minute", "hour", "day"] as const, (grain) =>
              readDestinationFacts(database.write, {
                owner,
                period: { from: startOf(from, dayMs), to: startOf(now, dayMs) + dayMs },
                grain,
                steps: ["filtered_at_destination", "failed_delivery", "successful_delivery"],
                by: new Set(["attempts", "discardReason", "eventName"])
              })
            )
          })
        )
        const sorted = facts.map((own) => own.map((fact) => JSON.stringify(fact)).sort())
        expect(sorted[1]).toEqual(sorted[0])
        expect(sorted[2]).toEqual(sorted[0])
      }),
      { numRuns: 8 }
    )
  })
})

describe("DEL-37: the lists of the Public API", () => {
  const owner = fresh()
  const base = {
    owner,
    period: { from: now - 2 * hourMs, to: now },
    granularity: "hour",
    offset: 0,
    limit: 10
  } as const
  const read = (query: Partial<Parameters<typeof readOverview>[1]>) =>
    run(({ write: sql }) => readOverview(sql, { ...base, step: "successful_delivery", groupBy: [], ...query }, now))

  it("groups as asked, with series and retries", async () => {
    await run(({ write: sql }) =>
      happened(sql, owner, [
        given(delivered(1), now - 90 * minuteMs),
        given(delivered(3), now - 30 * minuteMs),
        given(delivered(1), now - 30 * minuteMs, { eventName: "Other", appVersion: "2" }),
        given(failed("500", 10), now - 30 * minuteMs),
        given(failed("400"), now - 30 * minuteMs),
        given(
          {
            kind: "routed",
            jobs: {
              m1: { kind: "delivered", attempts: 1, latency: 5 },
              m2: { kind: "failed", code: "404", attempts: 1 }
            }
          },
          now - 30 * minuteMs
        ),
        given(filtered("FILTERED_BY_RULES"), now - 30 * minuteMs)
      ])
    )
    const answer = await read({ groupBy: ["eventName"] })
    expect(answer).toEqual({
      total: 3,
      groups: 2,
      dataset: [
        {
          eventName: "Order",
          total: 2,
          totalRetryCount: 2,
          series: [
            { time: now - 2 * hourMs, count: 1, retryCount: 0 },
            { time: now - hourMs, count: 1, retryCount: 2 }
          ]
        },
        {
          eventName: "Other",
          total: 1,
          totalRetryCount: 0,
          series: [
            { time: now - 2 * hourMs, count: 0, retryCount: 0 },
            { time: now - hourMs, count: 1, retryCount: 0 }
          ]
        }
      ]
    })
  })

  it("counts jobs by mapping, an event once without", async () => {
    const bySubscription = await read({ groupBy: ["subscriptionId"], step: "failed_delivery" })
    expect(bySubscription.dataset.map(({ subscriptionId, total }) => [subscriptionId, total])).toEqual([
      ["m1", 2],
      ["m2", 1]
    ])
    expect((await read({ groupBy: ["subscriptionId"] })).total).toBe(4)
    const ofOne = await read({ mapping: "m2", step: "filtered_at_destination", groupBy: ["discardReason"] })
    expect(ofOne.dataset.map(({ discardReason, total }) => [discardReason, total])).toEqual([
      ["FILTERED_AT_MAPPING", 5],
      ["FILTERED_BY_RULES", 1]
    ])
  })

  it("filters, also by attempts, and answers pages", async () => {
    expect((await read({ filter: { attempts: [3] } })).total).toBe(1)
    expect((await read({ filter: { eventName: ["Other"] } })).total).toBe(1)
    expect((await read({ step: "failed_delivery", filter: { discardReason: ["400", "404"] } })).total).toBe(2)
    const second = await read({ groupBy: ["eventName", "appVersion"], offset: 1, limit: 1 })
    expect(second).toMatchObject({ total: 3, groups: 2, dataset: [{ eventName: "Other", appVersion: "2" }] })
  })

  it("ADM-25: refuses what is too long or too long ago", async () => {
    const refused = await run(({ write: sql }) =>
      Effect.flip(
        readOverview(
          sql,
          {
            ...base,
            step: "failed_delivery",
            groupBy: [],
            granularity: "minute",
            period: { from: now - dayMs, to: now }
          },
          now
        )
      )
    )
    expect(refused).toMatchObject({ code: "VALIDATION_FAILED" })
  })
})

describe("DEL-20: Event Delivery", () => {
  const owner = fresh()

  it("DEL-21: delivered, not delivered, waiting and P95; what was filtered counts as neither", async () => {
    await run(({ write: sql }) =>
      happened(sql, owner, [
        ...times(19, () => given(delivered(1, 200), now - 30 * minuteMs)),
        given(delivered(2, 40_000), now - 30 * minuteMs),
        given(failed("ECONNREFUSED", 10), now - 20 * minuteMs),
        given(failed("400"), now - 20 * minuteMs, { eventType: "identify" }),
        ...times(3, () => given(filtered("message_rejected"), now - 20 * minuteMs)),
        ...times(2, () => given(filtered("FILTERED_AT_INSERT_FUNCTION"), now - 20 * minuteMs)),
        ...times(40, () => given(filtered("FILTERED_BY_RULES"), now - 20 * minuteMs)),
        given(pending("429", 2), now - 10 * minuteMs),
        given(pending("", 0), now - 10 * minuteMs)
      ])
    )
    const summary = await run(({ write: sql }) => readSummary(sql, owner, lastHour, now))
    expect(summary).toMatchObject({ delivered: 20, notDelivered: 5, awaitingRetry: 2, granularity: "minute" })
    expect(Math.abs(summary.p95LatencyMs! - 200)).toBeLessThanOrEqual(5)
    expect(summary.trends.length).toBe(60)
    expect(summary.trends.filter((each) => each.p95LatencyMs !== null).map(({ delivered }) => delivered)).toEqual([20])
  })

  it("DEL-22: one row for each code and state", async () => {
    const errors = await run(({ write: sql }) => readErrors(sql, owner, lastHour, now))
    expect(errors.map(({ name, count, eventTypes }) => [name, count, eventTypes])).toEqual([
      ["errors.discarded.message_rejected", 3, ["track"]],
      ["errors.filtered.FILTERED_AT_INSERT_FUNCTION", 2, ["track"]],
      ["errors.awaiting-retry.429", 1, ["track"]],
      ["errors.discarded.400", 1, ["identify"]],
      ["errors.discarded.ECONNREFUSED", 1, ["track"]]
    ])
    const refused = errors.find(({ code }) => code === "ECONNREFUSED")!
    expect(refused).toMatchObject({
      firstSeen: now - 20 * minuteMs,
      lastSeen: now - 20 * minuteMs,
      share: (1 / 27) * 100
    })
  })

  it("DEL-25: metrics in the names of the Public API", async () => {
    const metrics = await run(({ write: sql }) => readMetrics(sql, owner, lastHour, "minute", now))
    expect(metrics).toEqual([
      {
        metricName: "successes",
        total: 20,
        breakdown: [
          { metricName: "successes.attempt.1", value: 19 },
          { metricName: "successes.attempt.2", value: 1 }
        ]
      },
      {
        metricName: "errors.discarded",
        total: 5,
        breakdown: [
          { metricName: "errors.discarded.400", value: 1 },
          { metricName: "errors.discarded.ECONNREFUSED", value: 1 },
          { metricName: "errors.discarded.message_rejected", value: 3 }
        ]
      },
      {
        metricName: "errors.awaiting-retry",
        total: 2,
        breakdown: [{ metricName: "errors.awaiting-retry.429", value: 1 }]
      },
      { metricName: "expired", total: 1, breakdown: [{ metricName: "expired.ECONNREFUSED", value: 1 }] },
      {
        metricName: "filtered",
        total: 42,
        breakdown: [
          { metricName: "filtered.FILTERED_AT_INSERT_FUNCTION", value: 2 },
          { metricName: "filtered.FILTERED_BY_RULES", value: 40 }
        ]
      }
    ])
  })

  it("says the same once the counts are rolled up", async () => {
    const before = await run(({ write: sql }) => readSummary(sql, owner, lastHour, now))
    const after = await run((database) =>
      Effect.andThen(rollUp(database), readSummary(database.write, owner, lastHour, now))
    )
    expect(after).toEqual(before)
  })
})

describe("what is kept", () => {
  it("DEL-38: minutes for 48 hours, hours and days for 30 days, and nothing that nothing counts any more", async () => {
    const owner = fresh()
    const days = [40, 20, 1]
    await run((database) =>
      Effect.gen(function* () {
        yield* happened(
          database.write,
          owner,
          days.map((day) => given(delivered(), now - day * dayMs, { eventName: `E${day}` }))
        )
        yield* rollUp(database)
        yield* sweepDelivery(database, now)
      })
    )
    const names = (grain: Grain) =>
      run(({ write: sql }) =>
        Effect.map(
          readDestinationFacts(sql, {
            owner,
            period: { from: now - 60 * dayMs, to: now },
            grain,
            steps: ["successful_delivery"],
            by: new Set(["eventName"])
          }),
          (facts) => facts.map(({ eventName }) => eventName).sort()
        )
      )
    expect(await names("minute")).toEqual(["E1"])
    expect(await names("hour")).toEqual(["E1", "E20"])
    expect(await names("day")).toEqual(["E1", "E20"])
    const [labels] = await run(
      ({ write: sql }) =>
        sql<{ n: number }>`select count(*)::int4 as n from delivery_labels where destination = ${owner.destination}`
    )
    expect(labels?.n).toBe(2)
  })

  it("tells apart as many names as there is room for, and counts the others together, alike for events and jobs", async () => {
    const owner = fresh()
    const total = 5_500
    await run((database) =>
      Effect.gen(function* () {
        yield* happened(
          database.write,
          owner,
          times(total, (i) => given(delivered(), now - hourMs, { eventName: `N${i}`, appVersion: `${i}` }))
        )
        yield* rollUp(database)
      })
    )
    const facts = await run(({ write: sql }) =>
      readDestinationFacts(sql, {
        owner,
        period: { from: now - 2 * hourMs, to: now },
        grain: "hour",
        steps: ["successful_delivery", "filtered_at_destination"],
        by: new Set(["eventName", "appVersion"]),
        mapping: "m1"
      })
    )
    expect(facts.reduce((sum, { count }) => sum + count, 0)).toBe(total)
    expect(facts.every(({ step }) => step === "successful_delivery")).toBe(true)
    expect(facts.length).toBeLessThanOrEqual(5_001)
    expect(facts.find(({ eventName }) => eventName === "(other)")?.count).toBeGreaterThan(400)
  })

  it("a transaction that fails counts nothing", async () => {
    const owner = fresh()
    const tally = new Tally()
    tally.add({
      ...owner,
      step: "successful_delivery",
      code: "",
      mapping: "",
      eventType: "track",
      eventName: "A",
      appVersion: "",
      receivedAt: now - minuteMs,
      attempts: 1
    })
    await run(({ write: sql }) =>
      Effect.ignore(sql.withTransaction(Effect.andThen(writeTally(sql, tally), Effect.fail("no"))))
    )
    const view = await run(({ write: sql }) =>
      readPipeline(sql, owner, { period: lastHour, granularity: "minute" }, now)
    )
    expect(view.total.received).toBe(0)
  })

  it("ING-116: what the door counts is written once, also after a round that failed", async () => {
    const { source } = fresh()
    const counts = new SourceTally()
    counts.stored([counts.of(source, { type: "track", event: "A" })], now - minuteMs)
    await run((database) =>
      Effect.gen(function* () {
        const flush = makeSourceFlush(database, counts)
        yield* database.write`alter table delivery_fresh rename to delivery_away`
        expect(yield* Effect.isFailure(flush)).toBe(true)
        yield* database.write`alter table delivery_away rename to delivery_fresh`
        yield* flush
        yield* flush
      })
    )
    const { total } = await run(({ write: sql }) =>
      readSourceOverview(sql, source, { period: lastHour, granularity: "minute" }, now)
    )
    expect(total).toMatchObject({ received: 1, eligible: 1 })
  })
})

describe("DEL-23: samples", () => {
  const owner = fresh()
  const sample = (n: number, more: Partial<Sample> = {}): Sample => ({
    ...owner,
    step: "failed_delivery",
    code: "ECONNREFUSED",
    state: "awaiting_retry",
    mapping: "m1",
    at: now - 30 * minuteMs + n,
    receivedAt: now - 31 * minuteMs,
    message: "nobody there",
    sent: JSON.stringify({ type: "track", messageId: `s${n}`, userId: `u${n}`, event: "Order", context: {} }),
    exchanges: [
      { request: { method: "POST", url: "https://x.test/", headers: { a: "b" }, body: "{}" }, error: "ECONNREFUSED" }
    ],
    ...more
  })
  const read = (code = "ECONNREFUSED") =>
    run(({ write: sql }) => readSamples(sql, { destination: owner.destination, period: lastHour, code }))

  it("keeps ten of a code and an hour, in one write or several", async () => {
    await run(({ write: sql }) =>
      Effect.gen(function* () {
        yield* writeSamples(sql, times(7, sample))
        yield* writeSamples(sql, [...times(7, (n) => sample(n + 7)), sample(50, { code: "400", state: "discarded" })])
      })
    )
    const samples = await read()
    expect(samples.map(({ sent }) => (sent as { messageId: string }).messageId)).toEqual(times(10, (n) => `s${9 - n}`))
    expect(samples[0]).toMatchObject({
      code: "EREFUSED",
      state: "awaiting_retry",
      mapping: "m1",
      message: "nobody there"
    })
    expect(samples[0]!.exchanges[0]!.error).toBe("ECONNREFUSED")
    expect((await read("400")).length).toBe(1)
  })

  it("PRV-8: loses those of deleted messages, and of whoever is deleted", async () => {
    await run((database) =>
      Effect.gen(function* () {
        yield* eraseSamples(database, ["s9", "s8"])
        yield* eraseSamplesOf(database, ["u7"], null)
        yield* eraseSamplesOf(database, ["u6"], owner.source + 1)
      })
    )
    expect((await read()).map(({ sent }) => (sent as { userId: string }).userId)).toEqual([
      "u6",
      "u5",
      "u4",
      "u3",
      "u2",
      "u1",
      "u0"
    ])
  })

  it("keeps them for 14 days", async () => {
    await run((database) => sweepDelivery(database, now + 15 * dayMs))
    expect(await read()).toEqual([])
  })
})
