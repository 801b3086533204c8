/**
 * Replacing the live generation of a space, while it goes on (IDR-193, IDR-194):
 *
 *     apply:     make the next one, empty, with the candidate rules --+
 *     go back:   take the previous one as it was left ----------------+--> fill until little is left --> the actor switches
 *
 * Asked for by a row of `space_operations`; whoever owns the space does it, and goes on where another stopped. What can never
 * succeed is given up: then the live generation stays, and nothing of the other one is left but what the previous one has caught up.
 */
import { Clock, Deferred, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../../platform/database.ts"
import { auditId } from "../../workspace/audit.ts"
import { IdentityGraph } from "../graph.ts"
import { LiveGraphs } from "../live-graphs.ts"
import type { Seq } from "../model.ts"
import { OperationRefused } from "../operations/operation.ts"
import { tallyOf } from "../reapply/tally.ts"
import { countResolved } from "../replay/resolved-events.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "../schema.ts"
import { findRun } from "../what-if/runs.ts"
import { untilCancelled } from "./cancel.ts"
import { type FillError, type Filler, openFiller } from "./fill.ts"
import { makeFormerIds } from "./former-ids.ts"
import { type Aside, generationOfGraph, graphOfGeneration, readerAside, schemaAside } from "./generation.ts"
import { candidateRules, checkCandidate, restoreRules } from "./rules.ts"
import { dropAside, holdSpace, switchGeneration, type SwitchOptions } from "./switch.ts"

export interface ReplaceOperation {
  readonly id: number
  readonly kind: "apply_rebuild" | "rollback_rebuild"
  readonly input: string
  readonly actor: string
  readonly reason: string
}

/** A generation that has caught up but for the last few events and waits to be switched to. */
export interface ReadyGeneration {
  /** Brings it to `committed` and, under `epoch`, makes it the live one; the caller does nothing else meanwhile. */
  readonly switchTo: (
    committed: Seq,
    epoch: number
  ) => Effect.Effect<void, FillError | OperationRefused | SqlError.SqlError>
  readonly switched: Deferred.Deferred<void, OperationRefused>
}

interface Standing {
  readonly spaceId: string
  readonly epoch: () => number
  /** `seq` up to which the live generation has decided everything. */
  readonly committed: () => Seq
}

/** Fewer events than this are left to the switch, for which the space waits. */
const fewLeft = 500

const refused = (code: OperationRefused["code"], message: string) => new OperationRefused({ code, message })

/** Starts a generation, or finds the one that was started for this operation. */
const beginNext = Effect.fnUntraced(function* ({ spaceId, epoch }: Standing, operation: ReplaceOperation) {
  const database = yield* Database
  const graphs = yield* LiveGraphs
  const { write: sql } = database
  const { runId } = JSON.parse(operation.input) as { readonly runId: string }
  const run = yield* findRun(database, runId)
  if (run === undefined || run.spaceId !== spaceId)
    return yield* refused("NOT_FOUND", `There is no what-if run ${runId} in this space.`)
  if (run.scope !== null)
    return yield* refused("VALIDATION_FAILED", "A run over a part of the history cannot be applied as a rebuild.")
  const started = yield* sql<{ generation: number }>`select generation from space_generations
    where space = ${spaceId} and role = 'next' and operation = ${operation.id}::float8::bigint`
  if (started[0] !== undefined) return { run, generation: started[0].generation }
  yield* graphs.refresh
  const generation = generationOfGraph(graphs.nextOf(spaceId))
  yield* sql.withTransaction(
    Effect.gen(function* () {
      const { pos } = yield* holdSpace(sql, spaceId, epoch())
      yield* discardNext(sql, spaceId)
      const schema = schemaAside(spaceId, "next")
      for (const statement of [...spaceTables(schema), ...spaceTablesSince(schema)]) yield* sql.unsafe(statement)
      yield* candidateRules(sql, spaceId, {
        doc: JSON.stringify(run.rules),
        baseVersion: run.baseVersion,
        actor: operation.actor
      })
      yield* sql`insert into cursors (reader, pos) values (${readerAside(spaceId)}, ${pos}::float8::bigint)`
      yield* sql`insert into space_generations (space, generation, role, operation)
        values (${spaceId}, ${generation}, 'next', ${operation.id}::float8::bigint)`
    })
  )
  return { run, generation }
})

const discardNext = (sql: Database["Service"]["write"], spaceId: string) =>
  Effect.andThen(dropAside(sql, spaceId, "next"), sql`delete from cursors where reader = ${readerAside(spaceId)}`)

/** Takes the previous generation up where it was left. */
const beginPrevious = Effect.fnUntraced(function* ({ spaceId, epoch }: Standing) {
  const { write: sql } = yield* Database
  return yield* sql.withTransaction(
    Effect.gen(function* () {
      const { pos } = yield* holdSpace(sql, spaceId, epoch())
      const [previous] = yield* sql<{ generation: number; seq: number }>`
        select generation, seq::float8 as seq from space_generations
        where space = ${spaceId} and role = 'previous' and kept_until > now() for update`
      if (previous === undefined)
        return yield* refused("NOT_FOUND", "There is no rebuild of the last 7 days that could be taken back.")
      yield* sql`insert into cursors (reader, pos, seq) values (${readerAside(spaceId)}, ${pos}::float8::bigint, ${previous.seq}::float8::bigint)
        on conflict (reader) do nothing`
      // While it is wanted it must not expire.
      yield* sql`update space_generations set kept_until = greatest(kept_until, now() + interval '1 day')
        where space = ${spaceId} and role = 'previous'`
      return previous
    })
  )
})

/** What is aside after an operation that was refused. */
export const abandon = Effect.fnUntraced(function* ({ spaceId, epoch }: Standing, { kind }: ReplaceOperation) {
  const { write: sql } = yield* Database
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* holdSpace(sql, spaceId, epoch())
      if (kind === "apply_rebuild") return yield* discardNext(sql, spaceId)
      const left = yield* sql<{
        seq: number
      }>`delete from cursors where reader = ${readerAside(spaceId)} returning seq::float8 as seq`
      if (left[0] !== undefined)
        yield* sql`update space_generations set seq = ${left[0].seq}::float8::bigint where space = ${spaceId} and role = 'previous'`
    })
  )
})

