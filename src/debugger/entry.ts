/** A message of the sample as a row: what lists show of it, and its text without a write key. Pure. */
import { isObject } from "../event/json.ts"
import { messageTypes } from "../event/message.ts"
import type { Seen } from "./seen.ts"

export interface Entry {
  readonly messageId: string | null
  readonly type: string | null
  readonly event: string | null
  readonly identifier: string | null
  readonly body: string
}

/** As long as a message may be (ING-30). */
const maxBodyChars = 32_768
const longest = 200

const decoder = new TextDecoder()

const text = (value: unknown): string | null =>
  typeof value === "string" || typeof value === "number" ? String(value).slice(0, longest) : null

const identifiers = [
  ["userId", "user_id"],
  ["anonymousId", "anonymous_id"],
  ["groupId", "group_id"]
] as const

const firstIdentifier = (message: Readonly<Record<string, unknown>>): string | null => {
  for (const [key, type] of identifiers) {
    const value = text(message[key])
    if (value !== null && value !== "") return `${type}:${value}`
  }
  return null
}

/** Too long, or too deep to be written down: what it was by its first members. */
const stub = (message: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    tooLarge: true,
    ...Object.fromEntries(
      ["type", "messageId", "event", "userId", "anonymousId"].flatMap((key) => {
        const value = text(message[key])
        return value === null ? [] : [[key, value]]
      })
    )
  })

export const entryOf = ({ body, code }: Pick<Seen, "body" | "code">): Entry => {
  const stored = body instanceof Uint8Array ? decoder.decode(body) : undefined
  let message: Readonly<Record<string, unknown>>
  let whole: string
  if (stored === undefined) {
    const { writeKey: _, ...rest } = body as Readonly<Record<string, unknown>>
    message = rest
    // Deeper ones could not be written without overflowing the stack.
    whole = code === "nesting_too_deep" || code === "payload_too_large" ? stub(rest) : JSON.stringify(rest)
    if (whole.length > maxBodyChars) whole = stub(rest)
  } else {
    const parsed: unknown = JSON.parse(stored)
    message = isObject(parsed) ? parsed : {}
    whole = stored
  }
  const type = text(message["type"])
  return {
    messageId: text(message["messageId"]),
    type: (messageTypes as ReadonlyArray<string>).includes(type ?? "") ? type : null,
    event: text(message["event"]) ?? text(message["name"]),
    identifier: firstIdentifier(message),
    body: whole
  }
}
