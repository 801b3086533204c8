/**
 * What an operation gets and what it gives. An operation reads what it needs, decides, and answers with everything that
 * its one transaction writes; the runner (`runner.ts`) writes it between two batches, so nothing of the space changes meanwhile.
 */
import type { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { History, HistoryFailed } from "../../archive/history.ts"
import type { Position } from "../../log/event-log.ts"
import type { Database } from "../../platform/database.ts"
import type { AuditEntry } from "../../workspace/audit.ts"
import type { GraphError, GraphId, GraphMutations, IdentityGraph } from "../graph.ts"
import type { Protection } from "../merge.ts"
import type { Rules } from "../rules.ts"
import type { OperationAnswers, OperationInputs, OperationKind, OperationRefused } from "./operation.ts"

export interface OperationContext {
  readonly spaceId: string
  /** Row of `space_operations`: unique in the installation; ids of what the operation makes are derived from it. */
  readonly operationId: number
  /** Id of the audit entry that the operation will have. */
  readonly auditId: string
  /** The operation's own place in the order of resolution (IDR-130): numbers of new profiles are `profileNo(seq, collection)`. */
  readonly seq: Position
  /** ms */
  readonly at: number
  readonly actor: string
  readonly reason: string
  /** The space's table schema, quoted. */
  readonly schema: string
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly graphId: GraphId
  /** Bodies of events by log position, from log and archive. */
  readonly history: Pick<History["Service"], "at">
  readonly rules: Rules
  readonly maxTraits: number
  /** Merges into and mappings of one profile at most (IDR-87). */
  readonly protection: Protection
}

/** What an operation does; the runner adds position, journal entry and audit row. */
export interface Executed<K extends OperationKind> {
  /** Empty lists where nothing changes. */
  readonly mutations: Omit<GraphMutations, "position">
  /** Further writes to the space's tables, in the same transaction: moved stamps, trait documents. A refusal undoes all of it. */
  readonly write: Effect.Effect<void, OperationFailure>
  readonly audit: Omit<AuditEntry, "id" | "at" | "space" | "actor" | "reason">
  /** Without `auditId`, which the runner knows. */
  readonly answer: Omit<OperationAnswers[K], "auditId">
  /** Success records for Insights (IDR-143), e.g. `Profile split`, `Identifier removed`. */
  readonly successes: ReadonlyArray<{
    readonly kind: "Profile split" | "Identifier removed" | "Separation lifted" | "Profiles merged"
    readonly segmentId: string
    readonly identifier?: { readonly type: string; readonly id: string }
  }>
  /** Audit entries of the separations that it lifts. */
  readonly lifts?: ReadonlyArray<string>
}

export type OperationFailure = OperationRefused | GraphError | HistoryFailed | SqlError.SqlError

export type Execute<K extends OperationKind> = (
  context: OperationContext,
  input: OperationInputs[K]
) => Effect.Effect<Executed<K>, OperationFailure>
