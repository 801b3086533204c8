/** Shapes of the Public API that the console reads: Segment's (spec 04, DST-2 to DST-81; spec 08, ADM-22) and what Braid adds. */

export interface Condition {
  readonly type: "field" | "syncMode"
  readonly fieldKey?: string
  readonly operator: "is" | "is_not"
  readonly value: unknown
}

export interface Conditions {
  readonly match: "any" | "all"
  readonly conditions: ReadonlyArray<Condition>
}

/** Of a setting or of a field of an action: what forms need beside Segment's members (DST-9, DST-90). */
interface FieldDetail {
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly hidden?: boolean
  readonly readOnly?: boolean
  readonly dependsOn?: Conditions
  readonly requiredIf?: Conditions
  readonly additionalProperties?: boolean
  readonly fields?: ReadonlyArray<ActionField>
  readonly choices?: ReadonlyArray<{ readonly value: string; readonly label: string }> | null
}

export interface Option extends FieldDetail {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly label?: string
  readonly description?: string
  readonly defaultValue?: unknown
  readonly placeholder?: string
  readonly multiple?: boolean
}

export interface ActionField extends FieldDetail {
  readonly id?: string
  readonly fieldKey: string
  readonly label: string
  /** In capitals. */
  readonly type: string
  readonly description: string
  readonly placeholder?: string
  readonly defaultValue?: unknown
  readonly required: boolean
  readonly multiple: boolean
  readonly dynamic: boolean
  readonly allowNull: boolean
}

export interface Action {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly hidden: boolean
  readonly defaultTrigger: string | null
  readonly fields: ReadonlyArray<ActionField>
  readonly syncModes?: ReadonlyArray<string>
}

export interface Preset {
  readonly actionId: string
  readonly name: string
  readonly trigger: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly type?: "automatic" | "specificEvent"
}

export interface EntrySummary {
  readonly id: string
  readonly name: string
  readonly slug: string
  readonly description: string
  readonly status: string
  readonly categories: ReadonlyArray<string>
  readonly previousNames?: ReadonlyArray<string>
  readonly website: string
}

export interface Entry extends EntrySummary {
  readonly options: ReadonlyArray<Option>
  readonly supportedMethods: Readonly<Record<string, boolean>>
  readonly supportedPlatforms: Readonly<Record<string, boolean>>
  readonly maxMappings?: number
  readonly supportedFeatures: { readonly cloudModeInstances?: string; readonly replay?: boolean }
  readonly actions: ReadonlyArray<Action>
  readonly presets: ReadonlyArray<Preset>
  /** Names of environment variables that whoever runs Braid sets first (CAT-14). */
  readonly operatorSetup?: ReadonlyArray<string>
  readonly kind?: "actions" | "classic" | "storage"
  readonly scheme?: string
  readonly testsAuthentication?: boolean
}

export interface Label {
  readonly key: string
  readonly value: string
  readonly description?: string
}

export interface Source {
  readonly id: string
  readonly slug: string
  readonly name?: string
  readonly enabled: boolean
  readonly writeKeys: ReadonlyArray<string>
  readonly metadata: { readonly id: string; readonly name: string; readonly slug: string }
  readonly labels: ReadonlyArray<Label>
  readonly writeKeyDetails?: ReadonlyArray<{
    readonly key: string
    readonly createdAt: string | null
    readonly lastUsedAt: string | null
    readonly lastLibrary: string | null
  }>
  readonly origin?: "file" | "api"
  readonly oauth?: { readonly applicationId: string; readonly enabled: boolean } | null
}

export interface OAuthApplication {
  readonly id: string
  readonly name: string
}

/** What is blocked at the door (ING-134). */
export interface EventFilters {
  readonly track: ReadonlyArray<string>
  readonly page: boolean
  readonly screen: boolean
  readonly identify: ReadonlyArray<string>
  readonly group: ReadonlyArray<string>
}

/** An event of the schema that one destination does not get (DST-45). */
export interface IntegrationFilter {
  readonly destinationId: string
  readonly type: "track" | "identify" | "group"
  /** Of Track only. */
  readonly name?: string
}

export interface Notification {
  /** Place among all. */
  readonly n: number
  readonly time: string
  readonly kind: "firing" | "reminder" | "recovered"
  readonly title: string
  readonly body: string
  /** Page of the console, below a workspace. */
  readonly path: string
  readonly seen: boolean
}

export interface SourceEntry {
  readonly id: string
  readonly name: string
  readonly slug: string
  readonly description: string
}

export interface Destination {
  readonly id: string
  readonly name?: string
  readonly enabled: boolean
  readonly sourceId: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly metadata: Entry
  readonly credentialsStatus?: "ok" | "failed" | "untested"
  readonly credentialsMessage?: string | null
  readonly maxEventsPerSecond?: number | null
  readonly retryMode?: "normal" | "reduced"
}

/** `untested`: the entry has no test (DST-10). */
export interface AuthenticationTest {
  readonly status: "ok" | "failed" | "untested"
  readonly message?: string | null
}

export type MappingSettings = Readonly<Record<string, unknown>>

export interface Mapping {
  readonly id: string
  readonly name: string
  readonly actionId: string
  readonly actionSlug: string
  readonly destinationId: string
  readonly enabled: boolean
  readonly trigger: string
  readonly settings?: MappingSettings
  /** Keys of required fields that are not mapped (DST-82). */
  readonly missing?: ReadonlyArray<string>
}

export type FilterActionType = "DROP" | "SAMPLE" | "DROP_PROPERTIES" | "ALLOW_PROPERTIES"

export interface FilterAction {
  readonly type: FilterActionType
  readonly percent?: number
  readonly path?: string
  readonly fields?: Readonly<Record<string, ReadonlyArray<string>>>
}

export interface Filter {
  readonly id: string
  readonly sourceId: string
  readonly destinationId: string
  readonly title: string
  readonly description?: string
  readonly enabled: boolean
  readonly if: string
  readonly actions: ReadonlyArray<FilterAction>
}

/** A request that was made, and what came back. */
export interface Exchange {
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  readonly response?: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
  readonly error?: string
}

export interface TestedCall {
  /** Null: not saved, or a destination without mappings. */
  readonly subscriptionId: string | null
  readonly name: string
  readonly status: "delivered" | "failed"
  readonly code?: string
  readonly message?: string
  readonly exchanges: ReadonlyArray<Exchange>
}

export interface TestResult {
  readonly matched: number
  readonly message?: string
  readonly results: ReadonlyArray<TestedCall>
  readonly calls?: number
  /** As it was handed to the mappings. */
  readonly event?: unknown
}

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
