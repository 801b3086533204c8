/**
 * Whether a message is kept (ING-95, ING-96). The order of the checks is the order of the table in the
 * specification: the first that applies is the reason. `null` equals absent at the top level (ING-51).
 *
 * Not here: what needs the request (`batch_limit_exceeded`, `invalid_type`, `payload_too_large`, `nesting_too_deep`).
 */
import type { DiscardCode } from "./codes.ts"
import { isObject } from "./json.ts"
import type { JsonObject, MessageType } from "./message.ts"

/** Decimal digits of a number, without exponent for whole numbers; undefined when it is no finite number. */
export const decimal = (value: number): string | undefined =>
  !Number.isFinite(value) ? undefined : Math.abs(value) >= 1e21 ? BigInt(value).toString() : String(value)

/** A text field that may also come as a number (ING-63, ING-86); other types and `""` count as absent. */
export const textOrNumber = (value: unknown): string | undefined =>
  typeof value === "string"
    ? value === ""
      ? undefined
      : value
    : typeof value === "number"
      ? decimal(value)
      : undefined

const maxMessageId = 100

/** More than 100 code points. */
const isTooLong = (id: string): boolean => {
  if (id.length <= maxMessageId) return false
  if (id.length > maxMessageId * 2) return true
  let points = 0
  for (let at = 0; at < id.length; at += id.codePointAt(at)! > 0xffff ? 2 : 1) points += 1
  return points > maxMessageId
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null
const isBadId = (value: unknown): boolean => !isAbsent(value) && (typeof value !== "string" || value === "")
const isNotObject = (value: unknown): boolean => !isAbsent(value) && !isObject(value)

/** Why the message must be discarded; undefined when it is fine. `context` is already merged with the batch's. */
export const validate = (item: JsonObject, type: MessageType): DiscardCode | undefined => {
  const { userId, anonymousId } = item
  if (type === "alias") {
    if (isAbsent(userId)) return "id_required"
  } else if (isAbsent(userId) && isAbsent(anonymousId)) {
    return "no_user_anon_id"
  }
  if (isBadId(userId) || isBadId(anonymousId)) return "id_not_string"
  if (type === "alias") {
    if (textOrNumber(item.previousId) === undefined && isAbsent(anonymousId)) return "previous_id_required"
  } else if (type === "group") {
    if (textOrNumber(item.groupId) === undefined) return "group_id_required"
  } else if (type === "track") {
    const event = item.event
    if (isAbsent(event) || event === "") return "event_not_defined"
    if (typeof event !== "string") return "event_not_string"
  }
  if (isNotObject(item.properties)) return "properties_not_object"
  if (isNotObject(item.traits)) return "traits_not_object"
  if (type === "page" || type === "screen") {
    if (isBadId(item.name)) return "name_not_string"
    if (isBadId(item.category)) return "category_not_string"
  }
  const messageId = textOrNumber(item.messageId)
  if (messageId !== undefined && isTooLong(messageId)) return "message_id_too_long"
  return type === "track" && item.event === "Segment Consent Preference Updated" ? validateConsent(item) : undefined
}

const validateConsent = (item: JsonObject): DiscardCode | undefined => {
  const context = isObject(item.context) ? item.context : {}
  const consent = isObject(context.consent) ? context.consent : {}
  const preferences = consent.categoryPreferences
  if (isAbsent(preferences)) return "consent_categorypreferences_should_exist"
  if (!isObject(preferences)) return "consent_categorypreferences_fields_should_be_object"
  for (const category in preferences) {
    if (typeof preferences[category] !== "boolean") return "consent_categorypreferences_fields_should_be_bool"
  }
  const advertisingId = isObject(context.device) ? context.device.advertisingId : undefined
  if (!isAbsent(advertisingId) && typeof advertisingId !== "string") return "device_advertisingid_should_be_string"
  if (!isAbsent(consent.version) && typeof consent.version !== "number") return "consent_version_should_be_number"
  return undefined
}
