/**
 * Executing what the catalog lists: one port, whoever executes - Segment's package in its worker process, or a built-in of ours.
 * Nothing here throws for what a destination did: that is an `Outcome`. Only the way to the executor can fail (`RunnerUnavailable`).
 */
import { Context, Data, type Effect } from "effect"
import type { CatalogEntry } from "./entry.ts"

export interface OAuthTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

export interface Target {
  readonly metadataId: string
  /** With its secrets, in plain. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly tokens?: OAuthTokens | undefined
  /** Id of the destination: refreshes of one instance are done one after the other, and once for all its calls (DEL-12). */
  readonly instance?: string | undefined
  /** The operator's OAuth application for this entry (DST-10). */
  readonly application?: { readonly clientId: string; readonly clientSecret: string } | undefined
  /** Run between a refresh and the repeated request, so that a rotated refresh token cannot be lost (DEL-12). */
  readonly onRefresh?: ((tokens: OAuthTokens) => Effect.Effect<void>) | undefined
}

export interface ActionCall extends Target {
  /** Undefined for classic destinations. */
  readonly actionSlug?: string | undefined
  /** The settings of the mapping (DST-81); undefined for classic destinations. */
  readonly mapping?: Readonly<Record<string, unknown>> | undefined
  /** As JSON texts: parsed where they are needed. More than one only in a batch. */
  readonly events: ReadonlyArray<string>
  /** Whether the batch form of the action is called. */
  readonly batch: boolean
  /** Keeps requests and responses also of what succeeded (testers). */
  readonly recordAll?: boolean
}

/** What became of one event of a call. Codes are those of DEL-3 and DEL-40. */
export type Outcome =
  | { readonly kind: "delivered" }
  | {
      readonly kind: "failed"
      readonly code: string
      readonly message: string
      readonly retry: boolean
      /** What the destination asked for (DEL-6), ms from now. */
      readonly retryAfterMs?: number | undefined
    }

/** A request that was made and what came back; secrets are masked already, bodies cut at 64 KiB (DEL-23). */
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
  /** Instead of a response. */
  readonly error?: string
}

export interface CallResult {
  /** One for each event, in order. */
  readonly outcomes: ReadonlyArray<Outcome>
  readonly exchanges: ReadonlyArray<Exchange>
  /** Tokens that were refreshed on the way: to be stored before anything else (DEL-12). */
  readonly refreshed?: OAuthTokens | undefined
}

export interface FieldChoices {
  readonly choices: ReadonlyArray<{ readonly label: string; readonly value: string; readonly description?: string }>
  readonly nextPage?: string
  readonly error?: string
}

/** The executor is not there, or did not answer in time; nothing is known of the call. Retryable. */
export class RunnerUnavailable extends Data.TaggedError("RunnerUnavailable")<{ readonly reason: string }> {
  override get message() {
    return `The destination could not be executed: ${this.reason}. Braid starts its worker again and retries.`
  }
}

export class DestinationRunner extends Context.Service<
  DestinationRunner,
  {
    readonly call: (call: ActionCall) => Effect.Effect<CallResult, RunnerUnavailable>
    /** DST-10. Undefined: the entry has no test. */
    readonly testAuthentication: (
      target: Target
    ) => Effect.Effect<{ readonly ok: boolean; readonly message: string } | undefined, RunnerUnavailable>
    /** DST-96. */
    readonly choices: (
      target: Target,
      field: {
        readonly actionSlug: string
        readonly key: string
        readonly payload: unknown
        readonly page: string | undefined
      }
    ) => Effect.Effect<FieldChoices, RunnerUnavailable>
    /** DST-96: what `onMappingSave` answers, to be stored in the mapping. */
    readonly hook: (
      target: Target,
      hook: {
        readonly actionSlug: string
        readonly name: string
        readonly payload: unknown
        readonly inputs: Readonly<Record<string, unknown>>
      }
    ) => Effect.Effect<
      { readonly outputs: Readonly<Record<string, unknown>> } | { readonly error: string },
      RunnerUnavailable
    >
    /** PRV-8. */
    readonly deleteUser: (
      target: Target,
      user: { readonly userId: string; readonly anonymousId?: string | undefined }
    ) => Effect.Effect<Outcome, RunnerUnavailable>
  }
>()("braid/catalog/DestinationRunner") {}

/** Every entry; loaded when it is first asked for. */
export class Catalog extends Context.Service<
  Catalog,
  {
    readonly entries: Effect.Effect<ReadonlyArray<CatalogEntry>>
    readonly find: (metadataId: string) => Effect.Effect<CatalogEntry | undefined>
    /** What is wrong with settings, and the settings as they are stored: coerced, unknown keys removed (DST-9). */
    readonly checkSettings: (
      entry: CatalogEntry,
      settings: Readonly<Record<string, unknown>>
    ) => {
      readonly settings: Readonly<Record<string, unknown>>
      readonly problems: ReadonlyArray<{ readonly field: string; readonly message: string }>
    }
  }
>()("braid/catalog/Catalog") {}
