/**
 * The value of an identifier as it is compared everywhere (IDR-35): numbers as text, blanks around it removed, e-mail
 * addresses in lower case. Resolution and suppression share it, so that " u1 " is no way round either.
 */

/** Why a value cannot be used. An object, so that every string can be a value. */
export interface Unusable {
  readonly reason: "unsafe_number" | "not_a_string" | "invalid_unicode" | "too_long"
}
const unsafeNumber: Unusable = { reason: "unsafe_number" }
const notAString: Unusable = { reason: "not_a_string" }
const invalidUnicode: Unusable = { reason: "invalid_unicode" }
const tooLong: Unusable = { reason: "too_long" }

const maxLength = 500

export const identifierValue = (value: unknown, email = false): string | Unusable => {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : unsafeNumber
  if (typeof value !== "string") return notAString
  let text = value.trim()
  if (!text.isWellFormed() || text.includes("\uFFFD")) return invalidUnicode
  if (email) text = text.normalize("NFC").toLowerCase()
  if (text.length > maxLength && (text.length > 2 * maxLength || [...text].length > maxLength)) return tooLong
  return text
}
