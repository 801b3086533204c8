/** Running the programs of PostgreSQL and finding a running server: what `postgres-cluster.ts` and `postgres-initdb.ts` share. */
import * as fs from "node:fs"
import { join } from "node:path"
import type { RunAs } from "./postgres-binaries.ts"
import { isAlive } from "./process-lock.ts"

/** Nothing of our environment may change what the server does. */
export const environment = { cwd: "/", env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } }

export const command = (as: RunAs, program: string, args: ReadonlyArray<string>): [string, Array<string>] => {
  const [first = program, ...rest] = [...as.prefix, program]
  return [first, [...rest, ...args]]
}

export const spawnProblem = (error: Error, program: string): string =>
  (error as NodeJS.ErrnoException).code === "ENOENT" && fs.existsSync(program)
    ? "its programs need glibc, which this system does not have (Alpine Linux?)"
    : error.message

export const adviceFor = (said: string): string => {
  if (/No space left on device/.test(said)) return "free some disk space"
  if (/Permission denied|could not access/.test(said)) return "check the owner and the mode of the data folder"
  if (/error while loading shared libraries/.test(said)) return "run `npm ci` again"
  if (/shared memory|Cannot allocate memory/.test(said)) return "free some memory"
  return "read the lines below"
}

/** What `postmaster.pid` says about the server of a data folder. */
export interface PidFile {
  readonly pid: number
  readonly port: number
  readonly socketDir: string
  /** `starting`, `ready`, `stopping`, `standby`. */
  readonly status: string
}

export const readPidFile = (data: string): PidFile | undefined => {
  try {
    const lines = fs.readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")
    const pid = Number(lines[0])
    if (!Number.isInteger(pid) || pid <= 0) return undefined
    return { pid, port: Number(lines[3]), socketDir: lines[4]?.trim() ?? "", status: lines[7]?.trim() ?? "starting" }
  } catch {
    return undefined
  }
}

/** Whether this living process is a PostgreSQL server: process numbers are used again after a restart of the machine. */
export const isServer = (pid: number): boolean => {
  if (!isAlive(pid)) return false
  if (process.platform !== "linux") return true
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "postgres"
  } catch {
    return true
  }
}
