/**
 * Group commit: requests that arrive while a statement runs share the next one. One statement in flight, no timer.
 *
 *     offer --> queue (bounded bytes) --> batch --> statement --> head, seen ids, released, answers
 *
 * - A statement stores its events only if the head of the log is where we believe it to be. If not, somebody else (or
 *   our own statement whose connection broke) moved it: the commits in between are read, and their ids are duplicates.
 *   So a commit of unknown outcome is neither lost nor done twice.
 * - While Postgres is away, requests wait; each is answered at the latest after `patienceMs`, whatever the database does.
 */
import type { PgClient } from "@effect/sql-pg"
import { Cause, Duration, Effect, Latch, Metric } from "effect"
import type { SqlError } from "effect/sql"
import { sqlErrorText } from "../platform/database-layer.ts"
import { assemble, type Batch, bytesOf, none, Waiting } from "./batch.ts"
import { type AppendRequest, dayOf, LogUnavailable, type Position } from "./event-log.ts"
import { dayOfTime, ensurePartitions } from "./partitions.ts"
import type { SeenSet } from "./seen-set.ts"
import { append, commitsAfter, wordsOf } from "./store.ts"

/** Measured: larger statements are slower. */
const batchEvents = 1000
const batchBytes = 1024 * 1024
const patienceMs = 4500
const statementPatience = Duration.seconds(10)

const appended = Metric.counter("braid_log_events_total", {
  description: "Events stored in the log",
  incremental: true
})
const repeated = Metric.counter("braid_log_duplicates_total", {
  description: "Events not stored because their message id was accepted before",
  incremental: true
})
const commits = Metric.histogram("braid_log_commit_seconds", {
  description: "Time of one group commit",
  boundaries: Metric.exponentialBoundaries({ start: 0.0005, factor: 2, count: 14 })
})

export interface AppenderOptions {
  readonly sql: PgClient.PgClient
  readonly seen: SeenSet
  readonly head: Position
  readonly queueBytes: number
  readonly now: () => number
  /** Kept beside the head, for the next start. */
  readonly released: () => Position
  /** Called for every commit, ours or another process's, in order. */
  readonly moved: (head: Position) => void
}

