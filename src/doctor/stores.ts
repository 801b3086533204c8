/** Checks of what Braid keeps its data in: PostgreSQL, embedded or not, Neo4j when it is chosen, the configuration file. */
import { Effect, Option, Redacted } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, statSync } from "node:fs"
import neo4j from "neo4j-driver"
import type { SettingsValue } from "../config.ts"
import { connectDatabase, sqlErrorText } from "../platform/database-layer.ts"
import { EmbeddedPostgresFailed } from "../platform/embedded-postgres-failed.ts"
import { findPrograms, runAs } from "../platform/postgres-binaries.ts"
import { readConfigurationFile } from "../workspace/workspace-live.ts"
import { fail, type Finding, ok, skip, warn } from "./finding.ts"

const embedded = (dataDir: string): Finding => {
  try {
    const programs = findPrograms()
    const user = runAs(programs, dataDir)
    const [program, ...args] = [...user.prefix, programs.postgres, "--version"]
    const version = execFileSync(program!, args, {
      ...user.spawn,
      encoding: "utf8",
      timeout: 10_000,
      stdio: "pipe"
    }).trim()
    return ok("PostgreSQL", `embedded, ${version.replace(/^postgres \(PostgreSQL\) /, "")}, can be run`)
  } catch (error) {
    return error instanceof EmbeddedPostgresFailed
      ? fail("PostgreSQL", `embedded: ${error.what}`, error.advice)
      : fail(
          "PostgreSQL",
          `the embedded server cannot be run (${(error as Error).message.split("\n")[0]})`,
          "run `npm ci` again, or set BRAID_DATABASE_URL to a PostgreSQL 15 or newer"
        )
  }
}

const external = (url: Redacted.Redacted): Effect.Effect<Finding> =>
  Effect.gen(function* () {
    const { write: sql } = yield* connectDatabase(url, { embedded: false, writeConnections: 1, readConnections: 1 })
    const [row] = yield* sql<{ version: string; number: number; encoding: string; create: boolean }>`
      select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
             current_setting('server_encoding') as encoding,
             has_database_privilege(current_database(), 'create') as create`.pipe(Effect.timeout("10 seconds"))
    const { create, encoding, number, version } = row!
    if (number < 150_000)
      return fail(
        "PostgreSQL",
        `it is version ${version}`,
        "use version 15 or newer, or unset BRAID_DATABASE_URL for the embedded one"
      )
    if (encoding !== "UTF8")
      return fail(
        "PostgreSQL",
        `its encoding is ${encoding}`,
        "make a database with `create database braid encoding 'UTF8' template template0`"
      )
    if (!create)
      return fail(
        "PostgreSQL",
        "this user may not create schemas",
        "`grant create on database ... to ...`: each space has a schema of its own"
      )
    return ok("PostgreSQL", `version ${version} at BRAID_DATABASE_URL`)
  }).pipe(
    Effect.scoped,
    Effect.catch((error) =>
      Effect.succeed(
        fail(
          "PostgreSQL",
          `BRAID_DATABASE_URL cannot be reached (${error._tag === "SqlError" ? sqlErrorText(error) : "no answer within 10 s"})`,
          "check user, password, host and database (postgres://user:password@host:port/database) and that the server is running"
        )
      )
    )
  )

export const checkPostgres = ({ databaseUrl, dataDir }: SettingsValue): Effect.Effect<Finding> =>
  Option.match(databaseUrl, { onNone: () => Effect.sync(() => embedded(dataDir)), onSome: external })

export const checkNeo4j = ({ graph, neo4jPassword, neo4jUrl, neo4jUser }: SettingsValue): Effect.Effect<Finding> => {
  if (graph !== "neo4j") return Effect.succeed(skip("Neo4j", "not used (BRAID_GRAPH is postgres)"))
  const password = Option.match(neo4jPassword, { onNone: () => "", onSome: Redacted.value })
  return Effect.acquireUseRelease(
    Effect.try(() =>
      neo4j.driver(neo4jUrl, neo4j.auth.basic(neo4jUser, password), {
        connectionTimeout: 5000,
        telemetryDisabled: true
      })
    ),
    (driver) => Effect.tryPromise({ try: () => driver.getServerInfo(), catch: (cause) => cause as Error }),
    (driver) => Effect.promise(() => driver.close())
  ).pipe(
    Effect.timeout("15 seconds"),
    Effect.map(({ agent }) => ok("Neo4j", `${agent ?? "a server"} at ${neo4jUrl}`)),
    Effect.catch((error) =>
      Effect.succeed(
        /unauthorized|authentication/i.test(error.message)
          ? fail("Neo4j", `${neo4jUrl} refuses user ${neo4jUser}`, "set BRAID_NEO4J_USER and BRAID_NEO4J_PASSWORD")
          : fail(
              "Neo4j",
              `${neo4jUrl} gives no answer`,
              "start it (`braid neo4j` runs one for local use), or correct BRAID_NEO4J_URL"
            )
      )
    )
  )
}

export const checkConfigFile = ({ configFile }: SettingsValue): Effect.Effect<ReadonlyArray<Finding>> => {
  if (!existsSync(configFile))
    return Effect.succeed([ok("configuration", `${configFile} (will be made, with new keys)`)])
  return readConfigurationFile(configFile).pipe(
    Effect.map(({ sources, spaces, tokens }) => {
      const text = `${configFile}: ${sources.length} source(s), ${spaces.length} space(s), ${tokens.length} token(s)`
      return (statSync(configFile).mode & 0o077) === 0
        ? [ok("configuration", text)]
        : [warn("configuration", `${text}; other users of this machine can read it`, `chmod 600 ${configFile}`)]
    }),
    Effect.catch((error) =>
      Effect.succeed(
        error.problems.map(({ expected, path }) => fail("configuration", path === "" ? configFile : path, expected))
      )
    )
  )
}
