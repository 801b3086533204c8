/**
 * Stage 11: the filters of a destination (DST-50 to DST-60), whose steps stand in the order of execution already.
 *
 * Every condition is asked of the event as it came in, so that removing a property never changes the verdict of another
 * filter. What cannot be evaluated stops the event, and says which filter: a filter for privacy must not leak.
 */
import type { FilterStep } from "../destination.ts"
import { allowProperties, dropProperties } from "./properties.ts"
import { inSample } from "./sampling.ts"
import type { Payload, Stopped } from "./stopped.ts"

const dropped: Stopped = { code: "FILTERED_BY_RULES" }

export type Filtered = { readonly stopped: Stopped } | { readonly stopped?: undefined; readonly event: Payload }

export const applyFilters = (steps: ReadonlyArray<FilterStep>, event: Payload): Filtered => {
  let result = event
  for (const step of steps) {
    let matches: boolean
    try {
      matches = step.matches(event)
    } catch (error) {
      return { stopped: failed(step, error) }
    }
    if (!matches) continue
    switch (step.type) {
      case "SAMPLE":
        if (!inSample(step, event)) return { stopped: dropped }
        break
      case "DROP":
        return { stopped: dropped }
      case "DROP_PROPERTIES":
        result = dropProperties(result, step.fields ?? {})
        break
      case "ALLOW_PROPERTIES":
        result = allowProperties(result, step.fields ?? {})
    }
  }
  return { event: result }
}

const failed = ({ filterId }: FilterStep, error: unknown): Stopped => ({
  code: "INTERNAL",
  detail: `filter ${filterId}: ${error instanceof Error ? error.message : String(error)}`
})
