/**
 * Which graph of a space is the live one. A rebuild fills another graph aside and then switches here.
 *
 * The switch is fenced like a commit: it happens only under the epoch of the space's owner. Other processes look it up
 * every second (`space-actors.ts`); the old graph is kept until all of them have (`followed`).
 */
import { Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { type GraphId, IdentityGraph } from "./graph.ts"
import { countServing } from "./space-owners.ts"
import { readerName, SpaceFenced } from "./space-store.ts"

const name = (spaceId: string, generation: number): GraphId => `${spaceId}.${generation}`

/** After so long every process reads the graph that was switched to; they look every second. */
const staleAtMost = "5 seconds"

export class LiveGraphs extends Context.Service<
  LiveGraphs,
  {
    /** The graph that answers for the space; its first generation when the space is new. */
    readonly graphOf: (spaceId: string) => GraphId
    /** The graph that a rebuild fills: the next generation. */
    readonly nextOf: (spaceId: string) => GraphId
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
      /** Own switches that began or ended; what was read while one was under way may be older than it. */
      let switches = 0
      const refresh: Effect.Effect<void, SqlError.SqlError> = Effect.gen(function* () {
        while (true) {
          const before = switches
          const rows = yield* sql<{ space: string; generation: number }>`
            select space, generation from space_graphs where adapter = ${adapter}`
          if (switches !== before) continue
          generations = new Map(rows.map((row) => [row.space, row.generation]))
          return
        }
      })
      yield* refresh
      const generationOf = (spaceId: string) => generations.get(spaceId) ?? 1
      return {
        graphOf: (spaceId) => name(spaceId, generationOf(spaceId)),
        nextOf: (spaceId) => name(spaceId, generationOf(spaceId) + 1),
        switchTo: Effect.fnUntraced(function* (spaceId, graph, epoch) {
          const generation = Number(graph.slice(graph.lastIndexOf(".") + 1))
          switches++
          // The lock on the cursor keeps another process from taking over in between.
          const [row] = yield* sql<{ pos: number; switched: boolean }>`
            with owner as (select 1 from cursors
                           where reader = ${readerName(spaceId)} and epoch = ${epoch}::float8::bigint for update),
                 live as (insert into space_graphs (space, adapter, graph, generation)
                          select ${spaceId}, ${adapter}, ${graph}, ${generation} from owner
                          on conflict (space, adapter) do update set graph = excluded.graph, generation = excluded.generation)
            select c.pos::float8 as pos, exists (select 1 from owner) as switched from cursors c where c.reader = ${readerName(spaceId)}`.pipe(
            Effect.ensuring(Effect.sync(() => switches++))
          )
          if (row?.switched !== true) return yield* new SpaceFenced({ space: spaceId, at: row?.pos ?? 0 })
          generations.set(spaceId, generation)
        }),
        followed: Effect.flatMap(countServing(sql), (serving) =>
          serving > 1 ? Effect.sleep(staleAtMost) : Effect.void
        ),
        refresh
      }
    })
  )
}
