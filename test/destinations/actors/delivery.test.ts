import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schedule, Scope } from "effect"
import { storedSteps } from "../../../src/delivery/steps.ts"
import { DeliveryActors } from "../../../src/destinations/actors/actors.ts"
import { Database } from "../../../src/platform/database.ts"
import { Suppressions } from "../../../src/workspace/suppressions.ts"
import { all, counts, Given, jobs, process, send, settled, stores, until } from "../../support/delivery.ts"
import { delivered, failed, mapping, webhook } from "./world.ts"

const to = (no: number, other = {}) => webhook({ id: `dst_${no}`, no, name: `Webhook ${no}`, ...other })

/** Starts from nothing: no configuration, no counts. */
const clean = Effect.gen(function* () {
  const world = yield* Given
  const { write: sql } = yield* Database
  world.set()
  world.calls.length = 0
  world.stored.length = 0
  world.answers.clear()
  for (const table of ["delivery_fresh", "delivery_jobs"]) yield* sql`delete from ${sql(table)}`
  yield* sql`delete from cursors where reader like 'destination:%'`
  return world
})

const registered = (...nos: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const readers = nos.map((no) => `destination:${no}`)
    yield* until(
      Effect.map(
        sql<{ reader: string }>`select reader from cursors where reader like 'destination:%' and epoch > 0`,
        (rows) => readers.every((reader) => rows.some((row) => row.reader === reader))
      )
    )
  })

/** One that a test can end. */
const start = (options = {}, settings = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(process(options, settings), scope)
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    return { stop: Scope.close(scope, Exit.void), context }
  })

const summary = Effect.map(counts, (rows) =>
  rows.map(
    ({ attempts, code, destination, n, step }) => `${destination} ${storedSteps[step]} ${code} ${attempts}: ${n}`
  )
)

