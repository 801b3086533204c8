/** Destinations as everything that runs sees them: compiled, with their secrets in plain, in an immutable snapshot (DST-1, DST-34). */
import { Context, type Effect, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import type { CatalogEntry } from "../catalog/entry.ts"
import type { OAuthTokens } from "../catalog/runner.ts"

/** DST-54: in the order of execution. */
export interface FilterStep {
  readonly filterId: string
  /** `if`, as it was written. */
  readonly statement: string
  readonly type: "SAMPLE" | "DROP" | "DROP_PROPERTIES" | "ALLOW_PROPERTIES"
  /** Throws what the event cannot answer (DST-60). */
  readonly matches: (event: object) => boolean
  readonly percent?: number
  readonly path?: string
  readonly fields?: Readonly<Record<string, ReadonlyArray<string>>>
}

export interface Mapping {
  readonly id: string
  readonly name: string
  readonly actionSlug: string
  readonly enabled: boolean
  /** DST-86 to DST-88. */
  readonly trigger: string
  readonly fires: (event: object) => boolean
  /** Keys expanded (DST-91), as the runner takes them. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Undefined: one request an event (DST-100). */
  readonly batch: { readonly size: number; readonly keys: ReadonlyArray<string> } | undefined
}

export interface Encryption {
  /** SPKI PEM. */
  readonly publicKey: string
  /** Names of keys, matched exactly at any depth (DEL-82). */
  readonly fields: ReadonlySet<string>
}

export interface Destination {
  readonly id: string
  /** Small number that stands for it in tables; never reused. */
  readonly no: number
  readonly name: string
  readonly enabled: boolean
  readonly sourceId: string
  /** `Source.no` */
  readonly source: number
  readonly entry: CatalogEntry
  /** The catalog does not have its entry any more (`UNKNOWN_INTEGRATION`); `entry` stands for it and can do nothing. */
  readonly unknownEntry?: true
  readonly settings: Readonly<Record<string, unknown>>
  /** Names of required settings that are missing (stage 9). */
  readonly missingSettings: ReadonlyArray<string>
  readonly tokens: OAuthTokens | undefined
  readonly connectionMode: "cloud" | "device"
  /** DEL-6. */
  readonly maxEventsPerSecond: number | undefined
  readonly filters: ReadonlyArray<FilterStep>
  /** In the order in which they were made. */
  readonly mappings: ReadonlyArray<Mapping>
  /** Of the categories that its entry is mapped to (PRV-60). */
  readonly consentCategories: ReadonlyArray<string>
  /** Event types and names that the source's schema keeps from it (DST-45): `track\nName`, `identify`, `group`. */
  readonly schemaBlocks: ReadonlySet<string>
  readonly encryption: Encryption | undefined
  /** ms */
  readonly createdAt: number
}

export interface DestinationsSnapshot {
  readonly version: number
  readonly all: ReadonlyArray<Destination>
  readonly byId: ReadonlyMap<string, Destination>
  /** By `Source.no`; storage destinations included. */
  readonly bySource: ReadonlyMap<number, ReadonlyArray<Destination>>
}

/** The snapshot in force: swapped when the workspace changes. */
export class Destinations extends Context.Service<
  Destinations,
  {
    readonly current: () => DestinationsSnapshot
    readonly refresh: Effect.Effect<void, SqlError.SqlError>
    readonly onChange: (listener: (snapshot: DestinationsSnapshot) => void) => Effect.Effect<void, never, Scope.Scope>
    /** Stores tokens that were refreshed, before they are used again (DEL-12). */
    readonly storeTokens: (id: string, tokens: OAuthTokens) => Effect.Effect<void, SqlError.SqlError>
  }
>()("braid/destinations/Destinations") {}
