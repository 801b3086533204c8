/**
 * The specification and the tests name each other: no test cites an id that does not exist, and every worked case,
 * acceptance case and invariant is cited by a test or listed here with the reason why it is not built yet.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const root = join(import.meta.dirname, "..")

const read = (folder: string, ending: string): string =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending) && !file.endsWith("spec-coverage.test.ts"))
    .map((file) => readFileSync(join(root, folder, file), "utf8"))
    .join("\n")

const spec = read("docs/spec", ".md")
const tests = read("test", ".ts")
/** A case that only a comment mentions is not tested. */
const code = tests.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "")

const idsIn = (text: string): ReadonlySet<string> =>
  new Set(text.match(/\b(?:ING|IDR|PRO|FQL|INV|W|PRV|AC[1-48])-\d+\b/g))

const range = (prefix: string, ...numbers: ReadonlyArray<number | readonly [from: number, to: number]>) =>
  numbers.flatMap((n) =>
    typeof n === "number"
      ? [`${prefix}-${n}`]
      : Array.from({ length: n[1] - n[0] + 1 }, (_, i) => `${prefix}-${n[0] + i}`)
  )

const later: ReadonlyArray<readonly [reason: string, ids: ReadonlyArray<string>]> = [
  ["warehouses are not built yet", range("AC1", 24, 26)],
  ["functions are not built yet", range("AC4", 12, 14, [69, 70])],
  ["tracking plans are not built yet", ["AC1-32"]],
  ["Profiles Sync is not built yet", range("AC3", [30, 34])],
  [
    "people, warehouses, tracking plans, retention and deleting a workspace are not built yet",
    range("AC8", [6, 7], 9, [17, 18], 21, 29, [38, 39], [44, 45], [47, 52], 55)
  ],
  ["warehouses, which deletion would reach, are not built yet", range("AC8", 34)],
  ["backups are the operator's: nothing restores one yet", range("AC8", 37)],
  ["computed traits, audiences, SQL traits and CSV upload are not built yet", range("AC3", [35, 48])]
]
const reasons = new Map(later.flatMap(([reason, ids]) => ids.map((id) => [id, reason] as const)))

/** Cases that are nothing but others together. */
const collective: Readonly<Record<string, ReadonlyArray<string>>> = { "AC2-9": range("INV", [1, 15], 17) }

/** Rows of the tables of cases, the list of invariants, and the rules of the filter language. */
const cases = [
  ...new Set(
    [...spec.matchAll(/^\| \*{0,2}((?:W|AC[1-48])-\d+)\b/gm), ...spec.matchAll(/^- \*\*((?:INV|FQL)-\d+)\*\*/gm)].map(
      (match) => match[1]!
    )
  )
]

it("the specification has its cases, and the tests cite some: a check that looks at nothing must not pass", () => {
  expect(cases.length).toBeGreaterThan(180)
  expect(idsIn(code).size).toBeGreaterThan(50)
})

it("no test cites an id that the specification does not have", () => {
  const known = idsIn(spec)
  expect([...idsIn(tests)].filter((id) => !known.has(id))).toEqual([])
})

it("every case of the specification has a test, or a reason why not yet", () => {
  const cited = new Set(idsIn(code))
  for (const [id, parts] of Object.entries(collective)) if (parts.every((part) => cited.has(part))) cited.add(id)
  expect(cases.filter((id) => !cited.has(id) && !reasons.has(id))).toEqual([])
})

it("no reason outlives its case", () => {
  expect([...reasons.keys()].filter((id) => !cases.includes(id))).toEqual([])
})
