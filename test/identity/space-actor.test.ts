/** The actor of a space on real stores: what it writes equals a clean run of the same events, whatever comes between. */
import { layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Schedule } from "effect"
import { describe, expect } from "vitest"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { SpaceActors } from "../../src/identity/space-actors.ts"
import { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { redeliver, Rig, rig, type ShortMessage } from "../support/space.ts"
import { differences } from "../system/support/clean-run.ts"
import { makeTraffic } from "../system/support/traffic.ts"

const cleanRunDifferences = Effect.gen(function* () {
  const { space } = yield* Rig
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  return yield* differences({
    database: yield* Database,
    graph: yield* IdentityGraph,
    graphId,
    spaceId: space.id
  })
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(`space actor on ${adapter}`, (it) => {
    it.effect("IDR-131 IDR-134: many requests at once end in the graph of the log's order", () =>
      Effect.gen(function* () {
        const { send, settled } = yield* Rig
        const next = makeTraffic(1, 200)
        const requests = Array.from({ length: 300 }, () => Array.from({ length: 10 }, next))
        yield* Effect.forEach(requests, (batch) => send(batch as ReadonlyArray<ShortMessage>), { concurrency: 8 })
        yield* settled
        expect(yield* cleanRunDifferences).toEqual([])
      })
    )

    it.effect("a rebuild beside traffic switches to an equal graph and removes the old one", () =>
      Effect.gen(function* () {
        const { send, settled, space } = yield* Rig
        const { write: sql } = yield* Database
        const graphs = yield* LiveGraphs
        const old = graphs.graphOf(space.id)
        const next = makeTraffic(2, 100)
        yield* sql`insert into space_operations (space, kind) values (${space.id}, 'rebuild')`
        const traffic = Effect.forEach(Array.from({ length: 100 }), () =>
          send(Array.from({ length: 10 }, next) as ReadonlyArray<ShortMessage>)
        )
        const finished = sql<{
          error: string | null
        }>`select error from space_operations where finished_at is not null`.pipe(
          Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (rows) => rows.length > 0 })
        )
        yield* Effect.repeat(traffic, {
          schedule: Schedule.spaced("1 millis"),
          until: () => graphs.graphOf(space.id) !== old
        })
        expect(yield* finished).toEqual([{ error: null }])
        yield* settled
        expect(yield* cleanRunDifferences).toEqual([])
        const graph = yield* IdentityGraph
        expect(yield* graph.count(graphs.graphOf(space.id), "users")).toBeGreaterThan(0)
        expect(yield* graph.open(old)).toBe(0)
      })
    )

    it.effect("IDR-156: changed rules are a new version and apply to events from then on", () =>
      Effect.gen(function* () {
        const { send, settled, setRules, space } = yield* Rig
        const { write: sql } = yield* Database
        yield* send([{ userId: "r1", traits: { email: "shared@example.com" }, type: "identify" }])
        yield* settled
        setRules({
          ...space.rules,
          identifiers: space.rules.identifiers.map((rule) => (rule.type === "user_id" ? { ...rule, limit: 2 } : rule))
        })
        yield* send([{ userId: "r2", traits: { email: "shared@example.com" }, type: "identify" }])
        yield* settled
        const versions = yield* sql.unsafe<{ rules: number }>(
          `select rules from ${spaceSchema(space.id)}.stamps order by pos desc limit 2`
        )
        expect(versions.map((row) => row.rules)).toEqual([2, 1])
        const graph = yield* IdentityGraph
        const [r1, r2] = yield* graph.find((yield* LiveGraphs).graphOf(space.id), "users", [
          { identifier: { collection: "users", type: "user_id", value: "r1" } },
          { identifier: { collection: "users", type: "user_id", value: "r2" } }
        ])
        expect(r2!.segmentId).toBe(r1!.segmentId)
      })
    )

    it.effect("IDR-132 W-33: a message that the ledger has is counted and changes nothing", () =>
      Effect.gen(function* () {
        const { send, settled, space } = yield* Rig
        const { write: sql } = yield* Database
        yield* send([{ messageId: "again", userId: "w33", event: "E" }])
        yield* settled
        yield* redeliver("again", "someone-else")
        yield* send([{ userId: "w33", event: "After" }])
        yield* settled
        const [drops] = yield* sql.unsafe<{ count: number }>(
          `select count::int4 as count from ${spaceSchema(space.id)}.drops where reason = 'ledger_duplicate'`
        )
        expect(drops).toEqual({ count: 1 })
        const graph = yield* IdentityGraph
        const graphId = (yield* LiveGraphs).graphOf(space.id)
        const [known, stranger] = yield* graph.find(graphId, "users", [
          { identifier: { collection: "users", type: "user_id", value: "w33" } },
          { identifier: { collection: "users", type: "user_id", value: "someone-else" } }
        ])
        expect(known).not.toBeNull()
        expect(stranger).toBeNull()
      })
    )

    it.effect("IDR-132: a redelivery that arrives while another one is being found is found, too", () =>
      Effect.gen(function* () {
        const { send, settled, space } = yield* Rig
        const { write: sql } = yield* Database
        const stamps = `${spaceSchema(space.id)}.stamps`
        const duplicates = Effect.map(
          sql.unsafe<{ count: number }>(
            `select count::int4 as count from ${spaceSchema(space.id)}.drops where reason = 'ledger_duplicate'`
          ),
          (rows) => rows[0]?.count ?? 0
        )
        yield* send(["one", "two"].map((messageId) => ({ messageId, userId: "twice", event: "E" })))
        yield* settled
        const before = yield* duplicates
        // The commit of the first waits for the lock; when it goes on, a longer batch begins at the same place.
        const locked = yield* Deferred.make<void>()
        const free = yield* Deferred.make<void>()
        const lock = yield* Effect.forkChild(
          sql.withTransaction(
            sql
              .unsafe(`lock table ${stamps} in exclusive mode`)
              .pipe(Effect.andThen(Deferred.succeed(locked, undefined)), Effect.andThen(Deferred.await(free)))
          )
        )
        yield* Deferred.await(locked)
        yield* redeliver("one", "nobody")
        yield* send([{ userId: "twice", event: "After" }])
        yield* sql
          .unsafe(`select 1 from pg_locks where not granted and relation = '${stamps}'::regclass`)
          .pipe(Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: (rows) => rows.length > 0 }))
        yield* redeliver("two", "nobody")
        yield* send([{ userId: "twice", event: "After" }])
        yield* Deferred.succeed(free, undefined)
        yield* Fiber.join(lock)
        yield* Effect.timeout(settled, "20 seconds")
        expect((yield* duplicates) - before).toBe(2)
      })
    )

    it.effect("what could not be committed is not settled, also while the space starts over", () =>
      Effect.gen(function* () {
        const { send, settled, space } = yield* Rig
        const { write: sql } = yield* Database
        const health = yield* Health
        const actors = yield* SpaceActors
        const stamps = `${spaceSchema(space.id)}.stamps`
        const restarts = () => health.fibers().find(({ name }) => name === `space:${space.slug}`)?.restarts ?? 0
        yield* sql.unsafe(`alter table ${stamps} add constraint full_disk check (pos < 0) not valid`)
        const before = restarts()
        yield* send([{ userId: "refused", event: "E" }])
        yield* Effect.repeat(Effect.sync(restarts), { schedule: Schedule.spaced("1 millis"), until: (n) => n > before })
        expect((yield* actors.progress).map(({ lag }) => lag)).toEqual([1])
        yield* sql.unsafe(`alter table ${stamps} drop constraint full_disk`)
        yield* settled
      })
    )
  })

suite("Postgres", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  suite(
    "Neo4j",
    neo4jGraphOn.pipe(Layer.provide(testNeo4j(neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" })))
  )
})
