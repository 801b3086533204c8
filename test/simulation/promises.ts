/**
 * What the space promises while it runs, and others rely on: whoever was told that an operation is done reads what it did, and
 * everything up to `settled` can be read. Looked at in the middle of a run; what comes of it in the end is `verdict.ts`.
 */
import { Effect } from "effect"
import { changesGraph } from "../../src/identity/graph-projection.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { mutationsOf } from "../../src/identity/journal.ts"
import { decodeRow, isOperation } from "../../src/identity/operations/operation-entry.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import type { Position } from "../../src/log/event-log.ts"
import { Database } from "../../src/platform/database.ts"

/** Promises that are broken. Call while no transaction is open. */
export const brokenPromises = Effect.fnUntraced(function* (
  spaceId: string,
  settled: Position
): Effect.fn.Return<ReadonlyArray<string>, unknown, Database | IdentityGraph> {
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const [live] = yield* sql<{ graph: string }>`select graph from space_graphs where space = ${spaceId}`
  const finished = new Set(
    (yield* sql<{ answer: string }>`select answer from space_operations
      where space = ${spaceId} and finished_at is not null and answer like '%auditId%'`).map(
      ({ answer }) => (JSON.parse(answer) as { readonly auditId: string }).auditId
    )
  )
  const journal = yield* sql.unsafe<{ pos: number; rec: string }>(
    `select pos::float8 as pos, rec from ${spaceSchema(spaceId)}.journal order by pos desc`
  )
  const reached = yield* graph.open(live?.graph ?? `${spaceId}.1`)
  const missing = journal
    .filter(({ pos }) => pos > reached)
    .flatMap(({ pos, rec }): ReadonlyArray<string> => {
      const entry = decodeRow(pos, rec)
      if (isOperation(entry))
        return finished.has(entry.auditId) && changesGraph({ ...entry.mutations, position: pos })
          ? [`operation at ${pos} is finished, and the graph has nothing of it`]
          : []
      return entry.position === pos && pos <= settled && changesGraph(mutationsOf([entry]))
        ? [`settled up to ${settled}, and the graph does not have the event at ${pos}`]
        : []
    })
  return missing
})
