/**
 * What delivery costs (DEL-7, CAT-16), on a log and a database of its own.
 *
 * - One destination: events a second from the log through a filter, a mapping and Segment's webhook to a local server, with everything
 *   counted and committed, beside Segment's package alone in a loop.
 * - Ten destinations that answer at once, beside nine of them and one that never answers.
 * - A thousand destinations whose source is silent, while another source sends: CPU and commits in ten seconds.
 *
 * `npm run bench destinations`.
 */
import { Effect, Layer, Logger, Schedule } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ActionCall, type CallResult, DestinationRunner } from "../src/catalog/runner.ts"
import { makeRunner } from "../src/catalog/runner-live.ts"
import { Settings } from "../src/config.ts"
import { deliveryMigrations } from "../src/delivery/schema.ts"
import { DeliveryActors } from "../src/destinations/actors/actors.ts"
import { actorMigrations } from "../src/destinations/actors/schema.ts"
import { type Destination, Destinations } from "../src/destinations/destination.ts"
import { replayMigrations } from "../src/destinations/replay/schema.ts"
import { identityMigrations } from "../src/identity/schema.ts"
import { EventLog } from "../src/log/event-log.ts"
import { logMigrations } from "../src/log/migrations.ts"
import { postgresEventLog } from "../src/log/postgres.ts"
import { databaseLayer } from "../src/platform/database-layer.ts"
import { Database } from "../src/platform/database.ts"
import { Health } from "../src/platform/health.ts"
import { workspaceMigrations } from "../src/workspace/schema.ts"
import { destination, entry } from "../test/destinations/given.ts"
import { mapping } from "../test/destinations/actors/world.ts"
import { cpu } from "./support/cpu.ts"
import { full, median, printTable, whole } from "./support/table.ts"

const events = full ? 10_000 : 300
const rounds = full ? 5 : 1
const idleInstances = full ? 1_000 : 50
const idleMs = full ? 10_000 : 500

const migrations = [
  ...logMigrations,
  ...identityMigrations,
  ...workspaceMigrations,
  ...deliveryMigrations,
  ...actorMigrations,
  ...replayMigrations
]
const script = (name: string) => join(import.meta.dirname, "support", name)

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const made = mkdtempSync(join(tmpdir(), "braid-bench-"))
    chmodSync(made, 0o755)
    return made
  }),
  (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
)
const stores = postgresEventLog({ limit: () => 0, queueBytes: 256 * 1024 * 1024 }).pipe(
  Layer.provideMerge(Layer.unwrap(Effect.map(folder, (dataDir) => databaseLayer({ dataDir, migrations })))),
  Layer.provideMerge(Health.layer),
  Layer.provide(Logger.layer([]))
)

/** Delivery to these, carried out by `runner`, for as long as the scope lives. */
const delivering = (all: ReadonlyArray<Destination>, runner: Pick<DestinationRunner["Service"], "call">) => {
  const bySource = Map.groupBy(all, ({ source }) => source)
  const snapshot = { version: 1, all, byId: new Map(all.map((one) => [one.id, one])), bySource }
  const nothing = Effect.die(new Error("not asked for here"))
  const given = Layer.mergeAll(
    Layer.succeed(Destinations, {
      current: () => snapshot,
      refresh: Effect.void,
      onChange: () => Effect.void,
      storeTokens: () => Effect.void
    }),
    Layer.succeed(DestinationRunner, {
      call: runner.call,
      testAuthentication: () => nothing,
      choices: () => nothing,
      hook: () => nothing,
      deleteUser: () => nothing
    }),
    Settings.layer
  )
  return Layer.build(DeliveryActors.layer({ drainMs: 100 }).pipe(Layer.provide(given), Layer.fresh))
}

let n = 0
const encoder = new TextEncoder()
const eventOf = () => {
  const now = new Date().toISOString()
  const id = n++
  return {
    type: "track",
    event: "Order Completed",
    userId: `user-${id % 5_000}`,
    messageId: `ajs-next-5c1c1a50-8e60-4d2f-9d2c-${id}`,
    timestamp: now,
    originalTimestamp: now,
    receivedAt: now,
    properties: { order_id: "o-1", total: 99.5, currency: "USD", products: [{ sku: "A-1", quantity: 1, price: 99.5 }] },
    context: { ip: "203.0.113.7", locale: "en-US", page: { path: "/", url: "https://shop.example/products/12" } },
    integrations: {},
    version: 2,
    channel: "server"
  }
}

const append = (source: number, count: number) =>
  Effect.flatMap(EventLog, (log) =>
    Effect.callback<void>((resume) => {
      const made = Array.from({ length: count }, () => {
        const event = eventOf()
        return { source, dedupKey: event.messageId, body: encoder.encode(JSON.stringify(event)) }
      })
      log.offer({ events: made, receivedAt: Date.now(), done: () => resume(Effect.void) })
    })
  )

const until = <E, R>(holds: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(holds, { schedule: Schedule.spaced("20 millis"), until: (is) => is })

/** Whether these destinations have passed everything that was accepted. */
const arrived = (...nos: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const log = yield* EventLog
    const { write: sql } = yield* Database
    const readers = nos.map((no) => `destination:${no}`)
    const rows = yield* sql<{
      reader: string
    }>`select reader from cursors where pos >= ${log.released()}::float8::bigint`
    const there = new Set(rows.map(({ reader }) => reader))
    return readers.every((reader) => there.has(reader))
  })

const registered = (count: number) =>
  until(
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const [row] = yield* sql<{
        n: number
      }>`select count(*)::int as n from cursors where reader like 'destination:%' and epoch > 0`
      return row!.n >= count
    })
  )

