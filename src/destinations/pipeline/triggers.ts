/**
 * Stage 13: the mappings whose trigger accepts the event (DST-80). A trigger that cannot be evaluated does not fire; when none
 * fires, the stop says why.
 */
import type { Mapping } from "../destination.ts"
import type { Payload, Stopped } from "./stopped.ts"

const noMapping: Stopped = { code: "NO_MATCHING_MAPPING" }

export const matchedMappings = (mappings: ReadonlyArray<Mapping>, event: Payload): ReadonlyArray<Mapping> | Stopped => {
  const matched: Array<Mapping> = []
  let problem: string | undefined
  for (const mapping of mappings) {
    if (!mapping.enabled) continue
    try {
      if (mapping.fires(event)) matched.push(mapping)
    } catch (error) {
      problem ??= `mapping ${mapping.id}: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  if (matched.length > 0) return matched
  return problem === undefined ? noMapping : { ...noMapping, detail: problem }
}
