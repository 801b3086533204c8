/**
 * How much may be on its way to one instance at once (DEL-6): a number of requests that grows with successes and shrinks with
 * errors, a pause that the destination asked for, and a ceiling of events a second. Pure: time comes in as an argument.
 */
import type { Outcome } from "../../catalog/runner.ts"

const firstRequests = 10
const successesPerStep = 20
const halveEveryMs = 1_000
const longestPauseMs = 15 * 60_000

export class Window {
  readonly #most: number
  #size: number
  #successes = 0
  #halvedAt = Number.NEGATIVE_INFINITY
  #pausedUntil = 0
  #perSecond: number | undefined
  #tokens = Number.POSITIVE_INFINITY
  #tokensAt = 0

  constructor(most: number) {
    this.#most = most
    this.#size = Math.min(firstRequests, most)
  }

  get size(): number {
    return this.#size
  }

  get pausedUntil(): number {
    return this.#pausedUntil
  }

  /** Events a second at most; undefined: as many as go. */
  limit(perSecond: number | undefined, now: number): void {
    if (perSecond === this.#perSecond) return
    this.#perSecond = perSecond
    this.#tokens = perSecond ?? Number.POSITIVE_INFINITY
    this.#tokensAt = now
  }

  /** Time from which another request may begin beside `inFlight`; undefined: when one of them ends. */
  freeAt(inFlight: number, now: number): number | undefined {
    if (inFlight >= this.#size) return undefined
    return Math.max(now, this.#pausedUntil, this.#tokenAt(now))
  }

  /** A request with so many events begins. A batch larger than the ceiling is paid for afterwards. */
  spend(events: number): void {
    this.#tokens -= events
  }

  /** What a request came to; `blameless`: the executor failed, not the destination. */
  answered(outcomes: ReadonlyArray<Outcome>, now: number, blameless: boolean): void {
    let retries = false
    let delivered = 0
    for (const outcome of outcomes) {
      if (outcome.kind === "delivered") delivered++
      else if (outcome.retry) {
        retries = true
        if (outcome.code === "429" && outcome.retryAfterMs !== undefined) this.pause(outcome.retryAfterMs, now)
      }
    }
    if (blameless) return
    if (retries) this.failed(now)
    else if (delivered > 0) this.succeeded()
  }

  succeeded(): void {
    if (++this.#successes < successesPerStep) return
    this.#successes = 0
    this.#size = Math.min(this.#most, this.#size + 1)
  }

  /** A retryable error. */
  failed(now: number): void {
    this.#successes = 0
    if (now - this.#halvedAt < halveEveryMs) return
    this.#halvedAt = now
    this.#size = Math.max(1, Math.floor(this.#size / 2))
  }

  pause(ms: number, now: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(ms, longestPauseMs))
  }

  #tokenAt(now: number): number {
    const perSecond = this.#perSecond
    if (perSecond === undefined) return now
    this.#tokens = Math.min(Math.max(1, perSecond), this.#tokens + ((now - this.#tokensAt) * perSecond) / 1000)
    this.#tokensAt = now
    return this.#tokens >= 1 ? now : now + Math.ceil(((1 - this.#tokens) * 1000) / perSecond)
  }
}
