/** Events that never reach resolution (IDR-20), silently for the sender, counted per reason for the operator (IDR-21). */
import type { Message } from "../event/message.ts"
import type { EventFacts } from "./model.ts"

export const dropReasons = [
  "too_many_traits",
  "too_many_properties",
  "group_id_too_long",
  "group_id_empty",
  "message_id_too_long",
  "timestamp_before_1970"
] as const
export type DropReason = (typeof dropReasons)[number]

/** Came into the log before its suppression was known everywhere (PRV-7): only counted, its place is told to nobody. */
export const suppressedUser = "suppressed"

const maxIdentifyTraits = 299
const maxKeys = 300
const maxGroupId = 500
const maxMessageId = 100

/** Code points, counted only where the answer depends on them. */
const longerThan = (value: unknown, limit: number): boolean =>
  typeof value === "string" && value.length > limit && (value.length > 2 * limit || [...value].length > limit)

const moreKeysThan = (value: unknown, limit: number): boolean => {
  if (typeof value !== "object" || value === null) return false
  let n = 0
  for (const key in value) if (Object.hasOwn(value, key) && ++n > limit) return true
  return false
}

const isEmptyId = (value: unknown): boolean =>
  typeof value === "string" ? value.trim() === "" : typeof value !== "number"

/** The first reason that applies in the order of IDR-20, or null: the event is resolved. */
export const dropReason = (message: Message, facts: EventFacts): DropReason | null => {
  const { type, traits, properties, groupId } = message
  if (type === "identify") {
    if (moreKeysThan(traits, maxIdentifyTraits)) return "too_many_traits"
  } else if (moreKeysThan(properties, maxKeys) || moreKeysThan(traits, maxKeys)) return "too_many_properties"
  const contextGroupId = message.context?.["groupId"]
  if (longerThan(groupId, maxGroupId) || longerThan(contextGroupId, maxGroupId)) return "group_id_too_long"
  if (type === "group") {
    if (isEmptyId(groupId)) return "group_id_empty"
  } else if (typeof contextGroupId === "string" && contextGroupId.trim() === "") return "group_id_empty"
  if (longerThan(facts.messageId, maxMessageId)) return "message_id_too_long"
  return facts.timestamp < 0 ? "timestamp_before_1970" : null
}
