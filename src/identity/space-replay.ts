/**
 * What a space does with sources that are connected to it, between its batches (IDR-12):
 *
 *     admit -> replay what was received before, oldest first -> then, in the order of the log, what waited -> read live
 *
 * - Reading and sorting a month takes a while: it is done beside the batches, one page ahead. The owner takes what is
 *   there, resolves it as any batch, and commits the progress with it, so a kill loses and doubles nothing.
 * - What the ledger has is left out, without a trace when it was resolved at this very position; a replay that was asked to resolve
 *   again takes it (IDR-133, `resolved-again.ts`). What waited was never resolved, so it is read in the one way only.
 * - While a deletion of people is pending nothing is taken (IDR-163), and what was read before is looked at again afterwards.
 * - One replay at a time; others of the space wait for it, but not for one that failed. What is temporary is tried again
 *   less and less often; a damaged archive waits for a person (`replay-views.ts`).
 */
import { Cause, Clock, Effect, Metric } from "effect"
import type { SqlError } from "effect/sql"
import { ArchiveDamaged, History } from "../archive/history.ts"
import { type LogEvent, LogUnavailable, type Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { Health } from "../platform/health.ts"
import { causeMessage } from "../platform/supervise.ts"
import type { Connection, Space } from "../workspace/workspace.ts"
import { makeReader } from "./replay-reader.ts"
import { type Fence, makeAdmission, type Progress, type Replay } from "./source-admission.ts"
import type { SpaceFenced, SpaceStore } from "./space-store.ts"

const firstRetryMs = 1_000
const longestRetryMs = 60_000
/** Reading what waited; beyond, the archive counts as away. */
const longestRead = "10 seconds"

const replayedTotal = Metric.counter("braid_replay_events_total", {
  description: "Events of connected sources that spaces have gone through again, by outcome",
  incremental: true
})

/** What can be done for a replay next. */
export interface Taken {
  /** To be resolved; none: what was read is known already, or the replay is complete. */
  readonly events: ReadonlyArray<LogEvent>
  /** Ledger keys of those that were resolved from another position: they count as redelivered. */
  readonly seen: ReadonlySet<string>
  /** What the ledger has at its very position is resolved again: the graph must have everything. */
  readonly again: boolean
  /** They came after the sources were connected, and would have been read live. */
  readonly waited: boolean
  /** With it the sources become live: the graph must have everything. */
  readonly completes: boolean
  /** That the first `n` of the events were resolved; part of the transaction that commits them. */
  readonly progress: (n: number) => Effect.Effect<void, SqlError.SqlError>
  /** The progress when there are no events. */
  readonly commit: Effect.Effect<void, SpaceFenced | SqlError.SqlError>
  /** To be called once that is committed. */
  readonly done: (n: number) => Effect.Effect<void>
}

export interface SpaceReplays {
  /** Numbers of the sources whose events are read live. */
  readonly live: (space: Space) => ReadonlyArray<number>
  /** Whether sources of the space wait for a replay. */
  readonly active: () => boolean
  /** Whether replays wait for a deletion of people, as of the last `take`. */
  readonly held: () => boolean
  /** Admits what was connected since. Call with everything settled and stored, whenever the workspace has changed. */
  readonly look: (space: Space, fence: Fence) => Effect.Effect<void, SpaceFenced | SqlError.SqlError>
  /** Call with everything settled and stored. Undefined: nothing to do now; `wake` is called when there is. */
  readonly take: (fence: Fence, limit: number) => Effect.Effect<Taken | undefined, SpaceFenced | SqlError.SqlError>
  /** Takes nothing for a while. */
  readonly pause: (ms: number) => Effect.Effect<void>
}

export const makeReplays = Effect.fnUntraced(function* (options: {
  readonly spaceId: string
  readonly slug: string
  readonly store: SpaceStore
  readonly wake: () => void
}) {
  const { spaceId, slug, store } = options
  const history = yield* History
  const health = yield* Health
  const rows = makeAdmission(yield* Database, spaceId, store)
  const reader = yield* makeReader({ setTotal: rows.setTotal, wake: options.wake })
  const healthName = `replay:${slug}`
  yield* Effect.addFinalizer(() => Effect.sync(() => health.remove(healthName)))
  const resolvedCount = Metric.withAttributes(replayedTotal, { space: slug, outcome: "resolved" })
  const skippedCount = Metric.withAttributes(replayedTotal, { space: slug, outcome: "skipped" })

  let takenOver = false
  let connections: ReadonlyArray<Connection> = []
  let admitted: ReadonlySet<number> = new Set()
  let replays: ReadonlyArray<Replay> = []
  let notBefore = 0
  let deletions = { pending: 0, newest: 0 }
  /** By replay: its first progress here, and how often it has failed in a row. */
  const began = new Map<number, Progress["began"]>()
  const failures = new Map<number, number>()

  const sourcesOf = (replay: Replay) =>
    connections.filter(({ no }) => replay.connections.includes(no)).map(({ source }) => source)

  const change = (id: number, to: Replay | undefined) => {
    replays = replays.flatMap((each) => (each.id !== id ? each : (to ?? [])))
    const failed = replays.find((replay) => replay.state === "failed" && sourcesOf(replay).length > 0)
    if (failed === undefined) health.remove(healthName)
    else health.waiting(healthName, failed.error ?? "")
  }

  const failed = Effect.fnUntraced(function* (replay: Replay, cause: Cause.Cause<unknown>, fence: Fence) {
    const error = causeMessage(cause)
    const damaged = Cause.squash(cause) instanceof ArchiveDamaged
    const now = yield* Clock.currentTimeMillis
    const before = failures.get(replay.id) ?? 0
    failures.set(replay.id, before + 1)
    const retryAt = damaged ? null : now + Math.min(longestRetryMs, firstRetryMs * 2 ** before)
    if (reader.of(replay.id) !== undefined) yield* reader.stop
    yield* rows.fail(replay, error, retryAt, fence, now)
    change(replay.id, { ...replay, state: "failed", error, retryAt })
    const told = `The replay into space ${slug} ${damaged ? "has failed" : "waits"}, and live events of its sources with it: ${error}`
    yield* damaged ? Effect.logError(told) : Effect.logWarning(told)
    return undefined
  })

  /** The one under way, unless it waits itself. */
  const next = (now: number): Replay | undefined => {
    const can = (replay: Replay) =>
      (replay.state === "replaying" || (replay.retryAt !== null && replay.retryAt <= now)) &&
      sourcesOf(replay).length > 0
    return replays.find((replay) => reader.of(replay.id) !== undefined && can(replay)) ?? replays.find(can)
  }

  /** Events that were read for a replay; `after(k)` is where it stands behind the first `k` of them. */
  const taken = Effect.fnUntraced(function* <E extends LogEvent>(
    replay: Replay,
    page: ReadonlyArray<E>,
    fence: Fence,
    after: (k: number) => Partial<Pick<Replay, "key" | "position" | "processed">>,
    consume: (k: number) => void,
    isThere: (event: LogEvent) => boolean = () => true
  ): Effect.fn.Return<Taken, SqlError.SqlError> {
    const at = yield* Clock.currentTimeMillis
    const known: ReadonlyMap<string, number> = page.length === 0 ? new Map() : yield* rows.known(page)
    const wanted = new Set(sourcesOf(replay))
    // A source may have been disconnected since the page was read.
    const again = replay.mode === "re_resolve" && replay.position === null
    const isNew = ({ hash, position, source }: LogEvent) =>
      wanted.has(source) && (again || known.get(hash) !== position)
    const events = page.filter((event) => isNew(event) && isThere(event))
    const consumedBy = (n: number) => (n === events.length ? page.length : page.indexOf(events[n]!))
    const start = began.get(replay.id) ?? { at, processed: replay.processed }
    const standing = (n: number): Replay => {
      const k = consumedBy(n)
      const skipped = replay.skipped + (replay.position === null ? k - n : 0)
      return { ...replay, state: "replaying", error: null, retryAt: null, skipped, ...after(k) }
    }
    const progress = (n: number) => rows.progress({ ...standing(n), at, began: start })
    return {
      events,
      seen: new Set(known.keys()),
      again: again && page.some(({ hash, position }) => known.get(hash) === position),
      waited: replay.position !== null,
      completes: false,
      progress,
      commit: rows.fenced(fence, progress(0)),
      done: (n) => {
        began.set(replay.id, start)
        failures.delete(replay.id)
        change(replay.id, standing(n))
        const k = consumedBy(n)
        consume(k)
        return Effect.andThen(Metric.update(resolvedCount, n), Metric.update(skippedCount, k - n))
      }
    }
  })

  /** What was received before the sources were connected, from the page that was read. */
  const takeReplayed = Effect.fnUntraced(function* (replay: Replay, fence: Fence, limit: number) {
    const own = reader.of(replay.id) ?? (yield* reader.start(replay, sourcesOf(replay), deletions.newest))
    if (own.failure !== undefined) return yield* failed(replay, own.failure, fence)
    if (own.page.length > 0) {
      const page = own.page.slice(0, limit)
      let isThere: ((event: LogEvent) => boolean) | undefined
      if (deletions.newest > own.newest) {
        const found = yield* Effect.result(history.at(page.map(({ position }) => position)))
        if (found._tag === "Failure") return yield* failed(replay, Cause.fail(found.failure), fence)
        const left = new Set(found.success.map(({ position }) => position))
        isThere = ({ position }) => left.has(position)
      }
      const after = (k: number) => ({ key: page[k - 1] ?? replay.key, processed: replay.processed + k })
      const consume = (k: number) => {
        own.page = own.page.slice(k)
        if (own.page.length === 0) own.wanted.openUnsafe()
      }
      return yield* taken(replay, page, fence, after, consume, isThere)
    }
    if (!own.ended) return undefined
    const position = replay.upTo
    return yield* taken(replay, [], fence, () => ({ position }), reader.forget)
  })

  const completed = (replay: Replay, fence: Fence, at: number): Taken => ({
    events: [],
    seen: new Set(),
    again: false,
    waited: true,
    completes: true,
    progress: () => Effect.void,
    commit: rows.complete(replay, fence, at),
    done: () => {
      change(replay.id, undefined)
      return replay.processed === 0
        ? Effect.void
        : Effect.logInfo(
            `The replay into space ${slug} is complete: ${replay.processed} events, ${replay.skipped} of them known`
          )
    }
  })

  /** What waited meanwhile; nothing is left once it has come as far as the space. */
  const takeWaiting = Effect.fnUntraced(function* (replay: Replay, after: Position, fence: Fence, limit: number) {
    const upTo = fence.from
    const read = yield* history.read({ after, upTo, limit, sources: sourcesOf(replay) }).pipe(
      Effect.timeoutOrElse({
        duration: longestRead,
        orElse: () => Effect.fail(new LogUnavailable({ cause: `no answer within ${longestRead}` }))
      }),
      Effect.result
    )
    if (read._tag === "Failure") return yield* failed(replay, Cause.fail(read.failure), fence)
    const page = read.success
    if (page.length === 0) return completed(replay, fence, yield* Clock.currentTimeMillis)
    const end = page.length < limit ? upTo : page.at(-1)!.position
    const position = (k: number) => (k === page.length ? end : (page[k - 1]?.position ?? after))
    return yield* taken(
      replay,
      page,
      fence,
      (k) => ({ position: position(k) }),
      () => {}
    )
  })

  return {
    live: ({ connections, sources }) => {
      if (connections === undefined) return sources.map(({ no }) => no)
      const waiting = new Set(replays.flatMap((replay) => replay.connections))
      return connections.filter(({ no }) => admitted.has(no) && !waiting.has(no)).map(({ source }) => source)
    },
    active: () => replays.some((replay) => sourcesOf(replay).length > 0),
    held: () => deletions.pending > 0,
    look: Effect.fnUntraced(function* (space, fence) {
      if (space.connections === undefined) return
      if (!takenOver) yield* rows.takeOver(fence)
      takenOver = true
      connections = space.connections
      let found = yield* rows.read
      const fresh = connections.filter(({ no }) => !found.admitted.has(no))
      if (fresh.length > 0) {
        yield* rows.admit(fresh, fence, yield* Clock.currentTimeMillis)
        found = yield* rows.read
      }
      ;({ admitted, replays } = found)
      if (!replays.some((replay) => reader.of(replay.id) !== undefined && sourcesOf(replay).length > 0))
        yield* reader.stop
      for (const replay of replays) change(replay.id, replay)
    }),
    take: Effect.fnUntraced(function* (fence, limit) {
      deletions = yield* rows.deletions
      const now = yield* Clock.currentTimeMillis
      const replay = now < notBefore || deletions.pending > 0 ? undefined : next(now)
      if (replay === undefined) return undefined
      return yield* replay.position === null
        ? takeReplayed(replay, fence, limit)
        : takeWaiting(replay, replay.position, fence, limit)
    }),
    pause: (ms) => Effect.map(Clock.currentTimeMillis, (now) => void (notBefore = now + ms))
  } satisfies SpaceReplays
})
