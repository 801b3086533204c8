/**
 * The built console in memory: every file with its compressed forms, and the page with the theme that the person chose.
 * Files below `assets/` carry a hash in their names and never change.
 */
import { readdirSync, readFileSync } from "node:fs"
import { extname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

export interface ConsoleFile {
  readonly type: string
  readonly body: Buffer
  /** By name of the content coding, the best first. */
  readonly compressed: ReadonlyArray<readonly [coding: string, body: Buffer]>
}

export interface ConsoleFiles {
  /** The page, split where the theme goes. */
  readonly page: readonly [before: string, after: string]
  /** By path below `/console/`. */
  readonly files: ReadonlyMap<string, ConsoleFile>
}

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".png": "image/png"
}

export const builtConsole = fileURLToPath(new URL("../../dist/console", import.meta.url))

/** Undefined when the console was not built. */
export const readConsoleFiles = (folder = builtConsole): ConsoleFiles | undefined => {
  let names: ReadonlyArray<string>
  let page: string
  try {
    page = readFileSync(join(folder, "index.html"), "utf8")
    names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
  } catch {
    return undefined
  }
  const read = (name: string) => readFileSync(join(folder, name))
  const present = new Set(names)
  const files = new Map<string, ConsoleFile>()
  for (const name of names) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const compressed = [["br", `${name}.br`] as const, ["gzip", `${name}.gz`] as const]
      .filter(([, file]) => present.has(file))
      .map(([coding, file]) => [coding, read(file)] as const)
    files.set(name, { type, body: read(name), compressed })
  }
  const tag = page.indexOf("<html")
  const cut = tag === -1 ? -1 : tag + "<html".length
  return cut === -1 ? undefined : { page: [page.slice(0, cut), page.slice(cut)], files }
}