const clean = Effect.gen(function* () {
  const { write: sql } = yield* Database
  yield* sql`delete from cursors where reader like 'destination:%'`
  yield* sql`delete from delivery_jobs`
})

const webhook = entry({
  id: "614a3c7d791c91c41bae7599",
  actions: [
    {
      id: "send",
      slug: "send",
      name: "Send",
      description: "",
      hidden: false,
      defaultTrigger: null,
      fields: [],
      batch: true,
      syncModes: [],
      hooks: []
    }
  ]
})
const to = (no: number, settings = {}, source = 1): Destination =>
  destination(
    {
      filters: [
        { if: "event = 'Video Heartbeat'", actions: [{ type: "DROP" }] },
        { if: "all", actions: [{ type: "DROP_PROPERTIES", fields: { context: ["ip"] } }] }
      ]
    },
    { id: `dst_${no}`, no, name: `Webhook ${no}`, source, entry: webhook, mappings: [mapping("map_1", { settings })] }
  )

const answered: CallResult = { outcomes: [{ kind: "delivered" }], exchanges: [] }
const atOnce = { call: () => Effect.succeed(answered) }

/** Events a second of `nos`. */
const rateOf = Effect.fnUntraced(function* (...nos: ReadonlyArray<number>) {
  const started = performance.now()
  for (let sent = 0; sent < events; sent += 500) yield* append(1, Math.min(500, events - sent))
  yield* until(arrived(...nos))
  return (events / (performance.now() - started)) * 1000
})

const oneDestination = Effect.gen(function* () {
  const sink = spawn(process.execPath, [script("sink.ts")], { stdio: ["ignore", "pipe", "inherit"] })
  const [said] = (yield* Effect.promise(() => once(sink.stdout, "data"))) as [Buffer]
  const url = said.toString().trim()
  const { run, runner } = makeRunner({ allowPrivate: ["127.0.0.1"] })
  yield* Effect.forkScoped(run)
  yield* delivering([to(1, { url, method: "POST", data: { "@path": "$." } })], runner)
  yield* registered(1)
  yield* rateOf(1)
  const bare: Array<number> = []
  const ours: Array<number> = []
  // In turn: whoever else uses the machine slows down both.
  for (let i = 0; i < rounds; i++) {
    bare.push(Number(execFileSync(process.execPath, [script("bare-adapter.ts"), url, String(events), "50", "1"])))
    ours.push(yield* rateOf(1))
  }
  sink.kill()
  yield* clean
  return [
    ["Segment's package alone, 50 in parallel", whole(median(bare)), "1.00"],
    ["log, filters, mapping, webhook, counts", whole(median(ours)), (median(ours) / median(bare)).toFixed(2)]
  ]
}).pipe(Effect.scoped)

/** Events a second of the nine, with the tenth healthy, and with it dead. */
const nineOfTen = Effect.gen(function* () {
  const nine = Array.from({ length: 9 }, (_, i) => i + 1)
  const round = (call: (call: ActionCall) => Effect.Effect<CallResult>) =>
    Effect.gen(function* () {
      yield* delivering(
        [...nine, 10].map((no) => to(no)),
        { call }
      )
      yield* registered(10)
      const rate = yield* rateOf(...nine)
      return rate
    }).pipe(Effect.scoped, Effect.ensuring(Effect.ignore(clean)))
  const healthy: Array<number> = []
  const dead: Array<number> = []
  yield* round(atOnce.call)
  for (let i = 0; i < rounds; i++) {
    healthy.push(yield* round(atOnce.call))
    dead.push(yield* round(({ instance }) => (instance === "dst_10" ? Effect.never : Effect.succeed(answered))))
  }
  return [
    ["nine, beside a tenth that answers", whole(median(healthy)), "1.00"],
    ["nine, beside a tenth that never does", whole(median(dead)), (median(dead) / median(healthy)).toFixed(2)]
  ]
})

const idle = Effect.gen(function* () {
  const measured = Effect.gen(function* () {
    const { write: sql } = yield* Database
    const transactions = Effect.map(
      sql<{ n: number }>`select (xact_commit)::float8 as n from pg_stat_database where datname = current_database()`,
      ([row]) => row!.n
    )
    yield* Effect.sleep("2 seconds")
    const before = cpu(process.pid)
    const committed = yield* transactions
    // Another source sends, so that the feed has something to read.
    for (let i = 0; i < 10; i++) {
      yield* append(2, 50)
      yield* Effect.sleep(idleMs / 10)
    }
    const after = cpu(process.pid)
    return { node: after.node - before.node, transactions: (yield* transactions) - committed }
  })
  const count = (instances: number) =>
    Effect.gen(function* () {
      yield* delivering([to(1, {}, 2), ...Array.from({ length: instances }, (_, i) => to(i + 2))], atOnce)
      yield* registered(instances + 1)
      return yield* measured
    }).pipe(Effect.scoped, Effect.ensuring(Effect.ignore(clean)))
  const without = yield* count(0)
  const beside = yield* count(idleInstances)
  const row = (what: string, { node, transactions }: typeof without) => [what, `${whole(node)} ms`, whole(transactions)]
  return [row("one that gets 500 events", without), row(`beside ${whole(idleInstances)} that get none`, beside)]
})

const program = Effect.gen(function* () {
  printTable(["one destination", "events/s", "ratio"], yield* oneDestination)
  printTable(["ten destinations, answered in the process", "events/s", "ratio"], yield* nineOfTen)
  printTable([`${idleMs / 1000} s, destinations`, "CPU of Node", "transactions"], yield* idle)
})
await Effect.runPromise(program.pipe(Effect.provide(stores), Effect.scoped))
process.exit(0)
