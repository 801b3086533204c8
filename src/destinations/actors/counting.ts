/** How jobs and events are told to the tally (DEL-33): each job under its mapping, each event once without one. */
import type { Counted, Step } from "../../delivery/steps.ts"
import type { Destination } from "../destination.ts"
import type { Job, JobEvent, Slot } from "./job.ts"

export const countedOf = (
  { no }: Pick<Destination, "no">,
  event: JobEvent,
  step: Step,
  code: string,
  mapping: string,
  attempts: number,
  latency?: number
): Counted => ({
  destination: no,
  source: event.source,
  step,
  code,
  mapping,
  eventType: event.type,
  eventName: event.name,
  appVersion: event.appVersion,
  receivedAt: event.receivedAt,
  attempts,
  ...(latency === undefined ? {} : { latency })
})

/** The event that this was the only job of; undefined where the count of the job is that of the event (classic). */
export const ofEvent = (counted: Counted): Counted | undefined =>
  counted.mapping === "" ? undefined : { ...counted, mapping: "" }

/** The event of several jobs, all of which have ended: failed with the first that failed, otherwise delivered with the last. */
export const ofSeveral = (counted: ReadonlyArray<Counted>): Counted => {
  const failed = counted.find(({ step }) => step !== "successful_delivery")
  if (failed !== undefined) return { ...failed, mapping: "" }
  let last = counted[0]!
  for (const one of counted) if ((one.latency ?? 0) > (last.latency ?? 0)) last = one
  return { ...last, mapping: "" }
}

/** What the commit that passes the slot counts. What waits is counted when it has ended. */
export const countsOf = (slot: Slot): ReadonlyArray<Counted> => {
  if (slot.rows.length > 0 || slot.jobs.length === 0) return slot.counted
  const event = slot.jobs.length > 1 ? ofSeveral(slot.counted) : ofEvent(slot.counted[0]!)
  return event === undefined ? slot.counted : [...slot.counted, event]
}

/** What the end of a stored job may count for its event. */
export const lastOf = (job: Job, counted: Counted): Counted | undefined =>
  job.several ? { ...counted, mapping: "" } : ofEvent(counted)
