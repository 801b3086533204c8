/**
 * A workspace with an archive that reaches back for days, on stores of its own: sources are connected through the management,
 * the real actors replay. Every event that was sent is remembered, so that a test can say what has to come out.
 */
import { Context, Effect, Exit, Latch, Layer, Logger, Schedule, Scope, Stream } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { History, type HistoryFailed } from "../../src/archive/history.ts"
import { Settings, type SettingsValue } from "../../src/config.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { replaySources } from "../../src/identity/replay-views.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { readerName } from "../../src/identity/space-store.ts"
import { EventLog } from "../../src/log/event-log.ts"
import { dayOfTime, ensurePartitions } from "../../src/log/partitions.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import { readAudit } from "../../src/workspace/audit.ts"
import { makeDeletions } from "../../src/privacy/deletions.ts"
import { createRegulation, findRegulation } from "../../src/workspace/manage-regulations.ts"
import { makeSpaceChanges } from "../../src/profiles/space-changes.ts"
import { makeManagement } from "../../src/workspace/management.ts"
import { changeWorkspace } from "../../src/workspace/changes.ts"
import { type ReplayMode, Workspace } from "../../src/workspace/workspace.ts"
import { workspaceLive } from "../../src/workspace/workspace-live.ts"
import { forgetLog, testArchive } from "./archive.ts"
import { testDatabase } from "./database.ts"
import { message, type ShortMessage } from "./space.ts"

export const dayMs = 86_400_000
/** Days that the archive has; of each an event of `a` and one of `b`. */
export const archivedDays = 33
const slugs = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]

const source = (slug: string) => ({ id: `src_${slug}`, slug, name: slug, kind: "http", writeKeys: [`wk_${slug}`] })
const limits = { requestsPerSecond: 0, messagesPerSecond: 0, spaceEventsPerSecond: 0, profileApiPerSecond: 0 }
const rulesFrom = { custom: { leaveOut: [], suggestedBlocked: false } }

interface Sent {
  readonly id: string
  readonly slug: string
  readonly timestamp: number
  readonly receivedAt: number
}

/** Waits for something; a test that waits in vain fails. */
export const until = <A>(what: Effect.Effect<A, unknown>, is: (value: A) => boolean) =>
  what.pipe(
    Effect.orDie,
    Effect.repeat({ schedule: Schedule.spaced("10 millis"), until: is }),
    Effect.timeout("20 seconds"),
    Effect.orDie
  )

/** What the history meets, and the time of the log. */
class Faults extends Context.Service<
  Faults,
  {
    now: number
    /** Closed: what was read for a replay is not given out. */
    readonly gate: Latch.Latch
    failure: HistoryFailed | undefined
    /** How often a replay was begun to be read. */
    reads: number
  }
>()("braid/test/Faults") {
  static readonly layer = Layer.sync(this, () => ({
    now: Date.now(),
    gate: Latch.makeUnsafe(true),
    failure: undefined,
    reads: 0
  }))
}

const log = Layer.unwrap(
  Effect.map(Faults, (faults) =>
    postgresEventLog({ limit: () => 0, queueBytes: 64 * 1024 * 1024, now: () => faults.now })
  )
)

const history = Layer.effect(
  History,
  Effect.gen(function* () {
    const real = yield* History
    const faults = yield* Faults
    return History.of({
      ...real,
      readByTime: (options) =>
        Stream.unwrap(
          Effect.gen(function* () {
            if (faults.failure !== undefined) return Stream.fail(faults.failure)
            const pages = yield* Stream.runCollect(real.readByTime(options))
            faults.reads += 1
            yield* faults.gate.await
            return Stream.fromIterable(pages)
          })
        )
    })
  })
).pipe(Layer.provideMerge(testArchive))

const settings = Layer.effect(
  Settings,
  Effect.gen(function* () {
    const all = yield* Settings
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-replays-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const configFile = join(folder, "config.json")
    writeFileSync(configFile, JSON.stringify({ sources: slugs.map(source), spaces: [], tokens: [], limits }))
    return { ...all, configFile, spaceQuota: 0, identityBatch: 10 } satisfies SettingsValue
  })
).pipe(Layer.provide(Settings.layer))

