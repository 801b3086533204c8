/** Rules of the language beyond the truth table (spec 04, 5.1 to 5.4), and what holds for every statement and event. */
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import { compileGlob, matchesGlob } from "../../src/fql/glob.ts"
import { evaluate, FqlError, parseFql } from "../../src/fql/fql.ts"

const valueOf = (statement: string, event: unknown = {}): boolean | "error" | "invalid" => {
  const parsed = parseFql(statement)
  if (!parsed.ok) return "invalid"
  const value = evaluate(parsed.filter, event)
  return value instanceof FqlError ? "error" : value
}
const problemOf = (statement: string) => {
  const parsed = parseFql(statement)
  assert.isFalse(parsed.ok, statement)
  return parsed.ok ? { message: "", column: 0 } : parsed.problem
}

const nested = (n: number) => `${"(".repeat(n)}a${")".repeat(n)}`
const long = (bytes: number) => `a = '${"ア".repeat((bytes - 6) / 3)}'`

/** Whether a piece of a glob that is no star takes the character. */
const takes = (piece: string, char: string): boolean => {
  if (piece === "?") return true
  if (piece[0] === "\\") return char === piece[1]
  if (piece === "[^a]") return char !== "a"
  return piece[0] === "[" ? piece.includes(char) && char !== "-" : piece === char
}

describe("FQL-1, FQL-5: invalid statements, and what is said about them", () => {
  const cases: ReadonlyArray<readonly [statement: string, column: number, says: RegExp]> = [
    ["", 1, /empty/],
    ["   ", 1, /empty/],
    ["a = 'x", 5, /not closed/],
    ["a = 5.", 5, /digits/],
    ["a = .5", 5, /no meaning/],
    ["a = 1.2.3", 5, /digits/],
    ["a = 5x", 5, /digits/],
    ["!", 2, /Expected a field/],
    ["a !", 3, /Expected the end/],
    ["a\\", 2, /backslash/],
    ["a. = 1", 3, /name is missing/],
    ["a $ b", 3, /"\$" has no meaning/],
    ["a = @", 5, /no meaning/],
    ["a == 'x'", 3, /one `=`/],
    ["a = 'x' AND b = 'y'", 9, /`and` instead of `AND`/],
    ["a = 'x' Or b", 9, /`or`/],
    ["a In ['x']", 3, /`in`/],
    ["startsWith(a, 'x')", 1, /no function `startsWith`/],
    ["toString(a)", 1, /no function/],
    ["contains(a)", 1, /2 arguments, not 1/],
    ["a.b(c)", 1, /no dot/],
    ["1 < 2 < 3", 7, /chained/],
    ["(a = 1", 7, /`\)`/],
    ["a in ['x'", 10, /`,` or `\]`/],
    ["a in ['x',]", 11, /Expected a field/],
    ["length(a)", 1, /never says yes or no/],
    ["'x'", 1, /never/],
    ["event = 'A' or 'B'", 16, /`or` must be .* `'B'` never is.*: `event = 'A' or event = 'B'`\.$/],
    ["a = 1 and event != 'A' and 'B'", 28, /: `event != 'A' and event != 'B'`\.$/],
    ["'A' or event = 'B'", 1, /`'A'` never is\. Compare it/],
    ["typeof(a\\.b) = 'x' or type = 'y' and \"it's\"", 38, /`type = 'y' and type = "it's"`/],
    ["(event in ['A'] or ['B']) and a", 20, /`event in \['A'\] or event in \['B'\]`/],
    ["x = (a or 5)", 11, /`5` never is/],
    ["bool(a or length(b))", 11, /`length\(b\)` never is/],
    ["!'x' = a", 2, /`'x'` never is.*`a != b`/],
    ["!length(a) = 0", 2, /`length\(a\)` never is/],
    ["5", 1, /never/],
    ["['x']", 1, /never/],
    ["a = 'x' 'y'", 9, /text "y"/],
    ["a = 'é' % 2", 9, /no meaning/]
  ]
  for (const [statement, column, says] of cases)
    it(`${JSON.stringify(statement)}`, () => {
      const problem = problemOf(statement)
      assert.match(problem.message, says)
      assert.strictEqual(problem.column, column)
    })
  it("nesting deeper than 100, more than 5,120 bytes", () => {
    assert.strictEqual(valueOf(nested(100)), false)
    assert.match(problemOf(nested(101)).message, /nested/)
    assert.match(problemOf("!".repeat(101) + "a").message, /nested/)
    assert.strictEqual(valueOf(long(5118)), false)
    assert.match(problemOf(long(5121)).message, /5120 bytes/)
  })
})

describe("FQL-2, FQL-3, FQL-4, FQL-12: words, precedence, strings, names", () => {
  const event = {
    order: true,
    nullify: false,
    AND: true,
    "a b": true,
    "a.b": true,
    "x-y": true,
    allowed: true,
    all: true
  }
  const cases: ReadonlyArray<readonly [statement: string, result: boolean | "error"]> = [
    ["order", true],
    ["nullify", false],
    ["AND", true],
    ["a\\ b", true],
    ["a\\.b", true],
    ["x-y", true],
    ["all", true],
    ["all = true", true],
    ["\\and = null", true],
    ["!order = false", true],
    ["! ! order", true],
    ["order and nullify or order", true],
    ["order\nand\torder", true],
    ['"it\'s" = "it\'s"', true],
    ["'\\' = '\\'", true],
    ["+5 = 5 and -5 < 0", true],
    ["null", false]
  ]
  for (const [statement, result] of cases)
    it(`${statement}`, () => assert.strictEqual(valueOf(statement, event), result))
})

