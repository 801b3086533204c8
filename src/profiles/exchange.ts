/**
 * One request and its answer: a fresh `Request-Id` that the answer, the log and the errors share (PRO-5), the JSON
 * reply without any CORS header (PRO-1), and the log line without identifier values (PRO-29).
 */
import { type Context, Effect } from "effect"
import { randomUUID } from "node:crypto"
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http"
import type { ApiMetrics, Route } from "./metrics.ts"
import { maskedPath } from "./rest-request.ts"

export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly path: string
  readonly requestId: string
  readonly started: number
  route: Route
  /** It has become a subscription: it no longer counts among the requests that wait for the stores. */
  release: () => void
}

export const beginExchange = (req: IncomingMessage, res: ServerResponse, path: string): Exchange => ({
  req,
  res,
  path,
  requestId: `req_${randomUUID()}`,
  started: performance.now(),
  route: "none",
  release: () => {}
})

/** An answer to a client that has gone is dropped. */
const send = (
  { req, res, requestId }: Exchange,
  status: number,
  type: string,
  text: string,
  headers?: OutgoingHttpHeaders
): void => {
  if (res.headersSent || res.destroyed) return
  // A body nobody will read would be taken for the next request on this connection.
  if (!req.complete && req.method !== "GET") res.setHeader("Connection", "close")
  res.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    "Request-Id": requestId,
    ...headers
  })
  res.end(text)
}

export const reply = (exchange: Exchange, status: number, body: unknown, headers?: OutgoingHttpHeaders): void =>
  send(exchange, status, "application/json", JSON.stringify(body), headers)

/** Answers with a file to be kept under this name. */
export const replyFile = (exchange: Exchange, type: string, content: string, fileName: string): void =>
  send(exchange, 200, `${type}; charset=utf-8`, content, {
    "Content-Disposition": `attachment; filename="${fileName}"`,
    "X-Content-Type-Options": "nosniff"
  })

/** Counts and logs the exchange once its answer is out, or its client gone. */
export const watch = (
  exchange: Exchange,
  metrics: ApiMetrics,
  debug: boolean,
  context: Context.Context<never>
): void => {
  exchange.res.once("close", () => {
    const elapsed = performance.now() - exchange.started
    const { statusCode } = exchange.res
    metrics.answered(exchange.route, statusCode, elapsed)
    if (!debug) return
    const line = `${exchange.req.method} ${maskedPath(exchange.path)} ${statusCode} ${elapsed.toFixed(1)} ms`
    Effect.runForkWith(context)(Effect.logDebug(line).pipe(Effect.annotateLogs({ requestId: exchange.requestId })))
  })
}
