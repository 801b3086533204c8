/**
 * One HTTP request to somebody else's server, bounded in every way: addresses (`egress.ts`), time to the headers and to the end, bytes
 * of the answer, redirects (DEL-3, DEL-4). An answer of any status is an answer; only what brought none throws, with a `code`.
 *
 * - What is longer than the limit is cut, not refused: the status says what became of the request. The connection is closed then.
 * - A connection that was kept alive may have been closed by the other side just now: that request is sent once more on a new one.
 */
import * as http from "node:http"
import * as https from "node:https"
import type { Readable } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate, constants as zlib } from "node:zlib"
import type { Egress } from "./egress.ts"

export class OutboundTimeout extends Error {
  readonly code = "ETIMEDOUT"
  constructor(ms: number, of: string) {
    super(`No ${of} within ${Math.round(ms / 100) / 10} s`)
    this.name = "TimeoutError"
  }
}

export class TooManyRedirects extends Error {
  readonly code = "ERR_TOO_MANY_REDIRECTS"
  constructor(limit: number) {
    super(`More than ${limit} redirects`)
    this.name = "TooManyRedirects"
  }
}

export type Headers = Readonly<Record<string, string | ReadonlyArray<string>>>

export interface OutboundRequest {
  readonly method: string
  readonly url: string
  readonly headers?: Headers
  readonly body?: Buffer | undefined
  /** To the headers of the last answer; default 10 s. */
  readonly headersMs?: number
  /** To the end of its body; default 15 s. */
  readonly totalMs?: number
  /** Bytes of the body that are kept; default 1 MiB. */
  readonly bodyLimit?: number
  /** Followed at most; default 20. 0: a redirect is the answer. */
  readonly redirects?: number
  readonly signal?: AbortSignal | undefined
  /** Told of every request that was made, redirected ones too. */
  readonly onHop?: ((hop: Hop) => void) | undefined
}

export interface OutboundAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: ReadonlyArray<string>
  readonly body: Buffer
  readonly truncated: boolean
  readonly url: string
  readonly redirected: boolean
}

export interface Hop {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: Buffer | undefined
  readonly answer?: OutboundAnswer
  readonly error?: Error
}

const agents = {
  "http:": new http.Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 }),
  "https:": new https.Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 64 })
}

const decoded = (answer: http.IncomingMessage): Readable => {
  const flush = { flush: zlib.Z_SYNC_FLUSH, finishFlush: zlib.Z_SYNC_FLUSH }
  const encoding = answer.headers["content-encoding"]?.trim().toLowerCase()
  if (encoding === "gzip" || encoding === "x-gzip") return answer.pipe(createGunzip(flush))
  if (encoding === "deflate" || encoding === "x-deflate") return answer.pipe(createInflate(flush))
  if (encoding === "br") return answer.pipe(createBrotliDecompress())
  return answer
}

const hasNoBody = (method: string, status: number) => method === "HEAD" || status === 204 || status === 304

/** One request without following. `timed` is told when the headers are there. */
const exchange = (
  egress: Egress,
  url: URL,
  request: { readonly method: string; readonly headers: Headers; readonly body: Buffer | undefined },
  limit: number,
  signal: AbortSignal,
  onHeaders: (status: number) => void,
  fresh = false
): Promise<Omit<OutboundAnswer, "redirected">> =>
  new Promise((resolve, reject) => {
    const refused = egress.refusal(url.hostname)
    if (refused !== undefined) return reject(refused)
    const secure = url.protocol === "https:"
    if (!secure && url.protocol !== "http:")
      return reject(
        Object.assign(new TypeError(`"${url.protocol}" is not supported: use https`), { code: "EPROTOCOL" })
      )
    let answered = false
    const outgoing = (secure ? https : http).request(url, {
      method: request.method,
      headers: request.headers as http.OutgoingHttpHeaders,
      agent: fresh ? false : agents[secure ? "https:" : "http:"],
      lookup: egress.lookup as NonNullable<http.RequestOptions["lookup"]>,
      signal
    })
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      if (outgoing.reusedSocket && !answered && !fresh && (error.code === "ECONNRESET" || error.code === "EPIPE"))
        resolve(exchange(egress, url, request, limit, signal, onHeaders, true))
      else reject(error)
    })
    outgoing.on("response", (incoming) => {
      answered = true
      const status = incoming.statusCode ?? 0
      onHeaders(status)
      const done = (chunks: ReadonlyArray<Buffer>, truncated: boolean) =>
        resolve({
          status,
          statusText: incoming.statusMessage ?? "",
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks),
          truncated,
          url: url.href
        })
      const body = hasNoBody(request.method, status) ? incoming : decoded(incoming)
      const chunks: Array<Buffer> = []
      let size = 0
      body.on("data", (chunk: Buffer) => {
        if (size + chunk.length <= limit) {
          chunks.push(chunk)
          size += chunk.length
          return
        }
        chunks.push(chunk.subarray(0, limit - size))
        body.removeAllListeners("data").removeAllListeners("end")
        outgoing.destroy()
        done(chunks, true)
      })
      body.on("end", () => done(chunks, false))
      body.on("error", reject)
      if (body !== incoming) incoming.on("error", reject)
      incoming.on("aborted", () => reject(Object.assign(new Error("The connection was cut"), { code: "ECONNRESET" })))
    })
    outgoing.end(request.body)
  })

