/** What can become of an event on its way to a destination, and how it is counted (DEL-30 to DEL-40). */

/** Steps of the Delivery Overview at which an event can stop, and the two at which it passes. */
export type Step =
  | "successfully_received"
  | "failed_on_ingest"
  | "filtered_at_source"
  | "filtered_at_destination"
  | "failed_delivery"
  | "successful_delivery"

/** As numbered in the tables: the steps, and what is shown beside them (ING-116). */
export const storedSteps = [
  "successfully_received",
  "failed_on_ingest",
  "filtered_at_source",
  "filtered_at_destination",
  "failed_delivery",
  "successful_delivery",
  "duplicate",
  "suppressed"
] as const satisfies ReadonlyArray<Step | "duplicate" | "suppressed">
export type StoredStep = (typeof storedSteps)[number]

/** One event, or one job when `mapping` is set, that has reached a step. */
export interface Counted {
  /** `Destination.no`; 0: of the source itself. */
  readonly destination: number
  /** `Source.no` */
  readonly source: number
  readonly step: StoredStep
  /** Discard code of DEL-40; empty where it passes. */
  readonly code: string
  readonly mapping: string
  readonly eventType: string
  /** Empty for types without a name. */
  readonly eventName: string
  readonly appVersion: string
  /** ms: `receivedAt`, the bucket it belongs to (DEL-33). */
  readonly receivedAt: number
  /** Attempts it took; 0 where there was none. */
  readonly attempts: number
  /** ms from `receivedAt` to the end of the successful attempt. */
  readonly latency?: number
}
