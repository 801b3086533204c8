/**
 * What an event is: one call of a Segment client library after it was accepted (spec 01 section 5).
 *
 * Per-event types are plain interfaces, never schemas: they are touched for every event.
 */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** The six call types, in the order of their numbers in the store (`messageTypes.indexOf`). */
export const messageTypes = ["identify", "track", "page", "screen", "group", "alias"] as const
export type MessageType = (typeof messageTypes)[number]

/** A stored message (ING-50): times are `YYYY-MM-DDTHH:mm:ss.SSSZ`, never a write key. Absent means absent, not null. */
export interface Message {
  readonly type: MessageType
  readonly messageId: string
  readonly anonymousId?: string
  readonly userId?: string
  readonly previousId?: string
  readonly groupId?: string
  readonly event?: string
  readonly name?: string
  readonly category?: string
  readonly traits?: JsonObject
  readonly properties?: JsonObject
  readonly context: JsonObject
  readonly integrations: JsonObject
  readonly timestamp: string
  readonly originalTimestamp: string
  readonly receivedAt: string
  readonly sentAt?: string
  readonly version: 2
  readonly channel: "server" | "browser" | "mobile"
  readonly [unknownField: string]: unknown
}

/** The name by which people ask for a stored event (PRO-23); null for calls that are not listed. */
export const listedName = ({ type, event }: Pick<Message, "type" | "event">): string | null => {
  if (type === "track") return event ?? null
  if (type === "page") return "Page Viewed"
  return type === "screen" ? "Screen Viewed" : null
}
