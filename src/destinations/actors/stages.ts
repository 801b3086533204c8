/** The stages around delivery: routing an event into jobs (DST-30, stages 5 to 13), and what each attempt does first (stage 15). Pure. */
import type { Step } from "../../delivery/steps.ts"
import type { Destination, Mapping } from "../destination.ts"
import { encryptFields } from "../pipeline/encrypt.ts"
import { route, type Routed } from "../pipeline/route.ts"
import type { Payload } from "../pipeline/stopped.ts"
import { type FeedEvent, type Job, keyOf, type Slot } from "./job.ts"

/** Whatever goes wrong in a stage concerns this event and this destination alone. */
export const routeSafely = (destination: Destination, { message, place }: FeedEvent): Routed => {
  try {
    return route(destination, message, { replay: place !== undefined })
  } catch (error) {
    return { stopped: { code: "INTERNAL", detail: error instanceof Error ? error.message : String(error) } }
  }
}

/** One for each mapping; one without a mapping for classic destinations. */
export const jobsOf = (
  event: FeedEvent,
  slot: Slot,
  routed: Exclude<Routed, { readonly stopped: object }>
): ReadonlyArray<Job> => {
  const text = routed.event === event.message ? event.text : JSON.stringify(routed.event)
  const ids = routed.mappings.length === 0 ? [""] : routed.mappings.map(({ id }) => id)
  return ids.map((mapping) => ({
    event,
    mapping,
    key: keyOf(mapping, event),
    text,
    slot,
    several: ids.length > 1,
    attempts: 0,
    firstAt: undefined,
    stored: false,
    startedAt: undefined
  }))
}

interface Dropped {
  readonly step: Step
  readonly code: string
  readonly message: string
}

const dropped = (code: string, message = "", step: Step = "failed_delivery"): Dropped => ({ step, code, message })

/** What is told to the executor at this attempt, or why nothing is. Settings are those of now (DST-34). */
export const prepare = (
  { encryption, entry }: Destination,
  mapping: Mapping | undefined,
  job: Job,
  /** The destination takes nothing any more. */
  closed: string | undefined
): string | Dropped => {
  if (closed !== undefined) return dropped(closed)
  if (job.mapping !== "" && mapping === undefined) return dropped("MAPPING_DISABLED")
  if (mapping !== undefined && !entry.actions.some(({ slug }) => slug === mapping.actionSlug))
    return dropped("INVALID_SETTINGS", `${entry.name} has no action "${mapping.actionSlug}"`)
  if (encryption === undefined) return job.text
  const encrypted = encryptFields(encryption, JSON.parse(job.text) as Payload)
  if (encrypted.stopped === undefined) return JSON.stringify(encrypted.event)
  const { code, detail } = encrypted.stopped
  return dropped(code, detail ?? "", "filtered_at_destination")
}
