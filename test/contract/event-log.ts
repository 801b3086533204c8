/**
 * What every event log promises (the port's comments), as a suite over an adapter. A new adapter is done when this passes.
 * A `store` is one log; `open` starts a process on it, so that restarts, races and broken connections can be played.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import {
  dayOf,
  EventLog,
  type LogEvent,
  type LogUnavailable,
  type NewEvent,
  type Position,
  positionsPerDay
} from "../../src/log/event-log.ts"
import { hash128 } from "../../src/platform/hash.ts"

type Log = EventLog["Service"]

export interface OpenOptions {
  readonly limit?: () => number
  readonly queueBytes?: number
  readonly now?: () => number
}

export interface LogStore {
  /** A process on the store, for as long as the scope lives. */
  readonly open: (options?: OpenOptions) => Effect.Effect<Log, LogUnavailable, Scope.Scope>
  readonly setCursor: (reader: string, position: Position) => Effect.Effect<void>
  /** Breaks every connection to the store, in the middle of whatever runs on it. */
  readonly cutConnections: Effect.Effect<void>
  /**
   * From now on answers of the store are lost. The returned effect waits until something was committed (or a second
   * has passed), then breaks the connections; new ones work.
   */
  readonly loseAnswers: Effect.Effect<Effect.Effect<void>>
  /** Makes commits wait until the returned effect is run, without any of them being lost. */
  readonly holdCommits: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
}

const utf8 = new TextEncoder()
const day = 86_400_000
const noon = Date.UTC(2026, 2, 10, 12)
const everything = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 100_000, sources: [1, 2, 3] }

export const event = (id: string, source = 1): NewEvent => ({
  source,
  dedupKey: id,
  body: utf8.encode(JSON.stringify({ messageId: id }))
})
const idOf = (event: LogEvent): string =>
  (JSON.parse(Buffer.from(event.body).toString("utf8")) as { messageId: string }).messageId

/** Appends as one request; succeeds with the number of duplicates. */
export const append = (
  log: Log,
  events: ReadonlyArray<NewEvent>,
  receivedAt = noon
): Effect.Effect<number, LogUnavailable> =>
  Effect.callback((resume) => {
    const taken = log.offer({
      events,
      receivedAt,
      done: (error, duplicates) => resume(error === undefined ? Effect.succeed(duplicates) : Effect.fail(error))
    })
    if (!taken) resume(Effect.die(new Error("the queue is full")))
  })
const range = (n: number, prefix = "m") => Array.from({ length: n }, (_, i) => `${prefix}-${i}`)
const ids = (events: ReadonlyArray<LogEvent>) => events.map(idOf)
const all = (log: Log) => Effect.map(log.read(everything), ids)

/** Waits for a condition that another fiber brings about. */
const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.delay(until(condition), "5 millis")))

/** A process that can be ended before the test is. */
const launch = (store: LogStore, options?: OpenOptions) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const log = yield* store.open(options).pipe(Scope.provide(scope))
    return { log, end: Scope.close(scope, Exit.void) }
  })

const throwing = () => {
  throw new Error("the caller's problem")
}

