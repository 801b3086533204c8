/** Words of explanations: short, for people who know their customers and not our code. */
import type { Window } from "../../workspace/rules.ts"
import { suppressedUser } from "../drops.ts"
import { filtered } from "../event-filters.ts"
import type { Identifier, IgnoreReason } from "../model.ts"
import type { CheckedCount, IdentifierData, TypeCount } from "./steps.ts"

/** Longer values are cut in sentences; the data of the step has them whole. */
const longest = 60

export const shorten = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`)

export const dataOf = ({ collection, type, value }: Identifier): IdentifierData => ({ collection, type, id: value })

/** `email jane@example.com` */
export const nameOf = ({ type, value }: Pick<Identifier, "type" | "value">): string => `${type} ${shorten(value)}`

/** `type:value`, as the record writes it. */
export const keyOf = ({ type, value }: Pick<Identifier, "type" | "value">): string => `${type}:${value}`

export const listOf = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`

export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

const within: Readonly<Record<Window, string>> = {
  ever: "ever",
  annually: "a year",
  monthly: "a month",
  weekly: "a week",
  daily: "a day"
}

/** `1 ever`, `5 a week` */
export const limitOf = ({ limit, window }: Pick<TypeCount, "limit" | "window">): string => `${limit} ${within[window]}`

export const countOf = (count: TypeCount | CheckedCount): string =>
  `${count.count} ${count.type} (limit ${limitOf(count)})`

export const populationOf = (collection: Identifier["collection"]): string =>
  collection === "users" ? "profile" : "account"

/** Why a value could not be used; `type` is named before. */
export const ignoredBecause: Readonly<Record<IgnoreReason, string>> = {
  unsafe_number: "the number is too large or not whole, so different people could end up with the same value",
  invalid_unicode: "the text is damaged (a broken character)",
  not_a_string: "it is neither text nor a whole number",
  too_long: "it is longer than 500 characters",
  not_an_object: "the entry is not an object",
  missing_field: "the entry lacks one of id, type, collection and encoding",
  malformed_type: "a type has lower-case letters, digits, underscores and dots only",
  unknown_collection: "the collection is neither users nor accounts",
  unknown_encoding: "the encoding is not none",
  wrong_collection: "the type belongs to the other collection",
  type_not_configured: "the type is not in the identity rules, and is not added by itself",
  type_switched_off: "the type is switched off in the identity rules",
  location_switched_off: "the identity rules do not read the type from there",
  not_an_array: "it is not an array",
  too_many_types: "the identity rules have as many types as they can hold"
}

const drops: Readonly<Record<string, string>> = {
  too_many_traits: "an identify with 300 or more traits is dropped",
  too_many_properties: "an event with more than 300 properties or traits is dropped",
  group_id_too_long: "an event with a group id of more than 500 characters is dropped",
  group_id_empty: "an event with an empty group id is dropped",
  message_id_too_long: "an event with a message id of more than 100 characters is dropped",
  timestamp_before_1970: "an event dated before 1970 is dropped",
  ledger_duplicate:
    "the message id has been resolved in this space before, so this is a redelivery and changes nothing",
  internal_resolution_failure: "Braid itself fails on this event; please report it",
  source_not_connected: "its source is not connected to this space",
  [suppressedUser]: "it names a user who is suppressed, so nothing of it is kept and nothing is resolved",
  source_disabled: "its source is disabled, so the Tracking API answers but keeps nothing",
  [filtered]: "an event filter of the space drops it"
}

/** Codes of the Tracking API (ING-95). */
const discards: Readonly<Record<string, string>> = {
  [suppressedUser]: "it names a user who is suppressed, so it is answered 200 and forgotten, and nothing is resolved",
  nesting_too_deep: "it is nested over 64 levels",
  id_required: "an alias needs a userId",
  no_user_anon_id: "it has neither userId nor anonymousId",
  id_not_string: "userId or anonymousId is not a text, or empty",
  previous_id_required: "an alias needs a previousId",
  group_id_required: "a group needs a groupId",
  event_not_defined: "a track needs the name of its event",
  event_not_string: "the name of the event is not a text",
  properties_not_object: "its properties are not an object",
  traits_not_object: "its traits are not an object",
  name_not_string: "its name is not a text, or empty",
  category_not_string: "its category is not a text, or empty",
  message_id_too_long: "its messageId is longer than 100 characters"
}

export const droppedBecause = (reason: string): string => drops[reason] ?? `the reason is ${reason}`

export const discardedBecause = (code: string): string => discards[code] ?? `the reason is ${code}`
