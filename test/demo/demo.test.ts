import { describe, expect, it } from "vitest"
import { journeys } from "../../src/demo/journeys.ts"
import { janeBefore, janeMerge, segKicks } from "../../src/demo/story.ts"
import { bar, grouped, table } from "../../src/demo/table.ts"

const now = Date.UTC(2025, 10, 25)
const options = { people: 400, now, seed: 7 }

const add = (map: Map<string, Set<string>>, key: string, value: string) =>
  map.set(key, (map.get(key) ?? new Set()).add(value))

const several = (map: Map<string, Set<string>>) => [...map.values()].filter((values) => values.size > 1).length

const ids = (call: ReturnType<typeof janeMerge>) => [call.params.userId, call.params.anonymousId]

describe("the shop's ten days", () => {
  const calls = journeys(options)

  it("are the same every time, and others with another seed", () => {
    expect(journeys(options)).toEqual(calls)
    expect(journeys({ ...options, seed: 8 })).not.toEqual(calls)
  })

  it("are some thousand calls of several hundred people, in order, all in the past", () => {
    expect(calls.length).toBeGreaterThan(4000)
    const people = new Set(calls.flatMap(({ params }) => params.userId ?? []))
    expect(people.size).toBeGreaterThan(200)
    expect(
      calls.every(({ at }, i) => at < now && at > now - 14 * 86_400_000 && (i === 0 || calls[i - 1]!.at <= at))
    ).toBe(true)
    expect(new Set(calls.map(({ type }) => type))).toEqual(new Set(["page", "screen", "track", "identify", "group"]))
  })

  it("hold strangers who share a device, and people with several", () => {
    const peopleOf = new Map<string, Set<string>>()
    const devicesOf = new Map<string, Set<string>>()
    for (const { params } of calls) {
      if (params.userId === undefined || params.anonymousId === undefined) continue
      add(peopleOf, params.anonymousId, params.userId)
      add(devicesOf, params.userId, params.anonymousId)
    }
    expect(several(peopleOf)).toBeGreaterThan(0)
    expect(several(devicesOf)).toBeGreaterThan(50)
  })
})

describe("the two stories", () => {
  it("have the steps of W-5 and W-7 of the specification", () => {
    expect(segKicks(now).map(ids)).toEqual([
      [undefined, "anon_123"],
      [undefined, "anon_123"],
      ["abc123def", "anon_123"],
      ["abc123def", "anon_456"],
      ["abc123def", "anon_789"]
    ])
    expect([...janeBefore(now), janeMerge(now)].map((call) => [call.type, call.params.anonymousId])).toEqual([
      ["page", "5285bc35-05ef-4d21"],
      ["identify", "5285bc35-05ef-4d21"],
      ["page", "b50e18a5-1b8d-451c"],
      ["identify", "b50e18a5-1b8d-451c"]
    ])
  })
})

describe("what is printed", () => {
  it("a table aligns its columns and keeps lines of a cell together", () => {
    expect(
      table(
        ["", "one"],
        [
          ["ids", "a\nbcd"],
          ["x", "y"]
        ]
      )
    ).toBe(["        one", "  ─────────", "  ids   a", "        bcd", "  x     y"].join("\n"))
  })

  it("a bar is full at the end", () => {
    expect([bar(0, 4), bar(0.5, 4), bar(1, 4), bar(7, 4)]).toEqual(["░░░░", "██░░", "████", "████"])
  })

  it("numbers are grouped", () => {
    expect([1, 999, 5437, 1234567].map(grouped)).toEqual(["1", "999", "5,437", "1,234,567"])
  })
})
