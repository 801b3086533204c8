/**
 * Keeps the raw logs going: one process of all on a database reads for every storage destination, each with a fiber of its own, which
 * is seen in `/health` and waits alone for a bucket that is away.
 */
import { Effect, FiberMap, Layer } from "effect"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { History } from "../../archive/history.ts"
import { ObjectStore } from "../../archive/object-store.ts"
import { patiently } from "../../archive/patience.ts"
import { Settings } from "../../config.ts"
import { EventLog } from "../../log/event-log.ts"
import { Database } from "../../platform/database.ts"
import { Health } from "../../platform/health.ts"
import { oneOwner } from "../../platform/one-owner.ts"
import { supervise } from "../../platform/supervise.ts"
import { type Destination, Destinations } from "../destination.ts"
import { rawLogStore, type Surroundings } from "./location.ts"
import { makeRawLog, type RawLogOptions } from "./reader.ts"
import { surroundingsOf } from "./surroundings.ts"
import { forgetRawLogs } from "./store.ts"

const lock = 0x62_72_61_7a
const fiberName = "raw logs"

export interface RawLogsOptions extends RawLogOptions {
  /** How often the log is looked at, in ms. */
  readonly pollMs?: number
}

const fiberOf = ({ id }: Pick<Destination, "id">) => `raw log ${id}`

/** Changes when its fiber has to start over. Switching on and off does not: the reader asks each time. */
const versionOf = ({ settings, source }: Destination): string =>
  createHash("sha256")
    .update(JSON.stringify([source, settings]))
    .digest("hex")

export const makeRawLogs = (surroundings: Surroundings, folder: string, options: RawLogsOptions) =>
  Effect.gen(function* () {
    const { pollMs = 5_000, ...readerOptions } = options
    const { write: sql } = yield* Database
    const log = yield* EventLog
    const history = yield* History
    const health = yield* Health
    const destinations = yield* Destinations

    const follow = (destination: Destination) =>
      Effect.gen(function* () {
        const waiting = patiently(health, fiberOf(destination), `The raw log of "${destination.name}"`)
        const store = yield* waiting(Layer.build(rawLogStore(destination.settings, surroundings)))
        const objects = yield* Effect.provideContext(ObjectStore, store)
        const place = join(folder, String(destination.no))
        const rawLog = makeRawLog({ sql, log, history, objects, folder: place, destination }, readerOptions)
        yield* Effect.addFinalizer(() => rawLog.discard)
        for (;;) {
          const enabled = () => destinations.current().byId.get(destination.id)?.enabled === true
          yield* waiting(Effect.suspend(() => rawLog.round(enabled())))
          yield* Effect.sleep(pollMs)
        }
      }).pipe(Effect.scoped)

    /** Those that are switched on, and those that have something left to do. */
    const wanted = Effect.gen(function* () {
      const all = destinations.current().all.filter(({ entry }) => entry.kind === "storage")
      const rows = yield* sql<{ no: number }>`select destination as no from raw_logs r
        where active or exists (select 1 from raw_log_erasures e where e.destination = r.destination and e.pos <= r.pos)`
      const busy = new Set(rows.map(({ no }) => no))
      return all.filter(({ enabled, no }) => enabled || busy.has(no))
    })

    return Effect.gen(function* () {
      const running = yield* FiberMap.make<string>()
      const versions = new Map<string, string>()
      const end = Effect.fnUntraced(function* (id: string) {
        versions.delete(id)
        yield* FiberMap.remove(running, id)
        health.remove(fiberOf({ id }))
      })
      const reconcile = Effect.gen(function* () {
        const now = yield* wanted
        const ids = new Set(now.map(({ id }) => id))
        for (const id of versions.keys()) if (!ids.has(id)) yield* end(id)
        for (const destination of now) {
          const version = versionOf(destination)
          if (versions.get(destination.id) === version) continue
          yield* end(destination.id)
          versions.set(destination.id, version)
          yield* FiberMap.run(running, destination.id, supervise(fiberOf(destination), follow(destination)))
        }
      })
      let forgotten: unknown
      for (;;) {
        yield* reconcile
        const snapshot = destinations.current()
        if (snapshot !== forgotten) yield* forgetRawLogs(sql)
        forgotten = snapshot
        yield* Effect.sleep(pollMs)
      }
    }).pipe(Effect.scoped)
  })

/** `options` override the settings, for tests. */
export const rawLogsLive = (options: RawLogsOptions = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const database = yield* Database
      const settings = yield* Settings
      const surroundings = yield* surroundingsOf
      const work = yield* makeRawLogs(surroundings, join(settings.dataDir, "tmp", "raw-logs"), {
        closeAfterMs: settings.rawLogsMinutes * 60_000,
        ...options
      })
      yield* Effect.forkScoped(supervise(fiberName, oneOwner(database, { lock, name: fiberName }, work)))
    })
  )
