/**
 * A message of a client for a viewer without PII access: what the protocol gives a meaning stays readable (kind, name, ids and times
 * of the message, the library, types of identifiers), everything else is masked. Also of messages that were refused, where a member
 * may hold anything: it stays readable only if it is what it should be.
 */
import { isObject } from "../../event/json.ts"
import { messageTypes } from "../../event/message.ts"
import { maskedObject, maskValue } from "./mask.ts"

const types: ReadonlySet<unknown> = new Set(messageTypes)
const channels: ReadonlySet<unknown> = new Set(["server", "browser", "mobile"])
/** Calls that have a name: of an event, a page, a screen. */
const named: ReadonlySet<unknown> = new Set(["track", "page", "screen"])

const isTime = (value: unknown): boolean =>
  typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]{5,18}(?:Z|[+-]\d\d:?\d\d)$/.test(value)
const isWord = (value: unknown): boolean => typeof value === "string" && value.length <= 100 && !value.includes("@")

type Check = (value: unknown, message: Readonly<Record<string, unknown>>) => boolean

const open: Readonly<Record<string, Check>> = {
  type: (value) => types.has(value),
  messageId: isWord,
  event: (value, { type }) => type === "track" && isWord(value),
  name: (value, { type }) => named.has(type) && isWord(value),
  channel: (value) => channels.has(value),
  version: (value) => value === 2,
  timestamp: isTime,
  originalTimestamp: isTime,
  receivedAt: isTime,
  sentAt: isTime,
  tooLarge: (value) => value === true
}

const maskLibrary = (library: unknown): unknown =>
  isObject(library)
    ? maskedObject(Object.entries(library), (value, key) =>
        (key === "name" || key === "version") && isWord(value) ? value : maskValue(value)
      )
    : maskValue(library)

const maskExternalId = (entry: unknown): unknown =>
  isObject(entry)
    ? maskedObject(Object.entries(entry), (value, key) =>
        ["type", "collection", "encoding"].includes(key) && isWord(value) ? value : maskValue(value)
      )
    : maskValue(entry)

/** `context` of a message. */
export const maskContext = (context: unknown): unknown =>
  isObject(context)
    ? maskedObject(Object.entries(context), (value, key) => {
        if (key === "library") return maskLibrary(value)
        return key === "externalIds" && Array.isArray(value) ? value.map(maskExternalId) : maskValue(value)
      })
    : maskValue(context)

export const maskMessage = (message: unknown): unknown =>
  isObject(message)
    ? maskedObject(Object.entries(message), (value, key) => {
        if (key === "context") return maskContext(value)
        return Object.hasOwn(open, key) && open[key]!(value, message) ? value : maskValue(value)
      })
    : maskValue(message)
