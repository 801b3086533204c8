/** A database of its own for one test of a whole service, and a way to it that can be closed, as when PostgreSQL is down. */
import { Effect, Redacted } from "effect"
import { connect, createServer, type Socket } from "node:net"
import type { AddressInfo } from "node:net"
import { freshDatabase } from "../../support/database.ts"

/** Runs `body` with the URL of an empty database, which is gone afterwards. */
export const withDatabase = (body: (url: string) => Promise<void>): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(freshDatabase, (url) => Effect.promise(() => body(Redacted.value(url)))))
  )

/** Passes everything on, until it is closed. */
export class Gate {
  readonly url: string
  private readonly sockets = new Set<Socket>()
  private open = true

  private constructor(url: string) {
    this.url = url
  }

  static async before(url: string): Promise<Gate> {
    const target = new URL(url)
    const socketDir = target.searchParams.get("host")
    const at =
      socketDir === null
        ? { port: Number(target.port), host: target.hostname }
        : { path: `${socketDir}/.s.PGSQL.${target.searchParams.get("port")}` }
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
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    server.unref()
    const own = new URL(url)
    own.search = ""
    own.hostname = "127.0.0.1"
    own.port = String((server.address() as AddressInfo).port)
    const gate = new Gate(own.href)
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
