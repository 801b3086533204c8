/**
 * What ingestion adds to reading and writing JSON: a batch of 100 events through decode, parse, judge, normalise,
 * encode and count names (source-schema/), beside bare JSON.parse + JSON.stringify of the same bytes (the least anyone could do). The ratio holds on
 * any machine, the figures do not. `BENCH=1` takes 2,000 batches, otherwise 20, so that the file cannot rot.
 */
import { randomFillSync } from "node:crypto"
import { decodeUtf8, parseJson } from "../src/event/json.ts"
import { makeMessageIds } from "../src/event/message-id.ts"
import type { JsonObject } from "../src/event/message.ts"
import { formatTime } from "../src/event/timestamps.ts"
import { SchemaNames } from "../src/source-schema/names.ts"
import { unpackBatch } from "../src/tracking/unpack.ts"

const perBatch = 100
const batches = process.env.BENCH === undefined ? 20 : 2_000

const event = (n: number) => ({
  type: "track",
  messageId: `node-next-1714564800000-${String(n).padStart(8, "0")}-4f3e-4ab1-9cde-0123456789ab`,
  userId: `user-${n % 5_000}`,
  anonymousId: `0d1f2a3b-4c5d-6e7f-8a9b-${String(n % 9_000).padStart(12, "0")}`,
  event: "Order Completed",
  properties: {
    order_id: `o-${n}`,
    revenue: 42.5 + n,
    currency: "EUR",
    coupon: null,
    products: [
      { product_id: "p1", sku: "G-32", name: "Monopoly: 3rd Edition", price: 19, quantity: 1, category: "Games" },
      { product_id: "p2", sku: "F-17", name: "Uno Card Game", price: 8, quantity: 2, category: "Games" }
    ]
  },
  context: {
    library: { name: "@segment/analytics-node", version: "3.1.0" },
    locale: "de-DE",
    timezone: "Europe/Berlin"
  },
  integrations: { All: true },
  timestamp: "2024-05-01T11:59:58.123Z",
  _metadata: { nodeVersion: "24.0.0", jsRuntime: "node" }
})
const bodies = Array.from({ length: 20 }, (_, b) =>
  Buffer.from(
    JSON.stringify({
      batch: Array.from({ length: perBatch }, (_, n) => event(b * perBatch + n)),
      writeKey: "wk_web",
      sentAt: "2024-05-01T12:00:00.000Z"
    })
  )
)

const newMessageId = makeMessageIds((bytes) => void randomFillSync(bytes))
const names = new SchemaNames()
const receivedAt = Date.UTC(2024, 4, 1, 12)

const ingest = (bytes: Buffer, names: SchemaNames | undefined): number => {
  const body = parseJson(decodeUtf8(bytes)!) as JsonObject
  const origin = { source: 1, dedupPrefix: "", names }
  const intake = unpackBatch(body, body.batch as ReadonlyArray<unknown>, origin, {
    receivedAt,
    receivedAtText: formatTime(receivedAt),
    sentAt: receivedAt - 50,
    client: false,
    mobile: false,
    ip: undefined,
    userAgent: undefined,
    newMessageId,
    warnings: 0
  })
  if (intake === "payload_too_large") throw new Error(intake)
  names?.stored(intake.names, receivedAt)
  let written = 0
  for (const { body } of intake.events) written += body.length
  return written
}
const ours = (bytes: Buffer) => ingest(bytes, names)
const withoutNames = (bytes: Buffer) => ingest(bytes, undefined)
const bare = (bytes: Buffer): number => {
  const body = JSON.parse(bytes.toString()) as { batch: ReadonlyArray<unknown> }
  let written = 0
  for (const item of body.batch) written += JSON.stringify(item).length
  return written
}

const microsecondsPerEvent = (work: (bytes: Buffer) => number): { us: number; bytes: number } => {
  let bytes = 0
  for (let n = 0; n < batches / 4; n++) bytes += work(bodies[n % bodies.length]!)
  bytes = 0
  const start = process.threadCpuUsage().user
  for (let n = 0; n < batches; n++) bytes += work(bodies[n % bodies.length]!)
  return { us: (process.threadCpuUsage().user - start) / (batches * perBatch), bytes }
}

// CPU time, in turns, and the best of each: other processes share the cores.
const best = { bare: Number.POSITIVE_INFINITY, ours: Number.POSITIVE_INFINITY, without: Number.POSITIVE_INFINITY }
let written = 0
for (let round = 0; round < 5; round++) {
  best.bare = Math.min(best.bare, microsecondsPerEvent(bare).us)
  best.without = Math.min(best.without, microsecondsPerEvent(withoutNames).us)
  const run = microsecondsPerEvent(ours)
  names.take(1_000_000)
  best.ours = Math.min(best.ours, run.us)
  written = run.bytes
}
console.log(
  `ingest core: ${(best.ours / best.bare).toFixed(2)} x bare JSON.parse + JSON.stringify ` +
    `(${best.ours.toFixed(2)} us against ${best.bare.toFixed(2)} us per event, ${Math.round(1e6 / best.ours)} events/s, ` +
    `${(best.ours - best.without).toFixed(2)} us of it for the schema of the source, ` +
    `${Math.round(bodies[0]!.length / perBatch)} bytes in, ${Math.round(written / batches / perBatch)} bytes out)`
)
