/**
 * The event log in PostgreSQL: the adapter of the port in `event-log.ts`.
 *
 * Not here: group commit and duplicates (`appender.ts`), how fast events become readable (`release-gate.ts`), days
 * (`partitions.ts`), SQL of the append path (`store.ts`), tables (`migrations.ts`).
 */
import { PgTypes } from "@effect/sql-pg"
import { Clock, Effect, Layer, Metric, type Scope } from "effect"
import { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import type { Health } from "../platform/health.ts"
import { int4s } from "../platform/sql-arrays.ts"
import { supervise } from "../platform/supervise.ts"
import { Appender } from "./appender.ts"
import { eventsAt, unavailable } from "./event-bodies.ts"
import { dayOf, EventLog, type LogEvent, type LogUnavailable, type Position, positionsPerDay } from "./event-log.ts"
import { dayOfTime, dropPartition, ensurePartitions, lastOfDay, partitions } from "./partitions.ts"
import { ReleaseGate, type Run } from "./release-gate.ts"
import { SeenSet } from "./seen-set.ts"
import { commitsAfter, forgetSeenBefore, loadReleased, saveReleased, slowestReader, wordsOf } from "./store.ts"

export interface PostgresEventLogOptions {
  /** Events per second that become readable (ING-34 (2)); 0 = no limit. Read again all the time. */
  readonly limit: () => number
  /** Bytes of requests that may wait for their commit. */
  readonly queueBytes: number
  /** Message ids kept in memory, about 30 bytes each (default 10 million). */
  readonly maxSeen?: number
  /** Milliseconds since 1970; default: the clock of Effect. */
  readonly now?: () => number
}

/** How often held events are looked at. */
const tickMs = 20
const maintenanceEvery = "10 minutes"

const held = Metric.gauge("braid_log_held_events", { description: "Accepted events that the message meter holds back" })
const queuedBytes = Metric.gauge("braid_log_queued_bytes", { description: "Bytes waiting in memory for their commit" })
const seenIds = Metric.gauge("braid_log_seen_ids", { description: "Message ids in the duplicate window" })

const make = (
  options: PostgresEventLogOptions
): Effect.Effect<EventLog["Service"], LogUnavailable, Database | Health | Scope.Scope> =>
  Effect.gen(function* () {
    const { write: sql, read: readSql } = yield* Database
    const clock = yield* Clock.Clock
    const now = options.now ?? (() => clock.currentTimeMillisUnsafe())

    const today = dayOfTime(now())
    yield* ensurePartitions(sql, today)
    const seen = new SeenSet(options.maxSeen ?? 10_000_000)
    const head = yield* loadSeen(sql, seen, today - 1)
    const gate = yield* loadGate(sql, head, now())

    const listeners = new Set<() => void>()
    let timer: NodeJS.Timeout | undefined
    const release = () => {
      if (gate.advance(now(), options.limit())) for (const listener of listeners) listener()
      if (gate.held > 0) timer ??= setTimeout(tick, tickMs)
    }
    const tick = () => {
      timer = undefined
      release()
    }
    yield* Effect.addFinalizer(() => {
      clearTimeout(timer)
      return Effect.ignore(saveReleased(sql, gate.released))
    })

    const moved = (position: Position) => {
      gate.extend(position)
      release()
    }
    release()
    const ofSources = (sources: ReadonlyArray<number> | undefined) =>
      sources === undefined ? sql`true` : sql`e.source = any(${int4s(sources)})`
    const appender = new Appender({
      sql,
      seen,
      head,
      queueBytes: options.queueBytes,
      now,
      moved,
      released: () => gate.released
    })
    yield* Effect.forkScoped(supervise("event log", appender.run))
    const maintenance = Effect.gen(function* () {
      const day = dayOfTime(now())
      yield* ensurePartitions(sql, day)
      yield* forgetSeenBefore(sql, day - 1)
      yield* saveReleased(sql, gate.released)
    })
    const gauges = Effect.suspend(() => {
      const { bytes } = appender.queued
      return Effect.andThen(
        Metric.update(held, gate.held),
        Effect.andThen(Metric.update(queuedBytes, bytes), Metric.update(seenIds, seen.size))
      )
    })
    yield* Effect.forkScoped(
      supervise("event log maintenance", Effect.forever(Effect.delay(maintenance, maintenanceEvery)))
    )
    yield* Effect.forkScoped(Effect.forever(Effect.delay(gauges, "1 second")))
    // Last, so that it runs first: what was taken is finished while everything else still works.
    yield* Effect.addFinalizer(() => appender.close)

    return EventLog.of({
      offer: appender.offer,
      queued: () => appender.queued,
      held: () => gate.held,
      head: () => appender.head,
      released: () => gate.released,
      read: ({ after, upTo, limit, sources }) =>
        sql<LogEvent>`
          select e.pos::float8 as position, e.source, e.h::text as hash, e.body from events e
          where e.pos > ${PgTypes.float8(after)}::int8 and e.pos <= ${PgTypes.float8(upTo)}::int8
            and ${ofSources(sources)}
          order by e.pos limit ${PgTypes.int4(limit)}`.pipe(Effect.mapError(unavailable)),
      at: eventsAt(readSql),
      count: ({ after, upTo, limit, sources }) =>
        readSql<{ n: number }>`
          select count(*)::int as n from (
            select 1 from events e
            where e.pos > ${PgTypes.float8(after)}::int8 and e.pos <= ${PgTypes.float8(upTo)}::int8
              and ${ofSources(sources)}
            limit ${PgTypes.int4(limit)}) x`.pipe(
          Effect.map((rows) => rows[0]!.n),
          Effect.mapError(unavailable)
        ),
      onReleased: (listener) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => listeners.add(listener)),
            () => Effect.sync(() => listeners.delete(listener))
          )
        ),
      dropOldPartitions: (days) =>
        Effect.gen(function* () {
          const oldest = dayOfTime(now()) - days
          const slowest = Math.min((yield* slowestReader(sql)) ?? gate.released, gate.released)
          const dropped: Array<number> = []
          for (const partition of yield* partitions(sql)) {
            // Days are dropped in order, so that the log has no hole.
            if (partition.day >= oldest) break
            const last = partition.state === "attached" ? yield* lastOfDay(sql, partition.day) : undefined
            if (last !== undefined && last > slowest) break
            yield* dropPartition(sql, partition)
            dropped.push(partition.day)
          }
          return dropped
        }).pipe(Effect.mapError(unavailable))
    })
  }).pipe(Effect.mapError(unavailable))

