/**
 * Cursors name an item by what it is sorted by, never by a count, so that pages neither skip nor repeat items
 * that exist throughout the paging (PRO-15, PRO-61).
 *
 * REST shows the shapes that its clients know (the key of a trait, the id of a mapping, `<ns>::<message id>` in
 * base64); GraphQL wraps everything in base64url. `undefined` from a decoder = not a cursor of ours.
 */
import type { ProfileNo } from "../identity/model.ts"
import type { Position } from "../log/event-log.ts"

export interface EventCursor {
  /** `timestamp` of the event, ms. */
  readonly at: number
  readonly messageId: string
}

export interface LinkCursor {
  readonly createdAt: number
  readonly position: Position
}

export interface MappingCursor {
  readonly createdAt: number
  readonly mappingId: string
}

const encode = (text: string): string => Buffer.from(text).toString("base64url")

const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
/** Accepts both alphabets; refuses what is not base64 or not UTF-8. */
const decode = (text: string): string | undefined => {
  if (text.length > 4096 || !base64.test(text)) return undefined
  try {
    return utf8.decode(Buffer.from(text, "base64"))
  } catch {
    return undefined
  }
}

/** `<unix nanoseconds>::<message id>`, base64 with padding: the shape of PRO-15. */
export const encodeEvent = ({ at, messageId }: EventCursor): string =>
  Buffer.from(`${BigInt(at) * 1_000_000n}::${messageId}`).toString("base64")

export const decodeEvent = (cursor: string): EventCursor | undefined => {
  const match = /^(\d{1,22})::(.+)$/su.exec(decode(cursor) ?? "")
  if (match === null) return undefined
  const at = Number(BigInt(match[1]!) / 1_000_000n)
  return at <= maxTime ? { at, messageId: match[2]! } : undefined
}

/** Largest time that a Date holds. */
const maxTime = 8_640_000_000_000_000

const numbers = (text: string | undefined, pattern: RegExp): ReadonlyArray<number> | undefined => {
  const match = pattern.exec(text ?? "")
  if (match === null) return undefined
  const found = match.slice(1).map(Number)
  return found.every(Number.isSafeInteger) ? found : undefined
}

export const encodeLink = ({ createdAt, position }: LinkCursor): string => encode(`${createdAt}:${position}`)

export const decodeLink = (cursor: string): LinkCursor | undefined => {
  const found = numbers(decode(cursor), /^(-?\d{1,16}):(\d{1,16})$/)
  return found === undefined || Math.abs(found[0]!) > maxTime
    ? undefined
    : { createdAt: found[0]!, position: found[1]! }
}

export const encodeMapping = ({ createdAt, mappingId }: MappingCursor): string => encode(`${createdAt}:${mappingId}`)

export const decodeMapping = (cursor: string): MappingCursor | undefined => {
  const match = /^(-?\d{1,16}):(map_[0-9A-Za-z]{27})$/.exec(decode(cursor) ?? "")
  return match === null ? undefined : { createdAt: Number(match[1]), mappingId: match[2]! }
}

export const mappingIdPattern = /^map_[0-9A-Za-z]{27}$/

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** The second (in ms) that a mapping id was made in: the first four bytes of its KSUID. 0 there = any time before its epoch. */
export const mappingSecond = (mappingId: string): number => {
  let n = 0n
  for (const digit of mappingId.slice(4)) n = n * 62n + BigInt(digits.indexOf(digit))
  const seconds = Number(n >> 128n)
  return seconds === 0 ? Number.NEGATIVE_INFINITY : (seconds + 1_400_000_000) * 1000
}

export const encodeKey = (key: string): string => encode(`k:${key}`)

export const decodeKey = (cursor: string): string | undefined => {
  const text = decode(cursor)
  return text?.startsWith("k:") === true ? text.slice(2) : undefined
}

export interface MergeCursor {
  readonly position: Position
  readonly from: ProfileNo
}

export const encodeMerge = ({ position, from }: MergeCursor): string => encode(`${position}:${from}`)

export const decodeMerge = (cursor: string): MergeCursor | undefined => {
  const found = numbers(decode(cursor), /^(\d{1,16}):(\d{1,16})$/)
  return found === undefined ? undefined : { position: found[0]!, from: found[1]! }
}

/** Where a listing of profiles stands: what it had seen when it began, the part of the table, the last item shown. */
export interface ListCursor {
  readonly asOf: Position
  readonly part: number
  readonly after: { readonly at: number; readonly position: Position } | null
}

export const encodeList = ({ asOf, part, after }: ListCursor): string =>
  encode(`${asOf}:${part}:${after === null ? "" : `${after.at}:${after.position}`}`)

export const decodeList = (cursor: string): ListCursor | undefined => {
  const text = decode(cursor)
  const start = numbers(text, /^(\d{1,16}):(\d{1,9}):$/)
  if (start !== undefined) return { asOf: start[0]!, part: start[1]!, after: null }
  const found = numbers(text, /^(\d{1,16}):(\d{1,9}):(-?\d{1,16}):(\d{1,16})$/)
  if (found === undefined || Math.abs(found[2]!) > maxTime) return undefined
  return { asOf: found[0]!, part: found[1]!, after: { at: found[2]!, position: found[3]! } }
}
