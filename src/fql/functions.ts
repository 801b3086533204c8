/**
 * The functions (FQL-30) and what they make of null (FQL-40): nothing else exists.
 * What is constant in a statement, a glob or a version, is read once when the statement is compiled.
 */
import { compileGlob, type Glob, matchesGlob } from "./glob.ts"
import type { Value } from "./paths.ts"
import { search } from "./search.ts"
import { compareVersions, readVersion, zero } from "./semver.ts"
import { charge } from "./steps.ts"
import { toBool, toNumber, toText, typeOf, utf8Length } from "./values.ts"

interface FqlFunction {
  readonly arity: number
  /** Whether the answer is a boolean: only then can it be a statement. */
  readonly answers: "bool" | "other"
  /** `constants` has the values of arguments that are literals. */
  readonly make: (args: ReadonlyArray<Value>, constants: ReadonlyArray<unknown>) => Value
}

/** `steps` for each character. */
const ofText = (steps: number, change: (text: string) => string): FqlFunction => ({
  arity: 1,
  answers: "other",
  make:
    ([text]) =>
    (event) => {
      const value = text!(event)
      if (typeof value !== "string") return null
      charge(steps * value.length)
      return change(value)
    }
})

const ofAny = (answers: FqlFunction["answers"], convert: (value: unknown) => unknown): FqlFunction => ({
  arity: 1,
  answers,
  make:
    ([value]) =>
    (event) =>
      convert(value!(event))
})

const contains: FqlFunction = {
  arity: 2,
  answers: "bool",
  make:
    ([text, part]) =>
    (event) => {
      const whole = text!(event)
      const wanted = part!(event)
      return typeof whole === "string" && typeof wanted === "string" && search(whole, wanted) >= 0
    }
}

const match: FqlFunction = {
  arity: 2,
  answers: "bool",
  make: ([text, pattern], [, constant]) => {
    if (typeof constant === "string") {
      const glob = compileGlob(constant)
      return (event) => {
        const value = text!(event)
        return typeof value === "string" && matchesGlob(value, glob)
      }
    }
    let known: string | undefined
    let glob: Glob = null
    return (event) => {
      const value = text!(event)
      const wanted = pattern!(event)
      if (typeof value !== "string" || typeof wanted !== "string") return false
      // Also when it is known: the answer must not depend on what was asked before.
      charge(4 * wanted.length)
      if (wanted !== known) {
        glob = compileGlob(wanted)
        known = wanted
      }
      return matchesGlob(value, glob)
    }
  }
}

const length = (value: unknown): number | null =>
  typeof value === "string" ? utf8Length(value) : value === null ? 0 : Array.isArray(value) ? value.length : null

const semver: FqlFunction = {
  arity: 3,
  answers: "bool",
  make: ([left, operator, right], [, , constant]) => {
    const a = zero()
    const b = zero()
    const fixed = typeof constant === "string" && readVersion(constant, b)
    return (event) => {
      const one = left!(event)
      if (typeof one !== "string" || !readVersion(one, a)) return false
      if (!fixed) {
        const other = right!(event)
        if (typeof other !== "string" || !readVersion(other, b)) return false
      }
      return compareVersions(a, operator!(event), b)
    }
  }
}

const titleCase = (text: string): string =>
  text.replaceAll(/(^| )(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())

export const functions: Readonly<Record<string, FqlFunction>> = {
  contains,
  match,
  length: ofAny("other", length),
  lowercase: ofText(1, (text) => text.toLowerCase()),
  uppercase: ofText(1, (text) => text.toUpperCase()),
  snakecase: ofText(4, (text) => text.replaceAll(" ", "_")),
  kebabcase: ofText(4, (text) => text.replaceAll(" ", "-")),
  titlecase: ofText(12, titleCase),
  typeof: ofAny("other", typeOf),
  bool: ofAny("bool", toBool),
  string: ofAny("other", toText),
  number: ofAny("other", toNumber),
  semver
}
