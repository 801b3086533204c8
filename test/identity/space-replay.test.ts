/** Replays of connected sources on real stores, with accidents in between: what was replayed tells the order of resolution. */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { assert, describe } from "vitest"
import { ArchiveDamaged } from "../../src/archive/history.ts"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { forgetRemovedSpaces } from "../../src/identity/forget-spaces.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { resumeReplay } from "../../src/identity/replay-views.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { makeAdmission } from "../../src/identity/source-admission.ts"
import { makeSpaceStore, readerName } from "../../src/identity/space-store.ts"
import { LogUnavailable } from "../../src/log/event-log.ts"
import type { Database } from "../../src/platform/database.ts"
import { changeWorkspace } from "../../src/workspace/changes.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { archivedDays, Replays, until } from "../support/replays.ts"
import { searchEverything } from "../support/search-everything.ts"
import { breakOff, deleted, owned, rebuilt, state } from "./support/replayed-space.ts"

const complete = (processed: number, skipped = 0) => ({ state: "complete", processed, skipped, total: processed })

const fenced = (attempt: Effect.Effect<void, { readonly _tag: string }>) =>
  Effect.map(Effect.flip(attempt), ({ _tag }) => assert.strictEqual(_tag, "SpaceFenced"))

/** In the course of the last hour. */
const at = (minute: number) => new Date(Date.now() - (60 - minute) * 60_000).toISOString()

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(Replays.layer(graph), { excludeTestServices: true, timeout: "60 seconds" })(`replays on ${adapter}`, (it) => {
    it.effect("AC2-6 IDR-12: what was received in the last 30 days is replayed, oldest first; live events wait", () =>
      Effect.gen(function* () {
        const { audits, connect, create, expected, faults, lagOf, replays, resolved, send, settled, told } =
          yield* Replays
        const space = yield* create("Shop")
        yield* connect(space, ["c"])
        yield* settled
        faults.gate.closeUnsafe()
        const { reads } = faults
        yield* connect(space, ["a"])
        const before = expected(["a"], 30)
        assert.strictEqual(before.length, 29)
        yield* until(
          Effect.sync(() => faults.reads),
          (now) => now > reads
        )
        yield* send("a", { messageId: "live-a1", userId: "u1" })
        yield* send("c", { messageId: "live-c", userId: "u1" })
        yield* send("a", { messageId: "live-a2", userId: "u1" })
        // The other source does not wait.
        yield* until(resolved(space), (ids) => ids.length > 0)
        assert.deepStrictEqual(yield* resolved(space), ["live-c"])
        yield* until(lagOf(space), (lag) => lag === 29 + 2)
        faults.gate.openUnsafe()
        yield* settled
        assert.deepStrictEqual(yield* resolved(space), ["live-c", ...before, "live-a1", "live-a2"])
        assert.deepStrictEqual(yield* replays(space), [complete(0), complete(29)])
        const [audited] = yield* audits(space)
        assert.deepInclude(audited, { actor: "system", action: "Source Replay Completed", target: "source src_a" })
        yield* send("a", { messageId: "live-a3", userId: "u1" })
        yield* settled
        assert.strictEqual((yield* resolved(space)).at(-1), "live-a3")
        assert.deepStrictEqual(yield* told(space), yield* resolved(space))
      })
    )

    it.effect(
      "INV-21 IDR-133: a replay that is broken off in a commit and between two resolves everything once, in order",
      () =>
        Effect.gen(function* () {
          const { connect, create, expected, replays, resolved, settled, start, stop } = yield* Replays
          const space = yield* create("Broken off")
          const mended = yield* breakOff(2)
          yield* connect(space, ["a", "b"])
          const wanted = expected(["a", "b"], 30)
          yield* until(resolved(space), (ids) => ids.length > 0)
          yield* stop
          yield* start
          yield* settled
          yield* mended
          assert.deepStrictEqual(yield* resolved(space), wanted)
          assert.deepStrictEqual(yield* replays(space), [complete(wanted.length)])
        })
    )

    it.effect(
      "IDR-133 IDR-155: resolved again, also after an accident, what was deleted comes back, and nothing is doubled",
      () =>
        Effect.gen(function* () {
          const world = yield* Replays
          const { connect, create, replay, replays, resolved, send, settled } = world
          const space = yield* create("Once more")
          const people = Array.from({ length: 12 }, (_, n) => n)
          yield* send(
            "i",
            ...people.map((n) => ({ type: "identify" as const, userId: `w${n}`, traits: { n }, timestamp: at(n) })),
            { type: "identify", userId: "v1", traits: { email: "v1@x.io", plan: "old" }, timestamp: at(20) },
            { messageId: "visit", anonymousId: "shared", timestamp: at(21) },
            { messageId: "other", anonymousId: "lost-phone", timestamp: at(21) },
            { type: "identify", userId: "v4", anonymousId: "lost-phone", timestamp: at(23) },
            { type: "identify", userId: "v2", anonymousId: "shared", traits: { plan: "free" }, timestamp: at(22) },
            { type: "identify", userId: "v1", traits: { plan: "new" }, timestamp: at(40) }
          )
          yield* connect(space, ["i"])
          yield* settled
          yield* deleted(space, "v1", { type: "email", id: "v1@x.io" })
          yield* deleted(space, "v2", { type: "anonymous_id", id: "shared" })
          yield* deleted(space, "v4", { type: "anonymous_id", id: "lost-phone" })
          yield* send("i", { type: "identify", userId: "v3", anonymousId: "shared", traits: { plan: "pro" } })
          yield* settled
          const before = yield* state(space)
          const order = yield* resolved(space)
          assert.deepInclude(yield* owned(space, "user_id", "v2"), { ids: ["user_id:v2"], events: 2 })

          yield* replay(space, "i", "skip_resolved")
          yield* settled
          assert.deepStrictEqual(yield* state(space), before)

          // The second batch has what is changed.
          const mended = yield* breakOff(2)
          yield* replay(space, "i", "re_resolve")
          yield* settled
          yield* mended
          const after = yield* state(space)
          assert.deepStrictEqual(yield* resolved(space), order)
          assert.deepStrictEqual(yield* owned(space, "email", "v1@x.io"), {
            ids: ["email:v1@x.io", "user_id:v1"],
            events: 2,
            traits: { email: "v1@x.io", plan: "new" }
          })
          // The visit belongs to whoever has its identifier now; what named v2 is still his, for he cannot have two user ids.
          assert.deepInclude(yield* owned(space, "user_id", "v2"), { ids: ["user_id:v2"], events: 1 })
          assert.deepInclude(yield* owned(space, "user_id", "v3"), { events: 2, traits: { plan: "pro" } })
          // One message made two profiles, with two ids, which the next one has merged.
          const lost = yield* owned(space, "anonymous_id", "lost-phone")
          assert.deepInclude(lost, { ids: ["anonymous_id:lost-phone", "user_id:v4"], events: 2 })
          assert.strictEqual(after.again.length, 4)
          assert.strictEqual(after.journal.length, before.journal.length + 3)
          assert.deepStrictEqual([after.violations, after.drops], [before.violations, before.drops])
          assert.deepStrictEqual(after.stamps.filter((row) => !before.stamps.includes(row)).length, 4)

          // Once more: it is as it is.
          yield* replay(space, "i", "re_resolve")
          yield* settled
          assert.deepStrictEqual(yield* state(space), after)
          const n = order.length
          const [, ...asked] = yield* replays(space)
          assert.deepStrictEqual(asked, [complete(n, n), complete(n), complete(n)])

          // From the history under the same rules the same is made; from the journal, below.
          yield* rebuilt(space, "apply_rebuild")
          assert.deepStrictEqual(yield* state(space), after)
        })
    )

    it.effect("IDR-162: who is erased leaves both records of what was resolved twice", () =>
      Effect.gen(function* () {
        const { context, deletePerson, replay, settled, sql } = yield* Replays
        const [found] = yield* sql<{ id: string }>`select id from spaces where name = 'Once more'`
        const space = found!.id
        yield* deletePerson("v4")
        assert.deepStrictEqual(yield* searchEverything("lost-phone").pipe(Effect.provide(context)), [])
        const left = yield* state(space)
        assert.strictEqual(left.again.length, 2)
        yield* rebuilt(space, "rebuild")
        assert.deepStrictEqual(yield* state(space), left)
        yield* replay(space, "i", "re_resolve")
        yield* settled
        assert.deepStrictEqual(yield* state(space), left)
      })
    )

    it.effect("PRV-31: a space that was removed long ago is forgotten, and begins anew when it is declared again", () =>
      Effect.gen(function* () {
        const { connect, context, create, expected, resolved, send, settled, sql, workspace } = yield* Replays
        const space = yield* create("Forgotten")
        yield* connect(space, ["a"])
        yield* settled
        const { graphOf, refresh } = yield* Effect.provide(LiveGraphs, context)
        const graph = yield* Effect.provide(IdentityGraph, context)
        const old = graphOf(space)
        assert.isAbove(yield* graph.count(old, "users"), 0)
        const removed = (since: string) =>
          Effect.andThen(
            Effect.andThen(
              sql.unsafe(`update spaces set removed_at = ${since} where id = $1`, [space]),
              sql`update workspace set version = version + 1`
            ),
            workspace.refresh
          )
        const forget = Effect.provide(forgetRemovedSpaces(90), context)
        yield* removed("now() - interval '89 days'")
        yield* forget
        assert.isAbove(yield* graph.count(old, "users"), 0)
        yield* removed("now() - interval '91 days'")
        yield* forget
        assert.strictEqual(yield* graph.count(old, "users"), 0)
        const found = yield* searchEverything(space).pipe(Effect.provide(context))
        assert.deepStrictEqual(found.map((place) => place.replace(/^table public\.(\w+).*$/, "$1")).sort(), [
          "audit",
          "space_graphs",
          "space_numbers",
          "spaces"
        ])

        yield* removed("null")
        yield* until(
          sql`select 1 from cursors where reader = ${readerName(space)} and epoch > 0`,
          (rows) => rows.length > 0
        )
        yield* refresh
        assert.notStrictEqual(graphOf(space), old)
        yield* connect(space, ["a"], 10)
        const before = expected(["a"], 10)
        // Otherwise it may come while the source is being let in, and have its place in the replay.
        yield* settled
        yield* send("a", { messageId: "anew", userId: "u1" })
        yield* settled
        assert.deepStrictEqual(yield* resolved(space), [...before, "anew"])
        assert.isAbove(yield* graph.count(graphOf(space), "users"), 0)
      })
    )
  })

