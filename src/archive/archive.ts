/**
 * Keeps the archive going: one process of all on a database exports, the others stand by for its lock.
 *
 * A store that is away is waited for, without a restart and for as long as it takes: nothing is lost meanwhile, since the
 * log keeps what the archive does not have (`cursors`).
 */
import { Clock, Context, type Duration, Effect, Layer, Metric, Schedule } from "effect"
import { EventLog, type Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { Health } from "../platform/health.ts"
import { oneOwner } from "../platform/one-owner.ts"
import { supervise } from "../platform/supervise.ts"
import { type ExporterOptions, makeExporter } from "./exporter.ts"
import { patiently } from "./patience.ts"

/** Session-level advisory lock: released by Postgres the moment the owner's connection is gone. */
const archiveLock = 0x62_72_61_6c
const fiberName = "archive"
const maintenanceEveryMs = 3_600_000
const lagEvery = "15 seconds"
const mostCounted = 1_000_000

const lagEvents = Metric.gauge("braid_archive_lag_events", {
  description: "Events that are not in the archive yet (at most a million are counted)"
})

export interface ArchiveOptions extends ExporterOptions {
  /** Days to keep; 0 = for ever. */
  readonly retentionDays?: number
  /** How often the log is looked at. */
  readonly pollEvery?: Duration.Input
}

export class Archive extends Context.Service<
  Archive,
  {
    /** Everything up to here is in the archive, with manifest, whoever exported it. */
    readonly position: Effect.Effect<Position>
  }
>()("braid/archive/Archive") {
  static readonly layer = (options: ArchiveOptions = {}) => Layer.effect(this, make(options))
}

const make = ({ pollEvery = "5 seconds", retentionDays = 0, ...options }: ArchiveOptions) =>
  Effect.gen(function* () {
    const database = yield* Database
    const log = yield* EventLog
    const health = yield* Health
    const exporter = yield* makeExporter(options)
    // Before anything may be dropped from the log.
    yield* exporter.register

    const waiting = patiently(health, fiberName, "The archive")

    const maintain = Effect.gen(function* () {
      yield* exporter.clean
      if (retentionDays === 0) return
      const dropped = yield* exporter.dropOld(retentionDays)
      if (dropped.length > 0) yield* Effect.logInfo(`Removed ${dropped.length} day(s) from the archive`)
    })

    const work = Effect.gen(function* () {
      let maintained = yield* Clock.currentTimeMillis
      let position = yield* waiting(exporter.takeOver)
      for (;;) {
        if (position < log.released()) position = yield* waiting(exporter.round())
        if ((yield* Clock.currentTimeMillis) - maintained >= maintenanceEveryMs) {
          yield* waiting(maintain)
          maintained = yield* Clock.currentTimeMillis
        }
        yield* Effect.sleep(pollEvery)
      }
    })

    const own = oneOwner(database, { lock: archiveLock, name: fiberName }, work)
    yield* Effect.forkScoped(supervise(fiberName, own))

    let known = 0
    const position = exporter.place.pipe(
      Effect.map(({ pos }) => (known = pos)),
      Effect.catch(() => Effect.sync(() => known))
    )
    const lag = Effect.gen(function* () {
      const after = yield* position
      const upTo = log.released()
      const behind = after >= upTo ? 0 : yield* log.count({ after, upTo, limit: mostCounted })
      yield* Metric.update(lagEvents, behind)
    })
    yield* Effect.forkScoped(Effect.repeat(Effect.ignore(lag), Schedule.spaced(lagEvery)))
    return { position }
  })
