/**
 * What is built beside the live graph of a space and then switched to, while resolution and readers go on:
 *
 *     fill the next generation -> catch up at a batch boundary -> switch
 *
 * A rebuild of the graph fills it from the journal, here; a generation under other rules has tables of its own, too
 * (`generations/replace.ts`). The work is asked for by a row in `space_operations`, so that a command finds the process that owns the
 * space through the database. What was interrupted goes on where it stopped.
 */
import { Cause, Deferred, Effect, Latch, Schedule } from "effect"
import { History } from "../archive/history.ts"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { causeMessage } from "../platform/supervise.ts"
import { Workspace } from "../workspace/workspace.ts"
import { auditCancelled, cancelled } from "./generations/cancel.ts"
import { overdue, sweepGenerations } from "./generations/keep.ts"
import {
  abandon,
  isAside,
  type ReadyGeneration,
  type ReplaceOperation,
  replaceGeneration
} from "./generations/replace.ts"
import type { FillError } from "./generations/fill.ts"
import { IdentityGraph } from "./graph.ts"
import { catchUp } from "./graph-projection.ts"
import { LiveGraphs } from "./live-graphs.ts"
import type { Seq } from "./model.ts"
import { type BesideKind, OperationRefused, runsBeside } from "./operations/operation.ts"
import type { SpaceStore } from "./space-store.ts"

export interface Rebuilder {
  /** Set while something waits to be switched to; looked at between two batches. */
  readonly ready: () => ReadyGeneration | undefined
  /**
   * Brings what is ready to `committed` and, under `epoch`, makes it the live one; then the caller reopens its session. False: it
   * was refused, nothing has changed.
   */
  readonly switchTo: (ready: ReadyGeneration, committed: Seq, epoch: number) => Effect.Effect<boolean, FillError>
  /** Takes work as it is asked for, for ever. */
  readonly run: Effect.Effect<never>
  /** Work may be there: who is idle looks now. */
  readonly look: () => void
}

interface Row extends Omit<ReplaceOperation, "kind"> {
  readonly kind: BesideKind | "sweep"
}

/** Failures for reasons of its own after which an operation is given up; being away does not count. */
const mostAttempts = 5
/** How long one rests at most; overdue generations are found so. */
const lookEvery = "1 second"
/** Between attempts: at first, doubled each time, and at last. */
const firstRestMs = 200
const longestRestMs = 1_000

