/** The pulse: events accepted per second over the last minute, so that "is data arriving?" is always answered. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { DebuggerReader } from "../debugger/reader.ts"

export interface Pulse {
  /** ms */
  readonly at: number
  readonly perSecond: number
  readonly lastMinute: ReadonlyArray<number>
  readonly discardedLastMinute: number
}

const seconds = 60
/** Counts come twice a second, so the second before the last is whole. */
const behindMs = 2_000

export const pulseOf = (
  live: DebuggerReader,
  sources: ReadonlyArray<number>,
  now: number
): Effect.Effect<Pulse, SqlError.SqlError> => {
  const at = Math.floor((now - behindMs) / 1000) * 1000
  return Effect.map(live.bySecond(sources, at - (seconds - 1) * 1000, seconds), ({ accepted, discarded }) => ({
    at,
    perSecond: accepted.at(-1)!,
    lastMinute: accepted,
    discardedLastMinute: discarded.reduce((sum, n) => sum + n, 0)
  }))
}
