/**
 * Which graph of a space is the live one. A rebuild fills another graph aside and then switches here.
 *
 * The switch is fenced like a commit: it happens only under the epoch of the space's owner. Other processes look it up
 * every second (`space-actors.ts`); the old graph is kept until all of them have (`followed`).
 */
import { Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { countServing } from "../platform/membership.ts"
import { generationOfGraph, graphOfGeneration } from "./generations/generation.ts"
import { type GraphId, IdentityGraph } from "./graph.ts"
import { spaceKind } from "./space-owners.ts"
import { readerName, SpaceFenced } from "./space-store.ts"

/** After so long every process reads the graph that was switched to; they look every second. */
const staleAtMost = "5 seconds"

export class LiveGraphs extends Context.Service<
  LiveGraphs,
  {
    /** The graph that answers for the space; its first generation when the space is new. */
    readonly graphOf: (spaceId: string) => GraphId
    /** The graph that a rebuild fills: the generation after all that there are. */
    readonly nextOf: (spaceId: string) => GraphId
    /** Runs a transaction that makes `graph` the live one, and reads there from its end on. */
    readonly switching: <A, E>(spaceId: string, graph: GraphId, transaction: Effect.Effect<A, E>) => Effect.Effect<A, E>
    /** Makes `graph` the live one, durably. `SpaceFenced`: `epoch` is over, another process runs the space; nothing changed. */
    readonly switchTo: (
      spaceId: string,
      graph: GraphId,
      epoch: number
    ) => Effect.Effect<void, SqlError.SqlError | SpaceFenced>
    /** Completes when no process reads what was the live graph before the last switch; at once for a process that is alone. */
    readonly followed: Effect.Effect<void, SqlError.SqlError>
    /** Reads again what another process may have switched. */
    readonly refresh: Effect.Effect<void, SqlError.SqlError>
  }
>()("braid/identity/LiveGraphs") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const { adapter } = yield* IdentityGraph
      let generations = new Map<string, number>()
      /** The last generation of each space, whatever it is for. */
      let last = new Map<string, number>()
      /** Own switches that began or ended; what was read while one was under way may be older than it. */
      let switches = 0
      const refresh: Effect.Effect<void, SqlError.SqlError> = Effect.gen(function* () {
        while (true) {
          const before = switches
          const rows = yield* sql<{ space: string; live: number | null; last: number }>`
            select g.space, (max(g.generation) filter (where g.adapter = ${adapter}))::int4 as live, max(g.generation)::int4 as last
            from (select space, adapter, generation from space_graphs
                  union all select space, null, generation from space_generations) g group by g.space`
          if (switches !== before) continue
          generations = new Map(rows.flatMap(({ space, live }) => (live === null ? [] : [[space, live]])))
          last = new Map(rows.map((row) => [row.space, row.last]))
          return
        }
      })
      yield* refresh
      const generationOf = (spaceId: string) => generations.get(spaceId) ?? 1
      const switching = <A, E>(spaceId: string, graph: GraphId, transaction: Effect.Effect<A, E>) =>
        Effect.suspend(() => {
          switches++
          return transaction
        }).pipe(
          Effect.tap(() =>
            Effect.sync(() => {
              const generation = generationOfGraph(graph)
              generations.set(spaceId, generation)
              last.set(spaceId, Math.max(last.get(spaceId) ?? 1, generation))
            })
          ),
          Effect.ensuring(Effect.sync(() => switches++))
        )
      const moveLive = Effect.fnUntraced(function* (spaceId: string, graph: GraphId, epoch: number) {
        const generation = generationOfGraph(graph)
        // The lock on the cursor keeps another process from taking over in between.
        const [row] = yield* sql<{ pos: number; switched: boolean }>`
            with owner as (select 1 from cursors
                           where reader = ${readerName(spaceId)} and epoch = ${epoch}::float8::bigint for update),
                 live as (insert into space_graphs (space, adapter, graph, generation)
                          select ${spaceId}, ${adapter}, ${graph}, ${generation} from owner
                          on conflict (space, adapter) do update set graph = excluded.graph, generation = excluded.generation)
            select c.pos::float8 as pos, exists (select 1 from owner) as switched from cursors c where c.reader = ${readerName(spaceId)}`
        if (row?.switched !== true) return yield* new SpaceFenced({ space: spaceId, at: row?.pos ?? 0 })
      })
      return {
        graphOf: (spaceId) => graphOfGeneration(spaceId, generationOf(spaceId)),
        nextOf: (spaceId) => graphOfGeneration(spaceId, Math.max(last.get(spaceId) ?? 1, generationOf(spaceId)) + 1),
        switching,
        switchTo: (spaceId, graph, epoch) => switching(spaceId, graph, moveLive(spaceId, graph, epoch)),
        followed: Effect.flatMap(countServing(sql, spaceKind), (serving) =>
          serving > 1 ? Effect.sleep(staleAtMost) : Effect.void
        ),
        refresh
      }
    })
  )
}
