/** `braid neo4j`: a Neo4j for this machine, below the data folder, for as long as the command runs. */
import { Console, Effect, type Scope } from "effect"
import { join } from "node:path"
import { LocalNeo4jFailed } from "./local-neo4j-failed.ts"
import { findNeo4j } from "./neo4j-programs.ts"
import { Neo4jServer, type Neo4jServerOptions } from "./neo4j-server.ts"

const failed = (cause: unknown): LocalNeo4jFailed =>
  cause instanceof LocalNeo4jFailed
    ? cause
    : new LocalNeo4jFailed({
        what: cause instanceof Error ? cause.message : String(cause),
        advice: "check the data folder"
      })

/** A running server that is stopped with the scope. `onDownload` is told when Maven has to fetch it first. */
export const localNeo4j = (
  options: Neo4jServerOptions,
  onDownload: (version: string, folder: string) => void
): Effect.Effect<Neo4jServer, LocalNeo4jFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const server = new Neo4jServer(await findNeo4j(onDownload), options)
        await server.start()
        return server
      },
      catch: failed
    }),
    (server) => Effect.promise(() => server.stop())
  )

/** The port that `BRAID_NEO4J_URL` expects when it is not set. */
const defaultPort = 7687

/**
 * Starts a server under `<dataDir>/neo4j` and prints the variables that make Braid use it. Completes only by
 * interruption (Ctrl-C), which stops the server; fails when the server cannot be had, does not start, or ends by itself.
 */
export const runLocalNeo4j = (options: {
  readonly dataDir: string
  readonly port?: number
}): Effect.Effect<never, LocalNeo4jFailed> =>
  Effect.gen(function* () {
    const home = join(options.dataDir, "neo4j")
    yield* Console.log(`Starting Neo4j in ${home} ...`)
    const server = yield* localNeo4j({ home, port: options.port ?? defaultPort }, (version, folder) =>
      console.log(`Fetching Neo4j ${version} with Maven into ${folder} (about 125 MB, once) ...`)
    )
    yield* Console.log(
      [
        "Neo4j runs. In another terminal:",
        "",
        "  export BRAID_GRAPH=neo4j",
        `  export BRAID_NEO4J_URL=${server.url}`,
        `  export BRAID_NEO4J_USER=${server.user}`,
        `  export BRAID_NEO4J_PASSWORD=${server.password}`,
        "  npm start",
        "",
        "Ctrl-C stops it; the graph stays on disk."
      ].join("\n")
    )
    yield* Effect.promise(() => server.gone())
    return yield* new LocalNeo4jFailed({
      what: "the server ended by itself",
      advice: `look at the logs in ${home}/logs`
    })
  }).pipe(Effect.scoped)
