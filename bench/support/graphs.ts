/** The graph adapters to measure: Postgres always; Neo4j from BRAID_NEO4J_URL or started for the run, if it can be had. */
import { Effect, Layer, Redacted, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { localNeo4j } from "../../src/platform/neo4j-local.ts"
import { neo4jLayer } from "../../src/platform/neo4j.ts"

const ownServer = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-bench-neo4j-"))),
  (home) => Effect.sync(() => rmSync(home, { recursive: true, force: true }))
).pipe(Effect.flatMap((home) => localNeo4j({ home }, () => {})))

export interface Neo4jServer {
  readonly url: string
  readonly user: string
  readonly password: string | undefined
}

export const neo4jLayerOf = ({ url, user, password }: Neo4jServer): Layer.Layer<IdentityGraph, unknown> =>
  neo4jGraphOn.pipe(
    Layer.provide(neo4jLayer({ url, user, password: password === undefined ? undefined : Redacted.make(password) }))
  )

/** Undefined, after saying why, where there is no Neo4j. */
export const neo4jServer: Effect.Effect<Neo4jServer | undefined, never, Scope.Scope> = Effect.gen(function* () {
  const url = process.env["BRAID_NEO4J_URL"]
  if (url !== undefined && url !== "")
    return { url, user: process.env["BRAID_NEO4J_USER"] ?? "neo4j", password: process.env["BRAID_NEO4J_PASSWORD"] }
  return yield* ownServer
}).pipe(
  Effect.catch((error) =>
    Effect.sync(() => {
      console.log(`Neo4j is skipped: ${error.message}`)
      return undefined
    })
  )
)

export const neo4jGraphLayer: Effect.Effect<Layer.Layer<IdentityGraph, unknown> | undefined, never, Scope.Scope> =
  Effect.map(neo4jServer, (server) => (server === undefined ? undefined : neo4jLayerOf(server)))
