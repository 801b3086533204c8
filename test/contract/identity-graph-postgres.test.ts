import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { testDatabase } from "../support/database.ts"
import { freshGraph, id, Story } from "./graph-story.ts"
import { identityGraphContract } from "./identity-graph.ts"
import { identityGraphProperties } from "./identity-graph-properties.ts"

const layer = postgresGraph.pipe(Layer.provideMerge(testDatabase))

identityGraphContract("postgres", layer)
identityGraphProperties("postgres", layer, 40)

it.layer(layer, { excludeTestServices: true })("IdentityGraph in Postgres", (it) => {
  it.effect("apply joins the caller's transaction and goes with it", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const { write } = yield* Database
      const graphId = freshGraph()
      yield* graph.open(graphId)
      const story = new Story()
      story.create("users", id("email:e1"))
      const { from, mutations } = story.take()
      const inTransaction = write.withTransaction(
        Effect.andThen(graph.apply(graphId, from, mutations), Effect.fail("changed my mind" as const))
      )
      assert.strictEqual(yield* Effect.flip(inTransaction), "changed my mind")
      assert.strictEqual(yield* graph.open(graphId), 0)
      assert.strictEqual(yield* graph.count(graphId, "users"), 0)
      yield* write.withTransaction(graph.apply(graphId, from, mutations))
      assert.strictEqual(yield* graph.count(graphId, "users"), 1)
    })
  )

  it.effect("what is no graph id never reaches a statement", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      for (const graphId of ['x"; drop schema public; --.1', "spa_1", "", ".1", "a.b.1"]) {
        assert.throws(() => graph.open(graphId), /is no graph id/)
      }
    })
  )
})
