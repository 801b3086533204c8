import { describe, expect, it } from "vitest"
import { complies, labelPattern } from "../../src/workspace/labels.ts"
import { freeSlug } from "../../src/workspace/slug.ts"

describe("IDR-3: slugs", () => {
  it.each([
    ["Shop", [], "shop"],
    ["My Shop!", [], "my-shop"],
    ["Shop", ["shop"], "shop-2"],
    ["Shop", ["shop", "shop-2", "shop-4"], "shop-3"],
    ["__Größe__", [], "gr-e"],
    ["日本", [], "space"],
    ["日本", ["space"], "space-2"],
    ["x".repeat(200), [], "x".repeat(63)],
    ["x".repeat(200), ["x".repeat(63)], `${"x".repeat(61)}-2`],
    [`${"x".repeat(62)} y`, [], "x".repeat(62)]
  ])("%s beside %j is %s", (name, taken, slug) => {
    expect(freeSlug(name, new Set(taken))).toBe(slug)
    expect(slug).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/)
  })
})

describe("IDR-10: labels", () => {
  it.each(["environment:dev", "Team:web-2", "a:b_c"])("%s is one", (label) => {
    expect(label).toMatch(labelPattern)
  })
  it.each(["environment", "1a:b", "a:1", "a:", ":b", "a:b:c", "a: b", "ä:b", "-a:b"])("%s is none", (label) => {
    expect(label).not.toMatch(labelPattern)
  })

  it("IDR-9: a policy asks for all of its labels; none = any source", () => {
    expect(complies([], undefined)).toBe(true)
    expect(complies(["a:b"], undefined)).toBe(false)
    expect(complies(["a:b", "c:d"], ["c:d"])).toBe(false)
    expect(complies(["a:b", "c:d"], ["c:d", "x:y", "a:b"])).toBe(true)
  })
})
