/**
 * The live `Workspace`: what Postgres holds, as a snapshot that is swapped whole; and the configuration file, which is
 * created when absent, applied at start and again on SIGHUP (`apply-file.ts`).
 *
 * - A file that is wrong at start stops the start; later nothing of it is applied and the log says why.
 * - Changes of other processes are told by NOTIFY; because a notification can be lost with its connection, the version is
 *   also asked for every two seconds. So every process is at most five seconds behind.
 * - Each source has a small number, given once by the table `sources` and kept after the source has left the file.
 */
import { Cause, Console, Effect, Layer, Queue, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { existsSync, readFileSync, statSync } from "node:fs"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { Health } from "../platform/health.ts"
import { causeMessage, supervise } from "../platform/supervise.ts"
import { applyFile } from "./apply-file.ts"
import { changedChannel } from "./changes.ts"
import { parseConfiguration } from "./config-file.ts"
import type { Configuration } from "./configured.ts"
import { describeSecrets, initialConfiguration, newSecrets, writeConfigurationFile } from "./initial-file.ts"
import { toSnapshot } from "./snapshot.ts"
import { makeStoredReader, type StoredWorkspace } from "./stored.ts"
import { ConfigFileInvalid, Workspace, type WorkspaceSnapshot } from "./workspace.ts"

const maxFileBytes = 16 * 1024 * 1024
const pollEvery = "2 seconds"
const retryAfter = "1 second"

const refused = (file: string, expected: string) => new ConfigFileInvalid({ file, problems: [{ path: "", expected }] })

/** Reads and decodes the file; what it costs is bounded by `maxFileBytes`. */
export const readConfigurationFile = (file: string): Effect.Effect<Configuration, ConfigFileInvalid> =>
  Effect.suspend(() => {
    let content: string
    try {
      if (statSync(file).size > maxFileBytes) return Effect.fail(refused(file, "expected at most 16 MiB"))
      content = readFileSync(file, "utf8")
    } catch (error) {
      return Effect.fail(refused(file, `expected a readable file (${(error as NodeJS.ErrnoException).code ?? error})`))
    }
    const { configuration, problems } = parseConfiguration(content)
    return configuration === undefined
      ? Effect.fail(new ConfigFileInvalid({ file, problems }))
      : Effect.succeed(configuration)
  })

/** Writes the first file of an installation and shows its secrets once. */
const createFile = (file: string): Effect.Effect<void, ConfigFileInvalid> =>
  Effect.suspend(() => {
    const secrets = newSecrets()
    try {
      writeConfigurationFile(file, initialConfiguration(secrets))
    } catch (error) {
      return Effect.fail(
        refused(file, `expected a folder that can be written to (${error instanceof Error ? error.message : error})`)
      )
    }
    return Console.log(describeSecrets(file, secrets))
  })

const snapshotOf = ({ configuration, numbers }: StoredWorkspace): WorkspaceSnapshot =>
  toSnapshot(configuration, numbers)

/**
 * `join`: a command beside the service, which only reads what the service has set up. `alone`: one that brings a configuration of its own;
 * no file is read or made.
 */
const make = (mode: "serve" | "join" | "alone") =>
  Effect.gen(function* () {
    const { configFile } = yield* Settings
    const { write: sql, read: readSql } = yield* Database
    const health = yield* Health
    const stored = makeStoredReader(readSql)

    const applied = Effect.flatMap(readConfigurationFile(configFile), (configuration) =>
      applyFile(sql, configFile, configuration)
    )
    const isConfigured = (yield* stored.version) > 0
    if (mode !== "alone" && !isConfigured && !existsSync(configFile)) yield* createFile(configFile)
    if (mode === "alone") {
      // What the database has is what there is.
    } else if (existsSync(configFile)) {
      if (mode === "serve" || !isConfigured) yield* applied
    } else {
      yield* Effect.logWarning(
        `There is no configuration file ${configFile}: sources, spaces, tokens and limits stay as the database has them`
      )
    }

    let current = yield* stored.read
    let snapshot = snapshotOf(current)
    const listeners = new Set<(snapshot: WorkspaceSnapshot) => void>()
    const one = yield* Semaphore.make(1)
    const refresh = Effect.gen(function* () {
      if ((yield* stored.version) === current.version) return
      current = yield* stored.read
      snapshot = snapshotOf(current)
      for (const listener of listeners) listener(snapshot)
    }).pipe(one.withPermits(1))

    const reload = Effect.andThen(applied, refresh).pipe(
      Effect.catchTag("SqlError", () =>
        Effect.fail(
          refused(configFile, "expected a reachable database, which keeps it; send SIGHUP again when it is back")
        )
      )
    )

    const follow = Effect.gen(function* () {
      const changes = yield* sql.listen(changedChannel)
      while (true) {
        yield* refresh
        health.set("workspace", "running")
        yield* Effect.timeoutOption(Queue.take(changes), pollEvery)
      }
    }).pipe(
      Effect.scoped,
      // Without a connection to listen on, e.g. behind a pooler, asking must do.
      Effect.catchTag("SqlError", (error) =>
        Effect.gen(function* () {
          health.waiting("workspace", causeMessage(Cause.fail(error)))
          yield* Effect.sleep(retryAfter)
          yield* Effect.ignore(refresh)
        })
      ),
      Effect.forever
    )
    yield* Effect.forkScoped(supervise("workspace", follow))

    const services = yield* Effect.context<never>()
    const reloadOnSignal = () => {
      Effect.runForkWith(services)(
        reload.pipe(
          Effect.andThen(Effect.logInfo("Configuration read again")),
          Effect.catch((error) => Effect.logError(`${error.message} The configuration before it stays in force.`))
        )
      )
    }
    if (mode === "serve")
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("SIGHUP", reloadOnSignal)),
        () => Effect.sync(() => process.off("SIGHUP", reloadOnSignal))
      )

    return Workspace.of({
      current: () => snapshot,
      reload,
      refresh,
      onChange: (listener) =>
        Effect.acquireRelease(
          Effect.sync(() => void listeners.add(listener)),
          () => Effect.sync(() => void listeners.delete(listener))
        )
    })
  })

type WorkspaceLayer = Layer.Layer<Workspace, ConfigFileInvalid | SqlError.SqlError, Settings | Database | Health>

/** Needs the tables of the log and of the workspace to exist: build it after the migrations. */
export const workspaceLive: WorkspaceLayer = Layer.effect(Workspace, make("serve"))

/** For `braid config apply`. */
export const workspaceAlone: WorkspaceLayer = Layer.effect(Workspace, make("alone"))

/** For commands: applies no file, unless the database knows nothing yet. */
export const workspaceJoined: WorkspaceLayer = Layer.effect(Workspace, make("join"))
