/**
 * Copies the log into chunks, one owner at a time. The order of its steps is what makes a crash between any two harmless:
 *
 *     read events --> put object --> row (fenced) --> manifest --> cursor
 *
 * Without its row an object counts for nothing and is cleaned away later; without manifest and cursor the next round
 * writes just these. Events that were erased between reading and the row are noticed by counting again, under the lock
 * that erasure takes, too.
 *
 * Nothing is kept in memory while a chunk fills up: the log has the events, and a round reads them when there are enough
 * of them, when the oldest has waited long enough, or when their day is over.
 */
import { PgTypes } from "@effect/sql-pg"
import { Clock, Effect, Metric } from "effect"
import { dayOf, EventLog, type LogEvent, type Position, positionsPerDay } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { claimStore } from "./archive-id.ts"
import { dayOfObject, folderOfDay, makeChunkStore, newObjectName } from "./chunk-store.ts"
import { encodeChunk } from "./chunk.ts"
import { timesOf } from "./event-times.ts"
import { writeManifest } from "./manifest.ts"
import { ObjectStore } from "./object-store.ts"

export interface ExporterOptions {
  /** A chunk is closed when it has so many bytes of messages or so many events ... */
  readonly chunkBytes?: number
  readonly chunkEvents?: number
  /** ... or when its first event arrived so long ago (milliseconds). */
  readonly closeAfterMs?: number
}

const defaults = { chunkBytes: 8 * 1024 * 1024, chunkEvents: 20_000, closeAfterMs: 15 * 60_000 }
const pageEvents = 2000
/** Manifests are written after so many chunks at the latest, and at the end of a round. */
const chunksPerManifest = 8

const exportedEvents = Metric.counter("braid_archive_events_total", {
  description: "Events written to the archive",
  incremental: true
})
const exportedBytes = Metric.counter("braid_archive_bytes_total", {
  description: "Bytes of chunks written to the archive, compressed",
  incremental: true
})

