/**
 * The pages of the console about decisions: explain, why not merged, rules, what-if. Part of console.test.ts, whose service and
 * browser they use; the last of them change the rules and the profiles.
 */
import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { beforeAll, expect, it } from "vitest"
import type { Service } from "./service.ts"

export interface Driver {
  readonly service: Service
  readonly page: Page
  readonly open: (path: string) => Promise<void>
  readonly expectText: (words: string | RegExp) => Promise<void>
  /** Nothing serious for axe, no error, no request to another host. */
  readonly expectClean: () => Promise<void>
}

/** W-19 in small: a tablet with three people. */
const tablet = [1, 2, 3].map((n) => ({
  type: "identify",
  messageId: `pad-${n}`,
  anonymousId: `visit-${n}`,
  traits: { email: `e${n}@pad.example`, name: `Pad ${n}` },
  context: { device: { type: "ios", id: "pad1" } }
}))

export const decisionPages = (use: () => Driver): void => {
  beforeAll(async () => {
    const { service } = use()
    for (const message of tablet) await service.batch([message])
    await service.settled()
  })

  it("explain states what was decided, which limit was breached and what gave way", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/explain/c-6")
    await expectText("Created a new profile instead of joining Jane Doe's")
    const shown = await page.locator("main").innerText()
    for (const part of ["Limit breached", "2 of 1 ever", "Demoted email", "<img src=x"]) expect(shown).toContain(part)
    await page.getByRole("button", { name: /All \d+ steps/ }).click()
    await page.waitForURL(/steps=all/)
    await expectText("LIMIT_CHECK")
    await expectClean()
  })

  it("IDR-180: an event is tried: a mistake in it is said with its place, one that has come is tried with one click", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/explain")
    await expectText("Type or paste a call")
    const field = page.getByLabel("Event as JSON")
    await field.fill('{\n  "type": "identify",\n  "userId": "abc123",\n}')
    await expectText("Line 3, column 21: no comma before }.")
    expect(await page.getByRole("button", { name: "Run" }).isDisabled()).toBe(true)
    await expectClean()
    await page.getByRole("button", { name: "Go there" }).click()
    await page.keyboard.press("Delete")
    await page.keyboard.press("Control+Enter")
    await page.getByRole("heading", { level: 1, name: "Would belong to Jane Doe" }).waitFor()
    await page.getByRole("button", { name: "Recent events" }).click()
    await page
      .getByRole("button", { name: /identify.*visit-3|identify.*pad1/ })
      .first()
      .click()
    await expectText(/Extracted 3 identifiers/)
    await expectClean()
    await open("/s/demo/explain?message=c-5")
    await page.getByRole("button", { name: "Run" }).click()
    await expectText("Extracted 2 identifiers")
  })

  it("PRO-85, within a minute: from a pasted e-mail address and an id to why they are two, and to the step that decided it", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/profiles")
    await page.keyboard.press("Control+k")
    await page.getByRole("combobox", { name: "Search or paste" }).fill("jane@example.com")
    await page.getByRole("option", { name: "Why was it not merged with another?" }).click()
    // The cursor waits for the second one, which may be written without its type.
    await page.locator("input[aria-label='Second person']:focus").waitFor()
    await page.keyboard.type("abc456")
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: /A limit was in the way/ }).waitFor()
    await expectText(/would have had 2 user_id, and the limit is 1 ever/)
    await expectText("What to do:")
    await expectClean()
    await page.getByRole("link", { name: "Explain the event" }).click()
    await expectText("Limit breached")
    await page.goBack()
    await page.getByRole("heading", { name: /A limit was in the way/ }).waitFor()
    // What another limit would have made of these two, quickly: only of them.
    await page.getByRole("button", { name: "Try 2 user_id on these two" }).click()
    await page.getByRole("heading", { level: 1, name: "1 profile less" }).waitFor()
    await expectText(/only whoever is connected with/)
    await expectText("Merged, 2 to 1")
    // By a name that one person has; what nobody has is said.
    await open("/s/demo/insights/not-merged?a=Pad&b=user_id:nobody")
    await page.getByRole("heading", { name: /Nobody has one of them/ }).waitFor()
    await open("/s/demo/insights/not-merged?a=Pad&b=nobody-at-all")
    await expectText('Nobody has "nobody-at-all"')
    await expectClean()
  })

  it("PRO-81: every filter of Insights is in the address", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/insights/violations?range=7d&kind=IDENTIFIER_LIMIT&type=email")
    await page.locator("td").getByText("Limit exceeded").first().waitFor()
    expect(await page.getByLabel("Kind").inputValue()).toBe("IDENTIFIER_LIMIT")
    await page.getByLabel("Identifier value").fill("jane@example.com")
    await page.waitForURL(/id=jane/)
    await expectClean()
    for (const tab of ["audit?action=Rules+Saved&actor=nobody", "contended"]) {
      await open(`/s/demo/insights/${tab}`)
      await page.locator("section.card").first().waitFor()
      await expectClean()
    }
    await expectText(/contended/i)
  })

  it("addresses with a workspace, and values behind /go, lead to their pages", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/w/acme/s/demo/rules?edit=email")
    await page.waitForURL(/\/console\/s\/demo\/rules\?edit=email/)
    await open("/go/kim@example.com")
    await page.waitForURL(/\/s\/demo\/profiles\/use_/)
    await open("/go/c-6")
    await page.waitForURL(/\/explain\/c-6/)
    await open("/go/nobody-has-this")
    await expectText(/No space that you can open holds/)
    await expectClean()
  })

  it("IDR-157, IDR-158: rules are edited with undo; what is refused stands at its value; whom it affects is counted first", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/rules")
    const limit = page.getByRole("textbox", { name: "Limit of email" })
    await limit.fill("1")
    await limit.press("Enter")
    await expectText("limit 5 ever to 1 ever")
    await expectText("1 profile holds more. It keeps what it has.")
    await expectText("1 over")
    await page.getByRole("button", { name: /Blocked values of email/ }).click()
    await page.waitForURL(/edit=email/)
    await page.getByRole("button", { name: "Pattern", exact: true }).click()
    await page.getByLabel("Pattern to block for email").fill("^(test")
    await page.keyboard.press("Enter")
    await page.getByRole("alert").first().waitFor()
    expect(await page.getByRole("button", { name: /Save as v2/ }).isDisabled()).toBe(true)
    await expectClean()
    await page.getByRole("heading", { level: 1 }).click()
    await page.keyboard.press("Control+z")
    await page.getByRole("alert").first().waitFor({ state: "detached" })
    // The event of the panel beside, under both.
    await expectText(/Under v1 and your change alike/)
    await page.getByRole("button", { name: "Move anonymous_id up" }).click()
    await expectText(/priority \d+ to \d+/)
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Move anonymous_id up")
    await page.getByRole("button", { name: "Undo" }).click()
    // With the keyboard alone.
    for (const key of ["j", "+"]) await page.keyboard.press(key)
    await expectText("user_id limit 1 ever to 2 ever")
    await page.keyboard.press("Control+z")
    await expectText("1 change:")
    await expectClean()
  })

  it("IDR-191: a what-if shows each identifier's way, and both explanations of the first event that is decided otherwise", async () => {
    const { page, open, expectText, expectClean } = use()
    await page.getByRole("button", { name: "Try in What-if" }).click()
    await page.waitForURL(/what-if\/wif_/)
    await page.getByRole("heading", { level: 1, name: "2 profiles more" }).waitFor()
    // Each comes with an answer of its own.
    for (const part of ["limit 5 ever to 1 ever", "Split 1", "pad1", "e3@pad.example", "pad-2"]) await expectText(part)
    expect(await page.locator(".strands svg path").count()).toBe(7)
    expect(await page.locator("figure").getAttribute("aria-label")).toBe(
      "7 identifiers on 1 profile now, on 3 with these rules"
    )
    await expectClean()
    const download = page.waitForEvent("download")
    await page.getByRole("button", { name: "Export" }).click()
    const [line] = readFileSync(await (await download).path(), "utf8")
      .trim()
      .split("\n")
    expect(JSON.parse(line!)).toMatchObject({ change: "SPLIT", identifierCount: 7, firstDivergence: "pad-2" })
    await page.getByRole("button", { name: "Explain both" }).click()
    await page.waitForURL(/why=true/)
    const sides = page.locator(".dstory")
    expect(await sides.nth(0).innerText()).toContain("Added to")
    expect(await sides.nth(1).innerText()).toContain("Limit breached")
    await expectClean()
    await page.getByRole("button", { name: "Table" }).click()
    await page.locator("td").getByText("e3@pad.example").first().waitFor()
    await expectClean()
    const { pathname } = new URL(page.url())
    await open("/s/demo/what-if")
    await expectText("limit 5 ever to 1 ever")
    await expectText("Profiles were never rebuilt")
    await expectClean()
    await page.getByRole("link", { name: /limit 5 ever to 1 ever/ }).click()
    await page.waitForURL(new RegExp(pathname))
    // The change waits where it was begun.
    await page.getByRole("link", { name: /Identity rules/ }).click()
    await expectText("1 change:")
  })

  it("IDR-193, IDR-194: a run is applied as a rebuild, with its consequences said first, and gone back from", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/what-if")
    await page.getByRole("link", { name: /limit 5 ever to 1 ever/ }).click()
    await page.getByRole("button", { name: "Apply to new events…" }).click()
    await expectDialog(page, "1 profile holds more than they allow, and keeps it.")
    await page.getByRole("button", { name: "Leave as it is" }).click()
    await page.getByRole("button", { name: "Rebuild profiles…" }).click()
    await expectDialog(page, "1 split")
    await expectDialog(page, "For 7 days you can go back.")
    await expectClean()
    await page.getByLabel("Reason, kept in the audit trail").fill("one e-mail each")
    await page.getByRole("dialog").getByRole("button", { name: "Rebuild profiles" }).click()
    await expectText("Rebuilt as v2")
    await open("/s/demo/what-if")
    await expectText("profiles are replaced")
    await page.getByRole("button", { name: "Go back…" }).click()
    await page.getByLabel("Reason, kept in the audit trail").fill("tried enough")
    await page.getByRole("dialog").getByRole("button", { name: "Go back" }).click()
    await expectText("the profiles of before are back")
    await expectClean()
  })

  it("IDR-156: versions say who saved what, and what is different today", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/rules/versions/2")
    await expectText("limit 5 ever to 1 ever")
    await expectText("What is different today")
    await expectClean()
    await page.getByRole("button", { name: "Edit the rules back to v2" }).click()
    await expectText(/1 change:.*limit 5 ever to 1 ever/)
    await page.getByRole("button", { name: "Discard" }).click()
  })
}

const expectDialog = (page: Page, words: string) => page.getByRole("dialog").getByText(words).first().waitFor()
