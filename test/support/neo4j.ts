/**
 * Neo4j for a test file. `const neo4j = await runNeo4j()` at the top of the file, then `describe.skipIf(neo4j === undefined)`;
 * why it was skipped stands in the summary of services, and with CI=true the run fails instead. All files share the
 * server: use graphs of your own (`randomBytes` in the space id).
 */
import { Effect, type Layer, Redacted, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import type { LocalNeo4jFailed } from "../../src/platform/local-neo4j-failed.ts"
import { localNeo4j } from "../../src/platform/neo4j-local.ts"
import type { Neo4jServer } from "../../src/platform/neo4j-server.ts"
import { type Neo4j, neo4jLayer } from "../../src/platform/neo4j.ts"

export interface Neo4jAddress {
  readonly url: string
  readonly user: string
  readonly password: string | undefined
}

/** The run's server, started at the first call of the run; undefined = there is none. */
export const runNeo4j = async (): Promise<Neo4jAddress | undefined> => {
  const ask = inject("neo4j")
  if (ask === null) return undefined
  const response = await fetch(ask)
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Neo4jAddress
}

export const testNeo4j = ({ url, user, password }: Neo4jAddress): Layer.Layer<Neo4j, unknown> =>
  neo4jLayer({ url, user, password: password === undefined ? undefined : Redacted.make(password) })

/** A server that the test may stop and start again (`stop`, `start`: same port, same data); gone with the scope. */
export const ownNeo4j: Effect.Effect<Neo4jServer, LocalNeo4jFailed, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), `braid-test-${process.pid}-neo4j-`))),
  (home) => Effect.sync(() => rmSync(home, { recursive: true, force: true }))
).pipe(Effect.flatMap((home) => localNeo4j({ home }, () => {})))
