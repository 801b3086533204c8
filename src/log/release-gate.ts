/**
 * The message meter of ING-34 (2): up to `limit` events pass at once, the rest becomes readable at `limit` a second.
 * Nothing is copied or queued: events wait in the log itself, and readers do not look beyond `released`.
 *
 *     ...read | released ............ held ............ head
 *
 * Positions are dense within a day, so counting events is subtracting positions, one run of positions per day.
 * Pure: time comes in as an argument. Turning the clock back costs nothing but the time in between.
 */
import { dayOf, type Position, positionsPerDay } from "./event-log.ts"

/** A dense run of positions, both ends included. */
export interface Run {
  first: Position
  readonly last: Position
}

export class ReleaseGate {
  #released: Position
  #head: Position
  #held = 0
  /** What is held, oldest first; empty exactly when `released` = `head`. */
  #runs: Array<{ first: Position; last: Position }> = []
  #tokens = Number.POSITIVE_INFINITY
  #at: number

  /** `held` lists what lies between `released` and the head of the log. */
  constructor(now: number, released: Position, held: ReadonlyArray<Run> = []) {
    this.#at = now
    this.#released = released
    this.#head = released
    for (const { first, last } of held) {
      if (last < first) continue
      this.#runs.push({ first, last })
      this.#held += last - first + 1
      this.#head = last
    }
  }

  get released(): Position {
    return this.#released
  }

  get held(): number {
    return this.#held
  }

  /** The log grew to `head`; everything since the last head lies on one day. */
  extend(head: Position): void {
    if (head <= this.#head) return
    const sameDay = dayOf(head) === dayOf(this.#head)
    const first = sameDay ? this.#head + 1 : dayOf(head) * positionsPerDay + 1
    const newest = this.#runs.at(-1)
    if (sameDay && newest !== undefined) newest.last = head
    else this.#runs.push({ first, last: head })
    this.#held += head - first + 1
    this.#head = head
  }

  /** Releases what may pass at time `now` (ms); `limit` is events per second, 0 = no limit. True when `released` moved. */
  advance(now: number, limit: number): boolean {
    const elapsed = Math.max(0, now - this.#at)
    this.#at = now
    this.#tokens = limit > 0 ? Math.min(limit, this.#tokens + (elapsed * limit) / 1000) : Number.POSITIVE_INFINITY
    let free = Math.floor(Math.min(this.#tokens, this.#held))
    if (free === 0) return false
    this.#tokens -= free
    this.#held -= free
    while (free > 0) {
      const run = this.#runs[0]!
      const part = Math.min(free, run.last - run.first + 1)
      this.#released = run.first + part - 1
      free -= part
      if (this.#released === run.last) this.#runs.shift()
      else run.first = this.#released + 1
    }
    return true
  }
}
