/**
 * Builds the stored message (ING-50) from a valid item and what is known about its request.
 *
 * - One object literal with the fields in a fixed order: all messages share one shape, which keeps `JSON.stringify`
 *   fast. Absent fields are `undefined` here and vanish when written.
 * - Unknown top-level fields are kept as sent; so is a field that belongs to another call (`name` of a track), which
 *   is why only the fields of its own call have a type to rely on.
 */
import { Warning } from "./codes.ts"
import { isObject, setOwn } from "./json.ts"
import type { JsonObject, Message, MessageType } from "./message.ts"
import { correctedTime, formatTime, notedTime, type Noting, originalTime } from "./timestamps.ts"
import { textOrNumber } from "./validate.ts"

/** What all messages of one request share. `warnings` is for the message in work. */
export interface Arrival extends Noting {
  readonly receivedAt: number
  readonly receivedAtText: string
  /** The `sentAt` of the batch, which is that of the request, or NaN (ING-59). */
  readonly sentAt: number
  readonly client: boolean
  /** The source is a mobile one. */
  readonly mobile: boolean
  /** Address and user agent of the sender for client-class messages, the address also for `context.direct` (ING-71, ING-72). */
  readonly ip: string | undefined
  readonly userAgent: string | undefined
  readonly newMessageId: () => string
}

const known = new Set(
  (
    "type messageId anonymousId userId previousId groupId event name category traits properties context integrations " +
    "timestamp originalTimestamp receivedAt sentAt version channel _metadata writeKey"
  ).split(" ")
)

const mobileLibrary = /ios|android|swift|kotlin|react-native|flutter|xamarin|csharp|unity|roku/i

const channelOf = (sent: unknown, context: JsonObject, arrival: Arrival): Message["channel"] => {
  if (sent === "server" || sent === "browser" || sent === "mobile") return sent
  if (!arrival.client) return "server"
  if (arrival.mobile) return "mobile"
  const name = isObject(context.library) ? context.library.name : undefined
  return typeof name === "string" && mobileLibrary.test(name) ? "mobile" : "browser"
}

const contextOf = (sent: unknown, arrival: Arrival): JsonObject => {
  let context: JsonObject
  if (isObject(sent)) {
    context = sent
  } else {
    if (sent !== undefined && sent !== null) arrival.warnings |= Warning.contextNotObject
    context = {}
  }
  const groupId = context.groupId
  if (groupId !== undefined && groupId !== null && typeof groupId !== "string") {
    // ING-86: a number becomes text, anything else counts as absent.
    const { groupId: _, ...others } = context
    const text = textOrNumber(groupId)
    context = text === undefined ? others : { ...context, groupId: text }
  }
  if (arrival.client || context.direct === true) {
    if (context.ip === undefined && arrival.ip !== undefined) context = { ...context, ip: arrival.ip }
    if (arrival.client && context.userAgent === undefined && arrival.userAgent !== undefined) {
      context = { ...context, userAgent: arrival.userAgent }
    }
  }
  return context
}

const integrationsOf = (sent: unknown, arrival: Arrival): JsonObject => {
  if (!isObject(sent)) {
    if (sent !== undefined && sent !== null) arrival.warnings |= Warning.integrationsNotObject
    return {}
  }
  for (const name in sent) {
    const value = sent[name]
    if (typeof value !== "boolean" && (typeof value !== "object" || value === null)) {
      arrival.warnings |= Warning.integrationValueIgnored
    }
  }
  return sent
}

/** The stored message; notes its warnings in `arrival.warnings`. The item must have passed `validate`. */
export const normalise = (item: JsonObject, type: MessageType, arrival: Arrival): Message => {
  const sentAt = Number.isNaN(arrival.sentAt) ? notedTime(item.sentAt, arrival) : arrival.sentAt
  const original = originalTime(item.timestamp, item.originalTimestamp, sentAt, arrival.receivedAt, arrival)
  const timestamp = correctedTime(original, sentAt, arrival.receivedAt, arrival)
  const context = contextOf(item.context, arrival)
  const anonymousId = (item.anonymousId ?? undefined) as string | undefined
  const previousId = textOrNumber(item.previousId)
  const message = {
    type,
    messageId: textOrNumber(item.messageId) ?? arrival.newMessageId(),
    anonymousId,
    userId: item.userId ?? undefined,
    previousId: type === "alias" ? (previousId ?? anonymousId) : previousId,
    groupId: textOrNumber(item.groupId),
    event: item.event ?? undefined,
    name: item.name ?? undefined,
    category: item.category ?? undefined,
    traits: item.traits ?? (type === "identify" ? {} : undefined),
    properties: item.properties ?? (type === "track" || type === "page" || type === "screen" ? {} : undefined),
    context,
    integrations: integrationsOf(item.integrations, arrival),
    timestamp: timestamp === arrival.receivedAt ? arrival.receivedAtText : formatTime(timestamp),
    originalTimestamp: original === arrival.receivedAt ? arrival.receivedAtText : formatTime(original),
    receivedAt: arrival.receivedAtText,
    sentAt: Number.isNaN(sentAt) ? undefined : formatTime(sentAt),
    version: 2,
    channel: channelOf(item.channel, context, arrival),
    _metadata: item._metadata ?? undefined
  }
  for (const key in item) {
    if (!known.has(key) && item[key] !== null) setOwn(message, key, item[key])
  }
  return message as unknown as Message
}
