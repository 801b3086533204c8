/** The debugger as the API shows it, what became of events, and the pulse (ING-120 to ING-123). */
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { flush } from "../../src/debugger/flush.ts"
import { Recorder } from "../../src/debugger/recorder.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { Database } from "../../src/platform/database.ts"
import { message, rig, type ShortMessage } from "../support/space.ts"
import { startApi, type TestApi } from "./support/api.ts"

let api: TestApi
const recorder = new Recorder()

const stored = (short: ShortMessage) => ({ body: Buffer.from(JSON.stringify(message(short))) })
const write = () => api.run(Effect.flatMap(Database, (database) => flush(database, recorder)))
/** Through the door, into the log. */
const send = async (...messages: ReadonlyArray<ShortMessage>) => {
  await api.send(...messages)
  recorder.accepted(api.source.no, messages.map(stored), Date.now())
  await write()
}

const ask = async (query: string, variables: object = {}) => {
  const { body } = await api.graphql(query, { s: api.space.id, ...variables })
  expect(body.errors).toBeUndefined()
  return body.data
}
const live = async (filter: object | null = null, first = 100) =>
  (
    await ask(
      `query ($s: ID!, $f: LiveEventFilter, $n: Int) { liveEvents(spaceId: $s, filter: $f, first: $n) {
         id status code message sourceId sourceName messageId type event identifier raw sampledOneIn
         outcome { action demoted mapped merged profile { segmentId } } } }`,
      { f: filter, n: first }
    )
  ).liveEvents

beforeAll(async () => {
  api = await startApi(rig(postgresGraph, { settings: { dedupScope: "source" } }))
  await send(
    { type: "identify", messageId: "e-1", userId: "u1", traits: { email: "a@x.io" } },
    { type: "identify", messageId: "e-2", userId: "u2", traits: { email: "a@x.io" } },
    {
      type: "track",
      event: "Order Completed",
      messageId: "e-3",
      userId: "u1",
      context: { library: { name: "node", version: "3" } }
    }
  )
  recorder.discarded(api.source.no, "event_not_defined", { type: "track", messageId: "e-4", userId: "u1" }, Date.now())
  recorder.accepted(
    api.source.no,
    [stored({ messageId: "e-3", event: "Order Completed", userId: "u1" })],
    Date.now(),
    [0]
  )
  await write()
})
afterAll(() => api.close())

describe("ING-121, ING-123: the debugger", () => {
  it("shows the newest first, with status, reason and what identity made of it", async () => {
    const all = await live()
    expect(all.map(({ messageId, status }: Record<string, string>) => [messageId, status])).toEqual([
      ["e-3", "DUPLICATE"],
      ["e-4", "DISCARDED"],
      ["e-3", "ACCEPTED"],
      ["e-2", "ACCEPTED"],
      ["e-1", "ACCEPTED"]
    ])
    expect(all[1]).toMatchObject({
      code: "event_not_defined",
      message: expect.stringContaining("name of the event"),
      outcome: null
    })
    expect(all[3]).toMatchObject({
      sourceId: api.source.id,
      sourceName: "Website",
      type: "IDENTIFY",
      event: null,
      identifier: "user_id:u2",
      raw: { messageId: "e-2" },
      sampledOneIn: 1,
      outcome: { action: "CREATE", demoted: 1, mapped: 1, merged: 0 }
    })
  })
  it.each([
    ["a status", { statuses: ["DISCARDED", "DUPLICATE"] }, ["e-3", "e-4"]],
    ["a type", { types: ["IDENTIFY"] }, ["e-2", "e-1"]],
    ["a name", { events: ["Order Completed"] }, ["e-3", "e-3"]],
    ["an id", { messageId: "e-1" }, ["e-1"]],
    ["any text, whatever the case", { text: "A@X.IO" }, ["e-2", "e-1"]],
    ["a source of another space", { sourceIds: ["src_elsewhere"] }, []]
  ])("filters by %s", async (_, filter, expected) => {
    expect((await live(filter)).map(({ messageId }: { messageId: string }) => messageId)).toEqual(expected)
  })
})

it("outcomes of many messages, in their order", async () => {
  const { outcomes } = await ask(
    `query ($s: ID!) { outcomes(spaceId: $s, messageIds: ["e-2", "nobody", "e-1"]) { messageId action demoted profile { segmentId } } }`
  )
  expect(outcomes).toMatchObject([{ messageId: "e-2", demoted: 1 }, null, { messageId: "e-1", action: "CREATE" }])
})

const journey = async (messageId: string) =>
  (
    await ask(
      `query ($s: ID!, $m: String!) { event(spaceId: $s, messageId: $m) { type event sourceName raw
         stops { kind text data } outcome { action reason } resolution { summary steps { kind } } } }`,
      { m: messageId }
    )
  ).event

