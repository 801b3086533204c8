/**
 * What Braid itself writes about people, for a viewer without PII access: data of explanations, records, histories, audit entries, and
 * sentences.
 *
 * In data, numbers and truth values are counts and answers and stay; a text is masked unless its member is known never to hold a value
 * (`open`) or it is an id that Braid made. What nobody thought of is masked. Traits and payloads inside are masked whole.
 *
 * Sentences name identifiers as `type value` or `type:value` (`explain/words.ts`), and whoever writes a sentence has the same as data
 * beside it: identifiers are collected from there, and their names replaced.
 */
import { isObject } from "../../event/json.ts"
import { shorten } from "../../identity/explain/words.ts"
import { maskEmailsIn, maskedObject, maskIdentifier, maskKey, maskText, maskValue } from "./mask.ts"

/** Ids that Braid makes, but those of mappings, which are made of values (`masked-model.ts`). */
const ownIdPattern =
  /^(?:(?:use|grp|mrg|aud|wif)_[0-9A-Za-z]{27}|(?:spa|tok|flt|reg|wif)_[0-9A-Za-z]{22}|(?:vio|suc|his)_\d{1,16}_\d{1,6})$/

export const isOwnId = (text: string): boolean => ownIdPattern.test(text)

/** Members that hold words of ours, of the configuration or of developers; ids of messages, sources and spaces; times. */
const open: ReadonlySet<string> = new Set(
  [
    "type collection kind kinds action operation mode state channel encoding class check answer write list window origin violation",
    "code breachedType message_id messageId first_message_id firstMessageId source_id sourceId source sources space name event_name",
    "eventName event_type eventType slug labels label scopes library from matchKeys locations fql actor cause",
    "at timestamp createdAt updatedAt receivedAt happenedAt"
  ].flatMap((line) => line.split(" "))
)
/** Codes: words joined by underscores, or one of these. */
const isCode = (text: string): boolean => /^[a-z]+(?:_[a-z]+)+$/.test(text) || text === "filtered"
/** Names of traits. */
const keys: ReadonlySet<string> = new Set(["set", "removed", "kept", "left_out"])
/** Whatever is below them is somebody's. */
const personal: ReadonlySet<string> = new Set(["traits", "properties", "context", "payload", "raw", "event_payload"])

const typeAndValue = /^[a-z0-9][a-z0-9_.]{0,63}:/

const maskWord = (text: string, key: string): string => {
  if (isOwnId(text) || open.has(key)) return text
  if (keys.has(key)) return maskKey(text)
  if ((key === "reason" || key === "dropped") && isCode(text)) return text
  return typeAndValue.test(text) ? maskIdentifier(text) : maskText(text)
}

/** `key`: the member that holds it. */
export const maskReport = (value: unknown, key = ""): unknown => {
  if (typeof value === "string") return maskWord(value, key)
  if (Array.isArray(value)) return value.map((each) => maskReport(each, key))
  if (!isObject(value)) return value
  if (personal.has(key)) return maskValue(value)
  return maskedObject(Object.entries(value), (each, name) => maskReport(each, name))
}

/** Objects and texts that are looked at; an answer has a few hundred. */
const mostLooked = 20_000
const deepest = 50

/** How each identifier in `data` may be written, and what stands there instead; undefined: there is too much to look through. */
const namesIn = (data: unknown): ReadonlyMap<string, string> | undefined => {
  const names = new Map<string, string>()
  let looked = 0
  const add = (type: string, value: string) => {
    const mask = maskText(value)
    names.set(`${type} ${shorten(value)}`, `${type} ${mask}`)
    names.set(`${type}:${value}`, `${type}:${mask}`)
    names.set(shorten(`${type}:${value}`), `${type}:${mask}`)
  }
  const look = (value: unknown, depth: number): void => {
    looked += depth > deepest ? mostLooked : 1
    if (looked > mostLooked) return
    if (typeof value === "string") {
      const colon = typeAndValue.test(value) ? value.indexOf(":") : -1
      if (colon > 0) add(value.slice(0, colon), value.slice(colon + 1))
    } else if (Array.isArray(value)) for (const each of value) look(each, depth + 1)
    else if (typeof value === "object" && value !== null) {
      const { type, value: named, id } = value as Readonly<Record<string, unknown>>
      const text = typeof named === "string" ? named : id
      if (typeof type === "string" && typeof text === "string") add(type, text)
      for (const each of Object.values(value)) look(each, depth + 1)
    }
  }
  look(data, 0)
  return looked > mostLooked ? undefined : names
}

export const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** `beside`: what the sentence says, as data. */
export const maskSentence = (sentence: string, beside: unknown): string => {
  const names = namesIn(beside)
  if (names === undefined) return "This sentence may hold personal values."
  if (names.size === 0) return maskEmailsIn(sentence)
  // The longest first: `user_id 12` is not `user_id 1` and a 2.
  const longestFirst = [...names.keys()].sort((a, b) => b.length - a.length)
  const found = new RegExp(longestFirst.map(escaped).join("|"), "gu")
  return maskEmailsIn(sentence.replace(found, (name) => names.get(name)!))
}
