/** The words by which people are found: names and e-mail addresses as they are typed, pure functions. */
import type { JsonObject } from "../event/message.ts"

const longest = 100
/** Of one message; more are not looked for. */
const mostWords = 12

const nameKeys = ["name", "first_name", "last_name", "firstName", "lastName"] as const

/** As it is compared: composed, lower case, without blanks around it or doubled inside. */
export const searchable = (text: string): string =>
  text.normalize("NFKC").toLowerCase().trim().replaceAll(/\s+/g, " ").slice(0, longest)

const textOf = (traits: JsonObject, key: string): string => {
  const value = traits[key]
  return typeof value === "string" ? searchable(value) : ""
}

/** Whole names, the beginnings of each of their parts, and the e-mail address. */
export const wordsOf = (traits: JsonObject, emails: ReadonlyArray<string> = []): ReadonlyArray<string> => {
  const first = textOf(traits, "first_name") || textOf(traits, "firstName")
  const last = textOf(traits, "last_name") || textOf(traits, "lastName")
  const names = nameKeys.map((key) => textOf(traits, key))
  if (first !== "" && last !== "") names.push(`${first} ${last}`)
  const words = new Set<string>([textOf(traits, "email"), ...emails.map(searchable), ...names])
  for (const name of names) {
    // `doe` finds `jane doe`, and so does `doe ex` find `jane doe example`.
    for (let at = name.indexOf(" "); at !== -1; at = name.indexOf(" ", at + 1)) words.add(name.slice(at + 1))
  }
  words.delete("")
  return [...words].slice(0, mostWords)
}

/** `name`, else first and last name (PRO-71). */
export const displayName = (traits: JsonObject): string | null => {
  const text = (key: string) => (typeof traits[key] === "string" ? traits[key].trim() : "")
  const name =
    text("name") || `${text("first_name") || text("firstName")} ${text("last_name") || text("lastName")}`.trim()
  return name === "" ? null : name.slice(0, 200)
}
