/**
 * The console in a real browser, on real data of one service: what each page must answer, nothing serious for axe, no request to
 * another host, stored markup shown as text. And its door: files, policy, sessions, forged requests.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Browser, BrowserContext, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { launch, openPage, seriousOf } from "./support/browser.ts"
import { arrivalPages } from "./support/console-arrivals.ts"
import { connectionPages } from "./support/console-connections.ts"
import { decisionPages } from "./support/console-decisions.ts"
import { configuration, Service, spaceId, token } from "./support/service.ts"

const executablePath = inject("chromium")
const admin = "pt_console_admin"
const owner = "pt_console_owner"
const markup = '<img src=x onerror="document.title=1">'

let service: Service

beforeAll(async () => {
  service = await new Service({
    config: {
      tokens: [
        ...configuration.tokens,
        { name: "admin", space: "demo", secret: admin, scopes: ["admin"] },
        { name: "owner", space: "demo", secret: owner, scopes: ["workspace:admin"] }
      ]
    },
    env: { BRAID_EGRESS_ALLOW_PRIVATE: "127.0.0.1/32" }
  }).start()
  // W-7: two visitors become one by an e-mail address; W-3: one address, two user ids.
  await service.batch([
    { type: "page", anonymousId: "anon-1", name: "Home", messageId: "c-1" },
    {
      type: "identify",
      anonymousId: "anon-1",
      traits: { email: "kim@example.com", name: "Kim Lee" },
      messageId: "c-2"
    },
    { type: "page", anonymousId: "anon-2", name: "Shoes", messageId: "c-3" },
    { type: "identify", anonymousId: "anon-2", traits: { email: "kim@example.com" }, messageId: "c-4" },
    { type: "identify", userId: "abc123", traits: { email: "jane@example.com", name: "Jane Doe" }, messageId: "c-5" },
    { type: "identify", userId: "abc456", traits: { email: "jane@example.com", name: markup }, messageId: "c-6" },
    { type: "track", userId: "abc456", event: "<b>Bold</b>", messageId: "c-7" }
  ])
  await service.settled()
})
afterAll(() => service.dispose())

const fromConsole = { "braid-console": "1", "content-type": "application/json" }

const signIn = async (secret: string) =>
  fetch(`${service.url}/console/session`, {
    method: "POST",
    headers: fromConsole,
    body: JSON.stringify({ token: secret })
  })

const cookieOf = (response: Response) => response.headers.get("set-cookie")!.split(";")[0]!

const ask = (headers: Record<string, string>, query = "{ spaces { slug } }") =>
  fetch(`${service.url}/console/graphql`, {
    method: "POST",
    headers: { ...fromConsole, ...headers },
    body: JSON.stringify({ query })
  })

describe("the door of the console", () => {
  it("the page allows no script but its own files; files never change; what is missing is 404", async () => {
    const page = await fetch(`${service.url}/console/s/demo/profiles`)
    const html = await page.text()
    expect(page.status).toBe(200)
    expect(page.headers.get("cache-control")).toBe("no-store")
    const policy = page.headers.get("content-security-policy")!
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain("unsafe")
    expect(html).not.toMatch(/<script(?![^>]* src=)/)
    const script = /src="(\/console\/assets\/[^"]+\.js)"/.exec(html)![1]!
    const file = await fetch(`${service.url}${script}`, { headers: { "accept-encoding": "br" } })
    expect(file.headers.get("cache-control")).toContain("immutable")
    expect(file.headers.get("content-encoding")).toBe("br")
    expect((await fetch(`${service.url}/console/assets/none.js`)).status).toBe(404)
    const dark = await fetch(`${service.url}/console`, { headers: { cookie: "braid_theme=dark" } })
    expect(await dark.text()).toContain('<html data-theme="dark"')
  })

  it("first load is at most 250 kB compressed", () => {
    const folder = join(import.meta.dirname, "../../dist/console")
    type Entry = { file: string; css?: Array<string>; imports?: Array<string>; isEntry?: boolean }
    const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Record<string, Entry>
    const files = new Set<string>()
    const add = (key: string): void => {
      const { file, css = [], imports = [] } = manifest[key]!
      if (files.has(file)) return
      for (const each of [file, ...css]) files.add(each)
      imports.forEach(add)
    }
    add(Object.keys(manifest).find((key) => manifest[key]!.isEntry === true)!)
    const bytes = [...files].reduce(
      (sum, file) => sum + gzipSync(readFileSync(join(folder, file)), { level: 9 }).length,
      0
    )
    expect(bytes).toBeLessThan(250_000)
  })

  it("a session has a cookie that scripts cannot read, and ends with signing out", async () => {
    const response = await signIn(admin)
    const cookie = response.headers.get("set-cookie")!
    for (const flag of ["HttpOnly", "SameSite=Strict", "Path=/console"]) expect(cookie).toContain(flag)
    const own = { cookie: cookieOf(response) }
    expect(await (await ask(own)).json()).toEqual({ data: { spaces: [{ slug: "demo" }] } })
    await fetch(`${service.url}/console/session`, { method: "DELETE", headers: { ...fromConsole, ...own } })
    expect((await ask(own)).status).toBe(401)
  })

  it("forged requests are refused: without our header, from another site, with a made-up cookie, with a token", async () => {
    const own = { cookie: cookieOf(await signIn(admin)) }
    const { "braid-console": _, ...plain } = fromConsole
    const forged = await fetch(`${service.url}/console/graphql`, {
      method: "POST",
      headers: { ...plain, ...own },
      body: "{}"
    })
    expect(forged.status).toBe(401)
    expect((await ask({ ...own, "sec-fetch-site": "cross-site" })).status).toBe(401)
    expect((await ask({ ...own, origin: "http://evil.example" })).status).toBe(401)
    expect((await ask({ cookie: `braid_session=${"x".repeat(43)}` })).status).toBe(401)
    expect((await ask({ authorization: `Bearer ${admin}` })).status).toBe(401)
    expect((await signIn("pt_nobody")).status).toBe(401)
  })

  it("what a session may do is what its token may do", async () => {
    const own = { cookie: cookieOf(await signIn(token)) }
    const query = `mutation { undoMerge(spaceId: "${spaceId}", mergeId: "mrg_x", reason: "x") { audit { id } } }`
    const { errors } = (await (await ask(own, query)).json()) as {
      errors: ReadonlyArray<{ extensions: { code: string } }>
    }
    expect(errors[0]!.extensions.code).toBe("FORBIDDEN")
  })
})

interface Found {
  readonly profile: { readonly segmentId: string }
}

/** The profile that holds an e-mail address. */
const profileOf = async (email: string): Promise<string> => {
  const query = `query ($space: ID!, $email: String!) {
    profile(spaceId: $space, by: { externalId: { type: "email", id: $email } }) { segmentId } }`
  return (await service.graphql<Found>(query, { space: spaceId, email })).data.profile.segmentId
}

