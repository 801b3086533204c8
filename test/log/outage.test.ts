/** The event log on a PostgreSQL that is killed and comes back: whatever was answered is there, nothing is there twice. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted } from "effect"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { EventLog } from "../../src/log/event-log.ts"
import { logMigrations } from "../../src/log/migrations.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { databaseLayer } from "../../src/platform/database-layer.ts"
import { Health } from "../../src/platform/health.ts"
import { append, event } from "../contract/event-log.ts"

const dataDir = mkdtempSync(join(tmpdir(), `braid-test-${process.pid}-`))
const layer = postgresEventLog({ limit: () => 0, queueBytes: 1024 * 1024 }).pipe(
  Layer.provideMerge(databaseLayer({ dataDir, migrations: logMigrations })),
  Layer.provideMerge(Health.layer),
  Layer.provideMerge(Logger.layer([]))
)
const serverPid = () => Number(readFileSync(join(dataDir, "postgres/data/postmaster.pid"), "utf8").split("\n")[0])

it.live(
  "PostgreSQL stopped and started under load: nothing acknowledged is missing, nothing is there twice",
  () =>
    Effect.gen(function* () {
      const log = yield* EventLog
      const { write: sql } = yield* Database
      const health = yield* Health
      const acknowledged = new Set<string>()
      let next = 0
      const work = { ended: false }
      const writer = Effect.gen(function* () {
        while (!work.ended) {
          const ids = Array.from({ length: 3 }, () => `m-${next++}`)
          // As a client does: the same request again until it is answered.
          yield* Effect.eventually(
            append(
              log,
              ids.map((id) => event(id))
            )
          )
          for (const id of ids) acknowledged.add(id)
        }
      })
      const writers = yield* Effect.forEach(Array.from({ length: 16 }), () => Effect.forkChild(writer))
      for (const signal of ["SIGKILL", "SIGINT", "SIGQUIT", "SIGKILL", "SIGINT"] as const) {
        const before = acknowledged.size
        while (acknowledged.size < before + 300) yield* Effect.sleep("5 millis")
        process.kill(serverPid(), signal)
      }
      const before = acknowledged.size
      while (acknowledged.size < before + 300) yield* Effect.sleep("5 millis")
      work.ended = true
      for (const fiber of writers) while (fiber.pollUnsafe() === undefined) yield* Effect.sleep("5 millis")

      const stored = yield* sql<{ id: string; n: number }>`
        select convert_from(e.body, 'UTF8')::json ->> 'messageId' as id, count(*)::int as n from events e group by 1`
      assert.deepStrictEqual(
        stored.filter((row) => row.n > 1),
        []
      )
      const present = new Set(stored.map((row) => row.id))
      assert.deepStrictEqual(
        [...acknowledged].filter((id) => !present.has(id)),
        []
      )
      assert.isAtLeast(acknowledged.size, 1800)
      const server = health.fibers().find((fiber) => fiber.name === "embedded postgres")
      assert.strictEqual(server?.status, "running")
      assert.include(Redacted.value((yield* Database).url), dataDir.replaceAll("/", "%2F"))
    }).pipe(
      Effect.scoped,
      Effect.provide(layer),
      Effect.ensuring(Effect.sync(() => rmSync(dataDir, { recursive: true, force: true })))
    ),
  120_000
)
