/**
 * An explanation: how one event is resolved, step by step (IDR-180). Every step has a sentence for people and the same
 * as data for machines; names in `data` are those of the resolution record (IDR-140).
 */
import type { Window } from "../../workspace/rules.ts"
import type { Breach, Identifier, SkipCause } from "../model.ts"
import type { Insight } from "./insights.ts"

/** In the order in which they occur; FILTER comes first because filters are asked before anything is dropped. */
export const stepKinds = [
  "FILTER",
  "DROP_CHECK",
  "EXTRACT",
  "IGNORE",
  "AUTO_ADD",
  "BLOCK",
  "RANK",
  "LOOKUP",
  "CANDIDATE",
  "LIMIT_CHECK",
  "BREACH",
  "DEMOTE",
  "READMIT",
  "SYSTEM_LIMIT",
  "DECIDE",
  "WOULD_WRITE"
] as const
export type StepKind = (typeof stepKinds)[number]

export interface IdentifierData {
  readonly collection: Identifier["collection"]
  readonly type: string
  readonly id: string
}

/** Values of one type on a profile, as far as they count at the time of the event. */
export interface TypeCount {
  readonly type: string
  readonly count: number
  readonly limit: number
  readonly window: Window
}

/** A type on the profile that would result. `most`: the most that one of the matched profiles has (IDR-65). */
export interface CheckedCount extends TypeCount {
  readonly most: number
}

type Collection = Identifier["collection"]

/** What the event would change; for a past event, what it changed. */
export type WriteData =
  | {
      readonly write: "types"
      readonly types: ReadonlyArray<{ readonly type: string; readonly collection: Collection }>
    }
  | { readonly write: "profile"; readonly collection: Collection; readonly segment_id: string }
  | { readonly write: "merge"; readonly id: string; readonly from: string; readonly into: string }
  | { readonly write: "mapping"; readonly identifier: IdentifierData; readonly segment_id: string }
  | {
      readonly write: "traits"
      readonly segment_id: string
      readonly set: ReadonlyArray<string>
      readonly removed: ReadonlyArray<string>
      /** A newer write, or one with the same value, is there already. */
      readonly kept: ReadonlyArray<string>
      /** The profile has as many traits as it may. */
      readonly left_out: ReadonlyArray<string>
    }
  | { readonly write: "link"; readonly segment_id: string; readonly account: string }
  | {
      readonly write: "event"
      /** Profile and account whose history it joins; none: it is stored without a profile. */
      readonly segment_ids: ReadonlyArray<string>
      readonly external_ids: ReadonlyArray<IdentifierData>
    }
  | {
      readonly write: "violation"
      readonly id: string
      readonly kind: string
      readonly identifier: IdentifierData | null
    }
  | { readonly write: "successes"; readonly kinds: ReadonlyArray<string> }
  | {
      readonly write: "counts"
      readonly segment_id: string
      readonly counts: ReadonlyArray<TypeCount>
      readonly identifiers: number
    }

export interface StepData {
  readonly FILTER: {
    readonly id: string
    readonly name: string
    readonly answer: "matches" | "does_not_match" | "not_evaluated"
  }
  /** `check`: the Tracking API, the connection of the source, the drops of IDR-20, the ledger of IDR-132, the deletion of people (IDR-162). */
  readonly DROP_CHECK: {
    readonly check: "door" | "source" | "content" | "ledger" | "deletion"
    readonly dropped: boolean
    readonly reason: string | null
  }
  /** Null: the event carries nothing that could be one. */
  readonly EXTRACT: {
    readonly identifier: IdentifierData | null
    readonly from: string | null
    readonly index: number | null
    readonly rank: number | null
  }
  readonly IGNORE: {
    readonly collection: Collection | null
    readonly type: string | null
    readonly from: string
    readonly reason: string
  }
  readonly AUTO_ADD: {
    readonly type: string
    readonly collection: Collection
    readonly rank: number | null
    readonly limit: number | null
    readonly window: Window | null
  }
  /** `list`: whose list has the value; null for a past event. */
  readonly BLOCK: { readonly identifier: IdentifierData; readonly list: "type" | "space" | "junk" | null }
  readonly RANK: {
    readonly collection: Collection
    readonly ranked: ReadonlyArray<IdentifierData & { readonly rank: number }>
  }
  /** `segment_id`: the profile that has it; null: none. Absent: one of the candidates, but the record does not say which. */
  readonly LOOKUP: { readonly identifier: IdentifierData; readonly segment_id?: string | null }
  readonly CANDIDATE: {
    readonly collection: Collection
    readonly segment_id: string
    /** Null for a past event: the profile may have changed since. */
    readonly identifiers: Readonly<Record<string, number>> | null
    readonly merges: number | null
  }
  readonly LIMIT_CHECK: {
    readonly collection: Collection
    readonly turn: number
    readonly live: ReadonlyArray<string>
    readonly matched: ReadonlyArray<string>
    readonly unseen: ReadonlyArray<string>
    /** Null for a past event. */
    readonly counts: ReadonlyArray<CheckedCount> | null
    readonly passed: boolean
  }
  readonly BREACH: {
    readonly collection: Collection
    readonly turn: number
    readonly breach: Breach
    /** Of `kept_apart`. */
    readonly segment_ids?: ReadonlyArray<string>
  }
  readonly DEMOTE: { readonly turn: number; readonly identifier: IdentifierData }
  readonly READMIT: { readonly identifier: IdentifierData }
  readonly SYSTEM_LIMIT: {
    readonly cause: SkipCause
    readonly segment_id: string
    /** The identifier that could not be added; null: a whole profile was not merged. */
    readonly identifier: IdentifierData | null
  }
  /** One for each collection; `unresolved`: one for both. */
  readonly DECIDE: {
    readonly collection: Collection | null
    readonly action: "create" | "add" | "none" | "merge" | "unresolved"
    readonly segment_id: string | null
    readonly merged: ReadonlyArray<string>
    readonly mapped: ReadonlyArray<string>
  }
  readonly WOULD_WRITE: WriteData
}

export type Step = {
  readonly [K in StepKind]: {
    /** From 1. */
    readonly n: number
    readonly kind: K
    readonly text: string
    readonly data: StepData[K]
  }
}[StepKind]

/** Collects steps in order. */
export class Steps {
  readonly all: Array<Step> = []

  add<K extends StepKind>(kind: K, text: string, data: StepData[K]): void {
    this.all.push({ n: this.all.length + 1, kind, text, data } as Step)
  }
}

export interface ProfileOutcome {
  readonly segmentId: string
  /** The event creates it: then the id is the predicted one (IDR-181). */
  readonly created: boolean
}

export interface Explanation {
  readonly messageId: string
  /** Of the person, else of the account. */
  readonly action: "create" | "add" | "none" | "merge" | "unresolved" | "dropped" | "erased"
  readonly profile: ProfileOutcome | null
  readonly account: ProfileOutcome | null
  readonly rulesVersion: number
  /** False: it has happened, and this is its record. */
  readonly dryRun: boolean
  /** What was supposed where the event does not say, as sentences. */
  readonly assumptions: ReadonlyArray<string>
  readonly steps: ReadonlyArray<Step>
  /** The resolution record of IDR-140; of a dropped event, why. */
  readonly record: object
  readonly violations: ReadonlyArray<Insight>
  readonly successes: ReadonlyArray<Insight>
  /** The outcome in one sentence. */
  readonly summary: string
}
