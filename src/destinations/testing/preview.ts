/** What a filter would make of an event, saved or not (DST-63). */
import type { FilterStep } from "../destination.ts"
import { applyFilters } from "../pipeline/filters.ts"
import type { Payload } from "../pipeline/stopped.ts"

export interface FilterPreview {
  readonly inputPayload: Payload
  /** Null: the event would not be sent. */
  readonly result: Payload | null
  /** Why the filter could not be evaluated; the event is not sent then, either (DST-60). */
  readonly error?: string
}

export const previewFilter = (steps: ReadonlyArray<FilterStep>, payload: Payload): FilterPreview => {
  const filtered = applyFilters(steps, payload)
  if (filtered.stopped === undefined) return { inputPayload: payload, result: filtered.event }
  const { code, detail } = filtered.stopped
  return code === "INTERNAL"
    ? { inputPayload: payload, result: null, error: detail ?? code }
    : { inputPayload: payload, result: null }
}
