/** Writes an answer; what is large is compressed, beside the event loop, for who takes that. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { gzip } from "node:zlib"

export type Headers = Record<string, string>

const worthCompressing = 16 * 1024

export const reply = (
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  text: string,
  headers: Headers
): void => {
  const send = (body: Buffer, encoding: Headers): void => {
    if (res.headersSent || res.destroyed) return
    res.writeHead(status, {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": body.length,
      "Cache-Control": "no-store",
      Vary: "Accept-Encoding",
      // What was not read must not be taken for the next request.
      ...(req.complete || req.method === "GET" ? undefined : { Connection: "close" }),
      ...encoding,
      ...headers
    })
    res.end(body)
  }
  const plain = Buffer.from(text)
  const takesGzip = /(^|[\s,])gzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(req.headers["accept-encoding"] ?? ""))
  if (plain.length < worthCompressing || !takesGzip) return send(plain, {})
  gzip(plain, { level: 3 }, (error, packed) =>
    error === null ? send(packed, { "Content-Encoding": "gzip" }) : send(plain, {})
  )
}
