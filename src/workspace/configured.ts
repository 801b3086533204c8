/** What a configuration declares, decoded: from a file (`config-file.ts`) or from the database (`stored.ts`). */
import type { Problem } from "./decode.ts"
import type { OAuthApplication, OAuthScope } from "./oauth-token.ts"
import type { RulesDocument } from "./rules.ts"
import type { BlockedNames } from "./source-blocks.ts"
import type { Connection, EventFilter, Limits, OAuthSnapshot, Source, SourceKind, TokenScope } from "./workspace.ts"

export interface ConfiguredSource extends Omit<Source, "no"> {
  /** As the file has it; undefined: the file leaves it to people. */
  readonly blocked?: BlockedNames
}

export interface ConfiguredApplication extends Omit<OAuthApplication, "scopes"> {
  readonly scopes: ReadonlyArray<OAuthScope>
}

export interface ConfiguredLabel {
  readonly label: string
  readonly description: string | null
}

/** An event filter of a space as a file has it; it is told apart by its name. */
export interface ConfiguredFilter {
  readonly name: string
  readonly fql: string
  readonly enabled: boolean
}

export interface ConfiguredSpace {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly kind: "dev" | "prod"
  /** Slugs of the connected sources. */
  readonly sources: ReadonlyArray<string>
  readonly rules: RulesDocument
  /** The rules as the file has them, without defaults. */
  readonly rulesAsWritten?: string
  /** Labels that its sources must carry (IDR-9), as the file has them; undefined: the file leaves them to people. */
  readonly policy?: ReadonlyArray<string>
  /** As the file has them; undefined: the file leaves them to people. */
  readonly declaredFilters?: ReadonlyArray<ConfiguredFilter>
  /** Only what comes from the database has filters that can be asked. */
  readonly filters?: ReadonlyArray<EventFilter>
  /** Only what comes from the database tells when each was connected. */
  readonly connections?: ReadonlyArray<Omit<Connection, "source"> & { readonly source: string }>
}

export interface ConfiguredToken {
  /** Given by the database. */
  readonly id?: string
  readonly name: string
  /** Slug; null = of the whole workspace. */
  readonly space: string | null
  readonly hash: string
  readonly scopes: ReadonlySet<TokenScope>
}

export interface Configuration {
  readonly sources: ReadonlyArray<ConfiguredSource>
  readonly spaces: ReadonlyArray<ConfiguredSpace>
  readonly tokens: ReadonlyArray<ConfiguredToken>
  readonly limits: Limits
  readonly labels?: ReadonlyArray<ConfiguredLabel>
  readonly applications?: ReadonlyArray<ConfiguredApplication>
  /** Only what comes from the database has it. */
  readonly oauth?: OAuthSnapshot
}

export type Decoded =
  | { readonly configuration: Configuration; readonly problems?: undefined }
  | { readonly problems: ReadonlyArray<Problem>; readonly configuration?: undefined }

/** ING-34, IDR-15, PRO-6. */
export const defaultLimits: Limits = {
  requestsPerSecond: 1000,
  messagesPerSecond: 1000,
  spaceEventsPerSecond: 1000,
  profileApiPerSecond: 100
}

/** Everything else gets its events through a third party's credential, its own URL or a schedule (ING-19, ING-112). */
export const kindsWithWriteKey: ReadonlySet<SourceKind> = new Set(["website", "mobile", "server", "http", "pixel"])

export const sourceSlug = /^[a-z0-9][a-z0-9_-]{0,63}$/
