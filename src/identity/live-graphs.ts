/** Which graph of a space is the live one. A rebuild fills another graph aside and then switches here. */
import { Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { type GraphId, IdentityGraph } from "./graph.ts"

const name = (spaceId: string, generation: number): GraphId => `${spaceId}.${generation}`

export class LiveGraphs extends Context.Service<
  LiveGraphs,
  {
    /** The graph that answers for the space; its first generation when the space is new. */
    readonly graphOf: (spaceId: string) => GraphId
    /** The graph that a rebuild fills: the next generation. */
    readonly nextOf: (spaceId: string) => GraphId
    /** Makes `graph` the live one, durably. */
    readonly switchTo: (spaceId: string, graph: GraphId) => Effect.Effect<void, SqlError.SqlError>
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
      const refresh = sql<{ space: string; generation: number }>`
        select space, generation from space_graphs where adapter = ${adapter}`.pipe(
        Effect.map((rows) => {
          generations = new Map(rows.map((row) => [row.space, row.generation]))
        })
      )
      yield* refresh
      const generationOf = (spaceId: string) => generations.get(spaceId) ?? 1
      return {
        graphOf: (spaceId) => name(spaceId, generationOf(spaceId)),
        nextOf: (spaceId) => name(spaceId, generationOf(spaceId) + 1),
        switchTo: (spaceId, graph) => {
          const generation = Number(graph.slice(graph.lastIndexOf(".") + 1))
          return sql`insert into space_graphs (space, adapter, graph, generation) values (${spaceId}, ${adapter}, ${graph}, ${generation})
            on conflict (space, adapter) do update set graph = excluded.graph, generation = excluded.generation`.pipe(
            Effect.map(() => {
              generations.set(spaceId, generation)
            })
          )
        },
        refresh
      }
    })
  )
}
