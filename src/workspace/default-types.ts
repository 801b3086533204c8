/**
 * The identifier types that Braid knows by itself (IDR-30): which population they belong to, where they may be
 * read, and under which key of `traits`, `context.traits` and `properties`.
 */
import type { BlockedValue, Collection, Location } from "./rules.ts"

export interface DefaultType {
  readonly collection: Collection
  readonly locations: ReadonlyArray<Location>
  /** Key as configured; absent for types that are not read by key. */
  readonly key?: string
  /** Not in a new space and never added automatically (IDR-37). */
  readonly legacy?: true
}

const device = { collection: "users", locations: ["context.device", "externalIds"] } satisfies DefaultType

/** In the order of the table of IDR-30. */
export const defaultTypes: ReadonlyMap<string, DefaultType> = new Map<string, DefaultType>([
  ["user_id", { collection: "users", locations: ["userId", "externalIds"] }],
  [
    "email",
    { collection: "users", locations: ["traits", "context.traits", "properties", "externalIds"], key: "email" }
  ],
  ["android.id", device],
  ["android.idfa", device],
  ["android.push_token", device],
  ["anonymous_id", { collection: "users", locations: ["anonymousId", "externalIds"] }],
  ["ga_client_id", { collection: "users", locations: ["context.integrations", "integrations", "externalIds"] }],
  ["group_id", { collection: "accounts", locations: ["groupId", "context.groupId", "externalIds"] }],
  ["ios.id", device],
  ["ios.idfa", device],
  ["ios.push_token", device],
  ["braze_id", { collection: "users", locations: ["context.Braze", "externalIds"], legacy: true }],
  [
    "cross_domain_id",
    { collection: "users", locations: ["traits", "context.traits", "externalIds"], key: "crossDomainId", legacy: true }
  ]
])

/** Where a type that an admin made may be read (IDR-31). */
export const customLocations: ReadonlyArray<Location> = ["traits", "context.traits", "properties", "externalIds"]

/** Values known to merge strangers, blocked for every type unless the admin says otherwise (IDR-52). */
export const suggestedBlocked: ReadonlyArray<BlockedValue> = [
  { kind: "pattern", value: "^[0-]*$" },
  { kind: "exact", value: "-1" },
  { kind: "exact", value: "null" },
  { kind: "exact", value: "anonymous" }
]

/** IDR-61. */
export const defaultLimit = (type: string): number => (type === "user_id" ? 1 : 5)
