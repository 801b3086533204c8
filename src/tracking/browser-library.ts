/**
 * The browser library (ING-157), from the pinned package `@segment/analytics-next`: its one-file build and the chunks
 * that it loads later. Segment's hosts and the write key are literals in it and are replaced when it is served, so
 * that a page never talks to another host by default (ING-155).
 *
 * Files are looked up in a list made from the package, never by path, and source maps are not served.
 */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import type { PublicUrl } from "../platform/public-url.ts"

const withoutSourceMap = (text: string) => text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n")

export interface BrowserLibrary {
  readonly main: (writeKey: string, at: PublicUrl) => string
  /** Content of a hashed chunk; undefined when there is none of this name. */
  readonly chunk: (file: string) => string | undefined
  readonly chunks: ReadonlyArray<string>
}

export const loadBrowserLibrary = (): BrowserLibrary => {
  const packageFile = createRequire(import.meta.url).resolve("@segment/analytics-next/package.json")
  const folder = join(dirname(packageFile), "dist", "umd")
  const read = (file: string) => withoutSourceMap(readFileSync(join(folder, file), "utf8"))
  const source = read("standalone.js")
  const chunks = new Map<string, string>()
  for (const file of readdirSync(folder)) {
    if (/^[\w-]+\.bundle\.[0-9a-f]+\.js$/.test(file)) chunks.set(file, read(file))
  }
  return {
    main: (writeKey, at) =>
      source
        .replaceAll("__WRITE_KEY__", writeKey)
        .replaceAll("api.segment.io/v1", `${at.host}/v1`)
        // A pattern that moves plugins from Segment's CDN to ours; there are none there.
        .replaceAll("https://cdn.segment.(com|build)", "(?!)")
        .replaceAll("https://cdn.segment.com", `${at.protocol}://${at.host}`)
        // A link in a warning for people about the page's content security policy.
        .replaceAll(
          /https:\/\/segment\.com\/docs\/[\w#/.-]*/g,
          "https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP"
        ),
    chunk: (file) => chunks.get(file),
    chunks: [...chunks.keys()]
  }
}
