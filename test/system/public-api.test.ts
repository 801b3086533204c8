/**
 * A destination from nothing, as a program sets it up: Segment's management client makes source, destination, filter and mapping,
 * Segment's Node library sends events, a webhook gets them, and the client reads what became of them.
 */
import * as client from "@segment/public-api-sdk-typescript"
import { Analytics } from "@segment/analytics-node"
import { Effect, Exit, Redacted, Scope } from "effect"
import { randomBytes } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, expect, it } from "vitest"
import { freshDatabase } from "../support/database.ts"
import { configuration, Service } from "./support/service.ts"

const owner = { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] }
const scope = Effect.runSync(Scope.make())
let service: Service

const got: Array<{ readonly event: string; readonly signed: boolean }> = []
const webhook = createServer((req, res) => {
  const chunks: Array<Buffer> = []
  req.on("data", (chunk: Buffer) => chunks.push(chunk))
  req.on("end", () => {
    const { event } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly event: string }
    got.push({ event, signed: typeof req.headers["x-signature"] === "string" })
    res.writeHead(event === "Refused" ? 400 : 200).end("{}")
  })
})

beforeAll(async () => {
  await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve))
  const url = await Effect.runPromise(Effect.provideService(freshDatabase, Scope.Scope, scope))
  const env = {
    BRAID_EGRESS_ALLOW_PRIVATE: "127.0.0.1/32",
    BRAID_DATABASE_URL: Redacted.value(url),
    BRAID_MASTER_KEY: randomBytes(32).toString("base64")
  }
  service = await new Service({ config: { tokens: [...configuration.tokens, owner] }, env }).start()
})
afterAll(async () => {
  await service.dispose()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  webhook.closeAllConnections()
  await new Promise((resolve) => webhook.close(resolve))
})

const api = <A extends object>(Api: new (base: string) => A): A =>
  Object.assign(new Api(`${service.url}/public-api`), { accessToken: "pt_owner" })

it("ADM-20, DST-30, DEL-25, DEL-37: the official clients set up a destination, send events, and read their delivery", async () => {
  const sources = api(client.SourcesApi)
  const destinations = api(client.DestinationsApi)
  const filters = api(client.DestinationFiltersApi)
  const overview = api(client.DeliveryOverviewApi)

  const { sourcesCatalog } = (await api(client.CatalogApi).getSourcesCatalog({ count: 20 })).body.data!
  const { id: metadataId } = sourcesCatalog.find(({ slug }) => slug === "server")!
  const { source } = (await sources.createSource({ slug: "shop", enabled: true, metadataId })).body.data!
  const [writeKey = ""] = source.writeKeys

  const { destination } = (
    await destinations.createDestination({
      sourceId: source.id,
      metadataId: "614a3c7d791c91c41bae7599",
      name: "Orders",
      enabled: true,
      settings: { sharedSecret: "hush" }
    })
  ).body.data!
  await filters.createFilterForDestination(destination.id, {
    sourceId: source.id,
    if: 'event = "Private"',
    actions: [{ type: client.DestinationFilterActionV1.TypeEnum.DROP }],
    title: "Nothing private",
    enabled: true
  })
  const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/orders`
  const { destinationSubscription } = (
    await destinations.createDestinationSubscription(destination.id, {
      name: "Every track call",
      actionId: destination.metadata.actions[0]!.id,
      trigger: 'type = "track"',
      enabled: true,
      settings: { url, method: "POST", data: { "@path": "$." } }
    })
  ).body.data!
  expect(destinationSubscription).toMatchObject({ enabled: true, trigger: 'type = "track"' })

  const analytics = new Analytics({ writeKey, host: service.url })
  const start = new Date(Date.now() - 60_000).toISOString()
  for (const event of ["Bought", "Private", "Refused", "Bought"]) analytics.track({ userId: "jo", event })
  analytics.identify({ userId: "jo" })
  await analytics.closeAndFlush()

  await expect.poll(() => got.length, { timeout: 30_000 }).toBe(3)
  expect(got.map(({ event }) => event).sort()).toEqual(["Bought", "Bought", "Refused"])
  expect(got.every(({ signed }) => signed)).toBe(true)

  const end = new Date(Date.now() + 60_000).toISOString()
  const metrics = async () => {
    const answer = await destinations.listDeliveryMetricsSummaryFromDestination(
      destination.id,
      source.id,
      start,
      end,
      "MINUTE" as never
    )
    const { metrics } = answer.body.data!.deliveryMetricsSummary
    return Object.fromEntries(metrics.map(({ metricName, total }) => [metricName, total]))
  }
  // Private and the identify call, which matches no mapping, were filtered.
  await expect.poll(metrics, { timeout: 30_000 }).toMatchObject({ successes: 2, "errors.discarded": 1, filtered: 2 })

  const delivered = await overview.getEgressSuccessMetricsFromDeliveryOverview(
    source.id,
    destination.id,
    start,
    end,
    "minute" as never,
    { count: 10 },
    ["eventName"]
  )
  expect(delivered.body.data).toMatchObject({ total: 2, dataset: [{ eventName: "Bought", total: 2 }] })
  const failed = await overview.getEgressFailedMetricsFromDeliveryOverview(
    source.id,
    destination.id,
    start,
    end,
    "minute" as never,
    { count: 10 },
    ["discardReason"]
  )
  expect(failed.body.data).toMatchObject({ total: 1, dataset: [{ discardReason: "400", total: 1 }] })

  const samples = await fetch(
    `${service.url}/public-api/destinations/${destination.id}/delivery-samples?startTime=${start}&endTime=${end}&step=failed_delivery`,
    { headers: { authorization: "Bearer pt_owner" } }
  )
  const { data } = (await samples.json()) as { readonly data: { readonly samples: ReadonlyArray<object> } }
  expect(data.samples).toMatchObject([
    { code: "400", sent: { event: "Refused" }, exchanges: [{ request: { url }, response: { status: 400 } }] }
  ])
  expect(JSON.stringify(data)).not.toContain("hush")
})
