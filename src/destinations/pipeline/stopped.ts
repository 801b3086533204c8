/** What flows through the stages, and what a stage says when an event goes no further (DST-30). */

/** A message as it was parsed. Stages share it among all destinations of a process, so none of them changes it. */
export type Payload = Readonly<Record<string, unknown>>

/** The event goes no further for this destination; `code` is one of DEL-40, of the step Filtered at destination. */
export interface Stopped {
  readonly code: string
  readonly detail?: string
}

/** The member of the event's own: a name such as `constructor` or `__proto__` finds nothing that is not in the JSON. */
export const own = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Payload)[key] : undefined

export const isObject = (value: unknown): value is Payload =>
  typeof value === "object" && value !== null && !Array.isArray(value)
