/**
 * Executes the operations asked of a space, between two batches, so nothing of the space changes while one decides.
 *
 *     row of space_operations -> Execute -> one transaction: seq, journal, tables, graph (Postgres), audit, answer -> finished
 *
 * A kill at any instant leaves an operation done or not begun. With a graph outside Postgres the row is finished
 * once the graph has the change too, so that whoever asked reads what he wrote; an answer without an end is finished
 * on the next round. What fails for its own reasons is given up after a few attempts: it must not stop the events behind it.
 */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Settings } from "../../config.ts"
import { EventLog, type LogUnavailable, type Position } from "../../log/event-log.ts"
import { Database } from "../../platform/database.ts"
import { addAudit, auditId } from "../../workspace/audit.ts"
import { type GraphError, type GraphId, type GraphMutations, IdentityGraph } from "../graph.ts"
import { changesGraph } from "../graph-projection.ts"
import { nextSeq, type Seq } from "../model.ts"
import type { Rules } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import type { SpaceFenced, SpaceStore } from "../space-store.ts"
import { deleteIdentifier } from "./delete-identifier.ts"
import type { Execute, Executed, OperationContext, OperationFailure } from "./execution.ts"
import { encodeOperation } from "./operation-entry.ts"
import type { OperationInputs, OperationKind, OperationRefused } from "./operation.ts"
import { liftSeparation, revertSplit } from "./rejoin.ts"
import { importRules, saveRules } from "./rules-operations.ts"
import { split } from "./split.ts"
import { undoMerge } from "./undo-merge.ts"

/** Rebuilds run beside the batches: `rebuild.ts`. */
type Executable = Exclude<OperationKind, "rebuild">

const executes: { readonly [K in Executable]: Execute<K> } = {
  delete_identifier: deleteIdentifier,
  undo_merge: undoMerge,
  split,
  revert_split: revertSplit,
  lift_separation: liftSeparation,
  save_rules: saveRules,
  import_rules: importRules
}

const execute = <K extends Executable>(
  kind: K,
  context: OperationContext,
  input: OperationInputs[K]
): Effect.Effect<Executed<K>, OperationFailure> => {
  const found = executes[kind] as Execute<K> | undefined
  return found === undefined
    ? Effect.die(new Error(`There is no operation "${kind}" in this version of Braid.`))
    : found(context, input)
}

/** Operations in one pause between two batches. */
const atOnce = 20
const attempts = 3

interface Row {
  readonly id: number
  readonly kind: Executable
  readonly input: string
  readonly actor: string
  readonly reason: string
  /** Already done, but not finished. */
  readonly answered: boolean
}

/** Where the space stands; what an operation did is in `seq`, and in `graphPosition` when the graph is transactional. */
export interface Standing {
  readonly cursor: Position
  readonly epoch: number
  readonly storedSeq: Seq
  readonly graphPosition: Position
}

export interface OperationRunner {
  /** Whether anything is asked for; one indexed read. */
  readonly pending: Effect.Effect<boolean, SqlError.SqlError>
  /** Executes what is asked for, in the order of the requests; call between two batches, with everything before settled. */
  readonly run: (
    standing: Standing,
    rules: Rules,
    applied: (mutations: GraphMutations) => Effect.Effect<void>
  ) => Effect.Effect<Standing, SpaceFenced | SqlError.SqlError | GraphError | LogUnavailable>
}

