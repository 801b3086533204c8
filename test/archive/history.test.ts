import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope, Stream } from "effect"
import * as fc from "fast-check"
import { byReplayOrder, type ReceivedRange, type ReplayEvent, type ReplayKey } from "../../src/archive/history.ts"
import type { LogEvent, Position } from "../../src/log/event-log.ts"
import {
  dayMs,
  everything,
  expectTidy,
  idOf,
  ids,
  noon,
  objectsOf,
  plain,
  room,
  type Room,
  type RoomOptions,
  type Sent
} from "../support/archive-room.ts"

const test = (
  name: string,
  options: RoomOptions,
  body: (it: Room) => Effect.Effect<void, unknown, Scope.Scope>
): void => it.live(name, () => Effect.flatMap(room(options), body).pipe(Effect.scoped))

/** Sends, exports and drops in a way; the clock goes from day to day. */
const days = Effect.fnUntraced(function* (
  it: Room,
  sent: ReadonlyArray<{ readonly events: ReadonlyArray<Sent>; readonly exported: boolean; readonly dropped: boolean }>
) {
  const exporter = yield* it.exporter
  yield* exporter.takeOver
  for (const [day, { dropped, events, exported }] of sent.entries()) {
    it.clock.now = noon + day * dayMs
    if (events.length > 0) yield* it.send(events)
    if (exported) yield* exporter.round(true)
    if (dropped) yield* it.log.dropOldPartitions(1)
  }
  return exporter
})

const replay = (it: Room, range: ReceivedRange & { readonly after?: ReplayKey }) =>
  Effect.map(Stream.runCollect(it.history.readByTime(range)), (parts) => parts.flat())
const keyOf = ({ messageId, position, receivedAt, timestamp }: ReplayEvent): ReplayKey => ({
  messageId,
  position,
  receivedAt,
  timestamp
})
const pick = (numbers: Iterator<number>, below: number): number => (numbers.next().value as number) % Math.max(1, below)
const always = { receivedFrom: 0, receivedTo: Number.MAX_SAFE_INTEGER, sources: [1, 2, 3] }

/** What was accepted, by position, as a copy that nothing can drop. */
const remember = (it: Room) =>
  it.sql`create table accepted (like events)`.pipe(
    Effect.andThen(it.sql`create function remember() returns trigger language plpgsql as
      'begin insert into accepted select new.*; return null; end'`),
    Effect.andThen(it.sql`create trigger remember after insert on events for each row execute function remember()`)
  )
const accepted = (it: Room) => it.sql<LogEvent>`
  select pos::float8 as position, source, h::text as hash, body from accepted order by pos`
const timesIn = (event: LogEvent) => {
  const { messageId, receivedAt, timestamp } = JSON.parse(Buffer.from(event.body).toString()) as Record<string, string>
  return { ...event, messageId: messageId!, receivedAt: Date.parse(receivedAt!), timestamp: Date.parse(timestamp!) }
}

