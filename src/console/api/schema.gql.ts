// Made by scripts/console-operations.mjs from the schema; not to be edited.

export type Action = "CREATE" | "ADD" | "NONE" | "MERGE" | "UNRESOLVED" | "DROPPED" | "ERASED"

export type ApplyMode = "RULES_ONLY" | "REBUILD"

export interface AuditFilter {
  readonly actor?: string | null | undefined
  readonly actions?: ReadonlyArray<string> | null | undefined
  readonly range?: TimeRange | null | undefined
  readonly object?: string | null | undefined
}

export interface BlockedValueInput {
  readonly kind: string
  readonly value: string
}

export type ClusterChange = "UNCHANGED" | "MERGED" | "SPLIT" | "REGROUPED" | "APPEARED" | "VANISHED"

export type Collection = "USERS" | "ACCOUNTS"

export type ErrorKind = "NO_MATCHING_IDENTIFIERS" | "INTERNAL_RESOLUTION_FAILURE"

export type EventStatus = "ACCEPTED" | "DUPLICATE" | "DISCARDED" | "BLOCKED"

export type EventType = "IDENTIFY" | "TRACK" | "PAGE" | "SCREEN" | "GROUP" | "ALIAS"

export interface ExternalIdInput {
  readonly type: string
  readonly id: string
}

export type HistoryKind =
  | "CREATED"
  | "IDENTIFIER_MAPPED"
  | "DEMOTED"
  | "VIOLATION"
  | "MERGED"
  | "SPLIT"
  | "UNMERGED"
  | "IDENTIFIER_REMOVED"
  | "SEPARATED"
  | "LIFTED"

export interface IdentifierRuleInput {
  readonly type: string
  readonly collection?: Collection | null | undefined
  readonly rank?: number | null | undefined
  readonly limit: number
  readonly window: Window
  readonly blocked?: ReadonlyArray<BlockedValueInput> | null | undefined
  readonly enabled?: boolean | null | undefined
  readonly matchKeys?: ReadonlyArray<string> | null | undefined
  readonly locations?: ReadonlyArray<string> | null | undefined
}

export interface InsightFilter {
  readonly externalId?: ExternalIdInput | null | undefined
  readonly idType?: string | null | undefined
  readonly range?: TimeRange | null | undefined
  readonly errors?: ReadonlyArray<ErrorKind> | null | undefined
  readonly violations?: ReadonlyArray<ViolationKind> | null | undefined
  readonly successes?: ReadonlyArray<SuccessKind> | null | undefined
  readonly eventTypes?: ReadonlyArray<EventType> | null | undefined
  readonly eventName?: string | null | undefined
  readonly sourceIds?: ReadonlyArray<string> | null | undefined
  readonly segmentId?: string | null | undefined
}

export interface LiveEventFilter {
  readonly sourceIds?: ReadonlyArray<string> | null | undefined
  readonly statuses?: ReadonlyArray<EventStatus> | null | undefined
  readonly types?: ReadonlyArray<EventType> | null | undefined
  readonly events?: ReadonlyArray<string> | null | undefined
  readonly messageId?: string | null | undefined
  readonly text?: string | null | undefined
}

export interface ProfileFilter {
  readonly externalId?: ExternalIdInput | null | undefined
  readonly text?: string | null | undefined
  readonly traitKey?: string | null | undefined
  readonly traitEquals?: unknown | null | undefined
  readonly updated?: TimeRange | null | undefined
  readonly anonymousOnly?: boolean | null | undefined
}

export interface ProfileRef {
  readonly segmentId?: string | null | undefined
  readonly externalId?: ExternalIdInput | null | undefined
}

export type RebuildKind = "APPLY" | "ROLLBACK"

export type RebuildState = "QUEUED" | "RUNNING" | "DONE" | "FAILED" | "CANCELLING" | "CANCELLED"

export interface RulesInput {
  readonly autoAddIdentifiers?: boolean | null | undefined
  readonly readmitDemoted?: boolean | null | undefined
  readonly blockJunk?: boolean | null | undefined
  readonly spaceBlocked?: ReadonlyArray<BlockedValueInput> | null | undefined
  readonly identifiers: ReadonlyArray<IdentifierRuleInput>
}

export type RunState = "QUEUED" | "RUNNING" | "DONE" | "FAILED" | "CANCELLED" | "APPLIED" | "EXPIRED"

export type SchemaType = "TRACK" | "IDENTIFY" | "GROUP"

export type SearchClass =
  | "SEGMENT_ID"
  | "WRITE_KEY"
  | "IDENTIFIER"
  | "MESSAGE_ID"
  | "OBJECT_ID"
  | "REQUEST_ID"
  | "WORDS"

export type SearchHitKind = "PROFILE" | "EVENT" | "SOURCE" | "SPACE" | "AUDIT_ENTRY" | "MERGE" | "WHAT_IF_RUN" | "TOKEN"

export type SearchMatch = "ID" | "MERGED_ID" | "HOLDS_IDENTIFIER" | "HAS_TRAIT" | "WRITE_KEY" | "NAME"

export interface SplitInput {
  readonly profile: string
  readonly identifiers: ReadonlyArray<ExternalIdInput>
  readonly keepApart?: boolean | null | undefined
}

export type StepKind =
  | "DROP_CHECK"
  | "FILTER"
  | "EXTRACT"
  | "IGNORE"
  | "AUTO_ADD"
  | "BLOCK"
  | "RANK"
  | "LOOKUP"
  | "CANDIDATE"
  | "LIMIT_CHECK"
  | "BREACH"
  | "DEMOTE"
  | "READMIT"
  | "SYSTEM_LIMIT"
  | "DECIDE"
  | "WOULD_WRITE"

export type StitchMode = "NEW" | "MATCHED" | "OUT"

export type StopKind = "ACCEPTED" | "DUPLICATE" | "DISCARDED" | "DROPPED" | "RESOLVED" | "WAITING"

export type SuccessKind =
  | "PROFILE_CREATED"
  | "IDENTIFIER_MAPPED"
  | "PROFILES_MERGED"
  | "PROFILE_SPLIT"
  | "IDENTIFIER_REMOVED"
  | "LINK_CREATED"

export type ThreadColumnKind = "CREATE" | "ADD" | "MERGE" | "NONE" | "OPERATION"

export interface TimeRange {
  readonly from?: string | null | undefined
  readonly to?: string | null | undefined
}

export type TraitClass = "CUSTOM" | "COMPUTED_TRAIT" | "SQL_TRAIT" | "AUDIENCE"

export type ViolationKind =
  | "IDENTIFIER_LIMIT"
  | "IDENTIFIER_TIME_LIMIT"
  | "ID_VALUE_BLOCKED"
  | "PROFILE_MERGE_LIMIT"
  | "IDENTIFIER_MAPPING_LIMIT"
  | "PROFILES_KEPT_APART"
  | "LEGACY_UNIQUE"
  | "LEGACY_LIMIT"

export interface WhatIfScope {
  readonly from?: string | null | undefined
  readonly to?: string | null | undefined
  readonly sources?: ReadonlyArray<string> | null | undefined
  readonly identifiers?: ReadonlyArray<ExternalIdInput> | null | undefined
  readonly profiles?: ReadonlyArray<string> | null | undefined
}

export type Window = "EVER" | "ANNUALLY" | "MONTHLY" | "WEEKLY" | "DAILY"
