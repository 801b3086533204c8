/**
 * The composition root: which layer provides which port. Decides nothing else.
 *
 *     Settings -> Database -> Workspace -> EventLog -> IdentityGraph -> SpaceActors -> HTTP
 *
 * Layers close in reverse order, which is the drain: stop accepting, finish requests, finish batches, stop Postgres.
 */
import { Console, Data, Effect, Layer, Option, Schedule } from "effect"
import { Archive } from "./archive/archive.ts"
import { historyLive } from "./archive/history-live.ts"
import { objectStoreLive } from "./archive/object-store-live.ts"
import { archiveMigrations } from "./archive/schema.ts"
import { catalogAndRunnerLive } from "./catalog/runner-live.ts"
import { Settings } from "./config.ts"
import { ConsoleRoom } from "./console-server/console.ts"
import { recorderFlush } from "./debugger/flush.ts"
import { LiveRecorder } from "./debugger/recorder.ts"
import { debuggerMigrations } from "./debugger/schema.ts"
import { alertsLive } from "./delivery/alerts/live.ts"
import { alertSendersLive } from "./delivery/alerts/senders.ts"
import { deliveryRollUp } from "./delivery/roll-up.ts"
import { deliveryMigrations } from "./delivery/schema.ts"
import { sourceCountsFlush } from "./delivery/source-flush.ts"
import { SourceCounts } from "./delivery/source-tally.ts"
import { DeliveryActors } from "./destinations/actors/actors.ts"
import { actorMigrations } from "./destinations/actors/schema.ts"
import { destinationManagementLive } from "./destinations/manage/management-live.ts"
import { withRawLogs } from "./destinations/raw-logs/check.ts"
import { rawLogsLive } from "./destinations/raw-logs/live.ts"
import { rawLogMigrations } from "./destinations/raw-logs/schema.ts"
import { replayManagementLive } from "./destinations/replay/manage.ts"
import { replaysLive } from "./destinations/replay/owner.ts"
import { replayMigrations } from "./destinations/replay/schema.ts"
import { destinationMigrations } from "./destinations/schema.ts"
import { destinationsLive } from "./destinations/snapshot.ts"
import { vaultLive } from "./destinations/vault-live.ts"
import { neo4jGraph } from "./identity/graph-neo4j.ts"
import { postgresGraph } from "./identity/graph-postgres.ts"
import type { IdentityGraph } from "./identity/graph.ts"
import { LiveGraphs } from "./identity/live-graphs.ts"
import { identityMigrations } from "./identity/schema.ts"
import { whatIfLive } from "./identity/what-if/runner.ts"
import { SpaceActors } from "./identity/space-actors.ts"
import { EventLog } from "./log/event-log.ts"
import { logMigrations } from "./log/migrations.ts"
import { postgresEventLog } from "./log/postgres.ts"
import { signingKeysLive } from "./oauth/signing-keys.ts"
import { TokenServer } from "./oauth/token-server.ts"
import { databaseLayer } from "./platform/database-layer.ts"
import { Database } from "./platform/database.ts"
import { Health } from "./platform/health.ts"
import type { Neo4jFailed } from "./platform/neo4j.ts"
import { oncePerDatabase } from "./platform/once-per-database.ts"
import { supervise } from "./platform/supervise.ts"
import { deletionsLive } from "./privacy/deletions.ts"
import { forwardedDeletionsLive } from "./privacy/forwarded-deletions.ts"
import { ProfileApi } from "./profiles/profile-api.ts"
import { profileMigrations } from "./profiles/schema.ts"
import { alertResourcesLive } from "./public-api/alert-resources.ts"
import { allGroups } from "./public-api/groups.ts"
import { ArchiveDownload } from "./public-api/archive-download.ts"
import { PublicApi } from "./public-api/public-api.ts"
import { publicApiMigrations } from "./public-api/schema.ts"
import { type HealthReport, serveHttp } from "./server.ts"
import { schemaFlush } from "./source-schema/flush.ts"
import { SourceSchemaNames } from "./source-schema/names.ts"
import { sourceSchemaMigrations } from "./source-schema/tables.ts"
import { Tracking } from "./tracking/tracking.ts"
import { version } from "./version.ts"
import { workspaceMigrations } from "./workspace/schema.ts"
import { keyUseLive } from "./workspace/key-use.ts"
import { suppressionsLive } from "./workspace/suppressions.ts"
import { workspaceAlone, workspaceJoined, workspaceLive } from "./workspace/workspace-live.ts"
import { Workspace } from "./workspace/workspace.ts"

