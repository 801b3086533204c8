/**
 * Rebuilding the graph of a space from its journal, beside the live one:
 *
 *     fill the next generation (readers and resolution go on) -> catch up at a batch boundary -> switch -> drop the old one
 *
 * The work is asked for by a row in `space_operations`, so that a command finds the process that owns the space
 * through the database. A rebuild that was interrupted goes on where it stopped.
 */
import { Deferred, Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { type GraphError, type GraphId, IdentityGraph } from "./graph.ts"
import { catchUp } from "./graph-projection.ts"
import { LiveGraphs } from "./live-graphs.ts"
import type { Seq } from "./model.ts"
import type { SpaceFenced, SpaceStore } from "./space-store.ts"

/** A graph that has caught up but for the last few entries and waits to be switched to. */
export interface ReadyGraph {
  readonly graphId: GraphId
  readonly position: Position
  readonly switched: Deferred.Deferred<void>
}

export interface Rebuilder {
  /** Set while a graph waits to be switched to; looked at between two batches. */
  readonly ready: () => ReadyGraph | undefined
  /** Brings the ready graph to `committed` and, under `epoch`, makes it the live one. The caller reopens its session. */
  readonly switchTo: (
    ready: ReadyGraph,
    committed: Seq,
    epoch: number
  ) => Effect.Effect<void, GraphError | SqlError.SqlError | SpaceFenced>
  /** Takes work as it is asked for, for ever. */
  readonly run: Effect.Effect<never>
}

interface Operation {
  readonly id: number
}

export const makeRebuilder = Effect.fnUntraced(function* (options: {
  readonly spaceId: string
  readonly store: SpaceStore
  /** `seq` up to which the journal may be read. */
  readonly committed: () => Seq
  /** Of the space's owner, as it is here: a process that was paused and taken over from writes nothing more. */
  readonly epoch: () => number
  readonly wake: () => void
}) {
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  const { spaceId, store } = options
  const owned = <A, E>(write: Effect.Effect<A, E>) => Effect.suspend(() => store.owned(options.epoch(), write))
  let ready: ReadyGraph | undefined

  const rebuild = Effect.fnUntraced(function* (operation: Operation) {
    const old = graphs.graphOf(spaceId)
    const next = graphs.nextOf(spaceId)
    const total = yield* store.journalLength()
    yield* owned(
      sql`update space_operations set started_at = coalesce(started_at, now()), total = ${total}, done = 0 where id = ${operation.id}`
    )
    const from = yield* graph.open(next)
    const position = yield* catchUp({
      store,
      graph,
      graphId: next,
      from,
      upTo: options.committed(),
      onPage: (entries) =>
        Effect.asVoid(
          owned(
            sql`update space_operations set done = done + ${entries}, total = greatest(total, done + ${entries}) where id = ${operation.id}`
          )
        )
    })
    const switched = yield* Deferred.make<void>()
    ready = { graphId: next, position, switched }
    options.wake()
    yield* Deferred.await(switched)
    yield* graphs.followed
    yield* graph.drop(old)
  })

  const takeOne = Effect.gen(function* () {
    const [operation] = yield* sql<Operation>`select id::int as id from space_operations
      where space = ${spaceId} and kind = 'rebuild' and finished_at is null order by id limit 1`
    if (operation === undefined) return
    const failure = yield* rebuild(operation).pipe(
      Effect.as(null),
      Effect.catchIf(
        (error) => error._tag !== "GraphFenced" && error._tag !== "SpaceFenced",
        (error) => Effect.succeed(error.message)
      ),
      Effect.catchDefect((defect) => Effect.succeed(String(defect)))
    )
    ready = undefined
    yield* owned(
      sql`update space_operations set finished_at = now(), error = ${failure} where id = ${operation.id}`
    ).pipe(
      // After the switch this process takes the space over from itself: its new epoch is known in a moment.
      Effect.retry({ schedule: Schedule.spaced("200 millis"), times: 25, while: ({ _tag }) => _tag === "SpaceFenced" })
    )
  })

  return {
    ready: () => ready,
    switchTo: (waiting, committed, epoch) =>
      catchUp({ store, graph, graphId: waiting.graphId, from: waiting.position, upTo: committed }).pipe(
        Effect.andThen(graphs.switchTo(spaceId, waiting.graphId, epoch)),
        Effect.andThen(
          Effect.suspend(() => {
            ready = undefined
            return Deferred.succeed(waiting.switched, undefined)
          })
        ),
        Effect.asVoid
      ),
    run: takeOne.pipe(
      // Another process was at the same graph: one of the two has lost the space and ends, the other goes on. The database
      // is away: it goes on afterwards.
      Effect.catchTag(["GraphFenced", "SpaceFenced", "SqlError"], (error) => Effect.logDebug(error.message)),
      Effect.repeat(Schedule.spaced("1 second")),
      Effect.andThen(Effect.never)
    )
  } satisfies Rebuilder
})