/** Whether what was begun for the operation is still there: `forgetAside` takes it away. */
export const isAside = (
  { write: sql }: Database["Service"],
  spaceId: string,
  { id, kind }: ReplaceOperation
): Effect.Effect<boolean, SqlError.SqlError> =>
  Effect.map(
    kind === "apply_rebuild"
      ? sql`select 1 as n from space_generations where space = ${spaceId} and role = 'next' and operation = ${id}::float8::bigint`
      : sql`select 1 as n from space_generations where space = ${spaceId} and role = 'previous'`,
    (rows) => rows.length > 0
  )

/** A rebuild must not forget what it cannot read any more. */
const checkComplete = Effect.fnUntraced(function* (spaceId: string, filler: Filler) {
  const database = yield* Database
  const next = schemaAside(spaceId, "next")
  const there = yield* countResolved(database, spaceSchema(spaceId), filler.seq())
  const again = yield* countResolved(database, next, filler.seq())
  const [dropped] = yield* database.write.unsafe<{ n: number }>(
    `select coalesce(sum(count), 0)::float8 as n from ${next}.drops`
  )
  const missing = there - again - dropped!.n
  if (missing > 0)
    return yield* refused(
      "VALIDATION_FAILED",
      `${missing} events that the space has resolved are in neither log nor archive any more. A rebuild would forget what they said, so it is not done; apply the rules to new events only.`
    )
})

