/** History, lineage and contention (IDR-210, IDR-211) as they are read from the stores of a real space, on both graphs. */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { assert, describe } from "vitest"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import { contended, nearLimits } from "../../../src/identity/operations/contention.ts"
import { type HistoryRequest, historiesOf, type MergeNode } from "../../../src/identity/operations/history.ts"
import { compileRules } from "../../../src/identity/rules.ts"
import { Database } from "../../../src/platform/database.ts"
import type { RulesDocument } from "../../../src/workspace/rules.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig, type ShortMessage } from "../../support/space.ts"
import { ask, begin, look, more } from "./support.ts"

const limited = (limits: Readonly<Record<string, Pick<RulesDocument["identifiers"][number], "limit" | "window">>>) => ({
  ...defaultRules,
  identifiers: defaultRules.identifiers.map((row) => ({ ...row, ...limits[row.type] }))
})

const services = Effect.gen(function* () {
  const { space } = yield* Rig
  const database = yield* Database
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  return { services: { database, graph }, space: { id: space.id, graphId } }
})

const all = { after: null, before: null, limit: 100, backward: false }

const history = Effect.fnUntraced(function* (segmentId: string, request: Omit<HistoryRequest, "nos"> = all) {
  const { services: them, space } = yield* services
  return (yield* historiesOf(them, space, [{ ...request, segmentId }]))[0]!
})

const kinds = (entries: ReadonlyArray<{ readonly kind: string }>) => entries.map(({ kind }) => kind)

const treeOf = ({ segmentId, merged }: MergeNode): unknown =>
  merged.length === 0 ? segmentId : { [segmentId]: merged.map(treeOf) }

