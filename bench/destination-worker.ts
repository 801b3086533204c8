/**
 * Events a second through the worker with Segment's package - to it and back, by our client, under our rules - beside the package alone
 * (CAT-16): its webhook, a local server, 50 in parallel. The ratio holds on any machine with as many cores; it is more than 1 because
 * what the package builds for every event is built once, and connections are kept.
 *
 * `npm run bench destination-worker`. The whole way of an event, from the Tracking API on, is another bench.
 */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { Effect, Fiber } from "effect"
import { makeRunner } from "../src/catalog/runner-live.ts"
import { cpu } from "./support/cpu.ts"
import { full, median, printTable, whole } from "./support/table.ts"

const events = full ? 5_000 : 200
const rounds = full ? 5 : 1
const parallel = 50

const script = (name: string) => join(import.meta.dirname, "support", name)
const sink = spawn(process.execPath, [script("sink.ts")], { stdio: ["ignore", "pipe", "inherit"] })
const [said] = (await once(sink.stdout, "data")) as [Buffer]
const url = said.toString().trim()

const bareRound = () =>
  Number(execFileSync(process.execPath, [script("bare-adapter.ts"), url, String(events), String(parallel), "1"]))

const { run, runner } = makeRunner({ allowPrivate: ["127.0.0.1"] })
const worker = Effect.runFork(run)
const settings = {}
const mapping = { url, method: "POST", data: { "@path": "$." } }
const event = JSON.stringify({
  type: "track",
  event: "Order Completed",
  userId: "user-1",
  messageId: "ajs-next-5c1c1a50-8e60-4d2f-9d2c-7b1d5e5a8f10",
  timestamp: "2026-01-01T00:00:00.000Z",
  receivedAt: "2026-01-01T00:00:00.000Z",
  properties: { order_id: "o-1", total: 99.5, currency: "USD", products: [{ sku: "A-1", quantity: 1, price: 99.5 }] },
  context: { ip: "203.0.113.7", locale: "en-US", page: { path: "/", url: "https://shop.example/products/12" } },
  integrations: {}
})
const one = runner.call({
  metadataId: "614a3c7d791c91c41bae7599",
  settings,
  actionSlug: "send",
  mapping,
  events: [event],
  batch: false
})
const round = async (count: number) => {
  const started = performance.now()
  const results = await Effect.runPromise(
    Effect.forEach(Array.from({ length: count }), () => one, { concurrency: parallel })
  )
  const lost = results.filter(({ outcomes }) => outcomes[0]?.kind !== "delivered").length
  if (lost > 0) throw new Error(`${lost} of ${count} events were not delivered`)
  return (count / (performance.now() - started)) * 1000
}
await round(events / 5)
const bare: Array<number> = []
const ours: Array<number> = []
let worked = 0
// In turn: whoever else uses the machine slows down both.
for (let i = 0; i < rounds; i++) {
  bare.push(bareRound())
  const before = cpu(process.pid).node
  ours.push(await round(events))
  worked += cpu(process.pid).node - before
}
await Effect.runPromise(Fiber.interrupt(worker))
sink.kill()

printTable(
  ["webhook, 50 in parallel", "events/s", "ratio"],
  [
    ["package alone", whole(median(bare)), "1.00"],
    ["through the worker", whole(median(ours)), (median(ours) / median(bare)).toFixed(2)]
  ]
)
console.log(
  `  beside the worker, the service used ${((worked * 1000) / (events * rounds)).toFixed(0)} us of CPU an event`
)
