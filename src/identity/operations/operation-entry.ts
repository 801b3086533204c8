/**
 * The journal entry of an operation: what it did to the graph, word for word, so that a rebuild repeats it at its place among
 * the events (IDR-155); and who asked for it and why. The journal entry of an event is in `journal.ts`.
 */
import type { GraphMutations } from "../graph.ts"
import { decodeEntry, type JournalEntry } from "../journal.ts"
import type { Identifier, ProfileNo, Seq } from "../model.ts"
import type { Executed } from "./execution.ts"
import type { OperationKind } from "./operation.ts"

/** Two profiles that an operation has made of one. */
export interface Sides {
  readonly separated: ProfileNo
  readonly remaining: ProfileNo
}

/** How a rebuild has repeated the operation among the profiles that it made (`reapply/`). */
export interface Repeat {
  readonly outcome: "applied" | "unneeded" | "skipped"
  /** Why it was skipped, or what of it is missing. */
  readonly reason: string | null
  /** Whether both sides are to be kept apart, also when there was nothing to keep apart. */
  readonly keepApart: boolean
  readonly cuts: ReadonlyArray<Sides>
  readonly apart: ReadonlyArray<readonly [ProfileNo, ProfileNo]>
  /** Identifiers that changed their profile without its being merged back. */
  readonly moved: ReadonlyArray<Identifier & { readonly from: ProfileNo; readonly to: ProfileNo }>
}

export interface OperationEntry {
  readonly seq: Seq
  readonly operation: OperationKind
  readonly auditId: string
  /** ms */
  readonly at: number
  readonly actor: string
  readonly reason: string
  readonly mutations: Omit<GraphMutations, "position">
  readonly successes: Executed<OperationKind>["successes"]
  /** Audit entries of the separations that it lifted. */
  readonly lifts?: ReadonlyArray<string>
  /** Absent: it is as it was executed. */
  readonly repeat?: Repeat
}

/** `operation` comes first: by that `decodeRow` knows it. */
export const encodeOperation = ({ seq: _key, operation, ...rest }: OperationEntry): string =>
  JSON.stringify({ operation, ...rest })

/** A row of the journal, of either kind. */
export const decodeRow = (seq: Seq, rec: string): JournalEntry | OperationEntry => {
  // An event's entry begins with something else and is decoded once.
  if (!rec.startsWith(`{"operation":`)) return decodeEntry(seq, rec)
  return { ...(JSON.parse(rec) as Omit<OperationEntry, "seq">), seq }
}

export const isOperation = (entry: JournalEntry | OperationEntry): entry is OperationEntry => "operation" in entry
