/**
 * The configuration file as the live `Workspace`: created when absent, read at start, read again on SIGHUP.
 *
 * - A file that is wrong at start stops the start; later the last good snapshot stays in force and the log says why.
 * - Each source has a small number, given once by the table `sources` and kept after the source has left the file.
 * - What a path or a schema name was built on cannot change while Braid runs: slugs (IDR-3, ING-114), kinds (ING-114).
 */
import { Console, Effect, Layer, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { existsSync, readFileSync, statSync } from "node:fs"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { type Configuration, parseConfiguration } from "./config-file.ts"
import { at, type Problem } from "./decode.ts"
import { describeSecrets, initialConfiguration, newSecrets, writeConfigurationFile } from "./initial-file.ts"
import { toSnapshot } from "./snapshot.ts"
import { ConfigFileInvalid, Workspace, type WorkspaceSnapshot } from "./workspace.ts"

const maxFileBytes = 16 * 1024 * 1024

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

/** Writes the first file of an installation and shows its secrets once. Does nothing if there is one. */
const createWhenAbsent = (file: string): Effect.Effect<void, ConfigFileInvalid> =>
  Effect.suspend(() => {
    if (existsSync(file)) return Effect.void
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

/** Slugs and kinds that differ from those of the running snapshot. */
const changesOfFixedMembers = (current: WorkspaceSnapshot, next: Configuration): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const sources = new Map(current.sources.map((source) => [source.id, source]))
  next.sources.forEach((source, i) => {
    const before = sources.get(source.id)
    if (before === undefined) return
    for (const member of ["slug", "kind"] as const) {
      if (source[member] !== before[member]) {
        problems.push({
          path: at(at("sources", i), member),
          expected: `expected "${before[member]}": the ${member} of a source never changes; make a new source with an id of its own instead`
        })
      }
    }
  })
  next.spaces.forEach((space, i) => {
    const before = current.spaceById.get(space.id)
    if (before !== undefined && space.slug !== before.slug) {
      problems.push({
        path: at(at("spaces", i), "slug"),
        expected: `expected "${before.slug}": the slug of a space is fixed, because addresses contain it; change its name instead`
      })
    }
  })
  return problems
}

const make = Effect.gen(function* () {
  const { configFile } = yield* Settings
  const { write: sql } = yield* Database

  const numbers = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    const read = sql<{ no: number; id: string }>`select no::int4 as no, id from sources`
    const known = new Map((yield* read).map(({ id, no }) => [id, no]))
    const missing = ids.filter((id) => !known.has(id))
    if (missing.length === 0) return known
    yield* sql`insert into sources (id) select unnest(${missing}::text[]) on conflict (id) do nothing`
    return new Map((yield* read).map(({ id, no }) => [id, no]))
  })

  const load = (configuration: Configuration): Effect.Effect<WorkspaceSnapshot, SqlError.SqlError> =>
    Effect.map(numbers(configuration.sources.map((source) => source.id)), (no) => toSnapshot(configuration, no))

  yield* createWhenAbsent(configFile)
  let snapshot = yield* Effect.flatMap(readConfigurationFile(configFile), load)
  const listeners = new Set<(snapshot: WorkspaceSnapshot) => void>()

  const one = yield* Semaphore.make(1)
  const reload = Effect.gen(function* () {
    const configuration = yield* readConfigurationFile(configFile)
    const problems = changesOfFixedMembers(snapshot, configuration)
    if (problems.length > 0) return yield* new ConfigFileInvalid({ file: configFile, problems })
    snapshot = yield* load(configuration).pipe(
      Effect.mapError(() =>
        refused(
          configFile,
          "expected a reachable database, which numbers the sources; send SIGHUP again when it is back"
        )
      )
    )
    for (const listener of listeners) listener(snapshot)
  }).pipe(one.withPermits(1))

  const services = yield* Effect.context<never>()
  const reloadOnSignal = () => {
    Effect.runForkWith(services)(
      reload.pipe(
        Effect.andThen(Effect.logInfo("Configuration read again")),
        Effect.catch((error) => Effect.logError(`${error.message} The configuration before it stays in force.`))
      )
    )
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGHUP", reloadOnSignal)),
    () => Effect.sync(() => process.off("SIGHUP", reloadOnSignal))
  )

  return Workspace.of({
    current: () => snapshot,
    reload,
    onChange: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void listeners.add(listener)),
        () => Effect.sync(() => void listeners.delete(listener))
      )
  })
})

/** Needs the tables of the log to exist: build it after the migrations. */
export const workspaceLive: Layer.Layer<Workspace, ConfigFileInvalid | SqlError.SqlError, Settings | Database> =
  Layer.effect(Workspace, make)
