/** The debugger's pure parts (ING-120 to ING-123): what the list keeps, calls as they were written, pieces of a stream. */
import { describe, expect, it } from "vitest"
import { makeEventParser } from "../../src/console/api/stream.ts"
import { arrive, emptyFeed, type Message, most, resume, settle, unresolved } from "../../src/console/pages/live/feed.ts"
import { curlOf, prettyCall } from "../../src/console/pages/live/pretty.ts"

const message = (id: number, members: Partial<Message> = {}): Message => ({
  id: String(id),
  receivedAt: "2026-04-02T14:01:47.003Z",
  status: "ACCEPTED",
  code: null,
  message: null,
  sourceId: "src_web",
  sourceName: "Website",
  messageId: `m-${id}`,
  type: "TRACK",
  event: "Search",
  identifier: null,
  raw: {},
  sampledOneIn: 1,
  resume: `r${id}`,
  outcome: null,
  ...members
})
const messages = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i))
const ids = (list: ReadonlyArray<Message>) => list.map(({ id }) => Number(id))

describe("ING-120, ING-123: the list", () => {
  it("has the newest 500, each once, the newest first", () => {
    const feed = arrive(arrive(emptyFeed, messages(1, 400), false), messages(390, 700), false)
    expect(feed.shown).toHaveLength(most)
    expect([ids(feed.shown)[0], ids(feed.shown).at(-1)]).toEqual([700, 201])
  })

  it("stays as it is while it is paused, counts what comes, and has the newest 500 afterwards", () => {
    const before = arrive(emptyFeed, messages(1, 10), false)
    const paused = arrive(arrive(before, messages(9, 600), true), messages(601, 800), true)
    expect(paused.shown).toEqual(before.shown)
    expect(paused.missed).toBe(790)
    const after = resume(paused)
    expect([ids(after.shown)[0], after.shown.length, after.missed, after.waiting.length]).toEqual([800, 500, 0, 0])
  })

  it("learns what became of messages that were not resolved when they came", () => {
    const discarded = message(2, { status: "DISCARDED" })
    const feed = arrive(emptyFeed, [message(1), discarded, message(3, { messageId: null })], false)
    expect(unresolved(feed, 0)).toEqual(["m-1"])
    expect(unresolved(feed, Date.parse("2026-04-02T14:02:00Z"))).toEqual([])
    const outcome = {
      messageId: "m-1",
      action: "CREATE",
      demoted: 0,
      mapped: 1,
      merged: 0,
      violations: 0,
      reason: null,
      profile: null
    } as const
    const told = settle(feed, [outcome, null, { ...outcome, messageId: "m-2" }])
    expect(told.shown.map(({ outcome: known }) => known?.action)).toEqual([undefined, undefined, "CREATE"])
    expect(settle(feed, [null])).toBe(feed)
  })
})

describe("ING-121: about the call that was written", () => {
  const identify = {
    type: "identify",
    userId: "abc456",
    anonymousId: "anon_1",
    traits: { email: "jane@example1.com", plan: "pro", tags: ["a", true, null] },
    messageId: "m-42",
    receivedAt: "2026-04-02T14:01:47.003Z"
  }
  const by = (name: string) => ({ ...identify, context: { library: { name } } })

  it.each([
    [
      "analytics.js",
      'analytics.identify("abc456", {\n  email: "jane@example1.com",\n  plan: "pro",\n  tags: ["a", true, null]\n})'
    ],
    ["@segment/analytics-node", 'analytics.identify({\n  anonymousId: "anon_1",\n  userId: "abc456"'],
    ["analytics-python", 'analytics.identify(\n  anonymous_id="anon_1",\n  user_id="abc456"'],
    ["analytics-ruby", 'Analytics.identify(\n  anonymous_id: "anon_1"'],
    ["analytics-go", 'client.Enqueue(analytics.Identify{\n  AnonymousId: "anon_1"'],
    ["analytics-swift", 'analytics.identify(userId: "abc456", traits: [\n  "email": "jane@example1.com"'],
    ["analytics-kotlin", 'analytics.identify(userId = "abc456", traits = mapOf(\n  "email" to "jane@example1.com"'],
    ["something", 'POST /v1/identify\n\n{\n  "anonymousId": "anon_1"']
  ])("%s", (library, expected) => expect(prettyCall(by(library))?.text.slice(0, expected.length)).toBe(expected))

  it("words of each language, and values that need their own spelling", () => {
    expect(prettyCall(by("analytics-python"))?.text).toContain('"tags": ["a", True, None]')
    const odd = {
      type: "track",
      event: 'a "b"\n',
      properties: { "x y": 1 },
      context: { library: { name: "analytics.js" } }
    }
    expect(prettyCall(odd)?.text).toBe('analytics.track("a \\"b\\"\\n", { "x y": 1 })')
  })

  it.each([[null], ["text"], [[]], [{ type: "unknown" }], [{ type: 7 }]])("%j is no call", (raw) =>
    expect(prettyCall(raw)).toBeUndefined()
  )

  it("for a terminal: without the key, as a new message, safe in quotes", () => {
    const curl = curlOf({ ...identify, traits: { name: "O'Neill" } }, "http://127.0.0.1:8080")
    expect(curl).toContain("curl -u WRITE_KEY: http://127.0.0.1:8080/v1/batch")
    expect(curl).toContain(String.raw`O'\''Neill`)
    expect(curl).not.toMatch(/m-42|receivedAt/)
  })
})

describe("server-sent events", () => {
  const text =
    ':\n\nevent: next\ndata: {"a":1}\n\nevent: next\r\ndata: x\r\ndata: y\r\n\r\nevent: complete\ndata:\n\nevent: ne'
  const whole = [
    { event: "next", data: '{"a":1}' },
    { event: "next", data: "x\ny" },
    { event: "complete", data: "" }
  ]
  it.each([1, 2, 3, 7, text.length])("in pieces of %d characters", (size) => {
    const parse = makeEventParser()
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g"))!
    expect(pieces.flatMap((piece) => parse(piece))).toEqual(whole)
  })
})