layer(stores, { excludeTestServices: true, timeout: "30 seconds" })("delivery", (it) => {
  it.effect("every event of its source, once, in the order of each user; counted with the cursor", () =>
    Effect.gen(function* () {
      const world = yield* clean
      world.set(to(1), to(2, { mappings: [mapping("a"), mapping("b")] }), to(3, { source: 2 }))
      yield* start()
      yield* registered(1, 2, 3)
      const messages = Array.from({ length: 200 }, (_, n) => ({ messageId: `first-${n}`, userId: `u${n % 7}` }))
      yield* send(...messages)
      yield* settled
      const ids = messages.map(({ messageId }) => messageId)
      assert.deepStrictEqual(world.told("dst_1").toSorted(), ids.toSorted())
      assert.deepStrictEqual(world.told("dst_2").toSorted(), [...ids, ...ids].toSorted())
      assert.deepStrictEqual(world.told("dst_3"), [])
      const ofOne = world.told("dst_1").filter((id) => Number(id.slice(6)) % 7 === 3)
      assert.deepStrictEqual(
        ofOne,
        ofOne.toSorted((a, b) => Number(a.slice(6)) - Number(b.slice(6)))
      )
      assert.deepStrictEqual(yield* summary, ["1 successful_delivery  1: 200", "2 successful_delivery  1: 200"])
    }).pipe(Effect.scoped)
  )

  it.effect("DEL-1, DEL-2: what waits is in the table, those behind it too; it goes on after a restart", () =>
    Effect.gen(function* () {
      const world = yield* clean
      const { write: sql } = yield* Database
      world.set(to(1))
      world.answers.set("dst_1", all(failed("503", true)))
      const first = yield* start()
      yield* registered(1)
      // More of one user than are read at once.
      const behind = Array.from({ length: 20 }, (_, n) => `w${n + 10}`)
      yield* send(
        { messageId: "w1", userId: "u" },
        { messageId: "w2", userId: "v" },
        ...behind.map((messageId) => ({ messageId, userId: "u" }))
      )
      yield* settled
      yield* first.stop
      assert.deepStrictEqual(yield* jobs, [
        { destination: 1, message: "w1", attempts: 1, waits: false },
        { destination: 1, message: "w2", attempts: 1, waits: false },
        ...behind.map((message) => ({ destination: 1, message, attempts: 0, waits: true }))
      ])
      assert.deepStrictEqual(yield* summary, [])
      world.answers.clear()
      world.calls.length = 0
      yield* sql`update delivery_jobs set next_at = now() where next_at is not null`
      yield* start()
      yield* until(Effect.map(jobs, (rows) => rows.length === 0))
      const told = world.told("dst_1")
      assert.deepStrictEqual(
        told.filter((id) => id !== "w2"),
        ["w1", ...behind]
      )
      assert.deepStrictEqual(yield* summary, ["1 successful_delivery  1: 20", "1 successful_delivery  2: 2"])
    }).pipe(Effect.scoped)
  )

  it.effect(
    "AC4-6, DST-4: disabled, it gets nothing and what waits is discarded; enabled again, only what comes then",
    () =>
      Effect.gen(function* () {
        const world = yield* clean
        world.set(to(1))
        world.answers.set("dst_1", all(failed("503", true)))
        const { context } = yield* start()
        yield* registered(1)
        yield* send({ messageId: "d1", userId: "u" }, { messageId: "d2", userId: "u" })
        yield* settled
        world.answers.clear()
        world.set(to(1, { enabled: false }))
        yield* until(Effect.map(jobs, (rows) => rows.length === 0))
        yield* send({ messageId: "d3", userId: "u" })
        yield* settled
        world.set(to(1))
        const running = DeliveryActors.use((actors) => actors.instances)
        yield* until(Effect.map(Effect.provideContext(running, context), (all) => all.length === 1))
        yield* send({ messageId: "d4", userId: "u" })
        yield* until(Effect.sync(() => world.told("dst_1").includes("d4")))
        assert.deepStrictEqual(world.told("dst_1"), ["d1", "d4"])
        yield* settled
        assert.deepStrictEqual(yield* summary, [
          "1 failed_delivery DESTINATION_DISABLED 0: 1",
          "1 failed_delivery DESTINATION_DISABLED 1: 1",
          "1 successful_delivery  1: 1"
        ])
      }).pipe(Effect.scoped)
  )

  it.effect(
    "DST-13: deleted, here or while nobody ran it: waiting jobs are cancelled, and the log need not wait for it",
    () =>
      Effect.gen(function* () {
        const world = yield* clean
        const { write: sql } = yield* Database
        const cursors = Effect.map(
          sql<{ reader: string }>`select reader from cursors where reader like 'destination:%' order by 1`,
          (rows) => rows.map(({ reader }) => reader)
        )
        for (const id of ["dst_1", "dst_2"]) world.answers.set(id, all(failed("503", true)))
        world.set(to(1), to(2))
        const first = yield* start()
        yield* registered(1, 2)
        yield* send({ messageId: "x1", userId: "u" })
        yield* settled
        world.set(to(2))
        yield* until(Effect.map(cursors, (left) => left.length === 1))
        yield* first.stop
        world.set()
        yield* start()
        yield* until(Effect.map(cursors, (left) => left.length === 0))
        assert.deepStrictEqual(yield* jobs, [])
        assert.deepStrictEqual(yield* summary, [
          "1 failed_delivery DESTINATION_DELETED 1: 1",
          "2 failed_delivery DESTINATION_DELETED 1: 1"
        ])
      }).pipe(Effect.scoped)
  )

  it.effect("AC4-50, DEL-7: a destination that never answers holds up nobody, and not its own cursor", () =>
    Effect.gen(function* () {
      const world = yield* clean
      world.set(to(1), to(2))
      world.answers.set("dst_1", () => Effect.never)
      yield* start({}, { deliveryWaiting: 5 })
      yield* registered(1, 2)
      const ids = Array.from({ length: 100 }, (_, n) => `h${n}`)
      for (const messageId of ids) yield* send({ messageId, userId: messageId })
      yield* until(Effect.sync(() => world.told("dst_2").length === 100))
      assert.isAtMost(world.told("dst_1").length, 10)
      yield* until(Effect.map(jobs, (rows) => rows.length === 10 && rows.every((row) => row.destination === 1)))
    }).pipe(Effect.scoped)
  )

  it.effect("AC4-46, DEL-12: refreshed tokens are stored before the request is repeated, and used from then on", () =>
    Effect.gen(function* () {
      const world = yield* clean
      const old = { accessToken: "old", refreshToken: "r1" }
      const fresh = { accessToken: "new", refreshToken: "r2" }
      world.set(to(1, { tokens: old }))
      world.answers.set("dst_1", (call) =>
        Effect.gen(function* () {
          if (call.tokens!.accessToken === "new") return { outcomes: [delivered], exchanges: [] }
          yield* call.onRefresh!(fresh)
          assert.deepStrictEqual(world.stored, [fresh])
          return { outcomes: [delivered], exchanges: [], refreshed: fresh }
        })
      )
      yield* start()
      yield* registered(1)
      yield* send({ messageId: "o1", userId: "u" })
      yield* send({ messageId: "o2", userId: "u" })
      yield* settled
      assert.deepStrictEqual(
        world.calls.map(({ tokens }) => tokens),
        [old, fresh]
      )
      assert.deepStrictEqual(yield* summary, ["1 successful_delivery  1: 2"])
    }).pipe(Effect.scoped)
  )

  it.effect("DEL-12: tokens that cannot be refreshed discard the event, and the bell says it once", () =>
    Effect.gen(function* () {
      const world = yield* clean
      const { write: sql } = yield* Database
      world.set(to(1))
      world.answers.set(
        "dst_1",
        all({ kind: "failed", code: "401", message: "OAUTH_REFRESH_FAILED: revoked", retry: false })
      )
      yield* start()
      yield* registered(1)
      yield* send({ messageId: "r1", userId: "u" }, { messageId: "r2", userId: "v" })
      yield* settled
      const told = sql<{ title: string }>`select title from notifications`
      yield* until(Effect.map(told, (rows) => rows.length > 0))
      assert.deepStrictEqual(yield* told, [{ title: "Webhook 1 must be authorised again" }])
      assert.deepStrictEqual(yield* summary, ["1 failed_delivery 401 1: 2"])
    }).pipe(Effect.scoped)
  )

  it.effect(
    "what has been taken over is written by nobody else: the process of before counts nothing and moves nothing",
    () =>
      Effect.gen(function* () {
        const world = yield* clean
        const { write: sql } = yield* Database
        const answered = yield* Deferred.make<void>()
        let calls = 0
        world.set(to(1))
        world.answers.set("dst_1", () =>
          Effect.as(calls++ === 0 ? Deferred.await(answered) : Effect.void, { outcomes: [delivered], exchanges: [] })
        )
        yield* start()
        yield* registered(1)
        yield* send({ messageId: "f1", userId: "u" })
        yield* until(Effect.sync(() => calls === 1))
        yield* sql`update cursors set epoch = epoch + 1 where reader = 'destination:1'`
        yield* Deferred.succeed(answered, undefined)
        // It notices at its commit, and begins again from the cursor: at least once.
        yield* settled
        assert.deepStrictEqual(world.told("dst_1"), ["f1", "f1"])
        assert.deepStrictEqual(yield* summary, ["1 successful_delivery  1: 1"])
      }).pipe(Effect.scoped)
  )

  it.effect("a message that cannot be stored as text, or sampled, holds up nobody", () =>
    Effect.gen(function* () {
      const world = yield* clean
      world.set(to(1), to(2))
      world.answers.set("dst_1", all({ kind: "failed", code: "400", retry: false, message: "bad \0 answer" }))
      world.answers.set("dst_2", all(failed("503", true)))
      yield* start()
      yield* registered(1, 2)
      yield* send({ messageId: "n1", userId: "a\0b", event: "c\0d" })
      yield* settled
      assert.deepStrictEqual(yield* summary, ["1 failed_delivery 400 1: 1"])
      assert.strictEqual((yield* jobs).length, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("events that were accepted while no process ran are read from the log", () =>
    Effect.gen(function* () {
      const world = yield* clean
      world.set(to(1))
      const first = yield* start()
      yield* registered(1)
      yield* first.stop
      const ids = Array.from({ length: 1_500 }, (_, n) => `late-${n}`)
      yield* send(...ids.map((messageId) => ({ messageId, userId: messageId })))
      yield* start()
      yield* settled
      assert.deepStrictEqual(world.told("dst_1").toSorted(), ids.toSorted())
    }).pipe(Effect.scoped)
  )

  it.effect(
    "two processes share the destinations; one that joins and one that leaves lose nothing and count nothing twice",
    () =>
      Effect.gen(function* () {
        const world = yield* clean
        const nos = Array.from({ length: 32 }, (_, n) => n + 1)
        world.set(...nos.map((no) => to(no)))
        const first = yield* start()
        yield* registered(...nos)
        const runs = ({ context }: typeof first) =>
          Effect.provideContext(
            DeliveryActors.use(({ progress }) => progress),
            context
          )
        let sent = 0
        const sendMore = Effect.suspend(() => send({ messageId: `both-${sent}`, userId: `u${sent++ % 5}` }))
        const traffic = yield* Effect.forkChild(Effect.forever(Effect.andThen(sendMore, Effect.sleep("10 millis"))))
        const second = yield* start()
        yield* until(Effect.map(runs(second), ({ instances }) => instances === 16))
        yield* until(Effect.map(runs(first), ({ instances }) => instances === 16))
        yield* first.stop
        yield* until(Effect.map(runs(second), ({ instances }) => instances === 32))
        yield* Fiber.interrupt(traffic)
        yield* settled
        const ids = Array.from({ length: sent }, (_, n) => `both-${n}`)
        for (const no of nos) assert.deepStrictEqual([...new Set(world.told(`dst_${no}`))].toSorted(), ids.toSorted())
        assert.deepStrictEqual(
          yield* summary,
          nos.map((no) => `${no} successful_delivery  1: ${sent}`)
        )
      }).pipe(Effect.scoped)
  )

  it.effect("connections to the database that break in the middle lose nothing and count nothing twice", () =>
    Effect.gen(function* () {
      const world = yield* clean
      const { write: sql } = yield* Database
      world.set(to(1), to(2))
      for (const id of ["dst_1", "dst_2"])
        world.answers.set(id, (call) => Effect.delay(all(delivered)(call), "5 millis"))
      yield* start()
      yield* registered(1, 2)
      const ids = Array.from({ length: 2_000 }, (_, n) => `cut-${n}`)
      yield* send(...ids.map((messageId, n) => ({ messageId, userId: `u${n % 50}` })))
      for (let cut = 1; cut <= 4; cut++) {
        yield* until(Effect.sync(() => world.calls.length > cut * 300))
        yield* Effect.ignore(
          sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
        )
      }
      yield* Effect.retry(settled, Schedule.spaced("20 millis"))
      for (const id of ["dst_1", "dst_2"])
        assert.deepStrictEqual([...new Set(world.told(id))].toSorted(), ids.toSorted())
      assert.deepStrictEqual(yield* summary, ["1 successful_delivery  1: 2000", "2 successful_delivery  1: 2000"])
    }).pipe(Effect.scoped)
  )

  it.effect("PRV-7: what slipped in of a suppressed user is not delivered", () =>
    Effect.gen(function* () {
      const world = yield* clean
      world.set(to(1))
      yield* start()
      yield* registered(1)
      yield* send({ messageId: "s1", userId: "blocked" }, { messageId: "s2", userId: "free" })
      yield* settled
      assert.deepStrictEqual(world.told("dst_1"), ["s2"])
    }).pipe(
      Effect.provideService(Suppressions, {
        current: () => (userId: string) => userId === "blocked",
        refresh: Effect.void
      }),
      Effect.scoped
    )
  )
})
