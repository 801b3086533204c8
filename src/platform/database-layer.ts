/**
 * Provides `Database` from the settings: the embedded server, or the one behind BRAID_DATABASE_URL.
 *
 * Both pools survive a server that goes away: a broken connection is thrown out, the next query opens a new one. Until
 * then queries fail fast with a connection error; who must not fail retries.
 */
import { PgClient } from "@effect/sql-pg"
import { Data, Effect, Layer, Redacted, Schedule, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlError } from "effect/sql"
import { Database } from "./database.ts"
import { embeddedPostgres, type EmbeddedPostgresFailed } from "./embedded-postgres.ts"
import type { Health } from "./health.ts"
import { type Migration, migrate, type SchemaMismatch } from "./migrate.ts"

export class DatabaseUnusable extends Data.TaggedError("DatabaseUnusable")<{
  readonly what: string
  readonly advice: string
}> {
  override get message() {
    return `The database cannot be used: ${this.what}. What to do: ${this.advice}.`
  }
}

const oldestVersion = 15

/** What Postgres itself said about a failed query; the `SqlError` on top only says that it failed. */
export const sqlErrorText = (error: SqlError.SqlError): string => {
  const cause = error.reason.cause
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message
}

/** The pools on one URL. Opens no connection before the first query. */
export const connectDatabase = (
  url: Redacted.Redacted,
  options: {
    readonly embedded: boolean
    readonly writeConnections?: number
    readonly readConnections?: number
    /** After so long in silence a transaction of this process no longer keeps its rows from the others (default 60 s). */
    readonly leaseSeconds?: number | undefined
  }
): Effect.Effect<Database["Service"], SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const common = { url, connectTimeout: "5 seconds", keepAlive: "15 seconds", idleTimeout: "5 minutes" } as const
    const write = yield* PgClient.make({
      ...common,
      maxConnections: options.writeConnections ?? 8,
      // A space has its own schema, so every space brings statement texts of its own.
      preparedStatementCacheSize: 300,
      applicationName: "braid",
      startupParameters: {
        statement_timeout: "30s",
        lock_timeout: "10s",
        idle_in_transaction_session_timeout: `${options.leaseSeconds ?? 60}s`
      }
    })
    const sessions = yield* PgClient.make({
      ...common,
      maxConnections: 8,
      applicationName: "braid sessions",
      startupParameters: { statement_timeout: "30s" }
    })
    const read = yield* PgClient.make({
      ...common,
      maxConnections: options.readConnections ?? 2,
      multiplex: true,
      preparedStatementCacheSize: 300,
      applicationName: "braid read",
      startupParameters: {
        statement_timeout: "10s",
        default_transaction_read_only: "on",
        plan_cache_mode: "force_generic_plan"
      }
    })
    return { write, read, sessions, url, embedded: options.embedded }
  }).pipe(Effect.provide(Reactivity.layer))

/** Waits up to 15 s for a server that is not up yet, then refuses what Braid cannot work with. */
const check = (sql: PgClient.PgClient): Effect.Effect<void, DatabaseUnusable> =>
  sql<{ version: number; encoding: string; writable: boolean }>`
    select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
           not pg_is_in_recovery() as writable`.pipe(
    Effect.retry({
      schedule: Schedule.spaced("500 millis"),
      times: 30,
      while: (error) => error.reason._tag === "ConnectionError" || /57P0\d/.test(codeOf(error))
    }),
    Effect.mapError(
      (error) =>
        new DatabaseUnusable({
          what: sqlErrorText(error),
          advice:
            "check BRAID_DATABASE_URL (postgres://user:password@host:port/database) and that the server is running"
        })
    ),
    Effect.flatMap(([row]) => {
      const { version, encoding, writable } = row!
      if (version < oldestVersion * 10_000) {
        return Effect.fail(
          new DatabaseUnusable({
            what: `it is PostgreSQL ${Math.floor(version / 10_000)}, and Braid needs ${oldestVersion} or newer`,
            advice: "use a newer server, or leave BRAID_DATABASE_URL unset for the embedded one"
          })
        )
      }
      if (encoding !== "UTF8") {
        return Effect.fail(
          new DatabaseUnusable({
            what: `its encoding is ${encoding}, and Braid needs UTF8`,
            advice: "make a database with `create database braid encoding 'UTF8' template template0`"
          })
        )
      }
      if (!writable) {
        return Effect.fail(
          new DatabaseUnusable({ what: "it is a read-only replica", advice: "use the primary server" })
        )
      }
      return Effect.void
    })
  )

const codeOf = (error: SqlError.SqlError): string => String((error.reason.cause as { code?: unknown })?.code ?? "")

export interface DatabaseOptions {
  readonly dataDir: string
  /** Absent: the embedded server. */
  readonly databaseUrl?: Redacted.Redacted | undefined
  /** Applied before the layer is ready. */
  readonly migrations: ReadonlyArray<Migration>
  /** For commands beside a running service: use its server instead of refusing. */
  readonly onOwned?: "fail" | "join"
  /** See `connectDatabase`. */
  readonly leaseSeconds?: number
}

export type DatabaseError = DatabaseUnusable | EmbeddedPostgresFailed | SchemaMismatch | SqlError.SqlError

export const databaseLayer = (options: DatabaseOptions): Layer.Layer<Database, DatabaseError, Health> =>
  Layer.effect(
    Database,
    Effect.gen(function* () {
      let url = options.databaseUrl
      if (url === undefined) {
        const server = yield* embeddedPostgres({ dataDir: options.dataDir, onOwned: options.onOwned ?? "fail" })
        yield* Effect.logInfo(`The embedded PostgreSQL was ${server.origin}`)
        url = server.url
      }
      const database = yield* connectDatabase(url, {
        embedded: options.databaseUrl === undefined,
        leaseSeconds: options.leaseSeconds
      })
      yield* check(database.write)
      const applied = yield* migrate(database.write, options.migrations)
      if (applied.length > 0) yield* Effect.logInfo(`Database migrated: ${applied.join(", ")}`)
      return database
    })
  )
