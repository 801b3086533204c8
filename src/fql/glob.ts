/**
 * Globs (FQL-31), read once and matched without backtracking: a glob is a row of parts between its stars, each of which
 * takes the first place where it fits, because an earlier end never leaves less room for the rest.
 *
 *     a*[0-9]?*z      "a" at the start, then anywhere a digit and one character, "z" at the end
 *
 * Parts of plain text are found in linear time. A part with `?` or a class is tried at each place, and those tries are
 * charged as steps. A character is a code point: `?` takes an emoji whole.
 */
import { search } from "./search.ts"
import { charge } from "./steps.ts"

/** Null: malformed, matches nothing. */
export type Glob = ((text: string) => boolean) | null

interface Class {
  readonly negated: boolean
  /** Pairs of first and last. */
  readonly ranges: ReadonlyArray<number>
}

const any = -1
/** A code point, `any`, or a class. */
type Item = number | Class

interface Part {
  readonly items: ReadonlyArray<Item>
  /** The text, when all items are code points. */
  readonly literal: string | undefined
}

class Malformed extends Error {}

class Reader {
  private readonly codes: ReadonlyArray<number>
  private at = 0

  constructor(glob: string) {
    this.codes = Array.from(glob, (char) => char.codePointAt(0)!)
  }

  parts(): ReadonlyArray<Part> {
    const parts: Array<Part> = []
    let items: Array<Item> = []
    while (this.at < this.codes.length) {
      const code = this.next()
      if (code === 0x2a) {
        parts.push(partOf(items))
        items = []
      } else items.push(code === 0x3f ? any : code === 0x5b ? this.class() : code === 0x5c ? this.next() : code)
    }
    parts.push(partOf(items))
    return parts
  }

  private next(): number {
    const code = this.codes[this.at++]
    if (code === undefined) throw new Malformed()
    return code
  }

  private class(): Class {
    const negated = this.codes[this.at] === 0x5e
    if (negated) this.at++
    const ranges: Array<number> = []
    for (;;) {
      if (this.codes[this.at] === 0x5d && ranges.length > 0) {
        this.at++
        return { negated, ranges }
      }
      const first = this.end()
      let last = first
      if (this.codes[this.at] === 0x2d) {
        this.at++
        last = this.end()
      }
      ranges.push(first, last)
    }
  }

  /** One end of a range, or a single member. */
  private end(): number {
    const code = this.next()
    if (code === 0x2d || code === 0x5d) throw new Malformed()
    return code === 0x5c ? this.next() : code
  }
}

const partOf = (items: ReadonlyArray<Item>): Part => {
  const codes = items.filter((item) => typeof item === "number" && item !== any) as ReadonlyArray<number>
  const literal = codes.length === items.length ? codes.map((code) => String.fromCodePoint(code)).join("") : undefined
  return { items, literal }
}

const fits = (item: Item, code: number): boolean => {
  if (typeof item === "number") return item === any || item === code
  const { negated, ranges } = item
  for (let i = 0; i < ranges.length; i += 2) if (ranges[i]! <= code && code <= ranges[i + 1]!) return !negated
  return negated
}

const weight = (item: Item): number => (typeof item === "number" ? 1 : 1 + (item.ranges.length >> 1))

/** Where the part ends that begins at `at`, or -1. */
const endOf = ({ items, literal }: Part, text: string, at: number): number => {
  if (literal !== undefined) return text.startsWith(literal, at) ? at + literal.length : -1
  let end = at
  let steps = 1
  for (const item of items) {
    steps += weight(item)
    const code = text.codePointAt(end)
    if (code === undefined || !fits(item, code)) {
      end = -1
      break
    }
    end += code > 0xff_ff ? 2 : 1
  }
  charge(steps)
  return end
}

const findEnd = (part: Part, text: string, from: number): number => {
  if (part.literal !== undefined) {
    const found = search(text, part.literal, from)
    return found < 0 ? -1 : found + part.literal.length
  }
  for (let at = from; at < text.length; at += text.codePointAt(at)! > 0xff_ff ? 2 : 1) {
    const end = endOf(part, text, at)
    if (end >= 0) return end
  }
  return -1
}

/** Whether the part fits at the very end, not before `from`. */
const endsWith = (part: Part, text: string, from: number): boolean => {
  if (part.literal !== undefined) return text.length - part.literal.length >= from && text.endsWith(part.literal)
  let at = text.length
  for (let n = part.items.length; n > 0 && at > from; n--) {
    at -= at >= 2 && text.codePointAt(at - 2)! > 0xff_ff ? 2 : 1
  }
  charge(part.items.length)
  return at >= from && endOf(part, text, at) === text.length
}

export const compileGlob = (glob: string): Glob => {
  let parts: ReadonlyArray<Part>
  try {
    parts = new Reader(glob).parts()
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
  const first = parts[0]!
  if (parts.length === 1) {
    const { literal } = first
    return literal === undefined ? (text) => endOf(first, text, 0) === text.length : (text) => text === literal
  }
  const middle = parts.slice(1, -1).filter(({ items }) => items.length > 0)
  const last = parts.at(-1)!
  return (text) => {
    let at = endOf(first, text, 0)
    for (let i = 0; i < middle.length && at >= 0; i++) at = findEnd(middle[i]!, text, at)
    return at >= 0 && endsWith(last, text, at)
  }
}

export const matchesGlob = (text: string, glob: Glob): boolean => glob !== null && glob(text)
