/**
 * The event filters of a space at work (IDR-14): an event that matches an enabled one is dropped before anything else is
 * looked at. A filter that cannot be evaluated on an event drops nothing; it is counted under a reason of its own.
 */
import type { Message } from "../event/message.ts"
import type { EventFilter } from "../workspace/workspace.ts"

export const filtered = "event_filter"

/** In the counters of drops, though the event was not dropped. */
export const filterErrorReason = (filterId: string): string => `event_filter_error:${filterId}`

export interface Filtered {
  readonly drop: boolean
  /** Filters that could not be evaluated on the event. */
  readonly failed: ReadonlyArray<string>
}

const passed: Filtered = { drop: false, failed: [] }
const dropped: Filtered = { drop: true, failed: [] }

export const askFilters = (filters: ReadonlyArray<EventFilter>, message: Message): Filtered => {
  let failed: Array<string> | undefined
  for (const { id, enabled, matches } of filters) {
    if (!enabled) continue
    const answer = matches(message)
    if (answer === true) return failed === undefined ? dropped : { drop: true, failed }
    if (answer === undefined) (failed ??= []).push(id)
  }
  return failed === undefined ? passed : { drop: false, failed }
}
