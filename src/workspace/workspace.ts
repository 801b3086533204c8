/**
 * The configuration everything else reads: an immutable snapshot, swapped whole when the configuration
 * changes. Hot paths read the snapshot and never query configuration per event.
 *
 * The truth is in Postgres (`schema.ts`); what changes it is the configuration file (`apply-file.ts`) and people
 * through the API (`management.ts`). What another process changes is seen here within five seconds.
 */
import { Context, Data, type Effect, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import type { OAuthApplication } from "./oauth-token.ts"
import type { RulesDocument } from "./rules.ts"
import type { SourceBlocks } from "./source-blocks.ts"

/** Kinds of ING-112, in the order of that table. */
export const sourceKinds = [
  "website",
  "mobile",
  "server",
  "http",
  "pixel",
  "event_cloud",
  "object_cloud",
  "function",
  "reverse_etl"
] as const
export type SourceKind = (typeof sourceKinds)[number]

export interface Source {
  /** Small number that stands for the source in the log and the profile store; given once, never reused. */
  readonly no: number
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly kind: SourceKind
  readonly writeKeys: ReadonlyArray<string>
  readonly enabled: boolean
  /** `key:value` each (IDR-10); absent = none. */
  readonly labels?: ReadonlyArray<string>
  /** Absent = none. */
  readonly settings?: SourceSettings
  /** What its schema keeps out (ING-134); absent = nothing. */
  readonly blocks?: SourceBlocks
  /** The application that it is connected to (ING-144), and whether requests need a token of it; absent = none. */
  readonly oauth?: { readonly application: string; readonly enabled: boolean }
}

/** Settings of one source; members that Braid does not know are kept for whoever wrote them. */
export interface SourceSettings {
  readonly [key: string]: unknown
}

/** A filter of a space (IDR-14), ready to be asked. */
export interface EventFilter {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  /** Undefined: it could not be evaluated on this event, which is then not dropped. Never throws. */
  readonly matches: (event: object) => boolean | undefined
}

/** That a source is connected to a space. */
export interface Connection {
  /** A source that is disconnected and connected again has another. */
  readonly no: number
  /** `Source.no` */
  readonly source: number
  /** ms; or when a replay was asked for since. */
  readonly connectedAt: number
  /** Events received in so many days before are replayed (IDR-12); 0 = none. */
  readonly replayDays: number
  readonly replayMode: ReplayMode
}

/** What a replay does with events that the space has resolved (IDR-133): leaves them out, or resolves them under the rules of now. */
export const replayModes = ["skip_resolved", "re_resolve"] as const
export type ReplayMode = (typeof replayModes)[number]

/** What is replayed unless the request says otherwise (IDR-12). */
export const defaultReplayDays = 30

export interface Space {
  /** `spa_` + 22 base62 characters (IDR-3). */
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly kind: "dev" | "prod"
  /** Connected sources. */
  readonly sources: ReadonlyArray<Source>
  readonly rules: RulesDocument
  /** An event that matches an enabled one never reaches the space (IDR-14); absent = none. */
  readonly filters?: ReadonlyArray<EventFilter>
  /** Absent: nothing is known of them but `sources`, of which everything is read that the log has. */
  readonly connections?: ReadonlyArray<Connection>
}

/**
 * `admin`: everything in its own space. `workspace:admin`: everything in every space, and making spaces and labels. `pii:masked`
 * allows nothing: whatever else the token may do, it does without PII access (ADM-45).
 */
export const tokenScopes = [
  "profiles:read",
  "identifiers:delete",
  "insights:read",
  "admin",
  "workspace:admin",
  "pii:masked"
] as const
export type TokenScope = (typeof tokenScopes)[number]

export interface AccessToken {
  /** `tok_` + 22 base62 characters. */
  readonly id: string
  readonly name: string
  /** Null: of the whole workspace; only with the scope `workspace:admin`. */
  readonly spaceId: string | null
  readonly scopes: ReadonlySet<TokenScope>
}

/** Per second; 0 = off (ING-34, IDR-15, PRO-6). */
export interface Limits {
  readonly requestsPerSecond: number
  readonly messagesPerSecond: number
  readonly spaceEventsPerSecond: number
  readonly profileApiPerSecond: number
}

export interface WorkspaceSnapshot {
  readonly sources: ReadonlyArray<Source>
  readonly sourceByNo: ReadonlyMap<number, Source>
  readonly sourceByWriteKey: ReadonlyMap<string, Source>
  readonly spaces: ReadonlyArray<Space>
  readonly spaceById: ReadonlyMap<string, Space>
  /** By lower-case hex SHA-256 of the secret (PRO-4). */
  readonly tokenByHash: ReadonlyMap<string, AccessToken>
  readonly limits: Limits
  /** Absent = none. */
  readonly oauth?: OAuthSnapshot
}

/** What tokens of OAuth applications are judged by (ING-150). */
export interface OAuthSnapshot {
  readonly applications: ReadonlyMap<string, OAuthApplication>
  /** Public keys (PEM) that access tokens are signed with, by key id. */
  readonly signingKeys: ReadonlyMap<string, string>
  /** `jti` of revoked tokens that have not expired. */
  readonly revoked: ReadonlySet<string>
}

/** The configuration file does not say what it must; `path` is the wrong member, e.g. `spaces[0].rules.identifiers[2].limit`. */
export class ConfigFileInvalid extends Data.TaggedError("ConfigFileInvalid")<{
  readonly file: string
  readonly problems: ReadonlyArray<{ readonly path: string; readonly expected: string }>
}> {
  override get message() {
    return [
      `The configuration file ${this.file} was refused:`,
      ...this.problems.map((p) => `  ${p.path === "" ? "(the whole file)" : p.path}: ${p.expected}`),
      "Correct it and start again (or send SIGHUP when Braid is running: it keeps the last good configuration meanwhile)."
    ].join("\n")
  }
}

export class Workspace extends Context.Service<
  Workspace,
  {
    readonly current: () => WorkspaceSnapshot
    /** Reads the file again; on failure the current snapshot stays in force. */
    readonly reload: Effect.Effect<void, ConfigFileInvalid>
    /** Takes over what was committed to the database before this call; a change of the own process is seen at once. */
    readonly refresh: Effect.Effect<void, SqlError.SqlError>
    /** Called after each swap; removed with the scope. */
    readonly onChange: (listener: (snapshot: WorkspaceSnapshot) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("braid/workspace/Workspace") {}
