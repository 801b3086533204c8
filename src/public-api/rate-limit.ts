/**
 * Requests in fixed minutes (ADM-17), counted by process: by token or session, and by address for who shows none. Endpoints that
 * cost more have limits of their own; the headers tell of the one that is nearer.
 */
import type { SettingsValue } from "../config.ts"
import { problem } from "./problem.ts"

const windowMs = 60_000
/** Callers that are counted at once; beyond, the one seen first is forgotten. */
const mostCounted = 50_000

/** Per minute; by operation. What a setting says comes first. */
const standard: Readonly<Record<string, number>> = {
  createLabel: 60,
  deleteLabel: 60,
  createWorkspaceRegulation: 600,
  createSourceRegulation: 600,
  createDestinationSubscription: 60,
  getEventsVolumeFromWorkspace: 60
}

export type Metered = Readonly<Record<"X-RateLimit-Consumed" | "X-RateLimit-Remaining" | "X-RateLimit-Reset", string>>

export const makeRateLimit = (
  { publicApiPerMinute, publicApiLimits }: Pick<SettingsValue, "publicApiPerMinute" | "publicApiLimits">,
  now: () => number
) => {
  let window = 0
  let used = new Map<string, number>()

  const count = (key: string, at: number): number => {
    const current = Math.floor(at / windowMs)
    if (current !== window) {
      window = current
      used = new Map()
    }
    const consumed = (used.get(key) ?? 0) + 1
    used.set(key, consumed)
    if (used.size > mostCounted) used.delete(used.keys().next().value!)
    return consumed
  }

  /** Headers for the answer. Throws 429, which does not count. */
  return (key: string, operation: string | undefined): Metered => {
    const at = now()
    const end = (Math.floor(at / windowMs) + 1) * windowMs
    const own = operation === undefined ? undefined : (publicApiLimits[operation] ?? standard[operation])
    const meters = [
      { name: key, limit: publicApiPerMinute },
      ...(own === undefined ? [] : [{ name: `${key} ${operation}`, limit: own }])
    ].filter(({ limit }) => limit > 0)
    const reset = new Date(end).toUTCString()
    let nearest = { consumed: 0, remaining: Number.POSITIVE_INFINITY }
    for (const { name, limit } of meters) {
      const consumed = count(name, at)
      if (consumed > limit) {
        used.set(name, limit)
        throw problem(429, "RequestError", "Too many requests", {
          headers: {
            "X-RateLimit-Consumed": String(limit),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": reset,
            "Retry-After": String(Math.ceil((end - at) / 1000))
          },
          data: { remainingPoints: 0, msBeforeNext: end - at, consumedPoints: limit }
        })
      }
      if (limit - consumed < nearest.remaining) nearest = { consumed, remaining: limit - consumed }
    }
    const { consumed, remaining } = nearest
    return {
      "X-RateLimit-Consumed": String(consumed),
      "X-RateLimit-Remaining": String(Number.isFinite(remaining) ? remaining : 0),
      "X-RateLimit-Reset": reset
    }
  }
}
