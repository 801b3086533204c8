/**
 * Executes the operations asked of a space, between two batches, so nothing of the space changes while one decides.
 *
 *     row of space_operations -> Execute -> one transaction: seq, journal, tables, graph (Postgres), audit, answer -> finished
 *
 * - A kill at any instant leaves an operation done or not begun. With a graph outside Postgres the row is finished
 *   once the graph has the change too, so that whoever asked reads what he wrote; an answer without an end is finished
 *   on the next round.
 * - What fails for its own reasons is given up after a few attempts, counted in the row because a failure may end the process.
 *   It must not stop the events behind it.
 * - While the graph or the archive is away, operations wait, and those behind them; after an hour they are refused. What
 *   would need a part of the archive that is damaged is refused at once: it cannot be executed before a person has repaired it.
 */
import { Cause, Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Settings } from "../../config.ts"
import { type ArchiveDamaged, History } from "../../archive/history.ts"
import type { ObjectStoreFailed } from "../../archive/object-store.ts"
import type { LogUnavailable, Position } from "../../log/event-log.ts"
import { Database } from "../../platform/database.ts"
import { addAudit, auditId } from "../../workspace/audit.ts"
import { causeMessage } from "../../platform/supervise.ts"
import { type GraphError, type GraphId, type GraphMutations, type GraphUnavailable, IdentityGraph } from "../graph.ts"
import { changesGraph } from "../graph-projection.ts"
import { nextSeq, type Seq } from "../model.ts"
import type { Rules } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import type { SpaceFenced, SpaceStore } from "../space-store.ts"
import { deleteIdentifier } from "./delete-identifier.ts"
import type { Execute, Executed, OperationContext, OperationFailure } from "./execution.ts"
import { eraseUser } from "./erase-user.ts"
import { encodeOperation } from "./operation-entry.ts"
import {
  type BesideKind,
  type OperationInputs,
  type OperationKind,
  type OperationProblem,
  runsBeside
} from "./operation.ts"
import { liftSeparation, revertSplit } from "./rejoin.ts"
import { importRules, saveRules } from "./rules-operations.ts"
import { split } from "./split.ts"
import { undoMerge } from "./undo-merge.ts"

/** Rebuilds run beside the batches: `rebuild.ts`. */
type Executable = Exclude<OperationKind, BesideKind>

