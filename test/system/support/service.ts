/**
 * A whole Braid process, started as its user would start it: own data folder, own port, embedded PostgreSQL (or the
 * test run's), read through HTTP. Everything is stopped and removed with `dispose`.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dirname, "../../..")

export interface ServiceOptions {
  /** Members of the configuration file that replace the ones of `configuration`. */
  readonly config?: Record<string, unknown>
  readonly env?: Record<string, string>
}

export const writeKey = "wk_web"
export const token = "pt_demo"
export const spaceId = "spa_0123456789abcdefghijkl"

/** The pinned example of issue 3, limits off. */
export const configuration = {
  sources: [
    { id: "src_web", slug: "web", name: "Website", kind: "website", writeKeys: [writeKey], enabled: true },
    { id: "src_srv", slug: "srv", name: "Server", kind: "server", writeKeys: ["wk_srv"], enabled: true }
  ],
  spaces: [{ id: spaceId, slug: "demo", name: "Demo", kind: "dev", sources: ["web", "srv"] }],
  tokens: [{ name: "demo", space: "demo", secret: token, scopes: ["profiles:read"] }],
  limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
}

const until = async <A>(what: string, seconds: number, probe: () => Promise<A | undefined>): Promise<A> => {
  const end = Date.now() + seconds * 1000
  while (true) {
    const found = await probe().catch(() => undefined)
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`waited ${seconds} s for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

export interface ProfileItem {
  readonly type: string
  readonly id: string
  readonly event: string
  readonly external_ids: ReadonlyArray<{ readonly type: string; readonly id: string }>
}

/** Every member that some answer of the REST API has; a test reads those of the resource that it asked for. */
export interface ProfileAnswer {
  readonly traits: Readonly<Record<string, unknown>>
  readonly data: ReadonlyArray<ProfileItem>
  readonly metadata: Readonly<Record<string, unknown>> & { readonly segment_id: string }
  readonly cursor: { readonly url: string; readonly next: string; readonly has_more: boolean }
  readonly error: { readonly code: string; readonly message: string }
}

export interface Health {
  readonly ready: boolean
  readonly version: string
  readonly log: { readonly head: number }
  readonly fibers: ReadonlyArray<{ name: string; status: string; restarts: number; lastError: string | null }>
  readonly spaces: ReadonlyArray<{
    id: string
    slug: string
    position: number
    lag: number
    runsHere: boolean
    process: string | null
  }>
}

export class Service {
  readonly dataDir: string
  readonly configFile: string
  private child: ChildProcess | undefined
  private port = 0
  stdout = ""
  stderr = ""

  private readonly options: ServiceOptions

  constructor(options: ServiceOptions = {}) {
    this.options = options
    this.dataDir = mkdtempSync(join(tmpdir(), "braid-test-"))
    // PostgreSQL runs as another user when the tests run as root; it must be able to enter.
    chmodSync(this.dataDir, 0o755)
    this.configFile = join(this.dataDir, "config.json")
    this.configure({})
  }

  configure(members: Record<string, unknown>): void {
    writeFileSync(this.configFile, JSON.stringify({ ...configuration, ...this.options.config, ...members }))
  }

  get pid(): number {
    return this.child!.pid!
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Starts (again, on the same port) and waits for the ready line. */
  async start(): Promise<this> {
    const child = spawn(process.execPath, [join(root, "dist/main.mjs"), "serve"], {
      cwd: root,
      env: {
        ...process.env,
        BRAID_HOST: "127.0.0.1",
        BRAID_PORT: String(this.port),
        BRAID_DATA_DIR: this.dataDir,
        BRAID_CONFIG: this.configFile,
        ...this.options.env
      },
      stdio: ["ignore", "pipe", "pipe"]
    })
    this.child = child
    this.stdout = ""
    child.stdout.on("data", (chunk) => (this.stdout += chunk))
    child.stderr.on("data", (chunk) => (this.stderr += chunk))
    const ready = await until("the ready line", 60, async () => {
      if (child.exitCode !== null || child.signalCode !== null) return { failed: true, port: 0 }
      const match = /Braid is ready at http:\/\/[^\s:]+:(\d+)/.exec(this.stdout)
      return match === null ? undefined : { failed: false, port: Number(match[1]) }
    })
    if (ready.failed)
      throw new Error(`Braid ended (${child.exitCode ?? child.signalCode}):\n${this.stdout}\n${this.stderr}`)
    this.port = ready.port
    return this
  }

  private ended(): Promise<number | string> {
    const child = this.child!
    if (child.exitCode !== null) return Promise.resolve(child.exitCode)
    if (child.signalCode !== null) return Promise.resolve(child.signalCode)
    return new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "")))
  }

  /** SIGTERM; answers the exit code. */
  async stop(): Promise<number | string> {
    this.child!.kill("SIGTERM")
    return this.ended()
  }

  /** SIGKILL to the service alone: its embedded PostgreSQL survives, as after a crash. */
  async kill(): Promise<void> {
    this.child!.kill("SIGKILL")
    await this.ended()
  }

  signal(signal: NodeJS.Signals): void {
    this.child!.kill(signal)
  }

  async dispose(): Promise<void> {
    if (this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null) await this.stop()
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  async post(path: string, body: unknown, key = writeKey): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}`,
        "content-type": "application/json"
      },
      body: typeof body === "string" ? body : JSON.stringify(body)
    })
  }

  async batch(batch: ReadonlyArray<unknown>, key = writeKey): Promise<Response> {
    return this.post("/v1/batch", { batch }, key)
  }

  async profile<A = ProfileAnswer>(
    path: string,
    collection = "users",
    secret = token
  ): Promise<{ status: number; body: A }> {
    const response = await fetch(`${this.url}/v1/spaces/${spaceId}/collections/${collection}/profiles/${path}`, {
      headers: { authorization: `Basic ${Buffer.from(`${secret}:`).toString("base64")}` }
    })
    return { status: response.status, body: (await response.json()) as A }
  }

  async graphql<A>(query: string, variables: Record<string, unknown> = {}): Promise<{ readonly data: A }> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables })
    })
    return (await response.json()) as { readonly data: A }
  }

  async health(): Promise<Health> {
    return (await (await fetch(`${this.url}/health`)).json()) as Health
  }

  /** Waits until every space has resolved what was accepted. */
  async settled(seconds = 60): Promise<void> {
    let health: Health | undefined
    await until("all spaces to have no lag", seconds, async () => {
      health = await this.health()
      return health.spaces.every((space) => space.lag === 0) ? true : undefined
    }).catch((error: unknown) => {
      const fibers = health?.fibers.filter(({ status }) => status !== "running")
      throw new Error(`${String(error)}\n${JSON.stringify({ ...health, fibers })}\n${this.stdout.slice(-2000)}`)
    })
  }

  until<A>(what: string, seconds: number, probe: () => Promise<A | undefined>): Promise<A> {
    return until(what, seconds, probe)
  }
}
