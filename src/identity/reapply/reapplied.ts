/** What repeating an operation of a person needs and gives (`reapply.ts`). */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { HistoryFailed } from "../../archive/history.ts"
import type { Database } from "../../platform/database.ts"
import type { GraphError, GraphId, GraphMutations, IdentityGraph } from "../graph.ts"
import type { Protection } from "../merge.ts"
import type { ProfileNo } from "../model.ts"
import type { Moves } from "../operations/moves.ts"
import type { OperationEntry, Repeat } from "../operations/operation-entry.ts"
import type { Cut } from "./cut.ts"

export type ReapplyError = GraphError | HistoryFailed | SqlError.SqlError

/** What goes along with identifiers that leave a profile (IDR-202). */
export type Taken = Pick<Moves, "unlinked" | "links" | "first"> & {
  /** Tables; in the transaction of the operation. */
  readonly write: Effect.Effect<void, SqlError.SqlError>
}

/** Of a replay that keeps nothing but the graph. */
export const nothingTaken: Taken = { unlinked: [], links: [], first: null, write: Effect.void }

export interface ReapplyContext {
  readonly graph: IdentityGraph["Service"]
  readonly graphId: GraphId
  readonly spaceId: string
  /** For the audit trail. */
  readonly database: Pick<Database["Service"], "write">
  readonly protection: Protection
  readonly rules: { readonly version: number }
  readonly take: (entry: OperationEntry, cuts: ReadonlyArray<Cut>) => Effect.Effect<Taken, ReapplyError>
  /** How the operation with this audit entry was repeated before. */
  readonly repeatOf: (auditId: string) => Effect.Effect<Repeat | undefined, SqlError.SqlError>
}

/** An operation as it is in the replay; also one that changes nothing there has an entry, so that the next rebuild knows of it. */
export interface Reapplied {
  readonly entry: OperationEntry & { readonly repeat: Repeat }
  /** Profiles whose history it is in. */
  readonly told: ReadonlyArray<ProfileNo>
  readonly write: Effect.Effect<void, SqlError.SqlError>
}

export const noMutations: Omit<GraphMutations, "position"> = { profiles: [], mappings: [], merges: [], links: [] }

export const unchangedAs = (
  entry: OperationEntry,
  outcome: Repeat["outcome"],
  reason: string | null,
  keepApart: boolean
): Reapplied => ({
  entry: {
    ...entry,
    mutations: noMutations,
    repeat: { outcome, reason, keepApart, cuts: [], apart: [], moved: [] }
  },
  told: [],
  write: Effect.void
})

export const skippedFor = (entry: OperationEntry, reason: string, keepApart = false): Reapplied =>
  unchangedAs(entry, "skipped", reason, keepApart)
