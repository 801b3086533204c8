/** Routes of Braid's own beside Segment's: testers, encryption, consent, schema, alerts, and what readers of them may not. */
import { describe, expect, it } from "vitest"
import { call, tokenWith } from "../support/public-api.ts"

const webhook = "614a3c7d791c91c41bae7599"
const hour = 3_600_000
const period = `startTime=${new Date(Date.now() - hour).toISOString()}&endTime=${new Date().toISOString()}`

const made = async (name: string): Promise<string> => {
  const body = { sourceId: "src_a", metadataId: webhook, name, settings: { sharedSecret: "hush" } }
  return (await call("POST", "/destinations", { body })).body.data.destination.id
}
const metadataOf = (each: { readonly metadata?: object }) => each.metadata ?? each
const mapping = {
  name: "All",
  actionId: "send",
  trigger: 'type = "track"',
  enabled: true,
  settings: { url: "http://127.0.0.1:9/", method: "POST", data: { "@path": "$." } }
}

describe("destinations", () => {
  it("DEL-60 to DEL-65: an event to begin with, and what a mapping that is not saved makes of it; audited", async () => {
    const id = await made("Tested")
    const sample = (await call("POST", `/destinations/${id}/sample-event`, { body: { subscription: mapping } })).body
      .data
    expect(sample).toMatchObject({ generated: true, event: { type: "track" } })
    const nothing = await call("POST", `/destinations/${id}/test-event`, { body: { event: sample.event } })
    expect(nothing.body.data).toMatchObject({
      matched: 0,
      results: [],
      message: expect.stringContaining("match this event")
    })
    const tested = await call("POST", `/destinations/${id}/test-event`, {
      body: { event: sample.event, subscription: mapping }
    })
    // Loopback is refused as an address of a destination: the request never leaves.
    expect(tested.body.data).toMatchObject({
      matched: 1,
      results: [{ subscriptionId: null, name: "All", status: "failed" }]
    })
    const wrong = { event: sample.event, subscription: { ...mapping, actionId: "none" } }
    const refused = await call("POST", `/destinations/${id}/test-event`, { body: wrong })
    expect([refused.status, refused.body.errors[0].field]).toEqual([422, "subscription.actionId"])
    const odd = await call("POST", `/destinations/${id}/test-event`, { body: { event: { type: "odd" } } })
    expect([odd.status, odd.body.errors[0].data.code]).toEqual([422, "EVENT_INVALID"])
    const { events } = (await call("GET", `/audit-events?resourceId=${id}&type=Event%20Tested`)).body.data
    expect(events).toHaveLength(3)
  })

  it("DST-7, DST-83: settings, filters and mappings are copied, secrets only to who may write both; a copy is switched off", async () => {
    const from = await made("From")
    await call("POST", `/destinations/${from}/subscriptions`, { body: mapping })
    await call("POST", `/destination/${from}/filters`, {
      body: { title: "Drop", if: 'event = "X"', actions: [{ type: "drop" }], enabled: true }
    })
    const { subscriptions } = (await call("GET", `/destinations/${from}/subscriptions`)).body.data
    const copy = await call("POST", `/destinations/${from}/subscriptions/${subscriptions[0].id}/duplicate`)
    expect(copy.body.data.subscription).toMatchObject({ name: "All (Copy)", enabled: false })
    const to = await made("To")
    const body = { fromDestinationId: from, filters: true, mappings: true }
    expect((await call("POST", `/destinations/${to}/copy-settings`, { body })).status).toBe(200)
    expect((await call("GET", `/destination/${to}/filters`)).body.data.filters).toMatchObject([
      { title: "Drop", actions: [{ type: "DROP" }], destinationId: to }
    ])
    expect((await call("GET", `/destinations/${to}/subscriptions`)).body.data.subscriptions).toHaveLength(2)
  })

  it("ADM-22: lists can leave out what only forms need of the metadata", async () => {
    await made("Listed")
    for (const path of ["/destinations", "/catalog/destinations"]) {
      const full = (await call("GET", `${path}?pagination[count]=1`)).body.data
      const short = (await call("GET", `${path}?pagination[count]=1&metadata=summary`)).body.data
      const [key = ""] = Object.keys(full).filter((each) => each !== "pagination")
      expect(metadataOf(short[key][0])).toEqual({ ...metadataOf(full[key][0]), options: [], actions: [], presets: [] })
    }
  })

  it("DST-10, DST-96: credentials that nothing tests are untested; fields without choices say so", async () => {
    const id = await made("Credentials")
    const answer = await call("POST", `/destinations/${id}/test-authentication`)
    expect(answer.body.data).toEqual({ status: "untested", message: null })
    const choices = await call("POST", `/destinations/${id}/choices`, { body: { action: "send", key: "url" } })
    expect(choices.body.data).toMatchObject({ choices: [], error: expect.any(String) })
  })

  it("PRV-51 to PRV-53: keys are made by owners; the private one is told once", async () => {
    const id = await made("Encrypted")
    const { encryption, privateKey } = (await call("POST", `/destinations/${id}/encryption/keys`)).body.data
    expect(privateKey).toContain("BEGIN PRIVATE KEY")
    expect(encryption.publicKey).toContain("BEGIN PUBLIC KEY")
    const changed = await call("PUT", `/destinations/${id}/encryption`, { body: { enabled: true, fields: ["email"] } })
    expect(changed.body.data.encryption).toMatchObject({ enabled: true, fields: ["email"] })
    expect((await call("GET", `/destinations/${id}/encryption`)).body.data.encryption).toEqual(
      changed.body.data.encryption
    )
    const secret = await tokenWith({ role: "Source Admin" })
    expect((await call("POST", `/destinations/${id}/encryption/keys`, { secret })).status).toBe(403)
  })

  it("DEL-20 to DEL-36: what became of events, when nothing has: zeros, not gaps", async () => {
    const id = await made("Idle")
    const get = async (path: string) => (await call("GET", `/destinations/${id}/${path}`)).body.data
    expect(await get(`delivery-summary?${period}`)).toMatchObject({ delivered: 0, notDelivered: 0, p95LatencyMs: null })
    expect(await get(`delivery-errors?${period}`)).toEqual({ errors: [] })
    expect(await get(`delivery-errors/400?${period}`)).toMatchObject({ samples: [], description: expect.any(String) })
    expect(await get(`delivery-samples?${period}`)).toEqual({ samples: [] })
    expect((await get(`delivery-pipeline?${period}&granularity=minute`)).series.length).toBeGreaterThan(59)
    expect(await get(`delivery-table?${period}&step=failed_delivery&by=discardReason`)).toMatchObject({ rows: [] })
    const overview = (await call("GET", `/sources/src_a/overview?${period}`)).body.data
    expect(overview.total).toMatchObject({ received: 0, eligible: 0 })
    const wrong = await call("GET", `/destinations/${id}/delivery-summary?startTime=yesterday`)
    expect(wrong.body.errors.map(({ field }: { field: string }) => field)).toEqual(["startTime", "endTime"])
    const reversed = `sourceId=src_a&granularity=hour&startTime=2026-01-02T00:00:00Z&endTime=2026-01-01T00:00:00Z`
    expect((await call("GET", `/delivery-overview/failed-on-ingest?${reversed}`)).status).toBe(422)
    const age = "startTime=1000-01-01T00:00:00Z&endTime=9999-12-31T00:00:00Z"
    for (const path of ["summary", "errors", "pipeline", "table"].map((last) => `/destinations/${id}/delivery-${last}`))
      for (const odd of [age, reversed])
        expect([path, (await call("GET", `${path}?${odd}&step=failed_delivery&by=discardReason`)).status]).toEqual([
          path,
          422
        ])
    expect((await call("GET", `/sources/src_a/overview?${age}`)).status).toBe(422)
  })
})

