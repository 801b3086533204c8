/**
 * `npm run pictures`: starts the service on a fresh folder, fills it with the same data each time, and photographs every page of
 * the console at 1280x800 and 1920x1080, light and dark. Pictures for the documentation go to docs/images, all of them to
 * dist/pictures. Fails on what a person would call broken: see `test/system/support/browser.ts`.
 *
 *     npm run pictures                      all of it
 *     npm run pictures -- live graph        pages whose names begin so
 *     npm run pictures -- --keep            goes on running the service at the end, and says where
 *     npm run pictures -- --at http://127.0.0.1:1234 --size 1280 --theme dark live      of a service that runs, for trying things
 */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { parseArgs } from "node:util"
import { seeded } from "../../src/demo/random.ts"
import { cutTexts, launch, openPage, seriousOf } from "../system/support/browser.ts"
import { Service } from "../system/support/service.ts"
import { installedChromium } from "../support/chromium-service.ts"
import { openConnections } from "./connections.ts"
import { admin, configuration, encore, messages, send, traffic } from "./data.ts"
import { type Shot, shots } from "./pages.ts"
import { smaller } from "./png.ts"

const root = join(import.meta.dirname, "../..")
const all = join(root, "dist/pictures")
const kept = join(root, "docs/images")
const mostBytes = 150_000
const settleMs = 400

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    at: { type: "string" },
    keep: { type: "boolean", default: false },
    size: { type: "string" },
    theme: { type: "string" }
  }
})
const sizes = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 }
].filter(({ width }) => options.size === undefined || String(width) === options.size)
const themes = (["light", "dark"] as const).filter((theme) => options.theme === undefined || theme === options.theme)
/** As long as the pulse looks back. */
const trafficSeconds = 62

const chosen = shots.filter(({ name }) => wanted.length === 0 || wanted.some((each) => name.startsWith(each)))

const problems: Array<string> = []
const service =
  options.at === undefined
    ? new Service({ config: configuration, env: { BRAID_EGRESS_ALLOW_PRIVATE: "127.0.0.1/32" } })
    : undefined
const address = () => options.at ?? service!.url

let closeReceiver: () => Promise<unknown> = async () => undefined

const ask = async <A>(space: string, query: string): Promise<A> => {
  const response = await fetch(`${address()}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json", "braid-space": space },
    body: JSON.stringify({ query })
  })
  const { data, errors } = (await response.json()) as { readonly data?: A; readonly errors?: unknown }
  if (data === undefined || errors !== undefined) throw new Error(JSON.stringify(errors))
  return data
}

const say = (text: string) => process.stdout.write(`${text}\n`)

/** A shop that is open while its pictures are taken. */
const openShop = () => {
  const random = seeded(3)
  let n = 0
  let last = Promise.resolve()
  const timer = setInterval(() => (last = last.then(() => send(address(), traffic(random, n++)))), 250)
  return async () => {
    clearInterval(timer)
    await last
  }
}

const photograph = async (taken: ReadonlyArray<Shot>): Promise<void> => {
  const browser = await launch(installedChromium() ?? "chromium")
  try {
    for (const theme of themes)
      for (const viewport of sizes) {
        const { context, page, complaints, open } = await openPage(browser, address(), {
          viewport,
          colorScheme: theme,
          timezoneId: "UTC",
          locale: "en-GB"
        })
        const signIn = () =>
          page.request.post(`${address()}/console/session`, {
            headers: { "braid-console": "1", origin: address() },
            data: { token: admin }
          })
        for (const shot of taken) {
          const { name, path, until, act, signedOut, keep } = shot
          const label = `${name} ${viewport.width} ${theme}`
          try {
            if (signedOut === true) await context.clearCookies()
            else if ((await context.cookies()).length === 0) await signIn()
            await open(typeof path === "string" ? path : await path(ask))
            if (until !== undefined)
              await page.locator("main").getByText(until).filter({ visible: true }).first().waitFor({ timeout: 10_000 })
            await page.locator("[aria-busy='true']").first().waitFor({ state: "detached", timeout: 10_000 })
            // Names and small panels that came with the last answers.
            await page.waitForTimeout(settleMs)
            await act?.(page)
            await page.evaluate(() => document.fonts.ready.then(() => true))
            const picture = await page.screenshot()
            writeFileSync(join(all, `${name}-${viewport.width}-${theme}.png`), picture)
            if (keep === theme && viewport.width === 1280) {
              const small = smaller(picture)
              writeFileSync(join(kept, `${name}.png`), small)
              if (small.length > mostBytes) problems.push(`${label}: ${small.length} bytes are too many`)
            }
            for (const each of await seriousOf(page)) problems.push(`${label}: ${each}`)
            for (const each of await cutTexts(page)) problems.push(`${label}: ${each}`)
          } catch (error) {
            problems.push(`${label}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`)
            await page.screenshot({ path: join(all, `${name}-${viewport.width}-${theme}.failed.png`) })
          }
          for (const each of complaints.splice(0)) problems.push(`${label}: ${each}`)
        }
        await context.close()
      }
  } finally {
    await browser.close()
  }
}

try {
  if (wanted.length === 0) rmSync(all, { recursive: true, force: true })
  mkdirSync(all, { recursive: true })
  mkdirSync(kept, { recursive: true })
  if (service !== undefined) {
    await service.start()
    // First, so that the newest events are those of the people below.
    say("orders on their way to destinations ...")
    closeReceiver = await openConnections(address())
    const hourMs = 3_600_000
    const sent = messages(Math.floor(Date.now() / hourMs) * hourMs)
    say(`${sent.length} messages ...`)
    await send(address(), sent)
    await service.settled(180)
  }
  const still = chosen.filter(({ live }) => live !== true)
  say(`${still.length} pages, ${sizes.length} sizes, ${themes.length} themes ...`)
  await photograph(still)
  const moving = chosen.filter(({ live }) => live === true)
  if (moving.length > 0) {
    const close = openShop()
    say(`${moving.length} more once events have come for a minute ...`)
    await new Promise((resolve) => setTimeout(resolve, trafficSeconds * 1000))
    await close()
    await send(address(), encore(String(Date.now())))
    await photograph(moving)
  }
} finally {
  if (options.keep) say(`it runs until Ctrl-C: ${address()}/console/sign-in#token=${admin}`)
  else {
    await service?.dispose()
    await closeReceiver()
  }
}

for (const { name, keep } of chosen)
  if (keep !== undefined && existsSync(join(kept, `${name}.png`)))
    say(`docs/images/${name}.png  ${Math.round(statSync(join(kept, `${name}.png`)).size / 1000)} kB`)
say(`all of them are in ${relative(root, all)}`)
for (const problem of problems) say(problem)
process.exitCode = problems.length === 0 ? 0 : 1
