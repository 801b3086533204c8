/** FQL-50: the whole truth table of the spec, read from the spec itself, so that no row can be left out. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { evaluate, FqlError, parseFql } from "../../src/fql/fql.ts"

const spec = readFileSync(new URL("../../docs/spec/04-destinations.md", import.meta.url), "utf8")
const section = spec.slice(spec.indexOf("### 5.5 Truth table"), spec.indexOf("\n## 6"))
const event: unknown = JSON.parse(section.slice(section.indexOf("{"), section.indexOf("```\n\n|")))

const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .flatMap((line) => [...line.matchAll(/`([^`]+)` \| (true|false|error|invalid) \|/g)])
  .map(([, statement, result]) => ({ statement: statement!, result: result! }))

const answer = (statement: string): string => {
  const parsed = parseFql(statement)
  if (!parsed.ok) return "invalid"
  const value = evaluate(parsed.filter, event)
  return value instanceof FqlError ? "error" : String(value)
}

describe("FQL-50, AC4-15: the truth table", () => {
  it("has all its rows", () => assert.isAbove(rows.length, 80))
  for (const { statement, result } of rows)
    it(`${statement} is ${result}`, () => assert.strictEqual(answer(statement), result))
})
