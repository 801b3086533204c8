/** The floor for subscriptions, as a process of its own: what is POSTed goes to every open stream and socket at once, as it is. */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"

const streams = new Set<ServerResponse>()
const sockets = new Set<WebSocket>()

const server = createServer((req, res) => {
  if (req.method === "GET") {
    res.writeHead(200, { "content-type": "text/event-stream" })
    res.write(":\n\n")
    streams.add(res)
    res.once("close", () => streams.delete(res))
    return
  }
  let text = ""
  req.on("data", (chunk: Buffer) => (text += chunk.toString()))
  req.once("end", () => {
    const result = JSON.stringify(JSON.parse(text))
    for (const stream of streams) stream.write(`event: next\ndata: ${result}\n\n`)
    const message = `{"id":"1","type":"next","payload":${result}}`
    for (const socket of sockets) socket.send(message)
    res.end()
  })
})
const upgrades = new WebSocketServer({ server, perMessageDeflate: false })
upgrades.on("connection", (socket) => {
  sockets.add(socket)
  socket.once("close", () => sockets.delete(socket))
})
server.listen(0, "127.0.0.1", 4096, () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
