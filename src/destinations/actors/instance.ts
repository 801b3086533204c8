/**
 * The loop of one instance: gives its engine (`engine.ts`) events, due rows and time, and carries out the calls it asks for.
 *
 *     enabled:   feed or log -> engine -> calls -> committer
 *     disabled:  what waits is discarded, the cursor passes everything, nothing is delivered (DST-4)
 *     deleted:   what waits is discarded, the cursor is removed (DST-13)
 *
 * It sleeps until something is to be done; an idle instance does nothing at all. Whatever fails drops what is in memory and
 * begins at the stored cursor.
 */
import { Clock, Data, Effect, Exit, Latch, Random, Scope } from "effect"
import { SampleMeter } from "../../delivery/samples.ts"
import { EventLog, type Position } from "../../log/event-log.ts"
import type { Health } from "../../platform/health.ts"
import type { Membership } from "../../platform/membership.ts"
import { namesSuppressed } from "../../event/user-ids.ts"
import { Suppressions } from "../../workspace/suppressions.ts"
import type { Committer, Member } from "./committer.ts"
import { runCall, Tokens } from "./call.ts"
import { type Destination, Destinations } from "../destination.ts"
import { type Call, Engine, type EngineLimits } from "./engine.ts"
import type { Feed, Listener } from "./feed.ts"
import { type FeedEvent, feedEvent } from "./job.ts"
import { Ledger, type Standing } from "./ledger.ts"
import { refreshFailed } from "./refresh-failed.ts"
import type { RetryModes } from "./retry-modes.ts"
import type { DeliveryStore, Opened } from "./store.ts"

export class InstanceLost extends Data.TaggedError("InstanceLost")<{ readonly name: string; readonly reason: string }> {
  override get message() {
    return `Delivery to ${this.name} begins again at its stored position: ${this.reason}. What was delivered since may be delivered again.`
  }
}

/** What all instances of a process have in common. */
export interface Surroundings {
  readonly store: DeliveryStore
  readonly committer: Committer
  readonly feed: Feed
  readonly modes: RetryModes
  readonly limits: EngineLimits
  /** Where fibers of instances are shown. */
  readonly health: Health["Service"]
  /** Fails when another process has the shard. */
  readonly confirm: Membership["confirm"]
  /** How long what is on its way may take when the process stops. */
  readonly drainMs: number
}

/** What others may know of an instance. */
export interface InstanceStatus {
  readonly destination: string
  /** Undefined: it is not delivered to now. */
  engine: Engine | undefined
  member: Member | undefined
}

/** Whether it was switched off since it was last looked at, and where the log was when it was switched on again: what comes then is its own. */
interface Turn {
  off: boolean
  on: Position | undefined
}

/** It gets events; storage destinations have readers of their own. */
const delivers = ({ connectionMode, enabled }: Destination): boolean => enabled && connectionMode === "cloud"

const eventsAtOnce = 500
const pollMs = 20
/** How often it is looked whether somebody is told of tokens that cannot be refreshed. */
const tellEveryMs = 60_000

/** Runs the instance until its destination is deleted. `opened`: as it was taken over; undefined: it is taken over here. */
export const runInstance = Effect.fnUntraced(function* (
  around: Surroundings,
  { id, name, no }: Destination,
  opened: Opened | undefined,
  status: InstanceStatus
) {
  const { store } = around
  const log = yield* EventLog
  const destinations = yield* Destinations
  // Who has lost the shard must not take the instance back from who has it now.
  if (opened === undefined) yield* around.confirm
  const turn: Turn = { off: false, on: undefined }
  const look = (destination: Destination | undefined) => {
    if (destination === undefined || !delivers(destination)) {
      turn.off = true
      turn.on = undefined
    } else if (turn.off) turn.on ??= log.released()
  }
  yield* destinations.onChange(({ byId }) => look(byId.get(id)))
  look(destinations.current().byId.get(id))
  let { standing, waiting } = opened ?? (yield* store.open([no], log.released())).get(no)!
  while (true) {
    const destination = destinations.current().byId.get(id)
    if (destination === undefined) {
      yield* store.discardAll(no, standing.epoch, "DESTINATION_DELETED")
      yield* store.forget(no, standing.epoch)
      return yield* Effect.logInfo(`Delivery to ${name} ended: the destination was deleted`)
    }
    if (!turn.off) standing = yield* deliver(around, destination, { standing, waiting }, status, turn)
    else standing = yield* rest(around, destination, standing, status, turn)
    waiting = 0
  }
}, Effect.scoped)

