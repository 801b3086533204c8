/** A database of its own for each test file (or each test): copied from the migrated template, dropped afterwards. */
import { Effect, Layer, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { inject } from "vitest"
import { archiveMigrations } from "../../src/archive/schema.ts"
import { debuggerMigrations } from "../../src/debugger/schema.ts"
import { deliveryMigrations } from "../../src/delivery/schema.ts"
import { actorMigrations } from "../../src/destinations/actors/schema.ts"
import { rawLogMigrations } from "../../src/destinations/raw-logs/schema.ts"
import { replayMigrations } from "../../src/destinations/replay/schema.ts"
import { destinationMigrations } from "../../src/destinations/schema.ts"
import { sourceSchemaMigrations } from "../../src/source-schema/tables.ts"
import { identityMigrations } from "../../src/identity/schema.ts"
import { logMigrations } from "../../src/log/migrations.ts"
import { Database } from "../../src/platform/database.ts"
import { connectDatabase } from "../../src/platform/database-layer.ts"
import type { Migration } from "../../src/platform/migrate.ts"
import { profileMigrations } from "../../src/profiles/schema.ts"
import { publicApiMigrations } from "../../src/public-api/schema.ts"
import { workspaceMigrations } from "../../src/workspace/schema.ts"

export const templateDatabase = "braid_template"

export const testMigrations: ReadonlyArray<Migration> = [
  ...logMigrations,
  ...archiveMigrations,
  ...identityMigrations,
  ...workspaceMigrations,
  ...profileMigrations,
  ...debuggerMigrations,
  ...sourceSchemaMigrations,
  ...deliveryMigrations,
  ...destinationMigrations,
  ...actorMigrations,
  ...replayMigrations,
  ...rawLogMigrations,
  ...publicApiMigrations
]

export const databaseUrl = (serverUrl: string, database: string): Redacted.Redacted => {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return Redacted.make(url.href)
}

/** Makes an empty, migrated database; it is dropped with the scope. Returns its URL. */
export const freshDatabase = Effect.gen(function* () {
  const serverUrl = inject("databaseUrl")
  const name = `test_${randomBytes(6).toString("hex")}`
  const admin = yield* connectDatabase(Redacted.make(serverUrl), { embedded: true, writeConnections: 1 })
  yield* Effect.acquireRelease(
    admin.write`create database ${admin.write(name)} template ${admin.write(templateDatabase)}`,
    () => Effect.orDie(admin.write`drop database if exists ${admin.write(name)} with (force)`)
  )
  return databaseUrl(serverUrl, name)
})

/** Provides `Database` on a fresh database. Built once per `layer(...)` or `Effect.provide`. */
export const testDatabase = Layer.effect(
  Database,
  Effect.gen(function* () {
    const url = yield* freshDatabase
    return yield* connectDatabase(url, { embedded: true })
  }).pipe(Effect.orDie)
)
