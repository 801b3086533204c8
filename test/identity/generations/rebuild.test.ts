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
import { ask, audits, begin, look, more } from "../operations/support.ts"
import { everything, rebuilt, tried, version, withEmails, workshop } from "./support.ts"

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

const people = Effect.forEach([1, 2, 3, 4, 5, 6], (n) =>
  Effect.map(look(`email:e${n}@x.io`), (it) => it?.segmentId ?? `none ${n}`)
)

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(workshop(graph), { excludeTestServices: true, timeout: "60 seconds" })(`rebuilds on ${adapter}`, (it) => {
    it.effect("AC2-16, IDR-193, IDR-194: rules only, then a rebuild, then back; every id resolves all the time", () =>
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
      })
    )
  })

suite("the Postgres graph", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))))
})