/** While it gets nothing: discards what waits, and lets the cursor go with the log. */
const rest = Effect.fnUntraced(function* (
  { committer, store }: Surroundings,
  { id, name, no }: Destination,
  standing: Standing,
  status: InstanceStatus,
  turn: Turn
) {
  const log = yield* EventLog
  const destinations = yield* Destinations
  const woken = yield* Latch.make(false)
  const ledger = new Ledger(no, standing, () => false)
  let lost: string | undefined
  /** Of the part that ends the rest. */
  let from: Position | undefined
  yield* store.discardAll(no, standing.epoch, "DESTINATION_DISABLED")
  const member: Member = {
    part: (_now, idle) => {
      if (!idle) return undefined
      ledger.passTo(from ?? turn.on ?? log.released())
      return ledger.part(() => true, true)
    },
    committed: (part) => ledger.committed(part),
    refused: (reason) => {
      lost = reason
      woken.openUnsafe()
    }
  }
  status.member = member
  status.engine = undefined
  yield* destinations.onChange(() => void woken.openUnsafe())
  yield* Effect.addFinalizer(() => Effect.sync(() => committer.remove(member)))
  while (true) {
    woken.closeUnsafe()
    if (lost !== undefined) return yield* new InstanceLost({ name, reason: lost })
    const current = destinations.current().byId.get(id)
    if (current === undefined) return ledger.standing
    if (delivers(current)) break
    yield* woken.await
  }
  from = turn.on
  turn.off = false
  turn.on = undefined
  // Nothing of before is delivered, also when this process ends at once.
  committer.idle([member])
  yield* committer.flush(member)
  return lost === undefined ? ledger.standing : yield* new InstanceLost({ name, reason: lost })
}, Effect.scoped)

