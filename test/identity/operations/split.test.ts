/** Un-merge, split and their way back, through the actor of a real space, on both graphs. */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { assert, describe } from "vitest"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import type { Database } from "../../../src/platform/database.ts"
import { defaultRules } from "../../../src/workspace/rules-document.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig, type ShortMessage } from "../../support/space.ts"
import { ask, audits, id, look, refused, violations } from "./support.ts"

const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)

/** W-7: two anonymous people, one e-mail. */
const w7: ReadonlyArray<ShortMessage> = [
  { type: "page", anonymousId: "5285" },
  { type: "identify", anonymousId: "5285", traits: { email: "jane@x.io", plan: "free" } },
  { type: "page", anonymousId: "b50e" },
  { type: "track", event: "Shoe Clicked", anonymousId: "b50e" },
  { type: "identify", anonymousId: "b50e", traits: { email: "jane@x.io", plan: "pro", size: 42 } }
]

/** The active merge that made the profile of an identifier, by its id. */
const mergeOf = Effect.fnUntraced(function* (text: string) {
  const { space } = yield* Rig
  const graph = yield* IdentityGraph
  const graphId = (yield* LiveGraphs).graphOf(space.id)
  const [profile] = yield* graph.find(graphId, id(text).collection, [{ identifier: id(text) }])
  const [merges] = yield* graph.merges(graphId, [profile!.no])
  return merges!.at(-1)!.id
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>, runs: number) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(`un-merge and split on ${adapter}`, (it) => {
    const begin = Effect.fnUntraced(function* (messages: ReadonlyArray<ShortMessage>) {
      const { enter, send, settled } = yield* Rig
      yield* enter(defaultRules)
      yield* send(messages)
      yield* settled
    })
    const more = Effect.fnUntraced(function* (messages: ReadonlyArray<ShortMessage>) {
      const { send, settled } = yield* Rig
      yield* send(messages)
      yield* settled
    })

    it.effect("AC2-18, W-44: an undone merge gives both people back, and they stay apart", () =>
      Effect.gen(function* () {
        yield* begin(w7.slice(0, 3))
        const p2 = (yield* look("anonymous_id:b50e"))!.segmentId
        yield* more(w7.slice(3))
        const p1 = (yield* look("email:jane@x.io"))!
        assert.deepStrictEqual(p1.ids, ["anonymous_id:5285", "anonymous_id:b50e", "email:jane@x.io"])
        assert.strictEqual(p1.events, 5)
        const mergeId = yield* mergeOf("email:jane@x.io")
        const input = { mergeId, also: [], keepApart: true }
        assert.strictEqual(yield* refused("undo_merge", input, " "), "VALIDATION_FAILED")
        assert.strictEqual(yield* refused("undo_merge", { ...input, mergeId: "mrg_no" }), "NOT_FOUND")
        const answer = yield* ask("undo_merge", input, "Jane lent her phone")
        assert.strictEqual(answer.remaining, p1.segmentId)
        assert.strictEqual(answer.separated, p2)
        assert.strictEqual(yield* refused("undo_merge", input), "CONFLICT")
        const revived = (yield* look("anonymous_id:b50e"))!
        assert.deepInclude(revived, { segmentId: p2, ids: ["anonymous_id:b50e"], traits: {}, events: 2, merges: 0 })
        const first = (yield* look("email:jane@x.io"))!
        assert.deepInclude(first, { ids: ["anonymous_id:5285", "email:jane@x.io"], events: 3, merges: 0 })
        assert.deepStrictEqual(first.traits, { email: "jane@x.io", plan: "pro", size: 42 })
        const [entry] = yield* audits
        assert.strictEqual(entry!.reason, "Jane lent her phone")
        assert.deepInclude(entry!.before, { events: 5, mergedSegmentIds: [p2] })
        // (1) alone: its own profile. (2) with both: kept apart.
        yield* more([{ type: "track", event: "Again", anonymousId: "b50e" }])
        assert.strictEqual((yield* look("anonymous_id:b50e"))!.events, 3)
        yield* more([{ type: "identify", anonymousId: "b50e", traits: { email: "jane@x.io" } }])
        assert.strictEqual((yield* look("anonymous_id:b50e"))!.segmentId, p2)
        assert.strictEqual((yield* look("email:jane@x.io"))!.events, 4)
        assert.deepStrictEqual(yield* violations, ["Profiles kept apart: anonymous_id:b50e"])
      })
    )

    it.effect("AC2-19: taking it back makes one profile of the same id; a lifted separation lets events merge", () =>
      Effect.gen(function* () {
        yield* begin(w7)
        const before = (yield* look("email:jane@x.io"))!
        const undone = yield* ask("undo_merge", {
          mergeId: yield* mergeOf("email:jane@x.io"),
          also: [],
          keepApart: true
        })
        const back = yield* ask("revert_split", { auditId: undone.auditId })
        assert.strictEqual(back.segmentId, before.segmentId)
        assert.deepStrictEqual(yield* look("email:jane@x.io"), before)
        assert.strictEqual(yield* refused("revert_split", { auditId: undone.auditId }), "CONFLICT")
        assert.strictEqual(yield* refused("revert_split", { auditId: "aud_none" }), "NOT_FOUND")
        const again = yield* ask("undo_merge", {
          mergeId: yield* mergeOf("email:jane@x.io"),
          also: [],
          keepApart: true
        })
        assert.isTrue((yield* ask("lift_separation", { a: again.separated, b: again.remaining })).lifted)
        assert.isFalse((yield* ask("lift_separation", { a: again.separated, b: again.remaining })).lifted)
        yield* more([{ type: "identify", anonymousId: "b50e", traits: { email: "jane@x.io" } }])
        assert.strictEqual((yield* look("anonymous_id:b50e"))!.segmentId, before.segmentId)
      })
    )

    it.effect("IDR-201, IDR-202: events, traits and links go with the identifiers that a split moves", () =>
      Effect.gen(function* () {
        const t = Date.now()
        const at = (s: number) => ({ timestamp: new Date(t - 100_000 + s * 1000).toISOString() })
        yield* begin([
          { type: "identify", userId: "u1", anonymousId: "a1", traits: { plan: "free", name: "Jo" }, ...at(1) },
          { type: "identify", anonymousId: "a1", traits: { plan: "pro", color: "red" }, ...at(2) },
          { type: "group", anonymousId: "a1", groupId: "g1", traits: { name: "Initech" }, ...at(3) },
          { type: "group", userId: "u1", groupId: "g1", ...at(4) },
          { type: "group", anonymousId: "a1", groupId: "g2", ...at(5) },
          { type: "track", event: "X", userId: "u1", anonymousId: "a1", ...at(6) },
          { type: "track", event: "Y", anonymousId: "a1", ...at(7) }
        ])
        const { segmentId } = (yield* look("user_id:u1"))!
        const input = { profile: segmentId, identifiers: [{ type: "anonymous_id", id: "a1" }], keepApart: true }
        const answer = yield* ask("split", input)
        assert.strictEqual(answer.movedEvents, 4)
        assert.match(answer.separated, /^use_[0-9A-Za-z]{27}$/)
        const [first, second] = [yield* look("user_id:u1"), yield* look("anonymous_id:a1")]
        assert.deepInclude(first!, { segmentId, events: 3, traits: { plan: "free", name: "Jo" } })
        assert.deepInclude(second!, { segmentId: answer.separated, events: 4, traits: { plan: "pro", color: "red" } })
        const { space } = yield* Rig
        const graph = yield* IdentityGraph
        const graphId = (yield* LiveGraphs).graphOf(space.id)
        const linked = Effect.fnUntraced(function* (text: string) {
          const [found] = yield* graph.find(graphId, "users", [{ identifier: id(text) }])
          const [page] = yield* graph.links(graphId, [{ profile: found!.no, after: null, limit: 10 }])
          const accounts = yield* graph.externalIds(
            graphId,
            page!.links.map(({ no }) => no)
          )
          return accounts.flat().map(({ value }) => value)
        })
        assert.deepStrictEqual(yield* linked("user_id:u1"), ["g1"])
        assert.deepStrictEqual(yield* linked("anonymous_id:a1"), ["g1", "g2"])
        assert.deepStrictEqual((yield* look("group_id:g1"))!.traits, { name: "Initech" })
      })
    )

    it.effect("AC2-20: a split that would leave nothing on one side is refused", () =>
      Effect.gen(function* () {
        yield* begin([{ userId: "u1", anonymousId: "a1" }])
        const { segmentId } = (yield* look("user_id:u1"))!
        const all = [
          { type: "user_id", id: "u1" },
          { type: "anonymous_id", id: "a1" }
        ]
        const split = (identifiers: ReadonlyArray<{ type: string; id: string }>, profile = segmentId) =>
          refused("split", { profile, identifiers, keepApart: true })
        assert.strictEqual(yield* split(all), "EMPTY_SPLIT")
        assert.strictEqual(yield* split([]), "EMPTY_SPLIT")
        assert.strictEqual(yield* split([{ type: "email", id: "not@x.io" }]), "IDENTIFIER_NOT_FOUND")
        assert.strictEqual(yield* split(all.slice(1), `use_${"0".repeat(27)}`), "NOT_FOUND")
      })
    )

    it.effect(
      `INV-15, INV-16, INV-19: after a random run, an undone merge restores the partition; traits are the newest writes; apart stays apart, seed ${seed}`,
      () =>
        Effect.gen(function* () {
          const people = fc.array(
            fc.record({
              device: fc.integer({ min: 1, max: 2 }),
              person: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
              plan: fc.option(fc.constantFrom("a", "b", null), { nil: undefined }),
              size: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined })
            }),
            { minLength: 1, maxLength: 8 }
          )
          for (const before of fc.sample(people, { numRuns: runs, seed })) {
            const messages = before.map(({ device, person, plan, size }, n): ShortMessage => ({
              type: "identify",
              anonymousId: `d${device}`,
              traits: JSON.parse(JSON.stringify({ plan, size, n, ...(person ? { phone: `p${person}` } : {}) }))
            }))
            // Two sides that one more event merges.
            yield* begin([...messages, { anonymousId: "left", messageId: `l-${Math.random()}` }])
            yield* more([{ type: "identify", userId: "u9", anonymousId: "d1", traits: { last: 1 } }])
            const sides = [(yield* look("user_id:u9"))!, (yield* look("anonymous_id:left"))!]
            yield* more([{ anonymousId: "left", userId: "u9" }])
            const one = (yield* look("user_id:u9"))!
            assert.strictEqual(one.merges, sides[0]!.merges + 1)
            const input = { mergeId: yield* mergeOf("user_id:u9"), also: [], keepApart: true }
            yield* ask("undo_merge", input)
            const after = [(yield* look("user_id:u9"))!, (yield* look("anonymous_id:left"))!]
            for (const [i, side] of after.entries())
              assert.deepInclude(side, { segmentId: sides[i]!.segmentId, ids: sides[i]!.ids, traits: sides[i]!.traits })
            // The merging event carried identifiers of both sides: it stays.
            assert.strictEqual(after[0]!.events + after[1]!.events, sides[0]!.events + sides[1]!.events + 1)
            yield* more([{ anonymousId: "left", userId: "u9" }, { anonymousId: "left" }])
            assert.notStrictEqual((yield* look("user_id:u9"))!.segmentId, (yield* look("anonymous_id:left"))!.segmentId)
          }
        }),
      120_000
    )
  })

suite("the Postgres graph", postgresGraph, 8)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))), 4)
})
