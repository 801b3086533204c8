/** The functions of the language (FQL-30); nothing else exists. Each takes values and answers a value; nulls give defaults (FQL-40). */
import { compileGlob, type Glob, matchesGlob } from "./glob.ts"
import { typeOf, type Value } from "./values.ts"

interface FqlFunction {
  readonly arity: number
  /** Whether the answer is a boolean: only then can it be a statement. */
  readonly answers: "bool" | "other"
  readonly apply: (...args: ReadonlyArray<Value>) => Value
}

const onString =
  (apply: (text: string) => Value) =>
  (value: Value = null): Value =>
    typeof value === "string" ? apply(value) : null

const rememberedGlobs = 1_000
const globs = new Map<string, Glob>()
const globOf = (text: string): Glob => {
  let glob = globs.get(text)
  if (glob === undefined) {
    if (globs.size >= rememberedGlobs) globs.clear()
    glob = compileGlob(text)
    globs.set(text, glob)
  }
  return glob
}

const lengthOf = (value: Value): Value => {
  if (value === null) return 0
  if (typeof value === "string") return Buffer.byteLength(value)
  return Array.isArray(value) ? value.length : null
}

const toBool = (value: Value): boolean => {
  if (value === null) return false
  if (typeof value === "boolean") return value
  if (typeof value === "number") return value !== 0
  if (typeof value === "string") return value !== "" && value !== "0" && value.toLowerCase() !== "false"
  return Array.isArray(value) ? value.length > 0 : true
}

const toText = (value: Value): string =>
  value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value)

const numberPattern = /^[+-]?[0-9]+(?:\.[0-9]+)?$/
const toNumber = (value: Value): Value => {
  if (typeof value === "number") return value
  if (typeof value !== "string") return null
  const text = value.replace(/^ +| +$/g, "")
  return numberPattern.test(text) ? Number(text) : null
}

const versionPattern = /^[0-9]+(?:\.[0-9]+){0,2}$/
const versionOf = (value: Value): ReadonlyArray<number> | null =>
  typeof value === "string" && versionPattern.test(value) ? value.split(".").map(Number) : null

const semver = (a: Value, op: Value, b: Value): boolean => {
  const [left, right] = [versionOf(a), versionOf(b)]
  if (left === null || right === null) return false
  let order = 0
  for (let i = 0; i < 3 && order === 0; i++) order = Math.sign((left[i] ?? 0) - (right[i] ?? 0))
  switch (op) {
    case "=":
      return order === 0
    case "!=":
      return order !== 0
    case ">":
      return order > 0
    case ">=":
      return order >= 0
    case "<":
      return order < 0
    case "<=":
      return order <= 0
    default:
      return false
  }
}

const other = (apply: (value: Value) => Value): FqlFunction => ({
  arity: 1,
  answers: "other",
  apply: (value = null) => apply(value)
})

export const functions: Readonly<Record<string, FqlFunction>> = {
  contains: {
    arity: 2,
    answers: "bool",
    apply: (text = null, part = null) => typeof text === "string" && typeof part === "string" && text.includes(part)
  },
  match: {
    arity: 2,
    answers: "bool",
    apply: (text = null, glob = null) =>
      typeof text === "string" && typeof glob === "string" && matchesGlob(text, globOf(glob))
  },
  length: other(lengthOf),
  lowercase: other(onString((text) => text.toLowerCase())),
  uppercase: other(onString((text) => text.toUpperCase())),
  snakecase: other(onString((text) => text.replaceAll(" ", "_"))),
  kebabcase: other(onString((text) => text.replaceAll(" ", "-"))),
  titlecase: other(
    onString((text) =>
      text.replace(/(^| )(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())
    )
  ),
  typeof: other(typeOf),
  bool: { arity: 1, answers: "bool", apply: (value = null) => toBool(value) },
  string: other(toText),
  number: other(toNumber),
  semver: { arity: 3, answers: "bool", apply: (a = null, op = null, b = null) => semver(a, op, b) }
}
