/** When a job is tried again (DEL-2, DEL-8). Pure. */

export interface RetryPolicy {
  /** At most so many, the first one included. */
  readonly attempts: number
  /** From the first attempt to the start of the last. */
  readonly windowMs: number
  /** After attempt k; the last one also after all further ones. */
  readonly bases: ReadonlyArray<number>
}

const minute = 60_000

export const normalBases: ReadonlyArray<number> = [0.5, 1, 2, 4, 8, 16, 32, 60, 60].map((minutes) => minutes * minute)

export const basesFrom = (firstMs: number): ReadonlyArray<number> =>
  normalBases.map((base) => (base * firstMs) / normalBases[0]!)

/** While the downstream is in mass failure (DEL-8). */
export const reduced = (policy: RetryPolicy): RetryPolicy => ({
  attempts: Math.min(3, policy.attempts),
  windowMs: policy.windowMs,
  bases: [5 * minute, 30 * minute]
})

/** What an attempt may take (DEL-4): whatever a destination asks for, the last attempt begins so long before the end of the window. */
const attemptMs = minute

export interface Failed {
  /** That were made. */
  readonly attempts: number
  readonly firstAt: number
  readonly now: number
  readonly retryAfterMs: number | undefined
  /** 0 to 1. */
  readonly random: number
}

/** Time of the next attempt; undefined: there is none. `Retry-After` makes a delay longer, never shorter. */
export const nextAttempt = (policy: RetryPolicy, failed: Failed): number | undefined => {
  const { attempts, firstAt, now, retryAfterMs, random } = failed
  if (attempts >= policy.attempts) return undefined
  const base = policy.bases[Math.min(attempts, policy.bases.length) - 1]!
  const at = now + base * (0.75 + 0.5 * random)
  const last = firstAt + policy.windowMs
  if (at > last) return undefined
  return retryAfterMs === undefined ? at : Math.max(at, Math.min(now + retryAfterMs, last - attemptMs))
}