describe("History", () => {
  it.live(
    "equals everything that was accepted, whatever was exported and dropped when",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(
              fc.record({
                events: fc.array(
                  fc.record({
                    source: fc.integer({ min: 1, max: 3 }),
                    late: fc.constantFrom(0, 0, 1000, dayMs, 3 * dayMs),
                    padding: fc.constantFrom(0, 700)
                  }),
                  { maxLength: 12 }
                ),
                exported: fc.boolean(),
                dropped: fc.boolean()
              }),
              { minLength: 1, maxLength: 6 }
            ),
            fc.record({
              chunkEvents: fc.integer({ min: 1, max: 6 }),
              cacheBytes: fc.constantFrom(1, 1e6),
              sortBytes: fc.constantFrom(1500, 1e6)
            }),
            fc.infiniteStream(fc.nat()),
            (plan, options, numbers) =>
              Effect.gen(function* () {
                const one = yield* room(options)
                yield* remember(one)
                const sent = plan.map((day, d) => ({
                  ...day,
                  events: day.events.map(({ late, ...event }, n) => ({
                    ...event,
                    id: `${d}-${n}`,
                    timestamp: noon + d * dayMs - late + (n % 2)
                  }))
                }))
                yield* days(one, sent)
                const all = yield* accepted(one)
                const { history } = one
                const head = one.log.head()
                assert.deepStrictEqual((yield* history.read(everything)).map(plain), all.map(plain))
                assert.strictEqual(yield* history.firstPosition, all[0]?.position)
                for (let round = 0; round < 4; round++) {
                  const sources = [[1], [2, 3], [1, 2, 3], [9]][pick(numbers, 4)]!
                  const after = all[pick(numbers, all.length)]?.position ?? 0
                  const upTo = round === 0 ? head : (all[pick(numbers, all.length)]?.position ?? head)
                  const limit = 1 + pick(numbers, 10)
                  const within = all.filter(
                    (it) => it.position > after && it.position <= upTo && sources.includes(it.source)
                  )
                  const query = { after, upTo, limit, sources }
                  assert.deepStrictEqual((yield* history.read(query)).map(plain), within.slice(0, limit).map(plain))
                  assert.strictEqual(yield* history.count(query), Math.min(limit, within.length))
                  const positions = all.map(({ position }) => position).filter((_, n) => (n + round) % 3 === 0)
                  const found = yield* history.at([...positions.toReversed(), 5, head + 1])
                  assert.deepStrictEqual(
                    found.map(plain).sort((a, b) => a.position - b.position),
                    all.filter(({ position }) => positions.includes(position)).map(plain)
                  )
                  const receivedFrom = noon + pick(numbers, 6) * dayMs
                  const range = { receivedFrom, receivedTo: receivedFrom + (1 + pick(numbers, 3)) * dayMs, sources }
                  const expected = all
                    .map(timesIn)
                    .filter((it) => it.receivedAt >= receivedFrom && it.receivedAt < range.receivedTo)
                    .filter((it) => sources.includes(it.source))
                    .sort(byReplayOrder)
                  const replayed = yield* replay(one, range)
                  assert.deepStrictEqual(
                    replayed.map(keyOf),
                    expected.map((it) => keyOf(it))
                  )
                  assert.deepStrictEqual(replayed.map(plain), expected.map(plain))
                  assert.strictEqual(yield* history.countByTime(range), expected.length)
                  const middle = replayed[replayed.length >> 1]
                  if (middle !== undefined) {
                    const rest = yield* replay(one, { ...range, after: keyOf(middle) })
                    assert.deepStrictEqual(rest.map(keyOf), replayed.slice((replayed.length >> 1) + 1).map(keyOf))
                  }
                }
              }).pipe(Effect.scoped, Effect.runPromise)
          ),
          { numRuns: 25 }
        )
      ),
    300_000
  )

  test("reads page by page over the seam between archive and log", { chunkEvents: 4 }, (it) =>
    Effect.gen(function* () {
      yield* days(
        it,
        [0, 1, 2, 3, 4].map((day) => ({
          events: ids(10, `d${day}`).map((id) => ({ id })),
          exported: day === 2,
          dropped: day === 4
        }))
      )
      assert.isBelow((yield* it.log.read(everything)).length, 50)
      const found: Array<string> = []
      for (let after: Position = 0; ;) {
        const page = yield* it.history.read({ ...everything, after, limit: 3 })
        if (page.length === 0) break
        found.push(...page.map(idOf))
        after = page.at(-1)!.position
      }
      assert.deepStrictEqual(
        found,
        [0, 1, 2, 3, 4].flatMap((day) => ids(10, `d${day}`))
      )
    })
  )

  test(
    "IDR-134: a late event with an old timestamp is replayed first, and what came later stays out",
    { chunkEvents: 2 },
    (it) =>
      Effect.gen(function* () {
        yield* days(it, [
          { events: ids(3, "a").map((id, n) => ({ id, timestamp: noon - n })), exported: true, dropped: false },
          { events: [{ id: "b" }, { id: "late", timestamp: noon - 30 * dayMs }], exported: true, dropped: false },
          { events: [{ id: "c" }], exported: false, dropped: true }
        ])
        const upTo = it.log.head()
        yield* it.send([{ id: "meanwhile", timestamp: noon - 40 * dayMs }])
        const replayed = yield* replay(it, { ...always, upTo })
        assert.deepStrictEqual(replayed.map(idOf), ["late", "a-2", "a-1", "a-0", "b", "c"])
        assert.strictEqual(yield* it.history.countByTime({ ...always, upTo }), 6)
      })
  )

  test(
    "sorts on disk what does not fit, in pages, and takes no more memory than allowed",
    { sortBytes: 20_000 },
    (it) =>
      Effect.gen(function* () {
        const events = ids(2500, "e").map((id, n) => ({ id, padding: 200, timestamp: noon - ((n * 7919) % 2503) }))
        for (let n = 0; n < events.length; n += 500) yield* it.send(events.slice(n, n + 500))
        const parts = yield* Stream.runCollect(it.history.readByTime(always))
        assert.deepStrictEqual(
          parts.map((part) => part.length),
          [1000, 1000, 500]
        )
        const times = parts.flat().map(({ timestamp }) => timestamp)
        assert.deepStrictEqual(
          times,
          times.toSorted((a, b) => a - b)
        )
      })
  )

  const asked: ReadonlyArray<readonly [string, (it: Room) => Effect.Effect<unknown, unknown>, unknown]> = [
    ["read", (it) => Effect.map(it.history.read(everything), (events) => events.length), 10],
    ["counted", (it) => it.history.count(everything), 10],
    ["found", (it) => Effect.map(it.history.at([it.log.head() - 9]), (events) => events.map(idOf)), ["e-0"]],
    ["replayed", (it) => Effect.map(replay(it, always), (events) => events.length), 10],
    ["counted by time", (it) => it.history.countByTime({ ...always, receivedFrom: noon + 1 }), 0]
  ]
  for (const [what, ask, expected] of asked) {
    test(`a day that the log drops at the very moment is ${what} all the same`, { chunkEvents: 4 }, (it) =>
      Effect.gen(function* () {
        yield* days(it, [{ events: ids(10, "e").map((id) => ({ id })), exported: true, dropped: false }])
        it.clock.now = noon + 5 * dayMs
        let dropped = 0
        it.faults.logRead = Effect.suspend(() =>
          dropped > 0
            ? Effect.void
            : Effect.orDie(Effect.map(it.log.dropOldPartitions(1), (days) => void (dropped = days.length)))
        )
        assert.deepStrictEqual(yield* ask(it), expected)
        if (what !== "counted by time") assert.isAbove(dropped, 0)
      })
    )
  }

  const damages: ReadonlyArray<readonly [string, (it: Room, object: string) => Effect.Effect<void, unknown>, RegExp]> =
    [
      ["missing", (it, object) => it.objects.delete(object), /is missing/],
      ["empty", (it, object) => it.objects.put(object, new Uint8Array(0)), /0 bytes with SHA-256/],
      [
        "changed in one bit",
        (it, object) =>
          Effect.flatMap(it.objects.get(object), (bytes) =>
            it.objects.put(
              object,
              bytes.map((byte, n) => (n === bytes.length - 2 ? byte ^ 1 : byte))
            )
          ),
        /SHA-256/
      ]
    ]
  for (const [what, damage, reason] of damages) {
    test(`a chunk that is ${what} is an error that names it, never a gap`, { chunkEvents: 2 }, (it) =>
      Effect.gen(function* () {
        yield* days(it, [
          { events: ids(6, "a").map((id) => ({ id })), exported: true, dropped: false },
          { events: [], exported: false, dropped: false },
          { events: [], exported: false, dropped: true }
        ])
        const positions = (yield* it.sql<{
          last: number
        }>`select last_pos::float8 as last from archive_chunks order by 1`).map(({ last }) => last)
        const [, object] = yield* objectsOf(it)
        yield* damage(it, object!)
        const reads = [
          it.history.read(everything),
          it.history.at([positions[1]!]),
          it.history.count({ ...everything, after: positions[1]! - 1 }),
          replay(it, always),
          it.history.erase([positions[1]!])
        ]
        for (const read of reads) {
          const error = yield* Effect.flip<unknown, { readonly _tag: string; readonly message: string }, never>(read)
          assert.strictEqual(error._tag, "ArchiveDamaged")
          assert.include(error.message, `"${object}" in folder`)
          assert.match(error.message, reason)
          assert.include(error.message, "Restore this object from a backup")
        }
        // What does not need it is read.
        assert.deepStrictEqual((yield* it.history.read({ ...everything, upTo: positions[0]! })).map(idOf), [
          "a-0",
          "a-1"
        ])
        assert.deepStrictEqual((yield* it.history.at([positions[2]!])).map(idOf), ["a-5"])
      })
    )
  }
})

