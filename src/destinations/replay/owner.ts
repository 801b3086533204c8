/**
 * Carries replays out, one process of all on a database: every second, and whenever the configuration changes, it looks at what people
 * asked for, stops what was paused or cancelled, and begins what may run.
 *
 * While a deletion of people is pending nothing runs (ADM-121): pages that were read before are dropped, and read again afterwards.
 * A destination has one replay at a time; the others of it wait.
 */
import { Clock, Effect, FiberMap, Latch, Layer } from "effect"
import { Settings } from "../../config.ts"
import { dayOfTime } from "../../log/partitions.ts"
import { EventLog, positionsPerDay } from "../../log/event-log.ts"
import { Database } from "../../platform/database.ts"
import { Health } from "../../platform/health.ts"
import { oneOwner } from "../../platform/one-owner.ts"
import { supervise } from "../../platform/supervise.ts"
import { pendingDeletions } from "../../workspace/manage-regulations.ts"
import { makeCommitter } from "../actors/committer.ts"
import { basesFrom } from "../actors/retry.ts"
import { makeDeliveryStore } from "../actors/store.ts"
import { Destinations } from "../destination.ts"
import { replayBooks } from "./books.ts"
import { makeRows, type Run } from "./rows.ts"
import { orFailed, type ReplaySurroundings, runReplay } from "./run.ts"

const lock = 0x62_72_61_50
const fiberName = "replays"
/** Each sorts up to 32 MB of events in memory. */
const mostAtOnce = 4
const aheadEvents = 1_000
const aheadBytes = 8 * 1024 * 1024
const waitingJobs = 50_000
const discardedDays = 30
const pruneEvery = "1 hour"

export interface ReplayOptions {
  readonly pollMs?: number
  /** Milliseconds between two commits at least. */
  readonly commitEveryMs?: number
  readonly drainMs?: number
}

const work = (around: ReplaySurroundings, pollMs: number) =>
  Effect.gen(function* () {
    const { rows, sql } = around
    const log = yield* EventLog
    const destinations = yield* Destinations
    const health = yield* Health
    const fibers = yield* FiberMap.make<number>()
    const woken = yield* Latch.make(false)
    /** Destinations of what runs. */
    const busy = new Map<number, number>()

    const run = Effect.fnUntraced(function* (one: Run) {
      const upTo = yield* rows.begin(one, log.released(), yield* Clock.currentTimeMillis)
      const name = `replay ${one.id} to ${one.destinationId}`
      busy.set(one.no, one.destination)
      yield* runReplay(around, one, upTo).pipe(
        orFailed(around, one),
        (body) => supervise(name, body),
        Effect.ensuring(
          Effect.sync(() => {
            health.remove(name)
            busy.delete(one.no)
            woken.openUnsafe()
          })
        ),
        (body) => FiberMap.run(fibers, one.no, body)
      )
    })

    const round = Effect.gen(function* () {
      const wanted = (yield* pendingDeletions(sql)) > 0 ? [] : yield* rows.open
      const stop = [...busy.keys()].filter((no) => !wanted.some((one) => one.no === no))
      yield* Effect.forEach(stop, (no) => FiberMap.remove(fibers, no), { concurrency: mostAtOnce, discard: true })
      yield* rows.endCanceled
      for (const one of wanted) {
        if (busy.size >= mostAtOnce) return
        if (!busy.has(one.no) && ![...busy.values()].includes(one.destination)) yield* run(one)
      }
    })

    yield* destinations.onChange(() => void woken.openUnsafe())
    while (true) {
      woken.closeUnsafe()
      yield* round
      yield* Effect.timeoutOption(woken.await, pollMs)
    }
  }).pipe(Effect.scoped)

/** `options` are for tests. */
export const replaysLive = ({ commitEveryMs = 100, drainMs = 5_000, pollMs = 1_000 }: ReplayOptions = {}) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const database = yield* Database
      const settings = yield* Settings
      const { write: sql } = database
      const store = makeDeliveryStore(database, replayBooks(sql))
      const around: ReplaySurroundings = {
        sql,
        rows: makeRows(sql),
        store,
        committer: yield* makeCommitter(store, commitEveryMs, "replay commits"),
        limits: { window: settings.deliveryWindow, waiting: waitingJobs, aheadEvents, aheadBytes },
        policy: {
          attempts: settings.retryAttempts,
          windowMs: settings.retryMinutes * 60_000,
          bases: basesFrom(settings.retryFirstSeconds * 1000)
        },
        drainMs
      }
      const prune = Effect.gen(function* () {
        const today = dayOfTime(yield* Clock.currentTimeMillis)
        yield* sql`delete from discarded_events d using destinations n
          where d.destination = n.no and d.position < ${(today - discardedDays) * positionsPerDay}::float8::bigint`
      })
      const pruning = Effect.forever(Effect.andThen(prune, Effect.sleep(pruneEvery)))
      const both = Effect.raceFirst(work(around, pollMs), pruning)
      yield* Effect.forkScoped(supervise(fiberName, oneOwner(database, { lock, name: fiberName }, both)))
    })
  )
