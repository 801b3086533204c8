/**
 * The request meter of ING-34 (1): a token bucket of one second's requests, with a burst of two seconds' worth. The
 * message meter (2) is inside the log, where accepted events wait.
 */

export class TokenBucket {
  private tokens: number
  private at: number

  constructor(perSecond: number, now: number) {
    this.tokens = perSecond * 2
    this.at = now
  }

  /** Takes one token; false when there is none. The rate may change between calls; 0 = no limit. */
  take(perSecond: number, now: number): boolean {
    if (perSecond <= 0) return true
    // A clock that was set back must not freeze the bucket.
    const elapsed = Math.max(0, now - this.at)
    this.at = now
    this.tokens = Math.min(perSecond * 2, this.tokens + (elapsed * perSecond) / 1000)
    if (this.tokens < 1) return false
    this.tokens -= 1
    return true
  }
}

const maxSenders = 10_000

/** One bucket per sender address for requests with unknown keys; the longest silent sender is forgotten first. */
export class SenderMeters {
  private readonly buckets = new Map<string, TokenBucket>()

  take(sender: string, perSecond: number, now: number): boolean {
    const bucket = this.buckets.get(sender) ?? new TokenBucket(perSecond, now)
    this.buckets.delete(sender)
    this.buckets.set(sender, bucket)
    if (this.buckets.size > maxSenders) this.buckets.delete(this.buckets.keys().next().value!)
    return bucket.take(perSecond, now)
  }
}

/** Whole seconds for `Retry-After` and `X-RateLimit-Reset`: 1 to 300 (clients read an integer and stop at 300). */
export const retrySeconds = (seconds: number): number => Math.min(300, Math.max(1, Math.ceil(seconds)))
