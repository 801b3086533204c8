/** The Tracking API on a real `node:http` server, in front of an event log in memory. */
import { Data } from "effect"
import { Agent, createServer, type IncomingHttpHeaders, request } from "node:http"
import type { AddressInfo } from "node:net"
import type { Message } from "../../src/event/message.ts"
import { type AppendRequest, LogUnavailable, type NewEvent } from "../../src/log/event-log.ts"
import { makeTracking, serverOptions, type TrackingDeps, type TrackingService } from "../../src/tracking/tracking.ts"
import type { Limits, Source, WorkspaceSnapshot } from "../../src/workspace/workspace.ts"

export const receivedAt = Date.UTC(2024, 4, 1, 12)
const windowMs = 24 * 3_600_000

/** Stores at once; duplicates are recognised for 24 h after the first acceptance (ING-64). */
export class MemoryLog {
  readonly events: Array<NewEvent> = []
  private readonly seen = new Map<string, number>()
  /** `down`: every commit fails; `full`: nothing is taken; `stuck`: `done` is never called. */
  mode: "up" | "down" | "full" | "stuck" = "up"
  heldEvents = 0
  readonly pending: Array<AppendRequest> = []

  readonly held = () => this.heldEvents
  readonly offer = (request: AppendRequest): boolean => {
    if (this.mode === "full") return false
    if (this.mode === "stuck") this.pending.push(request)
    else setImmediate(() => this.commit(request))
    return true
  }

  commit(request: AppendRequest): void {
    if (this.mode === "down") return request.done(new LogUnavailable({ cause: new Error("no database") }), 0)
    const duplicates: Array<number> = []
    for (const [i, event] of request.events.entries()) {
      const first = this.seen.get(event.dedupKey)
      if (first !== undefined && request.receivedAt - first < windowMs) {
        duplicates.push(i)
        continue
      }
      this.seen.set(event.dedupKey, request.receivedAt)
      this.events.push(event)
    }
    request.done(undefined, duplicates.length, duplicates)
  }

  /** The stored messages, oldest first. */
  get stored(): ReadonlyArray<Message> {
    return this.events.map((event) => JSON.parse(Buffer.from(event.body).toString()) as Message)
  }
}

const source = (no: number, id: string, kind: Source["kind"], writeKey: string, enabled = true): Source => ({
  no,
  id,
  slug: id,
  name: id,
  kind,
  enabled,
  writeKeys: [writeKey]
})

/** The sources of the acceptance cases: `web` (key W), `srv` (key S), and one that is disabled (key D). */
const sources = [
  source(1, "web", "website", "W"),
  source(2, "srv", "server", "S"),
  source(3, "app", "mobile", "M"),
  source(4, "off", "website", "D", false)
]

export const makeSnapshot = (limits: Partial<Limits> = {}): WorkspaceSnapshot => ({
  sources,
  sourceByNo: new Map(sources.map((source) => [source.no, source])),
  sourceByWriteKey: new Map(sources.flatMap((source) => source.writeKeys.map((key) => [key, source] as const))),
  spaces: [],
  spaceById: new Map(),
  tokenByHash: new Map(),
  limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0, ...limits }
})

export const testSettings: TrackingDeps["settings"] = {
  collectIpv6: false,
  dedupScope: "workspace",
  heldEvents: 600_000,
  publicUrl: "",
  rejectUnknownKeys: false,
  trustedProxies: []
}

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: Record<string, unknown> | undefined
}

export class NoReply extends Data.TaggedError("NoReply")<{ readonly cause: unknown }> {}

export interface SendOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  /** Objects are sent as JSON; several chunks make a chunked body. */
  readonly body?: string | Buffer | object | ReadonlyArray<Buffer>
  readonly agent?: Agent
}

export interface Api {
  readonly log: MemoryLog
  readonly tracking: TrackingService
  readonly url: string
  readonly defects: Array<unknown>
  snapshot: WorkspaceSnapshot
  now: number
  readonly send: (path: string, options?: SendOptions) => Promise<Reply>
  /** POST with the source's key in the header. */
  readonly post: (
    path: string,
    body: SendOptions["body"],
    key?: string,
    headers?: Record<string, string>
  ) => Promise<Reply>
  readonly close: () => Promise<void>
}

export const basic = (key: string) => `Basic ${Buffer.from(`${key}:`).toString("base64")}`

const tryJson = (text: string) => {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}

const chunksOf = (body: SendOptions["body"]): ReadonlyArray<Buffer> => {
  if (body === undefined) return []
  if (Array.isArray(body)) return body as ReadonlyArray<Buffer>
  if (Buffer.isBuffer(body)) return [body]
  return [Buffer.from(typeof body === "string" ? body : JSON.stringify(body))]
}

export const startApi = async (
  options: {
    readonly settings?: Partial<TrackingDeps["settings"]>
    readonly limits?: Partial<Limits>
    readonly host?: string
    readonly deadlineMs?: number
    readonly suppression?: NonNullable<TrackingDeps["suppression"]>
    readonly names?: NonNullable<TrackingDeps["names"]>
    readonly counts?: NonNullable<TrackingDeps["counts"]>
  } = {}
): Promise<Api> => {
  const log = new MemoryLog()
  const defects: Array<unknown> = []
  const tracking = makeTracking({
    snapshot: () => api.snapshot,
    log,
    settings: { ...testSettings, ...options.settings },
    now: () => api.now,
    onDefect: (error) => defects.push(error),
    ...(options.suppression === undefined ? {} : { suppression: options.suppression }),
    ...(options.names === undefined ? {} : { names: options.names }),
    ...(options.counts === undefined ? {} : { counts: options.counts }),
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs })
  })
  const server = createServer({ ...serverOptions, requestTimeout: 30_000 }, (req, res) => tracking.handle(req, res))
  const host = options.host ?? "127.0.0.1"
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const port = (server.address() as AddressInfo).port
  const shared = new Agent({ keepAlive: true })

  const send = (path: string, { agent = shared, body, headers = {}, method }: SendOptions = {}) =>
    new Promise<Reply>((resolve, reject) => {
      const chunks = chunksOf(body)
      // Node frames the body of a DELETE or OPTIONS only when told how.
      const framing: Record<string, string> =
        body === undefined
          ? {}
          : Array.isArray(body)
            ? { "transfer-encoding": "chunked" }
            : { "content-length": String(chunks[0]!.length) }
      const req = request({
        host,
        port,
        path,
        agent,
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: { ...framing, ...headers }
      })
      req.on("response", (res) => {
        const received: Array<Buffer> = []
        res.on("data", (chunk: Buffer) => received.push(chunk))
        res.on("error", (cause) => reject(new NoReply({ cause })))
        res.on("end", () => {
          const bytes = Buffer.concat(received)
          const text = bytes.toString()
          resolve({ status: res.statusCode!, headers: res.headers, bytes, text, json: tryJson(text) })
        })
      })
      req.on("error", (cause) => reject(new NoReply({ cause })))
      for (const chunk of chunks) req.write(chunk)
      req.end()
    })

  const api: Api = {
    log,
    tracking,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    defects,
    snapshot: makeSnapshot(options.limits),
    now: receivedAt,
    send,
    post: (path, body, key = "S", headers = {}) =>
      send(path, {
        method: "POST",
        headers: { authorization: basic(key), ...headers },
        ...(body === undefined ? {} : { body })
      }),
    close: async () => {
      shared.destroy()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      // A fault of ours that was answered 500 must not hide behind a test that only looks at something else.
      if (defects.length > 0) throw defects[0]
    }
  }
  return api
}
