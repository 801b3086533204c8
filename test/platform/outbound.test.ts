/** Outbound requests: where they may go and what bounds them (DEL-3, DEL-4, DEL-9, ADM-118). */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { makeEgress } from "../../src/platform/egress.ts"
import { type Hop, send } from "../../src/platform/outbound.ts"

const refusalOf = (host: string, allow: ReadonlyArray<string> = []) => makeEgress(allow).refusal(host)?.code

describe("addresses", () => {
  it.each([
    "127.0.0.1",
    "127.9.9.9",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "[::1]",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::"
  ])("AC4-49: %s is refused", (host) => {
    expect(refusalOf(host)).toBe("EEGRESS")
  })

  it.each(["93.184.215.14", "172.32.0.1", "2606:4700::1111", "::ffff:93.184.215.14", "example.com"])(
    "%s passes",
    (host) => {
      expect(refusalOf(host)).toBeUndefined()
    }
  )

  it.each([
    ["127.0.0.1", ["127.0.0.1"]],
    ["10.200.3.4", ["10.0.0.0/8"]],
    ["::1", ["::1/128"]],
    ["::ffff:10.0.0.1", ["10.0.0.0/8"]]
  ])("%s passes when %s is listed", (host, allow) => {
    expect(refusalOf(host, allow)).toBeUndefined()
  })

  it("says what is wrong with the list", () => {
    expect(() => makeEgress(["10.0.0.0/8", "http://x"])).toThrow('"http://x" is no address')
  })
})

describe("names", () => {
  type Answer = ReadonlyArray<string>
  const lookUp = (host: string, answers: Answer, allow: ReadonlyArray<string> = []) =>
    new Promise((resolve) => {
      const egress = makeEgress(allow, (_, __, done) =>
        done(
          null,
          answers.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
        )
      )
      egress.lookup(host, { all: true }, (error, found) =>
        resolve(error?.message ?? (found as ReadonlyArray<{ address: string }>).map(({ address }) => address))
      )
    })

  it("AC4-49: a name that stands for the inside is refused, and the message says which address it has", async () => {
    expect(await lookUp("evil.test", ["127.0.0.1", "10.0.0.1"])).toMatch(/evil\.test is at 127\.0\.0\.1, 10\.0\.0\.1/)
  })

  it("connects to the public ones of several addresses", async () => {
    expect(await lookUp("both.test", ["10.0.0.1", "93.184.215.14"])).toEqual(["93.184.215.14"])
  })

  it.each([
    ["hooks.internal", ["hooks.internal"]],
    ["a.b.internal", [".internal"]]
  ])("%s passes when %s is listed", async (host, allow) => {
    expect(await lookUp(host, ["10.0.0.1"], allow)).toEqual(["10.0.0.1"])
  })
})

