/** Ids of identity resolution: all derived, so that the same archive yields the same ids (IDR-110, IDR-111, INV-7). */
import { ksuid } from "../platform/hash.ts"
import type { Collection } from "../workspace/rules.ts"
import type { EventFacts, Extraction, Identifier } from "./model.ts"

const prefix = (collection: Collection): string => (collection === "users" ? "use_" : "grp_")

/** The id of a profile created by this event: the first of its sequence that was never issued in this graph. */
export const segmentId = (
  spaceId: string,
  collection: Collection,
  facts: Pick<EventFacts, "messageId" | "receivedAt">,
  issued: (segmentId: string) => boolean
): string => {
  const text = `${spaceId}\n${collection}\n${facts.messageId}`
  let id = prefix(collection) + ksuid(facts.receivedAt, text)
  for (let n = 2; issued(id); n++) id = prefix(collection) + ksuid(facts.receivedAt, `${text}\n${n}`)
  return id
}

/** The segment ids that an event would issue if it created profiles, as far as `issued` knows. */
export const segmentIdsOf = (
  spaceId: string,
  facts: Pick<EventFacts, "messageId" | "receivedAt">,
  extraction: Extraction,
  issued: (segmentId: string) => boolean
): ReadonlyArray<string> => {
  const ids: Array<string> = []
  if (extraction.users.length > 0) ids.push(segmentId(spaceId, "users", facts, issued))
  if (extraction.accounts.length > 0) ids.push(segmentId(spaceId, "accounts", facts, issued))
  return ids
}

/** `messageId` and `t` (ms) are those of the event that made the mapping. */
export const mappingId = (spaceId: string, identifier: Identifier, messageId: string, t: number): string =>
  `map_${ksuid(t, `${spaceId}\n${identifier.collection}\n${identifier.type}\n${identifier.value}\n${messageId}`)}`

/** `from` and `into` are segment ids; `messageId` and `t` (ms) those of the event that merged. */
export const mergeId = (spaceId: string, from: string, into: string, messageId: string, t: number): string =>
  `mrg_${ksuid(t, `${spaceId}\n${from}\n${into}\n${messageId}`)}`
