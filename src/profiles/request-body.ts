/** Reads the body of a request into memory, up to a limit. */
import type { IncomingMessage } from "node:http"

/** `null` when the body is larger than `limit` bytes; fails when the client goes away. */
export const readBody = (req: IncomingMessage, limit: number): Promise<Buffer | null> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    let size = 0
    req.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) return chunks.push(chunk)
      // The rest is not read: the answer closes the connection.
      req.removeAllListeners("data").pause()
      return resolve(null)
    })
    req.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    req.once("error", reject)
    req.once("close", () => {
      if (!req.complete) reject(new Error("The client closed the connection."))
    })
  })