export const makeRunner = Effect.fnUntraced(function* (options: {
  readonly spaceId: string
  readonly store: SpaceStore
  readonly graphId: GraphId
}) {
  const { spaceId, store, graphId } = options
  const database = yield* Database
  const graph = yield* IdentityGraph
  const log = yield* EventLog
  const { maxTraits } = yield* Settings
  const { write: sql } = database
  const failures = new Map<number, number>()

  const open = sql<Row>`select id::float8 as id, kind, coalesce(input, '{}') as input, coalesce(actor, '') as actor,
      coalesce(reason, '') as reason, answer is not null as answered from space_operations
    where space = ${spaceId} and finished_at is null and kind <> 'rebuild' order by id limit ${atOnce}`

  const finish = ({ id }: Row) => sql`update space_operations set finished_at = now() where id = ${id}::float8::bigint`
  const refuse = ({ id }: Row, code: string, message: string) =>
    sql`update space_operations set finished_at = now(), code = ${code}, error = ${message} where id = ${id}::float8::bigint`

  const one = Effect.fnUntraced(function* (row: Row, standing: Standing, rules: Rules) {
    const { kind, actor, reason } = row
    const at = yield* Clock.currentTimeMillis
    const seq = nextSeq(Math.max(standing.storedSeq, standing.cursor), 0)
    const audit = auditId(at, `${spaceId}\n${row.id}`)
    const schema = spaceSchema(spaceId)
    const context: OperationContext = {
      spaceId,
      operationId: row.id,
      auditId: audit,
      seq,
      at,
      actor,
      reason,
      schema,
      database,
      graph,
      graphId,
      log,
      rules,
      maxTraits
    }
    const done = yield* execute(kind, context, JSON.parse(row.input) as OperationInputs[typeof kind])
    const mutations: GraphMutations = { ...done.mutations, position: seq }
    const changes = changesGraph(mutations)
    const entry = { seq, operation: kind, auditId: audit, at, actor, reason, mutations: done.mutations }
    const answer = JSON.stringify({ ...done.answer, auditId: audit })
    yield* sql
      .withTransaction(
        Effect.gen(function* () {
          const { cursor, epoch, storedSeq } = standing
          yield* store.advance({ from: cursor, epoch, fromSeq: storedSeq, toSeq: seq })
          yield* store.addJournal(seq, encodeOperation({ ...entry, successes: done.successes }))
          yield* done.write
          if (graph.transactional && changes) yield* graph.apply(graphId, standing.graphPosition, mutations)
          yield* addAudit(sql, [
            { ...done.audit, id: audit, at, space: spaceId, actor, reason: reason === "" ? null : reason }
          ])
          yield* sql`update space_operations set answer = ${answer}, started_at = ${new Date(at)} where id = ${row.id}::float8::bigint`
        })
      )
      .pipe(Effect.uninterruptible)
    const graphPosition = graph.transactional && changes ? seq : standing.graphPosition
    return { standing: { ...standing, storedSeq: seq, graphPosition }, mutations }
  })

  /** A refusal answers; what else fails is tried again, a few times, and then refused. */
  const giveUp = Effect.fnUntraced(function* (row: Row, error: unknown) {
    const failed = (failures.get(row.id) ?? 0) + 1
    failures.set(row.id, failed)
    if (failed < attempts) return false
    failures.delete(row.id)
    const message = error instanceof Error ? error.message : String(error)
    yield* Effect.logError(`Operation ${row.id} (${row.kind}) of ${spaceId} failed ${failed} times: ${message}`)
    yield* refuse(
      row,
      "INTERNAL",
      "The operation failed for a reason that is in the log of the service. Nothing has changed."
    )
    return true
  })

  return {
    pending: Effect.map(
      sql`select 1 from space_operations where space = ${spaceId} and finished_at is null and kind <> 'rebuild' limit 1`,
      (rows) => rows.length > 0
    ),
    run: Effect.fnUntraced(function* (start, rules, applied) {
      let standing = start
      for (const row of yield* open) {
        if (row.answered) {
          yield* finish(row)
          continue
        }
        const outcome = yield* one(row, standing, rules).pipe(
          Effect.catchTag("OperationRefused", (refused: OperationRefused) =>
            Effect.as(refuse(row, refused.code, refused.message), undefined)
          ),
          Effect.catchIf(
            (error): error is Exclude<typeof error, SpaceFenced> => error._tag !== "SpaceFenced",
            (error) => Effect.flatMap(giveUp(row, error), (given) => (given ? Effect.undefined : Effect.fail(error)))
          ),
          Effect.catchDefect((defect) =>
            Effect.flatMap(giveUp(row, defect), (given) => (given ? Effect.undefined : Effect.die(defect)))
          )
        )
        if (outcome === undefined) continue
        standing = outcome.standing
        if (changesGraph(outcome.mutations)) yield* applied(outcome.mutations)
        yield* finish(row)
        // Rules that were saved are in force for the next operation, too: the caller reads them again.
        if (row.kind === "save_rules" || row.kind === "import_rules") return standing
      }
      return standing
    })
  } satisfies OperationRunner
})
