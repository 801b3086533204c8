import { Layer } from "effect"
import { describe } from "vitest"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { identityGraphContract } from "./identity-graph.ts"
import { identityGraphProperties } from "./identity-graph-properties.ts"

const neo4j = await runNeo4j()

describe.skipIf(neo4j === undefined)("on Neo4j", () => {
  const layer = neo4jGraphOn.pipe(
    Layer.provideMerge(testNeo4j(neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }))
  )
  identityGraphContract("neo4j", layer)
  identityGraphProperties("neo4j", layer, 25)
})
