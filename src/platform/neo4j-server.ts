/**
 * One local Neo4j below a folder: configured, started, watched, stopped. Plain promises; for tests and `braid neo4j`.
 *
 *     <home>/conf/neo4j.conf   written anew at every start: bolt on loopback, http off, small memory
 *     <home>/data, <home>/logs the databases; what the server says
 *     <home>/password          of the user `neo4j`, random, readable by the owner only
 *     <home>/braid.pid         the process that owns the server
 *
 * The server never outlives its owner: a shell beside it stops it when the pipe to the owner closes, however that ends.
 */
import neo4j from "neo4j-driver"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { LocalNeo4jFailed } from "./local-neo4j-failed.ts"
import type { Neo4jPrograms } from "./neo4j-programs.ts"
import { takeLock } from "./process-lock.ts"

const run = promisify(execFile)
const startTimeoutMs = 120_000
const stopTimeoutMs = 20_000

/** What the server's own start script passes, as far as it matters here. */
const jvmFlags = [
  "-XX:+UseG1GC",
  "-XX:-OmitStackTraceInFastThrow",
  "-Djdk.nio.maxCachedBufferSize=1024",
  "-Dio.netty.tryReflectionSetAccessible=true",
  "-Dlog4j2.disable.jmx=true",
  "--add-opens=java.base/java.nio=ALL-UNNAMED",
  "--add-opens=java.base/java.io=ALL-UNNAMED",
  "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
  "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
  "--enable-native-access=ALL-UNNAMED"
]

/** `$0` = file for the server's process number, `$@` = command. Ends when the server ends, and ends it when stdin closes. */
const keeper = `exec 3<&0
"$@" 3<&- </dev/null &
pid=$!
echo "$pid" > "$0"
{ cat <&3 >/dev/null; kill "$pid" 2>/dev/null; } &
exec 3<&-
wait "$pid"`

export interface Neo4jServerOptions {
  readonly home: string
  /** Port on 127.0.0.1; absent = any free one, kept over restarts. */
  readonly port?: number | undefined
  readonly heapMb?: number
  readonly pageCacheMb?: number
}

export class Neo4jServer {
  readonly user = "neo4j"
  readonly #programs: Neo4jPrograms
  readonly #options: Neo4jServerOptions
  readonly #logs: string
  #port = 0
  #password = ""
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #release: () => void = () => {}

  constructor(programs: Neo4jPrograms, options: Neo4jServerOptions) {
    this.#programs = programs
    this.#options = options
    this.#logs = join(options.home, "logs")
  }

  get url(): string {
    return `bolt://127.0.0.1:${this.#port}`
  }

  get password(): string {
    return this.#password
  }

