import { createServer, request } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { describe, expect, it } from "vitest"
import { gzipSync } from "node:zlib"
import { type BodyBudget, type BodyProblem, readBody } from "../../src/tracking/body.ts"

/** Sends `chunks` to a server that reads with this limit and budget; resolves with what `readBody` said. */
const read = async (
  chunks: ReadonlyArray<Buffer>,
  budget: BodyBudget,
  headers: Record<string, string> = {},
  hangUp = false
): Promise<{ readonly size: number | undefined; readonly problem: BodyProblem | undefined }> => {
  let calls = 0
  const server = createServer()
  const result = new Promise<{ size: number | undefined; problem: BodyProblem | undefined }>((resolve) => {
    server.on("request", (req, res) => {
      readBody(req, 1_000, budget, (bytes, problem) => {
        calls += 1
        res.end()
        resolve({ size: bytes?.length, problem })
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const port = (server.address() as AddressInfo).port
  if (hangUp) {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nsome bytes", () => socket.destroy())
    })
  } else {
    const req = request({ port, host: "127.0.0.1", method: "POST", headers })
    for (const chunk of chunks) req.write(chunk)
    req.end()
    await new Promise<void>((resolve) => req.on("response", (res) => res.resume().on("end", () => resolve())))
  }
  const said = await result
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  expect(calls).toBe(1)
  return said
}

describe("ING-5: reading bodies", () => {
  const gzip = { "content-encoding": "gzip" }
  it.each([
    ["a body within the limit", [Buffer.alloc(400), Buffer.alloc(600)], {}, { size: 1_000, problem: undefined }],
    ["one byte more", [Buffer.alloc(400), Buffer.alloc(601)], {}, { size: undefined, problem: "payload_too_large" }],
    ["no body", [], {}, { size: 0, problem: undefined }],
    ["inflated within the limit", [gzipSync(Buffer.alloc(1_000))], gzip, { size: 1_000, problem: undefined }],
    ["a bomb", [gzipSync(Buffer.alloc(50_000_000))], gzip, { size: undefined, problem: "payload_too_large" }],
    ["inflated beyond", [gzipSync(Buffer.alloc(1_001))], gzip, { size: undefined, problem: "payload_too_large" }],
    ["not gzip", [Buffer.alloc(10)], gzip, { size: undefined, problem: "undecodable" }],
    [
      "another encoding",
      [Buffer.alloc(10)],
      { "content-encoding": "x" },
      { size: undefined, problem: "unsupported_encoding" }
    ]
  ])("ING-5: %s; the budget is given back", async (_, chunks, headers, expected) => {
    const budget = { used: 0, max: 10_000 }
    expect(await read(chunks, budget, headers)).toEqual(expected)
    expect(budget.used).toBe(0)
  })
  it("a client that hangs up gives its budget back", async () => {
    const budget = { used: 0, max: 10_000 }
    expect(await read([], budget, {}, true)).toEqual({ size: undefined, problem: "gone" })
    expect(budget.used).toBe(0)
  })
  it("when all bodies together would need too much memory, the request is told to come back", async () => {
    const budget = { used: 9_500, max: 10_000 }
    expect(await read([Buffer.alloc(400)], budget)).toEqual({ size: 400, problem: undefined })
    expect(await read([Buffer.alloc(600)], budget)).toEqual({ size: undefined, problem: "busy" })
    expect(budget.used).toBe(9_500)
  })
})
