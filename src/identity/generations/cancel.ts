/**
 * Cancelling a rebuild (IDR-193): a mark on its row, from any process. The owner of the space looks at it while it fills, and once more in the
 * transaction of the switch: so a rebuild is either cancelled, and then nothing of it is left, or done, and then it is too late.
 */
import type { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { addAudit, auditId } from "../../workspace/audit.ts"
import { OperationRefused } from "../operations/operation.ts"

/** What stands in `space_operations.cancel`. */
interface Cancel {
  readonly actor: string
  readonly reason: string
}

export const cancelled = new OperationRefused({
  code: "CANCELLED",
  message: "The rebuild was cancelled. The profiles are as they were."
})

const lookEvery = "500 millis"

/** False: it has ended, or there is none. Who cancels first is named. */
export const markCancelled = (
  { write: sql }: Database["Service"],
  { spaceId, id, ...cancel }: Cancel & { readonly spaceId: string; readonly id: number }
): Effect.Effect<boolean, SqlError.SqlError> =>
  Effect.map(
    sql`update space_operations set cancel = coalesce(cancel, ${JSON.stringify(cancel satisfies Cancel)})
      where id = ${id}::float8::bigint and space = ${spaceId} and kind in ('apply_rebuild', 'rollback_rebuild')
        and finished_at is null returning 1 as n`,
    (rows) => rows.length > 0
  )

/** Does `work` unless the rebuild is cancelled, and no longer than until it is. */
export const untilCancelled = <A, E, R>(
  { write: sql }: Database["Service"],
  id: number,
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E | OperationRefused | SqlError.SqlError, R> => {
  const look = Effect.flatMap(
    sql`select 1 as n from space_operations where id = ${id}::float8::bigint and cancel is not null`,
    (rows) => (rows.length > 0 ? Effect.fail(cancelled) : Effect.void)
  )
  const watch = Effect.andThen(look.pipe(Effect.repeat(Schedule.spaced(lookEvery))), Effect.never)
  return Effect.andThen(look, Effect.raceFirst(work, watch))
}

/** Tells of it in the audit trail; in the transaction that ends the operation. */
export const auditCancelled = Effect.fnUntraced(function* (
  sql: PgClient.PgClient,
  spaceId: string,
  { id, input, kind }: { readonly id: number; readonly input: string; readonly kind: string }
): Effect.fn.Return<void, SqlError.SqlError> {
  const [row] = yield* sql<{ cancel: string | null; done: number; total: number }>`
    select cancel, done::float8 as done, total::float8 as total from space_operations where id = ${id}::float8::bigint`
  if (row === undefined || row.cancel === null) return
  const { actor, reason } = JSON.parse(row.cancel) as Cancel
  const at = yield* Clock.currentTimeMillis
  const { runId } = JSON.parse(input) as { readonly runId?: string }
  yield* addAudit(sql, [
    {
      id: auditId(at, `${spaceId}\n${id}\ncancelled`),
      at,
      space: spaceId,
      actor,
      action: "Rebuild Cancelled",
      target: `rebuild ${id}`,
      reason,
      before: { processed: row.done, total: row.total },
      after: null,
      data: kind === "apply_rebuild" ? { whatIf: runId } : undefined
    }
  ])
})
