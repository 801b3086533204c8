/**
 * The user ids that a message names, for suppression and deletion (PRV-7): `userId`, `previousId` of an alias, and
 * `context.externalIds` of type `user_id`, whatever else such an entry says.
 */
import { identifierValue } from "./identifier-value.ts"

const matches = (value: unknown, test: (userId: string) => boolean): boolean => {
  if (value === undefined || value === null) return false
  const userId = identifierValue(value)
  return typeof userId === "string" && userId !== "" && test(userId)
}

/** A message, or what was sent as one. */
interface MaybeMessage {
  readonly type?: unknown
  readonly userId?: unknown
  readonly previousId?: unknown
  readonly context?: unknown
}

/** Whether `test` is true of any user id of the message. Called per message: allocates nothing. */
export const someUserId = (
  { type, userId, previousId, context }: MaybeMessage,
  test: (userId: string) => boolean
): boolean => {
  if (matches(userId, test)) return true
  if (type === "alias" && matches(previousId, test)) return true
  if (typeof context !== "object" || context === null || !("externalIds" in context)) return false
  const { externalIds } = context
  if (!Array.isArray(externalIds)) return false
  for (const entry of externalIds as ReadonlyArray<unknown>) {
    if (typeof entry !== "object" || entry === null || !("id" in entry) || !("type" in entry)) continue
    if (entry.type === "user_id" && matches(entry.id, test)) return true
  }
  return false
}

/**
 * Whether the message names somebody who is suppressed for its source (PRV-7): the one decision of the door, of the spaces and
 * of explanations. `isSuppressed` undefined: nobody is.
 */
export const namesSuppressed = (
  message: MaybeMessage,
  source: number,
  isSuppressed: ((userId: string, source: number) => boolean) | undefined
): boolean => isSuppressed !== undefined && someUserId(message, (userId) => isSuppressed(userId, source))
