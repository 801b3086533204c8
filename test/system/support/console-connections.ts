/**
 * The pages of the console about where events go, as a newcomer walks through them (issue 6): a destination is added, an event fails
 * and shows its three payloads, the mapping is repaired, what failed is sent again, and the delivery rate recovers.
 */
import { generateKeyPairSync } from "node:crypto"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { Service } from "./service.ts"

export interface ConnectionUse {
  readonly service: Service
  readonly page: Page
  readonly open: (path: string) => Promise<void>
  readonly expectText: (words: string | RegExp) => Promise<unknown>
  readonly expectClean: () => Promise<void>
  readonly signIn: (secret: string) => Promise<void>
  /** May everything in the workspace. */
  readonly owner: string
  readonly admin: string
}

/** Takes payments in three letters only, and says so. */
const picky = (): Server =>
  createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      const { currency } = JSON.parse(body) as { readonly currency?: string }
      const takes = typeof currency === "string" && /^[A-Z]{3}$/.test(currency)
      response.writeHead(takes ? 200 : 400, { "content-type": "application/json" })
      response.end(JSON.stringify(takes ? { ok: true } : { message: "currency must have three letters" }))
    })
  })

const publicKey = (): string =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" }
  }).publicKey

const order = (messageId: string) => ({
  type: "track",
  event: "Order Completed",
  userId: "abc456",
  messageId,
  properties: { order_id: messageId, currency: "EUR" }
})