const make = Effect.gen(function* () {
  const context = yield* Effect.context<LayerServices>()
  const database = yield* Database
  const { write: sql } = database
  const log = yield* EventLog
  const history = yield* History
  const workspace = yield* Workspace
  const faults = yield* Faults
  const management = yield* makeManagement
  const sent: Array<Sent> = []
  let running: { readonly scope: Scope.Closeable; readonly actors: SpaceActors["Service"] } | undefined

  const send = Effect.fnUntraced(function* (slug: string, ...shorts: ReadonlyArray<ShortMessage>) {
    const { no } = workspace.current().sources.find((each) => each.slug === slug)!
    const messages = shorts.map((short) => message(short, faults.now))
    for (const { messageId: id, timestamp, receivedAt } of messages)
      sent.push({ id, slug, timestamp: Date.parse(timestamp), receivedAt: Date.parse(receivedAt) })
    yield* Effect.callback<void>((resume) => {
      log.offer({
        events: messages.map((it) => ({
          source: no,
          dedupKey: it.messageId,
          body: new TextEncoder().encode(JSON.stringify(it))
        })),
        receivedAt: faults.now,
        done: (error) => resume(error === undefined ? Effect.void : Effect.die(error))
      })
    })
  })

  const start = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const built = yield* Layer.buildWithScope(Layer.fresh(SpaceActors.layer), scope).pipe(Effect.provide(context))
    running = { scope, actors: yield* Effect.provide(SpaceActors, built) }
  })
  const stop = Effect.suspend(() => {
    const scope = running?.scope
    running = undefined
    return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
  })
  yield* Effect.addFinalizer(() => stop)

  /** Every third event is two days late: its timestamp is before that of its neighbours. */
  for (let daysAgo = archivedDays; daysAgo > 0; daysAgo--) {
    faults.now = Date.now() - daysAgo * dayMs
    if (daysAgo % 3 === 0) yield* ensurePartitions(sql, dayOfTime(faults.now))
    for (const slug of ["a", "b"]) {
      const timestamp = faults.now - (daysAgo % 3 === 0 ? 2 * dayMs : 0) - slug.charCodeAt(0)
      yield* send(slug, {
        type: "identify",
        messageId: `${slug}-${daysAgo}`,
        userId: `u${daysAgo % 5}`,
        traits: { last: `${slug}-${daysAgo}` },
        timestamp: new Date(timestamp).toISOString()
      })
    }
  }
  faults.now = Date.now()
  yield* ensurePartitions(sql, dayOfTime(faults.now))
  yield* Effect.provide(forgetLog, context)
  yield* start

  const progress = Effect.suspend(() => running!.actors.progress)
  return {
    sql,
    database,
    management,
    workspace,
    health: yield* Health,
    context,
    faults,
    start,
    stop,
    send,
    progress,
    settled: Effect.asVoid(until(progress, (all) => all.every(({ lag }) => lag === 0))),
    lagOf: (space: string) => Effect.map(progress, (all) => all.find(({ id }) => id === space)?.lag ?? 0),
    /** Waits until an actor has prepared it. */
    create: (name: string) =>
      Effect.tap(management.createSpace("test", { name, kind: "dev", rulesFrom }), (id) =>
        until(sql`select 1 from cursors where reader = ${readerName(id)} and epoch > 0`, (rows) => rows.length > 0)
      ),
    connect: (space: string, connected: ReadonlyArray<string>, days?: number) =>
      management.connectSources(
        "test",
        space,
        connected.map((slug) => `src_${slug}`),
        days
      ),
    /** From another process, which knows of nothing that is in memory here. */
    connectElsewhere: (space: string, slug: string) =>
      Effect.gen(function* () {
        const other = yield* Layer.build(Layer.fresh(workspaceLive))
        const elsewhere = yield* Effect.provide(makeManagement, other)
        yield* elsewhere.connectSources("test", space, [`src_${slug}`])
      }).pipe(Effect.scoped, Effect.provide(context)),
    /** Deletes a person, as a regulation does. */
    deletePerson: (userId: string) =>
      Effect.gen(function* () {
        const asked = { type: "DELETE_INTERNAL", source: null, userIds: [userId] } as const
        const id = yield* createRegulation(sql, "test", asked, { quota: 0, maxSuppressed: 0, delayMs: 0 })
        const { start, round } = yield* makeDeletions(0)
        const status = Effect.map(findRegulation(sql, id, 0), (found) => found?.status)
        yield* until(start.pipe(Effect.andThen(round), Effect.andThen(status)), (is) => is === "FINISHED")
      }).pipe(Effect.provideService(SpaceActors, running!.actors), Effect.provide(context)),
    /** Asks for a replay of a connected source. */
    replay: (space: string, slug: string, mode: ReplayMode) =>
      Effect.andThen(
        changeWorkspace(sql, "test", (change) => replaySources(change, space, [`src_${slug}`], 30, mode)),
        workspace.refresh
      ),
    disconnect: (space: string, slug: string) => management.disconnectSource("test", space, `src_${slug}`),
    /** Message ids in the order in which the space has resolved them. */
    resolved: Effect.fnUntraced(function* (space: string) {
      const stamps = yield* sql.unsafe<{ pos: number }>(
        `select pos::float8 as pos from ${spaceSchema(space)}.stamps order by coalesce(seq, pos)`
      )
      const events = yield* history.at(stamps.map(({ pos }) => pos))
      const ids = new Map(
        events.map(({ position, body }) => [
          position,
          (JSON.parse(Buffer.from(body).toString()) as { messageId: string }).messageId
        ])
      )
      return stamps.map(({ pos }) => ids.get(pos)!)
    }),
    /** Message ids as subscribers are told of them, from the beginning (PRO-66). */
    told: Effect.fnUntraced(function* (spaceId: string) {
      const space = workspace.current().spaceById.get(spaceId)!
      const { head, after } = makeSpaceChanges(database, log, history)
      const told: Array<string> = []
      for (let place = 0; place < (yield* head(spaceId));) {
        const { upTo, changes } = yield* after(space, place)
        told.push(...changes.flatMap(({ message }) => (message === null ? [] : [message.messageId])))
        place = upTo
      }
      return told
    }),
    /** What a replay gives that begins now: received in the last `days` days, in the order of IDR-134. */
    expected: (connected: ReadonlyArray<string>, days: number) =>
      sent
        .filter(({ slug, receivedAt }) => connected.includes(slug) && receivedAt >= Date.now() - days * dayMs)
        .toSorted((a, b) => a.timestamp - b.timestamp || a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id),
    replays: (space: string) =>
      sql<{ state: string; processed: number; skipped: number; total: number | null }>`
        select state, processed::int as processed, skipped::int as skipped, total::int as total from space_replays
        where space = ${space} and days > 0 order by id`,
    drops: (space: string) =>
      sql.unsafe<{ reason: string; count: number }>(
        `select reason, count::int as count from ${spaceSchema(space)}.drops order by reason`
      ),
    audits: (space: string) => readAudit(sql, { spaceId: space, limit: 100 })
  }
})

type LayerServices =
  | Database
  | EventLog
  | Faults
  | Health
  | History
  | IdentityGraph
  | LiveGraphs
  | Settings
  | Workspace
  | Layer.Success<typeof testArchive>

export class Replays extends Context.Service<Replays, Effect.Success<typeof make>>()("braid/test/Replays") {
  static readonly layer = <E>(graph: Layer.Layer<IdentityGraph, E, Database>) =>
    Layer.effect(Replays, make).pipe(
      Layer.provide(LiveGraphs.layer),
      Layer.provide(graph),
      Layer.provide(history),
      Layer.provide(log),
      Layer.provide(workspaceLive),
      Layer.provide(testDatabase),
      Layer.provide(settings),
      Layer.provide(Faults.layer),
      Layer.provide(Health.layer),
      Layer.provide(Logger.layer([]))
    )
}