export const makeRebuilder = Effect.fnUntraced(function* (options: {
  readonly spaceId: string
  readonly store: SpaceStore
  /** `seq` up to which the journal may be read. */
  readonly committed: () => Seq
  /** Of the ownership of this process. */
  readonly epoch: () => number
  readonly wake: () => void
}) {
  const database = yield* Database
  const { write: sql } = database
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  const { spaceId, store, epoch } = options
  /** Under the epoch, so that a process that slept through its lease writes nothing. */
  const owned = <A, E>(write: Effect.Effect<A, E>) => Effect.suspend(() => store.owned(epoch(), write))
  const context = yield* Effect.context<Database | History | IdentityGraph | LiveGraphs | Settings | Workspace>()
  let ready: ReadyGeneration | undefined
  const asked = yield* Latch.make(false)
  const offer = (generation: ReadyGeneration) => {
    ready = generation
    options.wake()
  }

  const rebuild = Effect.fnUntraced(function* ({ id }: Row) {
    const old = graphs.graphOf(spaceId)
    yield* graphs.refresh
    const next = graphs.nextOf(spaceId)
    const total = yield* store.journalLength()
    yield* owned(
      sql`update space_operations set started_at = coalesce(started_at, now()), total = ${total}, done = 0 where id = ${id}::float8::bigint`
    )
    const from = yield* graph.open(next)
    const fill = (after: Seq, upTo: Seq) =>
      catchUp({
        store,
        graph,
        graphId: next,
        from: after,
        upTo,
        onPage: (entries) =>
          Effect.asVoid(
            owned(
              sql`update space_operations set done = done + ${entries}, total = greatest(total, done + ${entries}) where id = ${id}::float8::bigint`
            )
          )
      })
    const position = yield* fill(from, options.committed())
    const switched = yield* Deferred.make<void, OperationRefused>()
    offer({
      switched,
      switchTo: (committed, under) => Effect.andThen(fill(position, committed), graphs.switchTo(spaceId, next, under))
    })
    yield* Deferred.await(switched)
    yield* graphs.followed
    yield* graph.drop(old)
  })

  const finish = (row: Row, code: string | null, error: string | null) =>
    owned(
      Effect.andThen(
        sql`update space_operations set finished_at = now(), code = ${code}, error = ${error} where id = ${row.id}::float8::bigint`,
        code === cancelled.code ? auditCancelled(sql, spaceId, row) : Effect.void
      )
    ).pipe(
      // After the switch this process takes the space over from itself: its new epoch is known in a moment.
      Effect.retry({ schedule: Schedule.spaced("200 millis"), times: 25, while: ({ _tag }) => _tag === "SpaceFenced" })
    )

  const replace = Effect.fnUntraced(function* (row: Row) {
    const operation = row as ReplaceOperation
    const giveUp = (code: string, message: string) =>
      Effect.andThen(abandon(options, operation), finish(row, code, message))
    yield* replaceGeneration(options, operation, offer).pipe(
      Effect.catchTag("OperationRefused", ({ code, message }) => giveUp(code, message)),
      Effect.catchCause((cause) =>
        isAway(cause)
          ? Effect.failCause(cause)
          : Effect.gen(function* () {
              // Taken away meanwhile, or never begun: it starts again.
              if (!(yield* isAside(database, spaceId, operation))) return yield* Effect.failCause(cause)
              const [counted] = yield* owned(
                sql<{ attempts: number }>`update space_operations set attempts = attempts + 1
                  where id = ${row.id}::float8::bigint returning attempts`
              )
              yield* Effect.logWarning(`Rebuild ${row.id} of ${spaceId} has failed: ${causeMessage(cause)}`)
              if ((counted?.attempts ?? 0) >= mostAttempts) return yield* giveUp("INTERNAL", causeMessage(cause))
              return yield* Effect.failCause(cause)
            })
      )
    )
  })

  const fromJournal = Effect.fnUntraced(function* (row: Row) {
    const failure = yield* rebuild(row).pipe(
      Effect.as(null),
      Effect.catchIf(
        (error) => error._tag !== "GraphFenced" && error._tag !== "SpaceFenced",
        (error) => Effect.succeed(error.message)
      ),
      Effect.catchDefect((defect) => Effect.succeed(String(defect)))
    )
    yield* finish(row, null, failure)
  })

  /** One after another, of whatever. */
  let failures = 0
  const rest = Effect.suspend(() => Effect.sleep(Math.min(longestRestMs, firstRestMs * 2 ** (failures - 1))))

  /** True: there was something to do. */
  const takeOne = Effect.gen(function* () {
    asked.closeUnsafe()
    const [row] = yield* sql.unsafe<Row>(
      `(select id::float8 as id, kind, coalesce(input, '{}') as input, coalesce(actor, '') as actor, coalesce(reason, '') as reason
          from space_operations where space = $1 and ${runsBeside} and finished_at is null order by id limit 1)
       union all select 0, 'sweep', '', '', '' where exists (select 1 from space_generations g where g.space = $1 and ${overdue})
       order by id desc limit 1`,
      [spaceId]
    )
    if (row === undefined) return false
    yield* row.kind === "sweep"
      ? sweepGenerations(spaceId, epoch())
      : row.kind === "rebuild"
        ? fromJournal(row)
        : replace(row)
    return true
  })

  return {
    ready: () => ready,
    look: () => asked.openUnsafe(),
    switchTo: (waiting, committed, under) =>
      waiting.switchTo(committed, under).pipe(
        Effect.as(true),
        Effect.tap(() => Deferred.succeed(waiting.switched, undefined)),
        Effect.catchTag("OperationRefused", (refused) => Effect.as(Deferred.fail(waiting.switched, refused), false)),
        Effect.ensuring(Effect.sync(() => (ready = undefined)))
      ),
    run: takeOne.pipe(
      Effect.tap(Effect.sync(() => (failures = 0))),
      Effect.ensuring(Effect.sync(() => (ready = undefined))),
      // Another process was at the same graph: one of the two has lost the space and ends, the other goes on. A store is away: it
      // goes on afterwards.
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.logDebug(`Rebuilding ${spaceId}: ${causeMessage(cause)}`).pipe(
              Effect.andThen(Effect.sync(() => void failures++)),
              Effect.andThen(rest),
              Effect.as(true)
            )
      ),
      Effect.flatMap((worked) => (worked ? Effect.void : Effect.timeoutOption(asked.await, lookEvery))),
      Effect.forever,
      Effect.provideContext(context)
    )
  } satisfies Rebuilder
})

const away = new Set(["GraphUnavailable", "GraphFenced", "SpaceFenced", "LogUnavailable", "ObjectStoreFailed"])

/** A store is away, or the space was lost: no fault of the operation. */
const isAway = (cause: Cause.Cause<unknown>): boolean => {
  if (Cause.hasInterruptsOnly(cause)) return true
  const error = Cause.squash(cause) as
    | { readonly _tag?: string; readonly reason?: { readonly _tag?: string } }
    | undefined
  return away.has(error?._tag ?? "") || (error?._tag === "SqlError" && error.reason?._tag === "ConnectionError")
}
