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
  readonly supportedFeatures: {
    readonly cloudModeInstances?: string
    readonly deviceModeInstances?: string
    readonly replay?: boolean
  }
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

export const oauthScopes = ["tracking_api:write", "functions:write", "public_api:read_write"] as const
export type OAuthScope = (typeof oauthScopes)[number]

/** ING-142. */
export interface OAuthApplication {
  readonly id: string
  readonly name: string
  readonly tokenSeconds: number
  readonly scopes: ReadonlyArray<OAuthScope>
  readonly keys: ReadonlyArray<{
    readonly id: string
    readonly name: string
    readonly publicKey: string
    readonly createdAt: string
  }>
  /** Ids of the connected ones. */
  readonly sources: ReadonlyArray<string>
  readonly createdAt: string
  readonly createdBy: string
}

/** PRV-60: what a person can agree to, and the entries of the catalog that need it. */
export interface ConsentCategory {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly metadataIds: ReadonlyArray<string>
}

/** Fields that are encrypted before a destination gets them (DEL-80). */
export interface FieldEncryption {
  readonly enabled: boolean
  readonly fields: ReadonlyArray<string>
  readonly publicKey: string | null
  readonly keysGeneratedAt: string | null
}

/** DST-26. */
export type ConnectionMode = "cloud" | "device"

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
  readonly connectionMode: ConnectionMode
  readonly settings: Readonly<Record<string, unknown>>
  readonly metadata: Entry
  readonly credentialsStatus?: "ok" | "failed" | "untested"
  readonly credentialsMessage?: string | null
  readonly maxEventsPerSecond?: number | null
  /** Whether OAuth tokens are stored. */
  readonly connected?: boolean
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
  /** Libraries on devices cannot be told it (DST-23). */
  readonly cloudModeOnly: boolean
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
