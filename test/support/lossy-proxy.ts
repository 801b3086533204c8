/** A proxy in front of a server that can lose its answers, as a network does. `to`: path of a socket, or a port here. */
import { Effect, type Scope } from "effect"
import { connect, createServer, type Socket } from "node:net"

export interface LossyProxy {
  readonly port: number
  /** While true, nothing that the server says arrives. */
  losing: boolean
  readonly cut: () => void
}

export const lossyProxy = (to: string | number): Effect.Effect<LossyProxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<LossyProxy & { readonly close: Effect.Effect<void> }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer({ noDelay: true }, (client) => {
        const upstream = connect(typeof to === "string" ? { path: to } : { host: "127.0.0.1", port: to })
        for (const socket of [client, upstream]) {
          sockets.add(socket)
          socket.on("error", () => socket.destroy())
          socket.on("close", () => {
            sockets.delete(socket)
            client.destroy()
            upstream.destroy()
          })
        }
        client.on("data", (chunk) => upstream.write(chunk))
        upstream.on("data", (chunk) => {
          if (!proxy.losing) client.write(chunk)
        })
      })
      const proxy = {
        port: 0,
        losing: false,
        cut: () => {
          for (const socket of sockets) socket.destroy()
        },
        close: Effect.callback<void>((resume) => {
          proxy.cut()
          server.close(() => resume(Effect.void))
        })
      }
      server.listen(0, "127.0.0.1", () => {
        proxy.port = (server.address() as { port: number }).port
        resume(Effect.succeed(proxy))
      })
    }),
    (proxy) => proxy.close
  )