export class Appender {
  readonly #options: AppenderOptions
  readonly #wake = Latch.makeUnsafe(false)
  #head: Position
  #queue: Array<Waiting> = []
  #inFlight: ReadonlyArray<Waiting> = []
  /** A batch that was sent and whose outcome is not known yet. */
  #sent: Batch | undefined
  #bytes = 0
  #closed = false
  #lastError: unknown = new Error("no answer from PostgreSQL")
  #expiry: NodeJS.Timeout | undefined

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#head = options.head
  }

  get head(): Position {
    return this.#head
  }

  get queued() {
    return { requests: this.#queue.length + this.#inFlight.length, bytes: this.#bytes }
  }

  /** One request always fits into an empty queue, however large. */
  readonly offer = (request: AppendRequest): boolean => {
    const bytes = bytesOf(request)
    if (this.#closed || (this.#bytes > 0 && this.#bytes + bytes > this.#options.queueBytes)) return false
    this.#bytes += bytes
    this.#queue.push(new Waiting(request, bytes, performance.now()))
    if (this.#queue.length === 1) this.#wake.openUnsafe()
    this.#expiry ??= setInterval(this.#expire, 100)
    return true
  }

  /** Takes nothing more; resolves when everything that was taken is answered. */
  readonly close = Effect.gen({ self: this }, function* () {
    this.#closed = true
    while (this.#queue.length + this.#inFlight.length > 0) yield* Effect.sleep("5 millis")
    clearInterval(this.#expiry)
  })

  /** The loop; never ends. A failure in between keeps what was taken, the next run continues with it. */
  readonly run: Effect.Effect<void, SqlError.SqlError> = Effect.gen({ self: this }, function* () {
    for (;;) {
      if (this.#inFlight.length === 0) {
        if (this.#queue.length === 0) {
          this.#wake.closeUnsafe()
          // Another process may have appended meanwhile.
          const woken = yield* Effect.timeoutOption(this.#wake.await, "1 second")
          if (woken._tag === "None") yield* Effect.ignore(this.#catchUp)
          continue
        }
        this.#take()
      }
      yield* this.#commit()
      this.#inFlight = []
    }
  })

  #take() {
    let events = 0
    let bytes = 0
    let n = 0
    while (n < this.#queue.length) {
      const next = this.#queue[n]!
      if (n > 0 && (events + next.request.events.length > batchEvents || bytes + next.bytes > batchBytes)) break
      events += next.request.events.length
      bytes += next.bytes
      n++
    }
    this.#inFlight = this.#queue.splice(0, n)
  }

  /** Stores what is in flight, or leaves when nobody waits for it any more. */
  readonly #commit = Effect.fnUntraced({ self: this }, function* () {
    const { sql, seen, now, released } = this.#options
    let pause = 25
    for (;;) {
      const waiting = this.#inFlight
      const day = Math.max(dayOfTime(now()), dayOf(this.#head))
      seen.forgetBefore(day - 1)
      const batch = assemble(waiting, seen)
      if (batch.count === 0) return this.#settle(waiting, batch)
      const started = performance.now()
      this.#sent = batch
      const result = yield* append(sql, batch, this.#head, day, released()).pipe(
        Effect.timeout(statementPatience),
        Effect.map((head) => ({ head, error: undefined })),
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause as Cause.Cause<never>)
            : Effect.succeed({ head: undefined, error: Cause.squash(cause) })
        )
      )
      if (result.head !== undefined) {
        this.#accept(result.head, batch.words, batch.count)
        this.#settle(waiting, batch)
        yield* Metric.update(appended, batch.count)
        return yield* Metric.update(commits, (performance.now() - started) / 1000)
      }
      if (result.error !== undefined) {
        this.#lastError = toError(result.error)
        yield* Effect.logDebug("An append failed", this.#lastError)
        if (isMissingPartition(result.error)) yield* Effect.ignore(ensurePartitions(sql, day))
        else yield* Effect.sleep(pause)
        pause = Math.min(500, pause * 2)
      }
      // Another commit was first, or the outcome is unknown: the log itself knows.
      const ours = yield* Effect.catch(this.#catchUp, (error) => {
        this.#lastError = toError(error)
        return Effect.succeed(false)
      })
      if (ours) {
        this.#settle(waiting, batch)
        return yield* Metric.update(appended, batch.count)
      }
      if (waiting.every((it) => it.settled)) return
    }
  })

  /** Reads the commits that this process does not know; true when the batch it sent last is among them. */
  readonly #catchUp = Effect.gen({ self: this }, function* () {
    let ours = false
    for (;;) {
      const { head, commits, complete } = yield* Effect.timeout(
        commitsAfter(this.#options.sql, this.#head),
        statementPatience
      )
      for (const { position, hashes } of commits) {
        ours ||= this.#sent !== undefined && Buffer.compare(hashes, this.#sent.packed) === 0
        this.#accept(position, wordsOf(hashes), hashes.length / 16)
      }
      if (complete) {
        if (head > this.#head) this.#accept(head, new Uint32Array(0), 0)
        return ours
      }
    }
  })

  #accept(head: Position, words: Uint32Array, count: number) {
    const { seen, moved } = this.#options
    const day = dayOf(head)
    for (let i = 0; i < count; i++) seen.add(day, words, i * 4)
    this.#head = head
    moved(head)
  }

  #settle(waiting: ReadonlyArray<Waiting>, batch: Batch) {
    this.#sent = undefined
    for (let i = 0; i < waiting.length; i++) this.#answer(waiting[i]!, undefined, batch.duplicates[i]!)
    const duplicates = batch.duplicates.reduce((sum, { length }) => sum + length, 0)
    if (duplicates > 0) Effect.runSync(Metric.update(repeated, duplicates))
  }

  #answer(waiting: Waiting, error: LogUnavailable | undefined, duplicates: ReadonlyArray<number>) {
    if (!waiting.settled) this.#bytes -= waiting.bytes
    waiting.settle(error, duplicates)
  }

  /** Nobody waits longer than `patienceMs`, not even for a statement that hangs. */
  readonly #expire = () => {
    const oldest = performance.now() - patienceMs
    for (const waiting of this.#inFlight) {
      if (waiting.since < oldest) this.#answer(waiting, new LogUnavailable({ cause: this.#lastError }), none)
    }
    let n = 0
    while (n < this.#queue.length && this.#queue[n]!.since < oldest) n++
    for (const waiting of this.#queue.splice(0, n)) {
      this.#answer(waiting, new LogUnavailable({ cause: this.#lastError }), none)
    }
    if (this.#queue.length === 0 && this.#inFlight.length === 0) {
      clearInterval(this.#expiry)
      this.#expiry = undefined
    }
  }
}

const toError = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"
    ? new Error(sqlErrorText(error as SqlError.SqlError))
    : error

/** `no partition of relation "events" found for row` is a check violation. */
const isMissingPartition = (error: unknown): boolean => {
  const cause = (error as { reason?: { cause?: { code?: unknown; message?: unknown } } }).reason?.cause
  return cause?.code === "23514" && String(cause.message).includes("no partition")
}
