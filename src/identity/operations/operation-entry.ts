/**
 * The journal entry of an operation: what it did to the graph, word for word, so that a rebuild repeats it at its place among
 * the events (IDR-155); and who asked for it and why. The journal entry of an event is in `journal.ts`.
 */
import type { GraphMutations } from "../graph.ts"
import { decodeEntry, type JournalEntry } from "../journal.ts"
import type { Seq } from "../model.ts"
import type { Executed } from "./execution.ts"
import type { OperationKind } from "./operation.ts"

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
