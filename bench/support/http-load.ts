/**
 * A client that costs as little as it can, because it shares the cores with what it measures: requests are made
 * beforehand, sockets are kept, one request at a time on each.
 */
import { connect, type Socket } from "node:net"

/** A whole POST with JSON, ready to be written. */
export const post = (path: string, authorization: string, body: string): Buffer =>
  Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      "Host: 127.0.0.1",
      `Authorization: ${authorization}`,
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "",
      body
    ].join("\r\n")
  )

export const get = (path: string, authorization: string): Buffer =>
  Buffer.from([`GET ${path} HTTP/1.1`, "Host: 127.0.0.1", `Authorization: ${authorization}`, "", ""].join("\r\n"))

export const basic = (user: string): string => `Basic ${Buffer.from(`${user}:`).toString("base64")}`

export interface Answer {
  readonly status: number
  readonly body: string
}

/** One kept connection. */
export class Connection {
  readonly #socket: Socket
  #received = ""
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => {
      this.#received += chunk
      this.#look()
    })
    const broken = (error?: Error) => this.#reject?.(error ?? new Error("the connection was closed"))
    socket.on("error", broken)
    socket.on("close", () => broken())
  }

  static open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      socket.once("connect", () => resolve(new Connection(socket)))
      socket.once("error", reject)
    })
  }

  request(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#reject = undefined
    this.#socket.destroy()
  }

  /** Answers once the whole body is there: of a given length, or in chunks. */
  #look(): void {
    const text = this.#received
    const head = text.indexOf("\r\n\r\n")
    if (head === -1) return
    const length = /content-length: (\d+)/i.exec(text.slice(0, head))
    const end = length === null ? text.indexOf("\r\n0\r\n\r\n", head - 2) + 7 : head + 4 + Number(length[1])
    if (length === null ? end === 6 : text.length < end) return
    this.#received = text.slice(end)
    this.#resolve?.({ status: Number(text.slice(9, 12)), body: text.slice(head + 4, end) })
  }
}

export interface Load {
  /** Milliseconds from sending to the whole answer, or, with `perSecond`, from when the request was due. */
  readonly latencies: ReadonlyArray<number>
  readonly ms: number
  /** Bytes of all answers: what was asked was answered. */
  readonly bytes: number
}

/** Sends all of them on `connections` sockets as fast as answers come. Anything but 200 is an error. */
export const closedLoop = async (url: string, requests: ReadonlyArray<Buffer>, connections: number): Promise<Load> => {
  const sockets = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)))
  const latencies: Array<number> = []
  let next = 0
  let bytes = 0
  const start = performance.now()
  await Promise.all(
    sockets.map(async (socket) => {
      while (next < requests.length) {
        const request = requests[next++]!
        const sent = performance.now()
        const { status, body } = await socket.request(request)
        if (status !== 200) throw new Error(`${status}: ${body}`)
        latencies.push(performance.now() - sent)
        bytes += body.length
      }
    })
  )
  const ms = performance.now() - start
  for (const socket of sockets) socket.close()
  return { latencies, ms, bytes }
}

/**
 * Sends `perSecond` requests a second, evenly, whether answers come or not (up to `connections` at a time). The latency
 * counts from when a request was due, so a server that stalls cannot hide it.
 */
export const openLoop = async (
  url: string,
  requests: ReadonlyArray<Buffer>,
  { perSecond, connections }: { readonly perSecond: number; readonly connections: number }
): Promise<Load> => {
  const sockets = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)))
  const latencies: Array<number> = []
  let next = 0
  let bytes = 0
  const start = performance.now()
  const dueAt = (n: number) => start + (n * 1000) / perSecond
  await new Promise<void>((resolve, reject) => {
    let open = 0
    const pump = () => {
      while (next < requests.length && dueAt(next) <= performance.now() && sockets.length > 0) {
        const due = dueAt(next)
        const socket = sockets.pop()!
        open++
        socket.request(requests[next++]!).then(({ status, body }) => {
          if (status !== 200) return reject(new Error(`${status}: ${body}`))
          latencies.push(performance.now() - due)
          bytes += body.length
          sockets.push(socket)
          open--
          if (next === requests.length && open === 0) return resolve()
          pump()
        }, reject)
      }
      if (next < requests.length && sockets.length > 0) setTimeout(pump, 1)
    }
    pump()
  })
  const ms = performance.now() - start
  for (const socket of sockets) socket.close()
  return { latencies, ms, bytes }
}
