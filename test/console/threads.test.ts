/** The threads picture: rows of a profile are contiguous in every column, and nothing before an added event moves. */
import { describe, expect, it } from "vitest"
import { countsAfter, geometryOf, place, reduce, spansOf, type ThreadsInput } from "../../src/console/threads/layout.ts"

const room = { width: 700, height: 560 }

/** W-6 of the specification, as `Profile.threads` tells it. */
const journey: ThreadsInput = {
  threads: [
    { row: 0, type: "anonymous_id", id: "anon_123", column: 0, merges: 0 },
    { row: 1, type: "user_id", id: "abc", column: 1, merges: 1 },
    { row: 2, type: "anonymous_id", id: "anon_456", column: 2, merges: 1 },
    { row: 3, type: "android.id", id: "and_1", column: 2, merges: 0 },
    { row: 4, type: "anonymous_id", id: "anon_789", column: 4, merges: 0 }
  ],
  columns: [
    { column: 0, kind: "CREATE", on: [{ row: 0, mode: "NEW" }] },
    {
      column: 1,
      kind: "ADD",
      on: [
        { row: 0, mode: "MATCHED" },
        { row: 1, mode: "NEW" }
      ]
    },
    {
      column: 2,
      kind: "CREATE",
      on: [
        { row: 2, mode: "NEW" },
        { row: 3, mode: "NEW" }
      ]
    },
    {
      column: 3,
      kind: "MERGE",
      on: [
        { row: 1, mode: "MATCHED" },
        { row: 2, mode: "MATCHED" }
      ]
    },
    {
      column: 4,
      kind: "ADD",
      on: [
        { row: 1, mode: "MATCHED" },
        { row: 4, mode: "NEW" }
      ]
    }
  ],
  regions: [
    { segmentId: "use_survivor", firstRow: 0, lastRow: 4, until: null },
    { segmentId: "use_gone", firstRow: 2, lastRow: 3, until: 3 }
  ]
}

describe("threads", () => {
  it("a region grows with its profile, and takes the rows of another over at the merge", () => {
    const [survivor, gone] = spansOf(journey)
    expect(survivor).toEqual([
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 3],
      [0, 4]
    ])
    expect(gone).toEqual([null, null, [2, 3], null, null])
  })

  it("rows, columns and regions have one place each; the merged one ends before its stitch", () => {
    const placed = place(journey, geometryOf(5, 5, room))
    expect(placed.geometry.density).toBe("words")
    expect(placed.y).toEqual(placed.y.toSorted((a, b) => a - b))
    expect(placed.regions.map(({ segmentId, merged }) => [segmentId, merged])).toEqual([
      ["use_survivor", false],
      ["use_gone", true]
    ])
    const right = Math.max(...[...placed.regions[1]!.path.matchAll(/H([\d.]+)/g)].map(([, x]) => Number(x)))
    expect(right).toBeLessThan(placed.x[3]!)
  })

  it("an added event moves nothing that was there when the columns keep their width", () => {
    const geometry = geometryOf(5, 5, room)
    const before = place(
      { ...journey, columns: journey.columns.slice(0, 4), threads: journey.threads.slice(0, 4) },
      geometry
    )
    const after = place(journey, geometry)
    expect(after.x.slice(0, 4)).toEqual(before.x)
    expect(after.y.slice(0, 4)).toEqual(before.y)
  })

  it("counts against the limits are those of the profile after the event", () => {
    expect(Object.fromEntries(countsAfter(journey, 2))).toEqual({ anonymous_id: 1, "android.id": 1 })
    expect(Object.fromEntries(countsAfter(journey, 3))).toEqual({ anonymous_id: 2, user_id: 1, "android.id": 1 })
  })

  it("of too many, those that carried merges stay, numbered anew, with every merge", () => {
    const reduced = reduce(journey, ({ merges }) => merges > 0)
    expect(reduced.threads.map(({ id, row }) => [id, row])).toEqual([
      ["abc", 0],
      ["anon_456", 1]
    ])
    expect(reduced.columns.filter(({ kind }) => kind === "MERGE")).toHaveLength(1)
    for (const { on } of reduced.columns) for (const { row } of on) expect(reduced.threads[row]).toBeDefined()
    expect(
      spansOf(reduced)
        .flat()
        .some((span) => span !== null)
    ).toBe(true)
  })
})
