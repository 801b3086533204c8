/**
 * 10,000 malformed requests to a whole service, through every door: no 5xx, no crash, no fiber that has to be restarted
 * (what was accepted of them is digested by the space), memory flat, and afterwards good events are as welcome as before.
 *
 * BRAID_TEST_SEED repeats a run, BRAID_TEST_REQUESTS changes its length.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { Agent, request } from "node:http"
import { connect } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { dice, garbage, type RawRequest } from "./support/garbage.ts"
import { Service } from "./support/service.ts"
import { random } from "./support/traffic.ts"

const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)
const total = Number(process.env["BRAID_TEST_REQUESTS"] ?? 10_000)
/** Memory is looked at after each of these rounds; the first ones warm up. */
const rounds = 10

let service: Service
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
beforeAll(async () => {
  // Garbage is collected early, so that growth is growth; and what is kept of requests would soon end the process.
  service = await new Service({ env: { NODE_OPTIONS: "--max-old-space-size=64 --max-semi-space-size=2" } }).start()
})
afterAll(async () => {
  agent.destroy()
  await service.dispose()
})

/** Sends without correcting anything on the way, as `fetch` would. */
const send = (asked: RawRequest): Promise<number> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(service.url)
    const { method, path, headers, body } = asked
    const length = method === "GET" || method === "HEAD" ? {} : { "content-length": body.length }
    const sent = request(
      { agent, host: "127.0.0.1", port, method, path, headers: { ...headers, ...length } },
      (res) => {
        res.resume()
        res.on("end", () => resolve(res.statusCode!))
        res.on("error", reject)
      }
    )
    sent.on("error", reject)
    sent.end("content-length" in length ? body : undefined)
  })

/** Answers what came back until the connection was closed; `end` hangs up after sending. */
const sendBytes = (text: string | Uint8Array): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1")
    let answer = ""
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")))
    socket.on("error", () => {})
    socket.on("close", () => resolve(answer))
    socket.end(text)
  })

const residentMegabytes = (): number => {
  const file = `/proc/${service.pid}/status`
  const kilobytes = existsSync(file)
    ? /VmRSS:\s+(\d+)/.exec(readFileSync(file, "utf8"))![1]
    : execFileSync("ps", ["-o", "rss=", "-p", String(service.pid)], { encoding: "utf8" })
  return Math.round(Number(kilobytes) / 1024)
}

const works = async (user: string) => {
  expect((await service.post("/v1/identify", { userId: user, traits: { plan: "pro" } })).status).toBe(200)
  await service.settled()
  expect((await service.profile(`user_id:${user}/traits`)).body.traits).toEqual({ plan: "pro" })
}

describe("a whole service", () => {
  it(`ING-8: ${total} malformed requests, seed ${seed}`, { timeout: 300_000 }, async () => {
    console.log(`Malformed requests: seed ${seed}`)
    const { below, pick } = dice(random(seed))
    const statuses = new Map<number, number>()
    const faults: Array<unknown> = []
    const megabytes: Array<number> = []
    for (let round = 0; round < rounds; round++) {
      const requests = Array.from({ length: total / rounds }, () => garbage({ below, pick }))
      let next = 0
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          while (next < requests.length) {
            const asked = requests[next++]!
            const status = await send(asked).catch((error: Error) => error.message)
            if (typeof status === "number") statuses.set(status, (statuses.get(status) ?? 0) + 1)
            if (typeof status !== "number" || status >= 500)
              faults.push({ status, ...asked, body: asked.body.toString("latin1").slice(0, 2_000) })
          }
        })
      )
      megabytes.push(residentMegabytes())
    }
    console.log(`Answers ${JSON.stringify(Object.fromEntries(statuses))}, resident ${megabytes.join(", ")} MB`)
    expect(faults.slice(0, 3)).toEqual([])
    for (const status of [200, 204, 400, 401, 404, 405]) expect(statuses.get(status)).toBeGreaterThan(10)

    await works("after-garbage")
    const health = await service.health()
    expect(health).toMatchObject({ status: "ok", ready: true })
    for (const fiber of health.fibers) expect(fiber).toMatchObject({ status: "running", restarts: 0, lastError: null })
    expect(service.stderr).not.toContain('"level":"ERROR"')
    expect(megabytes.at(-1)! - Math.max(...megabytes.slice(0, 3))).toBeLessThan(40)
  })

  it.each([
    ["no HTTP at all", "\u0016\u0003\u0001 hello?\r\n\r\n"],
    ["an unknown method", "BREW /v1/track HTTP/1.1\r\nhost: x\r\n\r\n"],
    ["two lengths", "POST /v1/track HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\n{}"],
    ["a negative length", "POST /v1/track HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n{}"],
    ["a bad chunk", "POST /v1/track HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"],
    ["a header that never ends", `GET /health HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(100_000)}`],
    ["a body cut short", "POST /v1/track HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{"],
    ["an expectation", "POST /v1/track HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\ncontent-length: 2\r\n\r\n{}"],
    ["an upgrade", "GET /v1/track HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"],
    ["an absolute address", "GET http://elsewhere.invalid/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
    ["an asterisk", "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
    ["no host", "GET /analytics.js/v1/wk_web/analytics.min.js HTTP/1.1\r\n\r\n"],
    ["a host that is a script", 'GET /v1/projects/wk_web/settings HTTP/1.1\r\nhost: "><x>\r\nconnection: close\r\n\r\n']
  ])("bytes on the wire: %s", async (_, bytes) => {
    expect(await sendBytes(bytes)).not.toMatch(/^HTTP\/1.1 5/)
  })

  it("many who hang up in the middle of a body", async () => {
    const head = "POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"
    await Promise.all(Array.from({ length: 200 }, () => sendBytes(`${head}{"batch":[`)))
    await works("after-bytes")
    expect(await service.health()).toMatchObject({ status: "ok", ready: true })
  })
})
