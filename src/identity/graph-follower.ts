/**
 * Keeps a graph outside Postgres in step with the commits: applies them in order, one transaction each, and
 * retries for as long as the graph is away. What is pending stays in the working set (the set must not rotate
 * before `drained`), so nothing is decided on a graph that lags.
 */
import { Effect, Latch, Schedule } from "effect"
import type { Position } from "../log/event-log.ts"
import type { GraphFenced, GraphId, GraphMutations, GraphUnavailable, IdentityGraph } from "./graph.ts"
import { changesGraph } from "./graph-projection.ts"

/** Commits that may wait for the graph; then the space waits. */
const mostPending = 16

const backoff = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("3 seconds")])

export interface GraphFollower {
  /** Position up to which log and graph agree. */
  readonly settled: () => Position
  /** Hands over what a commit up to `upTo` changed. */
  readonly push: (mutations: GraphMutations, upTo: Position) => void
  /** Completes when another commit may be handed over. */
  readonly hasRoom: Effect.Effect<void>
  /** Completes when the graph has everything. */
  readonly drained: Effect.Effect<void>
  /** Applies for ever; ends only when the graph was written by somebody else. */
  readonly run: Effect.Effect<never, GraphFenced>
}

export const makeFollower = (options: {
  readonly graph: Pick<IdentityGraph["Service"], "apply">
  readonly graphId: GraphId
  readonly graphPosition: Position
  readonly settled: Position
  readonly onUnavailable: (error: GraphUnavailable) => void
  /** The graph has taken a change: it is there. */
  readonly onApplied: () => void
}): GraphFollower => {
  const { graph, graphId } = options
  const pending: Array<{ readonly mutations: GraphMutations; readonly upTo: Position }> = []
  const work = Latch.makeUnsafe(false)
  const room = Latch.makeUnsafe(true)
  const empty = Latch.makeUnsafe(true)
  let position = options.graphPosition
  let settled = options.settled

  const applyFirst = Effect.gen(function* () {
    const { mutations, upTo } = pending[0]!
    if (changesGraph(mutations)) {
      yield* graph.apply(graphId, position, mutations).pipe(
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (error._tag === "GraphUnavailable") options.onUnavailable(error)
          })
        ),
        Effect.retry({ schedule: backoff, while: (error) => error._tag === "GraphUnavailable" }),
        Effect.catchTag("GraphUnavailable", (error) => Effect.die(error))
      )
      position = mutations.position
      options.onApplied()
    }
    pending.shift()
    settled = upTo
    room.openUnsafe()
    if (pending.length === 0) empty.openUnsafe()
  })

  return {
    settled: () => settled,
    push: (mutations, upTo) => {
      pending.push({ mutations, upTo })
      empty.closeUnsafe()
      if (pending.length >= mostPending) room.closeUnsafe()
      work.openUnsafe()
    },
    hasRoom: room.await,
    drained: empty.await,
    run: Effect.gen(function* () {
      while (true) {
        yield* work.await
        while (pending.length > 0) yield* applyFirst
        work.closeUnsafe()
      }
    })
  }
}
