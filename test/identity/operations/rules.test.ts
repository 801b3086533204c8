/** Rules as versions: what may be saved, what stays, what other rules would leave outside (IDR-8, IDR-37, IDR-38, IDR-156, IDR-157). */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { assert, describe, it } from "vitest"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { busiest } from "../../../src/identity/limits.ts"
import { countOutside } from "../../../src/identity/operations/rules-impact.ts"
import { compileRules } from "../../../src/identity/rules.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { Database } from "../../../src/platform/database.ts"
import { decodeRules, defaultRules } from "../../../src/workspace/rules-document.ts"
import type { RulesDocument } from "../../../src/workspace/rules.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig } from "../../support/space.ts"
import { ask, audits, look, refused } from "./support.ts"

const rulesOf = (value: object): RulesDocument => decodeRules(value).document!
const withRow = (row: object): RulesDocument => rulesOf({ identifiers: [...defaultRules.identifiers, row] })

const begin = Effect.fnUntraced(function* (rules: RulesDocument) {
  const { enter, settled } = yield* Rig
  const space = yield* enter(rules)
  yield* settled
  return space
})

const save = (rules: RulesDocument) => refused("save_rules", { rules, expectedVersion: 1 })
const day = (n: number) => ({ timestamp: new Date(Date.parse("2024-05-01") + n * 86_400_000).toISOString() })
const external = (type: string, id: string, collection = "users") => ({ id, type, collection, encoding: "none" })

