/**
 * What the service and its worker say to each other: arrays of messages, so that what is asked for within one turn of the event loop
 * travels together. Settings and mappings hardly change: they are sent once, and named by number afterwards.
 */
import type { CallResult, FieldChoices, OAuthTokens, Outcome } from "../runner.ts"

type Values = Readonly<Record<string, unknown>>

/** A target as a message names it. */
export interface SentTarget {
  readonly metadataId: string
  /** Of a `keep` message. */
  readonly settings: number
  readonly tokens: OAuthTokens | undefined
  readonly instance: string | undefined
  readonly application: { readonly clientId: string; readonly clientSecret: string } | undefined
  /** Whether refreshed tokens are to be stored before the request is repeated. */
  readonly stores: boolean
}

export type Question =
  | {
      readonly kind: "call"
      readonly target: SentTarget
      readonly actionSlug: string
      /** Of a `keep` message. */
      readonly mapping: number
      readonly events: ReadonlyArray<string>
      readonly batch: boolean
      readonly recordAll: boolean
    }
  | { readonly kind: "test"; readonly target: SentTarget }
  | {
      readonly kind: "choices"
      readonly target: SentTarget
      readonly field: {
        readonly actionSlug: string
        readonly key: string
        readonly payload: unknown
        readonly page: string | undefined
      }
    }
  | {
      readonly kind: "hook"
      readonly target: SentTarget
      readonly hook: {
        readonly actionSlug: string
        readonly name: string
        readonly payload: unknown
        readonly inputs: Values
      }
    }
  | {
      readonly kind: "delete"
      readonly target: SentTarget
      readonly user: { readonly userId: string; readonly anonymousId?: string | undefined }
    }

/** What each question is answered with. */
export interface Answers {
  readonly call: CallResult
  readonly test: { readonly ok: boolean; readonly message: string } | undefined
  readonly choices: FieldChoices
  readonly hook: { readonly outputs: Values } | { readonly error: string }
  readonly delete: Outcome
}

export type ToWorker =
  | { readonly say: "begin"; readonly allow: ReadonlyArray<string>; readonly aliveMs: number }
  | { readonly say: "keep"; readonly no: number; readonly value: Values }
  /** Numbers begin again. */
  | { readonly say: "forget" }
  | { readonly say: "ask"; readonly id: number; readonly question: Question; readonly ms: number }
  | { readonly say: "cancel"; readonly id: number }
  | { readonly say: "stored"; readonly id: number }

export type FromWorker =
  | { readonly say: "ready" }
  /** Every `aliveMs` while it has something to do: its event loop turns. */
  | { readonly say: "alive" }
  | { readonly say: "answer"; readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly say: "store"; readonly id: number; readonly tokens: OAuthTokens }

/** To the end of a question, whatever it does (DEL-4). The service waits a little longer, then ends the worker. */
export const deadlineMs = (question: Question): number => {
  if (question.kind === "choices") return 10_000
  return question.kind === "call" && question.events.length >= 1_000 ? 300_000 : 60_000
}
