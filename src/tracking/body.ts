/**
 * Reading a request body under a limit (ING-5, ING-30).
 *
 * - Bytes are counted as they come, and while they are inflated: a bomb stops at the limit of its route.
 * - A body that is too large is read to its end and thrown away before it is refused. An answer in the middle of an
 *   upload, or a closed connection, reaches many clients as a broken connection instead of a status.
 * - All bodies in memory share one budget; beyond it requests are told to come back.
 */
import type { IncomingMessage } from "node:http"
import { type BrotliOptions, brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from "node:zlib"

export type BodyProblem =
  | "payload_too_large"
  | "unsupported_encoding"
  /** The bytes are not what `Content-Encoding` says. */
  | "undecodable"
  /** No memory left for more bodies. */
  | "busy"
  /** Far beyond every limit: answer and close. */
  | "endless"
  /** The client hung up: there is nobody to answer. */
  | "gone"

export interface BodyBudget {
  used: number
  readonly max: number
}

/** Bytes of a refused body that are read and thrown away. */
const maxDrain = 64 * 1024 * 1024

type Done = (bytes: Buffer | undefined, problem: BodyProblem | undefined) => void
type Inflate = (
  bytes: Buffer,
  options: ZlibOptions & BrotliOptions,
  done: (error: NodeJS.ErrnoException | null, bytes: Buffer) => void
) => void

const encodingOf = (req: IncomingMessage): "plain" | "gzip" | "deflate" | "br" | undefined => {
  const header = req.headers["content-encoding"]
  if (header === undefined) return "plain"
  const name = header.trim().toLowerCase()
  if (name === "" || name === "identity") return "plain"
  if (name === "x-gzip") return "gzip"
  return name === "gzip" || name === "deflate" || name === "br" ? name : undefined
}

const inflaterOf = (encoding: "gzip" | "deflate" | "br", bytes: Buffer): Inflate =>
  encoding === "gzip"
    ? gunzip
    : encoding === "br"
      ? brotliDecompress
      : // "deflate" means zlib, but some senders leave out its header, whose low half-byte is always 8.
        ((bytes[0] ?? 8) & 0x0f) === 8
        ? inflate
        : inflateRaw

/** Calls `done` exactly once, with the decoded bytes or with a problem. */
export const readBody = (req: IncomingMessage, limit: number, budget: BodyBudget, done: Done): void => {
  const encoding = encodingOf(req)
  let problem: BodyProblem | undefined = encoding === undefined ? "unsupported_encoding" : undefined
  let chunks: Array<Buffer> = []
  let size = 0
  let held = 0
  let finished = false

  const finish: Done = (bytes, why) => {
    if (finished) return
    finished = true
    budget.used -= held
    chunks = []
    done(bytes, why)
  }
  req.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (problem === undefined) {
      if (size > limit) problem = "payload_too_large"
      else if (budget.used + chunk.length > budget.max) problem = "busy"
      else {
        budget.used += chunk.length
        held += chunk.length
        chunks.push(chunk)
        return
      }
      chunks = []
      budget.used -= held
      held = 0
    }
    if (size > maxDrain) finish(undefined, "endless")
  })
  req.on("error", () => finish(undefined, "gone"))
  req.on("close", () => finish(undefined, "gone"))
  req.on("end", () => {
    if (problem !== undefined || finished) return finish(undefined, problem)
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    if (encoding === "plain") return finish(bytes, undefined)
    // From here on "close" would only say that the client is gone; the answer then goes nowhere.
    finished = true
    chunks = []
    const options = { maxOutputLength: limit, chunkSize: Math.min(limit, Math.max(16_384, bytes.length * 6)) }
    inflaterOf(encoding as "gzip", bytes)(bytes, options, (error, inflated) => {
      budget.used -= held
      if (error === null) done(inflated, undefined)
      else done(undefined, error.code === "ERR_BUFFER_TOO_LARGE" ? "payload_too_large" : "undecodable")
    })
  })
}
