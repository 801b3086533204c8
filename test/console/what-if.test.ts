/** A what-if run in words and as a picture: boxes that do not overlap, one thread for every identifier, few crossings. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type PlacedBox, placeStrands, type StrandLike } from "../../src/console/pages/what-if/strand-layout.ts"
import { changedClusters, figuresOf, runFinding, scopeText, signed } from "../../src/console/pages/what-if/summary.ts"

const strand = (type: string, before: string | null, after: string | null, ids: ReadonlyArray<string>): StrandLike => ({
  type,
  before,
  after,
  count: ids.length,
  identifiers: ids.map((id) => ({ id }))
})

/** W-19: a tablet with six people. */
const tablet = [
  strand("ios.id", "use_a", "use_a", ["pad1"]),
  strand("email", "use_a", "use_a", ["e1"]),
  ...[2, 3, 4].map((n) => strand("email", "use_a", `use_${n}`, [`e${n}`])),
  strand("email", "use_b", "use_6", ["e6"])
]

const cluster = (strands: ReadonlyArray<StrandLike>, identifierCount: number) => {
  const ids = (side: "before" | "after") => [...new Set(strands.map((each) => each[side]))].filter((id) => id !== null)
  return { strands, identifierCount, before: ids("before"), after: ids("after") }
}

const middles = (boxes: ReadonlyArray<PlacedBox>) =>
  new Map(boxes.flatMap(({ rows }) => rows).map(({ key, y }) => [key, y]))

const crossings = ({ threads }: ReturnType<typeof placeStrands>) =>
  threads.flatMap((a, i) => threads.slice(i + 1).filter((b) => (a.from - b.from) * (a.to - b.to) < 0)).length

describe("the picture of a cluster", () => {
  it("every identifier is a thread between the box that holds it and the one that would; none crosses another", () => {
    const picture = placeStrands(cluster(tablet, 7))
    expect(picture.before.map(({ profile, rows }) => [profile, rows.length])).toEqual([
      ["use_a", 5],
      ["use_b", 1]
    ])
    expect(picture.after).toHaveLength(5)
    expect(picture.threads).toHaveLength(6)
    expect(crossings(picture)).toBe(0)
    expect(picture).toMatchObject({ bundled: false, rest: 1 })
  })

  it("a large cluster has one row for each bundle, which says how many it is", () => {
    const bundle = {
      type: "email",
      before: "use_a",
      after: null,
      count: 900,
      identifiers: [{ id: "e1" }, { id: "e2" }]
    }
    const picture = placeStrands(cluster([bundle], 1000))
    expect(picture.bundled).toBe(true)
    expect(picture.before[0]!.rows[0]!.text).toBe("e1, e2 and 898 more")
    expect(picture.after[0]!.profile).toBeNull()
    expect(picture.rest).toBe(100)
  })

  it("many profiles are few boxes: the largest, and one for all others", () => {
    const many = Array.from({ length: 60 }, (_, n) => strand("anonymous_id", "use_a", `use_${n}`, [`v${n}`]))
    const picture = placeStrands({ ...cluster(many, 900), after: Array.from({ length: 901 }, (_, n) => `use_${n}`) })
    expect(picture.after).toHaveLength(13)
    expect(picture.after.at(-1)).toMatchObject({
      profile: null,
      others: 889,
      rows: [{ text: "v12, v13, v14 and 45 more" }]
    })
    expect(picture.threads.reduce((sum, { count }) => sum + count, 0)).toBe(60)
  })

  it("boxes of a side never overlap, whatever the cluster; threads begin and end at their rows", () => {
    const profile = fc.option(fc.constantFrom("use_1", "use_2", "use_3", "use_4"), { nil: null })
    const strands = fc.uniqueArray(
      fc.record({
        type: fc.constantFrom("email", "user_id", "ios.id"),
        before: profile,
        after: profile,
        count: fc.constant(1),
        identifiers: fc.constant([{ id: "x" }])
      }),
      { selector: ({ type, before, after }) => `${type} ${before} ${after}`, maxLength: 60 }
    )
    fc.assert(
      fc.property(strands, (given) => {
        const picture = placeStrands(cluster(given, given.length))
        for (const side of [picture.before, picture.after]) {
          side.forEach(({ y, height }, i) => {
            expect(y).toBeGreaterThanOrEqual(-0.001)
            const next = side[i + 1]
            expect(y + height).toBeLessThanOrEqual(next === undefined ? picture.height + 0.001 : next.y)
          })
        }
        const [from, to] = [middles(picture.before), middles(picture.after)]
        expect(picture.threads.reduce((sum, { count }) => sum + count, 0)).toBe(given.length)
        for (const thread of picture.threads)
          expect([thread.from, thread.to]).toEqual([from.get(thread.key), to.get(thread.key)])
      })
    )
  })
})

const summary = (after: number, split: number, divergent: number) => ({
  summary: {
    events: 6,
    users: { profiles: { before: 2, after }, clusters: { split, unchanged: 1 }, unmapped: { before: 0, after: 1 } },
    accounts: { profiles: { before: 0, after: 0 }, clusters: {} },
    merges: { before: 0, after: 0 },
    violations: { before: { "ID value blocked": 2 }, after: { "ID value blocked": 1, "Profiles kept apart": 4 } },
    divergentMessages: divergent,
    operationsSkipped: 0
  }
})

it("the part of the history that was replayed, in words", () => {
  const scope = { from: null, to: null, sources: null, identifiers: null, profiles: null }
  expect(scopeText({ scope: null })).toBeUndefined()
  expect(scopeText({ scope: { ...scope, sources: ["a", "b"] } })).toBe("2 sources")
  const people = { ...scope, identifiers: [{ type: "email", id: "jane@example.com" }], profiles: ["use_1"] }
  expect(scopeText({ scope: people })).toBe("whoever is connected with email jane@example.com and 1 more")
})

describe("what a run found", () => {
  it.each([
    [summary(6, 1, 4), "4 profiles more"],
    [summary(1, 0, 1), "1 profile less"],
    [summary(2, 1, 1), "As many profiles, some of them others"],
    [summary(2, 0, 3), "The same profiles, decided otherwise"],
    [summary(2, 0, 0), "Nothing would change"]
  ])("%#: %s", (run, title) => expect(runFinding(figuresOf(run)!)).toBe(title))

  it("violations are counted over their kinds, clusters over people and accounts; runs of older versions lack some figures", () => {
    const figures = figuresOf(summary(6, 1, 4))!
    expect(figures.violations).toEqual({ before: 2, after: 5 })
    expect(figures.unmapped).toEqual({ before: 0, after: 1 })
    expect(changedClusters(figures)).toBe(1)
    expect(signed(figures.profiles)).toBe("+4")
    expect(figuresOf({ summary: null })).toBeUndefined()
  })
})
