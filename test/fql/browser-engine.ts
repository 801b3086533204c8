/** The engine that evaluates destination filters in browsers: the copy inside the library that pages load. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

interface BrowserEngine {
  readonly matches: (event: object, matcher: { readonly type: string; readonly ir: string }) => boolean
  /** Changes the event; null: dropped. */
  readonly transform: (event: object, transformers: ReadonlyArray<object>) => object | null
}

const folder = dirname(createRequire(import.meta.url).resolve("@segment/analytics-next/package.json"))

export const loadBrowserEngine = (): BrowserEngine => {
  const module = { exports: {} }
  const code = readFileSync(join(folder, "dist/cjs/vendor/tsub/tsub.js"), "utf8")
  new Function("module", "exports", "self", code)(module, module.exports, {})
  return module.exports as BrowserEngine
}