export class RebuildFailed extends Data.TaggedError("RebuildFailed")<{ readonly reason: string }> {
  override get message() {
    return `The graph was not rebuilt: ${this.reason}`
  }
}

/** Of every room, in the order of their ids. */
export const migrations = [
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

/** The database, migrated. `join` lets a command use the embedded server of a running service. */
const databaseLive = (onOwned: "fail" | "join") =>
  Layer.unwrap(
    Effect.map(Settings, ({ dataDir, databaseUrl, spaceLeaseSeconds: leaseSeconds }) =>
      databaseLayer({ dataDir, databaseUrl: Option.getOrUndefined(databaseUrl), migrations, onOwned, leaseSeconds })
    )
  )

const eventLogLive = Layer.unwrap(
  Effect.gen(function* () {
    const workspace = yield* Workspace
    const { appendQueueBytes } = yield* Settings
    return postgresEventLog({ limit: () => workspace.current().limits.messagesPerSecond, queueBytes: appendQueueBytes })
  })
)

const graphLive = Layer.unwrap(
  Effect.map(Settings, ({ graph }): Layer.Layer<IdentityGraph, Neo4jFailed, Database | Settings> =>
    graph === "neo4j" ? neo4jGraph : postgresGraph
  )
)
const archiveLive = Layer.unwrap(
  Effect.map(Settings, ({ archiveRetentionDays }) => Archive.layer({ retentionDays: archiveRetentionDays }))
).pipe(Layer.provideMerge(historyLive), Layer.provideMerge(objectStoreLive))

/** Everything below the HTTP surface. */
const services = (onOwned: "fail" | "join") =>
  (onOwned === "join" ? SpaceActors.layerStandby : SpaceActors.layer).pipe(
    Layer.provideMerge(LiveGraphs.layer),
    Layer.provideMerge(graphLive),
    Layer.provideMerge(archiveLive),
    Layer.provideMerge(eventLogLive),
    Layer.provideMerge(suppressionsLive),
    Layer.provideMerge(keyUseLive),
    Layer.provideMerge(onOwned === "join" ? workspaceJoined : workspaceLive),
    Layer.provideMerge(withRawLogs),
    Layer.provideMerge(databaseLive(onOwned)),
    Layer.provideMerge(catalogAndRunnerLive),
    Layer.provideMerge(Health.layer)
  )

/** For commands that only look: the stores as they are, also beside a running service. Runs no space and no log. */
export const storesToRead = LiveGraphs.layer.pipe(
  Layer.provideMerge(graphLive),
  Layer.provideMerge(suppressionsLive),
  Layer.provideMerge(workspaceJoined),
  Layer.provideMerge(databaseLive("join")),
  Layer.provideMerge(Health.layer)
)

/** For `braid what-if`: does what no service is there to do. */
export const whatIfBeside = whatIfLive.pipe(Layer.provideMerge(services("join")))

/** For `braid config`: what is configured and nothing that runs. Reads no configuration file. */
export const configurationBeside = destinationsLive.pipe(
  Layer.provideMerge(vaultLive),
  Layer.provideMerge(workspaceAlone),
  Layer.provideMerge(databaseLive("join")),
  Layer.provideMerge(catalogAndRunnerLive),
  Layer.provideMerge(Health.layer)
)

/** For `braid export`: log and archive to read. */
export const historyBeside = archiveLive.pipe(
  Layer.provideMerge(eventLogLive),
  Layer.provideMerge(workspaceAlone),
  Layer.provideMerge(databaseLive("join")),
  Layer.provideMerge(Health.layer)
)

const healthReport = (draining: () => boolean) =>
  Effect.gen(function* () {
    const health = yield* Health
    const log = yield* EventLog
    const actors = yield* SpaceActors
    const deliveries = yield* DeliveryActors
    const archive = yield* Archive
    const { read: sql } = yield* Database
    const alive = sql`select 1`.pipe(Effect.timeout("1 second"), Effect.isSuccess)
    return Effect.gen(function* (): Effect.fn.Return<HealthReport> {
      const ready = !draining() && (yield* alive)
      const fibers = health.fibers()
      const well = ready && fibers.every(({ status }) => status === "running" || status === "standby")
      return {
        ready,
        body: {
          status: draining() ? "draining" : well ? "ok" : "degraded",
          ready,
          version,
          fibers,
          log: { head: log.head() },
          archive: { position: yield* archive.position },
          spaces: yield* actors.progress,
          destinations: yield* deliveries.progress
        }
      }
    })
  })

/** Only one of the processes that share a database drops days at a time. */
const retentionLock = 0x62_72_61_7b

/** Drops days that are older than the retention and that every reader has passed. */
const retention = Effect.gen(function* () {
  const { logRetentionDays } = yield* Settings
  const log = yield* EventLog
  const database = yield* Database
  if (logRetentionDays === 0) return
  const round = Effect.gen(function* () {
    const dropped = yield* oncePerDatabase(database, retentionLock, log.dropOldPartitions(logRetentionDays))
    if (dropped !== undefined && dropped.length > 0)
      yield* Effect.logInfo(`Dropped ${dropped.length} day(s) of the event log`)
  })
  yield* Effect.forkScoped(supervise("retention", Effect.asVoid(Effect.repeat(round, Schedule.spaced("1 hour")))))
})

/** Starts the whole service in the current scope and answers where it listens. */
const start = Effect.gen(function* () {
  const { host, port } = yield* Settings
  let draining = false
  const health = yield* healthReport(() => draining)
  const rooms = [
    yield* ProfileApi,
    yield* Tracking,
    yield* TokenServer,
    yield* ArchiveDownload,
    yield* PublicApi,
    yield* ConsoleRoom
  ]
  yield* retention
  const address = yield* serveHttp({ host, port, rooms, health, onDrain: () => (draining = true) })
  return {
    ...address,
    url: `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`
  }
})

const rooms = Layer.mergeAll(
  ProfileApi.layer,
  Tracking.layer,
  TokenServer.layer.pipe(Layer.provide(signingKeysLive)),
  recorderFlush,
  sourceCountsFlush,
  deliveryRollUp,
  alertsLive,
  schemaFlush,
  PublicApi.layer(allGroups),
  ArchiveDownload.layer,
  ConsoleRoom.layer,
  whatIfLive,
  deletionsLive(),
  forwardedDeletionsLive,
  rawLogsLive(),
  replaysLive()
)

const destinations = Layer.mergeAll(
  alertResourcesLive,
  alertSendersLive,
  destinationManagementLive,
  replayManagementLive,
  DeliveryActors.layer()
).pipe(Layer.provideMerge(destinationsLive), Layer.provideMerge(vaultLive))

/** Runs `body` with the service up; the service drains when `body` ends or is interrupted. */
export const withService = <A, E, R>(
  body: (service: { readonly url: string; readonly port: number }) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(Effect.flatMap(start, body)).pipe(
    Effect.provide(
      rooms.pipe(
        Layer.provideMerge(Layer.mergeAll(LiveRecorder.layer, SourceSchemaNames.layer, SourceCounts.layer)),
        Layer.provideMerge(destinations),
        Layer.provideMerge(services("fail"))
      )
    )
  )

/** `braid serve`: until it is interrupted. */
export const serve = withService(({ url }) => Effect.andThen(Console.log(`Braid is ready at ${url}`), Effect.never))

/** `braid migrate`: brings the database up to date. */
export const migrate = Effect.scoped(Effect.asVoid(Layer.build(databaseLive("join").pipe(Layer.provide(Health.layer)))))

/**
 * `braid graph rebuild`: asks the process that owns the space, or does it here when none runs, and shows progress.
 * Fails with `RebuildFailed` when the graph could not be built; the old one stays in use then.
 */
export const rebuild = (slug?: string) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const { spaces } = (yield* Workspace).current()
    const chosen = spaces.filter((space) => slug === undefined || space.slug === slug)
    if (chosen.length === 0)
      return yield* new RebuildFailed({
        reason: `there is no space "${slug}" in the configuration; there are: ${spaces.map((space) => space.slug).join(", ")}`
      })
    for (const space of chosen) {
      const [asked] = yield* sql<{
        id: number
      }>`insert into space_operations (space, kind) values (${space.id}, 'rebuild') returning id::int as id`
      let shown = -1
      while (true) {
        const [row] = yield* sql<{ done: number; total: number; finished: boolean; error: string | null }>`
          select done::float8 as done, total::float8 as total, finished_at is not null as finished, error from space_operations where id = ${asked!.id}`
        if (row!.done !== shown && row!.total > 0) {
          shown = row!.done
          yield* Console.log(`${space.slug}: ${row!.done} of ${row!.total} decisions`)
        }
        if (row!.error !== null)
          return yield* new RebuildFailed({ reason: `${row!.error} The graph in use stays as it is.` })
        if (row!.finished) break
        yield* Effect.sleep("300 millis")
      }
      yield* Console.log(`${space.slug}: the graph was built again from its journal and is in use`)
    }
  }).pipe(Effect.provide(services("join")))
