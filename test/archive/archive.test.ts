import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope, Stream } from "effect"
import { s3ObjectStore } from "../../src/archive/object-s3.ts"
import { positionsPerDay } from "../../src/log/event-log.ts"
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
  type RoomOptions
} from "../support/archive-room.ts"
import { freshBucket, s3IsThere } from "../support/s3.ts"

const test = (
  name: string,
  options: RoomOptions,
  body: (it: Room) => Effect.Effect<void, unknown, Scope.Scope>
): void => it.live(name, () => Effect.flatMap(room(options), body).pipe(Effect.scoped))

const tidy = Effect.fnUntraced(function* (it: Room) {
  const { expected, found, manifests, rows } = yield* expectTidy(it)
  assert.deepStrictEqual(found, expected)
  assert.deepStrictEqual(manifests, rows)
  return rows
})
const cursorOf = ({ sql }: Room) =>
  Effect.map(sql<{ pos: number }>`select pos::float8 as pos from cursors where reader = 'archive'`, ([row]) => row!.pos)

/** Three days of events from two sources; the clock ends three days later. */
const threeDays = Effect.fnUntraced(function* (it: Room, perDay = 10) {
  for (let day = 0; day < 3; day++) {
    it.clock.now = noon + day * dayMs
    yield* it.send(ids(perDay, `d${day}`).map((id, n) => ({ id, source: 1 + (n % 2) })))
  }
  it.clock.now = noon + 5 * dayMs
})

