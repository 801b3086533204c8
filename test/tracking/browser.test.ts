import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { type Api, startApi } from "./harness.ts"
import { openPage } from "./stand-in-browser.ts"

let api: Api
let script: string
beforeEach(async () => {
  api = await startApi()
  script = (await api.send("/analytics.js/v1/W/analytics.min.js")).text
})
afterEach(async () => {
  await api.close()
})

it("AC1-3, ING-155: the served library, on a page of another origin, sends its six calls to us and nothing elsewhere", async () => {
  // No `_cdn` and no `cdnURL`: what a page gets that only loads our file.
  const page = openPage(script, { writeKey: "W" })
  await vi.waitFor(() => expect(page.analytics).toHaveProperty("initialized", true))
  await page.analytics.identify!("u", { email: "x@y.z" })
  await page.analytics.track!("E", { a: 1 })
  await page.analytics.page!()
  await page.analytics.group!("g")
  await page.analytics.alias!("u2")
  await page.analytics.screen!("s")
  await vi.waitFor(() => expect(api.log.stored).toHaveLength(6))

  expect(page.requests).toEqual([
    `GET ${api.url}/v1/projects/W/settings`,
    ...["i", "t", "p", "g", "a", "s"].map((short) => `POST ${api.url}/v1/${short}`)
  ])
  expect(api.log.stored.map((message) => message.type)).toEqual([
    "identify",
    "track",
    "page",
    "group",
    "alias",
    "screen"
  ])
  for (const message of api.log.stored) {
    expect(message).toMatchObject({
      channel: "browser",
      context: { ip: "127.0.0.1", library: { name: "analytics.js" } }
    })
    expect(message).not.toHaveProperty("writeKey")
  }
})

it("ING-155: without an apiHost in its settings the served library still sends to us", async () => {
  const page = openPage(script, {
    writeKey: "W",
    fetch: () => Promise.resolve(new Response('{"integrations":{"Segment.io":{"apiKey":"W"}}}'))
  })
  await vi.waitFor(() => expect(page.analytics).toHaveProperty("initialized", true))
  await page.analytics.track!("E")
  await vi.waitFor(() => expect(page.requests).toHaveLength(2))
  expect(page.requests).toEqual([`GET ${api.url}/v1/projects/W/settings`, `POST https://${new URL(api.url).host}/v1/t`])
})
