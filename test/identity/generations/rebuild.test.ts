/**
 * A what-if run applied as a rebuild, and taken back (IDR-193, IDR-194): on both graphs, with events that arrive meanwhile, operations of
 * people, several rebuilds one after another, and the time that one may go back.
 */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { assert, describe } from "vitest"
import { findProfiles } from "../../../src/identity/generations/former-ids.ts"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { Database } from "../../../src/platform/database.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, type ShortMessage } from "../../support/space.ts"
import { ask, audits, begin, id, look, more } from "../operations/support.ts"
import type { WhatIfSummary } from "../../../src/identity/what-if/runner.ts"
import type { RulesDocument } from "../../../src/workspace/rules.ts"
import type { Scope } from "../../../src/identity/what-if/scope.ts"
import { everything, executed, planned, rebuilt, tried, version, withEmails, workshop } from "./support.ts"

/** W-19: six people on one tablet. */
const tablet: ReadonlyArray<ShortMessage> = [1, 2, 3, 4, 5, 6].map((n) => ({
  type: "identify",
  messageId: `pad-${n}`,
  anonymousId: `visit-${n}`,
  traits: { email: `e${n}@x.io`, seat: n },
  context: { device: { type: "ios", id: "pad1" } }
}))

/** Canonical segment id that any id ever issued leads to. */
const leadsTo = Effect.fnUntraced(function* (segmentId: string) {
  const { space } = yield* Rig
  const database = yield* Database
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const tables = { schema: spaceSchema(space.id), graphId }
  const [found] = yield* findProfiles({ database, graph }, tables, segmentId.startsWith("grp") ? "accounts" : "users", [
    { segmentId }
  ])
  return found?.segmentId ?? null
})

/** Ann and Bob on one browser. */
const browser: ReadonlyArray<ShortMessage> = [
  { type: "identify", messageId: "ann-1", anonymousId: "shared", traits: { email: "ann@x.io", name: "Ann" } },
  { type: "identify", messageId: "bob-1", anonymousId: "bob", traits: { email: "bob@x.io", name: "Bob" } },
  { type: "identify", messageId: "bob-3", anonymousId: "shared", traits: { email: "bob@x.io" } },
  { type: "track", messageId: "bob-2", anonymousId: "bob", event: "Bought" }
]

const profileOf = Effect.fnUntraced(function* (text: string) {
  const { space } = yield* Rig
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const [profile] = yield* graph.find(graphId, "users", [{ identifier: id(text) }])
  return { graph, graphId, no: profile!.no }
})

const undoLastMerge = Effect.fnUntraced(function* (text: string) {
  const { graph, graphId, no } = yield* profileOf(text)
  const [merges = []] = yield* graph.merges(graphId, [no])
  return yield* ask("undo_merge", { mergeId: merges.at(-1)!.id, also: [], keepApart: true })
})

const keptApart = Effect.fnUntraced(function* (text: string) {
  const { graph, graphId, no } = yield* profileOf(text)
  return (yield* graph.separations(graphId, [no]))[0]!.length
})

const people = Effect.forEach([1, 2, 3, 4, 5, 6], (n) =>
  Effect.map(look(`email:e${n}@x.io`), (it) => it?.segmentId ?? `none ${n}`)
)

const without = (...types: ReadonlyArray<string>): RulesDocument => ({
  ...withEmails(5),
  identifiers: withEmails(5).identifiers.map((row) => (types.includes(row.type) ? { ...row, enabled: false } : row))
})

