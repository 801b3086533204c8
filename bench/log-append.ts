/**
 * What the event log's promises cost: appends through the log (group commit, duplicates, positions) beside a raw insert
 * of the same bytes into the same PostgreSQL (unnest, 500 rows a statement, no index, no duplicate check, one statement
 * in flight). The ratio of one run holds on any machine; events/s do not.
 *
 *     node bench/log-append.ts            three interleaved rounds, medians
 */
import { type PgClient } from "@effect/sql-pg"
import { Effect, Layer, Logger } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { EventLog, type NewEvent } from "../src/log/event-log.ts"
import { logMigrations } from "../src/log/migrations.ts"
import { postgresEventLog } from "../src/log/postgres.ts"
import { Database } from "../src/platform/database.ts"
import { databaseLayer } from "../src/platform/database-layer.ts"
import { Health } from "../src/platform/health.ts"
import { byteas, int4s, uuids } from "../src/platform/sql-arrays.ts"
import { hash128 } from "../src/platform/hash.ts"

const rounds = 3
const rawRows = 500
const shapes = [
  { size: 1, inFlight: 1, events: 600 },
  { size: 1, inFlight: 64, events: 15_000 },
  { size: 20, inFlight: 8, events: 25_000 },
  { size: 100, inFlight: 8, events: 40_000 },
  { size: 1000, inFlight: 2, events: 40_000 }
]

let serial = 0
/** About 955 bytes, like the events of measurements.md. */
const makeEvents = (count: number): ReadonlyArray<NewEvent> =>
  Array.from({ length: count }, () => {
    const id = `ajs-next-${Date.now()}-${(serial++).toString(16).padStart(12, "0")}-${Math.random()}`
    const body = Buffer.from(
      JSON.stringify({
        type: "track",
        messageId: id,
        event: "Product Viewed",
        anonymousId: hash128(`anonymous ${serial % 5000}`),
        properties: { sku: `sku-${serial % 977}`, price: serial % 300, category: "shoes", list: "spring" },
        context: { library: { name: "analytics.js", version: "next-1.84.3" }, padding: "x".repeat(560) },
        timestamp: new Date(1_790_000_000_000 + serial).toISOString()
      })
    )
    return { source: 1 + (serial % 4), dedupKey: id, body }
  })

const raw = (sql: PgClient.PgClient, events: ReadonlyArray<NewEvent>) =>
  Effect.gen(function* () {
    const started = performance.now()
    for (let i = 0; i < events.length; i += rawRows) {
      const part = events.slice(i, i + rawRows)
      yield* sql`
        insert into raw_events select now(), u.* from unnest(
          ${int4s(part.map((event) => event.source))}, ${uuids(part.map((event) => hash128(event.dedupKey)))},
          ${byteas(part.map((event) => event.body))}) u`
    }
    return (events.length / (performance.now() - started)) * 1000
  })

const logged = (log: EventLog["Service"], events: ReadonlyArray<NewEvent>, size: number, inFlight: number) =>
  Effect.promise(async () => {
    const started = performance.now()
    const latencies: Array<number> = []
    let next = 0
    const caller = async () => {
      while (next < events.length) {
        const request = events.slice(next, (next += size))
        const sent = performance.now()
        await new Promise<void>((resolve, reject) => {
          const done = (error: Error | undefined) => (error === undefined ? resolve() : reject(error))
          if (!log.offer({ events: request, receivedAt: Date.now(), done })) reject(new Error("queue full"))
        })
        latencies.push(performance.now() - sent)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, caller))
    const rate = (events.length / (performance.now() - started)) * 1000
    latencies.sort((a, b) => a - b)
    const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))]!
    return { rate, p50: at(0.5), p99: at(0.99) }
  })

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const program = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const log = yield* EventLog
  yield* sql`create table raw_events (received_at timestamptz, source int, h uuid, body bytea)`
  yield* raw(sql, makeEvents(5000))
  yield* logged(log, makeEvents(5000), 100, 8)
  const rows: Array<Record<string, string | number>> = []
  for (const { size, inFlight, events } of shapes) {
    const results: Array<{ raw: number; rate: number; p50: number; p99: number }> = []
    for (let round = 0; round < rounds; round++) {
      const rawRate = yield* raw(sql, makeEvents(Math.max(events, 10_000)))
      const own = yield* logged(log, makeEvents(events), size, inFlight)
      results.push({ raw: rawRate, ...own })
    }
    rows.push({
      "events a request": size,
      "in flight": inFlight,
      "log events/s": Math.round(median(results.map((r) => r.rate))),
      "raw insert/s": Math.round(median(results.map((r) => r.raw))),
      "log : raw": median(results.map((r) => r.rate / r.raw)).toFixed(2),
      "p50 ms": median(results.map((r) => r.p50)).toFixed(1),
      "p99 ms": median(results.map((r) => r.p99)).toFixed(1)
    })
  }
  console.table(rows)
  const [stored] = yield* sql<{ n: number }>`select count(*)::int as n from events`
  console.log(`${stored!.n} events stored, head ${log.head()}`)
})

const dataDir = mkdtempSync(join(tmpdir(), "braid-bench-"))
const database = databaseLayer({ dataDir, migrations: logMigrations })
const layers = postgresEventLog({ limit: () => 0, queueBytes: 256 * 1024 * 1024 }).pipe(
  Layer.provideMerge(database),
  Layer.provide(Health.layer),
  Layer.provideMerge(Logger.layer([]))
)
await Effect.runPromise(
  program.pipe(
    Effect.provide(layers),
    Effect.ensuring(Effect.sync(() => rmSync(dataDir, { recursive: true, force: true })))
  )
)
