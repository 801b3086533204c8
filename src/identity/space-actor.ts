/**
 * The owner of one space: reads the log in batches, resolves them in order, commits each as one.
 *
 *     read -> prepare -> load what the set lacks -> resolve ... | commit (+ graph) of the batch before
 *
 * - One batch resolves while the one before it commits; never more. What a commit in flight wrote is in the
 *   working set, so a load that does not see it yet cannot mislead (`WorkingSet.absorb`).
 * - Every failure drops everything in memory and starts over from the stored cursor.
 * - A graph outside Postgres follows the commits in order (`graph-follower.ts`). While it is away, events go on in
 *   log order as far as the working set knows all they touch; the first that needs the graph waits.
 */
import { Clock, Data, Effect, Fiber, Latch, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Settings } from "../config.ts"
import { EventLog, type Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { Health } from "../platform/health.ts"
import { Suppressions } from "../workspace/suppressions.ts"
import { type Space, Workspace } from "../workspace/workspace.ts"
import type { ResolvedBatch } from "./batch.ts"
import { batchCounters } from "./batch-metrics.ts"
import { makeResolver } from "./event-resolver.ts"
import { type GraphError, type GraphMutations, type GraphUnavailable, IdentityGraph } from "./graph.ts"
import { makeFollower } from "./graph-follower.ts"
import { changesGraph } from "./graph-projection.ts"
import type { Seq } from "./model.ts"
import { Pace } from "./pace.ts"
import { OperationWatch } from "./operations/operation-watch.ts"
import { makeRunner } from "./operations/runner.ts"
import { tellJournal } from "./operations/tell-journal.ts"
import { makeRebuilder, type Rebuilder } from "./rebuild.ts"
import { makeReplays } from "./space-replay.ts"
import { currentRules, openSession, type SpaceSession } from "./space-session.ts"
import type { SpaceFenced } from "./space-store.ts"
import { WarmTraits } from "./trait-store.ts"
import { WorkingSet } from "./working-set.ts"

/** What others may know of a running space. */
export interface SpaceStatus {
  /** Everything up to here is resolved and can be read. */
  settled: () => Position
}

/** The ledger has some of the batch's messages already (IDR-132): older than the log's own memory of duplicates. */
class LedgerHit extends Data.TaggedError("LedgerHit")<{ readonly known: ReadonlySet<string> }> {}

type CommitError = LedgerHit | SpaceFenced | SqlError.SqlError | GraphError

/** An idle space moves its stored cursor over events of other spaces at most this often. */
const skipEveryMs = 5_000
/** Wake-ups come from the log; this is for what another process appended. */
const pollMs = 1_000
/** Between two attempts while the graph is away. */
const graphRetryMs = 500
/** Between two attempts at an operation that the graph or the archive was away for. */
const operationRetryMs = 2_000
/** Live events come before replayed ones, but for every so many batches (IDR-12). */
const mostLiveTurns = 4

const noMutations: Omit<GraphMutations, "position"> = { profiles: [], mappings: [], merges: [], links: [] }

/** Runs a space until it is taken out of the configuration, reopening its session whenever its graph was switched. */
export const runSpace = Effect.fnUntraced(function* (spaceId: string, status: SpaceStatus) {
  const workspace = yield* Workspace
  const space = () => workspace.current().spaceById.get(spaceId)
  const woken = yield* Latch.make(true)
  let committed: Seq = 0
  let epoch = 0
  let rebuilder: Rebuilder | undefined
  while (true) {
    const current = space()
    if (current === undefined) return
    const session = yield* openSession(current)
    committed = session.lastSeq
    epoch = session.epoch
    if (rebuilder === undefined) {
      rebuilder = yield* makeRebuilder({
        spaceId,
        store: session.store,
        committed: () => committed,
        epoch: () => epoch,
        wake: () => woken.openUnsafe()
      })
      yield* Effect.forkChild(rebuilder.run)
      yield* Effect.forkChild(tellJournal({ spaceId, store: session.store, epoch: () => epoch }))
    }
    yield* runSession({ space, session, rebuilder, woken, status, onCommitted: (seq) => (committed = seq) })
  }
})

const runSession = Effect.fnUntraced(function* (options: {
  readonly space: () => Space | undefined
  readonly session: SpaceSession
  readonly rebuilder: Rebuilder
  readonly woken: Latch.Latch
  readonly status: SpaceStatus
  /** Everything decided is up to this `seq`. */
  readonly onCommitted: (seq: Seq) => void
}) {
  const { space, session, rebuilder, woken, status } = options
  const { store, epoch, graphId } = session
  const settings = yield* Settings
  const log = yield* EventLog
  const workspace = yield* Workspace
  const graph = yield* IdentityGraph
  const health = yield* Health
  const database = yield* Database
  const { write: sql } = database
  const spaceId = space()!.id
  const fiberName = `space:${space()!.slug}`
  const set = new WorkingSet(settings.warmIdentifiers)
  const traits = new WarmTraits()
  const pace = new Pace()
  const suppressions = yield* Suppressions
  const runner = yield* makeRunner({ spaceId, store, graphId })
  const operationWatch = yield* OperationWatch
  /** An operation waits (`operations/runner.ts`), and when it may be taken. */
  let asked = false
  let notBefore = 0
  const count = batchCounters(space()!.slug)

  let configured = space()!.rules
  let rules = session.rules
  let graphPosition = session.graphPosition
  /** Stored position of the cursor, once the commit in flight is confirmed. */
  let cursor = session.committed
  /** Last `seq` that is stored, and last one given to an event of a batch that was started. */
  let storedSeq = session.storedSeq
  let lastSeq = session.storedSeq
  /** Everything up to here was read; commits up to here were started. */
  let readTo = session.committed
  let skippedAt = 0
  /** Ledger keys found in batches that began at `seenAt`. */
  let seen: ReadonlySet<string> = new Set()
  let seenAt: Position = -1
  let inFlight: Fiber.Fiber<void, CommitError> | undefined

  const graphAway = (error: GraphUnavailable) => health.waiting(fiberName, error.message)
  const resolver = {
    spaceId,
    settings,
    workspace,
    database,
    graph,
    graphId,
    store,
    set,
    traits,
    onGraphAway: graphAway
  }
  const resolveEvents = makeResolver(resolver)
  const wake = () => void woken.openUnsafe()
  const replays = yield* makeReplays({ spaceId, slug: space()!.slug, store, wake })
  /** What sources were looked at for a replay in, and live batches since the last turn of one. */
  let looked: Space | undefined
  let liveTurns = 0
  const follower = makeFollower({
    graph,
    graphId,
    graphPosition,
    settled: session.committed,
    onUnavailable: graphAway,
    onApplied: () => health.set(fiberName, "running")
  })
  status.settled = () =>
    graph.transactional || follower.settled() >= cursor ? Math.max(cursor, idleTo()) : follower.settled()
  const idleTo = () => (inFlight === undefined ? readTo : cursor)

  const startOver = Effect.gen(function* () {
    set.clear()
    traits.clear()
    readTo = cursor
    lastSeq = storedSeq
    const current = space()
    if (current !== undefined) rules = yield* currentRules(store, current, epoch)
  })

  /** Waits for the commit in flight. A ledger hit is no failure: what is known is left out and the batch done again. */
  const settle = Effect.gen(function* () {
    if (inFlight === undefined) return
    const fiber = inFlight
    yield* Fiber.join(fiber).pipe(
      Effect.catchTag("LedgerHit", (hit) => {
        // What is found at one place adds up: the batch that begins there again may be longer.
        seen = seenAt === cursor ? new Set([...seen, ...hit.known]) : hit.known
        seenAt = cursor
        return startOver
      }),
      // What was read for it is not settled: until the next session opens, only the stored cursor is.
      Effect.tapCause(() => Effect.sync(() => (readTo = cursor))),
      Effect.ensuring(Effect.sync(() => (inFlight = undefined)))
    )
  })

  /** `also`: what is written in the same transaction. */
  const commit = (
    to: Position,
    from: Position,
    toSeq: Seq,
    batch: ResolvedBatch,
    also?: Effect.Effect<void, SqlError.SqlError>
  ) => {
    const changes = changesGraph(batch.mutations)
    const write = store.commit({ from, to, epoch, fromSeq: storedSeq, toSeq }, batch.rows)
    const applied = graph.transactional && changes ? graph.apply(graphId, graphPosition, batch.mutations) : undefined
    const whole =
      applied === undefined && also === undefined
        ? write
        : sql.withTransaction(write.pipe(Effect.andThen(also ?? Effect.void), Effect.andThen(applied ?? Effect.void)))
    return whole.pipe(
      Effect.catchReason("SqlError", "UniqueViolation", (reason, error) =>
        reason.constraint === "stamps_ledger"
          ? Effect.flatMap(store.known(batch.rows.stamps.h), (known) => Effect.fail(new LedgerHit({ known })))
          : Effect.fail(error)
      ),
      Effect.andThen(
        Effect.suspend(() => {
          cursor = to
          storedSeq = toSeq
          options.onCommitted(Math.max(to, toSeq))
          if (graph.transactional) {
            if (changes) graphPosition = batch.mutations.position
          } else follower.push(batch.mutations, to)
          return count(batch)
        })
      ),
      // A commit is never cut in the middle: shutdown waits for it.
      Effect.uninterruptible
    )
  }

  const wait = (ms: number) => Effect.timeoutOption(woken.await, ms)

  /** Operations change the graph under the set's feet: afterwards everything in memory is read again. */
  const operate = Effect.gen(function* () {
    yield* settle
    // A graph that is away must not hold up the events that go on without it.
    const drained = yield* Effect.timeoutOption(follower.drained, graphRetryMs)
    if (Option.isNone(drained)) return
    const done = yield* runner.run({ cursor, epoch, storedSeq, graphPosition }, rules, (mutations) =>
      graph.transactional
        ? Effect.void
        : Effect.suspend(() => {
            follower.push(mutations, cursor)
            return follower.drained
          })
    )
    if (done.more) {
      asked = true
      woken.openUnsafe()
    }
    if (done.away !== undefined) {
      notBefore = (yield* Clock.currentTimeMillis) + operationRetryMs
      if (done.away._tag === "GraphUnavailable") graphAway(done.away)
    }
    if (done.executed === 0) return
    ;({ storedSeq, graphPosition } = done.standing)
    options.onCommitted(Math.max(cursor, storedSeq))
    yield* startOver
  })

  /** Stores how far was read, when nothing of it was the space's. */
  const skip = Effect.suspend(() => {
    if (readTo <= cursor) return Effect.void
    const to = readTo
    return Effect.map(store.skip({ from: cursor, to, epoch }), () => {
      cursor = to
      if (!graph.transactional) follower.push({ ...noMutations, position: Math.max(to, storedSeq) }, to)
    })
  })

  const idle = Effect.gen(function* () {
    yield* settle
    const now = yield* Clock.currentTimeMillis
    if (readTo > cursor && now - skippedAt >= skipEveryMs) {
      skippedAt = now
      yield* skip
    }
    yield* wait(pollMs)
  })

  /** Makes room in memory; false: something went wrong before, start over. */
  const makeRoom = Effect.gen(function* () {
    if (!set.full && !traits.full) return true
    const from = readTo
    yield* settle
    yield* follower.drained
    if (readTo !== from) return false
    if (set.full) set.rotate()
    if (traits.full) traits.rotate()
    return true
  })

  /** What is next of a replay, one batch at a time; false: nothing is, for now. */
  const replay = Effect.fnUntraced(function* (limit: number) {
    yield* settle
    yield* skip
    const fence = { from: cursor, epoch, fromSeq: storedSeq, toSeq: storedSeq }
    const taken = yield* replays.take(fence, limit)
    if (taken === undefined) return false
    const needsGraph = taken.completes || taken.again
    if (needsGraph && Option.isNone(yield* Effect.timeoutOption(follower.drained, graphRetryMs))) {
      yield* replays.pause(graphRetryMs)
      return false
    }
    if (taken.events.length === 0) {
      yield* taken.commit
      yield* taken.done(0)
      return true
    }
    if (!(yield* makeRoom)) return true
    const { filters } = space() ?? looked!
    // Events from before a suppression may be replayed (ING-173); those that waited are as live ones.
    const isSuppressed = taken.waited ? suppressions.current() : undefined
    const { again, seen } = taken
    const how = { rules, seen, again, lastSeq: Math.max(lastSeq, cursor), filters, isSuppressed }
    const resolved = yield* resolveEvents(taken.events, how)
    if (resolved === undefined) {
      yield* replays.pause(operationRetryMs)
      return false
    }
    const { batch, part, toSeq } = resolved
    yield* follower.hasRoom
    pace.spend(part.length)
    rules = resolved.rules
    lastSeq = toSeq
    inFlight = yield* Effect.forkDetach(commit(cursor, cursor, toSeq, batch, taken.progress(part.length)))
    yield* settle
    if (storedSeq === toSeq) yield* taken.done(part.length)
    return true
  })

  const round = Effect.gen(function* () {
    woken.closeUnsafe()
    const current = space()
    if (current === undefined) return "gone" as const
    if (current.rules !== configured) {
      yield* settle
      configured = current.rules
      yield* startOver
    }
    const ready = rebuilder.ready()
    if (ready !== undefined) {
      yield* settle
      // A switch that is refused changes nothing.
      if (yield* rebuilder.switchTo(ready, Math.max(cursor, storedSeq), epoch)) return "switched" as const
    }
    if (asked && (yield* Clock.currentTimeMillis) >= notBefore) {
      asked = false
      yield* operate
    }
    if (current !== looked) {
      yield* settle
      yield* skip
      yield* replays.look(current, { from: cursor, epoch, fromSeq: storedSeq, toSeq: storedSeq })
      looked = current
    }
    const upTo = log.released()
    // After `upTo`: what was accepted since a filter was made is asked it.
    const latest = space() ?? current
    const sources = replays.live(latest)
    const replaying = replays.active()
    // While every source is under replay the space stays where it is: what waits is then read live. But a deletion that the replay
    // waits for waits for the place of the space.
    const behind = readTo < upTo && (sources.length > 0 || !replaying || replays.held())
    if (!behind && !replaying) return yield* idle
    const now = yield* Clock.currentTimeMillis
    const allowed = pace.allowance(workspace.current().limits.spaceEventsPerSecond, settings.identityBatch, now)
    if (allowed.events === 0) return yield* Effect.asVoid(Effect.sleep(allowed.waitMs))
    if (replaying && (!behind || liveTurns >= mostLiveTurns)) {
      liveTurns = 0
      if (yield* replay(allowed.events)) return
      if (!behind) return yield* idle
    }
    liveTurns++
    const from = readTo
    const events = yield* log.read({ after: from, upTo, limit: allowed.events, sources })
    if (events.length === 0) {
      readTo = upTo
      return
    }
    pace.spend(events.length)
    if (!(yield* makeRoom)) return
    const resolved = yield* resolveEvents(events, {
      rules,
      seen,
      lastSeq,
      filters: latest.filters,
      isSuppressed: suppressions.current()
    })
    if (resolved === undefined) return yield* Effect.asVoid(Effect.sleep(graphRetryMs))
    const { batch, part, toSeq } = resolved
    rules = resolved.rules
    const before = readTo
    yield* settle
    // A ledger hit of the batch before has started everything over: this one will be read again.
    if (readTo !== before) return
    yield* follower.hasRoom
    const to = part.length === events.length && events.length < allowed.events ? upTo : part.at(-1)!.event.position
    readTo = to
    lastSeq = toSeq
    health.set(fiberName, "running")
    inFlight = yield* Effect.forkDetach(commit(to, cursor, toSeq, batch))
  })

  const loop = Effect.gen(function* () {
    while (true) {
      const outcome = yield* round
      if (outcome === "gone" || outcome === "switched") return
    }
  })

  yield* Effect.scoped(
    Effect.gen(function* () {
      yield* log.onReleased(wake)
      yield* workspace.onChange(wake)
      yield* operationWatch.onWaiting(spaceId, (beside) => {
        if (beside) return rebuilder.look()
        asked = true
        woken.openUnsafe()
      })
      yield* Effect.raceFirst(loop, follower.run)
    })
  ).pipe(Effect.ensuring(Effect.suspend(() => (inFlight === undefined ? Effect.void : Fiber.await(inFlight)))))
}, Effect.scoped)
