/**
 * The floor for delivery, as a process of its own: Segment's package alone, as its authors run it - a fresh `Destination` for each event,
 * its own client - posting to a local webhook (CAT-16). Prints events a second of each round.
 *
 *     node bench/support/bare-adapter.ts <url> <events a round> <in parallel> <rounds>
 */
import { createRequire } from "node:module"

const [url = "", events = "5000", parallel = "50", rounds = "3"] = process.argv.slice(2)

interface Kit {
  readonly Destination: new (definition: object) => {
    readonly onEvent: (event: object, settings: object, options: object) => Promise<unknown>
  }
}

const require = createRequire(import.meta.url)
const { Destination }: Kit = require("@segment/actions-core")
const {
  default: definition
}: { default: { slug: string } } = require("@segment/action-destinations/dist/destinations/webhook")
const wrapped = { ...definition, name: definition.slug }
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

const round = async (count: number) => {
  let left = count
  const one = async () => {
    while (left-- > 0)
      await new Destination(wrapped).onEvent(
        JSON.parse(event) as object,
        { subscription: { partnerAction: "send", subscribe: 'type != ""', mapping } },
        {}
      )
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: Number(parallel) }, one))
  return (count / (performance.now() - started)) * 1000
}

await round(Number(events) / 5)
for (let i = 0; i < Number(rounds); i++) console.log(await round(Number(events)))
process.exit(0)
