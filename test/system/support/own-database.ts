/** A database of its own for one test of a whole service, and a way to it that can be closed, as when PostgreSQL is down. */
import { Effect, Redacted } from "effect"
import { connect, createServer, type Server, type Socket } from "node:net"
import type { AddressInfo } from "node:net"
import { freshDatabase } from "../../support/database.ts"

/** Runs `body` with the URL of an empty database, which is gone afterwards. */
export const withDatabase = (body: (url: string) => Promise<void>): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(freshDatabase, (url) => Effect.promise(() => body(Redacted.value(url)))))
  )

/** Where the server of a database URL listens: a port, or a socket. */
export const addressOf = (url: string) => {
  const target = new URL(url)
  const folder = target.searchParams.get("host")
  return folder === null
    ? { port: Number(target.port), host: target.hostname }
    : { path: `${folder}/.s.PGSQL.${target.searchParams.get("port")}` }
}

/** Lets `server` listen; answers the URL that leads to the same database through it. */
export const listensFor = async (url: string, server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  server.unref()
  const own = new URL(url)
  own.search = ""
  own.hostname = "127.0.0.1"
  own.port = String((server.address() as AddressInfo).port)
  return own.href
}

/** Passes everything on, until it is closed. */
export class Gate {
  readonly url: string
  private readonly sockets = new Set<Socket>()
  private open = true

  private constructor(url: string) {
    this.url = url
  }

  static async before(url: string): Promise<Gate> {
    const at = addressOf(url)
    const server = createServer((client) => {
      if (!gate.open) return void client.destroy()
      const upstream = connect(at)
      for (const [from, to] of [
        [client, upstream],
        [upstream, client]
      ] as const) {
        gate.sockets.add(from)
        from.on("error", () => from.destroy())
        from.on("close", () => {
          gate.sockets.delete(from)
          to.destroy()
        })
        from.pipe(to)
      }
    })
    const gate = new Gate(await listensFor(url, server))
    return gate
  }

  shut(): void {
    this.open = false
    for (const socket of this.sockets) socket.destroy()
  }

  reopen(): void {
    this.open = true
  }
}