type Sql = Database["Service"]["write"]

/** Fills the set with the window's ids and returns the head of the log. */
const loadSeen = (sql: Sql, seen: SeenSet, firstDay: number): Effect.Effect<Position, SqlError.SqlError> =>
  Effect.gen(function* () {
    let after = firstDay * positionsPerDay
    for (;;) {
      const { head, commits, complete } = yield* commitsAfter(sql, after)
      for (const { position, hashes } of commits) {
        const words = wordsOf(hashes)
        for (let i = 0; i < words.length; i += 4) seen.add(dayOf(position), words, i)
        after = position
      }
      if (complete) return head
    }
  })

/** After a start the gate stands where it stood, as far as that was written down or a reader has come; the rest is held. */
const loadGate = (sql: Sql, head: Position, now: number): Effect.Effect<ReleaseGate, SqlError.SqlError> =>
  Effect.gen(function* () {
    const released = yield* loadReleased(sql)
    const held: Array<Run> = []
    if (released < head) {
      for (const { day, state } of yield* partitions(sql)) {
        if (state !== "attached" || day < dayOf(released)) continue
        const last = yield* lastOfDay(sql, day)
        if (last === undefined) continue
        held.push({ first: Math.max(released, day * positionsPerDay) + 1, last: Math.min(last, head) })
      }
    }
    return new ReleaseGate(now, released, held)
  })

export const postgresEventLog = (
  options: PostgresEventLogOptions
): Layer.Layer<EventLog, LogUnavailable, Database | Health> => Layer.effect(EventLog, make(options))
