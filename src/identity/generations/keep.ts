/** What is left of generations: the one before the last switch is kept for a while (IDR-194), then it goes, tables first. */
import { Effect } from "effect"
import { Database } from "../../platform/database.ts"
import { IdentityGraph } from "../graph.ts"
import { graphOfGeneration } from "./generation.ts"
import { dropAside, holdSpace } from "./switch.ts"

/** A condition on `space_generations g`: there is something to remove. */
export const overdue = `(g.role = 'dropped' or (g.role = 'previous' and g.kept_until < now()))`

/** Removes the previous generation when its time is over, and graphs whose generation is gone. */
export const sweepGenerations = Effect.fnUntraced(function* (spaceId: string, epoch: number) {
  const { write: sql } = yield* Database
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* holdSpace(sql, spaceId, epoch)
      const over = yield* sql`select 1 as n from space_generations
        where space = ${spaceId} and role = 'previous' and kept_until < now() for update`
      if (over.length > 0) yield* dropAside(sql, spaceId, "previous")
    })
  )
  yield* dropGraphs(spaceId)
})

/** Removes graphs whose generation is gone; needs no ownership, for nobody writes to them any more. */
export const dropGraphs = Effect.fnUntraced(function* (spaceId: string) {
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const dropped = yield* sql<{ generation: number }>`
    select generation from space_generations where space = ${spaceId} and role = 'dropped'`
  for (const { generation } of dropped) {
    yield* graph.drop(graphOfGeneration(spaceId, generation))
    yield* sql`delete from space_generations where space = ${spaceId} and generation = ${generation} and role = 'dropped'`
  }
})
