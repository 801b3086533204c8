/**
 * What the Tracking API says: statuses, codes and bodies that the client libraries depend on (ING-7, ING-8), and the
 * CORS headers that let browsers read them (ING-9).
 *
 * Permanent refusals are always 400, never 413, 415 or 422: some clients send a batch again for ever on those.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Counters } from "./counters.ts"

const errors = {
  invalid_request: [400, "malformed JSON"],
  payload_too_large: [400, "Exceed payload limit"],
  invalid_write_key: [400, "The write key is missing or ill-formed. Send it as `writeKey` or as Basic user name."],
  unknown_write_key: [400, "The write key belongs to no source of this installation."],
  unsupported_encoding: [400, "Content-Encoding must be gzip, deflate or br."],
  invalid_token: [401, "This source wants an access token of its OAuth application, and there is no valid one."],
  insufficient_scope: [403, "The access token does not have the scope tracking_api:write."],
  source_not_connected: [403, "The application of the access token is not connected to this source."],
  not_found: [404, "There is no such route."],
  method_not_allowed: [405, "This route does not have this method."],
  rate_limited: [429, "Too many requests. Send this one again after the seconds in Retry-After."],
  internal: [500, "The request failed because of a fault in the server. Send it again later."],
  unavailable: [503, "The messages could not be stored now. Send them again after the seconds in Retry-After."],
  loop_detected: [508, "The request came back to its sender more than three times."]
} as const satisfies Record<string, readonly [number, string]>
export type ErrorCode = keyof typeof errors

export const json = "application/json"
const successBody = Buffer.from('{"success":true}')
const transparentGif = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64")

const gifHeaders = [
  "Content-Type",
  "image/gif",
  "Cache-Control",
  "no-store, private",
  "Access-Control-Allow-Origin",
  "*"
]

const originOf = (req: IncomingMessage): ReadonlyArray<string> => {
  const origin = req.headers.origin
  return origin === undefined
    ? []
    : ["Access-Control-Allow-Origin", origin, "Access-Control-Allow-Credentials", "true", "Vary", "Origin"]
}

type Statuses = Readonly<Partial<Record<ErrorCode, number | undefined>>>

export class Answers {
  private readonly counters: Counters

  private readonly statuses: Statuses

  /** `statuses`: others than the usual ones. */
  constructor(counters: Counters, statuses: Statuses = {}) {
    this.counters = counters
    this.statuses = statuses
  }

  /** `headers`: names and values in turn. Does nothing when the request was answered before. */
  send(req: IncomingMessage, res: ServerResponse, status: number, body: Buffer, headers: ReadonlyArray<string>): void {
    if (res.headersSent || res.writableEnded) return
    this.counters.add("requests", String(status))
    res.writeHead(status, [...headers, "Content-Length", String(body.length)])
    res.end(req.method === "HEAD" ? undefined : body)
  }

  notModified(res: ServerResponse, headers: ReadonlyArray<string>): void {
    this.counters.add("requests", "304")
    res.writeHead(304, [...headers])
    res.end()
  }

  private exposed(
    req: IncomingMessage,
    res: ServerResponse,
    status: number,
    body: Buffer,
    more: ReadonlyArray<string>
  ) {
    const origin = originOf(req)
    const cors =
      origin.length === 0
        ? origin
        : [...origin, "Access-Control-Expose-Headers", "Retry-After, X-RateLimit-Reset, Date"]
    this.send(req, res, status, body, ["Content-Type", json, ...cors, ...more])
  }

  success(req: IncomingMessage, res: ServerResponse): void {
    this.exposed(req, res, 200, successBody, [])
  }

  /** `message` replaces the usual text of the code. */
  failure(
    req: IncomingMessage,
    res: ServerResponse,
    code: ErrorCode,
    message?: string,
    headers: ReadonlyArray<string> = []
  ): void {
    const [status, usual] = errors[code]
    const text = message ?? usual
    this.counters.add("refused", code)
    const body = Buffer.from(JSON.stringify({ success: false, code, message: text, error: text }))
    this.exposed(req, res, this.statuses[code] ?? status, body, headers)
  }

  /** 429 or 503: come back in `seconds`. Clients read either header. */
  later(req: IncomingMessage, res: ServerResponse, code: "rate_limited" | "unavailable", seconds: number): void {
    const value = String(seconds)
    this.failure(req, res, code, undefined, ["Retry-After", value, "X-RateLimit-Reset", value])
  }

  wrongMethod(req: IncomingMessage, res: ServerResponse, allowed: string): void {
    this.failure(req, res, "method_not_allowed", undefined, ["Allow", allowed])
  }

  preflight(req: IncomingMessage, res: ServerResponse): void {
    if (res.headersSent) return
    this.counters.add("requests", "204")
    const requested = req.headers["access-control-request-headers"]
    res.writeHead(204, [
      ...originOf(req),
      "Access-Control-Allow-Methods",
      "GET, POST, OPTIONS",
      "Access-Control-Max-Age",
      "86400",
      ...(requested === undefined ? [] : ["Access-Control-Allow-Headers", requested])
    ])
    res.end()
  }

  /** The answer of every pixel call, whatever became of it (ING-104, ING-105). */
  gif(req: IncomingMessage, res: ServerResponse): void {
    this.send(req, res, 200, transparentGif, gifHeaders)
  }
}
