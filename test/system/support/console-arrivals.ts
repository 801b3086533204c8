/**
 * The pages of the console about what arrives (live events, sources, a profile's timeline), and the states that every page has:
 * nothing there, not allowed, too much, away, signed out. Part of console.test.ts, whose service and browser they use.
 */
import type { Page } from "playwright-core"
import { expect, it } from "vitest"
import type { Driver } from "./console-decisions.ts"

interface Arrivals extends Driver {
  /** Complaints that a test brings about on purpose are no complaints. */
  readonly forget: () => void
  readonly signIn: (secret: string) => Promise<void>
  readonly admin: string
  /** Of the whole workspace. */
  readonly owner: string
  /** With `profiles:read` only. */
  readonly reader: string
}

const answered = (code: string, message: string) => ({
  json: { errors: [{ message, extensions: { code, requestId: "req_of_this_test" } }] }
})

const rows = (page: Page) => page.locator("table[aria-label='Messages'] tbody tr:not(.spacer)")

export const arrivalPages = (use: () => Arrivals): void => {
  it("ING-120, ING-121: what arrives is there at once; markup in names is text; the call, its payload, its identity", async () => {
    const { service, page, open, expectText, expectClean } = use()
    await open("/s/demo/live")
    await expectText("<b>Bold</b>")
    await service.batch([
      {
        type: "identify",
        userId: "abc456",
        traits: { email: "jane@example.com" },
        messageId: "live-1",
        context: { library: { name: "analytics.js" } }
      },
      { type: "track", userId: "abc456", messageId: "live-2" }
    ])
    await rows(page).getByText("event_not_defined").waitFor()
    await rows(page).getByText("1 demoted").first().waitFor()
    await expectClean()
    await rows(page).getByText("1 demoted").first().click()
    await expectText('analytics.identify("abc456"')
    await expectText("Where it went")
    await page.getByRole("button", { name: /^Identity/ }).click()
    await page.waitForURL(/tab=identity/)
    await expectText("would have made 2 user_id, the limit is 1 ever")
    await expectClean()
    await page.getByRole("button", { name: "Raw", exact: true }).click()
    await page.locator("pre.picks span").getByText('"abc456"', { exact: true }).first().click()
    await page.waitForURL(/q=abc456/)
    await expectClean()
  })

  it("ING-120, ING-123: a paused list stays, counts what comes, and goes on with it; filters find a message", async () => {
    const { service, page, open, expectText } = use()
    await open("/s/demo/live")
    await rows(page).first().waitFor()
    const before = await rows(page).first().innerText()
    await page.keyboard.press("p")
    await page.waitForURL(/paused=true/)
    await service.batch([{ type: "track", userId: "abc456", event: "While Paused", messageId: "live-3" }])
    await page.getByRole("button", { name: /Paused, 1 new message/ }).waitFor()
    expect(await rows(page).first().innerText()).toBe(before)
    await page.keyboard.press("p")
    await rows(page).getByText("While Paused").waitFor()
    await page.getByLabel("Name of the event, exactly").fill("While Paused")
    await page.waitForURL(/event=While/)
    await expect.poll(() => rows(page).count()).toBe(1)
    await page.getByRole("button", { name: "Clear" }).click()
    await page.getByLabel("Status").selectOption("DISCARDED")
    await page.waitForURL(/status=DISCARDED/)
    await expectText("track` needs the name of the event")
    await page.getByLabel("Message id").fill("nobody")
    await expectText("No message matches")
  })

  it("AC1-34 by eye: a lost connection is said, and what came meanwhile is there afterwards", async () => {
    const { service, page, open, forget, expectClean } = use()
    await open("/s/demo/live")
    await page.getByRole("button", { name: "Live", exact: true }).waitFor()
    await page.context().setOffline(true)
    await page.getByRole("button", { name: "Reconnecting" }).waitFor()
    await service.batch([{ type: "track", userId: "abc456", event: "While Away", messageId: "live-4" }])
    await page.context().setOffline(false)
    await rows(page).getByText("While Away").waitFor({ timeout: 15_000 })
    forget()
    await expectClean()
  })

  it("ING-130, ING-132, ING-137: what a source sends by name, its properties, the file; archived events are elsewhere", async () => {
    const { page, open, expectText, expectClean, owner, service } = use()
    const block = async (blocked: boolean) => {
      const answer = await fetch(`${service.url}/public-api/sources/src_web/event-filters`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${owner}` },
        body: JSON.stringify({ changes: [{ type: "page", blocked }] })
      })
      expect(answer.status).toBe(200)
    }
    await open("/s/demo/sources")
    await expectText("2 sources")
    await expectClean()
    await page.locator("tbody a").getByText("Website").click()
    await page.waitForURL(/sources\/src_web\/schema/)
    await expectText(/Website sent \d+ kinds of events in 7 days/)
    await page.locator("td").getByText("Page Viewed").first().click()
    await page.waitForURL(/event=Page/)
    await expectClean()
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download CSV" }).click()
    ])
    expect(download.suggestedFilename()).toMatch(/web-track--.*\.csv$/)
    await block(true)
    await page.getByRole("button", { name: "Archive", exact: true }).click()
    await page.getByRole("button", { name: "Archived" }).click()
    await page.getByRole("button", { name: "Take out of the archive" }).click()
    await expectText("No event is archived")
    await block(false)
    await page.getByRole("link", { name: /Identify/ }).click()
    await expectText("email")
    await expectClean()
  })

  it("PRO-72: the timeline by keys; events as calls, and with the identifiers that they were resolved by", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/profiles?q=kim%40example.com")
    await page.locator("tbody a").first().click()
    await page.locator(".ev").first().waitFor()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.locator(".ev[aria-current]").waitFor()
    await page.getByRole("link", { name: "Events", exact: true }).click()
    await expectText("Resolved by")
    await expectText("POST /v1/page")
    await page.getByRole("button", { name: "Raw", exact: true }).click()
    await page.waitForURL(/view=raw/)
    await expectText('"external_ids"')
    await expectClean()
    await page.goBack()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.waitForURL(/explain\/c-/)
  })

  it("an address that leads nowhere has a page that says what to do; so have a space and a profile that are not there", async () => {
    const { page, open, expectText, expectClean } = use()
    for (const [path, words] of [
      ["/s/demo/nowhere", "Nothing is at this address"],
      ["/nowhere", "Nothing is at this address"],
      ["/s/nowhere/profiles", 'This token opens no space "nowhere"'],
      ["/s/demo/profiles/use_000000000000000000000000000/overview", "Nobody has the id"]
    ] as const) {
      await open(path)
      await expectText(words)
      await expectClean()
    }
    await open("/s/demo/nowhere")
    await page.getByRole("link", { name: "Profiles" }).last().click()
    await page.waitForURL(/\/s\/demo\/profiles$/)
  })

  it("too much, broken, away: each says what it is, beside what still works; what was away goes on by itself", async () => {
    const { page, open, expectText, expectClean, forget } = use()
    const broken = new Map([
      ["ProfileTraits", answered("RATE_LIMITED", "As this test wants it.")],
      ["ProfileIdentities", answered("INTERNAL", "As this test wants it.")]
    ])
    await open("/s/demo/profiles?q=kim%40example.com")
    await page.route("**/console/graphql", (route) => {
      const answer = broken.get(route.request().postDataJSON().operationName)
      return answer === undefined ? route.fallback() : route.fulfill(answer)
    })
    await page.locator("tbody a").first().click()
    for (const words of ["Too many requests from this session", "Braid could not answer"])
      await page.locator("[role=alert]").getByText(words).waitFor({ timeout: 10_000 })
    await page.locator(".ev").first().waitFor()
    await expectClean()
    await page.unroute("**/console/graphql")
    const again = page.getByRole("button", { name: "Try again" })
    await again.last().click()
    await again.first().click()
    await page.locator("[role=alert]").first().waitFor({ state: "detached" })
    await open("/s/demo/health")
    await expectText("up to date")
    await page.context().setOffline(true)
    await expectText("Braid is not answering")
    await page.context().setOffline(false)
    await page.locator("[role=alert]").first().waitFor({ state: "detached" })
    forget()
  })

  it("without a scope: who may give it; a session that has ended: sign in, and be back", async () => {
    const { page, open, expectText, expectClean, forget, signIn, reader, admin } = use()
    await page.context().clearCookies()
    await signIn(reader)
    await open("/s/demo/insights/violations")
    await expectText("This token may not see this")
    await expectClean()
    await open("/s/demo/live?status=ACCEPTED")
    await page.context().clearCookies()
    await page.waitForURL(/sign-in/)
    await page.getByText("Your session has ended").waitFor()
    forget()
    await expectClean()
    await page.getByLabel("Access token").fill(admin)
    await page.getByRole("button", { name: "Sign in" }).click()
    await page.waitForURL(/\/s\/demo\/live\?status=ACCEPTED/)
  })
}