const deliver = Effect.fnUntraced(function* (
  around: Surroundings,
  destination: Destination,
  { standing, waiting }: Opened,
  status: InstanceStatus,
  turn: Turn
) {
  const { committer, feed, modes, store } = around
  const { id, name, no, source } = destination
  const log = yield* EventLog
  const destinations = yield* Destinations
  const suppressions = yield* Suppressions
  const random = yield* Random.Random
  const woken = yield* Latch.make(false)
  const calls = yield* Scope.make()
  const tokens = new Tokens()
  const meter = new SampleMeter()
  const engine = new Engine({
    destination,
    standing,
    storedKeys: waiting === 0 ? [] : yield* store.storedKeys(no),
    waiting,
    limits: around.limits,
    policy: () => modes.policyOf(destination.entry.id),
    random: () => random.nextDoubleUnsafe(),
    wantsSample: (destination, step, code, at) => meter.wants(destination, step, code, at)
  })
  let seen: Destination | undefined = destination
  let closed: string | undefined
  let lost: string | undefined
  let tellAgainAt = 0
  /** Fed, or about to be. */
  let attached = false
  const wake = () => void woken.openUnsafe()

  const offer = (event: FeedEvent, now: number) => {
    // What slipped in before every process knew of the suppression (PRV-7).
    if (namesSuppressed(event.message, event.source, suppressions.current())) engine.passTo(event.position)
    else engine.offer(event, now)
  }
  const listener: Listener = {
    source,
    readTo: () => engine.readTo,
    room: () => engine.room,
    offer: (event, now) => {
      offer(event, now)
      wake()
    },
    passTo: (position) => engine.passTo(position),
    dropped: () => {
      attached = false
      wake()
    }
  }
  const member: Member = {
    part: (now, idle) => {
      if (idle && feed.feeds(listener)) engine.passTo(feed.position())
      return engine.part(now, idle)
    },
    committed: (part, drained, now) => {
      engine.committed(part, drained, now)
      wake()
    },
    refused: (reason) => {
      lost = reason
      wake()
    }
  }

  const start = (call: Call) =>
    runCall(seen ?? destination, call, tokens, (fresh) => destinations.storeTokens(id, fresh)).pipe(
      Effect.flatMap(({ blameless, exchanges, outcomes }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          engine.finished(call, outcomes, exchanges, now, blameless)
          if (!blameless) modes.count(destination.entry.id, outcomes)
          committer.dirty(member)
          wake()
          const reason = refreshFailed(outcomes)
          if (reason === undefined || now < tellAgainAt) return Effect.void
          tellAgainAt = now + tellEveryMs
          return Effect.ignore(store.tellRefreshFailed(seen ?? destination, reason))
        })
      ),
      Effect.forkIn(calls)
    )

  /** The next events, when the feed does not bring them. */
  const read = Effect.gen(function* () {
    const { readTo, room } = engine
    if (room === 0) return
    const upTo = log.released()
    if (readTo >= upTo) {
      attached = true
      return feed.join(listener)
    }
    const limit = Math.min(room, eventsAtOnce)
    const events = yield* log.read({ after: readTo, upTo, limit, sources: [source] })
    const now = yield* Clock.currentTimeMillis
    for (const event of events) offer(feedEvent(event), now)
    if (events.length < limit) engine.passTo(upTo)
    wake()
  })

  const round = Effect.gen(function* () {
    woken.closeUnsafe()
    if (lost !== undefined) return yield* new InstanceLost({ name, reason: lost })
    const now = yield* Clock.currentTimeMillis
    const current = destinations.current().byId.get(id)
    // Also when it is on again already: what came in between is not its own.
    if (current !== seen || (turn.off && closed === undefined)) {
      seen = current
      closed = current === undefined ? "DESTINATION_DELETED" : turn.off ? "DESTINATION_DISABLED" : undefined
      engine.configure(current ?? engine.destination, closed, now)
    }
    if (closed !== undefined) {
      feed.leave(listener)
      engine.passTo(turn.on ?? log.released())
    } else {
      if (!attached) yield* read
      if (engine.takesDue(now)) {
        const { nextAt, rows } = yield* store.due(no, now, engine.claimed, engine.largestBatch)
        engine.due(rows, nextAt)
      }
    }
    for (let call = engine.next(now); call !== undefined; call = engine.next(now)) yield* start(call)
    committer.dirty(member)
    if (closed !== undefined && engine.isIdle) return "closed" as const
    const at = engine.wakeAt(now)
    if (at === undefined) yield* woken.await
    else if (at > now) yield* Effect.timeoutOption(woken.await, at - now)
    return "on" as const
  })

  /** What is on its way is finished, as far as there is time, and committed: a database that is away must not hold up the end. */
  const drain = Effect.gen(function* () {
    feed.leave(listener)
    const waitFor = Effect.fnUntraced(function* (over: () => boolean) {
      const until = (yield* Clock.currentTimeMillis) + around.drainMs
      const goesOn = (now: number) => !over() && lost === undefined && now < until
      while (goesOn(yield* Clock.currentTimeMillis)) yield* Effect.sleep(pollMs)
    })
    yield* waitFor(() => engine.inFlight === 0)
    yield* Scope.close(calls, Exit.void)
    let flushed = false
    if (lost === undefined) yield* Effect.forkDetach(Effect.map(committer.flush(member), () => (flushed = true)))
    yield* waitFor(() => flushed)
    committer.remove(member)
    status.engine = undefined
  })

  return yield* Effect.gen(function* () {
    engine.configure(destination, undefined, yield* Clock.currentTimeMillis)
    yield* destinations.onChange(wake)
    status.engine = engine
    status.member = member
    while ((yield* round) !== "closed");
    return engine.standing
  }).pipe(Effect.scoped, Effect.ensuring(drain))
})
