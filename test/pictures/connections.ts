/**
 * Where the shop's events go: three destinations of its website, one of which refuses what has no currency of three letters, and a
 * receiver of ours that plays all of them.
 */
import { generateKeyPairSync } from "node:crypto"
import { createServer } from "node:http"
import { admin } from "./data.ts"

/** The same in each picture, if nobody else has it. */
const wantedPort = 4870
const webhooks = "614a3c7d791c91c41bae7599"
const source = "src_web"

interface Payment {
  readonly currency?: string
}

/** Answers like a service for payments. */
const openReceiver = async () => {
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      const wrong = request.url === "/v1/payments" && (JSON.parse(body) as Payment).currency === "euro"
      response.writeHead(wrong ? 400 : 200, { "content-type": "application/json", "x-request-id": "7d1e04b2" })
      response.end(
        JSON.stringify(wrong ? { message: "invalid 'currency'", hint: "three letters, as in EUR" } : { status: "ok" })
      )
    })
  })
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve))
  await listen(wantedPort).catch(() => listen(0))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : wantedPort
  return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(resolve)) }
}

/** Known once they have been made. */
export const connections = { payments: "", application: "", from: 0, to: 0 }

/** Few, so that the list of profiles stays what it is. */
const buyers = ["Noor Bakker", "Mira Okafor", "Sven Larsen", "Ana Ruiz"].map((name, n) => ({
  type: "identify",
  userId: `u_${10_421 + n}`,
  messageId: `buyer-${n}`,
  traits: { name, email: `${name.split(" ")[0]!.toLowerCase()}@example.com` }
}))

const order = (n: number) => ({
  type: "track",
  event: n % 5 === 4 ? "Order Refunded" : "Order Completed",
  userId: buyers[n % buyers.length]!.userId,
  messageId: `pay-${n}`,
  context: { app: { name: "SegKicks", version: n % 3 === 0 ? "3.1.0" : "3.2.0" } },
  properties: {
    order_id: `SK-${50_200 + n}`,
    revenue: 129.95,
    currency: n % 7 === 3 ? "euro" : "EUR",
    currency_code: "EUR",
    products: [{ sku: "SK-204", name: "Runner", quantity: 1 }],
    ...(n % 9 === 0 ? { email: `staff${n}@segkicks.example` } : {})
  }
})

const path = (field: string) => ({ "@path": `$.${field}` })

const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Makes them, and lets orders come through. */
export const openConnections = async (service: string): Promise<() => Promise<unknown>> => {
  const receiver = await openReceiver()
  const ask = async <A>(method: string, route: string, body?: unknown): Promise<A> => {
    const response = await fetch(`${service}/public-api${route}`, {
      method,
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const { data, errors } = (await response.json()) as { readonly data?: A; readonly errors?: unknown }
    if (data === undefined) throw new Error(`${method} ${route}: ${JSON.stringify(errors)}`)
    return data
  }
  const add = async (name: string, mapping: string, url: string, data: unknown): Promise<string> => {
    const { destination } = await ask<{ destination: { id: string } }>("POST", "/destinations", {
      sourceId: source,
      metadataId: webhooks,
      name,
      enabled: true,
      settings: { sharedSecret: "a secret of the pictures" }
    })
    await ask("POST", `/destinations/${destination.id}/subscriptions`, {
      name: mapping,
      actionId: "send",
      enabled: true,
      trigger: 'type = "track" and match(event, "Order*")',
      settings: { url, method: "POST", data }
    })
    return destination.id
  }
  connections.payments = await add("Payments", "Track order", `${receiver.url}/v1/payments`, {
    external_id: path("userId"),
    product_id: path("properties.order_id"),
    currency: path("properties.currency"),
    price: path("properties.revenue"),
    time: path("timestamp")
  })
  await add("Stock", "Orders", `${receiver.url}/stock`, path("properties"))
  await ask("POST", `/destination/${connections.payments}/filters`, {
    sourceId: source,
    title: "No orders of our own",
    if: "contains( properties.email, '@segkicks.example' )",
    actions: [{ type: "DROP" }],
    enabled: true
  })
  await ask("POST", `/destination/${connections.payments}/filters`, {
    sourceId: source,
    title: "No addresses",
    if: "all",
    actions: [{ type: "DROP_PROPERTIES", fields: { context: ["ip"], properties: ["email"] } }],
    enabled: true
  })
  await ask("POST", "/alerts", {
    type: "DELIVERY_RATE",
    resourceId: connections.payments,
    threshold: 99,
    channels: [{ type: "IN_APP" }]
  })
  for (const [id, name, metadataIds] of [
    ["advertising", "Advertising", [webhooks]],
    ["analytics", "Analytics", []]
  ] as const)
    await ask("POST", "/consent-categories", { id, name, metadataIds })
  const { oauthApplication } = await ask<{ oauthApplication: { id: string } }>("POST", "/oauth-applications", {
    name: "Billing service",
    tokenSeconds: 86_400,
    scopes: ["tracking_api:write"],
    key: {
      name: "production 2026",
      publicKey: generateKeyPairSync("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" }
      }).publicKey
    }
  })
  connections.application = oauthApplication.id
  await fetch(`${service}/v1/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      writeKey: "wk_web",
      batch: [...buyers, ...Array.from({ length: 200 }, (_, n) => order(n))]
    })
  })
  connections.to = Math.ceil(Date.now() / 60_000) * 60_000 + 60_000
  connections.from = connections.to - 30 * 60_000
  const span = `startTime=${new Date(connections.from).toISOString()}&endTime=${new Date(connections.to).toISOString()}`
  for (let tries = 0; tries < 120; tries++) {
    const { delivered, notDelivered } = await ask<{ delivered: number; notDelivered: number }>(
      "GET",
      `/destinations/${connections.payments}/delivery-summary?${span}`
    )
    if (delivered + notDelivered > 160) return receiver.close
    await settle(500)
  }
  throw new Error("the orders have not come through")
}
