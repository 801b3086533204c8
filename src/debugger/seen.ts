/** One message of the sample, and what the door said of it. */
import type { JsonObject } from "../event/message.ts"

export const statuses = ["accepted", "duplicate", "discarded", "blocked"] as const
export type Status = (typeof statuses)[number]

export interface Seen {
  readonly source: number
  /** ms */
  readonly at: number
  readonly status: Status
  readonly code: string | null
  /** As stored, or as it was sent. */
  readonly body: Uint8Array | JsonObject
  readonly oneIn: number
}
