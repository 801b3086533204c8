/**
 * Rebuilds among accidents (IDR-193): events and operations that come meanwhile, failures at each step, rules that change, people who are
 * erased, a history with gaps. Whatever happens, the profiles are those from before or all of the new ones.
 */
import { layer } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"
import { assert, describe } from "vitest"
import { History } from "../../../src/archive/history.ts"
import { askRebuild } from "../../../src/identity/generations/rebuilds.ts"
import { forgetAside } from "../../../src/identity/generations/switch.ts"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { Database } from "../../../src/platform/database.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, type ShortMessage } from "../../support/space.ts"
import { ask, audits, begin, breakOnce, cut, look, more, raised } from "../operations/support.ts"
import { accident, aside, cancel, held } from "./accident-graph.ts"
import { ended, everything, planned, rebuilt, tried, withEmails, workshop } from "./support.ts"

const event = (n: number): ShortMessage => ({
  type: n % 7 === 0 ? "group" : n % 3 === 0 ? "track" : "identify",
  messageId: `e-${n}`,
  anonymousId: `a${(n * 5) % 11}`,
  ...(n % 4 === 0 ? { userId: `u${n % 5}` } : {}),
  ...(n % 7 === 0 ? { groupId: `g${n % 3}` } : {}),
  ...(n % 3 === 0
    ? { event: "Seen" }
    : { traits: { [`t${n % 4}`]: n, ...(n % 7 === 0 ? {} : { email: `m${n % 6}@x.io` }) } })
})
const events = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => event(from + i))

/** The profiles of a space by what they are for people: comparable between spaces. */
const portraits = Effect.gen(function* () {
  const { users } = yield* everything
  const all = new Map<string, unknown>()
  for (const { type, value, no } of users) {
    if (all.has(String(no))) continue
    const { segmentId: _, ...rest } = (yield* look(`${type}:${value}`))!
    all.set(String(no), rest)
  }
  return [...all.values()].map((it) => JSON.stringify(it)).sort()
})

const deletion = { userId: "u4", identifier: { type: "anonymous_id", id: "a9" } }

