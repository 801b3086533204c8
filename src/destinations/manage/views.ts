/** What is sent to change destinations, and what is answered. Times are ms; secrets are masked (ADM-22). */
import type { FilterAction } from "../compiled.ts"
import type { ConditionGroup } from "./conditions.ts"

export interface DestinationView {
  readonly id: string
  /** Stands for it in counts and jobs. */
  readonly no: number
  readonly name: string
  readonly enabled: boolean
  readonly sourceId: string
  readonly metadataId: string
  /** Values of type password are bullets. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly connectionMode: "cloud" | "device"
  readonly maxEventsPerSecond: number | null
  /** Of the last test of the credentials (DST-10). */
  readonly credentialsStatus: "ok" | "failed" | "untested"
  readonly credentialsMessage: string | null
  /** Whether OAuth tokens are stored. */
  readonly connected: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewDestination {
  readonly sourceId: string
  readonly metadataId: string
  /** Default: that of the entry, numbered (DST-5). */
  readonly name?: string | undefined
  /** Default true (DST-4). */
  readonly enabled?: boolean | undefined
  readonly settings: Readonly<Record<string, unknown>>
  readonly connectionMode?: "cloud" | "device" | undefined
  readonly maxEventsPerSecond?: number | null | undefined
  /** "Quick set-up": the automatic presets become enabled mappings (DST-85). Default false. */
  readonly presets?: boolean | undefined
}

/** What is absent stays. */
export interface DestinationChanges {
  readonly name?: string | undefined
  readonly enabled?: boolean | undefined
  /** Merged key by key; null removes, bullets keep a secret. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  readonly connectionMode?: "cloud" | "device" | undefined
  readonly maxEventsPerSecond?: number | null | undefined
  /** Refused unless it is the source that it has (AC4-4). */
  readonly sourceId?: string | undefined
}

export interface CopySettings {
  /** Of the same entry. */
  readonly fromDestinationId: string
  /** Only when the person may write both (DST-7). */
  readonly secrets?: boolean | undefined
  readonly filters?: boolean | undefined
  readonly mappings?: boolean | undefined
}

export interface FilterView {
  readonly id: string
  readonly sourceId: string
  readonly destinationId: string
  readonly title: string
  readonly description: string | null
  readonly enabled: boolean
  readonly if: string
  readonly actions: ReadonlyArray<FilterAction>
  /** What a form shows; null: show it as text (DST-65). */
  readonly conditions: ConditionGroup | null
  /** Browsers cannot be told the statement (DST-23). */
  readonly cloudModeOnly: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewFilter {
  readonly title: string
  readonly description?: string | null | undefined
  readonly if: string
  /** Any letter case, older names too (DST-52). */
  readonly actions: unknown
  readonly enabled: boolean
  /** Refused unless it is the source of the destination. */
  readonly sourceId?: string | undefined
}

export type FilterChanges = { readonly [K in keyof Omit<NewFilter, "sourceId">]?: NewFilter[K] | undefined }

export interface MappingView {
  readonly id: string
  readonly name: string
  readonly actionId: string
  readonly actionSlug: string
  readonly destinationId: string
  readonly enabled: boolean
  readonly trigger: string
  /** What a form shows; null: show it as text (DST-86). */
  readonly triggerConditions: ConditionGroup | null
  readonly settings: Readonly<Record<string, unknown>>
  readonly modelId: string | null
  /** Keys of required fields that are not mapped; while there are some it cannot be enabled (DST-82). */
  readonly missing: ReadonlyArray<string>
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewMapping {
  /** Default: that of the preset or of the action. */
  readonly name?: string | undefined
  /** Id or slug. May be left out when a preset says it. */
  readonly action?: string | undefined
  /** Name of a preset of the entry. */
  readonly preset?: string | undefined
  /** Default: that of the preset, or of the action. */
  readonly trigger?: string | undefined
  /** Default: those of the preset, or the defaults of the fields. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  /** Default false (DST-82). */
  readonly enabled?: boolean | undefined
  readonly modelId?: string | null | undefined
}

export interface MappingChanges {
  readonly name?: string | undefined
  readonly trigger?: string | undefined
  /** Replaces them. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  readonly enabled?: boolean | undefined
}

export interface EncryptionView {
  readonly enabled: boolean
  readonly fields: ReadonlyArray<string>
  /** SPKI PEM. */
  readonly publicKey: string | null
  readonly keysGeneratedAt: number | null
}

export interface ConsentCategoryView {
  /** As in `context.consent.categoryPreferences`. */
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  /** Catalog entries: all their instances. */
  readonly metadataIds: ReadonlyArray<string>
  readonly createdAt: number
}

export interface ConsentCategoryChanges {
  readonly name?: string | undefined
  readonly enabled?: boolean | undefined
  readonly metadataIds?: ReadonlyArray<string> | undefined
}

/** What the schema of a source keeps from a destination (DST-45). */
export interface IntegrationFilter {
  readonly destinationId: string
  readonly type: "track" | "identify" | "group"
  /** Of Track only. */
  readonly name?: string | undefined
}
