import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { IdentityGraph } from "../../src/identity/graph.ts"
import * as statements from "../../src/identity/graph-postgres-sql.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { hash128 } from "../../src/platform/hash.ts"
import { testDatabase } from "../support/database.ts"
import { freshGraph, id, Story } from "./graph-story.ts"
import { identityGraphContract } from "./identity-graph.ts"
import { identityGraphOperations } from "./identity-graph-operations.ts"
import { identityGraphProperties } from "./identity-graph-properties.ts"

const layer = postgresGraph.pipe(Layer.provideMerge(testDatabase))

identityGraphContract("postgres", layer)
identityGraphOperations("postgres", layer)
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

  it.effect("every read goes by index, also before the tables were ever analysed (IDR-90)", () =>
    Effect.gen(function* () {
      const graph = yield* IdentityGraph
      const { write } = yield* Database
      const graphId = freshGraph()
      yield* graph.open(graphId)
      const story = new Story()
      for (let n = 0; n < 4000; n++) story.create("users", id(`email:e${n}`), id(`user_id:u${n}`))
      const { from, mutations } = story.take()
      yield* graph.apply(graphId, from, mutations)
      const numbers = mutations.profiles.slice(0, 5).map((row) => row.no)
      const literals: Readonly<Record<string, string>> = {
        uuid: numbers.map((_, n) => hash128(`users\nemail\ne${n}`)).join(),
        text: mutations.profiles
          .slice(0, 5)
          .map((row) => row.segmentId)
          .join(),
        float8: numbers.join(),
        int4: numbers.map((_, n) => n).join()
      }
      const { load, issued, find, externalIds, links, merges } = statements
      for (const statement of [load, issued, find, externalIds, links, merges]) {
        const text = statement(`"${graphId}"`).replace(
          /\$\d+::(\w+)\[\]/g,
          (_, type: string) => `'{${literals[type]!}}'::${type}[]`
        )
        const plan = yield* write.unsafe<{ "QUERY PLAN": string }>(`explain ${text}`)
        assert.notMatch(plan.map((row) => row["QUERY PLAN"]).join("\n"), /Seq Scan/)
      }
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
