/** The simulator (`simulate.ts`) with the graph in Neo4j, which follows the commits: a process may die in between. */
import { Layer } from "effect"
import { describe } from "vitest"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { gatedGraph } from "./gated-stores.ts"
import { seeds, simulate } from "./simulate.ts"

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  const graph = neo4jGraphOn.pipe(Layer.provide(testNeo4j(address)))
  simulate("the Neo4j graph", (playing) => gatedGraph(playing).pipe(Layer.provide(graph)), Math.ceil(seeds / 20))
})