export const eventLogContract = (adapter: string, store: Effect.Effect<LogStore, never, Scope.Scope>): void => {
  const test = (name: string, body: (store: LogStore) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.live(name, () => Effect.flatMap(store, body).pipe(Effect.scoped))

  describe(`EventLog contract (${adapter})`, () => {
    test("an empty log has no head, nothing held, nothing to read", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        assert.deepStrictEqual([log.head(), log.released(), log.held()], [0, 0, 0])
        assert.deepStrictEqual(log.queued(), { requests: 0, bytes: 0 })
        assert.deepStrictEqual(yield* log.read(everything), [])
        assert.deepStrictEqual(yield* log.at([]), [])
        assert.strictEqual(yield* log.count(everything), 0)
      }))

    test("ING-10: what was answered is stored, with source, hash and body, at dense positions of its day", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open({ now: () => noon })
        assert.strictEqual(yield* append(log, [event("a"), event("b", 2)]), 0)
        const first = Math.floor(noon / day) * positionsPerDay + 1
        assert.strictEqual(log.head(), first + 1)
        assert.strictEqual(log.released(), log.head())
        const stored = yield* log.read(everything)
        assert.deepStrictEqual(
          stored.map(({ position, source, hash, body }) => ({
            position,
            source,
            hash,
            body: Buffer.from(body).toString()
          })),
          [
            { position: first, source: 1, hash: hash128("a"), body: '{"messageId":"a"}' },
            { position: first + 1, source: 2, hash: hash128("b"), body: '{"messageId":"b"}' }
          ]
        )
      }))

    test("read and count select by position and source, ascending, up to a limit", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        yield* append(
          log,
          range(10).map((id, i) => event(id, 1 + (i % 2)))
        )
        const [p1 = 0, , p3 = 0] = (yield* log.read(everything)).map((e) => e.position)
        const only = (options: Partial<typeof everything>) => Effect.map(log.read({ ...everything, ...options }), ids)
        assert.deepStrictEqual(yield* only({ sources: [2] }), ["m-1", "m-3", "m-5", "m-7", "m-9"])
        assert.deepStrictEqual(yield* only({ sources: [] }), [])
        assert.deepStrictEqual(yield* only({ after: p1, upTo: p3 }), ["m-1", "m-2"])
        assert.deepStrictEqual(yield* only({ after: p3, limit: 2 }), ["m-3", "m-4"])
        assert.strictEqual(yield* log.count({ ...everything, sources: [1] }), 5)
        assert.strictEqual(yield* log.count({ ...everything, after: p1, upTo: p3 }), 2)
        assert.strictEqual(yield* log.count({ ...everything, limit: 3 }), 3)
      }))

    test("at returns what is at the positions and leaves out what is not", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        yield* append(
          log,
          range(5).map((id) => event(id))
        )
        const positions = (yield* log.read(everything)).map((e) => e.position)
        const found = yield* log.at([positions[3]!, positions[1]!, positions[4]! + 1, 7])
        assert.deepStrictEqual(ids(found).sort(), ["m-1", "m-3"])
      }))

    test("ING-64, ING-65: a message id is stored once within a request, across requests and across sources", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        assert.strictEqual(yield* append(log, [event("a"), event("a"), event("b")]), 1)
        assert.strictEqual(yield* append(log, [event("b", 2), event("c")]), 1)
        assert.strictEqual(yield* append(log, [event("c")]), 1)
        const counts = yield* Effect.forEach(range(20), () => append(log, [event("d")]), { concurrency: "unbounded" })
        assert.strictEqual(counts.filter((n) => n === 0).length, 1)
        assert.deepStrictEqual(yield* all(log), ["a", "b", "c", "d"])
      }))

    test("ING-64: duplicates are recognised after a restart", (store) =>
      Effect.gen(function* () {
        const before = yield* launch(store)
        yield* append(
          before.log,
          range(2500).map((id) => event(id))
        )
        yield* append(before.log, [event("x")])
        yield* before.end
        const after = yield* launch(store)
        assert.strictEqual(after.log.head(), before.log.head())
        assert.strictEqual(yield* append(after.log, [event("m-2499"), event("y"), event("x"), event("m-0")]), 3)
        assert.strictEqual((yield* all(after.log)).length, 2502)
      }))

    for (const restart of [false, true]) {
      test(`AC1-21: known after 23 h 59 min, forgotten after 49 h${restart ? ", with restarts between" : ""}`, (store) =>
        Effect.gen(function* () {
          for (const at of ["00:00:00", "12:00:00", "23:59:59"]) {
            const start = Date.parse(`2026-03-${at < "01" ? 10 : at < "13" ? 20 : 28}T${at}Z`)
            let now = start
            let current = yield* launch(store, { now: () => now })
            const appendAt = (after: number) =>
              Effect.gen(function* () {
                now = start + after
                if (restart) {
                  yield* current.end
                  current = yield* launch(store, { now: () => now })
                }
                return yield* append(current.log, [event(`id ${at}`)])
              })
            assert.deepStrictEqual([yield* appendAt(0), yield* appendAt(0)], [0, 1])
            assert.strictEqual(yield* appendAt(day - 60_000), 1)
            assert.strictEqual(yield* appendAt(2 * day + 3_600_000), 0)
            yield* current.end
          }
        }))
    }

    test("midnight: positions go on in the new day, also days later, and never go back with the clock", (store) =>
      Effect.gen(function* () {
        let now = noon
        const log = yield* store.open({ now: () => now })
        const days: Array<number> = []
        for (const after of [0, day, 12 * day, 11 * day, 12 * day]) {
          now = noon + after
          yield* append(log, [event(`after ${after} ${days.length}`)])
          days.push(dayOf(log.head()) - Math.floor(noon / day))
        }
        assert.deepStrictEqual(days, [0, 1, 12, 12, 12])
        const positions = (yield* log.read(everything)).map((e) => e.position)
        assert.deepStrictEqual(
          positions,
          [...positions].sort((a, b) => a - b)
        )
        assert.strictEqual(log.released(), log.head())
        assert.strictEqual(log.held(), 0)
      }))

    test("a reader polling beside sixteen writers sees every event once, in one order", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        const wanted = range(1600)
        const writers = yield* Effect.forkChild(
          Effect.forEach(wanted, (id) => append(log, [event(id)]), { concurrency: 16, discard: true })
        )
        const seen: Array<LogEvent> = []
        let cursor = 0
        while (seen.length < wanted.length) {
          const upTo = log.released()
          const events: ReadonlyArray<LogEvent> = yield* log.read({ ...everything, after: cursor, upTo, limit: 100 })
          seen.push(...events)
          cursor = events.length === 100 ? events.at(-1)!.position : upTo
          if (events.length === 0) yield* Effect.sleep("1 millis")
        }
        yield* Fiber.join(writers)
        assert.deepStrictEqual(ids(seen).sort(), [...wanted].sort())
        assert.deepStrictEqual(ids(seen), yield* all(log))
      }))

    test("a reader never passes an append in flight: held commits appear in order, none is skipped", (store) =>
      Effect.gen(function* () {
        const one = yield* store.open()
        const two = yield* store.open()
        yield* append(one, [event("first")])
        const release = yield* store.holdCommits
        const late = yield* Effect.forkChild(append(one, [event("late")]), { startImmediately: true })
        const later = yield* Effect.forkChild(append(two, [event("later")]), { startImmediately: true })
        assert.deepStrictEqual(yield* all(one), ["first"])
        yield* release
        yield* Fiber.join(late)
        yield* Fiber.join(later)
        const both = yield* all(one)
        assert.deepStrictEqual([...both].sort(), ["first", "late", "later"])
        assert.deepStrictEqual(yield* all(two), both)
      }))

    test("ING-65: two processes that append the same ids at once store each once", (store) =>
      Effect.gen(function* () {
        const logs = [yield* store.open(), yield* store.open()]
        const random = seeded(7)
        const drawn = new Set<string>()
        const write = (log: Log) =>
          Effect.gen(function* () {
            let kept = 0
            for (let round = 0; round < 60; round++) {
              const batch = Array.from({ length: 30 }, () => `r-${Math.floor(random() * 1500)}`)
              for (const id of batch) drawn.add(id)
              kept +=
                batch.length -
                (yield* append(
                  log,
                  batch.map((id) => event(id))
                ))
            }
            return kept
          })
        const kept = yield* Effect.all(logs.map(write), { concurrency: 2 })
        assert.strictEqual(kept[0]! + kept[1]!, drawn.size)
        const stored = yield* all(logs[0]!)
        assert.strictEqual(stored.length, drawn.size)
        assert.deepStrictEqual(new Set(stored), drawn)
        yield* until(() => logs[0]!.head() === logs[1]!.head())
      }))

    test("cut connections during appends lose nothing and double nothing", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        const wanted = range(800)
        const writers = yield* Effect.forkChild(
          Effect.forEach(wanted, (id) => Effect.retry(append(log, [event(id)]), { times: 5 }), {
            concurrency: 32,
            discard: true
          })
        )
        const ended = () => writers.pollUnsafe() !== undefined
        let cuts = 0
        for (let head = 0; !ended(); cuts++) {
          yield* cuts % 2 === 0 ? store.cutConnections : Effect.flatten(store.loseAnswers)
          yield* until(() => log.head() > head || ended())
          head = log.head()
        }
        yield* Fiber.join(writers)
        assert.isAbove(cuts, 3)
        assert.deepStrictEqual((yield* all(log)).sort(), [...wanted].sort())
      }))

    test("an append whose connection breaks while it commits is answered once it is known to be stored", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        const release = yield* store.holdCommits
        const waiting = yield* Effect.forkChild(append(log, [event("a"), event("a")]), { startImmediately: true })
        yield* until(() => log.queued().requests === 1)
        yield* Effect.sleep("50 millis")
        yield* store.cutConnections
        yield* release
        assert.strictEqual(yield* Fiber.join(waiting), 1)
        assert.deepStrictEqual(yield* all(log), ["a"])
      }))

    test("an append whose answer is lost is found again: answered as stored, not stored again", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        yield* append(log, [event("first")])
        for (let round = 0; round < 3; round++) {
          const lost = yield* store.loseAnswers
          const id = `round ${round}`
          const waiting = yield* Effect.forkChild(append(log, [event(id), event(id), event("first")]), {
            startImmediately: true
          })
          yield* lost
          assert.strictEqual(yield* Fiber.join(waiting), 2)
        }
        assert.deepStrictEqual(yield* all(log), ["first", "round 0", "round 1", "round 2"])
      }))

    test("an append that cannot commit fails in bounded time, and the log works again by itself", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        const release = yield* store.holdCommits
        const stuck = yield* Effect.forkChild(append(log, [event("stuck")]), { startImmediately: true })
        const queued = yield* Effect.forkChild(append(log, [event("queued")]), { startImmediately: true })
        const errors = [yield* Effect.flip(Fiber.join(stuck)), yield* Effect.flip(Fiber.join(queued))]
        assert.deepStrictEqual(
          errors.map((e) => e._tag),
          ["LogUnavailable", "LogUnavailable"]
        )
        assert.deepStrictEqual(log.queued().bytes, 0)
        yield* release
        // The first one may have been committed after its answer: then the retry is a duplicate, never a second event.
        yield* append(log, [event("stuck"), event("queued"), event("next")])
        assert.deepStrictEqual((yield* all(log)).sort(), ["next", "queued", "stuck"])
      }))

    test("a full queue takes nothing and never answers; afterwards it takes again", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open({ queueBytes: 1000 })
        const release = yield* store.holdCommits
        let answers = 0
        const offer = (id: string, size: number) =>
          log.offer({
            events: [{ source: 1, dedupKey: id, body: new Uint8Array(size) }],
            receivedAt: noon,
            done: () => answers++
          })
        assert.isTrue(offer("large", 5000), "one request always fits into an empty queue")
        assert.isFalse(offer("refused", 10))
        yield* release
        yield* until(() => answers === 1)
        assert.deepStrictEqual(log.queued(), { requests: 0, bytes: 0 })
        assert.deepStrictEqual([offer("a", 300), offer("b", 300), offer("c", 300)], [true, true, false])
        yield* until(() => answers === 3)
        assert.strictEqual(yield* log.count(everything), 3)
      }))

    test("a request larger than a commit is stored whole", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        const before = log.head()
        yield* append(
          log,
          range(2500).map((id) => event(id))
        )
        const positions = (yield* log.read(everything)).map((e) => e.position)
        assert.strictEqual(positions.length, 2500)
        assert.strictEqual(positions[2499]! - positions[0]!, 2499)
        assert.isAbove(positions[0]!, before)
      }))

    test("shutdown finishes what was taken, takes nothing more", (store) =>
      Effect.gen(function* () {
        const { log, end } = yield* launch(store)
        let answered = 0
        for (const id of range(300)) log.offer({ events: [event(id)], receivedAt: noon, done: () => answered++ })
        yield* end
        assert.strictEqual(answered, 300)
        assert.isFalse(log.offer({ events: [event("late")], receivedAt: noon, done: () => {} }))
        const next = yield* launch(store)
        assert.strictEqual((yield* all(next.log)).length, 300)
      }))

    test("a callback that throws does not disturb the other requests of the commit", (store) =>
      Effect.gen(function* () {
        const log = yield* store.open()
        log.offer({ events: [event("bad")], receivedAt: noon, done: throwing })
        assert.strictEqual(yield* append(log, [event("good")]), 0)
        assert.strictEqual(yield* append(log, [event("next")]), 0)
      }))

    test("ING-34: the meter lets a second's worth pass, releases the rest at the rate, and may change at any time", (store) =>
      Effect.gen(function* () {
        let now = noon
        let limit = 100
        const log = yield* store.open({ now: () => now, limit: () => limit })
        let moves = 0
        yield* log.onReleased(() => moves++)
        yield* append(
          log,
          range(250).map((id) => event(id))
        )
        const first = log.head() - 249
        assert.deepStrictEqual([log.held(), log.released(), moves], [150, first + 99, 1])
        now += 500
        yield* until(() => log.held() === 100)
        assert.strictEqual(log.released(), first + 149)
        limit = 0
        yield* until(() => log.held() === 0)
        assert.strictEqual(log.released(), log.head())
        assert.strictEqual(moves, 3)
      }))

    test("ING-34: what was held is held after a restart, and never before a reader's cursor", (store) =>
      Effect.gen(function* () {
        const options = { now: () => noon, limit: () => 10 }
        const one = yield* launch(store, options)
        yield* append(
          one.log,
          range(100).map((id) => event(id))
        )
        assert.strictEqual(one.log.held(), 90)
        yield* one.end
        const first = one.log.head() - 99
        // The restarted meter is full again: ten more.
        const two = yield* launch(store, options)
        assert.deepStrictEqual([two.log.held(), two.log.released()], [80, first + 19])
        yield* two.end
        yield* store.setCursor("reader", first + 49)
        const three = yield* launch(store, options)
        assert.deepStrictEqual([three.log.held(), three.log.released()], [40, first + 59])
      }))

    test("dropOldPartitions drops whole days that are over and that every reader has passed", (store) =>
      Effect.gen(function* () {
        let now = noon
        const log = yield* store.open({ now: () => now })
        const today = Math.floor(noon / day)
        const ends: Array<Position> = []
        for (let n = 0; n < 5; n++) {
          now = noon + n * day
          yield* append(
            log,
            range(3, `day ${n}`).map((id) => event(id))
          )
          ends.push(log.head())
        }
        yield* store.setCursor("fast", ends[4]!)
        yield* store.setCursor("slow", ends[1]! - 1)
        assert.deepStrictEqual(yield* log.dropOldPartitions(10), [])
        assert.deepStrictEqual(yield* log.dropOldPartitions(1), [today], "the slow reader stands in the second day")
        yield* store.setCursor("slow", ends[1]!)
        assert.deepStrictEqual(yield* log.dropOldPartitions(1), [today + 1])
        yield* store.setCursor("slow", ends[4]!)
        assert.deepStrictEqual(yield* log.dropOldPartitions(1), [today + 2], "the day before yesterday, not yesterday")
        assert.strictEqual((yield* all(log)).length, 6)
        assert.deepStrictEqual(yield* log.at([ends[0]!]), [])
        // Dropped, not forgotten: the window is a matter of time, not of what is kept.
        assert.strictEqual(yield* append(log, [event("day 4-0"), event("day 3-0")]), 2)
      }))
  })
}

/** Small linear congruential generator: the same numbers in every run. */
const seeded = (seed: number) => () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