/** Four chunks of three events, the log's copies dropped when `dropped`. */
const filled = (it: Room, dropped: boolean) =>
  Effect.gen(function* () {
    const empty = { events: [], exported: false, dropped }
    const exporter = yield* days(it, [
      { events: ids(12, "e").map((id) => ({ id })), exported: true, dropped: false },
      empty,
      empty
    ])
    const all = yield* it.history.read(everything)
    return { exporter, all, positions: all.map(({ position }) => position) }
  })
const left = (it: Room) => Effect.map(it.history.read(everything), (events) => events.map(idOf))

describe("IDR-162: erasure", () => {
  const tidy = Effect.fnUntraced(function* (it: Room) {
    const { expected, found, manifests, rows } = yield* expectTidy(it)
    assert.deepStrictEqual(found, expected)
    assert.deepStrictEqual(manifests, rows)
  })

  for (const dropped of [false, true]) {
    test(
      `removes events from ${dropped ? "the archive" : "archive and log"}, and again without effect`,
      { chunkEvents: 3 },
      (it) =>
        Effect.gen(function* () {
          const { exporter, positions } = yield* filled(it, dropped)
          // One of the first chunk, all of the second, the last of the fourth, and one that never was.
          const gone = [0, 3, 4, 5, 11]
          const erase = it.history.erase([...gone.map((n) => positions[n]!), 77])
          const expected = ids(12, "e").filter((_, n) => !gone.includes(n))
          for (let time = 0; time < 2; time++) {
            yield* erase
            assert.deepStrictEqual(yield* left(it), expected)
            assert.deepStrictEqual((yield* it.history.at(positions)).map(idOf).sort(), expected.toSorted())
            assert.strictEqual(yield* it.history.count(everything), 7)
            assert.strictEqual(yield* it.history.countByTime(always), 7)
            yield* tidy(it)
          }
          // The archive goes on where it was.
          yield* it.send([{ id: "next" }])
          yield* exporter.round(true)
          assert.deepStrictEqual(yield* left(it), [...expected, "next"])
          yield* tidy(it)
        })
    )
  }

  for (const at of ["before chunk", "after chunk", "before manifest", "after manifest"]) {
    test(`that crashes ${at} is finished by asking again`, { chunkEvents: 3 }, (it) =>
      Effect.gen(function* () {
        const { exporter, positions } = yield* filled(it, true)
        let hits = 0
        it.faults.crash = (step) => step === at && ++hits === 1
        const exit = yield* Effect.exit(it.history.erase([positions[1]!, positions[7]!]))
        assert.strictEqual(exit._tag, "Failure")
        it.faults.crash = () => false
        const before = yield* left(it)
        assert.isAtLeast(before.length, 10, "nothing else is gone")
        yield* it.history.erase([positions[1]!, positions[7]!])
        yield* exporter.clean
        assert.deepStrictEqual(
          yield* left(it),
          ids(12, "e").filter((id) => id !== "e-1" && id !== "e-7")
        )
        yield* tidy(it)
      })
    )
  }

  test("of events that are being exported leaves them in neither", { chunkEvents: 100 }, (it) =>
    Effect.gen(function* () {
      yield* it.send(ids(5, "e").map((id) => ({ id })))
      const [, second] = yield* it.log.read(everything)
      const exporter = yield* it.exporter
      yield* exporter.takeOver
      // The chunk is stored, its row not yet written: now comes the erasure.
      let erased = false
      it.faults.between = Effect.suspend(() => {
        if (erased) return Effect.void
        erased = true
        return Effect.orDie(it.history.erase([second!.position]))
      })
      yield* exporter.round(true)
      assert.isTrue(erased)
      assert.deepStrictEqual(yield* left(it), ["e-0", "e-2", "e-3", "e-4"])
      const rows = yield* it.sql<{ events: number }>`select events from archive_chunks`
      assert.deepStrictEqual(
        rows.map(({ events }) => events),
        [4]
      )
      assert.lengthOf(yield* objectsOf(it), 2)
      yield* tidy(it)
    })
  )

  test("beside cleaning and readers disturbs neither", { chunkEvents: 3, cacheBytes: 1 }, (it) =>
    Effect.gen(function* () {
      const { exporter, positions } = yield* filled(it, true)
      const erase = Effect.forEach(
        positions.filter((_, n) => n % 2 === 0),
        (position) => it.history.erase([position])
      )
      const clean = Effect.repeat(exporter.clean, { times: 20 })
      const kept = positions.filter((_, n) => n % 2 === 1)
      const read = Effect.repeat(
        Effect.map(it.history.read(everything), (events) => {
          const found = new Set(events.map(({ position }) => position))
          assert.isTrue(kept.every((position) => found.has(position)))
        }),
        { times: 40 }
      )
      yield* Effect.all([erase, clean, read], { concurrency: 3 })
      yield* exporter.clean
      assert.deepStrictEqual(
        yield* left(it),
        ids(12, "e").filter((_, n) => n % 2 === 1)
      )
      yield* tidy(it)
    })
  )
})
