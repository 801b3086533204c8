/** Raw logs (RAW-1 to RAW-7, DST-115) on a real log and archive, into a folder and a real S3 server. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, type Scope } from "effect"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { folderObjectStore } from "../../src/archive/object-folder.ts"
import { s3ObjectStore } from "../../src/archive/object-s3.ts"
import { ObjectStore, ObjectStoreFailed } from "../../src/archive/object-store.ts"
import { noteRawLogErasures } from "../../src/destinations/raw-logs/erase.ts"
import { makeRawLog, type RawLogOptions } from "../../src/destinations/raw-logs/reader.ts"
import { Crash, dayMs, idOf, ids, noon, room, type Room, type Sent } from "../support/archive-room.ts"
import { freshBucket, s3IsThere } from "../support/s3.ts"

/** One log for all tests: each begins behind what the others sent, with message ids of its own. */
class Shared extends Context.Service<Shared, Room>()("braid/test/RawLogRoom") {}
let tests = 0

const destination = { no: 7, source: 1, sourceId: "src_web" }

interface Setting {
  readonly it: Room
  /** What the message ids of this test begin with. */
  readonly prefix: string
  readonly objects: ObjectStore["Service"]
  /** A process; `crash` is asked before and after each put. */
  readonly process: (options?: RawLogOptions) => ReturnType<typeof makeRawLog>
  readonly faults: { crash: (step: string) => boolean; away: boolean }
  readonly send: (events: ReadonlyArray<Sent>) => Effect.Effect<void>
}

const setting = (
  it: Room,
  store: Layer.Layer<ObjectStore, ObjectStoreFailed>
): Effect.Effect<Setting, ObjectStoreFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-raw-logs-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    yield* it.sql`truncate raw_logs, raw_log_files, raw_log_erasures, delivery_fresh`.pipe(Effect.orDie)
    const prefix = `${++tests}:`
    const objects = yield* Effect.provideContext(ObjectStore, yield* Layer.build(store))
    const faults: Setting["faults"] = { crash: () => false, away: false }
    const step = (at: string) => Effect.suspend(() => (faults.crash(at) ? Effect.die(new Crash({ at })) : Effect.void))
    const away = new ObjectStoreFailed({ operation: "put", key: "", place: "S3", reason: "away", advice: "Wait." })
    const faulty = ObjectStore.of({
      ...objects,
      put: (key, content) =>
        faults.away
          ? Effect.fail(away)
          : step("before").pipe(Effect.andThen(objects.put(key, content)), Effect.andThen(step("after")))
    })
    return {
      it,
      objects,
      faults,
      prefix,
      send: (events) => it.send(events.map((event) => ({ ...event, id: `${prefix}${event.id}` }))),
      process: (options) =>
        makeRawLog(
          { sql: it.sql, log: it.log, history: it.history, objects: faulty, folder: join(folder, "open"), destination },
          options
        )
    }
  })

const listed = ({ objects }: Setting) =>
  Effect.map(objects.list({ prefix: "segment-logs/" }), ({ objects: found }) => found.map(({ key }) => key))

/** Message ids by file, in order. */
const contents = Effect.fnUntraced(function* (at: Setting) {
  const files: Record<string, ReadonlyArray<string>> = {}
  for (const key of yield* listed(at)) {
    const text = gunzipSync(yield* at.objects.get(key)).toString()
    assert.isTrue(text.endsWith("\n"))
    files[key] = text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { messageId: string }).messageId.replace(at.prefix, ""))
  }
  return files
})
const allOf = (at: Setting) => Effect.map(contents(at), (files) => Object.values(files).flat())

const named = (names: ReadonlyArray<string>, more: Partial<Sent> = {}) => names.map((id) => ({ id, ...more }))

type Store = Effect.Effect<Layer.Layer<ObjectStore, ObjectStoreFailed>, never, Scope.Scope>

const stores: Readonly<Record<"folder" | "bucket", Store>> = {
  folder: Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "braid-raw-logs-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ).pipe(Effect.map((path) => folderObjectStore(path))),
  bucket: Effect.map(freshBucket, (options) => s3ObjectStore({ ...options, prefix: "path/prefix" }))
}

