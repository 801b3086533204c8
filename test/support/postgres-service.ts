/** One embedded PostgreSQL for the run, in a folder of its own, with a migrated template that files copy. */
import { Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import { embeddedPostgres } from "../../src/platform/embedded-postgres.ts"
import { Health } from "../../src/platform/health.ts"
import { migrate } from "../../src/platform/migrate.ts"
import { isAlive } from "../../src/platform/process-lock.ts"
import { databaseUrl, templateDatabase, testMigrations } from "./database.ts"
import type { TestService } from "./services.ts"

const prefix = "braid-test-"

/** Servers of runs that were killed. */
const sweep = () => {
  for (const name of readdirSync(tmpdir())) {
    const runner = new RegExp(`^${prefix}(\\d+)-`).exec(name)
    if (runner === null || isAlive(Number(runner[1]))) continue
    const folder = join(tmpdir(), name)
    try {
      const pid = Number(readFileSync(join(folder, "postgres", "data", "postmaster.pid"), "utf8").split("\n")[0])
      if (isAlive(pid)) process.kill(pid, "SIGQUIT")
    } catch {
      // No server left in it.
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

export const postgresService: TestService = {
  name: "PostgreSQL",
  start: async (provide) => {
    sweep()
    const dataDir = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
    chmodSync(dataDir, 0o755)
    const scope = Scope.makeUnsafe()
    const server = await Effect.gen(function* () {
      const server = yield* embeddedPostgres({ dataDir, settings: { max_connections: "300", shared_buffers: "128MB" } })
      yield* Effect.gen(function* () {
        const { write } = yield* connectDatabase(server.url, { embedded: true })
        yield* write`create database ${write(templateDatabase)}`
        const template = yield* connectDatabase(databaseUrl(Redacted.value(server.url), templateDatabase), {
          embedded: true
        })
        yield* migrate(template.write, testMigrations)
      }).pipe(Effect.scoped)
      return server
    }).pipe(Scope.provide(scope), Effect.provide(Layer.merge(Health.layer, Logger.layer([]))), Effect.runPromise)
    provide("databaseUrl", Redacted.value(server.url))
    return {
      found: `embedded, ${server.origin}`,
      stop: async () => {
        await Effect.runPromise(Scope.close(scope, Exit.void))
        rmSync(dataDir, { recursive: true, force: true })
      }
    }
  }
}