suite("the Postgres graph", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))))
})

layer(Replays.layer(postgresGraph), { excludeTestServices: true, timeout: "60 seconds" })("replays", (it) => {
  it.effect("IDR-12 IDR-134: sources that are connected together are one stream, as long as asked for", () =>
    Effect.gen(function* () {
      const { connect, create, expected, replays, resolved, settled } = yield* Replays
      for (const days of [10, 100]) {
        const space = yield* create(`Together ${days}`)
        yield* connect(space, ["a", "b"], days)
        const wanted = expected(["a", "b"], days)
        yield* settled
        assert.deepStrictEqual(yield* resolved(space), wanted)
        assert.deepStrictEqual(yield* replays(space), [complete(wanted.length)])
        assert.strictEqual(wanted.filter((id) => /^[ab]-\d+$/.test(id)).length, 2 * Math.min(days - 1, archivedDays))
      }
    })
  )

  it.effect("IDR-12: without a replay a space begins with the next event, also of a source whose owner was away", () =>
    Effect.gen(function* () {
      const { connect, create, resolved, send, settled, start, stop } = yield* Replays
      const space = yield* create("Next")
      yield* settled
      yield* stop
      yield* connect(space, ["a"], 0)
      yield* send("a", { messageId: "next", userId: "u1", receivedAt: new Date(Date.now() + 5).toISOString() })
      yield* start
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), ["next"])
    })
  )

  it.effect("IDR-13 IDR-133: connected again, nothing changes but what was missed comes in", () =>
    Effect.gen(function* () {
      const { connect, create, disconnect, drops, expected, replays, resolved, send, settled, sql } = yield* Replays
      const space = yield* create("Again")
      yield* connect(space, ["b"])
      yield* settled
      const before = yield* resolved(space)
      assert.deepStrictEqual(before, expected(["b"], 30))
      const journal = sql.unsafe(`select pos, rec from ${spaceSchema(space)}.journal order by pos`)
      const decided = yield* journal
      yield* disconnect(space, "b")
      yield* connect(space, ["b"])
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), before)
      assert.deepStrictEqual(yield* journal, decided)
      yield* disconnect(space, "b")
      yield* send("b", { messageId: "missed", userId: "u1" })
      yield* settled
      yield* connect(space, ["b"])
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), [...before, "missed"])
      const known = before.length
      assert.deepStrictEqual(yield* replays(space), [
        complete(known),
        complete(known, known),
        complete(known + 1, known)
      ])
      assert.deepStrictEqual(yield* drops(space), [])
    })
  )

  it.effect("IDR-14 IDR-20: filters and drops apply to what is replayed", () =>
    Effect.gen(function* () {
      const { connect, create, drops, management, resolved, send, settled } = yield* Replays
      const space = yield* create("Filtered")
      yield* send("d", { messageId: "kept", userId: "u1" }, { messageId: "out", userId: "u1", event: "Noise" })
      yield* send("d", { messageId: "x".repeat(101), userId: "u1" }, { messageId: "later", userId: "u1" })
      yield* management.createFilter("test", space, { name: "noise", fql: "event = 'Noise'", enabled: true })
      yield* connect(space, ["d"])
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), ["kept", "later"])
      assert.deepStrictEqual(
        (yield* drops(space)).map(({ count }) => count),
        [1, 1]
      )
    })
  )

  it.effect("a damaged archive: the replay fails and waits, others go on; resumed, it is complete", () =>
    Effect.gen(function* () {
      const world = yield* Replays
      const { audits, connect, create, expected, faults, health, lagOf, replays, resolved, send, settled, sql } = world
      const space = yield* create("Damaged")
      yield* connect(space, ["e"])
      yield* settled
      const events = { first: 1, last: 2 }
      faults.failure = new ArchiveDamaged({ object: "o", place: "p", reason: "is not what was written", events })
      yield* connect(space, ["a"])
      const wanted = expected(["a"], 30)
      yield* until(replays(space), (all) => all[1]?.state === "failed")
      yield* send("e", { messageId: "other", userId: "u1" })
      yield* until(resolved(space), (ids) => ids.length > 0)
      assert.deepStrictEqual(yield* resolved(space), ["other"])
      yield* until(lagOf(space), (lag) => lag === wanted.length)
      const failing = () => health.fibers().find(({ name }) => name === "replay:damaged")
      assert.deepInclude(failing(), { status: "waiting", lastError: faults.failure.message })
      assert.deepInclude((yield* audits(space))[0], { action: "Source Replay Failed" })
      // Started anew, it still waits for a person.
      const { reads } = faults
      yield* world.stop
      yield* world.start
      yield* send("e", { messageId: "another", userId: "u1" })
      yield* until(resolved(space), (ids) => ids.length === 2)
      assert.strictEqual(faults.reads, reads)
      faults.failure = undefined
      yield* changeWorkspace(sql, "test", (change) => resumeReplay(change, space, "src_a"))
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), ["other", "another", ...wanted])
      assert.strictEqual((yield* replays(space))[1]!.state, "complete")
      assert.isUndefined(failing())
    })
  )

  it.effect("a store that is away is tried again, and another replay goes on meanwhile", () =>
    Effect.gen(function* () {
      const { connect, create, expected, faults, replays, resolved, send, settled } = yield* Replays
      const space = yield* create("Away")
      yield* send("f", { messageId: "f-1", userId: "u1" })
      faults.failure = new LogUnavailable({ cause: "away" })
      yield* connect(space, ["a"])
      const wanted = expected(["a"], 30)
      yield* until(replays(space), ([first]) => first?.state === "failed")
      faults.failure = undefined
      yield* connect(space, ["f"])
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), ["f-1", ...wanted])
    })
  )

  it.effect("IDR-163: a replay waits for the deletion of a person, and does not bring back what was read before", () =>
    Effect.gen(function* () {
      const { connect, create, deletePerson, faults, resolved, send, settled } = yield* Replays
      const space = yield* create("Deleting")
      yield* send("h", { messageId: "h-1", userId: "gone" }, { messageId: "h-2", userId: "stays" })
      faults.gate.closeUnsafe()
      const { reads } = faults
      yield* connect(space, ["h"])
      yield* until(
        Effect.sync(() => faults.reads),
        (now) => now > reads
      )
      yield* send("h", { messageId: "h-3", userId: "gone" }, { messageId: "h-4", userId: "stays" })
      // All sources of the space wait: its place moves on all the same, for the deletion waits for that.
      yield* deletePerson("gone")
      faults.gate.openUnsafe()
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), ["h-2", "h-4"])
    })
  )

  it.effect("connected by another process: what is accepted before the owner knows is not lost", () =>
    Effect.gen(function* () {
      const { connectElsewhere, create, resolved, send, settled, workspace } = yield* Replays
      const space = yield* create("Elsewhere")
      yield* send("g", { messageId: "g-1", userId: "u1" })
      yield* connectElsewhere(space, "g")
      yield* send("g", { messageId: "g-2", userId: "u1" })
      yield* workspace.refresh
      yield* send("g", { messageId: "g-3", userId: "u1" })
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), ["g-1", "g-2", "g-3"])
    })
  )

  it.effect("an installation from before there were replays goes on where it is, without one", () =>
    Effect.gen(function* () {
      const { connect, create, replays, resolved, send, settled, sql, start, stop } = yield* Replays
      const space = yield* create("Old")
      yield* settled
      yield* stop
      yield* sql`update cursors set admits = false where reader = ${readerName(space)}`
      yield* connect(space, ["a"])
      yield* start
      yield* send("a", { messageId: "after-upgrade", userId: "u1" })
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), ["after-upgrade"])
      assert.deepStrictEqual(yield* replays(space), [])
      // From then on as everywhere.
      yield* connect(space, ["b"], 10)
      yield* settled
      assert.strictEqual((yield* replays(space)).length, 1)
    })
  )

  it.effect("IDR-131: who has lost the space neither admits nor moves a replay on", () =>
    Effect.gen(function* () {
      const { connect, create, database, expected, resolved, settled, sql, start, stop } = yield* Replays
      const space = yield* create("Lost")
      yield* settled
      yield* stop
      yield* connect(space, ["g"])
      const store = makeSpaceStore(database, space)
      const rows = makeAdmission(database, space, store)
      const before = yield* store.takeOver()
      const now = yield* store.takeOver()
      const fence = ({ pos, seq, epoch }: typeof now) => ({ from: pos, epoch, fromSeq: seq, toSeq: seq })
      const [row] = yield* sql<{ no: number }>`select n::float8 as no from space_connections where space = ${space}`
      const connection = {
        no: row!.no,
        source: 7,
        connectedAt: Date.now(),
        replayDays: 30,
        replayMode: "skip_resolved" as const
      }
      yield* fenced(rows.admit([connection], fence(before), 0))
      assert.deepStrictEqual(yield* rows.read, { admitted: new Set<number>(), replays: [] })
      yield* rows.admit([connection], fence(now), 0)
      const [replay] = (yield* rows.read).replays
      const progress = rows.progress({ ...replay!, processed: 7, at: 0, began: { at: 0, processed: 0 } })
      yield* fenced(rows.fenced(fence(before), progress))
      yield* fenced(rows.complete(replay!, fence(before), 0))
      yield* fenced(rows.fail(replay!, "x", null, fence(before), 0))
      assert.deepStrictEqual((yield* rows.read).replays, [replay])
      yield* start
      yield* settled
      assert.deepStrictEqual(yield* resolved(space), expected(["g"], 30))
    })
  )
})