layer(Layer.effect(Shared, room()), { excludeTestServices: true, timeout: "60 seconds" })("raw logs", (it) => {
  const test = (
    title: string,
    body: (at: Setting) => Effect.Effect<void, unknown, Scope.Scope>,
    place: keyof typeof stores = "folder"
  ): void =>
    it.effect.skipIf(place === "bucket" && !s3IsThere)(`${title} (${place})`, () =>
      Effect.gen(function* () {
        yield* body(yield* setting(yield* Shared, yield* stores[place]))
      }).pipe(Effect.scoped)
    )
  const everywhere = (title: string, body: Parameters<typeof test>[1]): void => {
    test(title, body)
    test(title, body, "bucket")
  }

  everywhere("AC6-59, AC6-69: from switching on, by day of receipt, every message of the source once", (at) =>
    Effect.gen(function* () {
      const midnight = noon + dayMs / 2
      yield* at.send(named(["before"]))
      const log = at.process()
      yield* log.round(true)
      yield* at.send(named(["a", "b"], { receivedAt: midnight - 1000 }))
      yield* at.send(named(["c"], { receivedAt: midnight }))
      yield* at.send(named(["other"], { source: 2, receivedAt: midnight }))
      // Late: it still lies in the file of its day.
      yield* at.send(named(["d"], { receivedAt: midnight - 1 }))
      yield* log.round(true, true)
      const files = yield* contents(at)
      const folders = Object.keys(files).map((key) => key.split("/").slice(0, 3).join("/"))
      assert.deepStrictEqual(folders, [`segment-logs/src_web/${midnight - dayMs}`, `segment-logs/src_web/${midnight}`])
      assert.deepStrictEqual(Object.values(files), [["a", "b", "d"], ["c"]])
      assert.match(Object.keys(files)[0]!, new RegExp(`/${midnight - 1000}\\.${midnight - 1}\\.0\\.[0-9a-f]{8}\\.gz$`))
      const rows = yield* at.it.sql<{
        key: string
        events: number
        bytes: number
      }>`select key, events, bytes::float8 as bytes from raw_log_files order by key`
      const { objects } = yield* at.objects.list({ prefix: "segment-logs/" })
      assert.deepStrictEqual(
        rows,
        objects.map(({ bytes, key }) => ({ key, events: files[key]!.length, bytes }))
      )
    })
  )

  everywhere("a kill at any step, and everything is there once, under the names of a run without", (at) =>
    Effect.gen(function* () {
      const midnight = noon + dayMs / 2
      const send = Effect.gen(function* () {
        yield* at.send(named(ids(5, "old"), { receivedAt: midnight - 5 }))
        yield* at.send(named(ids(5, "new"), { receivedAt: midnight + 5 }))
      })
      yield* at.process().round(true)
      yield* send
      for (let kill = 0; ; kill++) {
        let steps = 0
        at.faults.crash = () => steps++ === kill
        const ended = yield* Effect.exit(at.process().round(true, true))
        at.faults.crash = () => false
        // What comes meanwhile must not change the names of what was begun.
        if (kill === 0) yield* at.send(named(["later"], { receivedAt: midnight + 6 }))
        if (ended._tag === "Success") break
      }
      yield* at.process().round(true, true)
      const files = yield* contents(at)
      assert.deepStrictEqual(
        Object.values(files).map((found) => found.length),
        [5, 5, 1]
      )
      assert.deepStrictEqual((yield* allOf(at)).toSorted(), [...ids(5, "new"), ...ids(5, "old"), "later"].toSorted())
      assert.deepStrictEqual(yield* at.it.sql`select planned from raw_logs`, [{ planned: null }])
      const [counted] = yield* at.it.sql<{
        n: number
      }>`select sum(n)::int as n from delivery_fresh where destination = 7`
      assert.strictEqual(counted!.n, 11, "and counted once")
    })
  )

  everywhere("RAW-7: erased messages leave their files, also while those are being filled or stored", (at) =>
    Effect.gen(function* () {
      const log = at.process()
      yield* log.round(true)
      const receivedAt = Date.now()
      yield* at.send(named(["a1", "b1", "a2"], { receivedAt }))
      yield* log.round(true, true)
      const [key] = yield* listed(at)
      yield* at.send(named(["a3", "b2"], { receivedAt }))
      // In a file on disk, not stored.
      yield* log.round(true)
      const all = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: 1000, sources: [1] }
      const events = (yield* at.it.history.read(all)).filter((event) => idOf(event).startsWith(at.prefix))
      const gone = events.filter((event) => idOf(event).startsWith(`${at.prefix}a`))
      assert.strictEqual(gone.length, 3)
      yield* noteRawLogErasures(at.it.sql, gone)
      yield* at.it.history.erase(gone.map(({ position }) => position))
      yield* log.round(true)
      assert.deepStrictEqual(yield* contents(at), { [key!]: ["b1"] })
      yield* log.round(true, true)
      assert.deepStrictEqual((yield* allOf(at)).toSorted(), ["b1", "b2"])
      assert.deepStrictEqual(yield* at.it.sql`select * from raw_log_erasures`, [])
      // A file that has nothing else goes, also while the destination is switched off.
      yield* log.round(false)
      yield* noteRawLogErasures(
        at.it.sql,
        events.filter((event) => !gone.includes(event))
      )
      yield* log.round(false)
      assert.deepStrictEqual(yield* listed(at), [])
      assert.deepStrictEqual(yield* at.it.sql`select * from raw_log_files`, [])
    })
  )

  test("RAW-2: a file ends with its size, with its age and with its day", (at) =>
    Effect.gen(function* () {
      const now = Date.now()
      const today = Math.floor(now / dayMs) * dayMs
      const log = at.process({ fileBytes: 1000, closeAfterMs: 60_000 })
      yield* log.round(true)
      yield* at.send(named(["young"], { receivedAt: now }))
      yield* log.round(true)
      assert.deepStrictEqual(yield* listed(at), [], "it is young and small")
      yield* at.send(named(["yesterday"], { receivedAt: today - 1 }))
      yield* log.round(true)
      // Just after midnight what is late may still come.
      const expected = now < today + 60_000 ? 0 : 2
      assert.strictEqual((yield* listed(at)).length, expected)
      yield* at.send(named(["old"], { receivedAt: now - 61_000 }))
      yield* log.round(true)
      const before = (yield* listed(at)).length
      assert.isAbove(before, expected)
      // Noise that does not compress, more than the compressor keeps to itself.
      yield* at.send(
        ids(60, randomBytes(5000).toString("hex")).map((id) => ({
          id: `${id}${randomBytes(5000).toString("hex")}`,
          receivedAt: now
        }))
      )
      yield* log.round(true)
      assert.isAbove((yield* listed(at)).length, before)
      yield* log.round(true, true)
      assert.strictEqual((yield* allOf(at)).length, 63)
    }))

  test("DST-4: what is switched off gets what came before, and nothing of what comes until it is switched on", (at) =>
    Effect.gen(function* () {
      const log = at.process()
      yield* log.round(false)
      yield* at.send(named(["never"]))
      yield* log.round(true)
      yield* at.send(named(["on"]))
      yield* log.round(false)
      assert.deepStrictEqual(yield* allOf(at), ["on"])
      yield* at.send(named(["off"]))
      yield* log.round(false, true)
      yield* log.round(true, true)
      yield* at.send(named(["again"]))
      yield* log.round(true, true)
      assert.deepStrictEqual((yield* allOf(at)).toSorted(), ["again", "on"])
    }))

  test("a bucket that is away is waited for; what is switched off meanwhile ends all the same", (at) =>
    Effect.gen(function* () {
      const log = at.process()
      yield* log.round(true)
      yield* at.send(named(["a"]))
      at.faults.away = true
      assert.strictEqual((yield* Effect.flip(log.round(true, true)))._tag, "ObjectStoreFailed")
      assert.deepStrictEqual(yield* at.it.sql`select active, error is not null as failed from raw_logs`, [
        { active: true, failed: true }
      ])
      at.faults.away = false
      yield* log.round(true)
      assert.deepStrictEqual(yield* allOf(at), ["a"])
      assert.deepStrictEqual(yield* at.it.sql`select error from raw_logs`, [{ error: null }])
      yield* at.send(named(["b"]))
      at.faults.away = true
      yield* log.round(false)
      assert.deepStrictEqual(yield* at.it.sql`select active, planned from raw_logs`, [{ active: false, planned: null }])
    }))

  test("who lost its place to another process changes nothing", (at) =>
    Effect.gen(function* () {
      const [first, second] = [at.process(), at.process()]
      yield* first.round(true)
      yield* second.round(true)
      yield* at.send(named(["a"]))
      assert.strictEqual((yield* Effect.flip(first.round(true, true)))._tag, "RawLogFenced")
      yield* second.round(true, true)
      assert.deepStrictEqual(yield* allOf(at), ["a"])
    }))
})
