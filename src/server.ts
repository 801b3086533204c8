/**
 * The one HTTP server. Every room brings plain handlers; this file only decides who answers, reports health
 * and drains: on shutdown no new connection is taken, streams and WebSockets are told to go, requests in flight are finished,
 * then sockets are closed.
 */
import { Data, Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"

/** A room's part of the HTTP surface; `path` is without query. */
export interface Handlers {
  readonly matches: (path: string) => boolean
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  /** Paths at which a request may become a WebSocket, and what takes it over. */
  readonly upgrades?: (path: string) => boolean
  readonly upgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Called at shutdown: ends what would stay open for long. */
  readonly drain?: () => void
}

export interface HealthReport {
  readonly ready: boolean
  readonly body: unknown
}

export class CannotListen extends Data.TaggedError("CannotListen")<{
  readonly host: string
  readonly port: number
  readonly code: string
}> {
  override get message() {
    const what =
      this.code === "EADDRINUSE"
        ? "the port is in use. Stop the other program, or choose another port with BRAID_PORT (0 = any free one)"
        : this.code === "EACCES"
          ? "this user may not use that port. Choose one above 1023 with BRAID_PORT"
          : `the system said ${this.code}. Check BRAID_HOST and BRAID_PORT`
    return `Braid cannot listen on ${this.host}:${this.port}: ${what}.`
  }
}

/** Requests in flight get this long to finish before their sockets are closed. */
const drainMs = 5_000

const json = (res: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body)
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
  res.end(text)
}

const pathOf = (url: string): string => {
  const end = url.indexOf("?")
  return end === -1 ? url : url.slice(0, end)
}

/** Serves until the scope closes, then drains. Answers the address it listens on. */
export const serveHttp = (options: {
  readonly host: string
  readonly port: number
  readonly rooms: ReadonlyArray<Handlers>
  readonly health: Effect.Effect<HealthReport>
  /** Called first thing at shutdown, so that `/health/ready` says no. */
  readonly onDrain: () => void
}) =>
  Effect.gen(function* () {
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    const metrics = (res: ServerResponse) =>
      run(PrometheusMetrics.format()).then((text) => {
        res.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" })
        res.end(text)
      })
    const health = (res: ServerResponse, onlyReady: boolean) =>
      run(options.health).then((report) =>
        onlyReady ? json(res, report.ready ? 200 : 503, { ready: report.ready }) : json(res, 200, report.body)
      )
    const own = (req: IncomingMessage, res: ServerResponse, path: string): Promise<unknown> | void => {
      const reading = req.method === "GET" || req.method === "HEAD"
      if (path === "/health" && reading) return health(res, false)
      if (path === "/health/ready" && reading) return health(res, true)
      if (path === "/metrics" && reading) return metrics(res)
      if (path === "/" && reading) {
        res.writeHead(302, { location: "/console" })
        return void res.end()
      }
      if (path === "/health" || path === "/health/ready" || path === "/metrics" || path === "/") {
        res.setHeader("allow", "GET, HEAD")
        return json(res, 405, { success: false, code: "method_not_allowed", message: "Use GET.", error: "Use GET." })
      }
      const message = `There is nothing at ${path}. The console is at /console, the Tracking API below /v1, the Profile API below /v1/spaces and at /graphql.`
      return json(res, 404, { success: false, code: "not_found", message, error: message })
    }
    /** Requests that want to be something else are answered as they are: some HTTP clients always offer HTTP/2. */
    const upgrading = (req: IncomingMessage): Handlers | undefined =>
      req.headers.upgrade?.toLowerCase() === "websocket"
        ? options.rooms.find((room) => room.upgrades?.(pathOf(req.url ?? "/")))
        : undefined
    const server: Server = createServer(
      {
        keepAliveTimeout: 65_000,
        headersTimeout: 20_000,
        requestTimeout: 30_000,
        maxHeaderSize: 64 * 1024,
        shouldUpgradeCallback: (req) => upgrading(req) !== undefined
      },
      (req, res) => {
        const path = pathOf(req.url ?? "/")
        for (const room of options.rooms) {
          if (room.matches(path)) return room.handle(req, res)
        }
        const answer = own(req, res, path)
        if (answer !== undefined)
          answer.catch(() => {
            if (!res.headersSent)
              json(res, 500, { success: false, code: "internal", message: "Internal error.", error: "Internal error." })
          })
      }
    )
    server.on("upgrade", (req, socket, head) => {
      const room = upgrading(req)
      if (room?.upgrade === undefined) socket.destroy()
      else room.upgrade(req, socket, head)
    })
    server.maxConnections = 10_000
    yield* Effect.acquireRelease(
      Effect.callback<void, CannotListen>((resume) => {
        server.once("error", (error: NodeJS.ErrnoException) => {
          resume(
            Effect.fail(new CannotListen({ host: options.host, port: options.port, code: error.code ?? error.message }))
          )
        })
        server.listen(options.port, options.host, 4096, () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          options.onDrain()
          for (const room of options.rooms) room.drain?.()
          const force = setTimeout(() => server.closeAllConnections(), drainMs)
          // Idle keep-alive connections would hold the close for their whole timeout.
          const idle = setInterval(() => server.closeIdleConnections(), 100)
          server.close(() => {
            clearTimeout(force)
            clearInterval(idle)
            resume(Effect.void)
          })
          server.closeIdleConnections()
        })
    )
    const address = server.address() as AddressInfo
    return { host: options.host, port: address.port }
  })
