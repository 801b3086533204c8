// Where the built service and console lie, and whether a source is newer than they are.
import { existsSync, readdirSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = join(dirname(fileURLToPath(import.meta.url)), "..")
export const bundle = join(root, "dist", "main.mjs")
/** What V8 made of the bundle: saves the next start a tenth of a second and 15 MB. */
export const compiled = join(root, "dist", "compiled")
/** The worker that executes Segment's destinations: a program of its own. */
export const workerBundle = join(root, "dist", "destination-worker.mjs")
/** What Segment's package says about its destinations. */
export const catalogFile = join(root, "dist", "catalog.json")
export const consoleFolder = join(root, "dist", "console")

const consoleSources = join(root, "src", "console")

/** Newest change of a file or of anything below a folder (folders count: a deleted file changes its folder). */
const newest = (path, leaveOut) => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || path === leaveOut) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name), leaveOut)))
}

const isOlder = (built, sources, leaveOut) => {
  const time = newest(built)
  return time === 0 || sources.some((path) => newest(join(root, path), leaveOut) > time)
}

/** False where there are no sources to build from, as in an image that holds only what was built. */
const hasSources = () => existsSync(join(root, "src", "main.ts"))

export const isServiceStale = () =>
  hasSources() &&
  [bundle, workerBundle].some((file) =>
    isOlder(file, ["src", "scripts/build.mjs", "package-lock.json"], consoleSources)
  )

export const isCatalogStale = () => hasSources() && isOlder(catalogFile, ["scripts/catalog.mjs", "package-lock.json"])

export const isConsoleStale = () =>
  hasSources() &&
  existsSync(consoleSources) &&
  // Its builder is a development dependency: without it, the service runs without a console.
  existsSync(join(root, "node_modules", "vite")) &&
  isOlder(join(consoleFolder, "index.html"), ["src/console", "scripts/build-console.mjs", "package-lock.json"])
