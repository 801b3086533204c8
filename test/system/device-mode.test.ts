/**
 * A destination in device mode, from the API to a page in a real browser: the document that libraries read, the filter that they apply, and
 * no second delivery from here.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { chromium } from "playwright-core"
import { afterAll, beforeAll, expect, inject, it } from "vitest"
import { configuration, Service, writeKey } from "./support/service.ts"

const executablePath = inject("chromium")
const testEntry = "b2a1d0000000000000000001"
const name = "Device Mode Test"

const service = new Service({
  config: { tokens: [...configuration.tokens, { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] }] },
  env: { BRAID_EGRESS_ALLOW_PRIVATE: "127.0.0.1/32" }
})

/** `path event` of everything that was delivered from here. */
const delivered: Array<string> = []
const html = `<!doctype html><title>Shop</title>`
const stub = createServer((req, res) => {
  const chunks: Array<Buffer> = []
  req.on("data", (chunk: Buffer) => chunks.push(chunk))
  req.on("end", () => {
    if (req.method === "GET") return res.writeHead(200, { "content-type": "text/html" }).end(html)
    const { event, type } = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>
    delivered.push(`${req.url} ${event ?? type}`)
    return res.writeHead(200).end("{}")
  })
})
const stubUrl = () => `http://127.0.0.1:${(stub.address() as AddressInfo).port}`

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

interface Document {
  readonly integrations: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly middlewareSettings: { readonly routingRules: ReadonlyArray<object> }
  readonly plan: { readonly track: Readonly<Record<string, unknown>> }
}

let etag = ""
const document = async (): Promise<Document> => {
  const answer = await fetch(`${service.url}/v1/projects/${writeKey}/settings`)
  etag = answer.headers.get("etag")!
  return (await answer.json()) as Document
}

const ids = { device: "", cloud: "" }
const make = async (connectionMode: "cloud" | "device") => {
  const { destination } = await api<{ readonly destination: { readonly id: string } }>("POST", "/destinations", {
    sourceId: "src_web",
    metadataId: testEntry,
    name: `On the ${connectionMode}`,
    enabled: true,
    connectionMode,
    settings: { urls: [`${stubUrl()}/${connectionMode}`], sharedSecret: "hush", publicToken: "token-1" }
  })
  ids[connectionMode] = destination.id
}

beforeAll(async () => {
  await new Promise<void>((resolve) => stub.listen(0, "127.0.0.1", resolve))
  await service.start()
  await make("device")
  await make("cloud")
  await api("POST", `/destination/${ids.device}/filters`, {
    sourceId: "src_web",
    title: "No secrets",
    if: "event = 'Secret' or properties.internal = null and event = 'Internal'",
    actions: [{ type: "DROP" }],
    enabled: true
  })
})
afterAll(async () => {
  await service.dispose()
  stub.closeAllConnections()
  await new Promise((resolve) => stub.close(resolve))
})

const send = (event: string, metadata?: object) =>
  service.batch(
    [{ type: "track", userId: "u", event, ...(metadata === undefined ? {} : { _metadata: metadata }) }],
    writeKey
  )
const arrived = (what: string) => service.until(what, 20, async () => (delivered.includes(what) ? true : undefined))

it("AC4-73: no routing rule while the source's toggle is off; with it, the rule; each change is another document", async () => {
  const off = await document()
  const before = etag
  expect(off.middlewareSettings.routingRules).toEqual([])
  await expect(api("PATCH", "/sources/src_web", { settings: { destinationFilters: "yes" } })).rejects.toThrow(
    /destinationFilters/
  )
  await api("PATCH", "/sources/src_web", { settings: { destinationFilters: true } })
  expect((await document()).middlewareSettings.routingRules).toMatchObject([
    { destinationName: name, scope: "destinations", transformers: [[{ type: "drop" }]] }
  ])
  expect(etag).not.toBe(before)
})

it("DST-45, ING-156: the document has what is public, and events that the schema keeps from the device", async () => {
  const integrationFilters = [{ destinationId: ids.device, type: "track", name: "Clicked", enabled: false }]
  await api("PUT", "/sources/src_web/integration-filters", { integrationFilters })
  const { integrations, plan } = await document()
  expect(integrations[name]).toEqual({
    publicToken: "token-1",
    type: "browser",
    bundlingStatus: "bundled",
    versionSettings: { componentTypes: ["browser", "ios", "android", "server"] }
  })
  expect(integrations["Segment.io"]).toMatchObject({
    unbundledIntegrations: [name],
    maybeBundledConfigIds: { [name]: [ids.device] }
  })
  expect(plan.track["Clicked"]).toEqual({ enabled: true, integrations: { [name]: false } })
})

