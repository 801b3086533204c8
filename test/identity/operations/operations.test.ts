/** Operations through the actor of a real space, on both graphs. */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { assert, describe } from "vitest"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { catchUp } from "../../../src/identity/graph-projection.ts"
import { makeSpaceStore } from "../../../src/identity/space-store.ts"
import { Database } from "../../../src/platform/database.ts"
import { decodeRules, defaultRules } from "../../../src/workspace/rules-document.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig } from "../../support/space.ts"
import { ask, audits, id, look, refused, violations } from "./support.ts"

const one = (type: string, value: string) =>
  refused("delete_identifier", { userId: "u1", identifier: { type, id: value } })

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(`operations on ${adapter}`, (it) => {
    it.effect("W-43, AC2-22: a deleted identifier is free; the next event that carries it maps it anew", () =>
      Effect.gen(function* () {
        const { enter, send, settled } = yield* Rig
        yield* enter(defaultRules)
        yield* send([{ type: "identify", userId: "u1", traits: { email: "e1@x.io", plan: "pro" } }])
        yield* settled
        const { segmentId } = yield* ask("delete_identifier", {
          userId: "u1",
          identifier: { type: "email", id: "e1@x.io" }
        })
        const left = yield* look("user_id:u1")
        assert.deepStrictEqual(left!.ids, ["user_id:u1"])
        assert.strictEqual(left!.segmentId, segmentId)
        assert.deepStrictEqual(left!.traits, { email: "e1@x.io", plan: "pro" })
        assert.isNull(yield* look("email:e1@x.io"))
        yield* send([{ type: "identify", userId: "u2", traits: { email: "e1@x.io" } }])
        yield* settled
        assert.deepStrictEqual((yield* look("email:e1@x.io"))!.ids, ["email:e1@x.io", "user_id:u2"])
        assert.notStrictEqual((yield* look("user_id:u2"))!.segmentId, segmentId)
        assert.deepStrictEqual(yield* violations, [])
        const [entry] = yield* audits
        assert.strictEqual(entry!.action, "Identifier Deleted")
        assert.strictEqual(entry!.actor, "test")
        assert.deepInclude(entry!.before, { type: "email", id: "e1@x.io" })
      })
    )

    it.effect("AC2-21: what may not be deleted is refused, and nothing changes", () =>
      Effect.gen(function* () {
        const { enter, send, settled } = yield* Rig
        const base = defaultRules.identifiers.map((row) => (row.type === "ios.id" ? { ...row, enabled: false } : row))
        yield* enter({ ...defaultRules, identifiers: base })
        yield* send([
          { type: "identify", userId: "u1", traits: { email: "e1@x.io" } },
          { type: "identify", userId: "u2", traits: { email: "e2@x.io" } },
          { type: "group", userId: "u1", groupId: "g1" }
        ])
        yield* settled
        assert.strictEqual(yield* one("user_id", "u1"), "VALIDATION_FAILED")
        assert.strictEqual(yield* one("group_id", "g1"), "UNSUPPORTED_IDENTIFIER")
        assert.strictEqual(yield* one("shoe_size", "42"), "UNSUPPORTED_IDENTIFIER")
        assert.strictEqual(yield* one("ios.id", "x"), "IDENTIFIER_SWITCHED_OFF")
        assert.strictEqual(yield* one("email", "e2@x.io"), "IDENTIFIER_NOT_FOUND")
        assert.strictEqual(yield* one("email", "never@x.io"), "IDENTIFIER_NOT_FOUND")
        const nobody = { userId: "nobody", identifier: { type: "email", id: "e1@x.io" } }
        assert.strictEqual(yield* refused("delete_identifier", nobody), "NOT_FOUND")
        assert.deepStrictEqual((yield* look("user_id:u1"))!.ids, ["email:e1@x.io", "user_id:u1"])
        assert.deepStrictEqual(yield* audits, [])
      })
    )

    it.effect("IDR-155, INV-7: a graph that is built again from the journal has the deletion at its place", () =>
      Effect.gen(function* () {
        const { enter, send, settled } = yield* Rig
        const space = yield* enter(defaultRules)
        const database = yield* Database
        const graph = yield* IdentityGraph
        yield* send([{ type: "identify", userId: "u1", traits: { email: "e1@x.io" } }])
        yield* settled
        yield* ask("delete_identifier", { userId: "u1", identifier: { type: "email", id: "e1@x.io" } })
        yield* send([{ type: "identify", userId: "u2", traits: { email: "e1@x.io" } }])
        yield* settled
        const rebuilt = (yield* LiveGraphs).nextOf(space.id)
        const from = yield* graph.open(rebuilt)
        const store = makeSpaceStore(database, space.id)
        yield* catchUp({ store, graph, graphId: rebuilt, from, upTo: Number.MAX_SAFE_INTEGER })
        const [found] = yield* graph.find(rebuilt, "users", [{ identifier: id("email:e1@x.io") }])
        assert.strictEqual(found!.segmentId, (yield* look("user_id:u2"))!.segmentId)
        yield* graph.drop(rebuilt)
      })
    )

    it.effect("IDR-156, IDR-158: saved rules apply to the next event; a stale version is a conflict", () =>
      Effect.gen(function* () {
        const { enter, send, settled } = yield* Rig
        yield* enter(defaultRules)
        yield* send([{ type: "identify", userId: "u1", traits: { email: "e1@x.io" } }])
        yield* settled
        const rules = {
          ...defaultRules,
          identifiers: defaultRules.identifiers.map((row) => (row.type === "user_id" ? { ...row, limit: 2 } : row))
        }
        assert.strictEqual((yield* ask("save_rules", { rules, expectedVersion: 1 })).version, 2)
        assert.strictEqual(yield* refused("save_rules", { rules: defaultRules, expectedVersion: 1 }), "CONFLICT")
        yield* send([{ type: "identify", userId: "u2", traits: { email: "e1@x.io" } }])
        yield* settled
        assert.deepStrictEqual((yield* look("email:e1@x.io"))!.ids, ["email:e1@x.io", "user_id:u1", "user_id:u2"])
        const [entry] = yield* audits
        assert.strictEqual(entry!.action, "Rules Saved")
        assert.deepStrictEqual(entry!.before, JSON.parse(JSON.stringify(defaultRules)))
      })
    )

    it.effect("AC2-24: a value that is blocked after it was mapped keeps its mapping and is matched by nothing", () =>
      Effect.gen(function* () {
        const { enter, send, settled } = yield* Rig
        yield* enter(defaultRules)
        yield* send([{ userId: "u1", anonymousId: "shared" }])
        yield* settled
        const rules = { ...defaultRules, spaceBlocked: [{ kind: "exact" as const, value: "shared" }] }
        yield* ask("save_rules", { rules, expectedVersion: 1 })
        yield* send([{ userId: "u2", anonymousId: "shared" }])
        yield* settled
        assert.deepStrictEqual((yield* look("user_id:u1"))!.ids, ["anonymous_id:shared", "user_id:u1"])
        assert.deepStrictEqual((yield* look("user_id:u2"))!.ids, ["user_id:u2"])
        assert.deepStrictEqual(yield* violations, ["ID value blocked: anonymous_id:shared"])
      })
    )

    it.effect("AC2-5: rules are imported into a space with events only by force", () =>
      Effect.gen(function* () {
        const { enter, send, settled } = yield* Rig
        const { document } = decodeRules({ blockJunk: false })
        const from = yield* enter(document!)
        yield* settled
        yield* send([{ userId: "u0" }])
        yield* settled
        yield* enter(defaultRules)
        yield* settled
        const input = { fromSpaceId: from.id, force: false }
        assert.strictEqual((yield* ask("import_rules", input)).version, 2)
        yield* send([{ userId: "u1" }])
        yield* settled
        assert.strictEqual(yield* refused("import_rules", input), "RULES_NOT_EMPTY")
        assert.strictEqual((yield* ask("import_rules", { ...input, force: true })).version, 3)
        assert.strictEqual(yield* refused("import_rules", { fromSpaceId: "spa_none", force: true }), "NOT_FOUND")
        assert.deepStrictEqual(
          (yield* audits).map(({ action }) => action),
          ["Rules Imported", "Rules Imported"]
        )
      })
    )
  })

suite("the Postgres graph", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))))
})