describe.skipIf(executablePath === null)("the console in Chromium", () => {
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let complaints: Array<string>
  let open: (path: string) => Promise<void>

  beforeAll(async () => {
    browser = await launch(executablePath!)
    ;({ context, page, complaints, open } = await openPage(browser, service.url))
  })
  afterAll(() => browser?.close())

  const text = () => page.locator("main").innerText()
  const expectText = (words: string | RegExp) =>
    page.locator("main").getByText(words).first().waitFor({ timeout: 8000 })
  const expectClean = async () => {
    expect(await seriousOf(page)).toEqual([])
    expect(complaints.splice(0)).toEqual([])
  }

  it("asks who one is, and comes back to where one wanted to go", async () => {
    await open("/s/demo/profiles?anonymous=true")
    expect(await page.title()).toContain("Sign in")
    await expectClean()
    await page.getByLabel("Access token").fill(admin)
    await page.getByRole("button", { name: "Sign in" }).click()
    await page.waitForURL(/\/s\/demo\/profiles\?anonymous=true/)
  })

  it("PRO-70, PRO-73: profiles, and one found by its e-mail address", async () => {
    await open("/s/demo/profiles")
    await expectText("Jane Doe")
    await expectText(markup)
    await expectClean()
    await page.getByLabel("Find profiles").fill("kim@example.com")
    await page.waitForURL(/q=kim/)
    await expectText("1 profile found")
    await page.locator("tbody a").first().click()
    await page.waitForURL(/overview/)
    await page.getByRole("heading", { level: 1, name: "Kim Lee" }).waitFor()
  })

  it("the palette finds a person by pasted text, with the keyboard alone", async () => {
    await open("/s/demo/profiles")
    await page.keyboard.press("Control+k")
    await page.getByRole("combobox", { name: "Search or paste" }).waitFor()
    await page.keyboard.type("kim@example.com")
    await page.getByRole("option", { name: /Kim Lee/ }).waitFor()
    await expectClean()
    await page.keyboard.press("Enter")
    await page.waitForURL(/profiles\/use_/)
  })

  it("PRO-71: a profile says who it is, its identifiers and limits, what happened, its traits", async () => {
    await open(`/s/demo/profiles/${await profileOf("kim@example.com")}/overview`)
    await expectText("Merged in")
    const shown = await text()
    for (const part of ["Kim Lee", "anon-1", "anon-2", "2 / 5 ever", "Undo merge"]) expect(shown).toContain(part)
    await expectClean()
  })

  it("the graph tells the evidence of a merge; undoing is shown before it is done", async () => {
    await open(`/s/demo/profiles/${await profileOf("kim@example.com")}/graph`)
    await expectText("Two profiles held identifiers of this event, so they became one.")
    await page.locator("svg.threads").waitFor()
    await expectClean()
    await page.keyboard.press("ArrowLeft")
    await page.waitForURL(/e=c-3/)
    await page.keyboard.press("ArrowRight")
    await page.getByRole("button", { name: "Undo merge…" }).click()
    await page.getByText("Its own profile").waitFor()
    expect(await page.getByRole("dialog").innerText()).toContain("anon-2")
    await expectClean()
    await page.getByRole("button", { name: "Keep merged" }).click()
  })

  const signInAs = async (secret: string) => {
    await context.request.post(`${service.url}/console/session`, {
      headers: { "braid-console": "1", origin: service.url },
      data: { token: secret }
    })
  }

  arrivalPages(() => ({
    service,
    page,
    open: (path) => open(path),
    expectText,
    expectClean,
    forget: () => complaints.splice(0),
    signIn: signInAs,
    owner,
    admin,
    reader: token
  }))

  decisionPages(() => ({ service, page, open: (path) => open(path), expectText, expectClean }))

  connectionPages(() => ({
    service,
    page,
    open: (path) => open(path),
    expectText,
    expectClean,
    signIn: signInAs,
    owner,
    admin
  }))

  it("health, and dark", async () => {
    await open("/s/demo/health")
    await expectText("up to date")
    await page.keyboard.press("t")
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark")
    await expectClean()
    await open("/s/demo/profiles")
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark")
    await expectText("Jane Doe")
    await expectClean()
  })
})
