/**
 * What a pasted text is, by its shape alone; a pure function. The lookup is exact before it is fuzzy, and a text that could be
 * several things is what comes first here.
 */
import type { Identifier } from "../identity/model.ts"

export type SearchClass =
  | "SEGMENT_ID"
  | "WRITE_KEY"
  | "IDENTIFIER"
  | "MESSAGE_ID"
  | "OBJECT_ID"
  | "REQUEST_ID"
  | "WORDS"

export interface Classified {
  readonly class: SearchClass
  /** What it can be as an identifier, the likeliest first. */
  readonly identifiers: ReadonlyArray<Identifier>
}

export interface KnownTypes {
  readonly users: ReadonlyArray<string>
  readonly accounts: ReadonlyArray<string>
}

const segmentId = /^(?:use|grp)_[0-9A-Za-z]{27}$/
const objectId = /^(?:spa|aud|mrg|wif|tok|src)_[0-9A-Za-z_-]+$/
const email = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
const phone = /^\+?[0-9][0-9 ().-]{5,20}[0-9]$/

const phoneTypes = new Set(["phone", "phone_number"])

/** E-mails are stored in lower case (IDR-42). */
const stored = (type: string, value: string): string => (type === "email" ? value.toLowerCase() : value)

const identifier = (collection: Identifier["collection"], type: string, value: string): Identifier => ({
  collection,
  type,
  value: stored(type, value)
})

const is = (name: SearchClass, identifiers: ReadonlyArray<Identifier> = []): Classified => ({
  class: name,
  identifiers
})

/** `isWriteKey`: of a source that the reader may see. */
export const classify = (text: string, types: KnownTypes, isWriteKey: boolean): Classified => {
  if (segmentId.test(text)) return is("SEGMENT_ID")
  if (/^req_[0-9a-f-]{36}$/.test(text)) return is("REQUEST_ID")
  if (isWriteKey) return is("WRITE_KEY")
  if (objectId.test(text)) return is("OBJECT_ID")
  const colon = text.indexOf(":")
  if (colon > 0 && colon < text.length - 1) {
    const [type, value] = [text.slice(0, colon).toLowerCase(), text.slice(colon + 1)]
    const found = [
      ...(types.users.includes(type) ? [identifier("users", type, value)] : []),
      ...(types.accounts.includes(type) ? [identifier("accounts", type, value)] : [])
    ]
    if (found.length > 0) return is("IDENTIFIER", found)
  }
  if (email.test(text)) return is("IDENTIFIER", [identifier("users", "email", text)])
  if (phone.test(text)) {
    const bare = text.replaceAll(/[ ().-]/g, "")
    const asPhone = types.users
      .filter((type) => phoneTypes.has(type))
      .flatMap((type) => [...new Set([text, bare])].map((value) => identifier("users", type, value)))
    if (asPhone.length > 0) return is("IDENTIFIER", [...asPhone, ...anyType(text, types)])
  }
  // Whether it is one of them, or the id of a message, only the stores know.
  return is("WORDS", /\s/.test(text) ? [] : anyType(text, types))
}

const anyType = (text: string, types: KnownTypes): ReadonlyArray<Identifier> => [
  ...types.users.map((type) => identifier("users", type, text)),
  ...types.accounts.map((type) => identifier("accounts", type, text))
]
