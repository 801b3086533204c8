/**
 * How a personal value looks to a viewer without PII access (PRO-65): pure functions from a value to its mask.
 *
 * - A mask says what kind of value it stands for and at most its first letters: `j***@e***.com`, `J***`, `***`. Its length is always
 *   the same, so it does not tell how long the value is, and values of fewer than `shortest` characters show nothing: whoever can list
 *   all that are possible learns nothing from the mask.
 * - Numbers, phone numbers and truth values show nothing either. `null` stays: that there is no value is no value.
 * - Names of members stay readable, unless they are values themselves (`{"jane@example.com": …}`).
 */

const hidden = "***"

/** Shorter ones show nothing of themselves. */
const shortest = 6

const emailParts = /^([^\s@]+)@([^\s@]+)\.([^\s@.]{1,24})$/u
/** Digits with what is written between them: phone numbers, dates, cards, amounts. */
const numberLike = /^[\d\s+\-().,:/#*]+$/u
const emailInText = /[^\s@<>()[\]{}"',;:]+@[^\s@<>()[\]{}"',;:]+/gu
const digitsInText = /\d{6,}/u

const firstOf = (text: string): string => String.fromCodePoint(text.codePointAt(0) ?? 0x2a)

/** Anything a person typed, or a client sent. */
export const maskText = (text: string): string => {
  if (text.length < shortest || numberLike.test(text)) return hidden
  const email = emailParts.exec(text)
  if (email === null) return `${firstOf(text)}${hidden}`
  return `${firstOf(email[1]!)}${hidden}@${firstOf(email[2]!)}${hidden}.${email[3]!}`
}

const longestKey = 64

/** The name of a member or trait. */
export const maskKey = (key: string): string =>
  key.includes("@") || key.length > longestKey || digitsInText.test(key) ? maskText(key) : key

/** `type:value`; the type stays readable. */
export const maskIdentifier = (text: string): string => {
  const colon = text.indexOf(":")
  return colon === -1 ? maskText(text) : `${text.slice(0, colon + 1)}${maskText(text.slice(colon + 1))}`
}

/** An e-mail address in a text that is otherwise ours. */
export const maskEmailsIn = (text: string): string => text.replaceAll(emailInText, (found) => maskText(found))

const deepest = 100

type Members = Iterable<readonly [key: string, value: unknown]>

/** An object again, with members under the masks of their names; names that became the same are numbered. */
export const maskedObject = (members: Members, mask: (value: unknown, key: string) => unknown): object => {
  const taken = new Map<string, number>()
  const entries: Array<[string, unknown]> = []
  for (const [key, value] of members) {
    const name = maskKey(key)
    const times = (taken.get(name) ?? 0) + 1
    taken.set(name, times)
    entries.push([name === key || times === 1 ? name : `${name} ${times}`, mask(value, key)])
  }
  return Object.fromEntries(entries)
}

/** Every value in it, however deep. Deeper than any stored message is (ING-33) it is hidden as one. */
export const maskValue = (value: unknown, depth = 0): unknown => {
  if (value === null || value === undefined) return value
  if (typeof value === "string") return maskText(value)
  if (typeof value !== "object" || depth > deepest) return hidden
  if (Array.isArray(value)) return value.map((each) => maskValue(each, depth + 1))
  return maskedObject(Object.entries(value), (each) => maskValue(each, depth + 1))
}
