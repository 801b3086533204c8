/** Inbound throughput of a space (IDR-15): a token bucket of one second; what exceeds it waits in the log. */

export class Pace {
  private tokens = 0
  private last = 0

  /**
   * How many events may be read now, at most `want`; with 0, how long to wait in ms. `perSecond` 0 = no limit.
   * Call `spend` with what was really read.
   */
  allowance(perSecond: number, want: number, now: number): { readonly events: number; readonly waitMs: number } {
    if (perSecond === 0) return { events: want, waitMs: 0 }
    const elapsed = this.last === 0 ? 1000 : Math.max(0, now - this.last)
    this.tokens = Math.min(perSecond, this.tokens + (elapsed * perSecond) / 1000)
    this.last = now
    const events = Math.min(want, Math.floor(this.tokens))
    return { events, waitMs: events > 0 ? 0 : Math.ceil(((1 - this.tokens) * 1000) / perSecond) }
  }

  spend(events: number): void {
    this.tokens -= events
  }
}
