/**
 * Reading untrusted JSON (ING-6, ING-30, ING-33).
 *
 * - `JSON.parse` of V8 keeps its own stack, so any nesting is read; everything that recurses afterwards stops at
 *   `maxDepth`. `__proto__` becomes an own property; keep it one by copying with spread or `setOwn`, never by assignment.
 * - U+0000 and lone surrogates can only arrive as `\u` escapes, because the body is valid UTF-8. They are mended in
 *   the text, where one search shows that there is nothing to do, and before repeated keys are joined.
 * - A number beyond doubles is read as Infinity and written as `null` by `JSON.stringify`; it only has to be noticed.
 */
import { isUtf8 } from "node:buffer"
import type { Json, JsonObject } from "./message.ts"

/** Levels of objects and arrays in one message, the message itself counted. */
export const maxDepth = 64

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Sets an own property, also when it is called `__proto__`. */
export const setOwn = (target: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}

/** The text of a UTF-8 body without byte order mark; undefined when the bytes are not UTF-8. */
export const decodeUtf8 = (bytes: Buffer): string | undefined => {
  if (!isUtf8(bytes)) return undefined
  const start = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  return bytes.toString("utf8", start)
}

const suspicious = /\\u(?:0000|[dD][89a-fA-F])/
/** A NUL, a pair of surrogates, a lone one, or any other escape (so that `\\u0000`, an escaped backslash, is skipped). */
const escapes =
  /\\(?:u0000|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|[^])/g
const mended = (escape: string): string => (escape.length !== 6 ? escape : escape === "\\u0000" ? "" : "\\ufffd")

/** Parses JSON with the mendings of ING-6. Throws SyntaxError when the text is not JSON. */
export const parseJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text)
  return text.includes("\\u") && suspicious.test(text) ? JSON.parse(text.replace(escapes, mended)) : value
}

/** A string that did not come from JSON, mended the same way. */
export const mendString = (text: string): string => text.replaceAll("\0", "").toWellFormed()

/** What one walk over a value found. */
export class Inspection {
  keys = 0
  /** Upper bound of the characters of the compact JSON, before escaping. */
  size = 2
  /** A number beyond doubles. */
  infinite = false
  /** Nested deeper than `maxDepth`; the walk stopped there, so the rest says nothing about what comes later. */
  deep = false
}

/** `level` is that of the value itself: 1 for a message. */
export const inspect = (value: object, level: number): Inspection => {
  const found = new Inspection()
  found.deep = !walk(value, level, found)
  return found
}

const walk = (value: object, level: number, found: Inspection): boolean => {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!step(value[i], level, found)) return false
    return true
  }
  for (const key in value) {
    found.keys += 1
    found.size += key.length + 4
    if (!step((value as JsonObject)[key], level, found)) return false
  }
  return true
}

const step = (member: unknown, level: number, found: Inspection): boolean => {
  if (typeof member === "string") {
    found.size += member.length + 3
  } else if (typeof member === "number") {
    found.size += 25
    if (member - member !== 0) found.infinite = true
  } else if (typeof member === "object" && member !== null) {
    found.size += 3
    return level < maxDepth && walk(member, level + 1, found)
  } else {
    found.size += 6
  }
  return true
}

/** UTF-8 bytes of the compact JSON, for any depth. */
export const jsonBytes = (root: unknown): number => {
  let bytes = 0
  const open: Array<unknown> = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== "object" || value === null) {
      bytes += Buffer.byteLength(JSON.stringify(value))
    } else if (Array.isArray(value)) {
      bytes += 2 + Math.max(0, value.length - 1)
      for (const member of value) open.push(member)
    } else {
      let keys = 0
      for (const key in value) {
        keys += 1
        bytes += Buffer.byteLength(JSON.stringify(key)) + 1
        open.push((value as JsonObject)[key])
      }
      bytes += 2 + Math.max(0, keys - 1)
    }
  }
  return bytes
}

/** Whether the compact JSON of an inspected value is longer than `limit` bytes; measures only when it may be. */
export const isLargerThan = (value: Json, found: Inspection, limit: number): boolean =>
  // A character takes at most six bytes (`\u0001`).
  (found.deep || found.size * 6 > limit) && jsonBytes(value) > limit