const saved = Effect.gen(function* () {
  const { space } = yield* Rig
  const { write: sql } = yield* Database
  return yield* sql.unsafe<{ version: number; origin: string; actor: string | null; doc: string }>(
    `select version, origin, actor, doc from ${spaceSchema(space.id)}.rules order by version`
  )
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(`rules on ${adapter}`, (it) => {
    it.effect("IDR-38: a custom type can be switched off, not removed; no type changes its collection", () =>
      Effect.gen(function* () {
        yield* begin(withRow({ type: "app_id" }))
        assert.strictEqual(yield* save(defaultRules), "VALIDATION_FAILED")
        assert.strictEqual(yield* save(withRow({ type: "app_id", collection: "accounts" })), "VALIDATION_FAILED")
        assert.strictEqual((yield* saved).length, 1)
        // A default type may go: events bring it back (IDR-37).
        const { identifiers } = withRow({ type: "app_id", enabled: false })
        const rules = { ...defaultRules, identifiers: identifiers.filter(({ type }) => type !== "ga_client_id") }
        assert.strictEqual((yield* ask("save_rules", { rules, expectedVersion: 1 })).version, 2)
      })
    )

    it.effect("IDR-37: types that events brought outlive a save, and are the document's own once it names them", () =>
      Effect.gen(function* () {
        const { send, settled } = yield* Rig
        yield* begin(defaultRules)
        yield* send([{ userId: "u1", context: { externalIds: [external("phone", "p1"), external("cookie", "c1")] } }])
        yield* settled
        const rules = withRow({ type: "phone", enabled: false })
        yield* ask("save_rules", { rules, expectedVersion: 1 })
        yield* send([{ context: { externalIds: [external("phone", "p1"), external("cookie", "c1")] } }])
        yield* send([{ context: { externalIds: [external("phone", "p2"), external("cookie", "c2")] } }])
        yield* settled
        assert.deepInclude((yield* look("cookie:c1"))!, { ids: ["cookie:c1", "phone:p1", "user_id:u1"], events: 2 })
        assert.deepStrictEqual((yield* look("cookie:c2"))!.ids, ["cookie:c2"])
      })
    )

    it.effect("IDR-8: an import copies the whole table, with types that events brought; not across collections", () =>
      Effect.gen(function* () {
        const { send, settled } = yield* Rig
        const from = yield* begin(withRow({ type: "app_id", limit: 7, window: "weekly" }))
        yield* send([{ context: { externalIds: [external("phone", "p1")] } }])
        yield* settled
        yield* begin(withRow({ type: "shop_id" }))
        const input = { fromSpaceId: from.id, force: false }
        yield* ask("import_rules", input)
        const [first, second] = yield* saved
        assert.deepInclude(first, { version: 1, origin: "file", actor: null })
        assert.deepInclude(second, { version: 2, origin: "api", actor: "test" })
        const table = new Map((JSON.parse(second!.doc) as RulesDocument).identifiers.map((row) => [row.type, row]))
        assert.deepInclude(table.get("app_id"), { limit: 7, window: "weekly", origin: "custom" })
        assert.deepInclude(table.get("phone"), { limit: 5, window: "ever", origin: "auto" })
        assert.isFalse(table.has("shop_id"))
        const [entry] = yield* audits
        assert.deepInclude(entry, { action: "Rules Imported", target: "rules version 2" })
        yield* begin(withRow({ type: "phone", collection: "accounts" }))
        assert.strictEqual(yield* refused("import_rules", input), "VALIDATION_FAILED")
      })
    )

    it.effect("IDR-156: what people saved outlives a restart of the space; an edited file wins again", () =>
      Effect.gen(function* () {
        const { setRules, send, settled } = yield* Rig
        yield* begin(defaultRules)
        const mine = { ...defaultRules, spaceBlocked: [{ kind: "exact" as const, value: "mine" }] }
        yield* ask("save_rules", { rules: mine, expectedVersion: 1 })
        // The same file, read again.
        setRules(structuredClone(defaultRules))
        yield* send([{ anonymousId: "mine" }])
        yield* settled
        assert.isNull(yield* look("anonymous_id:mine"))
        setRules({ ...defaultRules, readmitDemoted: true })
        yield* send([{ anonymousId: "mine" }])
        yield* settled
        assert.isNotNull(yield* look("anonymous_id:mine"))
        assert.deepStrictEqual(
          (yield* saved).map(({ origin }) => origin),
          ["file", "api", "file"]
        )
      })
    )

    it.effect("IDR-157: counts the profiles that tighter rules leave outside, values within one window only", () =>
      Effect.gen(function* () {
        const { send, settled } = yield* Rig
        const space = yield* begin(defaultRules)
        yield* send([
          { userId: "u1", anonymousId: "a1", ...day(1) },
          { userId: "u1", anonymousId: "a2", ...day(2) },
          { userId: "u1", anonymousId: "a3", ...day(3) },
          { userId: "u2", anonymousId: "b1", ...day(1) },
          { userId: "u2", anonymousId: "b2", ...day(9) },
          { type: "identify", userId: "u2", traits: { email: "e1@x.io" }, ...day(9) },
          { type: "identify", userId: "u2", traits: { email: "e2@x.io" }, ...day(30) },
          { userId: "u3", anonymousId: "c1", ...day(1) }
        ])
        yield* settled
        const graph = yield* IdentityGraph
        const graphs = yield* LiveGraphs
        const count = (changes: Readonly<Record<string, object>>) => {
          const identifiers = defaultRules.identifiers.map((row) => ({ ...row, ...changes[row.type] }))
          return countOutside(graph, graphs.graphOf(space.id), compileRules({ ...defaultRules, identifiers }, 0, []))
        }
        assert.deepStrictEqual(yield* count({}), { profiles: 0, types: [], complete: true })
        assert.deepStrictEqual(yield* count({ anonymous_id: { limit: 1 }, email: { limit: 1 } }), {
          profiles: 2,
          types: [
            { type: "email", collection: "users", limit: 1, window: "ever", profiles: 1 },
            { type: "anonymous_id", collection: "users", limit: 1, window: "ever", profiles: 2 }
          ],
          complete: true
        })
        const weekly = yield* count({ anonymous_id: { limit: 1, window: "weekly" } })
        assert.deepInclude(weekly, { profiles: 1 })
        const off = yield* count({ anonymous_id: { limit: 1, enabled: false } })
        assert.deepInclude(off, { profiles: 0 })
      })
    )
  })

suite("the Postgres graph", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))))
})

describe("IDR-157: values within one window", () => {
  const cases: ReadonlyArray<readonly [window: number, added: ReadonlyArray<number>, most: number]> = [
    [10, [], 0],
    [10, [5], 1],
    [10, [0, 9], 2],
    [10, [0, 10], 1],
    [10, [30, 0, 21, 5, 25], 3],
    [Number.POSITIVE_INFINITY, [0, 1000], 2]
  ]
  for (const [window, added, most] of cases)
    it(`${most} of ${JSON.stringify(added)} within ${window}`, () => assert.strictEqual(busiest(window, added), most))
})
