/**
 * Everything below the HTTP surface on an embedded PostgreSQL of its own, for benchmarks: spaces with one source
 * each, limits off, and a gate in front of the readers. The folder is removed at the end.
 */
import { Effect, Layer, Logger } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeExporter } from "../../src/archive/exporter.ts"
import { historyLayer } from "../../src/archive/history-live.ts"
import { folderObjectStore } from "../../src/archive/object-folder.ts"
import { archiveMigrations } from "../../src/archive/schema.ts"
import { Settings, type SettingsValue } from "../../src/config.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { identityMigrations } from "../../src/identity/schema.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { readerName } from "../../src/identity/space-store.ts"
import { EventLog, type Position } from "../../src/log/event-log.ts"
import { logMigrations } from "../../src/log/migrations.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { databaseLayer } from "../../src/platform/database-layer.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import type { RulesDocument } from "../../src/workspace/rules.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { workspaceMigrations } from "../../src/workspace/schema.ts"
import { type Source, type Space, Workspace, type WorkspaceSnapshot } from "../../src/workspace/workspace.ts"
import { type BenchEvent, stored } from "./workload.ts"

export const spaceIdOf = (name: string): string => `spa_${name.padStart(22, "0")}`

/** Space `n`, from 1, fed by source `n`. */
export const spaceOf = (n: number, rules: RulesDocument = defaultRules): Space => {
  const source: Source = {
    no: n,
    id: `src_${n}`,
    slug: `source${n}`,
    name: `Source ${n}`,
    kind: "website",
    writeKeys: [`wk_${n}`],
    enabled: true
  }
  return {
    id: spaceIdOf(String(n)),
    slug: `space${n}`,
    name: `Space ${n}`,
    kind: "dev",
    sources: [source],
    rules
  }
}

const snapshotOf = (spaces: ReadonlyArray<Space>): WorkspaceSnapshot => {
  const sources = spaces.flatMap((space) => space.sources)
  return {
    sources,
    sourceByNo: new Map(sources.map((source) => [source.no, source])),
    sourceByWriteKey: new Map(),
    spaces,
    spaceById: new Map(spaces.map((space) => [space.id, space])),
    tokenByHash: new Map(),
    limits: { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
  }
}

/** Whether readers get what was appended at once, or not at all. */
export const gate = { open: true }

/** The clock of the log, ahead of the real one. */
const clock = { aheadMs: 0 }

/** Days go by: everything that was appended is in the archive, and only there. */
export const forgetLog = Effect.gen(function* () {
  const exporter = yield* makeExporter()
  yield* exporter.register
  yield* exporter.takeOver
  yield* exporter.round(true)
  clock.aheadMs += 3 * 86_400_000
  const dropped = yield* (yield* EventLog).dropOldPartitions(1)
  if (dropped.length === 0) throw new Error("the log still has events")
})

/** A folder that an embedded PostgreSQL can live in, removed with the scope. */
const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "braid-bench-"))
    chmodSync(folder, 0o755)
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const database = Layer.unwrap(
  Effect.map(temporaryFolder, (dataDir) =>
    databaseLayer({
      dataDir,
      migrations: [...logMigrations, ...archiveMigrations, ...identityMigrations, ...workspaceMigrations]
    })
  )
)

const archive = Layer.unwrap(
  Effect.map(temporaryFolder, (folder) =>
    historyLayer({ sortFolder: join(folder, "tmp") }).pipe(
      Layer.provideMerge(folderObjectStore(join(folder, "archive")))
    )
  )
)

const workspace = (spaces: ReadonlyArray<Space>) =>
  Layer.effect(
    Workspace,
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const snapshot = snapshotOf(spaces)
      for (const { no, id } of snapshot.sources)
        yield* sql`insert into sources (no, id) overriding system value values (${no}, ${id}) on conflict do nothing`
      return Workspace.of({
        current: () => snapshot,
        reload: Effect.void,
        refresh: Effect.void,
        onChange: () => Effect.void
      })
    })
  )

/** One event in a hundred years while the gate is closed: what a meter of the log holds back, it lets go at once when opened. */
const eventLog = postgresEventLog({
  limit: () => (gate.open ? 0 : 3e-10),
  queueBytes: 256 * 1024 * 1024,
  now: () => Date.now() + clock.aheadMs
})

export interface RigOptions {
  /** Replace the defaults. */
  readonly settings?: Partial<SettingsValue>
  readonly spaces?: number
  /** Of space `n`; the default rules unless given. */
  readonly rules?: (n: number) => RulesDocument
}

/** Log, graph and the running space actors. */
export const rig = <E, R>(
  graph: Layer.Layer<IdentityGraph, E, R>,
  { settings = {}, spaces = 1, rules }: RigOptions = {}
) =>
  SpaceActors.layer.pipe(
    Layer.provideMerge(LiveGraphs.layer),
    Layer.provideMerge(graph),
    Layer.provideMerge(archive),
    Layer.provideMerge(eventLog),
    Layer.provideMerge(workspace(Array.from({ length: spaces }, (_, i) => spaceOf(i + 1, rules?.(i + 1))))),
    Layer.provideMerge(
      Layer.effect(
        Settings,
        Effect.map(Settings, (value) => ({ ...value, ...settings }))
      ).pipe(Layer.provide(Settings.layer))
    ),
    Layer.provideMerge(database),
    Layer.provideMerge(Health.layer),
    Layer.provideMerge(Logger.layer([]))
  )

/** Appends all of them: `inFlight` requests of `size` events at a time. */
export const appendAll = (
  log: EventLog["Service"],
  events: ReadonlyArray<BenchEvent>,
  { source = 1, size = 100, inFlight = 8 } = {}
) =>
  Effect.promise(async () => {
    let next = 0
    const caller = async () => {
      while (next < events.length) {
        const part = events.slice(next, (next += size))
        await new Promise<void>((resolve, reject) => {
          const taken = log.offer({
            events: part.map((event) => ({ source, dedupKey: `${source} ${event.messageId}`, body: stored(event) })),
            receivedAt: Date.now(),
            done: (error) => (error === undefined ? resolve() : reject(error))
          })
          if (!taken) reject(new Error("the queue of the log is full"))
        })
      }
    }
    await Promise.all(Array.from({ length: inFlight }, caller))
  })

/** Waits until space `n` has resolved everything up to the head of the log, the graph included. */
export const settled = Effect.fnUntraced(function* (n = 1) {
  const { write: sql } = yield* Database
  const log = yield* EventLog
  const actors = yield* SpaceActors
  const reader = readerName(spaceIdOf(String(n)))
  const head = log.head()
  // The cursor first: counting the lag of a space that is far behind costs more than resolving it.
  const cursor = sql<{ pos: Position }>`select pos::float8 as pos from cursors where reader = ${reader}`
  while (((yield* cursor)[0]?.pos ?? 0) < head) yield* Effect.sleep(5)
  while ((yield* actors.progress)[n - 1]!.position < head) yield* Effect.sleep(5)
})