describe("an event's journey", () => {
  it("accepted, resolved, and what was repeated", async () => {
    const found = await journey("e-3")
    expect(found).toMatchObject({
      type: "TRACK",
      event: "Order Completed",
      sourceName: "Website",
      raw: { messageId: "e-3" },
      outcome: { action: "NONE" }
    })
    expect(found.stops.map(({ kind }: { kind: string }) => kind)).toEqual(["ACCEPTED", "DUPLICATE", "RESOLVED"])
    expect(found.stops[0].text).toContain("node 3")
    expect(found.resolution.steps.length).toBeGreaterThan(1)
  })
  it("discarded at the door", async () => {
    const found = await journey("e-4")
    expect(found.stops).toMatchObject([{ kind: "DISCARDED", data: { code: "event_not_defined" } }])
    expect(found).toMatchObject({ outcome: null, resolution: null, raw: { messageId: "e-4" } })
  })
  it("left out by the space", async () => {
    await send({ type: "group", messageId: "e-5", userId: "u1", groupId: "g".repeat(501) })
    const found = await journey("e-5")
    expect(found.stops.map(({ kind }: { kind: string }) => kind)).toEqual(["ACCEPTED", "DROPPED"])
    expect(found.outcome).toMatchObject({ action: "DROPPED", reason: expect.any(String) })
  })
  it("unknown", async () => {
    expect(await journey("nobody")).toBeNull()
  })
})

const sum = (list: ReadonlyArray<number>) => list.reduce((a, b) => a + b, 0)

it("the pulse and the series count what came", async () => {
  const at = Date.now() - 5_000
  recorder.accepted(
    api.source.no,
    Array.from({ length: 7 }, (_, i) => stored({ messageId: `p-${i}`, userId: "u1" })),
    at
  )
  await write()
  const { pulse, sourceSeries } = await ask(
    `query ($s: ID!) { pulse(spaceId: $s) { perSecond lastMinute discardedLastMinute } sourceSeries(spaceId: $s, minutes: 5) { accepted discarded duplicates stepSeconds } }`
  )
  expect(pulse.lastMinute).toHaveLength(60)
  expect(pulse.lastMinute).toContain(7)
  expect(sum(sourceSeries.accepted)).toBeGreaterThanOrEqual(7 + 4)
  expect([sum(sourceSeries.discarded), sum(sourceSeries.duplicates)]).toEqual([1, 1])
})

const idsOf = (events: ReadonlyArray<{ messageId: string }>) => events.map(({ messageId }) => messageId)
const newest = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `many-${to - 1 - i}`)
const countStored = () =>
  api.run(
    Effect.flatMap(EventLog, (log) =>
      log.count({ after: 0, upTo: log.head(), limit: 10_000, sources: [api.source.no] })
    )
  )

it("AC1-34, ING-120, ING-123: 600 events, paused after 100: the list stays; resumed it shows the newest 500, and all 600 are stored", async () => {
  const second = Math.floor(Date.now() / 1000) * 1000
  const arrive = async (from: number, to: number) => {
    const messages = Array.from({ length: to - from }, (_, i) => ({ messageId: `many-${from + i}`, userId: "u1" }))
    await api.send(...messages)
    // A hundred a second, so that all are kept.
    for (let i = 0; i < messages.length; i += 100)
      recorder.accepted(api.source.no, messages.slice(i, i + 100).map(stored), second + (from + i) * 10)
    await write()
  }
  const before = await countStored()
  await arrive(0, 100)
  const paused = await live({ text: "many-" }, 500)
  expect(idsOf(paused)).toEqual(newest(0, 100))
  await arrive(100, 600)
  // Whoever paused asks for nothing; what it saw is still there to be opened.
  expect(idsOf(await live({ messageId: "many-99" }))).toEqual([])
  expect(idsOf(await live({ messageId: "many-100" }))).toEqual(["many-100"])
  expect(idsOf(await live({}, 500))).toEqual(newest(100, 600))
  const { outcomes } = await ask(
    `query ($s: ID!, $m: [String!]!) { outcomes(spaceId: $s, messageIds: $m) { messageId } }`,
    { m: [0, 99, 100, 599].map((i) => `many-${i}`) }
  )
  expect(outcomes).not.toContain(null)
  expect((await countStored()) - before).toBe(600)
})

it("PRO-170, the debugger's half of AC3-47: what an audience will send shows once, with the violations that it triggered", async () => {
  // Audiences are not built yet (chapter 03, section 7): the entry comes in as one would send it (PRO-148), as e-mail of somebody else.
  const personas = {
    computation_class: "audience",
    computation_id: "aud_1",
    computation_key: "vip",
    namespace: "spa_1"
  }
  await send({
    type: "track",
    event: "Audience Entered",
    messageId: "aud-1",
    userId: "u3",
    context: { personas, traits: { email: "a@x.io" } },
    properties: { audience_key: "vip", vip: true }
  })
  const entries = await live({ text: "aud_1" })
  expect(entries).toMatchObject([
    {
      messageId: "aud-1",
      type: "TRACK",
      event: "Audience Entered",
      raw: { context: { personas: { computation_class: "audience" } }, properties: { vip: true } },
      outcome: { demoted: 1 }
    }
  ])
  const { event } = await ask(
    `query ($s: ID!) { event(spaceId: $s, messageId: "aud-1") { resolution { violations { text } } } }`
  )
  expect(event.resolution.violations).toMatchObject([{ text: expect.stringContaining("email") }])
})
