/**
 * Stage 6: whether the person agreed to all categories of the destination (DST-46, PRV-61).
 *
 * Absent consent is no refusal; so is an empty `consent`, unless the event has an integrations object with something in
 * it. Every other consent is enforced, and what it does not say, or says with anything but `true`, is a no.
 */
import type { Destination } from "../destination.ts"
import { isObject, own, type Payload, type Stopped } from "./stopped.ts"

const refused: Stopped = { code: "FILTERED_BY_END_USER_CONSENT" }

/** The event in which people say what they agree to: action destinations get it in any case (PRV-63). */
const preferenceEvent = "Segment Consent Preference Updated"

export const notConsented = ({ consentCategories, entry }: Destination, event: Payload): Stopped | undefined => {
  if (consentCategories.length === 0) return undefined
  const consent = own(event["context"], "consent")
  if (consent === undefined || consent === null) return undefined
  if (entry.kind === "actions" && event["type"] === "track" && event["event"] === preferenceEvent) return undefined
  if (isEmpty(consent) && !hasMembers(event["integrations"])) return undefined
  const preferences = own(consent, "categoryPreferences")
  return consentCategories.every((category) => own(preferences, category) === true) ? undefined : refused
}

const hasMembers = (value: unknown): boolean => isObject(value) && !isEmpty(value)

const isEmpty = (value: unknown): boolean => {
  if (!isObject(value)) return false
  for (const key in value) return !Object.hasOwn(value, key)
  return true
}
