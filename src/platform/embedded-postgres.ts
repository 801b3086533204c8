/**
 * PostgreSQL without installing anything: the server from npm, below the data folder, for as long as the scope lives.
 *
 * - Adopts a server that survived a crash of Braid, restarts one that ends by itself, stops it with the scope.
 * - One Braid process owns a data folder. Commands beside it (`onOwned: "join"`) use its server and leave it running.
 */
import { PgConnection } from "@effect/sql-pg"
import { Effect, Redacted, type Scope } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts"
import type { Health } from "./health.ts"
import { PostgresCluster } from "./postgres-cluster.ts"
import { lockHolder, takeLock } from "./process-lock.ts"
import { supervise } from "./supervise.ts"

export { EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts"

export interface EmbeddedPostgresOptions {
  /** The server lives in `<dataDir>/postgres`. */
  readonly dataDir: string
  /** What to do when another Braid process owns the folder: refuse (default), or use its server. */
  readonly onOwned?: "fail" | "join"
  /** Server settings that differ from `serverSettings`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface EmbeddedPostgres {
  readonly url: Redacted.Redacted
  /** How this process came by the server. */
  readonly origin: "started" | "adopted" | "joined"
  readonly logFile: string
}

const attempt = <A>(work: () => A | Promise<A>): Effect.Effect<A, EmbeddedPostgresFailed> =>
  Effect.tryPromise({
    try: async () => work(),
    catch: (cause) =>
      cause instanceof EmbeddedPostgresFailed
        ? cause
        : new EmbeddedPostgresFailed({
            what: cause instanceof Error ? cause.message : String(cause),
            advice: "check the data folder, or set BRAID_DATABASE_URL to a PostgreSQL 15 or newer"
          })
  })

/** Undefined when the server answers a query, else the reason. */
const answers = (url: string): Promise<string | undefined> =>
  PgConnection.make({ url: Redacted.make(url), connectTimeout: "5 seconds" }).pipe(
    Effect.flatMap((connection) => connection.query("select 1", [])),
    Effect.timeout("5 seconds"),
    Effect.as(undefined),
    Effect.catch((error) =>
      Effect.succeed(
        "reason" in error && error.reason.cause instanceof Error ? error.reason.cause.message : error.message
      )
    ),
    Effect.scoped,
    Effect.runPromise
  )

export const embeddedPostgres = (
  options: EmbeddedPostgresOptions
): Effect.Effect<EmbeddedPostgres, EmbeddedPostgresFailed, Scope.Scope | Health> =>
  Effect.gen(function* () {
    const folder = join(options.dataDir, "postgres")
    const lockFile = join(folder, "braid.pid")
    const cluster = new PostgresCluster(folder, options.settings ?? {})

    const owner = lockHolder(lockFile)
    if (owner !== undefined && owner !== process.pid && options.onOwned === "join" && cluster.join()) {
      return { url: Redacted.make(cluster.url()), origin: "joined", logFile: cluster.logFile }
    }
    yield* Effect.acquireRelease(
      attempt(() => {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        const lock = takeLock(lockFile)
        if ("release" in lock) return lock
        throw new EmbeddedPostgresFailed({
          what: `another Braid (process ${lock.heldBy}) uses the data folder ${options.dataDir}`,
          advice: "stop it, or give this one another BRAID_DATA_DIR"
        })
      }),
      (lock) => Effect.sync(lock.release)
    )
    yield* attempt(() => cluster.prepare())
    const origin = yield* Effect.acquireRelease(
      attempt(() => cluster.start(answers)),
      () => Effect.promise(() => cluster.stop())
    )
    yield* attempt(() => cluster.gone()).pipe(
      Effect.andThen(Effect.logWarning("The embedded PostgreSQL ended unexpectedly and is started again")),
      Effect.andThen(attempt(() => cluster.start(answers))),
      Effect.forever,
      (body) => supervise("embedded postgres", body),
      Effect.forkScoped
    )
    return { url: Redacted.make(cluster.url()), origin, logFile: cluster.logFile }
  })
