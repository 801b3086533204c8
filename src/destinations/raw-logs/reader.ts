/**
 * The raw log of one destination: follows the log of its source and puts what came into files (DST-115). The order of its steps
 * makes a kill between any two harmless:
 *
 *     messages --> files on disk --> plan (names, up to where) --> put each --> cursor and rows of the files
 *
 * Before the plan nothing has left this machine, and everything is read once more. After it, the same range of the log is put under the
 * planned names again: files that are there already are replaced by themselves. A message that was erased meanwhile is missing
 * the second time, which is right.
 *
 * A file ends at 100 MB, an hour after its first message came, or with its day. Reads log and archive as one, so a bucket that is away for
 * weeks keeps nothing else waiting.
 */
import { Clock, Effect, Metric } from "effect"
import type { History } from "../../archive/history.ts"
import { type ObjectStore, ObjectStoreFailed } from "../../archive/object-store.ts"
import type { EventLog, Position } from "../../log/event-log.ts"
import { Tally } from "../../delivery/tally.ts"
import type { Database } from "../../platform/database.ts"
import { countedOf } from "../actors/counting.ts"
import { feedEvent } from "../actors/job.ts"
import type { Destination } from "../destination.ts"
import { makeRawLogErase } from "./erase.ts"
import { dayMs, OpenFiles, type RawFile } from "./files.ts"
import { makeRawLogStore, type Plan } from "./store.ts"

export interface RawLogOptions {
  /** A file is closed when its first message was received so long ago. */
  readonly closeAfterMs?: number
  /** Or when it has so many bytes. */
  readonly fileBytes?: number
}

/** A little less than 100 MB: what the compressor still holds comes on top. */
const defaults = { closeAfterMs: 3_600_000, fileBytes: 99_000_000 }
const pageEvents = 2000
/** Messages of a day that is over may still come so long after it. */
const afterMidnightMs = 60_000
const skipEveryMs = 60_000

const written = Metric.counter("braid_raw_log_events_total", {
  description: "Messages written to raw logs",
  incremental: true
})
const writtenBytes = Metric.counter("braid_raw_log_bytes_total", {
  description: "Bytes of files written to raw logs, compressed",
  incremental: true
})

export interface RawLogParts {
  readonly sql: Database["Service"]["write"]
  readonly log: Pick<EventLog["Service"], "released">
  readonly history: Pick<History["Service"], "read">
  readonly objects: ObjectStore["Service"]
  /** For files that are being filled; only for this destination, and emptied. */
  readonly folder: string
  readonly destination: Pick<Destination, "no" | "source" | "sourceId">
}

