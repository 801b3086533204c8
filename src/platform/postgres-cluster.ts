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
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts"
import { findPrograms, type PostgresPrograms, type RunAs, runAs } from "./postgres-binaries.ts"
import { makeCluster } from "./postgres-initdb.ts"
import {
  adviceFor,
  command,
  environment,
  isServer,
  type PidFile,
  readPidFile,
  spawnProblem
} from "./postgres-process.ts"

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
  #stopping = false
  /** The start in progress; a stop waits for it, or it would leave a server behind. */
  #starting: Promise<unknown> = Promise.resolve()

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
    const { password } = await makeCluster({
      folder: this.#folder,
      data: this.#data,
      role,
      programs: this.#programs,
      runAs: this.#runAs,
      failed: (what, advice, said) => this.#failed(what, advice, said)
    })
    this.#password = password
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
  start(answers: (url: string) => Promise<string | undefined>): Promise<"started" | "adopted"> {
    const starting = this.#startOrAdopt(answers)
    this.#starting = starting.catch(() => undefined)
    return starting
  }

  async #startOrAdopt(answers: (url: string) => Promise<string | undefined>): Promise<"started" | "adopted"> {
    const deadline = Date.now() + 120_000
    for (;;) {
      if (this.#stopping) throw this.#failed("it was stopped while it started", "start again")
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
    this.#stopping = true
    await this.#starting
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
      if (this.#stopping || Date.now() > deadline) {
        child.kill("SIGQUIT")
        throw this.#failed("the server was not ready after two minutes", "look at its log", this.#logSince(logged))
      }
    }
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
    return readPidFile(this.#data)
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
    return new EmbeddedPostgresFailed({
      what,
      advice: `${advice}; or set BRAID_DATABASE_URL to a PostgreSQL 15 or newer`,
      logFile: this.logFile,
      logTail
    })
  }
}
