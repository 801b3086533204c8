/**
 * Operations: what people change in the identity graph of a space (spec 02 sections 13 to 16), as opposed to events.
 *
 *     request (GraphQL, REST, command line) --row of space_operations--> the space's actor --one transaction--> answer
 *
 * Each is executed between two batches, in the order of the requests, with a `seq` of its own (IDR-130); journal entry,
 * graph, audit entry and answer commit together. Nothing here decides; see the file of each operation.
 */
import { Data } from "effect"
import type { RulesDocument } from "../../workspace/rules.ts"
import type { OperationTally } from "../reapply/tally.ts"

/** An identifier of the users collection as people name it. */
export interface ExternalId {
  readonly type: string
  readonly id: string
}

export interface OperationInputs {
  /** Removes one identifier of the profile that holds `user_id:userId` (IDR-150). */
  readonly delete_identifier: { readonly userId: string; readonly identifier: ExternalId }
  /** Restores the profile merged away by `mergeId` (IDR-200). */
  readonly undo_merge: {
    readonly mergeId: string
    readonly also: ReadonlyArray<ExternalId>
    readonly keepApart: boolean
  }
  /** Moves identifiers of the profile (any of its segment ids) to a new one (IDR-201). */
  readonly split: {
    readonly profile: string
    readonly identifiers: ReadonlyArray<ExternalId>
    readonly keepApart: boolean
  }
  /** Merges back what `undo_merge` or `split` with this audit entry separated (IDR-204). */
  readonly revert_split: { readonly auditId: string }
  /** Lifts the separation between two profiles (any of their segment ids, IDR-205). */
  readonly lift_separation: { readonly a: string; readonly b: string }
  /** A new version of the rules, if `expectedVersion` is the current one (IDR-158). */
  readonly save_rules: { readonly rules: RulesDocument; readonly expectedVersion: number }
  /** Copies the current rules of another space (IDR-8). */
  readonly import_rules: { readonly fromSpaceId: string; readonly force: boolean }
  /** Erases whoever has one of these user ids (IDR-162); `part` of the subjects of a regulation, which is done once. */
  readonly erase_user: { readonly regulation: string; readonly part: number; readonly userIds: ReadonlyArray<string> }
  /** Fills the graph again from the journal. */
  readonly rebuild: Record<string, never>
  /** Replaces the profiles by those of a what-if run (IDR-193). */
  readonly apply_rebuild: { readonly runId: string }
  /** Goes back to the profiles before the last replacement (IDR-194). */
  readonly rollback_rebuild: Record<string, never>
}
export type OperationKind = keyof OperationInputs

/** Operations that run beside the batches, for as long as they take (`rebuild.ts`); as a condition on `space_operations`. */
export type BesideKind = "rebuild" | "apply_rebuild" | "rollback_rebuild"
export const runsBeside = "kind in ('rebuild', 'apply_rebuild', 'rollback_rebuild')"

/** What each operation answers; segment ids are canonical ones after the operation. */
export interface OperationAnswers {
  readonly delete_identifier: { readonly auditId: string; readonly segmentId: string }
  readonly undo_merge: SplitAnswer
  readonly split: SplitAnswer
  readonly revert_split: { readonly auditId: string; readonly segmentId: string }
  readonly lift_separation: { readonly auditId: string; readonly lifted: boolean }
  readonly save_rules: { readonly auditId: string; readonly version: number }
  readonly import_rules: { readonly auditId: string; readonly version: number }
  readonly erase_user: { readonly auditId: string; readonly segmentIds: ReadonlyArray<string> }
  readonly rebuild: Record<string, never>
  readonly apply_rebuild: RebuildAnswer
  readonly rollback_rebuild: RebuildAnswer
}

export interface RebuildAnswer {
  readonly auditId: string
  readonly rulesVersion: number
  /** Absent: of an older version, which repeated deletions only. */
  readonly operations?: OperationTally
}

export interface SplitAnswer {
  readonly auditId: string
  readonly remaining: string
  readonly separated: string
  readonly movedEvents: number
}

/** A profile as previews and audit entries show it. */
export interface ProfilePicture {
  readonly segmentId: string
  readonly identifiers: ReadonlyArray<ExternalId & { readonly collection: "users" | "accounts" }>
  readonly traits: Readonly<Record<string, unknown>>
  readonly events: number
  readonly mergedSegmentIds: ReadonlyArray<string>
}

/** Both profiles as a split would leave them (IDR-203). */
export interface SplitPicture {
  readonly remaining: ProfilePicture
  readonly separated: ProfilePicture
  readonly movedEvents: number
}

export interface OperationRequest<K extends OperationKind = OperationKind> {
  readonly spaceId: string
  readonly kind: K
  readonly input: OperationInputs[K]
  /** Who asks, e.g. `token:Support desk` or `command line`. */
  readonly actor: string
  /** Why; required where IDR-203 says so. */
  readonly reason: string
}

export type OperationProblem =
  | "NOT_FOUND"
  | "VALIDATION_FAILED"
  | "EMPTY_SPLIT"
  | "CONFLICT"
  | "RULES_NOT_EMPTY"
  | "RULES_CHANGED"
  | "CANCELLED"
  | "IDENTIFIER_NOT_FOUND"
  | "UNSUPPORTED_IDENTIFIER"
  | "IDENTIFIER_SWITCHED_OFF"
  | "TIMEOUT"
  | "INTERNAL"

/** The operation was refused, or could not be finished; nothing has changed (TIMEOUT: it may still be executed). */
export class OperationRefused extends Data.TaggedError("OperationRefused")<{
  readonly code: OperationProblem
  readonly message: string
}> {}
