/**
 * The end of the log, read and parsed once for all instances of the process that are there:
 *
 *     log --read once--> feed --parsed once--> every instance of the event's source that has room
 *
 * Who has no room falls out and reads for itself (`instance.ts`); once it is where the feed is, it joins again. Nobody waits for
 * anybody. An instance whose source is silent costs nothing: it is wherever the feed is.
 */
import { Clock, Effect, Latch, Metric, type Scope } from "effect"
import { EventLog, type Position } from "../../log/event-log.ts"
import type { Health } from "../../platform/health.ts"
import { supervise } from "../../platform/supervise.ts"
import { type FeedEvent, feedEvent } from "./job.ts"

/** An instance, as the feed sees it. Everything is plain and returns at once. */
export interface Listener {
  readonly source: number
  readonly readTo: () => Position
  readonly room: () => number
  readonly offer: (event: FeedEvent, now: number) => void
  /** It has been offered everything up to here. */
  readonly passTo: (position: Position) => void
  /** It is not fed any more, or has not been let in: it reads for itself. */
  readonly dropped: () => void
}

export interface Feed {
  /** Feeds the listener from where it is, if that is not behind the feed; else it is dropped again. */
  readonly join: (listener: Listener) => void
  readonly leave: (listener: Listener) => void
  readonly position: () => Position
  /** Whether it was let in and not dropped since: then it is where the feed is. */
  readonly feeds: (listener: Listener) => boolean
}

const eventsAtOnce = 500
/** Wake-ups come from the log; this is for what another process appended. */
const pollMs = 1_000

const fed = Metric.counter("braid_delivery_read_total", {
  description: "Events that the feed of the destinations read",
  incremental: true
})

export const makeFeed: Effect.Effect<Feed, never, EventLog | Health | Scope.Scope> = Effect.gen(function* () {
  const log = yield* EventLog
  const woken = yield* Latch.make(true)
  const joining = new Set<Listener>()
  const bySource = new Map<number, Set<Listener>>()
  let position = log.released()

  const remove = (listener: Listener): boolean => {
    const listeners = bySource.get(listener.source)
    if (listeners?.delete(listener) !== true) return false
    if (listeners.size === 0) bySource.delete(listener.source)
    return true
  }

  const admit = () => {
    for (const listener of joining) {
      if (listener.readTo() < position) {
        listener.dropped()
        continue
      }
      const listeners = bySource.get(listener.source)
      if (listeners === undefined) bySource.set(listener.source, new Set([listener]))
      else listeners.add(listener)
    }
    joining.clear()
  }

  const round = Effect.gen(function* () {
    woken.closeUnsafe()
    admit()
    const upTo = log.released()
    if (bySource.size === 0) position = Math.max(position, upTo)
    if (position >= upTo) return yield* Effect.asVoid(Effect.timeoutOption(woken.await, pollMs))
    const events = yield* log.read({ after: position, upTo, limit: eventsAtOnce, sources: [...bySource.keys()] })
    const now = yield* Clock.currentTimeMillis
    for (const event of events) {
      const listeners = bySource.get(event.source)
      // The last one of it may have left while this was read.
      if (listeners !== undefined) {
        const parsed = feedEvent(event)
        for (const listener of listeners) {
          if (listener.room() > 0) {
            listener.offer(parsed, now)
            continue
          }
          remove(listener)
          listener.passTo(position)
          listener.dropped()
        }
      }
      position = event.position
    }
    if (events.length < eventsAtOnce) position = Math.max(position, upTo)
    yield* Metric.update(fed, events.length)
  })

  yield* log.onReleased(() => void woken.openUnsafe())
  yield* Effect.forkScoped(supervise("delivery feed", Effect.forever(round)))
  return {
    join: (listener) => {
      joining.add(listener)
      woken.openUnsafe()
    },
    leave: (listener) => {
      joining.delete(listener)
      if (remove(listener)) listener.passTo(position)
    },
    position: () => position,
    feeds: (listener) => bySource.get(listener.source)?.has(listener) === true
  }
})
