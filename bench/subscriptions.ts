/**
 * Subscriptions (PRO-66): 1,000 subscribers to one profile over SSE, and as many over WebSocket, while events come at a fixed rate. A
 * latency counts from sending the event to the result at one subscriber, client and service on the same cores. Beside it a bare
 * process that sends the same bytes to the same kinds of sockets as soon as it is asked; it resolves and asks nothing.
 *
 * Half of our time is waiting: subscribers look for changes four times a second.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { request } from "node:http"
import { join } from "node:path"
import { WebSocket } from "ws"
import { Service, spaceId, token } from "../test/system/support/service.ts"
import { asStarted } from "./support/as-started.ts"
import { cpu } from "./support/cpu.ts"
import { full, printTable, quantile, whole } from "./support/table.ts"

const subscribers = full ? 1_000 : 20
const events = full ? 40 : 4
const everyMs = 500
/** PRO-66. */
const targetMs = 2_000

const query = `subscription ($s: ID!) { profileChanged(spaceId: $s, by: {externalId: {type: "user_id", id: "hot"}}) {
  kind messageId resume profile { segmentId } } }`
const body = JSON.stringify({ query, variables: { s: spaceId } })

const openStream = (url: string, bare: boolean, onText: (text: string) => void): Promise<() => void> =>
  new Promise((resolve, reject) => {
    const options = bare
      ? {}
      : {
          method: "POST",
          headers: {
            authorization: `Bearer ${token}`,
            "content-type": "application/json",
            accept: "text/event-stream",
            "content-length": Buffer.byteLength(body)
          }
        }
    const asked = request(`${url}/graphql`, { ...options, agent: false }, (res) => {
      if (res.statusCode !== 200) return reject(new Error(`answered ${res.statusCode}`))
      res.on("data", (chunk: Buffer) => onText(chunk.toString()))
      res.on("error", () => {})
      resolve(() => asked.destroy())
    })
    asked.on("error", reject)
    asked.end(bare ? undefined : body)
  })

const openSocket = async (url: string, bare: boolean, onText: (text: string) => void): Promise<() => void> => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws", {
    perMessageDeflate: false,
    headers: { authorization: `Bearer ${token}` }
  })
  await once(socket, "open")
  if (!bare) {
    socket.send(`{"type":"connection_init"}`)
    await once(socket, "message")
    socket.send(`{"type":"subscribe","id":"1","payload":${body}}`)
  }
  socket.on("message", (data: Buffer) => onText(data.toString()))
  return () => socket.terminate()
}

/** Opens all; answers how to close them. */
const openAll = async (open: typeof openSocket, url: string, bare: boolean, seen: (n: number) => void) => {
  const closes: Array<() => void> = []
  const onText = (text: string) => {
    for (const [, n] of text.matchAll(/"messageId":"hot-(\d+)"/g)) seen(Number(n))
  }
  for (let i = 0; i < subscribers; i += 50)
    closes.push(
      ...(await Promise.all(Array.from({ length: Math.min(50, subscribers - i) }, () => open(url, bare, onText))))
    )
  return () => closes.forEach((close) => close())
}

/** Numbers of events, which are never used again. */
let next = 0

const quantiles = (list: ReadonlyArray<number>) => [0.5, 0.95, 0.99, 1].map((q) => quantile(list, q))

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const measure = async (
  open: typeof openSocket,
  url: string,
  pid: number,
  bare: boolean,
  send: (n: number) => Promise<void>
) => {
  const sent = new Map<number, number>()
  const latencies: Array<number> = []
  const close = await openAll(open, url, bare, (n) => {
    latencies.push(performance.now() - sent.get(n)!)
  })
  // Subscriptions over WebSocket are not acknowledged.
  await wait(full ? 3_000 : 1_000)
  const before = cpu(pid)
  const first = performance.now()
  for (let i = 0; i < events; i++) {
    await wait(Math.max(0, first + i * everyMs - performance.now()))
    const n = next++
    sent.set(n, performance.now())
    await send(n)
  }
  const due = subscribers * events
  const missing = () => due - latencies.length
  for (let waited = 0; missing() > 0 && waited < 20_000; waited += 50) await wait(50)
  const after = cpu(pid)
  close()
  if (missing() > 0) throw new Error(`${missing()} of ${due} results did not arrive`)
  const ms = after.node + after.postgres - before.node - before.postgres
  return { latencies, perDelivery: (ms * 1000) / due }
}

/** What the bare process sends: as many bytes. */
const canned = (n: number) =>
  JSON.stringify({
    data: {
      profileChanged: {
        kind: "EVENT",
        messageId: `hot-${n}`,
        resume: "MTIzNDU2Nzg6MA",
        profile: { segmentId: "use_0123456789abcdefghijklmnopq" }
      }
    }
  })

const service = new Service({ env: asStarted })
await service.start()
let bare: ChildProcess | undefined
try {
  await service.batch([{ type: "identify", userId: "hot", traits: { plan: "pro" } }])
  await service.settled()
  bare = spawn(process.execPath, [join(import.meta.dirname, "support/bare-fanout.ts")], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [line] = (await once(bare.stdout!, "data")) as [Buffer]
  const bareUrl = line.toString().trim()
  const rows = []
  let worst = 0
  for (const [name, open] of [
    ["SSE", openStream],
    ["WebSocket", openSocket]
  ] as const) {
    const ours = await measure(open, service.url, service.pid, false, async (n) => {
      const answer = await service.batch([{ type: "track", event: "Hot", userId: "hot", messageId: `hot-${n}` }])
      if (answer.status !== 200) throw new Error(`answered ${answer.status}`)
    })
    const floor = await measure(open, bareUrl, bare.pid!, true, async (n) => {
      await fetch(bareUrl, { method: "POST", body: canned(n) })
    })
    const [mine, theirs] = [quantiles(ours.latencies), quantiles(floor.latencies)]
    worst = Math.max(worst, mine[2]!)
    rows.push([
      name,
      whole(subscribers),
      ...mine.map((ms) => ms.toFixed(0)),
      ours.perDelivery.toFixed(0),
      ...theirs.map((ms) => ms.toFixed(0)),
      floor.perDelivery.toFixed(0),
      `${(mine[0]! / theirs[0]!).toFixed(1)} x`,
      // The clock of CPU time is coarse.
      floor.perDelivery === 0 ? "-" : `${(ours.perDelivery / floor.perDelivery).toFixed(1)} x`
    ])
  }
  printTable(
    [
      "",
      "subscribers",
      "p50 ms",
      "p95",
      "p99",
      "max",
      "us CPU",
      "bare: p50",
      "p95",
      "p99",
      "max",
      "us CPU",
      "p50",
      "CPU"
    ],
    rows
  )
  console.log(`  p99 <= ${targetMs} ms: ${worst <= targetMs ? "holds" : "MISSED"}`)
} finally {
  bare?.kill()
  await service.dispose()
}
