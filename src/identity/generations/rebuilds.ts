/** Rebuilds of a space as rows: asked for, looked at. They are done by the process that owns the space (`replace.ts`). */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import type { OperationInputs, OperationProblem, OperationRequest, RebuildAnswer } from "../operations/operation.ts"

export type RebuildKind = "apply_rebuild" | "rollback_rebuild"

export interface Rebuild {
  readonly id: number
  readonly kind: RebuildKind
  readonly state: "queued" | "running" | "done" | "failed" | "cancelling" | "cancelled"
  /** The what-if run that is applied. */
  readonly runId: string | null
  readonly actor: string
  readonly reason: string
  /** ms */
  readonly requestedAt: number
  readonly finishedAt: number | null
  /** Events of the space that are resolved again so far, and in all. */
  readonly processed: number
  readonly total: number
  readonly code: OperationProblem | null
  readonly error: string | null
  readonly answer: RebuildAnswer | null
}

interface Row extends Omit<Rebuild, "state" | "runId" | "answer"> {
  readonly input: string
  readonly started: boolean
  readonly cancels: boolean
  readonly answer: string | null
}

const columns = `o.id::float8 as id, o.kind, coalesce(o.input, '{}') as input, coalesce(o.actor, '') as actor, coalesce(o.reason, '') as reason,
  (extract(epoch from o.requested_at) * 1000)::float8 as "requestedAt", (extract(epoch from o.finished_at) * 1000)::float8 as "finishedAt",
  o.started_at is not null as started, o.cancel is not null as cancels, o.done::float8 as processed, o.total::float8 as total, o.code, o.error, o.answer`
const kinds = "o.kind in ('apply_rebuild', 'rollback_rebuild')"

const stateOf = ({ finishedAt, code, error, started, cancels }: Row): Rebuild["state"] => {
  if (finishedAt !== null) return error === null ? "done" : code === "CANCELLED" ? "cancelled" : "failed"
  if (cancels) return "cancelling"
  return started ? "running" : "queued"
}

const rebuildOf = (row: Row): Rebuild => {
  const { input, started: _, cancels: __, answer, ...rest } = row
  return {
    ...rest,
    state: stateOf(row),
    runId: (JSON.parse(input) as Partial<OperationInputs["apply_rebuild"]>).runId ?? null,
    answer: answer === null ? null : (JSON.parse(answer) as RebuildAnswer)
  }
}

/** Of the last 30 days, the newest first. */
export const readRebuilds = (
  { write: sql }: Database["Service"],
  spaceId: string,
  limit: number
): Effect.Effect<ReadonlyArray<Rebuild>, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<Row>(
      `select ${columns} from space_operations o where o.space = $1 and ${kinds} order by o.id desc limit $2`,
      [spaceId, limit]
    ),
    (rows) => rows.map(rebuildOf)
  )

export const findRebuild = (
  { write: sql }: Database["Service"],
  spaceId: string,
  id: number
): Effect.Effect<Rebuild | undefined, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<Row>(
      `select ${columns} from space_operations o where o.space = $1 and ${kinds} and o.id = $2::float8::bigint`,
      [spaceId, id]
    ),
    ([row]) => (row === undefined ? undefined : rebuildOf(row))
  )

/** Of what was asked for last, with this run. */
export const rebuildOfRun = (
  { write: sql }: Database["Service"],
  spaceId: string,
  runId: string
): Effect.Effect<Rebuild | undefined, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<Row>(
      `select ${columns} from space_operations o where o.space = $1 and o.kind = 'apply_rebuild' and o.input = $2 order by o.id desc limit 1`,
      [spaceId, inputOf(runId)]
    ),
    ([row]) => (row === undefined ? undefined : rebuildOf(row))
  )

const inputOf = (runId: string): string => JSON.stringify({ runId } satisfies OperationInputs["apply_rebuild"])

/** Undefined: one of the space is under way already. */
export const askRebuild = <K extends RebuildKind>(
  { write: sql }: Database["Service"],
  { spaceId, kind, input, actor, reason }: OperationRequest<K>
): Effect.Effect<Rebuild | undefined, SqlError.SqlError> =>
  Effect.map(
    sql.unsafe<Row>(
      `insert into space_operations as o (space, kind, input, actor, reason) select $1, $2, $3, $4, $5
       where not exists (select 1 from space_operations o where o.space = $1 and ${kinds} and o.finished_at is null) returning ${columns}`,
      [spaceId, kind, JSON.stringify(input), actor, reason]
    ),
    ([row]) => (row === undefined ? undefined : rebuildOf(row))
  )

/** What one can go back to. */
export interface PreviousGeneration {
  /** ms */
  readonly replacedAt: number
  readonly keptUntil: number
}

export const readPrevious = (
  { write: sql }: Database["Service"],
  spaceId: string
): Effect.Effect<PreviousGeneration | undefined, SqlError.SqlError> =>
  Effect.map(
    sql<PreviousGeneration>`select (extract(epoch from replaced_at) * 1000)::float8 as "replacedAt", (extract(epoch from kept_until) * 1000)::float8 as "keptUntil"
      from space_generations where space = ${spaceId} and role = 'previous' and kept_until > now()`,
    ([row]) => row
  )
