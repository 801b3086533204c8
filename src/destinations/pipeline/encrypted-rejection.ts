/**
 * Whether a destination refused an event because of a field that was encrypted (DEL-84): what was a number is a text now. The executor
 * says of each field that is wrong its label, or where its value stands; the mapping says which of them read something encrypted.
 */
import type { Outcome } from "../../catalog/runner.ts"
import type { Destination, Mapping } from "../destination.ts"
import { isObject } from "./stopped.ts"

/** The outcome, under the code of its cause. */
export const withEncryptionCode = (
  { encryption, entry }: Pick<Destination, "encryption" | "entry">,
  mapping: Mapping | undefined,
  outcome: Outcome
): Outcome => {
  if (encryption === undefined || mapping === undefined) return outcome
  if (outcome.kind !== "failed" || outcome.code !== "MESSAGE_REJECTED") return outcome
  const fields = entry.actions.find(({ slug }) => slug === mapping.actionSlug)?.fields ?? []
  const { message } = outcome
  const blamed = fields.some(({ key, label }) => {
    if (!reads(mapping.settings[key], encryption.fields)) return false
    return beginsSentence(message, label) || beginsSentence(message, `the value at /${key}`)
  })
  return blamed || pointsInside(message, encryption.fields) ? { ...outcome, code: "FAILED_DATA_ENCRYPTION" } : outcome
}

/** Whether a directive names one of the keys. */
const reads = (directive: unknown, keys: ReadonlySet<string>): boolean => {
  if (typeof directive === "string") return directive.split(/[^\p{L}\p{N}_-]+/u).some((part) => keys.has(part))
  if (Array.isArray(directive)) return directive.some((each) => reads(each, keys))
  return isObject(directive) && Object.values(directive).some((each) => reads(each, keys))
}

/** Sentences of the executor begin with what is wrong, in upper case. */
const beginsSentence = (message: string, what: string): boolean => {
  const begin = `${what.charAt(0).toUpperCase()}${what.slice(1)}`
  const at = message.indexOf(begin)
  return (
    at !== -1 && (at === 0 || message.slice(0, at).endsWith(". ")) && /^[\s/]/.test(message.slice(at + begin.length))
  )
}

/** A member of an object that is mapped as a whole. */
const pointsInside = (message: string, keys: ReadonlySet<string>): boolean => {
  for (const [, pointer] of message.matchAll(/The value at (\/\S+)/g))
    if (pointer!.split("/").some((part) => keys.has(part))) return true
  return false
}
