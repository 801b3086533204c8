/** Shapes of the Public API about what was delivered: counts, errors, samples, alerts, replays (spec 04, sections 8 to 12). */
import type { Exchange } from "./public-types.ts"

/** A time as the API writes it. */
export type Time = string | number

export interface DeliverySummary {
  readonly delivered: number
  readonly notDelivered: number
  readonly awaitingRetry: number
  readonly p95LatencyMs: number | null
  readonly granularity: string
  readonly trends: ReadonlyArray<{
    readonly time: Time
    readonly delivered: number
    readonly notDelivered: number
    readonly p95LatencyMs: number | null
  }>
}

export type ErrorState = "discarded" | "awaiting_retry" | "filtered"

export interface DeliveryError {
  readonly code: string
  readonly name: string
  readonly message: string
  readonly state: ErrorState
  readonly eventTypes: ReadonlyArray<string>
  readonly count: number
  /** Percent. */
  readonly share: number
  readonly firstSeen: Time
  readonly lastSeen: Time
}

export interface Advice {
  readonly name: string
  readonly label: string
  readonly description: string
  readonly actions: ReadonlyArray<string>
  readonly links: ReadonlyArray<{ readonly text: string; readonly url: string }>
}

export const overviewSteps = [
  "successfully_received",
  "failed_on_ingest",
  "filtered_at_source",
  "filtered_at_destination",
  "failed_delivery",
  "successful_delivery"
] as const
export type OverviewStep = (typeof overviewSteps)[number]
export type Grouping = "eventType" | "eventName" | "appVersion" | "discardReason"

export interface DeliverySample {
  readonly id: string
  readonly step: OverviewStep
  readonly code: string
  readonly state: ErrorState
  readonly subscriptionId: string | null
  readonly time: string
  readonly receivedAt: string
  readonly message: string
  /** As received. */
  readonly sent: unknown
  readonly exchanges: ReadonlyArray<Exchange>
}

/** What an error means, what to do, and samples of it (DEL-23). */
export interface DeliveryErrorDetail extends Advice {
  readonly samples: ReadonlyArray<DeliverySample>
}

/** Counts of a period, and of each of its buckets. */
export interface CountsView<Counts> {
  readonly total: Counts
  readonly granularity: string
  readonly series: ReadonlyArray<{ readonly time: string; readonly counts: Counts }>
}

/** DEL-33: received is the sum of what became of it; what failed on ingest is beside. */
export interface PipelineCounts {
  readonly received: number
  readonly failedOnIngest: number
  readonly filteredAtSource: number
  readonly filteredAtDestination: number
  readonly pending: number
  readonly failed: number
  readonly delivered: number
}

/** ING-116. */
export interface SourceCounts {
  readonly received: number
  readonly successfullyReceived: number
  readonly failedOnIngest: number
  readonly filteredAtSource: number
  readonly eligible: number
  readonly duplicates: number
  readonly suppressed: number
}

export interface TableRow {
  readonly value: string
  readonly label: string
  readonly help: string
  readonly count: number
  /** Percent of what was received; null: nothing was. */
  readonly share: number | null
  /** Percentage points; null: there is no earlier data. */
  readonly change: number | null
  readonly countChange: number | null
}

export interface StepTableData {
  readonly rows: ReadonlyArray<TableRow>
  readonly step: Pick<TableRow, "count" | "share" | "change" | "countChange">
}

export interface OverviewData {
  readonly total: number
  readonly dataset: ReadonlyArray<
    { readonly [G in Grouping]?: string } & {
      readonly total: number
      readonly series: ReadonlyArray<{ readonly time: string; readonly count: number }>
    }
  >
}

/** What became of the last notice of a channel. */
export interface ChannelStatus {
  readonly lastDeliveredAt: string | null
  readonly lastError: { readonly message: string; readonly at: string; readonly final: boolean } | null
}

export type Channel =
  | { readonly type: "IN_APP" }
  | { readonly type: "EMAIL"; readonly address: string }
  | { readonly type: "SLACK"; readonly url: string; readonly channel: string }
  | { readonly type: "WEBHOOK"; readonly url: string; readonly secret?: string }

export interface Alert {
  readonly id: string
  readonly type: "SOURCE_VOLUME" | "DELIVERY_RATE"
  readonly resourceId: string
  readonly threshold: number
  readonly channels: ReadonlyArray<Channel & { readonly status?: ChannelStatus }>
  readonly createdBy: string
  readonly state: "ok" | "firing"
  readonly lastFiredAt: Time | null
  /** Percent, of the last window that was judged. */
  readonly value?: number | null
}

export type ReplayState = "queued" | "running" | "paused" | "done" | "failed" | "canceled"

export interface CodeCount {
  readonly code: string
  readonly count: number
}

/** DEL-73. Counts are of events; null: not known yet. */
export interface Replay {
  readonly id: string
  readonly sourceId: string
  readonly destinationIds: ReadonlyArray<string>
  readonly from: string
  readonly to: string
  readonly mode: "all" | "failed"
  readonly state: ReplayState
  /** Waits for a deletion of people, and goes on by itself. */
  readonly held: boolean
  readonly createdAt: string
  readonly createdBy: string
  readonly total: number | null
  readonly sent: number
  readonly pending: number
  readonly filtered: ReadonlyArray<CodeCount>
  readonly failed: ReadonlyArray<CodeCount>
  readonly ratePerSecond: number | null
  readonly etaSeconds: number | null
  readonly error: string | null
}

export interface ReplayRequest {
  readonly sourceId: string
  readonly destinationIds: ReadonlyArray<string>
  readonly from: string
  readonly to: string
  readonly mode: Replay["mode"]
  readonly events?: ReadonlyArray<{ readonly type: string; readonly name?: string }>
  readonly maxEventsPerSecond?: number
}

/** What a replay would send. */
export interface ReplayEstimate {
  readonly total: number
  readonly firstAt: string | null
  readonly lastAt: string | null
}
