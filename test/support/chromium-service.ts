/**
 * A Chromium for the browser tests: BRAID_CHROMIUM, an installed one, or one from Playwright's cache. In CI, as root on
 * Debian or Ubuntu, it is installed; nobody else's machine is changed.
 */
import { execFile, execFileSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import type { TestService } from "./services.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of the browser's program; null = none. */
    chromium: string | null
  }
}

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]

const onPath = (): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path))

const inPlaywrightCache = (): string | undefined => {
  const caches = [
    process.env["PLAYWRIGHT_BROWSERS_PATH"],
    join(homedir(), ".cache", "ms-playwright"),
    join(homedir(), "Library", "Caches", "ms-playwright")
  ]
  for (const cache of caches) {
    if (cache === undefined || !existsSync(cache)) continue
    for (const folder of readdirSync(cache)
      .filter((name) => name.startsWith("chromium"))
      .sort()
      .toReversed()) {
      for (const program of [
        "chrome-linux64/chrome",
        "chrome-linux/chrome",
        "chrome-mac/Chromium.app/Contents/MacOS/Chromium",
        "chrome-headless-shell-linux64/chrome-headless-shell"
      ]) {
        const path = join(cache, folder, program)
        if (existsSync(path)) return path
      }
    }
  }
  return undefined
}

const inApplications = (): string | undefined =>
  [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
  ].find((path) => existsSync(path))

export const installedChromium = () =>
  process.env["BRAID_CHROMIUM"] ?? onPath() ?? inPlaywrightCache() ?? inApplications()

const canInstall = () => process.env["CI"] === "true" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")

const apt = (...args: ReadonlyArray<string>) =>
  promisify(execFile)("/usr/bin/apt-get", ["-qq", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 1e8
  })

const install = async () => {
  await apt("update")
  await apt("install", "-y", "--no-install-recommends", "chromium")
}

const versionOf = (path: string): string => {
  try {
    return execFileSync(path, ["--version"], {
      encoding: "utf8",
      timeout: 20_000,
      stdio: ["ignore", "pipe", "ignore"]
    }).trim()
  } catch {
    return "version unknown"
  }
}

export const chromiumService: TestService = {
  name: "Chromium",
  start: async (provide) => {
    let path = installedChromium()
    let reason = "none found; set BRAID_CHROMIUM to the path of one"
    if (path === undefined && canInstall()) {
      try {
        await install()
        path = installedChromium()
      } catch (error) {
        reason = `apt-get could not install it: ${(error as Error).message.split("\n")[0]}`
      }
    }
    provide("chromium", path ?? null)
    return path === undefined ? { skipped: reason } : { found: `${path} (${versionOf(path)})`, stop: async () => {} }
  }
}
