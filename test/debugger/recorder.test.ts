/** What is kept of what the door sees (ING-121, ING-123): a bounded sample, discarded messages first, counts of all. */
import { describe, expect, it } from "vitest"
import { entryOf } from "../../src/debugger/entry.ts"
import { Recorder } from "../../src/debugger/recorder.ts"
import { reasonOf } from "../../src/debugger/words.ts"
import { discardCodes } from "../../src/event/codes.ts"

const body = (message: object) => ({ body: Buffer.from(JSON.stringify(message)) })
const bodies = (count: number) => Array.from({ length: count }, (_, i) => body({ type: "track", messageId: `m-${i}` }))
const second = 1_764_000_000_000

const kept = (recorder: Recorder) => recorder.take()?.seen ?? []

describe("ING-123: sampling", () => {
  it("below the limit everything is kept", () => {
    const recorder = new Recorder(10)
    recorder.accepted(1, bodies(10), second)
    expect(kept(recorder).map(({ oneIn }) => oneIn)).toEqual(Array.from({ length: 10 }, () => 1))
  })
  it("above it one in so many, as the second before had", () => {
    const recorder = new Recorder(10)
    recorder.accepted(1, bodies(50), second)
    expect(kept(recorder)).toHaveLength(10)
    recorder.accepted(1, bodies(50), second + 1000)
    const sample = kept(recorder)
    expect(sample).toHaveLength(10)
    expect(new Set(sample.map(({ oneIn }) => oneIn))).toEqual(new Set([5]))
    const ids = sample.map((seen) => entryOf(seen).messageId)
    expect(ids).toEqual(Array.from({ length: 10 }, (_, i) => `m-${i * 5 + 4}`))
  })
  it("discarded ones have a share of their own", () => {
    const recorder = new Recorder(10)
    recorder.accepted(1, bodies(50), second)
    for (let i = 0; i < 20; i++) recorder.discarded(1, "invalid_type", { i }, second)
    const statuses = kept(recorder).map(({ status }) => status)
    expect([
      statuses.filter((it) => it === "accepted").length,
      statuses.filter((it) => it === "discarded").length
    ]).toEqual([10, 10])
  })
  it("all are counted by second and source, whatever is kept", () => {
    const recorder = new Recorder(10)
    recorder.accepted(1, bodies(50), second + 1, [3, 4])
    recorder.accepted(2, bodies(1), second + 999)
    recorder.discarded(1, "invalid_type", 5, second + 2)
    expect(recorder.take()?.counts).toEqual([
      { source: 1, second, accepted: 48, discarded: 1, duplicates: 2 },
      { source: 2, second, accepted: 1, discarded: 0, duplicates: 0 }
    ])
    expect(recorder.take()).toBeUndefined()
  })
  it("memory is bounded, however large the messages are", () => {
    const recorder = new Recorder(1_000_000)
    const large = body({ type: "track", padding: "x".repeat(30_000) })
    for (let i = 0; i < 1_000; i++) recorder.accepted(1, [large], second)
    const { seen, counts } = recorder.take()!
    expect(seen.length).toBeLessThan(300)
    expect(counts[0]!.accepted).toBe(1_000)
  })
})

describe("an entry", () => {
  const seen = { source: 1, at: second, status: "discarded", code: "invalid_type", oneIn: 1 } as const
  it("ING-121: never shows the write key", () => {
    const { body: text } = entryOf({ ...seen, body: { writeKey: "secret", userId: "u" } })
    expect(text).toBe(`{"userId":"u"}`)
  })
  it.each([
    [
      { type: "track", event: "E", userId: "u" },
      { type: "track", event: "E", identifier: "user_id:u" }
    ],
    [
      { type: "group", groupId: "g" },
      { type: "group", event: null, identifier: "group_id:g" }
    ],
    [
      { type: "page", name: "Home", anonymousId: "a" },
      { type: "page", event: "Home", identifier: "anonymous_id:a" }
    ],
    [
      { type: "nonsense", userId: { a: 1 } },
      { type: null, identifier: null }
    ]
  ])("%j", (message, expected) => {
    expect(entryOf({ ...seen, body: message })).toMatchObject(expected)
  })
  it("is short, also of what was too large or too deep", () => {
    for (const code of ["payload_too_large", "nesting_too_deep"]) {
      const { body: text } = entryOf({ ...seen, code, body: { userId: "u", padding: "x".repeat(100_000) } })
      expect(JSON.parse(text)).toEqual({ tooLarge: true, userId: "u" })
    }
  })
  it("every code has a reason in words", () => {
    for (const code of discardCodes) expect(reasonOf(code)).not.toBe(code)
  })
})