describe("requests", () => {
  const egress = makeEgress(["127.0.0.1/32"])
  const seen: Array<{ readonly method: string; readonly url: string; readonly body: string; readonly host: string }> =
    []
  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    "/ok": (_, response) => response.end("fine"),
    "/gzip": (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("packed")),
    "/bomb": (_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(20_000_000))),
    "/large": (_, response) => response.writeHead(200).end(Buffer.alloc(2_000_000, "x")),
    "/307": (_, response) => response.writeHead(307, { location: "/ok" }).end(),
    "/303": (_, response) => response.writeHead(303, { location: "/ok" }).end(),
    "/private": (_, response) => response.writeHead(307, { location: "http://169.254.169.254/latest" }).end(),
    "/round": (_, response) => response.writeHead(302, { location: "/round" }).end(),
    "/silent": () => {},
    "/stalls": (_, response) => response.writeHead(200, { "content-length": "10" }).write("a"),
    "/reset": (request) => request.socket.resetAndDestroy()
  }
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      const { method = "", url = "" } = request
      seen.push({ method, url, body, host: request.headers.host ?? "" })
      routes[url]?.(request, response)
    })
  })
  let base = ""
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const post = (path: string, more: Partial<Parameters<typeof send>[1]> = {}) =>
    send(egress, {
      method: "POST",
      url: base + path,
      headers: { "content-type": "text/plain" },
      body: Buffer.from("hello"),
      ...more
    })

  it("answers with status, headers and body", async () => {
    const hops: Array<Hop> = []
    const answer = await post("/ok", { onHop: (hop) => hops.push(hop) })
    expect([answer.status, answer.body.toString(), answer.truncated]).toEqual([200, "fine", false])
    expect(hops.map(({ url, body }) => [url, body?.toString()])).toEqual([[`${base}/ok`, "hello"]])
  })

  it("unpacks, and bounds what it unpacks", async () => {
    expect((await post("/gzip")).body.toString()).toBe("packed")
    const bomb = await post("/bomb")
    expect([bomb.body.length, bomb.truncated]).toEqual([1024 * 1024, true])
  })

  it("AC4-45: of 2 MB keeps 1 MiB", async () => {
    const answer = await post("/large")
    expect([answer.status, answer.body.length, answer.truncated]).toEqual([200, 1024 * 1024, true])
  })

  it("AC4-44: follows 307 with method and body, 303 without", async () => {
    seen.length = 0
    const answer = await post("/307")
    expect([answer.status, answer.redirected]).toEqual([200, true])
    await post("/303")
    expect(seen.map(({ body, method, url }) => [method, url, body])).toEqual([
      ["POST", "/307", "hello"],
      ["POST", "/ok", "hello"],
      ["POST", "/303", "hello"],
      ["GET", "/ok", ""]
    ])
  })

  it("DEL-9: does not follow a redirect to the inside", async () => {
    await expect(post("/private")).rejects.toMatchObject({ code: "EEGRESS" })
  })

  it.each([
    ["/round", {}, "ERR_TOO_MANY_REDIRECTS"],
    ["/silent", { headersMs: 50 }, "ETIMEDOUT"],
    ["/stalls", { totalMs: 50 }, "ETIMEDOUT"],
    ["/reset", {}, "ECONNRESET"]
  ])("AC4-43, AC4-45: %s fails with a code", async (path, more, code) => {
    await expect(post(path, more)).rejects.toMatchObject({ code })
  })

  it("AC4-43: a refused connection and an unknown host have their codes", async () => {
    const url = `http://127.0.0.1:${await freePort()}/`
    await expect(post("", { url })).rejects.toMatchObject({ code: "ECONNREFUSED" })
    const unknown = makeEgress([], (_, __, done) => done(Object.assign(new Error("x"), { code: "ENOTFOUND" }), []))
    await expect(send(unknown, { method: "GET", url: "http://nowhere.test/" })).rejects.toMatchObject({
      code: "ENOTFOUND"
    })
  })

  it("AC4-49: a name is resolved once, by the connection itself, so that a second answer can bring nothing (rebinding)", async () => {
    const answers = ["93.184.215.14", "127.0.0.1"]
    let asked = 0
    const rebinding = makeEgress([], (_, __, done) => {
      asked++
      done(null, [{ address: answers.shift() ?? "127.0.0.1", family: 4 }])
    })
    // The second request finds the name at home; the first one would have gone to where it was judged to be.
    answers.shift()
    await expect(send(rebinding, { method: "GET", url: "http://rebind.test/" })).rejects.toMatchObject({
      code: "EEGRESS"
    })
    expect(asked).toBe(1)
  })

  it("repeats a request on a new connection when a kept one had been closed", async () => {
    await post("/ok")
    const sockets: Array<{ destroy: () => void }> = []
    server.once("request", (request: IncomingMessage) => sockets.push(request.socket))
    await post("/ok")
    sockets.forEach((socket) => socket.destroy())
    expect((await post("/ok")).status).toBe(200)
  })

  it("ends with its signal", async () => {
    const stop = new AbortController()
    const ended = post("/silent", { signal: stop.signal })
    stop.abort()
    await expect(ended).rejects.toMatchObject({ name: "AbortError" })
  })
})

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