const everybody = { from: null, to: null, sources: null }

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>, all: boolean) =>
  layer(workshop(graph), { excludeTestServices: true, timeout: "60 seconds" })(`rebuilds on ${adapter}`, (it) => {
    it.effect(
      "AC2-16, IDR-193, IDR-194: rules only, then a rebuild, then back; every id resolves all the time",
      () =>
        Effect.gen(function* () {
          yield* begin(tablet, withEmails(5))
          const before = yield* people
          const was = yield* everything
          assert.strictEqual(new Set(before).size, 2)
          const run = yield* tried(withEmails(1))
          // Rules only: the graph is the same, and the version one more.
          yield* ask("save_rules", { rules: run.rules, expectedVersion: 1 })
          assert.strictEqual(yield* version, 2)
          assert.deepStrictEqual((yield* everything).users, was.users)
          const rules = yield* rebuilt(run.id)
          assert.isNull(rules.error)
          // The rules are in force already.
          assert.strictEqual(rules.answer!.rulesVersion, 2)
          assert.strictEqual(rules.processed, 6)
          const after = yield* people
          assert.strictEqual(new Set(after).size, 6)
          // Every old id leads to the profile of the message that made it.
          assert.strictEqual(yield* leadsTo(before[0]!), after[0])
          assert.strictEqual(yield* leadsTo(before[5]!), after[5])
          assert.deepInclude(yield* look("email:e3@x.io"), { events: 1, traits: { email: "e3@x.io", seat: 3 } })
          // Resolution goes on with it.
          yield* more([{ type: "track", anonymousId: "visit-3", event: "Again" }])
          assert.strictEqual((yield* look("email:e3@x.io"))!.events, 2)
          const [entry] = yield* audits
          assert.deepInclude(entry!, { action: "Space Rebuilt", actor: "test", reason: "a test" })

          const back = yield* rebuilt(null)
          assert.isNull(back.error)
          assert.deepStrictEqual(yield* people, before)
          assert.strictEqual((yield* look("email:e3@x.io"))!.events, 5 + 1)
          for (const id of [...before, ...after]) assert.isNotNull(yield* leadsTo(id))
          assert.strictEqual(yield* leadsTo(after[3]!), before[3])
          // And forward again, in the same way.
          assert.isNull((yield* rebuilt(null)).error)
          assert.deepStrictEqual(yield* people, after)
        }),
      // The first: Neo4j is cold.
      120_000
    )

    it.effect("IDR-155, IDR-205, INV-16: a rebuild does not undo what people have repaired", () =>
      Effect.gen(function* () {
        yield* begin(browser, withEmails(5))
        const { auditId, separated, remaining } = yield* undoLastMerge("email:bob@x.io")
        const run = yield* tried(withEmails(4))
        assert.deepInclude(run.summary as object, {
          operationsReapplied: 1,
          operationsSkipped: 0,
          divergentMessages: 0
        })
        const done = yield* rebuilt(run.id)
        assert.deepEqual(done.answer!.operations, { applied: 1, unneeded: 0, skipped: 0, list: [] })
        const bob = (yield* look("email:bob@x.io"))!
        assert.deepInclude(bob, { segmentId: separated, ids: ["anonymous_id:bob", "email:bob@x.io"], events: 2 })
        assert.deepStrictEqual(bob.traits, { email: "bob@x.io", name: "Bob" })
        assert.deepInclude(yield* look("email:ann@x.io"), { segmentId: remaining, events: 2 })
        // They stay apart, until the person who has separated them takes it back.
        yield* more([{ type: "identify", anonymousId: "shared", traits: { email: "bob@x.io" } }])
        assert.strictEqual((yield* look("email:bob@x.io"))!.segmentId, separated)
        yield* ask("revert_split", { auditId })
        assert.strictEqual((yield* look("email:bob@x.io"))!.segmentId, remaining)
        // Which is repeated, too, and not when nothing is to be repeated.
        assert.deepInclude((yield* rebuilt(yield* planned(withEmails(3)))).answer!.operations!, {
          applied: 2,
          skipped: 0
        })
        assert.strictEqual((yield* look("email:bob@x.io"))!.segmentId, remaining)
        assert.isNull((yield* rebuilt(null)).error)

        yield* begin(browser, withEmails(5))
        yield* undoLastMerge("email:bob@x.io")
        const bare = yield* rebuilt(yield* planned(withEmails(4), null, false))
        assert.deepInclude(bare.answer!.operations!, { applied: 0, skipped: 0 })
        const again = (yield* look("email:bob@x.io"))!
        assert.strictEqual(again.segmentId, (yield* look("email:ann@x.io"))!.segmentId)
      })
    )

    it.effect(
      "IDR-200: where the profiles are others, the people are taken apart all the same, each under an id that it had",
      () =>
        Effect.gen(function* () {
          // Ann is the older one by her user id only.
          const first: ShortMessage = { type: "identify", userId: "ann" }
          const [ann, bob, both] = browser
          yield* begin([first, bob!, { ...ann!, userId: "ann" }, both!], withEmails(5))
          const { separated, remaining } = yield* undoLastMerge("email:bob@x.io")
          const done = yield* rebuilt(yield* planned(without("user_id")))
          assert.deepInclude(done.answer!.operations!, { applied: 1, skipped: 0 })
          const now = (yield* look("email:bob@x.io"))!
          assert.deepInclude(now, { segmentId: separated, ids: ["anonymous_id:bob", "email:bob@x.io"] })
          const she = (yield* look("email:ann@x.io"))!
          assert.deepStrictEqual(she.ids, ["anonymous_id:shared", "email:ann@x.io"])
          assert.notStrictEqual(she.segmentId, separated)
          assert.strictEqual(yield* leadsTo(remaining), null)
          yield* more([{ type: "identify", anonymousId: "shared", traits: { email: "bob@x.io" } }])
          assert.strictEqual((yield* look("email:bob@x.io"))!.segmentId, separated)
        })
    )

    it.effect(
      "IDR-205: who was separated is kept apart also where the rules have not made one of them; what cannot be repeated is told",
      () =>
        Effect.gen(function* () {
          yield* begin(tablet, withEmails(5))
          const [blob] = yield* people
          const identifiers = [
            { type: "email", id: "e3@x.io" },
            { type: "anonymous_id", id: "visit-3" }
          ]
          const { auditId } = yield* ask("split", { profile: blob!, identifiers, keepApart: true })
          const six = yield* rebuilt(yield* planned(withEmails(1)))
          assert.deepInclude(six.answer!.operations!, { applied: 1, unneeded: 0, skipped: 0 })
          assert.strictEqual(new Set(yield* people).size, 6)
          assert.strictEqual(yield* keptApart("email:e3@x.io"), 4)
          // Nobody has any of theirs any more: the operation is not forgotten for that.
          const none = yield* rebuilt(yield* planned(without("email", "anonymous_id")))
          const reason = "No identifier of the separated side is mapped under these rules."
          assert.deepInclude(none.answer!.operations!, { applied: 0, skipped: 1 })
          assert.deepInclude(none.answer!.operations!.list[0]!, { auditId, operation: "split", reason })
          assert.isNull((yield* rebuilt(yield* planned(withEmails(5)))).error)
          const after = yield* people
          assert.strictEqual(new Set([after[0], after[1], after[3]]).size, 1)
          assert.notStrictEqual(after[2], after[0])
          assert.strictEqual(yield* keptApart("email:e3@x.io"), 1)
        })
    )
    if (!all) return

    it.effect("IDR-190: a run over some people takes all who are connected with them, and nobody else's events", () =>
      Effect.gen(function* () {
        // The sixth person is connected by the tablet that was demoted, Ann with Bob although they are kept apart.
        yield* begin([...tablet, ...browser], withEmails(5))
        yield* undoLastMerge("email:bob@x.io")
        const of = Effect.fnUntraced(function* (scope: Partial<Scope>) {
          const { summary, total } = yield* tried(withEmails(1), { ...everybody, ...scope })
          const { events, users } = summary as WhatIfSummary
          return [total, events, users.profiles.before, users.profiles.after]
        })
        assert.deepStrictEqual(yield* of({ identifiers: [{ type: "email", id: "e6@x.io" }] }), [6, 6, 2, 6])
        assert.deepStrictEqual(yield* of({ profiles: [(yield* look("email:bob@x.io"))!.segmentId] }), [4, 4, 2, 2])
        const both = {
          identifiers: [{ type: "ios.id", id: "pad1" }],
          profiles: [(yield* look("email:ann@x.io"))!.segmentId]
        }
        assert.deepStrictEqual(yield* of(both), [10, 10, 4, 8])
        assert.deepStrictEqual(yield* of({ ...both, from: Date.now() + 60_000 }), [0, 0, 0, 0])
        const nobody = { ...everybody, identifiers: [{ type: "email", id: "nobody@x.io" }] }
        assert.match((yield* executed(withEmails(1), nobody)).error!, /^No profile of this space/)
      })
    )

    it.effect(
      "IDR-162: of who is erased nothing is left in the pictures of a repair that was repeated, nor in a scope",
      () =>
        Effect.gen(function* () {
          const { write: sql } = yield* Database
          yield* begin([{ type: "identify", anonymousId: "bob", userId: "bob" }, ...browser], withEmails(5))
          const { auditId } = yield* undoLastMerge("email:bob@x.io")
          assert.isNull((yield* rebuilt(yield* planned(withEmails(4)))).error)
          const scope = { ...everybody, identifiers: [{ type: "email", id: "bob@x.io" }] }
          const run = yield* planned(withEmails(4), scope)
          yield* sql`insert into regulations (id, type, status, actor, audit, subjects, created_at, due_at, from_pos, scanned)
            values ('reg_bob', 'DELETE_INTERNAL', 'RUNNING', 'test', '', 1, now(), now(), 0, 0)`
          yield* ask("erase_user", { regulation: "reg_bob", part: 0, userIds: ["bob"] })
          const [left] = yield* sql<{ left: string }>`select concat(a.before, a.after, a.data, w.scope) as left
          from audit a, what_if_runs w where a.id = ${auditId} and w.id = ${run}`
          assert.notMatch(left!.left, /bob/)
          const { operations } = (yield* rebuilt(yield* planned(withEmails(3)))).answer!
          assert.deepInclude(operations!, { applied: 0, skipped: 1 })
          assert.match(operations!.list[0]!.reason, /erased/)
          assert.strictEqual((yield* look("email:ann@x.io"))!.events, 1)
        })
    )
  })

suite("the Postgres graph", postgresGraph, true)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))), false)
})