/** Call `round` again and again; after a failure it starts over by itself. `discard` lets go of the files on disk. */
export const makeRawLog = (parts: RawLogParts, options: RawLogOptions = {}) => {
  const { closeAfterMs, fileBytes } = { ...defaults, ...options }
  const { destination, folder, history, log, objects, sql } = parts
  const store = makeRawLogStore(sql, destination.no, destination.source)
  const erase = makeRawLogErase({ store, objects, folder })
  const files = new OpenFiles(folder, destination.sourceId)
  const disk = <A>(work: () => Promise<A>) => Effect.tryPromise({ try: work, catch: diskFailed(folder) })

  let fresh = false
  let epoch = 0
  let active = false
  let stopAt: Position | null = null
  /** Everything up to here is in files that are stored, and up to there in files on disk. */
  let stored: Position = 0
  let read: Position = 0
  let skippedAt = 0
  /** Of the messages in files on disk (DEL-30). */
  let tally = new Tally()

  /** Adds messages up to `limit`, and stops early when a file is full. */
  const fill = Effect.fnUntraced(function* (limit: Position, mayEnd: boolean) {
    while (read < limit) {
      const page = yield* history.read({ after: read, upTo: limit, limit: pageEvents, sources: [destination.source] })
      const full = yield* disk(async () => {
        for (const event of page) {
          await files.add(event)
          read = event.position
          tally.add(countedOf(destination, feedEvent(event), "successful_delivery", "", "", 1))
          if (mayEnd && files.bytes >= fileBytes) return true
        }
        return false
      })
      if (full) return true
      if (page.length < pageEvents) read = limit
    }
    return false
  })

  const put = Effect.fnUntraced(function* (plan: Plan) {
    const made = new Map((yield* disk(() => files.close())).map((file) => [file.day, file]))
    const finished: Array<RawFile> = []
    for (const { day, key } of plan.files) {
      const file = made.get(day)
      if (file === undefined) yield* objects.delete(key)
      else {
        yield* objects.put(key, { file: file.path })
        finished.push({ ...file, key })
      }
    }
    yield* store.commit({ epoch, upTo: plan.upTo, files: finished, tally, now: yield* Clock.currentTimeMillis })
    stored = plan.upTo
    tally = new Tally()
    yield* disk(() => files.begin())
    for (const { bytes, events } of finished) {
      yield* Metric.update(written, events)
      yield* Metric.update(writtenBytes, bytes)
    }
  })

  const close = Effect.gen(function* () {
    const plan = { upTo: read, files: files.planned() }
    yield* store.plan(epoch, plan)
    yield* put(plan)
  })

  const begin = Effect.gen(function* () {
    yield* disk(() => files.begin())
    tally = new Tally()
    const state = yield* store.takeOver
    epoch = state.epoch
    active = state.active
    stopAt = state.stopAt
    stored = read = state.pos
    if (state.planned !== undefined) {
      yield* fill(state.planned.upTo, false)
      yield* put(state.planned)
    }
    fresh = true
  })

  const follow = Effect.fnUntraced(function* (enabled: boolean, all: boolean) {
    if (!active) {
      if (!enabled) return yield* erase
      stored = read = log.released()
      yield* store.start(epoch, read)
      active = true
    }
    if (!enabled && stopAt === null) {
      stopAt = log.released()
      yield* store.stopAt(epoch, stopAt)
    }
    const limit = stopAt ?? log.released()
    while (yield* fill(limit, true)) yield* close
    const now = yield* Clock.currentTimeMillis
    const over =
      all || stopAt !== null || now - files.from >= closeAfterMs || now >= files.day + dayMs + afterMidnightMs
    if (!files.empty && over) yield* close
    if (files.empty && read > stored && (now - skippedAt >= skipEveryMs || stopAt !== null)) {
      yield* store.skip(epoch, read)
      stored = read
      skippedAt = now
    }
    yield* erase
    if (stopAt === null) return
    yield* store.stop(epoch)
    active = false
    stopAt = null
  })

  /** Who switches it off expects an end: what cannot be stored then is let go. */
  const giveUp = (error: ObjectStoreFailed) =>
    Effect.gen(function* () {
      if (stopAt === null) return yield* error
      yield* Effect.logWarning(`The raw log was switched off; its last messages were not stored: ${error.message}`)
      yield* store.stop(epoch)
    })

  /** As far as there is something to do now. `all`: also closes files that are young. */
  const round = (enabled: boolean, all = false) =>
    Effect.suspend(() => (fresh ? Effect.void : begin)).pipe(
      Effect.andThen(follow(enabled, all)),
      Effect.tapCause(() => Effect.sync(() => (fresh = false))),
      Effect.tapErrorTag("ObjectStoreFailed", ({ message }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.ignore(store.failed(message, now)))
      ),
      Effect.catchTag("ObjectStoreFailed", giveUp)
    )

  return { round, discard: Effect.sync(() => files.discard()) }
}

const diskFailed = (folder: string) => (error: unknown) =>
  new ObjectStoreFailed({
    operation: "put",
    key: "",
    place: `folder ${folder}`,
    reason: `files of raw logs cannot be written there (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    advice:
      "Free some space there, or move BRAID_DATA_DIR to a larger disk. Nothing was lost; Braid tries again by itself."
  })
