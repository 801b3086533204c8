/** Events to try things on: those that have come of late, or one that is made up. Pure. */

const common = {
  messageId: "test-message",
  timestamp: "2026-01-01T12:00:00.000Z",
  userId: "user_123",
  anonymousId: "anon_456",
  context: { page: { path: "/shoes", url: "https://shop.example/shoes" }, library: { name: "analytics.js" } },
  integrations: {}
}

export const sampleTypes = ["track", "identify", "page", "screen", "group"] as const
export type SampleType = (typeof sampleTypes)[number]

const parts: Readonly<Record<SampleType, object>> = {
  track: {
    event: "Order Completed",
    properties: {
      order_id: "SK-50231",
      total: 129.95,
      currency: "EUR",
      products: [{ product_id: "SK-204", sku: "SK-204", name: "Runner", price: 129.95, quantity: 1 }]
    }
  },
  identify: { traits: { email: "jane@example.com", first_name: "Jane", last_name: "Doe", plan: "pro" } },
  page: { name: "Shoes", properties: { path: "/shoes", title: "Shoes", url: "https://shop.example/shoes" } },
  screen: { name: "Shoes", properties: {} },
  group: { groupId: "acme", traits: { name: "Acme", plan: "business" } }
}

export const sampleOf = (type: SampleType): object => ({ type, ...common, ...parts[type] })

/** The type that a trigger speaks of first. */
export const typeIn = (trigger: string): SampleType =>
  sampleTypes.find((type) => new RegExp(`type\\s*=\\s*["']${type}["']`).test(trigger)) ?? "track"

export const eventText = (event: unknown): string => JSON.stringify(event, undefined, 2)
