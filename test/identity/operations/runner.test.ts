/**
 * Operations among accidents: failures at each step of the one transaction, between it and the graph, a graph that is away,
 * and operations that can never succeed. Each is done once or not at all, and events go on.
 */
import { layer } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Schedule } from "effect"
import { assert, describe } from "vitest"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { GraphUnavailable, IdentityGraph } from "../../../src/identity/graph.ts"
import { requestOperation } from "../../../src/identity/operations/request.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { makeSpaceStore } from "../../../src/identity/space-store.ts"
import { Database } from "../../../src/platform/database.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig } from "../../support/space.ts"
import { ask, audits, breakOnce, cut, look, raised, refused } from "./support.ts"

/** What the next calls of the graph meet. */
const faults = { away: false, crashesOfApply: 0 }

/** The graph, with accidents: away for look-ups, or the process dies as it is about to apply an operation. */
const accident = <E>(graph: Layer.Layer<IdentityGraph, E, Database>) =>
  Layer.effect(
    IdentityGraph,
    Effect.map(IdentityGraph, (real) => ({
      ...real,
      find: (...args: Parameters<typeof real.find>) =>
        faults.away
          ? Effect.fail(new GraphUnavailable({ adapter: real.adapter, code: "Test", cause: null }))
          : real.find(...args),
      apply: (...args: Parameters<typeof real.apply>) =>
        Effect.suspend(() => {
          if ((args[2].operations ?? []).length === 0 || faults.crashesOfApply === 0) return real.apply(...args)
          faults.crashesOfApply--
          return Effect.die(new Error("killed before the graph had it"))
        })
    }))
  ).pipe(Layer.provide(graph))

const begin = Effect.gen(function* () {
  const { enter, send, settled } = yield* Rig
  const space = yield* enter(defaultRules)
  yield* send([{ type: "identify", userId: "u1", traits: { email: "e1@x.io" } }])
  yield* settled
  return space
})

const deletion = { userId: "u1", identifier: { type: "email", id: "e1@x.io" } }

/** Done once: the identifier is free, one journal entry, one audit entry, and the next event goes on from there. */
const doneOnce = Effect.gen(function* () {
  const { space, send, settled } = yield* Rig
  const { write: sql } = yield* Database
  assert.isNull(yield* look("email:e1@x.io"))
  yield* send([{ type: "identify", userId: "u2", traits: { email: "e1@x.io" } }])
  yield* settled
  assert.deepStrictEqual((yield* look("user_id:u2"))!.ids, ["email:e1@x.io", "user_id:u2"])
  assert.deepStrictEqual((yield* look("user_id:u1"))!.ids, ["user_id:u1"])
  const entries = yield* sql.unsafe(`select 1 from ${spaceSchema(space.id)}.journal where rec like '{"operation":%'`)
  assert.strictEqual(entries.length, 1)
  assert.strictEqual((yield* audits).length, 1)
})

const operation = Effect.fnUntraced(function* (kind: string, requestedAt = "now()") {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  const [row] = yield* sql.unsafe<{ id: number }>(
    `insert into space_operations (space, kind, input, actor, reason, requested_at)
     values ($1, $2, $3, 'test', '', ${requestedAt}) returning id::float8 as id`,
    [space.id, kind, JSON.stringify(deletion)]
  )
  return row!.id
})

