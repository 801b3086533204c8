/** Where a text stops being JSON: the same texts as `JSON.parse` takes, and a place that leads to the mistake. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { jsonProblem, problemText } from "../../src/console/json-problem.ts"

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe("json problem", () => {
  it.each([
    ["", 1, 1, /the text ends too early, a value is missing/],
    ['{\n  "a": 1,\n}', 2, 9, /no comma before }/],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, /, or } is missing/],
    ["{ a: 1 }", 1, 3, /a name in double quotes/],
    ["{ 'a': 1 }", 1, 3, /a name in double quotes/],
    ["['a']", 1, 2, /texts stand in double quotes/],
    ['{ "a" 1 }', 1, 7, /: is missing/],
    ['{ "a": "x\n}', 1, 8, /the closing " is missing/],
    ['["\\x"]', 1, 3, /after \\ comes/],
    ["[01]", 1, 2, /no number/],
    ["[1.]", 1, 2, /no number/],
    ["[True]", 1, 2, /a value is missing/],
    ["[1, 2", 1, 6, /ends too early, , or ] is missing/],
    ["{} x", 1, 4, /ends before this/],
    [`${"[".repeat(600)}`, 1, 501, /deeper than 500/]
  ])("%j: line %i, column %i", (text, line, column, message) => {
    const problem = jsonProblem(text)!
    expect(problemText(problem)).toMatch(message)
    expect([problem.line, problem.column]).toEqual([line, column])
  })

  it("agrees with JSON.parse on JSON, and on JSON with a character changed, added or taken away", () => {
    const damage = fc.tuple(fc.json(), fc.nat(), fc.constantFrom(..."{}[]\",:0-.eE\\tn \n'"), fc.nat(2))
    fc.assert(
      fc.property(damage, ([text, at, char, cut]) => {
        const i = text.length === 0 ? 0 : at % text.length
        const damaged = text.slice(0, i) + char + text.slice(i + cut)
        for (const each of [text, damaged])
          expect([each, jsonProblem(each) === undefined]).toEqual([each, isJson(each)])
      }),
      { numRuns: 2000 }
    )
  })
})