  /** Resolves when the server answers on bolt; rejects with `LocalNeo4jFailed`. May be called again after `stop`. */
  async start(): Promise<void> {
    const { home } = this.#options
    mkdirSync(home, { recursive: true, mode: 0o700 })
    const lock = takeLock(join(home, "braid.pid"))
    if ("heldBy" in lock) {
      throw new LocalNeo4jFailed({
        what: `another process (${lock.heldBy}) already runs a Neo4j in ${home}`,
        advice: "use that one, stop it, or choose another BRAID_DATA_DIR"
      })
    }
    this.#release = lock.release
    try {
      for (const folder of ["conf", "data", "logs", "run"]) mkdirSync(join(home, folder), { recursive: true })
      this.#port = await this.#findPort()
      this.#configure()
      await this.#readOrSetPassword()
      this.#launch()
      await this.#ready()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Resolves when the server has ended by itself or by `stop`. */
  gone(): Promise<void> {
    return this.#ended
  }

  /** Clean shutdown; by force after 20 s. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child !== undefined) {
      child.stdin?.end()
      const patience = new AbortController()
      await Promise.race([this.#ended, sleep(stopTimeoutMs, undefined, { signal: patience.signal }).catch(() => {})])
      patience.abort()
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL")
      await this.#ended
    }
    this.#release()
  }

  async #findPort(): Promise<number> {
    const wanted = this.#port !== 0 ? this.#port : (this.#options.port ?? 0)
    return new Promise((resolve, reject) => {
      const probe = createServer()
      probe.once("error", () =>
        reject(
          new LocalNeo4jFailed({
            what: `port ${wanted} on 127.0.0.1 is in use`,
            advice: "stop what listens there (another Neo4j, perhaps: then use it), or choose another port"
          })
        )
      )
      probe.listen(wanted, "127.0.0.1", () => {
        const { port } = probe.address() as { readonly port: number }
        probe.close(() => resolve(port))
      })
    })
  }

  #configure(): void {
    const address = `127.0.0.1:${this.#port}`
    const settings = {
      "server.default_listen_address": "127.0.0.1",
      "server.bolt.listen_address": address,
      "server.bolt.advertised_address": address,
      "server.http.enabled": "false",
      "server.https.enabled": "false",
      "server.memory.pagecache.size": `${this.#options.pageCacheMb ?? 128}m`,
      // Without this the server waits ten seconds, with nothing left to do, at every stop.
      "internal.server.bolt.thread_pool_shutdown_wait_time": "100ms",
      "db.logs.query.enabled": "OFF",
      "db.tx_log.rotation.retention_policy": "keep_none",
      "dbms.usage_report.enabled": "false"
    }
    const text = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(this.#options.home, "conf", "neo4j.conf"), text.join(""))
  }

  /** The server takes an initial password only before its first start, so it is set once and remembered. */
  async #readOrSetPassword(): Promise<void> {
    const { home } = this.#options
    const file = join(home, "password")
    if (existsSync(file)) {
      this.#password = readFileSync(file, "utf8").trim()
      return
    }
    this.#password = randomBytes(16).toString("hex")
    // By an argument file: a command line can be read by every user of the machine.
    const args = join(home, "conf", "set-password.args")
    writeFileSync(args, `dbms\nset-initial-password\n${this.#password}\n`, { mode: 0o600 })
    try {
      await run(this.#programs.java, ["-cp", join(this.#programs.lib, "*"), "org.neo4j.cli.AdminTool", `@${args}`], {
        env: { ...process.env, NEO4J_HOME: home, NEO4J_CONF: join(home, "conf") },
        timeout: startTimeoutMs
      })
    } catch (error) {
      throw this.#failed(`its password could not be set (${error instanceof Error ? error.message : String(error)})`)
    } finally {
      rmSync(args, { force: true })
    }
    writeFileSync(file, `${this.#password}\n`, { mode: 0o600 })
  }

  #launch(): void {
    const { home, heapMb = 512 } = this.#options
    const log = openSync(join(this.#logs, "console.log"), "w", 0o600)
    const command = [
      this.#programs.java,
      `-Xms${Math.min(256, heapMb)}m`,
      `-Xmx${heapMb}m`,
      ...jvmFlags,
      "-cp",
      join(this.#programs.lib, "*"),
      "org.neo4j.server.CommunityEntryPoint",
      `--home-dir=${home}`,
      `--config-dir=${join(home, "conf")}`
    ]
    // An own session: Ctrl-C in the terminal reaches Braid alone, which then stops the server.
    const child = spawn("/bin/sh", ["-c", keeper, join(home, "run", "server.pid"), ...command], {
      stdio: ["pipe", log, log],
      detached: true
    })
    closeSync(log)
    child.stdin?.on("error", () => {})
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.once("exit", () => resolve())
      child.once("error", () => resolve())
    })
  }

  async #ready(): Promise<void> {
    const driver = neo4j.driver(this.url, neo4j.auth.basic(this.user, this.#password), {
      connectionTimeout: 5000,
      telemetryDisabled: true
    })
    let gone = false
    void this.#ended.then(() => (gone = true))
    const until = Date.now() + startTimeoutMs
    try {
      for (;;) {
        if (gone) throw this.#failed("the server ended while it started")
        try {
          await driver.verifyConnectivity({ database: "neo4j" })
          return
        } catch (error) {
          if (Date.now() > until) throw this.#failed(`the server does not answer (${String(error)})`)
        }
        await sleep(100)
      }
    } finally {
      await driver.close()
    }
  }

  #failed(what: string): LocalNeo4jFailed {
    const tail = ["console.log", "neo4j.log"].flatMap((name) => {
      try {
        return readFileSync(join(this.#logs, name), "utf8").trim().split("\n").slice(-8)
      } catch {
        return []
      }
    })
    return new LocalNeo4jFailed({ what, advice: `look at the logs in ${this.#logs}`, logTail: tail.join("\n") })
  }
}