/** The exporter of one process. Call `takeOver` first, then `round` again and again. */
export const makeExporter = (options: ExporterOptions = {}) =>
  Effect.gen(function* () {
    const { chunkBytes, chunkEvents, closeAfterMs } = { ...defaults, ...options }
    const database = yield* Database
    const { write: sql } = database
    const log = yield* EventLog
    const objects = yield* ObjectStore
    const chunks = makeChunkStore(database)
    let epoch = 0

    /** The next events of one day, until a chunk is full. `more`: the day has more, or is over. */
    const collect = Effect.fnUntraced(function* (after: Position, upTo: Position) {
      const events: Array<LogEvent> = []
      let bytes = 0
      let from = after
      for (;;) {
        const page = yield* log.read({ after: from, upTo, limit: pageEvents })
        for (const event of page) {
          const otherDay = events.length > 0 && dayOf(event.position) !== dayOf(events[0]!.position)
          const full = events.length === chunkEvents || (bytes > 0 && bytes + event.body.length > chunkBytes)
          if (otherDay || full) return { events, closed: true }
          events.push(event)
          bytes += event.body.length
        }
        if (page.length < pageEvents) return { events, closed: false }
        from = page.at(-1)!.position
      }
    })

    const countIn = (first: Position, last: Position) =>
      sql<{ n: number }>`
        select count(*)::int as n from events
        where pos >= ${PgTypes.float8(first)}::int8 and pos <= ${PgTypes.float8(last)}::int8`.pipe(
        Effect.map((rows) => rows[0]!.n)
      )

    /** Stores one chunk. False when an event was erased meanwhile: nothing was stored then. */
    const store = Effect.fnUntraced(function* (events: ReadonlyArray<LogEvent>) {
      const chunk = yield* Effect.promise(() => encodeChunk(events))
      const object = newObjectName(chunk)
      yield* objects.put(object, chunk.bytes)
      const whole = yield* chunks.fenced(
        epoch,
        Effect.gen(function* () {
          if ((yield* countIn(chunk.first, chunk.last)) !== chunk.events) return false
          yield* chunks.insert(object, chunk)
          return true
        })
      )
      if (whole) {
        yield* Metric.update(exportedEvents, chunk.events)
        yield* Metric.update(exportedBytes, chunk.bytes.length)
      } else yield* objects.delete(object)
      return whole
    })

    /** Manifests of everything between the cursor and the last chunk, then the cursor. */
    const settle = Effect.fnUntraced(function* () {
      const { pos } = yield* chunks.place
      const last = yield* chunks.lastPosition
      if (last <= pos) return
      for (const day of yield* chunks.daysBetween(pos, last)) yield* writeManifest(database, chunks, objects, day)
      yield* chunks.moveCursor(last)
    })

    const waited = (event: LogEvent, now: number) => {
      const { receivedAt } = timesOf(event.body)
      return !(receivedAt > now - closeAfterMs)
    }

    /** Exports all chunks that are due; with `all`, also what is younger. Answers up to where the archive is now. */
    const round = Effect.fnUntraced(function* (all = false) {
      yield* settle()
      let position = Math.max((yield* chunks.place).pos, yield* chunks.lastPosition)
      const upTo = log.released()
      for (let written = 1; position < upTo; written++) {
        // Cheap answers first: positions are dense within a day.
        const [oldest] = yield* log.read({ after: position, upTo, limit: 1 })
        if (oldest === undefined) break
        const day = dayOf(oldest.position)
        const due =
          all ||
          dayOf(upTo) > day ||
          upTo - oldest.position + 1 >= chunkEvents ||
          waited(oldest, yield* Clock.currentTimeMillis)
        if (!due) break
        const { closed, events } = yield* collect(position, Math.min(upTo, (day + 1) * positionsPerDay - 1))
        const first = events[0]
        if (first === undefined) continue
        const over = closed || all || dayOf(upTo) > day || waited(first, yield* Clock.currentTimeMillis)
        if (!over) break
        if (yield* store(events)) position = events.at(-1)!.position
        if (written % chunksPerManifest === 0) yield* settle()
      }
      yield* settle()
      return position
    })

    /**
     * Removes objects that no row names: what a crash or a fenced process left. They are listed before the epoch is
     * raised and looked up after it, so that a row which is about to name one of them cannot come about.
     */
    const clean = Effect.fnUntraced(function* (fromDay?: number) {
      let after = fromDay === undefined ? undefined : folderOfDay(fromDay).slice(0, -1)
      for (;;) {
        const { more, objects: listed } = yield* objects.list({ prefix: "events/", after })
        const found = listed.map(({ key }) => key).filter((key) => key.endsWith(".zst"))
        if (found.length > 0) {
          // Only ours: after a takeover the other one cleans.
          epoch = yield* chunks.fenced(epoch, chunks.raiseEpoch)
          const named = yield* chunks.named(found)
          yield* Effect.forEach(
            found.filter((key) => !named.has(key)),
            (key) => objects.delete(key),
            { concurrency: 4, discard: true }
          )
        }
        after = listed.at(-1)?.key
        if (!more) return
      }
    })

    /** Makes this process the owner, finishes what the last one began, and answers up to where the archive is. */
    const takeOver = Effect.gen(function* () {
      yield* claimStore(database, objects)
      epoch = yield* chunks.raiseEpoch
      yield* settle()
      const position = yield* chunks.lastPosition
      yield* clean(dayOf(position))
      return position
    })

    /** Removes days that ended more than `days` ago; rows first, so that nobody looks for what is being removed. */
    const dropOld = Effect.fnUntraced(function* (days: number) {
      const today = Math.floor((yield* Clock.currentTimeMillis) / 86_400_000)
      const dropped = yield* chunks.daysBefore(today - days)
      for (const day of dropped) {
        yield* chunks.fenced(epoch, chunks.removeDay(day))
        let more = true
        while (more) {
          const page = yield* objects.list({ prefix: folderOfDay(day) })
          for (const { key } of page.objects) if (dayOfObject(key) === day) yield* objects.delete(key)
          more = page.more
        }
      }
      return dropped
    })

    return { register: chunks.register, place: chunks.place, takeOver, round, clean: clean(), dropOld }
  })
