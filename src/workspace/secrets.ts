/** Random ids and secrets in the forms that the specification gives them. */
import { randomInt } from "node:crypto"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const randomBase62 = (length: number): string => Array.from({ length }, () => alphabet[randomInt(62)]).join("")

/** ING-20. */
export const newWriteKey = (): string => randomBase62(32)
/** IDR-3. */
export const newSpaceId = (): string => `spa_${randomBase62(22)}`
export const newSourceId = (): string => `src_${randomBase62(22)}`
export const newApplicationId = (): string => `app_${randomBase62(22)}`
/** The `kid` of a key of an application, and of our own. */
export const newKeyId = (): string => `key_${randomBase62(22)}`
export const newTokenId = (): string => `tok_${randomBase62(22)}`
export const newFilterId = (): string => `flt_${randomBase62(22)}`
export const newDestinationId = (): string => `dst_${randomBase62(22)}`
export const newSubscriptionId = (): string => `sub_${randomBase62(22)}`
export const newReplayId = (): string => `rpl_${randomBase62(22)}`
export const newRegulationId = (): string => `reg_${randomBase62(22)}`
/** The secret itself (PRO-4): 190 bits. */
export const newTokenSecret = (): string => `pt_${randomBase62(32)}`
/** Tells audit entries of one moment apart. */
export const newSeed = (): string => randomBase62(22)
