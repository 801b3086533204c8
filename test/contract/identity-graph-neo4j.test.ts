/** The contract on Neo4j, and what only Neo4j promises: a graph that a person can read, by index, that ends when asked. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schedule } from "effect"
import connect, { type Plan } from "neo4j-driver"
import { IdentityGraph } from "../../src/identity/graph.ts"
import * as cypher from "../../src/identity/graph-neo4j-cypher.ts"
import { operations } from "../../src/identity/graph-neo4j-operations.ts"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { Neo4j } from "../../src/platform/neo4j.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { freshGraph, id, Story } from "./graph-story.ts"
import { identityGraphContract } from "./identity-graph.ts"
import { identityGraphOperations } from "./identity-graph-operations.ts"
import { identityGraphProperties } from "./identity-graph-properties.ts"

const neo4j = await runNeo4j()
const nowhere = { url: "bolt://127.0.0.1:1", user: "neo4j", password: "none" }

describe.skipIf(neo4j === undefined)("on Neo4j", () => {
  const layer = neo4jGraphOn.pipe(Layer.provideMerge(testNeo4j(neo4j ?? nowhere)))
  identityGraphContract("neo4j", layer)
  identityGraphOperations("neo4j", layer)
  identityGraphProperties("neo4j", layer, 25)

  it.layer(layer, { excludeTestServices: true })("IdentityGraph in Neo4j", (it) => {
    it.effect("reads like spec 02 section 17", () =>
      Effect.gen(function* () {
        const graph = yield* IdentityGraph
        const server = yield* Neo4j
        const graphId = freshGraph()
        const space = graphId.slice(0, -2)
        yield* graph.open(graphId)
        const story = new Story()
        const start = story.at
        const p1 = story.create("users", id("email:e1"))
        const p2 = story.create("users", id("email:e2"))
        const a1 = story.create("accounts", id("group_id:g1"))
        story.link(p2, a1)
        story.merge(p2, p1, { matchedFrom: [id("email:e2")], matchedInto: [id("email:e1")] })
        const { from, mutations } = story.take()
        yield* graph.apply(graphId, from, mutations)

        const [path] = yield* server.read<Record<string, Record<string, unknown> & { properties: object }>>(
          `MATCH (i:Identifier {space: $space, type: "email", value: "e2"})-[t:MAPS_TO]->(p:Profile)-[m:MERGED_INTO]->(c:Profile)
           MATCH (p)-[l:MEMBER_OF]->(a:Account) RETURN i, t, p, m, c, l, a`,
          { space }
        )
        const text = (name: string) => JSON.parse(JSON.stringify(path![name]!.properties))
        const segmentIds = mutations.profiles.map((row) => row.segmentId)
        const year = new Date(start).getUTCFullYear()
        assert.deepInclude(text("i"), { space, collection: "users", type: "email", value: "e2" })
        assert.deepInclude(text("t"), {
          source: mutations.mappings[1]!.source,
          first_message_id: mutations.mappings[1]!.messageId,
          origin_segment_id: segmentIds[1],
          state: "active"
        })
        assert.match(text("t").id, /^map_[0-9A-Za-z]{27}$/)
        assert.strictEqual(text("t").added_at.year, year)
        assert.deepEqual(text("t").created_at, text("t").added_at)
        assert.deepInclude(text("p"), {
          segment_id: segmentIds[1],
          collection: "users",
          state: "merged",
          created_seq: p2
        })
        assert.deepInclude(text("c"), { segment_id: segmentIds[0], state: "active", space })
        assert.deepInclude(text("m"), {
          id: mutations.merges[0]!.id,
          rules_version: 7,
          matched_from: ["email:e2"],
          matched_into: ["email:e1"],
          state: "active"
        })
        assert.deepInclude(text("l"), {
          origin_segment_id: segmentIds[1],
          first_message_id: mutations.links[0]!.messageId
        })
        assert.deepEqual(path!["a"]!["labels"], ["Profile", "Account"])
        const [node] = yield* server.read<{ position: number }>(
          "MATCH (g:Graph {id: $graphId}) RETURN g.position AS position",
          {
            graphId
          }
        )
        assert.strictEqual(node?.position, story.position)
      })
    )

    it.effect("every statement starts from an index, whatever the size of the graph (IDR-90)", () =>
      Effect.gen(function* () {
        yield* IdentityGraph.use((graph) => graph.open(freshGraph()))
        const { url, user, password } = neo4j ?? nowhere
        const driver = yield* Effect.acquireRelease(
          Effect.sync(() => connect.driver(url, connect.auth.basic(user, password ?? ""))),
          (driver) => Effect.promise(() => driver.close())
        )
        const operators = (plan: Plan): ReadonlyArray<string> => [
          plan.operatorType,
          ...plan.children.flatMap(operators)
        ]
        const statements = [...Object.values(cypher), ...Object.values(operations)]
          .flat()
          .filter((statement) => typeof statement === "string")
          .filter((statement) => !/^(CREATE CONSTRAINT|CREATE INDEX|RETURN)/.test(statement))
        assert.isAbove(statements.length, 25)
        for (const statement of statements) {
          const names = [...new Set(statement.match(/\$\w+/g))].map((name) => [name.slice(1), null])
          const { summary } = yield* Effect.promise(() =>
            driver.executeQuery(`EXPLAIN ${statement}`, Object.fromEntries(names))
          )
          for (const operator of operators(summary.plan as Plan)) assert.notMatch(operator, /Scan/, statement)
        }
      }).pipe(Effect.scoped)
    )

    it.effect("IDR-205, IDR-162: what is kept apart and what is left of an erased profile can be read", () =>
      Effect.gen(function* () {
        const graph = yield* IdentityGraph
        const server = yield* Neo4j
        const graphId = freshGraph()
        yield* graph.open(graphId)
        const story = new Story()
        const [p1, p2] = [story.create("users", id("email:secret1")), story.create("users", id("email:secret2"))]
        const [p3, p4] = [story.create("users", id("email:e3")), story.create("users", id("email:e4"))]
        story.merge(p2, p1, { matchedFrom: [id("email:secret2")] })
        const { from, mutations } = story.take()
        yield* graph.apply(graphId, from, mutations)
        story.operate(
          { kind: "separate", a: p4, b: p3, audit: "aud_1", since: 1_790_000_000_000 },
          { kind: "erase", profile: p2 },
          { kind: "unmap", identifiers: [id("email:e4")] }
        )
        const next = story.take()
        yield* graph.apply(graphId, next.from, next.mutations)
        const relations = yield* server.read<{ audit: string; since: string }>(
          `MATCH (a:Profile {graph: $graphId})-[k:KEPT_APART]->(b) RETURN k.audit AS audit, toString(k.since) AS since`,
          { graphId }
        )
        assert.deepStrictEqual(relations, [{ audit: "aud_1", since: "2026-09-21T14:13:20Z" }])
        const nodes = yield* server.read<{ properties: Record<string, unknown>; degree: number }>(
          `MATCH (p:Profile {graph: $graphId}) WHERE p.state = 'erased'
           RETURN properties(p) AS properties, COUNT { (p)--() } AS degree ORDER BY p.created_seq`,
          { graphId }
        )
        const space = graphId.slice(0, -2)
        assert.deepStrictEqual(
          nodes,
          [p1, p2].map((no, n) => ({
            properties: {
              key: `${graphId}/${no}`,
              graph: graphId,
              space,
              collection: "users",
              segment_id: mutations.profiles[n]!.segmentId,
              created_seq: no,
              state: "erased"
            },
            degree: 0
          }))
        )
        const identifiers = yield* server.read<{ value: string }>(
          `MATCH (i:Identifier {space: $space}) RETURN i.value AS value`,
          { space }
        )
        assert.deepStrictEqual(identifiers, [{ value: "e3" }])
        // A tombstone goes with its graph.
        yield* graph.drop(graphId)
        const [left] = yield* server.read<{ n: number }>(`MATCH (p:Profile {graph: $graphId}) RETURN count(*) AS n`, {
          graphId
        })
        assert.strictEqual(left?.n, 0)
      })
    )

    it.effect("a drop that was cut short is finished by the next open", () =>
      Effect.gen(function* () {
        const graph = yield* IdentityGraph
        const server = yield* Neo4j
        const graphId = freshGraph()
        yield* graph.open(graphId)
        const story = new Story()
        story.create("users", id("email:e1"))
        const { from, mutations } = story.take()
        yield* graph.apply(graphId, from, mutations)
        yield* server.command(cypher.drop[0]!, { graph: graphId })
        assert.strictEqual((yield* Effect.flip(graph.apply(graphId, 0, mutations)))._tag, "GraphFenced")
        assert.strictEqual(yield* graph.open(graphId), 0)
        yield* graph.apply(graphId, from, mutations)
        // A deletion that comes late finds a living graph and leaves it alone.
        for (const statement of cypher.drop.slice(1)) yield* server.command(statement, { graph: graphId })
        assert.strictEqual(yield* graph.open(graphId), story.position)
        assert.strictEqual(
          (yield* graph.load(graphId, { identifiers: [id("email:e1")], profiles: [] })).profiles.length,
          1
        )
      })
    )

    it.effect("interrupting a query ends it on the server too", () =>
      Effect.gen(function* () {
        const server = yield* Neo4j
        const marker = `marker_${freshGraph().slice(4, 20)}`
        const running = server
          .read<{ n: number }>(
            "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $marker AND NOT currentQuery CONTAINS 'SHOW' RETURN count(*) AS n",
            { marker }
          )
          .pipe(Effect.map(([row]) => row!.n))
        const endless = server.read(
          `UNWIND range(1, 100000000000) AS ${marker} WITH ${marker} WHERE ${marker} < 0 RETURN 1`,
          {}
        )
        const fiber = yield* Effect.forkChild(endless)
        yield* running.pipe(Effect.repeat({ until: (n) => n === 1, schedule: Schedule.spaced("20 millis") }))
        yield* Fiber.interrupt(fiber)
        yield* running.pipe(Effect.repeat({ until: (n) => n === 0, schedule: Schedule.spaced("20 millis") }))
      })
    )
  })
})
