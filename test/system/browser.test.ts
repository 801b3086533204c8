/**
 * Real browsers against the whole service: the page comes from another origin, the library from us, and nothing may
 * leave for a third host (AC1-3, ING-155). GraphiQL is opened as a person would.
 */
import { build } from "esbuild"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BrowserContext, chromium, type Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest"
import { Service, spaceId, token, writeKey } from "./support/service.ts"

const executablePath = inject("chromium")

/** Says nothing to anybody but the pages' hosts. */
const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** The customer's page, on an origin of its own. */
const startSite = async (pages: Record<string, { type: string; body: string }>) => {
  const server: Server = createServer((req, res) => {
    const page = pages[req.url!.split("?")[0]!]
    res.writeHead(page === undefined ? 404 : 200, { "content-type": page?.type ?? "text/plain" })
    res.end(page?.body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** The snippet of docs/clients.md (ING-157), with `load` for options. */
const snippet = (host: string, options: unknown = {}) => `<!doctype html><title>Shop</title><script>
  var analytics = (window.analytics = window.analytics || [])
  analytics._writeKey = ${JSON.stringify(writeKey)}
  analytics._cdn = ${JSON.stringify(host)}
  analytics._loadOptions = ${JSON.stringify(options)}
  ;["identify", "track", "page", "group", "alias", "screen", "reset", "ready", "on", "once"].forEach(function (method) {
    analytics[method] = function () {
      analytics.push([method].concat([].slice.call(arguments)))
      return analytics
    }
  })
  var script = document.createElement("script")
  script.async = true
  script.src = analytics._cdn + "/analytics.js/v1/" + analytics._writeKey + "/analytics.min.js"
  document.head.appendChild(script)
  analytics.page()
</script>`

/** What the pages have; `instance` is where the npm build keeps the library. */
interface Shop {
  readonly analytics: Record<
    "identify" | "track" | "group" | "screen" | "alias" | "page",
    (...args: ReadonlyArray<unknown>) => Promise<void>
  > & {
    readonly ready: (then: () => void) => unknown
    readonly user: () => { readonly anonymousId: () => string }
    readonly instance?: Shop["analytics"]
  }
}

interface Activity {
  readonly profile: {
    readonly events: {
      readonly edges: ReadonlyArray<{ readonly node: { readonly event: string; readonly context: unknown } }>
    }
  }
}

interface Seen {
  readonly method: string
  readonly url: URL
  readonly status: Promise<number>
}

/** What the DevTools protocol saw on the wire of a page, preflights included: those are no requests to the page itself. */
const record = async (context: BrowserContext, page: Page): Promise<ReadonlyArray<Seen>> => {
  const seen: Array<Seen> = []
  const answers = new Map<string, (status: number) => void>()
  const session = await context.newCDPSession(page)
  await session.send("Network.enable")
  session.on("Network.requestWillBeSent", ({ request, requestId }) => {
    const { promise, resolve } = Promise.withResolvers<number>()
    answers.set(requestId, resolve)
    seen.push({ method: request.method, url: new URL(request.url), status: promise })
  })
  session.on("Network.responseReceived", ({ requestId, response }) => answers.get(requestId)?.(response.status))
  session.on("Network.loadingFailed", ({ requestId }) => answers.get(requestId)?.(0))
  return seen
}

describe.skipIf(executablePath === null)("in Chromium", () => {
  let service: Service
  let site: Awaited<ReturnType<typeof startSite>>
  let profile: string
  let context: BrowserContext
  let page: Page
  let seen: ReadonlyArray<Seen>
  const foreign: Array<string> = []

  beforeAll(async () => {
    service = await new Service().start()
    const npm = await build({
      stdin: {
        contents: `import { AnalyticsBrowser } from "@segment/analytics-next"
          window.analytics = AnalyticsBrowser.load({ writeKey: ${JSON.stringify(writeKey)}, cdnURL: ${JSON.stringify(service.url)} })`,
        resolveDir: import.meta.dirname
      },
      bundle: true,
      write: false,
      format: "iife",
      platform: "browser",
      define: { "process.env.NODE_ENV": '"production"' }
    })
    const html = "text/html; charset=utf-8"
    site = await startSite({
      "/": { type: html, body: snippet(service.url) },
      "/batching": {
        type: html,
        body: snippet(service.url, {
          integrations: {
            "Segment.io": { deliveryStrategy: { strategy: "batching", config: { size: 3, timeout: 500 } } }
          }
        })
      },
      "/npm": { type: html, body: '<!doctype html><title>Shop</title><script src="/npm.js"></script>' },
      "/npm.js": { type: "text/javascript", body: npm.outputFiles[0]!.text }
    })
  })
  afterAll(async () => {
    site.server.close()
    await service.dispose()
  })

  beforeEach(async () => {
    foreign.length = 0
    profile = mkdtempSync(join(tmpdir(), "braid-chromium-"))
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath!,
      headless: true,
      args: quiet,
      viewport: { width: 1280, height: 800 }
    })
    // Whatever wants to leave for another host is stopped here, and fails the test.
    const allowed = new Set([new URL(service.url).host, new URL(site.url).host])
    await context.route(
      (url) => /^(?:https?|wss?):$/.test(url.protocol) && !allowed.has(url.host),
      (route) => {
        foreign.push(route.request().url())
        return route.abort()
      }
    )
    context.on("request", (request) => {
      const url = new URL(request.url())
      if (/^https?:$/.test(url.protocol) && !allowed.has(url.host)) foreign.push(url.href)
    })
    page = context.pages()[0] ?? (await context.newPage())
    seen = await record(context, page)
  })
  afterEach(async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
    if (foreign.length > 0) throw new Error(`requests left for other hosts: ${foreign.join(", ")}`)
  })

  const calls = async (user: string) => {
    // The snippet's array becomes the library when it has loaded.
    await page.waitForFunction(() => Array.isArray((globalThis as unknown as Shop).analytics) === false)
    return page.evaluate(async (userId) => {
      const { analytics } = globalThis as unknown as Shop
      await new Promise<void>((resolve) => void analytics.ready(resolve))
      await analytics.identify(userId, { email: `${userId}@example.com` })
      await analytics.track("Product Viewed", { sku: "shoe-1" })
      await analytics.group(`${userId}-company`, { name: "Company" })
      await analytics.screen("Checkout")
      await analytics.alias(`${userId}-later`)
      return (analytics.instance ?? analytics).user().anonymousId()
    }, user)
  }

  const tracked = async (count: number) => {
    await service.until(`${count} requests of the library`, 20, async () =>
      seen.filter(({ method, url }) => method === "POST" && url.pathname.startsWith("/v1/")).length >= count
        ? true
        : undefined
    )
    const requests = await Promise.all(
      seen
        .filter(({ url }) => url.origin === service.url && url.pathname.startsWith("/v1/"))
        .map(async ({ method, url, status }) => `${method} ${url.pathname} ${await status}`)
    )
    return requests
  }

  const types = async (profile: string) =>
    (await service.profile(`${profile}/events?limit=100`)).body.data.map((event) => event.type).sort()

  it("AC1-3: the snippet, on a page of another origin: preflights, six calls, all stored with the sender's address", async () => {
    await page.goto(site.url)
    const anonymousId = await calls("browser-1")
    const requests = await tracked(6)
    const shorts = ["a", "g", "i", "p", "s", "t"]
    expect(requests.filter((it) => it.startsWith("POST")).sort()).toEqual(
      shorts.map((short) => `POST /v1/${short} 200`)
    )
    const preflights = requests.filter((it) => it.startsWith("OPTIONS"))
    expect(preflights.length).toBeGreaterThan(0)
    for (const preflight of preflights) expect(preflight).toMatch(/ 204$/)

    await service.settled()
    expect(await types("user_id:browser-1")).toEqual(["page", "screen", "track"])
    expect((await service.profile("user_id:browser-1/traits")).body.traits).toEqual({ email: "browser-1@example.com" })
    const ids = (await service.profile("user_id:browser-1/external_ids")).body.data
    expect(ids.map(({ type, id }) => `${type}:${id}`).sort()).toEqual([
      `anonymous_id:${anonymousId}`,
      "email:browser-1@example.com",
      "user_id:browser-1"
    ])
    expect((await service.profile("user_id:browser-1/links")).body.data).toHaveLength(1)
    const { data } = await service.graphql<Activity>(
      `query ($space: ID!) { profile(spaceId: $space, by: { externalId: { type: "user_id", id: "browser-1" } }) {
         events { edges { node { event context } } } } }`,
      { space: spaceId }
    )
    for (const { node } of data.profile.events.edges)
      expect(node.context).toMatchObject({
        ip: "127.0.0.1",
        library: { name: "analytics.js" },
        userAgent: expect.stringContaining("Chrome")
      })
  })

  it("AC1-3: with batching, the calls come as /v1/b", async () => {
    await page.goto(`${site.url}/batching`)
    await calls("browser-2")
    const requests = await tracked(2)
    const posts = requests.filter((it) => it.startsWith("POST"))
    expect(new Set(posts)).toEqual(new Set(["POST /v1/b 200"]))
    await service.settled()
    await service.until("the calls of the last batch", 10, async () =>
      (await types("user_id:browser-2")).length === 3 ? true : undefined
    )
  })

  it("AC1-3: the npm build with cdnURL", async () => {
    await page.goto(`${site.url}/npm`)
    await page.evaluate(() => (globalThis as unknown as Shop).analytics.page("Home"))
    await calls("browser-3")
    const posts = (await tracked(6)).filter((it) => it.startsWith("POST")).sort()
    expect(posts).toEqual(["a", "g", "i", "p", "s", "t"].map((short) => `POST /v1/${short} 200`))
    await service.settled()
    expect(await types("user_id:browser-3")).toEqual(["page", "screen", "track"])
  })

  it("GraphiQL renders without another host, takes the token in its header pane and runs a query", async () => {
    const complaints: Array<string> = []
    page.on("pageerror", (error) => complaints.push(error.message))
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text())
    })
    await service.batch([{ type: "identify", userId: "graphiql", traits: { plan: "pro" } }])
    await service.settled()
    await page.goto(`${service.url}/graphql`)
    await page.getByRole("button", { name: /execute query/i }).waitFor()
    // Pasted, as from the demo's output: the editor would close brackets that are typed.
    await context.grantPermissions(["clipboard-read", "clipboard-write"])
    const paste = async (editor: string, text: string) => {
      await page.locator(editor).click({ position: { x: 20, y: 10 } })
      await page.keyboard.press("ControlOrMeta+a")
      await page.evaluate((content) => navigator.clipboard.writeText(content), text)
      await page.keyboard.press("ControlOrMeta+v")
    }
    await paste(
      ".graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines",
      `{"Authorization": "Bearer ${token}"}`
    )
    await page.getByRole("button", { name: /re-fetch/i }).click()
    await page.getByRole("button", { name: /documentation/i }).click()
    await page.getByText("ExternalIdConnection").waitFor()
    await paste(".graphiql-query-editor .view-lines", "{ spaces { slug profileCount } }")
    await page.getByRole("button", { name: /execute query/i }).click()
    const result = page.locator(".result-window")
    await service.until("the answer in the page", 20, async () =>
      (await result.innerText()).includes("profileCount") ? true : undefined
    )
    if (process.env["BRAID_TEST_SCREENSHOT"] !== undefined)
      await page.screenshot({ path: process.env["BRAID_TEST_SCREENSHOT"] })
    expect(await result.innerText()).toContain("demo")
    expect(complaints).toEqual([])
  })
})
