/** FQL-41: what an evaluation may cost, in counted steps; nothing here looks at a clock. */
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import { evaluate, FqlError, parseFql } from "../../src/fql/fql.ts"
import { linearSearch, search } from "../../src/fql/search.ts"
import { maxSteps, stepsTaken } from "../../src/fql/steps.ts"

const filterOf = (statement: string) => {
  const parsed = parseFql(statement)
  if (!parsed.ok) throw new Error(`${statement.slice(0, 80)}: ${parsed.problem.message}`)
  return parsed.filter
}
/** Asked twice: what is remembered of the first time must not change the answer. */
const cost = (statement: string, event: unknown) => {
  const filter = filterOf(statement)
  const first = evaluate(filter, event)
  const steps = stepsTaken()
  assert.strictEqual(evaluate(filter, event), first)
  assert.strictEqual(stepsTaken(), steps)
  return { answer: first instanceof FqlError ? "error" : first, steps }
}

const a = (length: number) => "a".repeat(length)
const times = (count: number, part: string) => Array.from({ length: count }, () => part).join(" or ")
const nested = (levels: number) => `contains(${"string([".repeat(levels)}p${"])".repeat(levels)}, 'x')`
const levels = (count: number) => JSON.parse('{"d":'.repeat(count) + "1" + "}".repeat(count)) as unknown

const large = 32_000
const needle = `${a(4_000)}b${a(4_000)}`
const worst = { s: a(16_000), needle }

describe("FQL-41: what is written for large events is answered", () => {
  const cases: ReadonlyArray<readonly [name: string, statement: string, event: unknown, below: number]> = [
    ["a needle that V8 takes the product of both lengths for", "contains(s, needle)", worst, 40_000],
    ["a long text after a star", `match(s, '*${a(2_000)}b*')`, { s: a(large) }, 50_000],
    ["two thousand stars", `match(s, '${"*a".repeat(2_000)}*b')`, { s: a(large) }, 50_000],
    ["a character of any kind after a star", "match(s, '*a?b*')", { s: a(large) }, 200_000],
    ["a hundred tests of a large text", times(100, "contains(s, 'b')"), { s: a(large) }, 200_000],
    ["equal lists", "l = m", { l: [a(large), 1], m: [a(large), 1] }, 100]
  ]
  for (const [name, statement, event, below] of cases)
    it(`${name}`, () => {
      const { answer, steps } = cost(statement, event)
      assert.strictEqual(answer, name === "equal lists")
      assert.isBelow(steps, below)
    })
})

describe("FQL-41: what would take too long is an error", () => {
  const cases: ReadonlyArray<readonly [name: string, statement: string, event: unknown]> = [
    ["texts that double with each level", nested(45), { p: '"' }],
    ["copies of a large value", `contains(string([${Array(300).fill("p").join(",")}]), 'x')`, { p: a(large) }],
    ["a long part of any characters after a star", `match(s, '*${"a?".repeat(500)}b*')`, { s: a(large) }],
    [
      "a thousand stars from the event, again and again",
      times(300, "match(s, g)"),
      { s: a(large), g: `${"*a".repeat(8_000)}*b` }
    ],
    ["many searches made for it", times(60, "contains(s, needle)"), worst],
    [
      "objects in a long list",
      times(100, "o in l"),
      { o: { x: 1 }, l: Array.from({ length: 2_000 }, () => ({ x: 2 })) }
    ],
    ["many changes of a large text", times(200, "titlecase(s) = 'x'"), { s: " a".repeat(large / 2) }],
    ["a value nested deeper than any message, as text", "string(d) = 'x'", { d: levels(20_000) }],
    ["a value nested deeper than any message, compared", "d = e", { d: levels(20_000), e: levels(20_000) }]
  ]
  for (const [name, statement, event] of cases)
    it(`${name}`, () => {
      const { answer, steps } = cost(statement, event)
      assert.strictEqual(answer, "error")
      // The last charge may be large; its work was not begun, or was small by itself.
      assert.isBelow(steps, 2 * maxSteps)
    })
  it("and the next evaluation begins anew", () => {
    assert.strictEqual(cost(nested(45), { p: '"' }).answer, "error")
    assert.strictEqual(cost("contains(p, '\"')", { p: '"' }).answer, true)
  })
})

it("an error is one and the same for each type: failing on each event allocates nothing", () => {
  const filter = filterOf("p and true")
  const first = evaluate(filter, { p: "x" })
  assert.instanceOf(first, FqlError)
  assert.match((first as FqlError).message, /column 1 .* a string/)
  assert.strictEqual(evaluate(filter, { p: "y" }), first)
  assert.match((evaluate(filter, { p: 1 }) as FqlError).message, /a number/)
})

it("searching finds what indexOf finds", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 30 })
  fc.assert(
    fc.property(text, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 6 }), fc.nat(30), (whole, part, from) => {
      const at = Math.min(from, whole.length)
      if (part !== "") assert.strictEqual(linearSearch(whole, part, at), whole.indexOf(part, at))
      assert.strictEqual(search(whole, part, at), whole.indexOf(part, at))
    }),
    { numRuns: 3_000 }
  )
})
