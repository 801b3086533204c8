// Made by scripts/console-operations.mjs from the schema; not to be edited.

export type EventType = "IDENTIFY" | "TRACK" | "PAGE" | "SCREEN" | "GROUP" | "ALIAS"

export interface ExternalIdInput {
  readonly type: string
  readonly id: string
}

export interface ProfileRef {
  readonly segmentId?: string | null | undefined
  readonly externalId?: ExternalIdInput | null | undefined
}