const isRedirect = (status: number) =>
  status === 301 || status === 302 || status === 303 || status === 307 || status === 308

const withoutHeaders = (headers: Headers, gone: ReadonlySet<string>): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !gone.has(name.toLowerCase())))

const credentials: ReadonlySet<string> = new Set(["authorization", "www-authenticate", "cookie", "cookie2"])
const bodyHeaders: ReadonlySet<string> = new Set(["content-length", "content-type", "content-encoding"])
const hostHeader: ReadonlySet<string> = new Set(["host"])

/** Whether credentials may go along: to the same host or one below it, never from https to http. */
const staysWithin = (from: URL, to: URL) =>
  from.protocol === to.protocol && (to.host === from.host || to.hostname.endsWith(`.${from.hostname}`))

export const send = async (egress: Egress, request: OutboundRequest): Promise<OutboundAnswer> => {
  const { headersMs = 10_000, totalMs = 15_000, bodyLimit = 1024 * 1024, redirects = 20, onHop } = request
  const stop = new AbortController()
  let timedOut: OutboundTimeout | undefined
  const expire = (ms: number, of: string) =>
    setTimeout(() => {
      timedOut = new OutboundTimeout(ms, of)
      stop.abort()
    }, ms)
  const total = expire(totalMs, "complete answer")
  const toHeaders = expire(headersMs, "answer")
  const cancel = () => stop.abort()
  request.signal?.addEventListener("abort", cancel)
  if (request.signal?.aborted === true) cancel()
  try {
    let url = new URL(request.url)
    let { method, body } = request
    let headers: Headers = {
      accept: "*/*",
      "accept-encoding": "gzip, deflate, br",
      ...withoutHeaders(request.headers ?? {}, hostHeader),
      ...(body === undefined && method !== "POST" && method !== "PUT" && method !== "PATCH"
        ? {}
        : { "content-length": String(body?.length ?? 0) })
    }
    for (let followed = 0; ; followed++) {
      const sent = { method, headers, body }
      let answer: OutboundAnswer
      try {
        const told = (status: number) => {
          if (!isRedirect(status) || redirects === 0) clearTimeout(toHeaders)
        }
        answer = { ...(await exchange(egress, url, sent, bodyLimit, stop.signal, told)), redirected: followed > 0 }
      } catch (thrown) {
        const error = timedOut ?? (thrown instanceof Error ? thrown : new Error(String(thrown)))
        onHop?.({ ...sent, url: url.href, error })
        throw error
      }
      onHop?.({ ...sent, url: url.href, answer })
      const { location } = answer.headers
      if (redirects === 0 || !isRedirect(answer.status) || location === undefined) return answer
      if (followed >= redirects) throw new TooManyRedirects(redirects)
      const next = new URL(location, url)
      if (answer.status === 303 || ((answer.status === 301 || answer.status === 302) && method === "POST")) {
        if (method !== "HEAD") method = "GET"
        body = undefined
        headers = withoutHeaders(headers, bodyHeaders)
      }
      if (!staysWithin(url, next)) headers = withoutHeaders(headers, credentials)
      url = next
    }
  } finally {
    clearTimeout(total)
    clearTimeout(toHeaders)
    request.signal?.removeEventListener("abort", cancel)
  }
}