it("AC4-64, AC4-71: what the device has served goes to the cloud instance beside it, and to none in device mode", async () => {
  await send("Served", { bundledIds: [ids.device], bundled: [name] })
  await send("Not served")
  await arrived("/cloud Served")
  await arrived("/cloud Not served")
  expect(delivered.filter((each) => each.startsWith("/device"))).toEqual([])
})

/** What the library asks for as the code of a classic destination: it writes down what it gets. */
const integration = `
  window.got = []
  window["device-mode-testDeps"] = []
  window["device-mode-testLoader"] = function () {
    function Integration(options) { this.heard = {}; window.got.push("token " + options.publicToken) }
    Integration.prototype.name = ${JSON.stringify(name)}
    Integration.prototype.on = Integration.prototype.once = function (what, then) { this.heard[what] = then }
    Integration.prototype.initialize = function () { this.heard.initialize(); this.heard.ready() }
    Integration.prototype.invoke = function (type, event) { if (type === "track") window.got.push(event.event()) }
    window["device-mode-testIntegration"] = Integration
  }`

interface Shop {
  readonly got?: ReadonlyArray<string>
  readonly analytics: {
    readonly initialized?: boolean
    readonly track: (event: string, properties?: object) => Promise<unknown>
  }
}

it.skipIf(executablePath === null)(
  "DST-22 to DST-25: the library in a browser loads it, filters for it, and says so to us",
  async () => {
    const browser = await chromium.launch({
      executablePath: executablePath!,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic"]
    })
    try {
      const page = await browser.newPage()
      await page.route(`${service.url}/next-integrations/**`, (route) =>
        route.fulfill({ contentType: "text/javascript", body: integration })
      )
      await page.goto(stubUrl())
      await page.evaluate(
        ([host, key]) => {
          Object.assign(globalThis, { analytics: Object.assign([], { _writeKey: key, _cdn: host, methods: [] }) })
        },
        [service.url, writeKey]
      )
      await page.addScriptTag({ url: `${service.url}/analytics.js/v1/${writeKey}/analytics.min.js` })
      await page.waitForFunction(() => (globalThis as unknown as Shop).analytics.initialized === true)
      await page.evaluate(async () => {
        const { analytics } = globalThis as unknown as Shop
        for (const event of ["Secret", "Clicked", "Internal", "Seen"]) await analytics.track(event)
        await analytics.track("Internal", { internal: false })
        await analytics.track("Last")
      })
      // What was tracked before the destination was ready comes a little later, in the order of the calls.
      await page.waitForFunction(() => (globalThis as unknown as Shop).got?.includes("Last"), undefined, {
        timeout: 20_000
      })
      expect(await page.evaluate(() => (globalThis as unknown as Shop).got)).toEqual([
        "token token-1",
        "Seen",
        "Internal",
        "Last"
      ])
    } finally {
      await browser.close()
    }
    // Everything came here, stamped with what the device has served: the cloud instance gets it, whose filters are its own.
    for (const event of ["Secret", "Internal", "Seen", "Last"]) await arrived(`/cloud ${event}`)
    expect(delivered.filter((each) => each.startsWith("/device"))).toEqual([])
  }
)

it("AC4-71: in cloud mode it is not in the document, and gets its events from here", async () => {
  await api("PATCH", `/destinations/${ids.device}`, { connectionMode: "cloud" })
  const { integrations, middlewareSettings, plan } = await document()
  expect(Object.keys(integrations)).toEqual(["Segment.io"])
  expect(integrations["Segment.io"]).toMatchObject({ unbundledIntegrations: [name], maybeBundledConfigIds: {} })
  expect([middlewareSettings.routingRules, Object.keys(plan.track)]).toEqual([[], ["__default"]])
  await send("Now from here")
  await arrived("/device Now from here")
  expect(delivered.filter((each) => each.startsWith("/device"))).toEqual(["/device Now from here"])
})

it("DST-4: however quickly it is switched, what comes in between is not its own, and what comes after the answer is", async () => {
  for (const n of [1, 2, 3, 4, 5]) {
    await api("PATCH", `/destinations/${ids.device}`, { connectionMode: "device" })
    await send(`Between ${n}`)
    await api("PATCH", `/destinations/${ids.device}`, { connectionMode: "cloud" })
    await send(`After ${n}`)
    await arrived(`/device After ${n}`)
  }
  expect(delivered.filter((each) => each.startsWith("/device Between"))).toEqual([])
})
