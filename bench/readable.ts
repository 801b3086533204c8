/**
 * From the 200 to the readable profile (issue 3, promise 5): 1,000 events a second into a whole service, one in forty of
 * them an identify that writes a new value; after its 200, REST is asked for that trait until it answers with the value.
 * With limits off, and with the default limits, whose meters (1,000 messages, 1,000 events of a space a second) are
 * then exactly full.
 */
import { Service, spaceId, token } from "../test/system/support/service.ts"
import { asStarted } from "./support/as-started.ts"
import { basic, Connection, get, post } from "./support/http-load.ts"
import { full, printTable, quantile, whole } from "./support/table.ts"
import { everybody, workload } from "./support/workload.ts"

const people = full ? 3_300 : 100
const seconds = full ? 15 : 1
const perRequest = 20
const pollMs = 2

const defaults = {
  requestsPerSecond: 1000,
  messagesPerSecond: 1000,
  spaceEventsPerSecond: 1000,
  profileApiPerSecond: 0
}
const off = { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }

/** Polls until the trait of the person has the value; milliseconds since `from`. */
const untilReadable = async (reader: Connection, person: string, value: number, from: number): Promise<number> => {
  const request = get(
    `/v1/spaces/${spaceId}/collections/users/profiles/user_id:${person}/traits?include=marker`,
    basic(token)
  )
  for (;;) {
    const { status, body } = await reader.request(request)
    if (status === 200 && body.includes(`"marker":${value}`)) return performance.now() - from
    if (performance.now() - from > 20_000)
      throw new Error(`the profile of ${person} did not get its value: ${status} ${body}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

const measure = async (limits: object, perSecond: number) => {
  const service = new Service({ config: { limits }, env: asStarted })
  await service.start()
  const writers: Array<Connection> = []
  const readers: Array<Connection> = []
  const take = async (free: Array<Connection>) => free.pop() ?? (await Connection.open(service.url))
  try {
    const there = everybody({ seed: 2, people }).map(({ call }) => call)
    const next = workload({ seed: 2, people })
    const writer = await take(writers)
    service.configure({ limits: off })
    service.signal("SIGHUP")
    for (let i = 0; i < there.length; i += 100)
      await writer.request(post("/v1/batch", basic("wk_web"), JSON.stringify({ batch: there.slice(i, i + 100) })))
    writers.push(writer)
    await service.settled()
    service.configure({})
    service.signal("SIGHUP")
    await new Promise((resolve) => setTimeout(resolve, 1_500))

    const readable: Array<number> = []
    const accepted: Array<number> = []
    const requests = (perSecond * seconds) / perRequest
    const started = performance.now()
    const one = async (n: number): Promise<void> => {
      const batch = Array.from({ length: perRequest }, () => next().call)
      // Each probe asks for a person of its own, so that no two wait for one another.
      const person = `u-${(n * 7) % people}`
      if (n % 2 === 0)
        batch[perRequest - 1] = { type: "identify", messageId: `marker-${n}`, userId: person, traits: { marker: n } }
      const request = post("/v1/batch", basic("wk_web"), JSON.stringify({ batch }))
      const connection = await take(writers)
      const sent = performance.now()
      const { status } = await connection.request(request)
      const answered = performance.now()
      writers.push(connection)
      if (status !== 200) throw new Error(`answered ${status}`)
      accepted.push(answered - sent)
      if (n % 2 !== 0) return
      const reader = await take(readers)
      readable.push(await untilReadable(reader, person, n, answered))
      readers.push(reader)
    }
    const all: Array<Promise<void>> = []
    for (let n = 0; n < requests; n++) {
      const due = started + (n * perRequest * 1000) / perSecond
      const early = due - performance.now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
      all.push(one(n))
    }
    await Promise.all(all)
    return { accepted, readable }
  } finally {
    for (const connection of [...writers, ...readers]) connection.close()
    await service.dispose()
  }
}

const rows = []
for (const [name, limits, perSecond] of [
  ["limits off", off, 1_000],
  ["default limits", defaults, 900],
  ["default limits, full", defaults, 1_000]
] as const) {
  const { accepted, readable } = await measure(limits, perSecond)
  rows.push([
    name,
    whole(perSecond),
    whole(readable.length),
    ...[0.5, 0.95, 0.99].map((q) => quantile(accepted, q).toFixed(1)),
    ...[0.5, 0.95, 0.99, 1].map((q) => quantile(readable, q).toFixed(1))
  ])
}
printTable(["", "events/s", "probes", "200: p50 ms", "p95", "p99", "readable: p50 ms", "p95", "p99", "max"], rows)
