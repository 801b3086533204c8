/** How many operations a replay has repeated, and which it could not repeat, with the reason. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { decodeRow, isOperation, type OperationEntry, type Repeat } from "../operations/operation-entry.ts"
import type { OperationKind } from "../operations/operation.ts"
import type { Seq } from "../model.ts"

export interface SkippedOperation {
  readonly auditId: string
  readonly operation: OperationKind
  /** ms */
  readonly at: number
  readonly reason: string
}

export interface OperationTally {
  readonly applied: number
  /** There was nothing to do: the people are not one under these rules, or the identifier is nobody's. */
  readonly unneeded: number
  readonly skipped: number
  /** The first of them, also those that are applied in part. */
  readonly list: ReadonlyArray<SkippedOperation>
}

const listed = 100
const entriesAPage = 500

export class Tally {
  private readonly counts = { applied: 0, unneeded: 0, skipped: 0 }
  private readonly list: Array<SkippedOperation> = []

  add({ auditId, operation, at }: OperationEntry, { outcome, reason }: Pick<Repeat, "outcome" | "reason">): void {
    this.counts[outcome] += 1
    if (reason !== null && this.list.length < listed) this.list.push({ auditId, operation, at, reason })
  }

  result(): OperationTally {
    return { ...this.counts, list: [...this.list] }
  }
}

/** Of a generation: what it has repeated since `after`. */
export const tallyOf = Effect.fnUntraced(function* (
  { write: sql }: Pick<Database["Service"], "write">,
  schema: string,
  after: Seq
): Effect.fn.Return<OperationTally, SqlError.SqlError> {
  const tally = new Tally()
  for (let last = after; ;) {
    const rows = yield* sql.unsafe<{ pos: number; rec: string }>(
      `select j.pos::float8 as pos, j.rec from ${schema}.journal j
       where j.rec like '{"operation"%' and j.pos > $1::float8::bigint order by j.pos limit $2`,
      [last, entriesAPage]
    )
    for (const { pos, rec } of rows) {
      const entry = decodeRow(pos, rec)
      if (isOperation(entry) && entry.repeat !== undefined) tally.add(entry, entry.repeat)
    }
    if (rows.length < entriesAPage) return tally.result()
    last = rows.at(-1)!.pos
  }
})
