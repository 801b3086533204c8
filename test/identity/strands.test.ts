/** Which identifiers of a cluster go where (IDR-191). */
import { describe, expect, it } from "vitest"
import { boundedStrands, Way } from "../../src/identity/what-if/strands.ts"

const way = (...of: ReadonlyArray<readonly [type: string, n: number]>) => {
  const made = new Way()
  for (const [type, n] of of) for (let i = 0; i < n; i++) made.add(type, `${type}-${i}`)
  return made
}

describe("IDR-191: strands", () => {
  it("one for each type and pair of profiles, the largest first; a small cluster names all of its identifiers", () => {
    const strands = boundedStrands([
      ...way(["email", 1], ["ios.id", 2]).strands("use_a", "use_a"),
      ...way(["email", 1]).strands("use_a", "use_b"),
      ...way(["email", 1]).strands(null, "use_b")
    ])
    expect(strands).toEqual([
      { type: "ios.id", before: "use_a", after: "use_a", count: 2, ids: ["ios.id-0", "ios.id-1"] },
      { type: "email", before: null, after: "use_b", count: 1, ids: ["email-0"] },
      { type: "email", before: "use_a", after: "use_a", count: 1, ids: ["email-0"] },
      { type: "email", before: "use_a", after: "use_b", count: 1, ids: ["email-0"] }
    ])
  })

  it("a large cluster has exact counts, a few names of each strand, and its largest strands only", () => {
    const [large] = boundedStrands(way(["email", 1000]).strands("use_a", "use_b"))
    expect(large).toEqual({ type: "email", before: "use_a", after: "use_b", count: 1000, ids: expect.any(Array) })
    expect(large!.ids).toHaveLength(3)
    const many = Array.from({ length: 100 }, (_, n) => way(["email", 1]).strands("use_a", `use_${n}`)).flat()
    expect(boundedStrands(many)).toHaveLength(60)
    // 24 of one type hide no other type.
    expect(
      way(["email", 30], ["phone", 2])
        .strands("a", "b")
        .map(({ type, count }) => [type, count])
    ).toEqual([
      ["email", 30],
      ["phone", 2]
    ])
  })
})
