/**
 * One description of a run for every executor, so that the same sequences go through the pure core and through
 * the real service: steps in, final state out. State speaks of segment ids only, never of positions, because
 * those differ between executors.
 */
import type { Message } from "../../../src/event/message.ts"
import type { Identifier, Resolution } from "../../../src/identity/model.ts"
import type { Collection, RulesDocument } from "../../../src/workspace/rules.ts"

export type Step =
  | { readonly kind: "event"; readonly message: Message }
  /** From here on other rules are in force (IDR-156). */
  | { readonly kind: "rules"; readonly document: RulesDocument }

export interface Run {
  readonly spaceId: string
  readonly rules: RulesDocument
  readonly maxMerges: number
  readonly maxMappings: number
  readonly steps: ReadonlyArray<Step>
}

/** A profile ever created; `canonical` is itself unless it was merged away. */
export interface ProfileState {
  readonly segmentId: string
  readonly collection: Collection
  readonly canonical: string
}

export interface IdentifierState extends Identifier {
  readonly profile: string
  readonly origin: string
  readonly addedAt: number
}

export interface EventState {
  readonly messageId: string
  readonly outcome: "resolved" | "unresolved" | "dropped" | "duplicate"
  /** Segment ids that the event was stamped with. */
  readonly users: string | null
  readonly accounts: string | null
  /** Only where the executor is the pure core. */
  readonly resolution?: Resolution
}

export interface State {
  /** In order of creation. */
  readonly profiles: ReadonlyArray<ProfileState>
  /** By collection, type and value. */
  readonly identifiers: ReadonlyArray<IdentifierState>
  /** Active merges, in order. */
  readonly merges: ReadonlyArray<{ readonly from: string; readonly into: string }>
  /** Canonical ends, distinct. */
  readonly links: ReadonlyArray<{ readonly user: string; readonly account: string }>
  /** Traits of canonical profiles that have any. */
  readonly traits: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly events: ReadonlyArray<EventState>
}

export const r0 = { maxMerges: 100, maxMappings: 1000, spaceId: "spa_0123456789abcdefghijkl" } as const

export const eventsOf = (run: Run): ReadonlyArray<Message> =>
  run.steps.flatMap((step) => (step.kind === "event" ? [step.message] : []))