describe("FQL-10, FQL-11, FQL-13: paths", () => {
  const event = {
    list: [{ a: 1 }],
    text: "x",
    receivedAt: "r",
    sent_at: "own",
    sentAt: "other",
    __proto__: { hidden: true }
  }
  const cases: ReadonlyArray<readonly [statement: string, result: boolean]> = [
    ["list.0.a = 1", true],
    ["list.1.a = null", true],
    ["list.a = null", true],
    ["list.length = null", true],
    ["text.length = null", true],
    ["text.0 = null", true],
    ["constructor = null", true],
    ["hidden = null", true],
    ["received_at = 'r'", true],
    ["sent_at = 'own'", true],
    ["original_timestamp = null", true]
  ]
  for (const [statement, result] of cases)
    it(`${statement}`, () => assert.strictEqual(valueOf(statement, event), result))
})

describe("FQL-20, FQL-21, FQL-22, FQL-23, FQL-24, FQL-25, FQL-30, FQL-40: values and functions", () => {
  const event = {
    n: 1,
    s: "x",
    o: { a: 1, b: [2] },
    p: { b: [2], a: 1 },
    l: [1, "1", null],
    big: 1e21,
    small: -1.5e-7,
    vast: "9".repeat(400)
  }
  const cases: ReadonlyArray<readonly [statement: string, result: boolean | "error"]> = [
    ["n and true", "error"],
    ["true or n", true],
    ["!s", "error"],
    ["o = p", true],
    ["o != l", true],
    ["1 in l and '1' in l and null in l", true],
    ["2 in l", false],
    ["'a' < 'b' and 'B' < 'a' and !(1 < 'b')", true],
    ["contains(null, 'a') or match(null, '*')", false],
    ["length(null) = 0 and length(n) = null and length(o) = null", true],
    ["lowercase(n) = null and uppercase('ä') = 'Ä'", true],
    ["titlecase('éa  b1') = 'Éa  B1'", true],
    ["typeof(n) = 'number' and typeof(o) = 'object' and typeof(true) = 'bool'", true],
    ["bool(null) or bool(0) or bool('') or bool('FALSE') or bool('0') or bool([])", false],
    ["bool(1) and bool('no') and bool([1]) and bool(o)", true],
    ["string(null) = '' and string(true) = 'true' and string(1.5) = '1.5' and string(o.b) = '[2]'", true],
    ["string(big) = '1000000000000000000000' and string(small) = '-0.00000015' and string(0.5) = '0.5'", true],
    ["number('1000000000000000000000') = big and number(vast) = null", true],
    ["number(' 5 ') = 5 and number('5.') = null and number('') = null and number('1e3') = null", true],
    ["semver('1.10', '>', '1.9.9') and semver('1', '=', '1.0.0') and semver('2.0.1', '!=', '2')", true],
    ["semver('1.2.3.4', '=', '1.2.3') or semver('1', '~', '1') or semver(1, '=', '1')", false]
  ]
  for (const [statement, result] of cases)
    it(`${statement}`, () => assert.strictEqual(valueOf(statement, event), result))
})

describe("FQL-31: globs", () => {
  const malformed = ["[", "[]", "[^]", "[-a]", "[a-]", "[a-]]", "[]a]", "[a", "a\\", "[\\"]
  for (const glob of malformed) it(`${glob} is malformed`, () => assert.isNull(compileGlob(glob)))
  const cases: ReadonlyArray<readonly [glob: string, text: string, result: boolean]> = [
    ["*", "a/b\nc", true],
    ["?", "🦄", true],
    ["??", "🦄", false],
    ["[a-c\\]]", "]", true],
    ["[^a-c]", "d", true],
    ["[^a-c]", "b", false],
    ["\\*", "*", true],
    ["a*b*c", "aXbXbXc", true],
    ["*.*.*", "1.2", false],
    ["", "", true],
    ["", "a", false],
    ["[a\\-z]", "-", true]
  ]
  for (const [glob, text, result] of cases)
    it(`${glob} on ${JSON.stringify(text)}`, () => assert.strictEqual(matchesGlob(text, compileGlob(glob)), result))

  it("agrees with a matcher that tries everything", () => {
    const pieces = ["a", "b", "🦄", "?", "*", "\\*", "[ab]", "[^a]", "[a-b🦄]"]
    const naive = (text: ReadonlyArray<string>, glob: ReadonlyArray<string>): boolean => {
      const [piece, ...others] = glob
      if (piece === undefined) return text.length === 0
      if (piece === "*") return naive(text, others) || (text.length > 0 && naive(text.slice(1), glob))
      return text.length > 0 && takes(piece, text[0]!) && naive(text.slice(1), others)
    }
    const texts = fc.array(fc.constantFrom("a", "b", "🦄", "*"), { maxLength: 8 })
    fc.assert(
      fc.property(texts, fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (text, glob) => {
        assert.strictEqual(matchesGlob(text.join(""), compileGlob(glob.join(""))), naive(text, glob))
      }),
      { numRuns: 5_000 }
    )
  })
})

it("any text is a statement or a problem with a place in it; any statement answers on any JSON", () => {
  const piece = fc.constantFrom(
    ..."a b.c 'x' 5 ( ) [ ] , ! = != > in and or not null true length( match( 'a*' \\ . AND '".split(" ")
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.jsonValue(), (pieces, event) => {
      const text = pieces.join(" ")
      const parsed = parseFql(text)
      if (parsed.ok) {
        const answer = evaluate(parsed.filter, event)
        assert.isTrue(typeof answer === "boolean" || answer instanceof FqlError)
      } else {
        assert.isAtLeast(parsed.problem.column, 1)
        assert.isAtMost(parsed.problem.column, text.length + 1)
      }
    }),
    { numRuns: 3_000 }
  )
})