export const connectionPages = (use: () => ConnectionUse): void => {
  const receiver = picky()
  let hook: string
  beforeAll(async () => {
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve))
    hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/pay`
  })
  afterAll(() => new Promise((resolve) => receiver.close(resolve)))

  it("who sees one space is told what a token needs to see connections", async () => {
    const { open, expectText, expectClean } = use()
    await open("/s/demo/destinations")
    await expectText("workspace:admin")
    await expectClean()
  })

  it("DST-16, DST-85: a newcomer finds a destination in the catalog and adds it with its quick set-up", async () => {
    const { page, open, expectText, expectClean, signIn, owner } = use()
    await signIn(owner)
    await open("/s/demo/destinations")
    await expectText("feeds no destination")
    await expectClean()
    await page.getByRole("link", { name: "Add destination" }).click()
    await page.getByLabel("Find a destination").fill("webhook")
    await expectClean()
    await page.getByRole("link", { name: /^W? ?Webhooks \(Actions\)/ }).click()
    await expectText("Quick set-up")
    await expectClean()
    await page.getByRole("link", { name: "Add Webhooks (Actions)" }).click()
    await page.getByRole("button", { name: "Add destination" }).click()
    await expectText("Choose whose events it gets.")
    await page.getByLabel("Source").selectOption({ label: "Website" })
    await page.getByLabel("Name").fill("Payments")
    await page.getByLabel("URL").fill(hook)
    await page.getByLabel(/Enable it at once/).check()
    await expectClean()
    await page.getByRole("button", { name: "Add destination" }).click()
    await page.waitForURL(/destinations\/dst_[^/]+\/mappings/)
    await expectText("every event")
  })

  it("DEL-20 to DEL-23, DEL-63, DEL-74: an event fails with its three payloads, the mapping is repaired, it is sent again, the rate recovers", async () => {
    const { service, page, expectText, expectClean } = use()
    await service.batch([order("pay-1")])
    await page.getByRole("link", { name: "Event delivery" }).click()
    const failed = page.getByRole("button", { name: "400", exact: true })
    await failed.waitFor({ timeout: 20_000 })
    await expectText("finally discarded")
    await expectClean()
    await failed.click()
    await expectText("Payments did not take Order Completed")
    for (const [pane, words] of [
      ["You sent", "pay-1"],
      ["Request to destination", "POST"],
      ["Response from destination", "currency must have three letters"]
    ] as const)
      await page.getByRole("region", { name: pane }).getByText(words).first().waitFor()
    await expectClean()

    await page.getByRole("link", { name: /Edit mapping/ }).click()
    await page.getByLabel("Event field for Data").fill("$.properties")
    await page.getByRole("button", { name: "Send this event" }).click()
    await expectText("1 mapping matched, 1 call made")
    await page.locator(".tag.good").getByText("Delivered").waitFor()
    await expectClean()
    await page.getByRole("button", { name: "Save mapping" }).click()
    await expectText("Saved. In force within a minute.")

    await page.getByRole("link", { name: "Replays" }).click()
    await page.getByRole("button", { name: "Replay events…" }).first().click()
    await page.getByRole("button", { name: "Only those that failed" }).click()
    await page
      .getByRole("dialog")
      .getByText(/^1 event, from/)
      .waitFor()
    await expectClean()
    await page.getByRole("button", { name: "Start replay" }).click()
    await expectText(/^1 sent/)

    await service.batch([order("pay-2"), order("pay-3"), order("pay-4")])
    await page.getByRole("link", { name: "Event delivery" }).click()
    await expectText("75.0 % of what was tried")
    await expectClean()
  })

  it("DST-65, DST-63: a filter is tried on an event before it is saved; its text stays what it is", async () => {
    const { page, expectText, expectClean } = use()
    await page.getByRole("link", { name: "Filters" }).click()
    await page.getByRole("button", { name: "New filter" }).first().click()
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("No orders")
    await page.getByLabel("Value").fill("Order Completed")
    await expectText("The event is not sent")
    await page.getByRole("button", { name: "Text" }).click()
    expect(await page.getByLabel("If").inputValue()).toBe("event = 'Order Completed'")
    await expectClean()
    await page.getByRole("button", { name: "All filters" }).click()
    const question = page.getByRole("dialog", { name: "Leave without saving?" })
    await question.getByRole("button", { name: "Go on editing" }).click()
    await page.getByRole("button", { name: "Save filter" }).click()
    await expectText("Event name is Order Completed")
    await expectClean()
  })

  it.each([
    ["overview", "Nothing was received"],
    ["tester", "Nothing has been sent"],
    ["alerts", "Nobody is told"],
    ["settings", "Shared Secret"]
  ])("the tab %s says what it is for", async (tab, words) => {
    const { page, open, expectText, expectClean } = use()
    const [path] = /\/s\/demo\/destinations\/[^/]+/.exec(page.url())!
    await open(`${path}/${tab}`)
    await expectText(words)
    await expectClean()
  })

  it.each([
    ["overview", "Eligible events"],
    ["settings", "Write keys"],
    ["alerts", "Nobody is told"]
  ])("ING-116, DEL-50: the tab %s of a source", async (tab, words) => {
    const { open, expectText, expectClean } = use()
    await open(`/s/demo/sources/src_web/${tab}`)
    await expectText(words)
    await expectClean()
  })

  it("DEL-80, DEL-83: fields are encrypted, and nobody leaves without the private key unasked", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/destinations")
    await page.getByRole("link", { name: /^Payments/ }).click()
    await page.getByRole("link", { name: "Settings" }).click()
    await expectText("It is in no category of consent")
    await page.getByRole("button", { name: "Generate keys" }).click()
    const key = page.getByLabel("Private key", { exact: true })
    expect(await key.inputValue()).toMatch(/^-----BEGIN PRIVATE KEY-----/)
    await expectClean()
    await page.getByRole("link", { name: "Consent categories" }).click()
    await page.getByRole("button", { name: "Stay" }).click()
    await page.getByRole("button", { name: "I have stored it" }).click()
    await page.getByRole("textbox", { name: "Fields" }).fill("email\nphone")
    await page.getByLabel(/^Encrypt these fields/).check()
    await page.getByRole("button", { name: "Save fields" }).click()
    await page.getByRole("button", { name: "Save fields" }).and(page.locator(":disabled")).waitFor()
  })

  it("PRV-60: a category of consent is added for a destination, and switched off by typing its name", async () => {
    const { page, expectText, expectClean } = use()
    await page.getByRole("link", { name: "Consent categories" }).click()
    await page.getByRole("button", { name: "Add category…" }).click()
    await page.getByLabel("Name").fill("Advertising")
    expect(await page.getByLabel("Id", { exact: true }).inputValue()).toBe("Advertising")
    await page.getByLabel("Webhooks (Actions)").check()
    await expectClean()
    await page.getByRole("button", { name: "Add category" }).click()
    const enforced = page.getByRole("switch", { name: "Advertising is enforced" })
    await enforced.click()
    const off = page.getByRole("button", { name: "Switch off" })
    expect(await off.isDisabled()).toBe(true)
    await page.getByLabel(/^Type Advertising/).fill("Advertising")
    await off.click()
    await page.getByRole("switch", { name: "Advertising is enforced", checked: false }).waitFor()
    await expectText("1 consent category")
    await expectClean()
  })

  it("ING-142: an OAuth application is added with a public key, and deleted by typing its name", async () => {
    const { page, open, expectText, expectClean } = use()
    await open("/s/demo/oauth-applications")
    await page.getByRole("button", { name: "Add application…" }).click()
    await page.getByLabel("Name", { exact: true }).fill("Billing")
    await page.getByLabel("Name of the key").fill("first")
    await page.getByLabel("Public key").fill("-----BEGIN PRIVATE KEY-----")
    await page.getByRole("dialog").getByText("This is the private key.").waitFor()
    await page.getByLabel("Public key").fill(publicKey())
    await expectClean()
    await page.getByRole("button", { name: "Add application", exact: true }).click()
    await expectText("It is connected to no source")
    await expectClean()
    await page.getByRole("button", { name: "Delete…" }).click()
    await page.getByLabel(/^Type Billing/).fill("Billing")
    await page.getByRole("button", { name: "Delete application" }).click()
    await expectText("No server signs yet")
    await expectClean()
  })

  it("back to one space", async () => {
    const { signIn, admin, open, expectText } = use()
    await signIn(admin)
    await open("/s/demo/profiles")
    await expectText("Jane Doe")
  })
}
