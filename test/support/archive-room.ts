/** A log and an archive of a test's own: real PostgreSQL, a folder that can be made to fail, and a clock in the test's hand. */
import { Data, Effect, Layer, type Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Archive } from "../../src/archive/archive.ts"
import { type ExporterOptions, makeExporter } from "../../src/archive/exporter.ts"
import { historyLayer } from "../../src/archive/history-live.ts"
import { History } from "../../src/archive/history.ts"
import { folderObjectStore } from "../../src/archive/object-folder.ts"
import { ObjectStore, type ObjectStoreFailed } from "../../src/archive/object-store.ts"
import { EventLog, type LogEvent, type Position } from "../../src/log/event-log.ts"
import { postgresEventLog } from "../../src/log/postgres.ts"
import { Database } from "../../src/platform/database.ts"
import { type FiberHealth, Health } from "../../src/platform/health.ts"
import { testDatabase } from "./database.ts"

export const dayMs = 86_400_000
/** Noon of the first day of every test. */
export const noon = Date.UTC(2026, 2, 10, 12)

/** The process dies here. */
export class Crash extends Data.TaggedError("Crash")<{ readonly at: string }> {}

export interface Sent {
  readonly id: string
  readonly source?: number
  /** Default: when it is received. */
  readonly timestamp?: number
  readonly receivedAt?: number
  readonly padding?: number
}

export interface Process {
  readonly archive: Archive["Service"]
  /** Undefined before its fiber has begun. */
  readonly health: () => FiberHealth | undefined
}

export interface Room {
  readonly log: EventLog["Service"]
  readonly history: History["Service"]
  readonly objects: ObjectStore["Service"]
  readonly sql: Database["Service"]["write"]
  readonly clock: { now: number }
  /**
   * `crash` is asked before and after each put: true = the process dies. `between` runs after each
   * chunk is put, `logRead` before the history reads from the log; puts fail with `away`.
   */
  readonly faults: {
    crash: (step: string) => boolean
    between: Effect.Effect<void>
    logRead: Effect.Effect<void>
    away: ObjectStoreFailed | undefined
  }
  readonly send: (events: ReadonlyArray<Sent>) => Effect.Effect<void>
  /** A process that keeps the archive going, for as long as the scope lives. */
  readonly process: Effect.Effect<Process, never, Scope.Scope>
  /** What a process does, step by step. */
  readonly exporter: Effect.Effect<Effect.Success<ReturnType<typeof makeExporter>>>
}

const stored = ({ id, padding = 0, source = 1, ...times }: Sent, now: number) => {
  const { receivedAt = now, timestamp = receivedAt } = times
  const body = {
    type: "track",
    messageId: id,
    event: "E",
    properties: { timestamp: "not this one", padding: "x".repeat(padding) },
    timestamp: new Date(timestamp).toISOString(),
    receivedAt: new Date(receivedAt).toISOString()
  }
  return { source, dedupKey: id, body: new TextEncoder().encode(JSON.stringify(body)) }
}

export interface RoomOptions extends ExporterOptions {
  readonly sortBytes?: number
  readonly cacheBytes?: number
  /** Default: a folder. */
  readonly store?: Layer.Layer<ObjectStore, ObjectStoreFailed>
}

