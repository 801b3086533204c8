/**
 * One replay to one destination: what the engine of live delivery (`actors/engine.ts`) does, with the archive in place of the log:
 *
 *     archive, oldest first -> selection -> engine -> calls -> committer
 *
 * Events are numbered in the order of the replay; the commit that moves the number stores the place of its event, where the next
 * owner goes on. What is interrupted - pause, regulation, shutdown - finishes what is on its way, as far as there is time.
 */
import type { PgClient } from "@effect/sql-pg"
import { Cause, Clock, Effect, Exit, Latch, Random, Scope, Stream } from "effect"
import type { SqlError } from "effect/sql"
import { ArchiveDamaged, History } from "../../archive/history.ts"
import { causeMessage } from "../../platform/supervise.ts"
import { runCall, Tokens } from "../actors/call.ts"
import type { Committer, Member } from "../actors/committer.ts"
import { type Call, Engine, type EngineLimits } from "../actors/engine.ts"
import { InstanceLost } from "../actors/instance.ts"
import type { FeedEvent } from "../actors/job.ts"
import type { RetryPolicy } from "../actors/retry.ts"
import type { DeliveryStore } from "../actors/store.ts"
import { type Destination, Destinations } from "../destination.ts"
import { numberOf } from "./books.ts"
import { perSecondOf } from "./pace.ts"
import type { ReplayRows, Run } from "./rows.ts"
import { countEvents, makeSelect } from "./selection.ts"

/** What all replays of a process have in common. */
export interface ReplaySurroundings {
  readonly sql: PgClient.PgClient
  readonly rows: ReplayRows
  readonly store: Pick<DeliveryStore, "due" | "storedKeys">
  readonly committer: Committer
  readonly limits: EngineLimits
  readonly policy: RetryPolicy
  readonly drainMs: number
}

const rateEveryMs = 2_000
const pollMs = 20

/** The destination as the engine sees it. */
const replayed = (run: Run, destination: Destination): Destination => ({
  ...destination,
  no: numberOf(run.no),
  maxEventsPerSecond: perSecondOf(run.perSecond, destination.maxEventsPerSecond)
})