const idOf = (text: string) => Effect.map(look(text), (found) => found!.segmentId)
/** An event with two anonymous ids. */
const two = (a: string, b: string, messageId: string): ShortMessage => ({
  anonymousId: a,
  messageId,
  context: { externalIds: [{ id: b, type: "anonymous_id", collection: "users", encoding: "none" }] }
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(`history on ${adapter}`, (it) => {
    it.effect(
      "AC2-29, W-40: the path from a merged-away id, each step with message and rules version, and the tree",
      () =>
        Effect.gen(function* () {
          yield* begin([{ anonymousId: "a1" }, { anonymousId: "a2" }, { anonymousId: "a3" }])
          const [p1, p2, p3] = [
            yield* idOf("anonymous_id:a1"),
            yield* idOf("anonymous_id:a2"),
            yield* idOf("anonymous_id:a3")
          ]
          yield* more([two("a3", "a2", "m32"), two("a2", "a1", "m21")])
          const of3 = yield* history(p3)
          assert.deepStrictEqual(
            of3.path.map(({ segmentId, merge }) => [segmentId, merge?.messageId, merge?.rulesVersion]),
            [
              [p3, "m32", 1],
              [p2, "m21", 1],
              [p1, undefined, undefined]
            ]
          )
          assert.deepStrictEqual(kinds(of3.entries), ["CREATED", "IDENTIFIER_MAPPED", "MERGED"])
          const merged = of3.entries.at(-1)!
          assert.deepInclude(merged, { segmentId: p2, others: [p3], mergeId: of3.path[0]!.merge!.id })
          assert.deepInclude(merged.cause, { kind: "event", messageId: "m32", rulesVersion: 1 })
          assert.include(merged.text, "carried anonymous_id a3 and anonymous_id a2")
          const of1 = yield* history(p1)
          assert.deepStrictEqual(treeOf(of1.tree), { [p1]: [{ [p2]: [p3] }] })
          assert.deepStrictEqual(
            kinds(of1.entries).filter((kind) => kind === "MERGED"),
            ["MERGED", "MERGED"]
          )
          const { services: them, space } = yield* services
          assert.deepStrictEqual(yield* historiesOf(them, space, [{ ...all, segmentId: `use_${"0".repeat(27)}` }]), [
            null
          ])
        })
    )

    it.effect("IDR-210: what people did is in the history of both sides, with who and why", () =>
      Effect.gen(function* () {
        yield* begin([
          { userId: "u1", anonymousId: "a1" },
          { type: "identify", userId: "u1", traits: { email: "e1@x.io" } }
        ])
        const first = yield* idOf("user_id:u1")
        const split = yield* ask(
          "split",
          { profile: first, identifiers: [{ type: "anonymous_id", id: "a1" }], keepApart: true },
          "two people"
        )
        yield* more([{ type: "identify", anonymousId: "a1", traits: { email: "e1@x.io" } }])
        yield* ask("lift_separation", { a: first, b: split.separated })
        yield* ask("revert_split", { auditId: split.auditId })
        yield* ask("delete_identifier", { userId: "u1", identifier: { type: "anonymous_id", id: "a1" } })
        const { entries, tree } = yield* history(first)
        assert.deepStrictEqual(kinds(entries), [
          "CREATED",
          "IDENTIFIER_MAPPED",
          "IDENTIFIER_MAPPED",
          "IDENTIFIER_MAPPED",
          "SPLIT",
          "SEPARATED",
          "DEMOTED",
          "LIFTED",
          "MERGED",
          "IDENTIFIER_REMOVED"
        ])
        assert.deepStrictEqual(treeOf(tree), { [first]: [split.separated] })
        const done = entries.find(({ kind }) => kind === "SPLIT")!
        assert.deepStrictEqual(done.cause, {
          kind: "operation",
          operation: "split",
          actor: "test",
          reason: "two people",
          auditId: split.auditId
        })
        assert.strictEqual(done.text, `${split.separated} was split off ${first}, with anonymous_id a1.`)
        const demoted = entries.find(({ kind }) => kind === "DEMOTED")!
        assert.deepInclude(demoted, { segmentId: first, others: [split.separated], violation: "Profiles kept apart" })
        // The other side: the split made it, so there is nothing before.
        const other = yield* history(split.separated)
        assert.deepStrictEqual(kinds(other.entries), ["SPLIT", "SEPARATED", "DEMOTED", "LIFTED", "MERGED"])
      })
    )

    it.effect("IDR-210: pages forward and backward neither skip nor repeat", () =>
      Effect.gen(function* () {
        const limit = limited({ user_id: { limit: 1, window: "ever" } })
        yield* begin([{ userId: "u1", anonymousId: "a1", messageId: "first" }], limit)
        yield* more(Array.from({ length: 7 }, (_, n) => ({ userId: `x${n}`, anonymousId: "a1" })))
        yield* more([{ userId: "u1", context: { device: { type: "ios", id: "d1" } } }])
        const id = yield* idOf("user_id:u1")
        const { entries } = yield* history(id)
        assert.deepStrictEqual(kinds(entries), [
          "CREATED",
          "IDENTIFIER_MAPPED",
          "IDENTIFIER_MAPPED",
          ...Array.from({ length: 7 }, () => "DEMOTED"),
          "IDENTIFIER_MAPPED"
        ])
        for (const backward of [false, true]) {
          const seen: Array<unknown> = []
          let at: { readonly seq: number; readonly n: number } | null = null
          for (let page = 0; page < 20; page++) {
            const bounds: Pick<HistoryRequest, "after" | "before"> = {
              after: backward ? null : at,
              before: backward ? at : null
            }
            const found: { readonly entries: typeof entries; readonly more: boolean } = yield* history(id, {
              ...bounds,
              limit: 2,
              backward
            })
            if (backward) seen.unshift(...found.entries)
            else seen.push(...found.entries)
            const last = backward ? found.entries[0] : found.entries.at(-1)
            if (last !== undefined) at = { seq: last.seq, n: last.n }
            if (!found.more) break
          }
          assert.deepStrictEqual(seen, [...entries])
        }
      })
    )

    it.effect("AC2-30: an identifier that two profiles fight for is listed with its demotions", () =>
      Effect.gen(function* () {
        yield* begin([{ userId: "u1", anonymousId: "a1" }])
        yield* more(Array.from({ length: 20 }, () => ({ userId: "u2", anonymousId: "a1" })))
        // Once each with many: a shared device, not a fight.
        yield* more(Array.from({ length: 5 }, (_, n) => ({ userId: `v${n}`, anonymousId: "a1" })))
        const [p1, p2] = [yield* idOf("user_id:u1"), yield* idOf("user_id:u2")]
        const { services: them, space } = yield* services
        const { space: named } = yield* Rig
        const list = yield* contended(them, space)
        assert.lengthOf(list, 1)
        assert.deepInclude(list[0]!, {
          identifier: { collection: "users", type: "anonymous_id", value: "a1" },
          profiles: [p1, p2].sort(),
          demotions: 20,
          sources: [named.sources[0]!.id]
        })
        assert.isAtMost(list[0]!.firstAt, list[0]!.lastAt)
        // One person after all: no contention any more.
        yield* ask("save_rules", { rules: limited({ user_id: { limit: 2, window: "ever" } }), expectedVersion: 1 })
        yield* more([{ userId: "u2", anonymousId: "a1" }])
        assert.strictEqual(yield* idOf("user_id:u2"), p1)
        assert.deepStrictEqual(yield* contended(them, space), [])
      })
    )

    it.effect(
      "IDR-211: profiles above 80 % of a limit; a limit of one is filled by everybody and names only who has two",
      () =>
        Effect.gen(function* () {
          const rules = limited({ anonymous_id: { limit: 5, window: "daily" }, email: { limit: 5, window: "ever" } })
          const now = Date.now()
          const day = 86_400_000
          const at = (n: number) => new Date(now - n * day).toISOString()
          yield* begin(
            [
              ...[1, 2, 3, 4, 5].map((n) => ({
                type: "identify" as const,
                userId: "full",
                traits: { email: `e${n}@x.io` }
              })),
              ...[1, 2, 3, 4].map((n) => ({
                type: "identify" as const,
                userId: "four",
                traits: { email: `f${n}@x.io` }
              })),
              // Many, but never more than one a day; and five within one day.
              ...[1, 3, 5, 7, 9, 11].map((n) => ({ userId: "slow", anonymousId: `s${n}`, timestamp: at(n) })),
              ...[1, 2, 3, 4, 5].map((n) => ({ userId: "fast", anonymousId: `f${n}`, timestamp: at(3) }))
            ],
            rules
          )
          const { services: them, space } = yield* services
          const list = yield* nearLimits(them, space, compileRules(rules, 1, []))
          const [full, fast] = [yield* idOf("user_id:full"), yield* idOf("user_id:fast")]
          assert.sameDeepMembers(
            list.map(({ segmentId, type, count, limit }) => [segmentId, type, count, limit]),
            [
              [full, "email", 5, 5],
              [fast, "anonymous_id", 5, 5]
            ]
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