export const room = ({ cacheBytes, sortBytes, store, ...options }: RoomOptions = {}) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-archive-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const clock = { now: noon }
    const faults: Room["faults"] = { crash: () => false, between: Effect.void, logRead: Effect.void, away: undefined }
    const step = (at: string) => Effect.suspend(() => (faults.crash(at) ? Effect.die(new Crash({ at })) : Effect.void))
    const faulty = Layer.effect(
      ObjectStore,
      Effect.map(ObjectStore, (store) => ({
        ...store,
        put: (key, content) => {
          const what = key.endsWith(".json") ? "manifest" : "chunk"
          if (faults.away !== undefined) return Effect.fail(faults.away)
          return step(`before ${what}`).pipe(
            Effect.andThen(store.put(key, content)),
            Effect.andThen(Effect.suspend(() => (what === "chunk" ? faults.between : Effect.void))),
            Effect.andThen(step(`after ${what}`))
          )
        }
      }))
    ).pipe(Layer.provide(store ?? folderObjectStore(join(folder, "archive"))))
    const layers = historyLayer({
      sortFolder: join(folder, "tmp"),
      ...(cacheBytes === undefined ? {} : { cacheBytes }),
      ...(sortBytes === undefined ? {} : { sortBytes })
    }).pipe(
      Layer.provide(
        Layer.effect(
          EventLog,
          Effect.map(EventLog, (log) => ({
            ...log,
            read: (query) =>
              Effect.andThen(
                Effect.suspend(() => faults.logRead),
                log.read(query)
              ),
            count: (query) =>
              Effect.andThen(
                Effect.suspend(() => faults.logRead),
                log.count(query)
              ),
            at: (positions) =>
              Effect.andThen(
                Effect.suspend(() => faults.logRead),
                log.at(positions)
              )
          }))
        )
      ),
      Layer.provideMerge(faulty),
      Layer.provideMerge(postgresEventLog({ limit: () => 0, queueBytes: 64 * 1024 * 1024, now: () => clock.now })),
      Layer.provideMerge(testDatabase),
      Layer.provideMerge(Health.layer)
    )
    const context = yield* Layer.build(layers)
    const log = yield* Effect.provide(EventLog, context)
    const { write: sql } = yield* Effect.provide(Database, context)
    yield* sql`insert into cursors (reader, pos) values ('archive', 0)`
    const made: Room = {
      log,
      sql,
      clock,
      faults,
      history: yield* Effect.provide(History, context),
      objects: yield* Effect.provide(ObjectStore, context),
      process: Effect.gen(function* () {
        const own = Layer.fresh(Health.layer)
        const alive = yield* Layer.build(
          Archive.layer({ ...options, pollEvery: "50 millis" }).pipe(
            Layer.provideMerge(own),
            Layer.provide(Layer.succeedContext(context))
          )
        )
        const health = yield* Effect.provide(Health, alive)
        const archive = yield* Effect.provide(Archive, alive)
        return { archive, health: () => health.fibers().find(({ name }) => name === "archive") }
      }).pipe(Effect.orDie),
      exporter: makeExporter(options).pipe(Effect.provide(context)),
      send: (events) =>
        Effect.callback((resume) => {
          const done = (error: Error | undefined) => resume(error === undefined ? Effect.void : Effect.die(error))
          const request = events.map((event) => stored(event, clock.now))
          if (!log.offer({ events: request, receivedAt: clock.now, done })) done(new Error("the queue is full"))
        })
    }
    return made
  }).pipe(Effect.orDie)

export const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 1_000_000, sources: [1, 2, 3] }

export const plain = ({ body, hash, position, source }: LogEvent) => ({
  position,
  source,
  hash,
  body: Buffer.from(body).toString()
})

export const idOf = ({ body }: LogEvent): string =>
  (JSON.parse(Buffer.from(body).toString()) as { messageId: string }).messageId

export const ids = (count: number, prefix: string): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

/** All objects of the archive, page by page. */
export const objectsOf = ({ objects }: Room) =>
  Effect.map(objects.list({ prefix: "events/" }), ({ objects: found }) => found.map(({ key }) => key))

/** Every row's object is there, every object has a row or is a manifest, the manifests tell what the rows tell. */
export const expectTidy = Effect.fnUntraced(function* (it: Room) {
  const rows = yield* it.sql<{ object: string; first: number; last: number; events: number }>`
    select object, first_pos::float8 as first, last_pos::float8 as last, events from archive_chunks order by last_pos`
  const days = [...new Set(rows.map(({ object }) => object.slice(0, "events/2026-03-10/".length)))]
  const expected = [...rows.map(({ object }) => object), ...days.map((day) => `${day}manifest.json`)].sort()
  const found = yield* objectsOf(it)
  const manifests: Array<{ object: string; first: Position; last: Position; events: number }> = []
  for (const day of days) {
    const text = Buffer.from(yield* it.objects.get(`${day}manifest.json`)).toString()
    const { chunks } = JSON.parse(text) as { chunks: typeof manifests }
    manifests.push(...chunks.map(({ events, first, last, object }) => ({ object, first, last, events })))
  }
  return { found, expected, rows: [...rows], manifests }
})