/** Brings the other generation so far that little is left; answers what the switch needs. */
const prepareGeneration = Effect.fnUntraced(function* (standing: Standing, operation: ReplaceOperation) {
  const { spaceId, committed } = standing
  const database = yield* Database
  const graph = yield* IdentityGraph
  const { write: sql } = database
  const applies = operation.kind === "apply_rebuild"
  const aside: Aside = applies ? "next" : "previous"
  const begun = applies ? yield* beginNext(standing, operation) : undefined
  const { generation, seq: since } =
    begun === undefined ? yield* beginPrevious(standing) : { generation: begun.generation, seq: 0 }
  const graphId = graphOfGeneration(spaceId, generation)
  const filler = yield* openFiller(spaceId, aside, generation, begun?.run.reapplyOperations ?? true)
  const total = yield* countResolved(database, spaceSchema(spaceId), committed())
  const done = yield* countResolved(database, schemaAside(spaceId, aside), filler.seq())
  yield* sql`update space_operations set started_at = coalesce(started_at, now()), total = ${total}, done = ${done}
    where id = ${operation.id}::float8::bigint`
  const fill = () =>
    filler.fill(committed(), (events) =>
      Effect.asVoid(
        sql`update space_operations set done = done + ${events}, total = greatest(total, done + ${events})
          where id = ${operation.id}::float8::bigint`
      )
    )
  const formerIds = makeFormerIds({
    database,
    graph,
    from: spaceSchema(spaceId),
    into: schemaAside(spaceId, aside),
    graphId
  })
  while ((yield* fill()) >= fewLeft);
  if (applies) yield* checkComplete(spaceId, filler)
  const idsUpTo = filler.seq()
  yield* formerIds.takeOver(0, idsUpTo)
  yield* formerIds.carryOn
  while ((yield* fill()) >= fewLeft);
  const rest = (upTo: Seq) => Effect.andThen(filler.fill(upTo), formerIds.takeOver(idsUpTo, upTo))
  const operations = Effect.suspend(() => tallyOf(database, schemaAside(spaceId, aside), since))
  return { aside, begun, generation, graphId, rest, operations }
})

/** Fills the other generation and hands it to the actor (`offer`); completes when that has switched to it. */
export const replaceGeneration = Effect.fnUntraced(function* (
  standing: Standing,
  operation: ReplaceOperation,
  offer: (ready: ReadyGeneration) => void
) {
  const { spaceId } = standing
  const database = yield* Database
  const graphs = yield* LiveGraphs
  const { write: sql } = database
  const applies = operation.kind === "apply_rebuild"
  // From the offer on the switch itself looks whether it was cancelled.
  const { aside, begun, generation, graphId, rest, operations } = yield* untilCancelled(
    database,
    operation.id,
    prepareGeneration(standing, operation)
  )

  const switched = yield* Deferred.make<void, OperationRefused>()
  const switchTo: ReadyGeneration["switchTo"] = Effect.fnUntraced(function* (upTo, epoch) {
    yield* rest(upTo)
    const at = yield* Clock.currentTimeMillis
    const options: SwitchOptions = {
      sql,
      spaceId,
      epoch,
      committed: upTo,
      aside,
      generation,
      liveGeneration: generationOfGraph(graphs.graphOf(spaceId)),
      operation,
      audit: {
        id: auditId(at, `${spaceId}\n${operation.id}`),
        at,
        action: applies ? "Space Rebuilt" : "Rebuild Rolled Back",
        data:
          begun === undefined ? { inverse: "rollbackRebuild" } : { inverse: "rollbackRebuild", whatIf: begun.run.id }
      },
      operations: yield* operations,
      rules: applies ? checkCandidate(sql, spaceId) : restoreRules(sql, spaceId, operation.actor),
      also: (rules) =>
        begun === undefined
          ? Effect.void
          : Effect.asVoid(
              sql`update what_if_runs set state = 'applied', applied_as = 'rebuild', applied_version = ${rules.after}
                where id = ${begun.run.id}`
            )
    }
    const rules = yield* graphs.switching(spaceId, graphId, switchGeneration(options))
    yield* Effect.logInfo(
      applies
        ? `Space ${spaceId} was rebuilt under rules version ${rules.after} and reads and writes the new profiles from here on`
        : `Space ${spaceId} has gone back to the profiles from before the rebuild, under rules version ${rules.after}`
    )
  })
  offer({ switchTo, switched })
  yield* Deferred.await(switched)
})
