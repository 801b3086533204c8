/** Checks of the machine: Node, what npm installed, disk, folders, port. Nothing here talks to a database. */
import { Effect } from "effect"
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import type { SettingsValue } from "../config.ts"
import { fail, type Finding, ok, warn } from "./finding.ts"

const gigabyte = 1e9

export const checkNode = (): Finding => {
  const found = process.versions.node
  return Number(found.split(".")[0]) >= 24
    ? ok("Node", `${found} (${process.execPath})`)
    : fail(
        "Node",
        `${found}, and Braid needs 24 or newer`,
        "start it with `npm start` or ./bin/braid, which use the Node that npm brought"
      )
}

/** `npm ci --ignore-scripts` brings neither Node nor the links of PostgreSQL's libraries. */
export const checkInstallScripts = (projectFolder: string): Finding => {
  const modules = join(projectFolder, "node_modules")
  if (!existsSync(modules)) return ok("install", "no node_modules here: an image or a bundle")
  if (existsSync(join(modules, "node", "bin", "node"))) return ok("install", "npm's install scripts have run")
  return warn(
    "install",
    "npm's install scripts were switched off, so `npm run` uses the Node of this machine",
    "run `npm rebuild --ignore-scripts=false node`, or keep Node 24 on the PATH"
  )
}

/** The folder itself, or the nearest one above it that exists. */
const existing = (folder: string): string => (existsSync(folder) ? folder : existing(dirname(folder)))

/** Why a folder cannot be used, or made; undefined when it can. */
export const folderProblem = (folder: string): string | undefined => {
  const place = existing(folder)
  try {
    if (!statSync(place).isDirectory()) return `${place} is not a folder`
    accessSync(place, constants.R_OK | constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `${place} cannot be written to (${(error as NodeJS.ErrnoException).code})`
  }
}

export const checkDataDir = ({ dataDir }: SettingsValue): Finding => {
  const problem = folderProblem(dataDir)
  if (problem !== undefined)
    return fail("data folder", problem, `make it writable for this user, or choose another folder with BRAID_DATA_DIR`)
  return ok("data folder", existsSync(dataDir) ? dataDir : `${dataDir} (will be made)`)
}

export const checkDisk = ({ dataDir }: SettingsValue): Finding => {
  const { bavail, bsize } = statfsSync(existing(dataDir))
  const free = (bavail * bsize) / gigabyte
  const text = `${free.toFixed(1)} GB free below the data folder`
  if (free < 0.5)
    return fail(
      "disk",
      text,
      "free some space, or choose another disk with BRAID_DATA_DIR; a million events take about 1 GB"
    )
  if (free < 5) return warn("disk", text, "a million events take about 1 GB: watch it, or set BRAID_LOG_RETENTION_DAYS")
  return ok("disk", text)
}

/** Free, or already used by Braid itself. */
export const checkPort = ({ host, port }: SettingsValue): Effect.Effect<Finding> =>
  Effect.gen(function* () {
    if (port === 0) return ok("port", "any free one")
    const code = yield* Effect.callback<string | undefined>((resume) => {
      const probe = createServer()
      probe.once("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)))
      probe.listen(port, host, () => probe.close(() => resume(Effect.succeed(undefined))))
    })
    if (code === undefined) return ok("port", `${host}:${port} is free`)
    if (code !== "EADDRINUSE")
      return fail("port", `${host}:${port} cannot be used (${code})`, "check BRAID_HOST and BRAID_PORT")
    const answer = yield* Effect.tryPromise(async () => {
      const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}/health`
      return (await (await fetch(url, { signal: AbortSignal.timeout(2000) })).json()) as {
        version?: string
        status?: string
      }
    }).pipe(Effect.orElseSucceed(() => undefined))
    return typeof answer?.version === "string"
      ? ok("port", `${host}:${port}: Braid ${answer.version} is running there (${answer.status})`)
      : fail(
          "port",
          `${host}:${port} is used by another program`,
          "stop that program, or choose another port with BRAID_PORT (0 = any free one)"
        )
  })
