/**
 * Reads when an event happened and arrived, and its message id, from its stored bytes without parsing them: in
 * about half of the time, and only top-level members count, whatever `properties` holds.
 *
 * Stored messages come from `JSON.stringify` (ING-50), so there is no white space between tokens. Anything else is
 * parsed as usual.
 */
const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

export interface EventTimes {
  /** Milliseconds since 1970, both; NaN when the event does not say. */
  timestamp: number
  receivedAt: number
  messageId: string
}

const timestampKey = Buffer.from("timestamp")
const receivedAtKey = Buffer.from("receivedAt")
const messageIdKey = Buffer.from("messageId")
const typeKey = Buffer.from('"type":"')

const isAt = (body: Buffer, from: number, to: number, key: Buffer): boolean => {
  if (to - from !== key.length) return false
  for (let i = 0; i < key.length; i++) if (body[from + i] !== key[i]) return false
  return true
}

/** Index of the quote that ends a string; `from` is its first character. Beyond the end: it does not end. */
const endOfString = (body: Buffer, from: number): number => {
  let at = from
  // Strings are short: a loop beats the call of `indexOf`.
  for (; at < body.length && body[at] !== quote; at++) if (body[at] === backslash) at++
  return at
}

/** Index after an object or a list that begins at `from`; -1: it does not end. */
const endOfNested = (body: Buffer, from: number): number => {
  let depth = 0
  for (let at = from; at < body.length; at++) {
    const byte = body[at]!
    if (byte === quote) {
      at = endOfString(body, at + 1)
    } else if (byte === openBrace || byte === openBracket) depth++
    else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return at + 1
  }
  return -1
}

const digits = (body: Buffer, from: number, count: number): number => {
  let value = 0
  for (let at = from; at < from + count; at++) {
    const digit = body[at]! - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/** `YYYY-MM-DDTHH:mm:ss.SSSZ`, or what `Date.parse` makes of it. */
const timeAt = (body: Buffer, from: number, to: number): number => {
  if (to - from !== 24) return Date.parse(body.toString("latin1", from, to))
  const time = Date.UTC(
    digits(body, from, 4),
    digits(body, from + 5, 2) - 1,
    digits(body, from + 8, 2),
    digits(body, from + 11, 2),
    digits(body, from + 14, 2),
    digits(body, from + 17, 2),
    digits(body, from + 20, 3)
  )
  return digits(body, from, 4) < 100 ? Date.parse(body.toString("latin1", from, to)) : time
}

const textAt = (body: Buffer, from: number, to: number): string => {
  const text = body.toString("utf8", from, to)
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text
}

const parsed = (body: Buffer): EventTimes => {
  let event: Record<string, unknown> = {}
  try {
    event = (JSON.parse(body.toString()) ?? {}) as Record<string, unknown>
  } catch {
    // Not JSON: it has no times.
  }
  const { timestamp, receivedAt, messageId } = event
  return {
    timestamp: typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN,
    receivedAt: typeof receivedAt === "string" ? Date.parse(receivedAt) : Number.NaN,
    messageId: typeof messageId === "string" ? messageId : ""
  }
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

const usualBeginning = Buffer.from('","messageId":"')

/** The message id alone: it is the second member of what Braid stores. */
export const messageIdOf = (bytes: Uint8Array): string => {
  const body = bufferOf(bytes)
  // `{"type":"track","messageId":"..."`: the first string that ends is the type.
  const type = body[0] === openBrace && isAt(body, 1, 9, typeKey) ? endOfString(body, 9) : -1
  if (type === -1 || !isAt(body, type, type + usualBeginning.length, usualBeginning)) return timesOf(body).messageId
  const from = type + usualBeginning.length
  const end = endOfString(body, from)
  return end < body.length ? textAt(body, from, end) : timesOf(body).messageId
}

export const timesOf = (bytes: Uint8Array): EventTimes => {
  const body = bufferOf(bytes)
  const times: EventTimes = { timestamp: Number.NaN, receivedAt: Number.NaN, messageId: "" }
  if (body[0] !== openBrace) return parsed(body)
  let at = 1
  if (body[at] === closeBrace) return times
  for (;;) {
    if (body[at] !== quote) return parsed(body)
    const key = at + 1
    const keyEnd = endOfString(body, key)
    if (body[keyEnd + 1] !== 0x3a) return parsed(body)
    at = keyEnd + 2
    const first = body[at]!
    if (first === quote) {
      const end = endOfString(body, at + 1)
      if (end >= body.length) return parsed(body)
      if (isAt(body, key, keyEnd, timestampKey)) times.timestamp = timeAt(body, at + 1, end)
      else if (isAt(body, key, keyEnd, receivedAtKey)) times.receivedAt = timeAt(body, at + 1, end)
      else if (isAt(body, key, keyEnd, messageIdKey)) times.messageId = textAt(body, at + 1, end)
      at = end + 1
    } else if (first === openBrace || first === openBracket) {
      at = endOfNested(body, at)
      if (at === -1) return parsed(body)
    } else {
      while (at < body.length && body[at] !== comma && body[at] !== closeBrace) at++
    }
    if (body[at] === closeBrace) return at === body.length - 1 ? times : parsed(body)
    if (body[at] !== comma) return parsed(body)
    at++
  }
}
