/**
 * The console in Debian's Chromium, as tests and the picture script drive it: quiet, without animations, and with an ear for what
 * must not be: errors in its console, requests to another host, what axe finds serious, text that is cut without a sign.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      // Letters without coloured edges: pictures are smaller, and the same on every screen.
      "--disable-lcd-text",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync"
    ]
  })

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

interface Axe {
  readonly run: (
    document: unknown,
    options: unknown
  ) => Promise<{
    readonly violations: ReadonlyArray<{
      readonly id: string
      readonly impact: string
      readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary: string }>
    }>
  }>
}

/** WCAG 2.2 AA. */
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

/** What axe finds serious on the page as it is, with the element that it found it at, and why. */
export const seriousOf = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(
    (runOnly) => (Reflect.get(globalThis, "axe") as Axe).run(document, { runOnly }),
    rules
  )
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary}`)
}

/**
 * Text that is wider than its box and neither scrolls nor ends in an ellipsis; boxes that stick out of the window. Both are
 * what a person would call broken.
 */
export const cutTexts = (page: Page): Promise<ReadonlyArray<string>> =>
  page.evaluate(() => {
    const found: Array<readonly [what: string, element: Element]> = []
    for (const element of document.querySelectorAll("body *")) {
      if (!(element instanceof HTMLElement) || element.closest(".sr, svg, [aria-hidden='true']") !== null) continue
      const style = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      if (box.width === 0 || box.height === 0 || style.visibility === "hidden") continue
      const cut = element.scrollWidth > element.clientWidth + 1 && /hidden|clip/.test(style.overflowX)
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent!.trim() !== "")
      if (cut && text && style.textOverflow !== "ellipsis") found.push(["cut", element])
      let scroller: Element | null = element
      while (scroller !== null && !/auto|scroll/.test(getComputedStyle(scroller).overflowX))
        scroller = scroller.parentElement
      if (scroller === null && box.right > innerWidth + 1) found.push(["outside", element])
    }
    return found.map(
      ([what, element]) =>
        `${what}: ${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}: ${(element.textContent ?? "").slice(0, 60)}`
    )
  })

/** A page of its own context; `complaints` collects what must not be, until they are taken out. */
export const openPage = async (browser: Browser, origin: string, options: BrowserContextOptions = {}) => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    ...options
  })
  const complaints: Array<string> = []
  context.on("request", (request) => {
    const url = new URL(request.url())
    if (/^https?:$/.test(url.protocol) && url.origin !== origin) complaints.push(`left the host: ${url.href}`)
  })
  const page = await context.newPage()
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  const open = async (path: string) => {
    await page.goto(`${origin}/console${path}`)
    await page.locator("main[data-ready]").waitFor()
  }
  return { context, page, complaints, open }
}
