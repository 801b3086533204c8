/** A profile's timeline and its weeks: what one event did is one entry, and nothing is shown that may still get company. */
import { describe, expect, it } from "vitest"
import { frontierOf, rowsOf, timeline, until } from "../../src/console/pages/profile/timeline.ts"
import { bandsOf, culprit, partOf } from "../../src/console/threads/weeks.ts"

const now = Date.parse("2026-04-02T15:00:00Z")
const at = (time: string) => `2026-04-02T${time}:00Z`

const event = (messageId: string, type: string, time: string) => ({
  messageId,
  type,
  event: type === "TRACK" ? "Search" : null,
  timestamp: at(time),
  sourceId: "src_web",
  properties: { query: "shoes", price: 3, list: [1] }
})
const told = (id: string, kind: string, time: string, messageId: string | null, data: object = {}) => ({
  id,
  kind,
  at: at(time),
  text: kind,
  messageId,
  actor: messageId === null ? "mira" : null,
  data
})
const email = { type: "email", id: "j@x.io", collection: "USERS" }

const events = [event("m-3", "TRACK", "14:00"), event("m-2", "IDENTIFY", "13:00"), event("m-1", "PAGE", "12:00")]
const history = [
  told("h1", "CREATED", "12:00", "m-1"),
  told("h2", "IDENTIFIER_MAPPED", "13:00", "m-2", { identifiers: [email] }),
  told("h3", "DEMOTED", "13:00", "m-2", { identifiers: [{ ...email, id: "other" }] }),
  told("h4", "SEPARATED", "14:30", null, { others: ["use_2"] })
]
const titles = (shown?: "all" | "events" | "identity") =>
  timeline(events, history, shown, now).flatMap(({ entries }) => entries.map(({ title }) => title))

describe("PRO-72: timeline", () => {
  it.each([
    ["all", ["Kept apart from", "Search", "email added", "Profile created"]],
    ["identity", ["Kept apart from", "email added", "Profile created"]],
    ["events", ["Search", "page"]]
  ] as const)("%s", (shown, expected) => expect(titles(shown)).toEqual(expected))

  it("what was imported stands where it happened, not where it was received", () => {
    const late = told("h5", "IDENTIFIER_MAPPED", "14:45", "m-0", { cause: { happenedAt: at("09:00") } })
    expect(timeline(events, [late, ...history], "all", now)[0]!.entries.at(-1)).toMatchObject({
      messageId: "m-0",
      at: at("09:00")
    })
  })

  it("what one event did is one entry: what it brought, and what did not count", () => {
    const entry = timeline(events, history, "all", now)[0]!.entries[2]!
    expect(entry.identifiers.map(({ id, how }) => [id, how])).toEqual([
      ["j@x.io", "new"],
      ["other", "out"]
    ])
  })

  it.each([
    ["all was read", [undefined, false], [undefined, false], Number.NEGATIVE_INFINITY, undefined],
    ["more events", [at("13:00"), true], [at("10:00"), false], Date.parse(at("13:00")), "events"],
    [
      "more of both: the one that holds it up",
      [at("11:00"), true],
      [at("13:00"), true],
      Date.parse(at("13:00")),
      "history"
    ],
    ["more history, events are done", [at("12:00"), false], [at("12:30"), true], Date.parse(at("12:30")), "history"]
  ] as const)("%s", (_, [e, moreEvents], [h, moreHistory], reached, next) =>
    expect(frontierOf({ oldest: e, more: moreEvents }, { oldest: h, more: moreHistory })).toEqual({ at: reached, next })
  )

  it("nothing older than that is shown; each day begins with its name", () => {
    const days = until(timeline(events, history, "all", now), Date.parse(at("13:00")))
    expect(rowsOf(days).map(({ entry }) => entry?.title)).toEqual([
      undefined,
      "Kept apart from",
      "Search",
      "email added"
    ])
  })
})

const monday = (weeks: number) => new Date(Date.parse("2026-01-05T00:00:00Z") + weeks * 7 * 86_400_000).toISOString()

describe("weeks of a large profile", () => {
  const thread = (row: number, type: string, week: number, merges = 0) => ({
    row,
    type,
    id: `${type}-${row}`,
    addedAt: monday(week),
    merges
  })
  const merge = (week: number) => ({ kind: "MERGE", at: monday(week), on: [{ row: 0, mode: "MATCHED" }] })
  const input = {
    threads: [thread(0, "ios.id", 0, 6), thread(1, "anonymous_id", 1, 1), thread(2, "anonymous_id", 3)],
    columns: [merge(1), merge(1), merge(3)],
    weeks: [
      { from: monday(0), merges: 0, identifiers: [{ type: "ios.id", count: 1 }] },
      { from: monday(1), merges: 2, identifiers: [{ type: "anonymous_id", count: 4 }] },
      { from: monday(3), merges: 1, identifiers: [{ type: "anonymous_id", count: 2 }] }
    ]
  }

  it("weeks without anything are there; few values come before many; the one that carried most merges is named", () => {
    const bands = bandsOf(input)
    expect(bands.weeks).toHaveLength(4)
    expect(bands.merges).toEqual([0, 2, 0, 1])
    expect(bands.types.map(({ type, count, weeks }) => [type, count, weeks])).toEqual([
      ["ios.id", 1, [1, 0, 0, 0]],
      ["anonymous_id", 6, [0, 4, 0, 2]]
    ])
    expect(bands.carriers.map(({ row, weeks }) => [row, weeks])).toEqual([
      [0, [0, 2, 0, 1]],
      [1, [0, 0, 0, 0]]
    ])
    expect(culprit(bands, 8)?.row).toBe(0)
    expect(culprit(bands, 20)).toBeUndefined()
  })

  it("years are told in fewer, longer steps", () => {
    const { weeks, merges } = bandsOf({
      ...input,
      weeks: [...input.weeks, { from: monday(300), merges: 5, identifiers: [] }]
    })
    expect(weeks.length).toBeLessThanOrEqual(80)
    expect(merges.reduce((a, b) => a + b, 0)).toBe(8)
  })

  it.each([
    ["type:anonymous_id", [1, 2]],
    [`week:${monday(3).slice(0, 10)}`, [2]]
  ])("rows of %s", (part, rows) => expect(input.threads.filter(partOf(part)!).map(({ row }) => row)).toEqual(rows))

  it.each([undefined, "nothing", "week:soon"])("%s is no part", (part) => expect(partOf(part)).toBeUndefined())
})
