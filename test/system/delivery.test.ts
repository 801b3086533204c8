/**
 * Delivery of a whole process that is killed in the middle of it: 50 users against a webhook that answers 200, 400, 429 and 500 by chance.
 * Nothing is lost, nobody is overtaken, and what is counted is exact, whatever had to be sent twice.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, expect, it } from "vitest"
import { configuration, Service } from "./support/service.ts"

const owner = { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] }
const service = new Service({
  config: { tokens: [...configuration.tokens, owner] },
  env: { BRAID_EGRESS_ALLOW_PRIVATE: "127.0.0.1/32", BRAID_RETRY_FIRST_SECONDS: "1", BRAID_SPACE_LEASE_SECONDS: "3" }
})

const users = 50
const each = 20
/** By message: how often it fails before it gets its final answer. */
const fateOf = (n: number) => ({
  failures: n % 41 === 3 ? [500] : n % 401 === 5 ? [429, 500] : [],
  last: n % 13 === 4 ? 400 : 200
})

const final = (status: number) => status === 200 || status === 400

interface Got {
  readonly n: number
  readonly status: number
}
const got: Array<Got> = []
const asked = new Map<number, number>()
const webhook = createServer((req, res) => {
  const chunks: Array<Buffer> = []
  req.on("data", (chunk: Buffer) => chunks.push(chunk))
  req.on("end", () => {
    const { messageId } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly messageId: string }
    const n = Number(messageId.slice(2))
    const times = asked.get(n) ?? 0
    asked.set(n, times + 1)
    const { failures, last } = fateOf(n)
    const status = failures[times] ?? last
    got.push({ n, status })
    setTimeout(() => res.writeHead(status, status === 429 ? { "retry-after": "1" } : {}).end("{}"), n % 7)
  })
})

const api = async <A>(method: string, path: string, body?: unknown): Promise<A> => {
  const answer = await fetch(`${service.url}/public-api${path}`, {
    method,
    headers: { authorization: "Bearer pt_owner", "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return (JSON.parse(text) as { readonly data: A }).data
}

beforeAll(async () => {
  await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve))
  await service.start()
})
afterAll(async () => {
  await service.dispose()
  webhook.closeAllConnections()
  await new Promise((resolve) => webhook.close(resolve))
})

it("DEL-1, DEL-2, DEL-33: a kill -9 during delivery loses nothing, lets nobody be overtaken, and counts exactly", async () => {
  interface Made {
    readonly destination: {
      readonly id: string
      readonly metadata: { readonly actions: ReadonlyArray<{ readonly id: string }> }
    }
  }
  const { destination } = await api<Made>("POST", "/destinations", {
    sourceId: "src_web",
    metadataId: "614a3c7d791c91c41bae7599",
    name: "All",
    enabled: true,
    settings: {}
  })
  const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`
  await api("POST", `/destinations/${destination.id}/subscriptions`, {
    name: "All",
    actionId: destination.metadata.actions[0]!.id,
    trigger: 'type = "track"',
    enabled: true,
    settings: { url, method: "POST", data: { "@path": "$." } }
  })
  const all = users * each
  const messages = Array.from({ length: all }, (_, n) => ({
    type: "track",
    event: "E",
    userId: `u${n % users}`,
    messageId: `m-${n}`
  }))
  for (let n = 0; n < all; n += 250) expect((await service.batch(messages.slice(n, n + 250))).status).toBe(200)
  await service.until("half of it", 60, async () => (asked.size > all / 3 ? true : undefined))
  await service.kill()
  const before = new Set(got.filter(({ status }) => final(status)).map(({ n }) => n))
  await service.start()
  const ended = () => new Set(got.filter(({ status }) => final(status)).map(({ n }) => n))
  await service.until("the rest of it", 90, async () => (ended().size === all ? true : undefined))

  // Nobody is overtaken: the final answers of a user's messages are in their order, apart from what the kill had repeated.
  const repeated = new Set<number>()
  const last = new Map<number, number>()
  got.forEach(({ n, status }, at) => {
    if (!final(status)) return
    if (last.has(n)) repeated.add(n)
    else last.set(n, at)
  })
  for (const n of repeated) expect(before).toContain(n)
  for (let user = 0; user < users; user++) {
    const order = Array.from({ length: each }, (_, i) => last.get(i * users + user)!)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  }

  const start = new Date(Date.now() - 600_000).toISOString()
  const end = new Date(Date.now() + 600_000).toISOString()
  interface Metrics {
    readonly deliveryMetricsSummary: {
      readonly metrics: ReadonlyArray<{ readonly metricName: string; readonly total: number }>
    }
  }
  const refused = Array.from({ length: all }, (_, n) => fateOf(n).last).filter((status) => status === 400).length
  const metrics = async () => {
    const { deliveryMetricsSummary } = await api<Metrics>(
      "GET",
      `/destinations/${destination.id}/delivery-metrics?sourceId=src_web&startTime=${start}&endTime=${end}&granularity=MINUTE`
    )
    return Object.fromEntries(deliveryMetricsSummary.metrics.map(({ metricName, total }) => [metricName, total]))
  }
  await expect
    .poll(metrics, { timeout: 30_000, interval: 200 })
    .toMatchObject({ successes: all - refused, "errors.discarded": refused, "errors.awaiting-retry": 0 })
}, 180_000)