/** Runs until everything is sent, filtered or discarded, or until it is interrupted. `upTo`: nothing behind it. */
export const runReplay = Effect.fnUntraced(function* (around: ReplaySurroundings, run: Run, upTo: number) {
  const { committer, policy, rows, sql, store } = around
  const history = yield* History
  const destinations = yield* Destinations
  const random = yield* Random.Random
  const first = destinations.current().byId.get(run.destinationId)
  const gone = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    rows.finish(run, now, `The destination ${run.destinationId} was deleted before everything was sent.`)
  )
  if (first === undefined) return yield* gone
  const opened = yield* rows.takeOver(run.no)
  if (opened === undefined) return
  const { place, standing, waiting } = opened
  const range = { receivedFrom: run.from, receivedTo: run.to, sources: [run.source], upTo }
  const select = makeSelect(sql, run)

  const woken = yield* Latch.make(false)
  const wake = () => void woken.openUnsafe()
  const calls = yield* Scope.make()
  const tokens = new Tokens()
  const engine = new Engine({
    destination: replayed(run, first),
    standing,
    storedKeys: waiting === 0 ? [] : yield* store.storedKeys(numberOf(run.no)),
    waiting,
    limits: around.limits,
    policy: () => policy,
    random: () => random.nextDoubleUnsafe(),
    wantsSample: () => false
  })
  let seen = first
  let lost: string | undefined
  const member: Member = {
    part: (now, idle) => engine.part(now, idle),
    committed: (part, drained, now) => {
      engine.committed(part, drained, now)
      wake()
    },
    refused: (reason) => {
      lost = reason
      wake()
    }
  }

  /** One page ahead: reading and sorting a month takes a while. */
  let page: ReadonlyArray<FeedEvent> = []
  let at = 0
  let ended = false
  let failure: Cause.Cause<unknown> | undefined
  const wanted = Latch.makeUnsafe(false)
  const read = Effect.gen(function* () {
    if (run.total === null)
      yield* rows.setTotal(run.no, yield* countEvents(history, range, run, select, run.destination))
    const pages = history.readByTime(place === undefined ? range : { ...range, after: place })
    yield* Stream.runForEach(pages, (events) =>
      Effect.gen(function* () {
        const found = yield* select(events, run.destination)
        if (found.length === 0) return
        wanted.closeUnsafe()
        page = found
        at = 0
        wake()
        yield* wanted.await
      })
    )
    ended = true
  }).pipe(
    Effect.catchCause((cause) => Effect.sync(() => (failure = cause))),
    Effect.andThen(Effect.sync(wake))
  )

  const start = (call: Call) =>
    runCall(seen, call, tokens, (fresh) => destinations.storeTokens(seen.id, fresh)).pipe(
      Effect.flatMap(({ blameless, exchanges, outcomes }) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          engine.finished(call, outcomes, exchanges, now, blameless)
          committer.dirty(member)
          wake()
        })
      ),
      Effect.forkIn(calls)
    )

  let number = standing.position
  const round = Effect.gen(function* () {
    woken.closeUnsafe()
    if (lost !== undefined) return yield* new InstanceLost({ name: `replay ${run.id}`, reason: lost })
    if (failure !== undefined) return yield* Effect.failCause(failure)
    const now = yield* Clock.currentTimeMillis
    const current = destinations.current().byId.get(run.destinationId)
    if (current === undefined) return "deleted" as const
    if (current !== seen) engine.configure(replayed(run, current), undefined, now)
    seen = current
    for (let room = engine.room; at < page.length && room > 0; room = engine.room)
      engine.offer({ ...page[at++]!, position: ++number }, now)
    if (at === page.length) wanted.openUnsafe()
    if (engine.takesDue(now)) {
      const { nextAt, rows } = yield* store.due(numberOf(run.no), now, engine.claimed)
      engine.due(rows, nextAt)
    }
    for (let call = engine.next(now); call !== undefined; call = engine.next(now)) yield* start(call)
    committer.dirty(member)
    if (ended && at === page.length && engine.isIdle && engine.waiting === 0) return "done" as const
    const next = engine.wakeAt(now)
    // Rows of deleted people are gone: whoever takes it over counts anew.
    if (next === undefined && ended && engine.isIdle)
      return yield* new InstanceLost({ name: `replay ${run.id}`, reason: "jobs that waited are gone" })
    if (next === undefined) yield* woken.await
    else if (next > now) yield* Effect.timeoutOption(woken.await, next - now)
    return "on" as const
  })

  /** Events a second that are behind it, for whoever looks. */
  const measure = Effect.gen(function* () {
    let before = engine.position
    while (true) {
      yield* Effect.sleep(rateEveryMs)
      const { position } = engine
      yield* rows.setRate(run.no, ((position - before) * 1000) / rateEveryMs)
      before = position
    }
  })

  const drain = Effect.gen(function* () {
    const until = (yield* Clock.currentTimeMillis) + around.drainMs
    const goesOn = (now: number) => engine.inFlight > 0 && lost === undefined && now < until
    while (goesOn(yield* Clock.currentTimeMillis)) yield* Effect.sleep(pollMs)
    yield* Scope.close(calls, Exit.void)
    if (lost === undefined) {
      committer.dirty(member)
      yield* committer.flush(member)
    }
    committer.remove(member)
    yield* Effect.ignore(rows.setRate(run.no, null))
  })

  yield* Effect.gen(function* () {
    engine.configure(engine.destination, undefined, yield* Clock.currentTimeMillis)
    yield* destinations.onChange(wake)
    yield* Effect.forkScoped(read)
    yield* Effect.forkScoped(Effect.ignore(measure))
    let how: "on" | "deleted" | "done" = "on"
    while (how === "on") how = yield* round
    if (how === "deleted") return yield* gone
    yield* rows.finish(run, yield* Clock.currentTimeMillis, null)
  }).pipe(Effect.scoped, Effect.ensuring(drain))
})

/** A damaged archive waits for a person; everything else is tried again. */
export const orFailed =
  ({ rows }: ReplaySurroundings, run: Run) =>
  <E, R>(body: Effect.Effect<void, E, R>): Effect.Effect<void, E | SqlError.SqlError, R> =>
    Effect.catchCause(body, (cause): Effect.Effect<void, E | SqlError.SqlError> =>
      Cause.squash(cause) instanceof ArchiveDamaged
        ? Effect.flatMap(Clock.currentTimeMillis, (now) => rows.fail(run, causeMessage(cause), now))
        : Effect.failCause(cause)
    )