const executes: { readonly [K in Executable]: Execute<K> } = {
  delete_identifier: deleteIdentifier,
  undo_merge: undoMerge,
  split,
  revert_split: revertSplit,
  lift_separation: liftSeparation,
  save_rules: saveRules,
  import_rules: importRules,
  erase_user: eraseUser
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
const mostAttempts = 3

const failed = "The operation failed for a reason that is in the log of the service. Nothing has changed."
const tooOld =
  "The operation could not be executed for an hour, because the identity graph or the archive was away. Nothing has changed; ask again."

interface Row {
  readonly id: number
  readonly kind: Executable
  readonly input: string
  readonly actor: string
  readonly reason: string
  /** Already done, but not finished. */
  readonly answered: boolean
  /** Asked for more than an hour ago. */
  readonly old: boolean
}

/** Where the space stands; what an operation did is in `seq`, and in `graphPosition` when the graph is transactional. */
export interface Standing {
  readonly cursor: Position
  readonly epoch: number
  readonly storedSeq: Seq
  readonly graphPosition: Position
}

type Away = GraphUnavailable | LogUnavailable | ObjectStoreFailed

/** What an attempt fails with when it is not over. */
type Broken = SpaceFenced | SqlError.SqlError | GraphError | Exclude<Away | ArchiveDamaged, GraphUnavailable>

interface Done {
  readonly standing: Standing
  readonly mutations: GraphMutations
}

export interface Pause {
  readonly standing: Standing
  /** Operations that were executed; with none, nothing of the space has changed. */
  readonly executed: number
  /** Whether others wait that can be executed at once. */
  readonly more: boolean
  /** What the next operation needs and could not reach. */
  readonly away: Away | undefined
}

export interface OperationRunner {
  /** Executes what is asked for, in the order of the requests; call between two batches, with everything before settled. */
  readonly run: (
    standing: Standing,
    rules: Rules,
    /** Called after each commit that changes the graph; completes when the graph has it. */
    applied: (mutations: GraphMutations) => Effect.Effect<void>
  ) => Effect.Effect<Pause, Broken>
}

export const makeRunner = Effect.fnUntraced(function* (options: {
  readonly spaceId: string
  readonly store: SpaceStore
  readonly graphId: GraphId
}) {
  const { spaceId, store, graphId } = options
  const database = yield* Database
  const graph = yield* IdentityGraph
  const history = yield* History
  const { maxTraits, maxMerges, maxMappings } = yield* Settings
  const protection = { maxMerges, maxMappings }
  const { write: sql } = database
  const schema = spaceSchema(spaceId)

  const open = sql.unsafe<Row>(
    `select id::float8 as id, kind, coalesce(input, '{}') as input, coalesce(actor, '') as actor,
      coalesce(reason, '') as reason, answer is not null as answered, requested_at < now() - interval '1 hour' as old
    from space_operations
    where space = $1 and finished_at is null and not ${runsBeside} order by id limit ${atOnce}`,
    [spaceId]
  )

  const finish = ({ epoch }: Standing, { id }: Row) =>
    store.owned(epoch, sql`update space_operations set finished_at = now() where id = ${id}::float8::bigint`)
  const refuse = ({ epoch }: Standing, { id }: Row, code: OperationProblem, message: string) =>
    store.owned(
      epoch,
      sql`update space_operations set finished_at = now(), code = ${code}, error = ${message}
        where id = ${id}::float8::bigint and answer is null`
    )

  const one = Effect.fnUntraced(function* (
    row: Row,
    standing: Standing,
    rules: Rules
  ): Effect.fn.Return<Done, OperationFailure | SpaceFenced> {
    const { id: operationId, kind, actor, reason } = row
    const { cursor, epoch, storedSeq } = standing
    const at = yield* Clock.currentTimeMillis
    const seq = nextSeq(Math.max(storedSeq, cursor), 0)
    const audit = auditId(at, `${spaceId}\n${operationId}`)
    const who = { spaceId, operationId, auditId: audit, seq, at, actor, reason }
    const context: OperationContext = {
      ...who,
      schema,
      database,
      graph,
      graphId,
      history,
      rules,
      maxTraits,
      protection
    }
    const done = yield* execute(kind, context, JSON.parse(row.input) as OperationInputs[typeof kind])
    const mutations: GraphMutations = { ...done.mutations, position: seq }
    const appliesNow = graph.transactional && changesGraph(mutations)
    const entry = { seq, operation: kind, auditId: audit, at, actor, reason, mutations: done.mutations }
    const answer = JSON.stringify({ ...done.answer, auditId: audit })
    yield* sql
      .withTransaction(
        Effect.gen(function* () {
          yield* store.advance({ from: cursor, epoch, fromSeq: storedSeq, toSeq: seq })
          const { successes, lifts } = done
          yield* store.addJournal(
            seq,
            encodeOperation({ ...entry, successes, ...(lifts === undefined ? undefined : { lifts }) })
          )
          yield* done.write
          if (appliesNow) yield* graph.apply(graphId, standing.graphPosition, mutations)
          yield* addAudit(sql, [
            { ...done.audit, id: audit, at, space: spaceId, actor, reason: reason === "" ? null : reason }
          ])
          yield* sql`update space_operations set answer = ${answer}, started_at = ${new Date(at)} where id = ${operationId}::float8::bigint`
        })
      )
      .pipe(Effect.uninterruptible)
    const graphPosition = appliesNow ? seq : standing.graphPosition
    return { standing: { ...standing, storedSeq: seq, graphPosition }, mutations }
  })

  /**
   * Counts the attempt; true when it was the last one and the operation is refused. False also when the answer is there: a
   * commit may succeed without its caller getting to know.
   */
  const givenUp = Effect.fnUntraced(function* (standing: Standing, row: Row, cause: Cause.Cause<unknown>) {
    const [counted] = yield* store.owned(
      standing.epoch,
      sql<{ attempts: number }>`update space_operations set attempts = attempts + 1
        where id = ${row.id}::float8::bigint and answer is null returning attempts`
    )
    if (counted === undefined || counted.attempts < mostAttempts) return false
    yield* Effect.logError(`Operation ${row.id} (${row.kind}) of ${spaceId} is given up: ${causeMessage(cause)}`)
    yield* Effect.logDebug(cause)
    yield* refuse(standing, row, "INTERNAL", failed)
    return true
  })

  const attempt = (row: Row, standing: Standing, rules: Rules): Effect.Effect<Done | Away | "refused", Broken> =>
    one(row, standing, rules).pipe(
      Effect.catchTag("OperationRefused", ({ code, message }) =>
        Effect.as(refuse(standing, row, code, message), "refused" as const)
      ),
      Effect.catchTag("ArchiveDamaged", ({ message }) =>
        Effect.as(refuse(standing, row, "INTERNAL", message), "refused" as const)
      ),
      Effect.catchTag(
        ["GraphUnavailable", "LogUnavailable", "ObjectStoreFailed"],
        (away): Effect.Effect<Away | "refused", SpaceFenced | SqlError.SqlError> =>
          row.old ? Effect.as(refuse(standing, row, "TIMEOUT", tooOld), "refused" as const) : Effect.succeed(away)
      ),
      Effect.catchCause((cause) =>
        isOurs(cause)
          ? Effect.flatMap(givenUp(standing, row, cause), (gone) =>
              gone ? Effect.succeed("refused" as const) : Effect.failCause(cause)
            )
          : Effect.failCause(cause)
      )
    )

  return {
    run: Effect.fnUntraced(function* (start, rules, applied) {
      let standing = start
      let executed = 0
      const rows = yield* open
      const pause = (more: boolean, away?: Away): Pause => ({ standing, executed, more, away })
      for (const row of rows) {
        if (row.answered) {
          yield* finish(standing, row)
          continue
        }
        const outcome = yield* attempt(row, standing, rules)
        if (outcome === "refused") continue
        if ("_tag" in outcome) return pause(false, outcome)
        standing = outcome.standing
        executed += 1
        if (changesGraph(outcome.mutations)) yield* applied(outcome.mutations)
        yield* finish(standing, row)
        // Rules that were saved are in force for the next operation, too: the caller reads them again.
        if (row.kind === "save_rules" || row.kind === "import_rules") return pause(true)
      }
      return pause(rows.length === atOnce)
    })
  } satisfies OperationRunner
})

/** Whether the operation itself may be why: not a lost space, not shutdown. */
const isOurs = (cause: Cause.Cause<unknown>): boolean => {
  if (Cause.hasInterruptsOnly(cause)) return false
  const error = Cause.squash(cause) as { readonly _tag?: unknown } | undefined
  return error?._tag !== "SpaceFenced" && error?._tag !== "GraphFenced"
}