describe("the archive's exporter", () => {
  test(
    "waits for enough events, for their age or for the end of their day",
    { chunkEvents: 4, closeAfterMs: 1000 },
    (it) =>
      Effect.gen(function* () {
        // Arrived just now by the clock of this machine, which ages them.
        const exporter = yield* it.exporter
        yield* exporter.takeOver
        it.clock.now = Date.now() + 60_000
        yield* it.send(ids(3, "young").map((id) => ({ id })))
        assert.strictEqual(yield* exporter.round(), 0)
        assert.deepStrictEqual(yield* objectsOf(it), [])
        yield* it.send(ids(3, "more").map((id) => ({ id })))
        assert.strictEqual(yield* exporter.round(), it.log.head() - 2, "one chunk of four is full")
        yield* it.send([{ id: "old", receivedAt: 1000 }])
        assert.strictEqual(yield* exporter.round(), it.log.head() - 3, "the oldest is young")
        yield* exporter.round(true)
        yield* it.send([{ id: "first and old", receivedAt: 1000 }, { id: "second" }])
        assert.strictEqual(yield* exporter.round(), it.log.head())
        yield* it.send([{ id: "late at night" }])
        assert.strictEqual(yield* exporter.round(), it.log.head() - 1)
        it.clock.now += dayMs
        yield* it.send([{ id: "next morning" }])
        assert.strictEqual(
          Math.floor((yield* exporter.round()) / positionsPerDay),
          Math.floor(it.log.head() / positionsPerDay) - 1
        )
        yield* tidy(it)
      })
  )

  test(
    "cuts chunks at bytes, at events and at midnight, in order, without a gap",
    { chunkBytes: 3000, chunkEvents: 7 },
    (it) =>
      Effect.gen(function* () {
        for (let day = 0; day < 2; day++) {
          it.clock.now = noon + day * dayMs
          yield* it.send(ids(20, `s${day}`).map((id) => ({ id })))
          yield* it.send(ids(6, `l${day}`).map((id) => ({ id, padding: 1200 })))
          yield* it.send([{ id: `larger than a chunk ${day}`, padding: 9000 }])
        }
        const exporter = yield* it.exporter
        yield* exporter.takeOver
        yield* exporter.round(true)
        const rows = yield* tidy(it)
        assert.strictEqual(
          rows.reduce((sum, row) => sum + row.events, 0),
          54
        )
        assert.isAbove(rows.length, 10)
        for (const row of rows) {
          assert.isAtMost(row.events, 7)
          assert.strictEqual(row.events, row.last - row.first + 1)
          assert.strictEqual(Math.floor(row.first / positionsPerDay), Math.floor(row.last / positionsPerDay))
        }
        assert.strictEqual(yield* cursorOf(it), it.log.head())
      })
  )

  test("tells in the manifest what a reader without Braid needs", {}, (it) =>
    Effect.gen(function* () {
      yield* it.sql`insert into sources (id) values ('src_web'), ('src_app')`
      yield* it.send([
        { id: "a", source: 1, timestamp: noon - 1000 },
        { id: "b", source: 2, receivedAt: noon + 5 },
        { id: "c", source: 2 }
      ])
      const exporter = yield* it.exporter
      yield* exporter.takeOver
      yield* exporter.round(true)
      const [row] = yield* tidy(it)
      const manifest = JSON.parse(Buffer.from(yield* it.objects.get("events/2026-03-10/manifest.json")).toString())
      const { bytes, sha256, ...chunk } = manifest.chunks[0]
      assert.deepStrictEqual(
        { ...manifest, chunks: [chunk] },
        {
          format: "braid-archive-1",
          day: "2026-03-10",
          events: 3,
          sources: { 1: "src_web", 2: "src_app" },
          chunks: [
            {
              object: row!.object,
              events: 3,
              first: row!.first,
              last: row!.last,
              receivedAt: ["2026-03-10T12:00:00.000Z", "2026-03-10T12:00:00.005Z"],
              timestamp: ["2026-03-10T11:59:59.000Z", "2026-03-10T12:00:00.005Z"],
              sources: { 1: 1, 2: 2 }
            }
          ]
        }
      )
      assert.match(sha256, /^[0-9a-f]{64}$/)
      assert.strictEqual((yield* it.objects.head(row!.object))!.bytes, bytes)
    })
  )

  const crashes = ["before chunk", "after chunk", "before manifest", "after manifest"]
  for (const at of crashes) {
    for (const nth of [1, 3]) {
      test(`a crash ${at} ${nth} loses nothing and doubles nothing`, { chunkEvents: 4 }, (it) =>
        Effect.gen(function* () {
          yield* threeDays(it)
          const log = (yield* it.log.read(everything)).map(plain)
          const exporter = yield* it.exporter
          yield* exporter.takeOver
          let left = nth
          it.faults.crash = (step) => step === at && --left === 0
          const exit = yield* Effect.exit(exporter.round(true))
          assert.strictEqual(exit._tag, "Failure")
          it.faults.crash = () => false
          // Whatever was reached, the log may not lose what the archive does not have.
          yield* it.log.dropOldPartitions(1)
          assert.deepStrictEqual((yield* it.history.read(everything)).map(plain), log)

          const next = yield* it.exporter
          yield* next.takeOver
          yield* next.round(true)
          yield* tidy(it)
          assert.strictEqual(yield* cursorOf(it), it.log.head())
          assert.isNotEmpty(yield* it.log.dropOldPartitions(1))
          assert.deepStrictEqual((yield* it.history.read(everything)).map(plain), log)
        })
      )
    }
  }

  test("a process that was taken over from writes nothing more", {}, (it) =>
    Effect.gen(function* () {
      yield* it.send(ids(5, "a").map((id) => ({ id })))
      const paused = yield* it.exporter
      yield* paused.takeOver
      const next = yield* it.exporter
      yield* next.takeOver
      yield* it.send(ids(5, "b").map((id) => ({ id })))
      const error = yield* Effect.flip(paused.round(true))
      assert.strictEqual(error._tag, "ArchiveFenced")
      assert.strictEqual((yield* Effect.flip(paused.clean))._tag, "ArchiveFenced")
      yield* next.round(true)
      yield* next.clean
      const rows = yield* tidy(it)
      assert.deepStrictEqual(
        rows.map(({ events }) => events),
        [10]
      )
    })
  )

  const foreign: ReadonlyArray<readonly [string, (it: Room) => Effect.Effect<unknown, unknown>, RegExp]> = [
    ["is another one's", (it) => it.objects.put("archive.json", Buffer.from('{"id":"other"}')), /of another database/],
    ["holds what nobody can tell", (it) => it.objects.put("archive.json", Buffer.from("?")), /of another database/],
    ["was exchanged", (it) => it.objects.delete("archive.json"), /which has chunks elsewhere/],
    [
      "was used by a database that is gone",
      (it) =>
        Effect.all([
          it.sql`delete from archive_id`,
          it.sql`delete from archive_chunks`,
          it.objects.delete("archive.json")
        ]),
      /chunks that this database does not know/
    ]
  ]
  for (const [what, change, reason] of foreign) {
    test(`a store that ${what} is left alone`, {}, (it) =>
      Effect.gen(function* () {
        yield* it.send([{ id: "a" }])
        const exporter = yield* it.exporter
        yield* exporter.takeOver
        yield* exporter.round(true)
        const before = yield* objectsOf(it)
        yield* change(it)
        const error = yield* Effect.flip((yield* it.exporter).takeOver)
        assert.strictEqual(error._tag, "ObjectStoreFailed")
        assert.match(error.message, reason)
        assert.match(error.message, /in folder .*Nothing was changed.*BRAID_ARCHIVE_DIR/)
        assert.deepStrictEqual(yield* objectsOf(it), before)
      })
    )
  }

  test("BRAID_ARCHIVE_RETENTION_DAYS: days that ended earlier go, with their objects", {}, (it) =>
    Effect.gen(function* () {
      const today = Math.floor(Date.now() / dayMs)
      for (const day of [today - 12, today - 5, today - 4, today]) {
        it.clock.now = day * dayMs + 1000
        yield* it.send([{ id: `day ${day}` }])
      }
      const exporter = yield* it.exporter
      yield* exporter.takeOver
      yield* exporter.round(true)
      yield* it.log.dropOldPartitions(1)
      assert.deepStrictEqual(yield* exporter.dropOld(4), [today - 12, today - 5])
      assert.deepStrictEqual(yield* exporter.dropOld(4), [])
      yield* tidy(it)
      assert.deepStrictEqual((yield* it.history.read(everything)).map(idOf), [`day ${today - 4}`, `day ${today}`])
      assert.strictEqual(yield* exporter.round(true), it.log.head())
    })
  )
})