/** Nothing of another generation is left beside the live one. */
const nothingAside = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  const schemas = yield* sql`select nspname from pg_namespace where nspname like ${`${space.id}~%`}`
  const cursors = yield* sql`select 1 as n from cursors where reader = ${`rebuild:${space.id}`}`
  return schemas.length + cursors.length === 0
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>, all: boolean) =>
  layer(workshop(accident(graph)), { excludeTestServices: true, timeout: "60 seconds" })(
    `accidents of rebuilds on ${adapter}`,
    (it) => {
      it.effect(
        "IDR-193, INV-14: what comes while a rebuild is under way is neither lost nor doubled",
        () =>
          Effect.gen(function* () {
            yield* begin(events(1, 40), withEmails(5))
            yield* ask("delete_identifier", deletion)
            yield* more(events(40, 60))
            const run = yield* tried(withEmails(1))
            const { goOn } = yield* held(run.id)
            yield* more(events(60, 70))
            yield* ask("delete_identifier", { userId: "u1", identifier: { type: "email", id: "m1@x.io" } }).pipe(
              Effect.ignore
            )
            yield* more(events(70, 80))
            assert.isNull((yield* goOn).error)
            yield* more(events(80, 90))
            const rebuiltSpace = yield* portraits
            const { stamps } = yield* everything
            assert.strictEqual(stamps.length, 89)
            // The rules in force make the same of the history again.
            const again = yield* tried(withEmails(1))
            assert.deepInclude(again.summary as object, { events: 89, divergentMessages: 0 })

            yield* begin(events(1, 40), withEmails(1))
            yield* Effect.ignore(ask("delete_identifier", deletion))
            yield* more(events(40, 70))
            yield* Effect.ignore(
              ask("delete_identifier", { userId: "u1", identifier: { type: "email", id: "m1@x.io" } })
            )
            yield* more(events(70, 90))
            assert.deepStrictEqual(rebuiltSpace, yield* portraits)
          }),
        120_000
      )
      if (!all) return

      const steps = [
        ["the graph is opened", "open", undefined],
        ["the first events are loaded", "load", undefined],
        ["the graph gets the first events", "apply", undefined],
        ["former ids are looked for", "issued", undefined],
        ["the switch: the run is refused", undefined, ["what_if_runs", "immediate", raised, "update of applied_as"]],
        ["the switch: the audit entry is refused", undefined, ["audit", "immediate", raised, "insert"]],
        ["the switch: the commit is refused", undefined, ["audit", "deferred", raised, "insert"]],
        ["the switch: the connection is cut in the transaction", undefined, ["audit", "immediate", cut, "insert"]],
        ["the switch: the connection is cut as it commits", undefined, ["audit", "deferred", cut, "insert"]]
      ] as const
      it.effect(
        "IDR-193: an accident at any step: the rebuild is done, once",
        () =>
          Effect.gen(function* () {
            const { write: sql } = yield* Database
            yield* begin(events(1, 30), withEmails(1))
            const expected = yield* portraits
            for (const [name, failsAt, broken] of steps) {
              yield* begin(events(1, 30), withEmails(5))
              assert.notDeepEqual(yield* portraits, expected)
              const { space } = yield* Rig
              aside.graphId = (yield* LiveGraphs).nextOf(space.id)
              aside.failsAt = failsAt
              const restore =
                broken === undefined ? Effect.void : yield* breakOnce(broken[0], broken[1], broken[2], broken[3])
              const done = yield* rebuilt(yield* planned(withEmails(1)))
              assert.isNull(done.error, name)
              assert.isUndefined(aside.failsAt, name)
              yield* restore
              const entries = yield* sql`select 1 as n from audit where space = ${space.id}`
              assert.strictEqual(entries.length, 1, name)
              assert.deepStrictEqual(yield* portraits, expected, name)
            }
          }),
        120_000
      )

      it.effect(
        "AC2-17, IDR-193: other rules were saved meanwhile: refused, nothing has changed, nothing is left",
        () =>
          Effect.gen(function* () {
            yield* begin(events(1, 30), withEmails(5))
            const run = yield* planned(withEmails(1))
            const was = yield* everything
            const { goOn } = yield* held(run)
            yield* ask("save_rules", { rules: withEmails(2), expectedVersion: 1 })
            assert.strictEqual((yield* goOn).code, "RULES_CHANGED")
            assert.strictEqual((yield* rebuilt(run)).code, "RULES_CHANGED")
            assert.isTrue(yield* nothingAside)
            assert.deepStrictEqual((yield* everything).users, was.users)
          })
      )

      it.effect(
        "IDR-193: cancelled: nothing has changed, nothing is left, and another can begin; done is too late",
        () =>
          Effect.gen(function* () {
            yield* begin(events(1, 30), withEmails(5))
            const { write: sql } = yield* Database
            const { space } = yield* Rig
            const graph = yield* IdentityGraph
            const was = yield* everything
            const run = yield* planned(withEmails(1))
            const aboutTo = yield* held(run)
            const next = aside.graphId
            assert.isTrue(yield* cancel(aboutTo.id))
            const done = yield* ended(aboutTo.id)
            assert.deepInclude(done, { state: "cancelled", code: "CANCELLED" })
            assert.isTrue(yield* nothingAside)
            assert.deepStrictEqual(yield* everything, was)
            yield* sql`select 1 as n from space_generations where space = ${space.id}`.pipe(
              Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (rows) => rows.length === 0 })
            )
            assert.strictEqual(yield* graph.count(next, "users"), 0)
            assert.isFalse(yield* cancel(aboutTo.id))
            const [entry, ...others] = yield* audits
            assert.deepInclude(entry!, { action: "Rebuild Cancelled", actor: "test", reason: "other rules" })
            assert.deepStrictEqual(entry!.data, { whatIf: run })
            assert.strictEqual(others.length, 0)

            // In the last moment, when only the switch is left.
            const last = yield* held(run)
            assert.isTrue(yield* cancel(last.id))
            assert.strictEqual((yield* last.goOn).state, "cancelled")
            assert.isTrue(yield* nothingAside)
            yield* more(events(30, 32))
            assert.strictEqual((yield* everything).stamps.length, was.stamps.length + 2)
            const again = yield* rebuilt(run)
            assert.isNull(again.error)
            assert.isFalse(yield* cancel(again.id))
            // Going back, too: what the profiles from before have caught up they keep.
            const back = yield* held(null)
            assert.isTrue(yield* cancel(back.id))
            assert.strictEqual((yield* back.goOn).state, "cancelled")
            assert.isNull((yield* rebuilt(null)).error)
          })
      )

      it.effect("IDR-162: somebody is erased meanwhile: it starts again; there is nothing to go back to any more", () =>
        Effect.gen(function* () {
          yield* begin(events(1, 30), withEmails(5))
          const run = yield* planned(withEmails(1))
          const { write: sql } = yield* Database
          const { space } = yield* Rig
          const { goOn } = yield* held(run)
          yield* sql.withTransaction(forgetAside(sql, space.id))
          assert.isNull((yield* goOn).error)
          yield* sql.withTransaction(forgetAside(sql, space.id))
          assert.isTrue(yield* nothingAside)
          assert.strictEqual((yield* rebuilt(null)).code, "NOT_FOUND")
        })
      )

      it.effect("IDR-194: after seven days the profiles from before are gone, tables and graph", () =>
        Effect.gen(function* () {
          yield* begin(events(1, 30), withEmails(5))
          const { write: sql } = yield* Database
          const { space } = yield* Rig
          const graph = yield* IdentityGraph
          const old = (yield* LiveGraphs).graphOf(space.id)
          const run = yield* planned(withEmails(1))
          assert.isNull((yield* rebuilt(run)).error)
          assert.isAbove(yield* graph.count(old, "users"), 0)
          const [kept] = yield* sql<{ days: number }>`select extract(day from kept_until - replaced_at)::int4 as days
            from space_generations where space = ${space.id}`
          assert.strictEqual(kept!.days, 7)
          yield* sql`update space_generations set kept_until = now() - interval '1 second' where space = ${space.id}`
          yield* sql`select 1 as n from space_generations where space = ${space.id}`.pipe(
            Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (rows) => rows.length === 0 })
          )
          assert.isTrue(yield* nothingAside)
          assert.strictEqual(yield* graph.count(old, "users"), 0)
          assert.strictEqual((yield* rebuilt(null)).code, "NOT_FOUND")
        })
      )

      it.effect("a history with gaps is not rebuilt, for what was said there would be forgotten", () =>
        Effect.gen(function* () {
          yield* begin(events(1, 30), withEmails(5))
          const { space } = yield* Rig
          const database = yield* Database
          const [one] = yield* database.write.unsafe<{ pos: number }>(
            `select pos::float8 as pos from ${spaceSchema(space.id)}.stamps order by pos limit 1`
          )
          const run = yield* planned(withEmails(1))
          yield* (yield* History).erase([one!.pos])
          const done = yield* rebuilt(run)
          assert.strictEqual(done.code, "VALIDATION_FAILED")
          assert.match(done.error!, /^1 events/)
          assert.isTrue(yield* nothingAside)
          // A part of the history is never taken for all of it; and one at a time.
          const part = yield* planned(withEmails(1), { from: null, to: Date.now() + 60_000, sources: null })
          assert.strictEqual((yield* rebuilt(part)).code, "VALIDATION_FAILED")
          const common = { spaceId: space.id, actor: "test", reason: "" }
          yield* askRebuild(database, { ...common, kind: "apply_rebuild", input: { runId: "none" } })
          assert.isUndefined(yield* askRebuild(database, { ...common, kind: "rollback_rebuild", input: {} }))
        })
      )
    }
  )

suite("the Postgres graph", postgresGraph, true)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))), false)
})