it("DST-5: a name that the database could not keep as it is, is refused, and so is one that is taken", async () => {
  const body = { sourceId: "src_a", metadataId: webhook, name: "half\ud800", settings: {} }
  const statuses = [
    await call("POST", "/destinations", { body }),
    await call("POST", "/destinations", { body: { ...body, name: "half" } }),
    await call("POST", "/destinations", { body: { ...body, name: " half" } })
  ]
  expect(statuses.map(({ status }) => status)).toEqual([422, 200, 409])
})

describe("replays", () => {
  const range = { from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" }

  it("DEL-75, ADM-121: owners start, watch and steer them; others who see the source only watch", async () => {
    const destinationId = await made("Replayed")
    const body = {
      sourceId: "src_a",
      destinationIds: [destinationId],
      ...range,
      events: [{ type: "track", name: "Bought" }]
    }
    const estimate = await call("POST", "/replays", { body: { ...body, dryRun: true } })
    expect(estimate.body.data).toEqual({ estimate: { total: 0, firstAt: null, lastAt: null } })
    const { replay } = (await call("POST", "/replays", { body })).body.data
    expect(replay).toMatchObject({
      ...body,
      mode: "all",
      state: "queued",
      sent: 0,
      filtered: [],
      createdBy: "token:owner"
    })
    const paused = await call("POST", `/replays/${replay.id}/pause`)
    expect(paused.body.data.replay.state).toBe("paused")
    const secret = await tokenWith({ role: "Source Admin", type: "SOURCE", id: "src_a" })
    expect((await call("GET", `/replays/${replay.id}`, { secret })).status).toBe(200)
    expect((await call("POST", `/replays/${replay.id}/cancel`, { secret })).status).toBe(403)
    expect((await call("POST", "/replays", { secret, body })).status).toBe(403)
    const other = await tokenWith({ role: "Source Admin", type: "SOURCE", id: "src_b" })
    expect((await call("GET", `/replays/${replay.id}`, { secret: other })).status).toBe(404)
    expect((await call("GET", "/replays", { secret: other })).body.data.replays).toEqual([])
    expect((await call("POST", `/replays/${replay.id}/cancel`)).body.data.replay.state).toBe("canceled")
    expect((await call("GET", "/replays?sourceId=src_a")).body.data.replays).toMatchObject([{ id: replay.id }])
    const unconnected = await call("POST", "/replays", { body: { ...body, sourceId: "src_b" } })
    expect(unconnected.body.errors[0].data.code).toBe("REPLAY_NOT_CONNECTED")
  })
})

describe("the workspace", () => {
  it("ING-134, DST-45: events are blocked at the door, or kept from one destination", async () => {
    const filters = { track: ["Seen"], page: true, screen: false, identify: ["ssn"], group: [] }
    const set = await call("PUT", "/sources/src_b/event-filters", { body: filters })
    expect(set.body.data.eventFilters).toEqual(filters)
    const changes = [{ type: "track", name: "Seen", blocked: false }]
    const changed = await call("PATCH", "/sources/src_b/event-filters", { body: { changes } })
    expect(changed.body.data.eventFilters).toEqual({ ...filters, track: [] })
    const destinationId = await made("Kept from")
    const off = [{ destinationId, type: "track", name: "Bought", enabled: false }]
    const kept = await call("PUT", "/sources/src_a/integration-filters", { body: { integrationFilters: off } })
    expect(kept.body.data.integrationFilters).toEqual([{ destinationId, type: "track", name: "Bought" }])
    const secret = await tokenWith({ role: "Source Read-only" })
    expect((await call("PUT", "/sources/src_b/event-filters", { secret, body: filters })).status).toBe(403)
    expect((await call("GET", "/sources/src_b/event-filters", { secret })).status).toBe(200)
  })

  it("PRV-60: owners change consent categories, and everybody sees them", async () => {
    const body = { id: "ads", name: "Advertising", metadataIds: [webhook] }
    const { consentCategory } = (await call("POST", "/consent-categories", { body })).body.data
    expect(consentCategory).toMatchObject({ ...body, enabled: true })
    const off = await call("PATCH", "/consent-categories/ads", { body: { enabled: false } })
    expect(off.body.data.consentCategory.enabled).toBe(false)
    const secret = await tokenWith({ role: "Minimal Workspace Access" })
    expect((await call("GET", "/consent-categories", { secret })).body.data.consentCategories).toHaveLength(1)
    expect((await call("DELETE", "/consent-categories/ads", { secret })).status).toBe(403)
    expect((await call("DELETE", "/consent-categories/ads")).status).toBe(200)
  })

  it("DEL-55, AC8-23: alerts are their maker's to change; an owner deletes them, too; who sees nothing sees none", async () => {
    const secret = await tokenWith({ role: "Source Read-only", type: "SOURCE", id: "src_a" })
    const body = { type: "SOURCE_VOLUME", resourceId: "src_a", threshold: 4, channels: [{ type: "IN_APP" }] }
    const { alert } = (await call("POST", "/alerts", { secret, body })).body.data
    expect(alert).toMatchObject({ ...body, state: "ok", channels: [{ type: "IN_APP", status: { lastError: null } }] })
    expect((await call("PATCH", `/alerts/${alert.id}`, { body: { threshold: 5 } })).status).toBe(403)
    const mine = await call("PATCH", `/alerts/${alert.id}`, { secret, body: { threshold: 5 } })
    expect(mine.body.data.alert.threshold).toBe(5)
    const other = await tokenWith({ role: "Source Read-only", type: "SOURCE", id: "src_b" })
    expect((await call("GET", "/alerts", { secret: other })).body.data.alerts).toEqual([])
    expect((await call("GET", `/alerts/${alert.id}`, { secret: other })).status).toBe(404)
    expect((await call("DELETE", `/alerts/${alert.id}`, { secret: other })).status).toBe(404)
    expect((await call("DELETE", `/alerts/${alert.id}`)).status).toBe(200)
    expect((await call("GET", "/notifications")).body.data).toEqual({ notifications: [], unseen: 0 })
    expect((await call("POST", "/notifications/seen", { body: { upTo: 1 } })).status).toBe(200)
  })

  it("ADM-45: who has no PII access sees masks in the audit trail, and cannot give more than that", async () => {
    const { secret } = (await call("POST", "/tokens", { body: { description: "no pii", piiAccess: false } })).body.data
    await call("PATCH", "/", { body: { name: "jane@example.com" } })
    const { events } = (await call("GET", "/audit-events?resourceType=WORKSPACE", { secret })).body.data
    expect(JSON.stringify(events)).not.toContain("jane@example.com")
    const given = await call("POST", "/tokens", { secret, body: { description: "more", piiAccess: true } })
    expect(given.body.data.token.piiAccess).toBe(false)
  })
})