const finished = Effect.fnUntraced(function* (id: number) {
  const { write: sql } = yield* Database
  const rows = yield* sql<{ code: string | null; attempts: number }>`
    select code, attempts from space_operations where id = ${id}::float8::bigint and finished_at is not null`.pipe(
    Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (found) => found.length > 0 })
  )
  return rows[0]!
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(rig(accident(graph)), { excludeTestServices: true, timeout: "60 seconds" })(
    `accidents of operations on ${adapter}`,
    (it) => {
      const steps = [
        ["the journal entry is refused", "journal", "immediate", raised],
        ["the audit entry is refused", "audit", "immediate", raised],
        ["the answer is refused", "answer", "immediate", raised],
        ["the commit is refused", "audit", "deferred", raised],
        ["the connection is cut in the transaction", "audit", "immediate", cut],
        ["the connection is cut as it commits", "audit", "deferred", cut]
      ] as const
      for (const [name, table, when, how] of steps)
        it.effect(`IDR-131: ${name}: the operation is done once`, () =>
          Effect.gen(function* () {
            const space = yield* begin
            const restore =
              table === "answer"
                ? yield* breakOnce("space_operations", when, how, "update of answer")
                : yield* breakOnce(table === "journal" ? `${spaceSchema(space.id)}.journal` : table, when, how)
            const { segmentId } = yield* ask("delete_identifier", deletion)
            assert.strictEqual((yield* look("user_id:u1"))!.segmentId, segmentId)
            yield* restore
            yield* doneOnce
          })
        )

      it.effect("IDR-131: the process dies between the commit and the graph: the operation is done once", () =>
        Effect.gen(function* () {
          yield* begin
          faults.crashesOfApply = 2
          yield* ask("delete_identifier", deletion)
          assert.strictEqual(faults.crashesOfApply, 0)
          yield* doneOnce
        })
      )

      it.effect("IDR-131: the process dies after the commit: the operation is finished and not done again", () =>
        Effect.gen(function* () {
          yield* begin
          const { write: sql } = yield* Database
          const { space } = yield* Rig
          yield* ask("delete_identifier", deletion)
          yield* sql`update space_operations set finished_at = null where space = ${space.id}`
          const [row] = yield* sql<{
            id: number
          }>`select id::float8 as id from space_operations where space = ${space.id}`
          assert.strictEqual((yield* finished(row!.id)).code, null)
          yield* doneOnce
        })
      )

      it.effect("an operation that can never succeed is given up; those behind it and events go on", () =>
        Effect.gen(function* () {
          yield* begin
          const id = yield* operation("no such operation")
          yield* ask("delete_identifier", deletion)
          assert.deepStrictEqual(yield* finished(id), { code: "INTERNAL", attempts: 3 })
          yield* doneOnce
        })
      )

      it.effect(
        "while the graph is away operations wait and events of known people go on; after an hour they are refused",
        () =>
          Effect.gen(function* () {
            const { send, settled } = yield* Rig
            yield* begin
            faults.away = true
            const old = yield* operation("delete_identifier", "now() - interval '2 hours'")
            assert.deepStrictEqual(yield* finished(old), { code: "TIMEOUT", attempts: 0 })
            const asked = yield* Effect.forkChild(ask("delete_identifier", deletion))
            yield* send([{ userId: "u1", event: "Meanwhile" }])
            yield* settled
            faults.away = false
            yield* Fiber.join(asked)
            assert.strictEqual((yield* look("user_id:u1"))!.events, 2)
            yield* doneOnce
          })
      )

      it.effect("who asks a space that nobody runs is told after a while; the operation waits for its owner", () =>
        Effect.gen(function* () {
          const database = yield* Database
          const request = {
            spaceId: "spa_nobodyrunsthisspace000",
            kind: "delete_identifier",
            input: deletion,
            actor: "test",
            reason: ""
          } as const
          const error = yield* Effect.flip(requestOperation(database, request, Duration.millis(300)))
          assert.deepInclude(error, { _tag: "OperationRefused", code: "TIMEOUT" })
          const waiting = yield* database.write`select 1 from space_operations
            where space = ${request.spaceId} and finished_at is null`
          assert.strictEqual(waiting.length, 1)
        })
      )

      it.effect("many are executed in the order in which they were asked for", () =>
        Effect.gen(function* () {
          const { send, settled } = yield* Rig
          yield* begin
          const mails = Array.from({ length: 30 }, (_, i) => `m${i}@x.io`)
          yield* send(mails.map((email, i) => ({ type: "identify" as const, userId: `p${i}`, traits: { email } })))
          yield* settled
          yield* Effect.forEach(
            mails,
            (id, i) => ask("delete_identifier", { userId: `p${i}`, identifier: { type: "email", id } }),
            { concurrency: 30 }
          )
          assert.strictEqual((yield* audits).length, 30)
          for (const mail of mails) assert.isNull(yield* look(`email:${mail}`))
          assert.strictEqual(
            yield* refused("delete_identifier", { userId: "p0", identifier: { type: "email", id: "m0@x.io" } }),
            "IDENTIFIER_NOT_FOUND"
          )
        })
      )

      it.effect("finished operations are forgotten after 30 days, open ones never", () =>
        Effect.gen(function* () {
          const space = yield* begin
          const database = yield* Database
          const { write: sql } = database
          const left = sql`select 1 from space_operations where space = ${space.id}`
          yield* ask("delete_identifier", deletion)
          const store = makeSpaceStore(database, space.id)
          yield* store.prune(Date.now())
          assert.strictEqual((yield* left).length, 1)
          yield* store.prune(Date.now() + 31 * 86_400_000)
          assert.strictEqual((yield* left).length, 0)
        })
      )
    }
  )

suite("the Postgres graph", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))))
})
