/**
 * A rolling one-second window per space, shared by REST and GraphQL (PRO-6), or per session of the console: never more than the limit is
 * accepted in any one second. The times of the last `limit` accepted units are kept in a ring.
 */

interface Ring {
  readonly times: Float64Array
  /** Slot of the oldest time, which is the next to be overwritten. */
  next: number
}

const windowMs = 1000

/** Spaces and sessions with a ring; the one that was made first goes. */
const maxRings = 10_000

export interface RateLimit {
  /**
   * Takes `units` of the space's second, or none and answers false. A request for more than the whole limit counts as the limit.
   * `now` is monotonic, in ms; `limit` 0 = off.
   */
  readonly take: (space: string, units: number, limit: number, now: number) => boolean
}

export const makeRateLimit = (): RateLimit => {
  const rings = new Map<string, Ring>()
  return {
    take: (space, units, limit, now) => {
      if (limit === 0) return true
      let ring = rings.get(space)
      if (ring === undefined || ring.times.length !== limit) {
        ring = { times: new Float64Array(limit).fill(Number.NEGATIVE_INFINITY), next: 0 }
        rings.set(space, ring)
        if (rings.size > maxRings) rings.delete(rings.keys().next().value!)
      }
      const wanted = Math.min(units, limit)
      // The time that the last of these units would overwrite is the newest of those that must be out of the window.
      if (ring.times[(ring.next + wanted - 1) % limit]! > now - windowMs) return false
      for (let i = 0; i < wanted; i++) {
        ring.times[ring.next] = now
        ring.next = (ring.next + 1) % limit
      }
      return true
    }
  }
}
