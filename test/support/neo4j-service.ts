/**
 * One Neo4j for the run: BRAID_NEO4J_URL, or a local server, started when the first test file asks for it (several
 * seconds that most runs do not need). Test files are other processes, so they ask over HTTP on loopback.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { LocalNeo4jFailed } from "../../src/platform/local-neo4j-failed.ts"
import { findNeo4j } from "../../src/platform/neo4j-programs.ts"
import { Neo4jServer } from "../../src/platform/neo4j-server.ts"
import type { Neo4jAddress } from "./neo4j.ts"
import type { TestService } from "./services.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Where `test/support/neo4j.ts` asks for the address; null = none. */
    neo4j: string | null
  }
}

/** Answers every request with the address that `start` gives; `start` runs at the first. */
const broker = async (start: () => Promise<Neo4jAddress>) => {
  let address: Promise<Neo4jAddress> | undefined
  const server = createServer((_, response) => {
    address ??= start()
    address.then(
      (found) => response.end(JSON.stringify(found)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error))
    )
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  server.unref()
  const { port } = server.address() as { readonly port: number }
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: async () => {
      server.close()
      await address?.catch(() => {})
    }
  }
}

export const neo4jService: TestService = {
  name: "Neo4j",
  start: async (provide) => {
    const url = process.env["BRAID_NEO4J_URL"]
    if (url !== undefined && url !== "") {
      const user = process.env["BRAID_NEO4J_USER"] ?? "neo4j"
      const { url: ask, stop } = await broker(async () => ({
        url,
        user,
        password: process.env["BRAID_NEO4J_PASSWORD"]
      }))
      provide("neo4j", ask)
      return { found: `${url} (BRAID_NEO4J_URL)`, stop }
    }
    try {
      const programs = await findNeo4j((version, folder) =>
        console.log(`Fetching Neo4j ${version} with Maven into ${folder} (about 125 MB, once) ...`)
      )
      // The name that the sweep of `postgres-service.ts` knows.
      const home = mkdtempSync(join(tmpdir(), `braid-test-${process.pid}-neo4j-`))
      chmodSync(home, 0o700)
      const server = new Neo4jServer(programs, { home })
      const { url: ask, stop } = await broker(async () => {
        await server.start()
        return { url: server.url, user: server.user, password: server.password }
      })
      provide("neo4j", ask)
      return {
        found: `${programs.version} (${programs.origin}), Java ${programs.javaVersion}; starts when a test needs it`,
        stop: async () => {
          await stop()
          await server.stop()
          rmSync(home, { recursive: true, force: true })
        }
      }
    } catch (error) {
      if (!(error instanceof LocalNeo4jFailed)) throw error
      provide("neo4j", null)
      return { skipped: error.message.replaceAll("\n", " ") }
    }
  }
}
