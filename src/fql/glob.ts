/**
 * Globs of `match` (FQL-31): `*` any run, `?` one character, `[abc]`, `[a-z]`, `[^…]`, `\x` the character itself. The whole
 * text must match. One star is remembered at a time, so the work is at most text x glob, and bounded (FQL-41).
 */
import { FqlError } from "./values.ts"

type Part =
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | { readonly kind: "char"; readonly char: string }
  | {
      readonly kind: "class"
      readonly negated: boolean
      readonly ranges: ReadonlyArray<readonly [low: number, high: number]>
    }

/** Null: malformed, matches nothing. */
export type Glob = ReadonlyArray<Part> | null

const maxSteps = 1_000_000

export const compileGlob = (glob: string): Glob => {
  const chars = Array.from(glob)
  const parts: Array<Part> = []
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!
    if (char === "*") {
      if (parts.at(-1)?.kind !== "star") parts.push({ kind: "star" })
    } else if (char === "?") parts.push({ kind: "any" })
    else if (char === "\\") {
      if (++i === chars.length) return null
      parts.push({ kind: "char", char: chars[i]! })
    } else if (char === "[") {
      const found = classAt(chars, i + 1)
      if (found === null) return null
      parts.push(found.part)
      i = found.end
    } else parts.push({ kind: "char", char })
  }
  return parts
}

/** From behind the opening bracket; `end` is the closing one. */
const classAt = (chars: ReadonlyArray<string>, start: number): { part: Part; end: number } | null => {
  let i = start
  const negated = chars[i] === "^"
  if (negated) i++
  const ranges: Array<readonly [number, number]> = []
  const one = (): number | null => {
    if (chars[i] === "\\") i++
    else if (chars[i] === "-" || chars[i] === "]") return null
    const char = chars[i++]
    return char === undefined ? null : char.codePointAt(0)!
  }
  while (ranges.length === 0 || chars[i] !== "]") {
    const low = one()
    if (low === null) return null
    let high: number | null = low
    if (chars[i] === "-") {
      i++
      high = one()
      if (high === null) return null
    }
    ranges.push([low, high])
  }
  return { part: { kind: "class", negated, ranges }, end: i }
}

const accepts = (part: Part, char: string): boolean => {
  if (part.kind === "char") return part.char === char
  if (part.kind === "any") return true
  if (part.kind === "star") return false
  const code = char.codePointAt(0)!
  for (const [low, high] of part.ranges) if (code >= low && code <= high) return !part.negated
  return part.negated
}

const surrogate = /[\ud800-\udfff]/

export const matchesGlob = (text: string, glob: Glob): boolean => {
  if (glob === null) return false
  const chars = surrogate.test(text) ? Array.from(text) : text
  let at = 0
  let part = 0
  /** The last star, and how far its run goes for now. */
  let star = -1
  let runEnd = 0
  for (let steps = 0; at < chars.length; steps++) {
    if (steps > maxSteps) throw new FqlError("match: the glob is too complicated for so long a text.")
    const current = glob[part]
    if (current?.kind === "star") {
      star = part++
      runEnd = at
    } else if (current !== undefined && accepts(current, chars[at]!)) {
      part++
      at++
    } else if (star >= 0) {
      part = star + 1
      at = ++runEnd
    } else return false
  }
  while (glob[part]?.kind === "star") part++
  return part === glob.length
}
