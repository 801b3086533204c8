/** What a source has sent as a file (ING-175): who gets it, what is in it, and that a slow reader is waited for. */
import { Effect, Layer, Logger, ManagedRuntime, Stream } from "effect"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, get, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { afterAll, beforeAll, expect, it } from "vitest"
import { ArchiveDamaged, History, type ReceivedRange, type ReplayEvent } from "../../src/archive/history.ts"
import { Settings, type SettingsValue } from "../../src/config.ts"
import { Health } from "../../src/platform/health.ts"
import { ArchiveDownload } from "../../src/public-api/archive-download.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"
import { testDatabase } from "../support/database.ts"

const folder = mkdtempSync(join(tmpdir(), "braid-download-"))
const configFile = join(folder, "config.json")
const space = { id: "spa_0123456789abcdefghijkl", slug: "main", kind: "dev", sources: [] }
writeFileSync(
  configFile,
  JSON.stringify({
    sources: [{ id: "src_web", slug: "web", kind: "website", writeKeys: ["wk_web"] }],
    spaces: [space],
    tokens: [
      { name: "owner", secret: "pt_owner", scopes: ["workspace:admin"] },
      { name: "masked", secret: "pt_masked", scopes: ["workspace:admin", "pii:masked"] },
      { name: "reader", space: "main", secret: "pt_reader" }
    ]
  })
)

const event = (n: number, body: object): ReplayEvent => ({
  position: n,
  source: 1,
  hash: "",
  timestamp: n,
  receivedAt: n,
  messageId: `m${n}`,
  body: Buffer.from(JSON.stringify(body))
})
const damaged = new ArchiveDamaged({ object: "x", place: "here", reason: "is gone", events: { first: 1, last: 2 } })
const pad = "x".repeat(30_000)

/** Pages that were asked for; each with what it is to be. */
let pages: ReadonlyArray<ReadonlyArray<ReplayEvent> | "damaged"> = []
let taken = 0
let asked: ReceivedRange | undefined

const history = Layer.mock(History, {
  readByTime: (range) => {
    asked = range
    taken = 0
    return Stream.fromIterable(pages).pipe(
      Stream.mapEffect((page) => {
        taken++
        return page === "damaged" ? Effect.fail(damaged) : Effect.succeed(page)
      })
    )
  }
})

const runtime = ManagedRuntime.make(
  ArchiveDownload.layer.pipe(
    Layer.provide(history),
    Layer.provideMerge(workspaceLive),
    Layer.provideMerge(testDatabase),
    Layer.provideMerge(
      Layer.effect(
        Settings,
        Effect.map(Settings, (all): SettingsValue => ({ ...all, configFile }))
      ).pipe(Layer.provide(Settings.layer))
    ),
    Layer.provideMerge(Health.layer),
    Layer.provideMerge(Logger.layer([]))
  )
)
let url = ""
const server = createServer()

beforeAll(async () => {
  const download = await runtime.runPromise(Effect.scoped(Effect.service(ArchiveDownload)))
  server.on("request", (req, res) => {
    if (download.matches((req.url ?? "").split("?")[0]!)) download.handle(req, res)
    else res.writeHead(418).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await runtime.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const range = "startTime=2024-05-01T00:00:00Z&endTime=2024-05-02T00:00:00Z"
const ask = (query = range, token = "pt_owner", source = "src_web", method = "GET") =>
  fetch(`${url}/public-api/sources/${source}/events?${query}`, {
    method,
    headers: { authorization: `Bearer ${token}` }
  })
const linesOf = async (answer: Response) => gunzipSync(Buffer.from(await answer.arrayBuffer())).toString()

it("ING-175: owners get one JSON object a line, as it is stored, of the range that they asked for", async () => {
  pages = [[event(1, { event: "A" }), event(2, { event: "B\n" })], [event(3, { event: "C" })]]
  const answer = await ask()
  expect(answer.status).toBe(200)
  expect(answer.headers.get("content-disposition")).toBe(
    'attachment; filename="web--2024-05-01T00-00--2024-05-02T00-00.ndjson.gz"'
  )
  expect(await linesOf(answer)).toBe('{"event":"A"}\n{"event":"B\\n"}\n{"event":"C"}\n')
  expect(asked).toEqual({
    receivedFrom: Date.UTC(2024, 4, 1),
    receivedTo: Date.UTC(2024, 4, 2),
    sources: [1]
  })
})

it("ING-170: for an import, without what would make them duplicates or shift their times", async () => {
  const stored = { messageId: "m", sentAt: "s", receivedAt: "r", originalTimestamp: "o", version: 2 }
  pages = [[event(1, { ...stored, type: "track", timestamp: "t", context: { ip: "1" } })]]
  expect(await linesOf(await ask(`${range}&forImport=true`))).toBe(
    '{"type":"track","timestamp":"t","context":{"ip":"1"}}\n'
  )
})

it("an empty range is an empty file", async () => {
  pages = []
  expect(await linesOf(await ask())).toBe("")
})

const status = async (...args: Parameters<typeof ask>) => {
  const answer = await ask(...args)
  const { errors } = (await answer.json()) as { readonly errors: ReadonlyArray<{ readonly type: string }> }
  return `${answer.status} ${errors[0]!.type}`
}

it("ING-175: others are refused, and what cannot be meant", async () => {
  expect(await status(range, "pt_reader")).toBe("403 forbidden")
  expect(await status(range, "pt_masked")).toBe("403 forbidden")
  expect(await status(range, "pt_nobody")).toBe("401 unauthorized")
  expect(await status(range, "pt_owner", "src_x")).toBe("404 not-found")
  expect(await status("startTime=yesterday")).toBe("422 input-validation")
  expect(await status("startTime=2024-05-02T00:00:00Z&endTime=2024-05-01T00:00:00Z")).toBe("422 input-validation")
  expect(await status(range, "pt_owner", "src_web", "POST")).toBe("405 method-not-allowed")
})

it("a damaged archive is told while it can be, and later cuts the file off", async () => {
  pages = ["damaged"]
  expect((await ask()).status).toBe(500)
  pages = [[event(1, { pad })], "damaged"]
  const cut = await ask()
  expect(cut.status).toBe(200)
  await expect(cut.arrayBuffer()).rejects.toThrow("terminated")
})

/** Nothing of the body is read. */
const open = () =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: "Bearer pt_owner" }
    get(`${url}/public-api/sources/src_web/events?${range}`, { headers, agent: false }, resolve).on("error", reject)
  })

it("a slow reader is waited for, a third at once is told to come back, and one that leaves makes room", async () => {
  pages = Array.from({ length: 80 }, (_, n) => [event(n, { noise: randomBytes(200_000).toString("base64") })])
  const first = await open()
  first.pause()
  let before = -1
  while (taken !== before) {
    before = taken
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  expect(taken).toBeLessThan(60)
  const second = await open()
  second.pause()
  expect((await open()).statusCode).toBe(429)
  first.destroy()
  second.destroy()
  const end = Date.now() + 5_000
  let status = 0
  while (status !== 200 && Date.now() < end) {
    const again = await open()
    status = again.statusCode!
    again.destroy()
  }
  expect(status).toBe(200)
})
