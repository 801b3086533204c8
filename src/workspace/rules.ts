/** The identity rules of a space as people write them (IDR-158), with every default filled in. */

export const windows = ["ever", "annually", "monthly", "weekly", "daily"] as const
export type Window = (typeof windows)[number]
export type Collection = "users" | "accounts"

/** Where a value may be read from (IDR-158). */
export const locations = [
  "userId",
  "anonymousId",
  "groupId",
  "context.groupId",
  "traits",
  "context.traits",
  "properties",
  "context.device",
  "context.integrations",
  "integrations",
  "context.Braze",
  "externalIds"
] as const
export type Location = (typeof locations)[number]

export interface BlockedValue {
  readonly kind: "exact" | "pattern"
  readonly value: string
}

export interface IdentifierRule {
  readonly type: string
  readonly collection: Collection
  readonly origin: "default" | "custom" | "auto"
  /** null = after the explicit ranks, by type name (IDR-71). */
  readonly rank: number | null
  readonly limit: number
  readonly window: Window
  readonly enabled: boolean
  readonly locations: ReadonlyArray<Location>
  readonly matchKeys: ReadonlyArray<string>
  readonly blocked: ReadonlyArray<BlockedValue>
}

export interface RulesDocument {
  readonly autoAddIdentifiers: boolean
  readonly readmitDemoted: boolean
  readonly blockJunk: boolean
  readonly spaceBlocked: ReadonlyArray<BlockedValue>
  readonly identifiers: ReadonlyArray<IdentifierRule>
}
