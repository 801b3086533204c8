/** The catalog boots, and its presets execute (CAT-15). */
import { describe, expect, it, vi } from "vitest"
import { packageHere, target } from "./support.ts"
import type { CallResult } from "../../src/catalog/runner.ts"
import { Effect } from "effect"
import { catalogLive } from "../../src/catalog/catalog-live.ts"
import { Catalog } from "../../src/catalog/runner.ts"
import type { CatalogField } from "../../src/catalog/entry.ts"

const { executor, kit, seen } = packageHere(() => ({
  status: 200,
  body: "{}",
  headers: { "content-type": "application/json" }
}))

const dummy = (field: CatalogField): unknown => {
  if (field.default !== undefined) return field.default
  if (field.choices !== undefined) return field.choices[0]?.value
  if (field.type === "boolean") return true
  if (field.type === "number") return 1
  if (field.format === "uuid") return "4c5f1e1a-0000-4000-8000-000000000000"
  return field.format === "uri" || /url|endpoint|host/i.test(field.key) ? "https://stub.test" : "test"
}

const event = {
  type: "track",
  event: "Order Completed",
  name: "Home",
  userId: "user-1",
  anonymousId: "anonymous-1",
  groupId: "group-1",
  previousId: "user-0",
  messageId: "message-1",
  timestamp: "2026-01-01T00:00:00.000Z",
  receivedAt: "2026-01-01T00:00:00.000Z",
  sentAt: "2026-01-01T00:00:00.000Z",
  traits: { email: "jane@example.com", name: "Jane", phone: "+14155552671", firstName: "Jane", lastName: "Doe" },
  properties: {
    email: "jane@example.com",
    phone: "+14155552671",
    currency: "USD",
    revenue: 10,
    total: 10,
    value: 10,
    order_id: "o1",
    product_id: "p1",
    quantity: 1,
    query: "q",
    products: [{ product_id: "p1", sku: "s1", name: "Shoe", price: 10, quantity: 1 }]
  },
  context: {
    ip: "203.0.113.7",
    userAgent: "Mozilla/5.0",
    locale: "en-US",
    library: { name: "analytics.js", version: "4" },
    page: { url: "https://example.com/", path: "/", title: "T", referrer: "https://example.org/" },
    traits: { email: "jane@example.com", phone: "+14155552671" },
    device: { id: "d", type: "ios", advertisingId: "a" },
    app: { name: "n", version: "1", namespace: "com.example" },
    os: { name: "iOS", version: "17" },
    campaign: { name: "c", source: "s", medium: "m" }
  },
  integrations: {}
}

const entries = await Effect.runPromise(
  Effect.flatMap(Catalog, (catalog) => catalog.entries).pipe(Effect.provide(catalogLive))
)

describe("the catalog boots (AC4-65)", () => {
  it("lists every entry of the package", () => {
    const listed = entries.filter(({ origin }) => origin === "package")
    expect(listed.map(({ id }) => id).sort()).toEqual([...kit.ids].sort())
    expect(listed).toHaveLength(214)
  })

  it("executes at least 323 automatic presets (CAT-15)", { timeout: 120_000 }, async () => {
    // The package's validator has remarks about two of its schemas.
    vi.spyOn(console, "warn").mockImplementation(() => {})
    const results: Array<CallResult> = []
    for (const entry of entries) {
      if (entry.origin !== "package") continue
      const settings = Object.fromEntries(entry.settings.map((field) => [field.key, dummy(field)]))
      for (const preset of entry.presets) {
        if (preset.type !== "automatic") continue
        const type = /type = "(\w+)"/.exec(preset.trigger)?.[1] ?? "track"
        const name = /event = "([^"]+)"/.exec(preset.trigger)?.[1] ?? event.event
        const result = await executor.execute(
          {
            kind: "call",
            target: target(entry.id, { tokens: { accessToken: "a", refreshToken: "r" } }),
            actionSlug: preset.actionSlug,
            mapping: 0,
            events: [JSON.stringify({ ...event, type, event: name })],
            batch: false,
            recordAll: false
          },
          settings,
          preset.fields,
          async () => {},
          new AbortController()
        )
        results.push(result as CallResult)
      }
    }
    const codes: Record<string, number> = {}
    for (const { outcomes } of results) {
      const outcome = outcomes[0]!
      const code = outcome.kind === "delivered" ? "delivered" : outcome.code
      codes[code] = (codes[code] ?? 0) + 1
      if (process.env["SHOW"] && outcome.kind === "failed" && outcome.code !== "MESSAGE_REJECTED") console.log(outcome)
    }
    if (process.env["SHOW"]) console.log(codes, results.length, new Set(seen.map(({ url }) => new URL(url).host)).size)
    expect(results).toHaveLength(418)
    expect(codes["delivered"]).toBeGreaterThanOrEqual(323)
  })
})
