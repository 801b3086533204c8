/**
 * From what a person pastes to the message that the door would have stored: a raw Segment call goes the way of the
 * Tracking API (judged, normalised); a stored message is taken as it is. What is missing is supposed, and said (IDR-182).
 */
import type { DiscardCode } from "../../event/codes.ts"
import { inspect, isObject, jsonBytes, parseJson } from "../../event/json.ts"
import { type JsonObject, type Message, type MessageType, messageTypes } from "../../event/message.ts"
import { type Arrival, normalise } from "../../event/normalise.ts"
import { clientTime, formatTime } from "../../event/timestamps.ts"
import { maxProperties, truncateProperties } from "../../event/truncate.ts"
import { textOrNumber, validate } from "../../event/validate.ts"

/** Of the compact JSON (PRO-62). */
export const maxEventBytes = 32_768

/** Stands for the id that the Tracking API would give. */
const placeholderId = "explain-without-message-id"

export interface Incoming {
  readonly message: Message
  /** Why the Tracking API would not have kept it. */
  readonly discarded: DiscardCode | undefined
  readonly assumptions: ReadonlyArray<string>
}

/** Or what is wrong with the input, as a sentence. */
export type ReadEvent = Incoming | { readonly problem: string }

const isType = (type: unknown): type is MessageType => messageTypes.includes(type as MessageType)

/** ING-50: everything that normalising fills in is there. */
const isStored = (event: JsonObject): event is JsonObject & Message =>
  event["version"] === 2 &&
  isObject(event["context"]) &&
  ["messageId", "timestamp", "originalTimestamp", "receivedAt"].every((key) => typeof event[key] === "string")

const assumptionsOf = (event: JsonObject, receivedAt: string): ReadonlyArray<string> => {
  const assumptions: Array<string> = []
  if (textOrNumber(event["messageId"]) === undefined)
    assumptions.push("The event has no messageId, so the id of a new profile cannot be foretold.")
  if (Number.isNaN(clientTime(event["receivedAt"])))
    assumptions.push(
      `Received at ${receivedAt}, because the event has no receivedAt; the id of a new profile depends on it.`
    )
  if (Number.isNaN(clientTime(event["timestamp"])) && Number.isNaN(clientTime(event["originalTimestamp"])))
    assumptions.push("Happened when it was sent or received, because the event has no timestamp.")
  return assumptions
}

/** `now` in ms; stands for `receivedAt` where the event has none. */
export const readEvent = (value: unknown, now: number): ReadEvent => {
  if (!isObject(value)) return { problem: "An event is a JSON object, one call as it is sent or stored." }
  if (jsonBytes(value) > maxEventBytes) return { problem: `The event is larger than ${maxEventBytes} bytes.` }
  if (Array.isArray(value["batch"])) return { problem: "This is a batch. Give one of the events in `batch`." }
  // As it would come over the wire: mended, and with plain objects.
  const event = parseJson(JSON.stringify(value)) as JsonObject
  const { type } = event
  if (!isType(type)) return { problem: `An event has a \`type\`, one of ${messageTypes.join(", ")}.` }
  if (isStored(event)) return { message: event, discarded: undefined, assumptions: [] }
  const said = clientTime(event["receivedAt"])
  const receivedAt = Number.isNaN(said) ? now : said
  const receivedAtText = formatTime(receivedAt)
  const arrival: Arrival = {
    receivedAt,
    receivedAtText,
    sentAt: Number.NaN,
    client: false,
    mobile: false,
    ip: undefined,
    userAgent: undefined,
    newMessageId: () => placeholderId,
    warnings: 0
  }
  const found = inspect(event, 1)
  const discarded = found.deep ? "nesting_too_deep" : validate(event, type)
  // What is discarded is only named, and normalising expects what has passed.
  const kept =
    discarded !== undefined
      ? { type, messageId: event["messageId"] ?? null }
      : found.keys > maxProperties
        ? truncateProperties(event)
        : event
  return { message: normalise(kept, type, arrival), discarded, assumptions: assumptionsOf(event, receivedAtText) }
}

export const isPlaceholder = (messageId: string): boolean => messageId === placeholderId
