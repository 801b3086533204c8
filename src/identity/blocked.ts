/**
 * Values that are never promoted (spec 02 section 4), compiled once per rules version.
 *
 * Patterns run in a linear-time engine, so that no hostile value can stall the space (IDR-51). That engine takes
 * about a microsecond; patterns that are linear in any engine, one character class from end to end such as the
 * suggested `^[0-]*$`, run natively.
 */
import { RE2JS } from "re2js"
import type { BlockedValue } from "../workspace/rules.ts"

export type Matcher = (value: string) => boolean

const never: Matcher = () => false

/** One class of plain ASCII characters, anchored at both ends: nothing to backtrack into, same meaning in both engines. */
const oneClass = /^\^\[[A-Za-z0-9_.: -]+\][*+]?\$$/

const compilePattern = (pattern: string): Matcher => {
  const linear = RE2JS.compile(pattern)
  if (!oneClass.test(pattern)) return (value) => linear.test(value)
  const native = new RegExp(pattern)
  return (value) => native.test(value)
}

/** Whether one of the listed values matches the normalised value. Throws on a pattern that was never validated. */
export const compileBlocked = (blocked: ReadonlyArray<BlockedValue>): Matcher => {
  if (blocked.length === 0) return never
  const exact = new Set(blocked.filter(({ kind }) => kind === "exact").map(({ value }) => value))
  const patterns = blocked.filter(({ kind }) => kind === "pattern").map(({ value }) => compilePattern(value))
  return (value) => {
    if (exact.has(value)) return true
    for (const matches of patterns) if (matches(value)) return true
    return false
  }
}

const junk = new Set([
  "undefined",
  "nil",
  "none",
  "nan",
  "null",
  "true",
  "false",
  "unknown",
  "n/a",
  "[object object]",
  "(null)",
  "anonymous"
])
const longestJunk = 24
const quotes = /^['"`]+|['"`]+$/g
/** What junk can begin with, a quote included: settles nearly every value with one character. */
const beginnings = /^[untfa[('"`]/i

/** What broken clients send for "nothing" (IDR-53): it would merge thousands of strangers. */
export const isJunk: Matcher = (value) =>
  value.length <= longestJunk && beginnings.test(value) && junk.has(value.toLowerCase().replace(quotes, "").trim())