/** Export, drop, read: nothing is missing and nothing is there twice. */
const endToEnd = (it: Room) =>
  Effect.gen(function* () {
    yield* threeDays(it)
    const log = yield* it.log.read(everything)
    assert.deepStrictEqual(yield* it.log.dropOldPartitions(1), [], "the archive has nothing yet")
    const exporter = yield* it.exporter
    yield* exporter.takeOver
    yield* exporter.round()
    assert.include(yield* it.log.dropOldPartitions(1), Math.floor(noon / dayMs) + 2)
    assert.deepStrictEqual(yield* it.log.read(everything), [])

    assert.deepStrictEqual((yield* it.history.read(everything)).map(plain), log.map(plain))
    const positions = log.map(({ position }) => position)
    const found = yield* it.history.at([...positions, 1, positions[0]!])
    assert.deepStrictEqual(
      found.map(plain).sort((a, b) => a.position - b.position),
      log.map(plain)
    )
    assert.strictEqual(yield* it.history.firstPosition, positions[0])
    assert.strictEqual(yield* it.history.count({ ...everything, sources: [1] }), 15)
    const range = { receivedFrom: noon + dayMs, receivedTo: noon + 2 * dayMs, sources: [1, 2] }
    const replayed = yield* Stream.runCollect(it.history.readByTime(range))
    assert.deepStrictEqual(replayed.flat().map(idOf), ids(10, "d1"))
    assert.strictEqual(yield* it.history.countByTime(range), 10)
  })

describe("retention end to end", () => {
  test("what the log has dropped is still read, found, counted and replayed", { chunkEvents: 4 }, endToEnd)

  it.live.runIf(s3IsThere)("the same with an archive in S3", () =>
    Effect.gen(function* () {
      const store = s3ObjectStore(yield* freshBucket)
      yield* endToEnd(yield* room({ chunkEvents: 4, store }))
    }).pipe(Effect.scoped)
  )
})
