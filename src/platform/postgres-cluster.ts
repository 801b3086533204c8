/**
 * One PostgreSQL server below a folder: made, started or adopted, watched, stopped. Plain promises; the Effect around
 * it is `embedded-postgres.ts`.
 *
 *     <folder>/data          the database cluster; made as init-<pid> and renamed, so that it is whole or absent
 *     <folder>/password      of the role `braid`, random, readable by the owner only
 *     <folder>/server.log    what the server says
 *     <folder>/.s.PGSQL.5432 its socket: no TCP port is opened, nothing to collide with, nobody else may enter
 *     <folder>/braid.pid     the process that owns the server
 *
 * A server that outlived its Braid (`kill -9`) is adopted: `data/postmaster.pid` says where it listens.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts"
import { findPrograms, type PostgresPrograms, type RunAs, runAs } from "./postgres-binaries.ts"
import { isAlive } from "./process-lock.ts"

const majorVersion = "18"
const role = "braid"
const port = 5432

/** Measured (measurements.md section 4), except that memory and processes nobody needs in one small installation are left out. */
export const serverSettings = {
  shared_buffers: "256MB",
  max_connections: "60",
  max_wal_size: "4GB",
  min_wal_size: "256MB",
  checkpoint_timeout: "15min",
  wal_buffers: "16MB",
  wal_compression: "pglz",
  jit: "off",
  huge_pages: "off",
  io_method: "sync",
  max_parallel_workers_per_gather: "0",
  max_logical_replication_workers: "0",
  fsync: "on",
  full_page_writes: "on",
  synchronous_commit: "on",
  log_checkpoints: "off",
  timezone: "UTC",
  log_timezone: "UTC"
} as const

/** Longer socket paths are refused by the kernel (macOS: 104 bytes with the final zero). */
const longestSocketPath = 103
const largestLog = 16 * 1024 * 1024

interface PidFile {
  readonly pid: number
  readonly port: number
  readonly socketDir: string
  readonly status: string
}

export class PostgresCluster {
  readonly logFile: string
  readonly #folder: string
  readonly #data: string
  readonly #settings: Readonly<Record<string, string>>
  #programs: PostgresPrograms | undefined
  #runAs: RunAs | undefined
  #password = ""
  #pid: number | undefined
  /** The server as a child of this process; an adopted one is none. */
  #child: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #socketDir: string
  #port = port

  constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.#folder = folder
    this.#data = join(folder, "data")
    this.#settings = { ...serverSettings, ...settings }
    this.logFile = join(folder, "server.log")
    this.#socketDir = folder
  }

  /** Connection URL of the server as it listens now; only known after `start`. */
  url(database = "postgres"): string {
    return `postgres://${role}:${this.#password}@localhost/${database}?host=${encodeURIComponent(this.#socketDir)}&port=${this.#port}`
  }

  /** Programs, folders, password, cluster: everything that a start needs. */
  async prepare(): Promise<void> {
    this.#programs = findPrograms()
    this.#runAs = runAs(this.#programs, join(this.#folder, "data"))
    this.#own(this.#folder)
    this.#prepareSocketFolder()
    this.#readOrMakePassword()
    await this.#initialise()
    if ((fs.statSync(this.logFile, { throwIfNoEntry: false })?.size ?? 0) > largestLog / 2) {
      fs.renameSync(this.logFile, `${this.logFile}.1`)
    }
  }

  /** Reads what is needed to connect to the running server of another Braid process; false when there is none. */
  join(): boolean {
    const file = this.#pidFile()
    if (file === undefined || !isServer(file.pid) || file.status !== "ready") return false
    this.#password = fs.readFileSync(join(this.#folder, "password"), "utf8").trim()
    this.#found(file)
    return true
  }

  /**
   * Starts the server or adopts the one that runs. `answers` tries a connection: undefined, or why there is none.
   */
  async start(answers: (url: string) => Promise<string | undefined>): Promise<"started" | "adopted"> {
    const deadline = Date.now() + 120_000
    for (;;) {
      const file = this.#pidFile()
      if (file === undefined || !isServer(file.pid)) {
        if (file !== undefined) fs.rmSync(join(this.#data, "postmaster.pid"), { force: true })
        if (await this.#launch(deadline)) return "started"
      } else if (file.status === "ready") {
        this.#found(file)
        const problem = await answers(this.url())
        if (problem === undefined) return "adopted"
        if (isServer(file.pid)) {
          throw this.#failed(
            `a PostgreSQL server (process ${file.pid}) holds ${this.#data}, but does not answer: ${problem}`,
            `end it with \`kill ${file.pid}\` and start again`
          )
        }
      } else if (Date.now() > deadline) {
        throw this.#failed(
          `a PostgreSQL server (process ${file.pid}) holds ${this.#data} and has been "${file.status}" for two minutes`,
          `look at its log, or end it with \`kill ${file.pid}\` and start again`
        )
      } else {
        await sleep(50)
      }
    }
  }

  /** Resolves when the server is no more. */
  async gone(): Promise<void> {
    while (this.#pid !== undefined && this.#running(this.#pid)) {
      const poll = sleep(500, undefined, { ref: false })
      await (this.#child === undefined ? poll : Promise.race([poll, this.#ended]))
      this.#limitLog()
    }
  }

  /** Fast shutdown; after 5 s immediate, after 7 s by force. The next start recovers from all of them. */
  async stop(): Promise<void> {
    const pid = this.#pid
    if (pid === undefined) return
    for (const [signal, patience] of [
      ["SIGINT", 5000],
      ["SIGQUIT", 2000],
      ["SIGKILL", 1000]
    ] as const) {
      if (!this.#running(pid)) break
      try {
        process.kill(pid, signal)
      } catch {
        break
      }
      const until = Date.now() + patience
      while (this.#running(pid) && Date.now() < until) await sleep(10)
    }
    this.#pid = undefined
  }

  /** One attempt; false when an earlier server still has to let go of the folder. */
  async #launch(deadline: number): Promise<boolean> {
    const as = this.#runAs!
    const settings = {
      listen_addresses: "",
      unix_socket_directories: this.#socketDir,
      unix_socket_permissions: "0700",
      port: String(port),
      ...this.#settings
    }
    const log = fs.openSync(this.logFile, "a", 0o600)
    const logged = fs.fstatSync(log).size
    const [program, args] = command(as, this.#programs!.postgres, [
      "-D",
      this.#data,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    ])
    // An own session, so that Ctrl-C in the terminal reaches Braid alone, which drains before it stops the server.
    const child = spawn(program, args, { ...as.spawn, ...environment, detached: true, stdio: ["ignore", log, log] })
    fs.closeSync(log)
    let ended: string | undefined
    this.#ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    child.once("exit", (code, signal) => (ended = `it ended with ${signal ?? `exit code ${code}`}`))
    child.once("error", (error) => (ended = spawnProblem(error, program)))
    child.unref()
    for (;;) {
      await sleep(5)
      if (ended !== undefined) {
        const said = this.#logSince(logged)
        if (/pre-existing shared memory block|lock file ".*" already exists/.test(said) && Date.now() < deadline) {
          await sleep(100)
          return false
        }
        throw this.#failed(`the server did not start: ${ended}`, adviceFor(said), said)
      }
      const file = this.#pidFile()
      if (file?.pid === child.pid && file?.status === "ready") {
        this.#found(file!)
        this.#child = child
        return true
      }
      if (Date.now() > deadline) {
        child.kill("SIGQUIT")
        throw this.#failed("the server was not ready after two minutes", "look at its log", this.#logSince(logged))
      }
    }
  }

  /** An interrupted initdb leaves only an init-* folder behind, which is thrown away here. */
  async #initialise(): Promise<void> {
    for (const name of fs.readdirSync(this.#folder)) {
      if (name.startsWith("init-")) fs.rmSync(join(this.#folder, name), { recursive: true, force: true })
    }
    const versionFile = join(this.#data, "PG_VERSION")
    if (fs.existsSync(versionFile)) {
      const version = fs.readFileSync(versionFile, "utf8").trim()
      if (version === majorVersion) return
      throw this.#failed(
        `${this.#data} was made by PostgreSQL ${version}, this is PostgreSQL ${majorVersion}`,
        `move the data with pg_dump and pg_restore of a packaged PostgreSQL, or start with another BRAID_DATA_DIR`
      )
    }
    if (fs.existsSync(this.#data)) {
      if (fs.readdirSync(this.#data).length > 0) {
        throw this.#failed(`${this.#data} is not empty and holds no PostgreSQL data`, `move that folder away`)
      }
      fs.rmdirSync(this.#data)
    }
    const fresh = join(this.#folder, `init-${process.pid}`)
    fs.mkdirSync(fresh, { mode: 0o700 })
    this.#own(fresh)
    const as = this.#runAs!
    const [program, args] = command(as, this.#programs!.initdb, [
      `--pgdata=${fresh}`,
      `--username=${role}`,
      `--pwfile=${join(this.#folder, "password")}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--no-instructions"
    ])
    const said: Array<Buffer> = []
    const problem = await new Promise<string | undefined>((resolve) => {
      const child = spawn(program, args, { ...as.spawn, ...environment, stdio: ["ignore", "pipe", "pipe"] })
      child.stdout.on("data", (chunk: Buffer) => said.push(chunk))
      child.stderr.on("data", (chunk: Buffer) => said.push(chunk))
      child.once("error", (error) => resolve(spawnProblem(error, program)))
      child.once("close", (code, signal) =>
        resolve(code === 0 ? undefined : `initdb ended with ${signal ?? `exit code ${code}`}`)
      )
    })
    if (problem !== undefined) {
      const output = Buffer.concat(said).toString("utf8")
      fs.rmSync(fresh, { recursive: true, force: true })
      throw this.#failed(`the database could not be made: ${problem}`, adviceFor(output), output)
    }
    fs.renameSync(fresh, this.#data)
  }

  #readOrMakePassword() {
    const file = join(this.#folder, "password")
    if (!fs.existsSync(file)) {
      if (fs.existsSync(this.#data)) {
        throw this.#failed(`${file} is missing, and without it nobody can enter the database`, `restore that file`)
      }
      const fd = fs.openSync(`${file}.new`, "w", 0o600)
      fs.writeSync(fd, `${randomBytes(24).toString("base64url")}\n`)
      fs.fsyncSync(fd)
      fs.closeSync(fd)
      this.#own(`${file}.new`)
      fs.renameSync(`${file}.new`, file)
    }
    this.#password = fs.readFileSync(file, "utf8").trim()
  }

  #prepareSocketFolder() {
    if (Buffer.byteLength(join(this.#folder, `.s.PGSQL.${port}`)) <= longestSocketPath) return
    const name = `braid-${createHash("sha256").update(this.#folder).digest("hex").slice(0, 16)}`
    this.#socketDir = join(tmpdir(), name)
    fs.mkdirSync(this.#socketDir, { recursive: true, mode: 0o700 })
    this.#own(this.#socketDir)
    const owner = this.#runAs!.owner?.uid ?? process.getuid?.()
    if (fs.lstatSync(this.#socketDir).uid !== owner) {
      throw this.#failed(`${this.#socketDir} belongs to somebody else`, `choose a shorter BRAID_DATA_DIR`)
    }
  }

  #own(path: string) {
    const owner = this.#runAs!.owner
    if (owner !== undefined) fs.chownSync(path, owner.uid, owner.gid)
  }

  #found(file: PidFile) {
    this.#pid = file.pid
    this.#child = undefined
    this.#port = file.port
    this.#socketDir = file.socketDir
  }

  #running(pid: number): boolean {
    return this.#child === undefined ? isServer(pid) : this.#child.exitCode === null && this.#child.signalCode === null
  }

  #pidFile(): PidFile | undefined {
    try {
      const lines = fs.readFileSync(join(this.#data, "postmaster.pid"), "utf8").split("\n")
      const pid = Number(lines[0])
      if (!Number.isInteger(pid) || pid <= 0) return undefined
      return { pid, port: Number(lines[3]), socketDir: lines[4]?.trim() ?? "", status: lines[7]?.trim() ?? "starting" }
    } catch {
      return undefined
    }
  }

  #limitLog() {
    // The server appends, so the file may be cut under it.
    if ((fs.statSync(this.logFile, { throwIfNoEntry: false })?.size ?? 0) > largestLog) fs.truncateSync(this.logFile)
  }

  #logSince(offset: number): string {
    try {
      return fs.readFileSync(this.logFile).subarray(offset).toString("utf8")
    } catch {
      return ""
    }
  }

  #failed(what: string, advice: string, said = "") {
    const logTail = said.trim().split("\n").slice(-15).join("\n")
    return new EmbeddedPostgresFailed({ what, advice: `${advice}; or ${useYourOwn}`, logFile: this.logFile, logTail })
  }
}

const useYourOwn = "set BRAID_DATABASE_URL to a PostgreSQL 15 or newer"

const environment = { cwd: "/", env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } }

const command = (as: RunAs, program: string, args: ReadonlyArray<string>): [string, Array<string>] => {
  const [first = program, ...rest] = [...as.prefix, program]
  return [first, [...rest, ...args]]
}

const spawnProblem = (error: Error, program: string): string =>
  (error as NodeJS.ErrnoException).code === "ENOENT" && fs.existsSync(program)
    ? "its programs need glibc, which this system does not have (Alpine Linux?)"
    : error.message

const adviceFor = (said: string): string => {
  if (/No space left on device/.test(said)) return "free some disk space"
  if (/Permission denied|could not access/.test(said)) return "check the owner and the mode of the data folder"
  if (/error while loading shared libraries/.test(said)) return "run `npm ci` again"
  if (/shared memory|Cannot allocate memory/.test(said)) return "free some memory"
  return "read the lines below"
}

/** Whether this living process is a PostgreSQL server: process numbers are used again after a restart of the machine. */
const isServer = (pid: number): boolean => {
  if (!isAlive(pid)) return false
  if (process.platform !== "linux") return true
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "postgres"
  } catch {
    return true
  }
}
