/**
 * Merge storms from the field, each with the outcome that is right, through log, actor and graph: what one bad value, one shared device
 * or several connections at once do to a space.
 */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { assert, describe } from "vitest"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import type { Database } from "../../src/platform/database.ts"
import { decodeRules, defaultRules } from "../../src/workspace/rules-document.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { Rig, rig, type ShortMessage } from "../support/space.ts"
import { ask, look, violations } from "./operations/support.ts"

const profiles = Effect.gen(function* () {
  const { space } = yield* Rig
  const graph = yield* IdentityGraph
  return yield* graph.count((yield* LiveGraphs).graphOf(space.id), "users")
})

/** Rules with all limits at `limit`. */
const limited = (limit: number) => ({
  ...defaultRules,
  identifiers: defaultRules.identifiers.map((row) => ({ ...row, limit }))
})

const sent = Effect.fnUntraced(function* (messages: ReadonlyArray<ShortMessage>, request = 1_000) {
  const { send, settled } = yield* Rig
  for (let i = 0; i < messages.length; i += request) yield* send(messages.slice(i, i + request))
  yield* settled
})

const counts = Effect.map(violations, (all) => {
  const byKind: Record<string, number> = {}
  for (const one of all) byKind[one.split(":")[0]!] = (byKind[one.split(":")[0]!] ?? 0) + 1
  return byKind
})

/** One event with two links of a chain. */
const link = (i: number): ShortMessage => ({
  anonymousId: `c${i}`,
  context: { externalIds: [{ type: "anonymous_id", id: `c${i + 1}`, collection: "users", encoding: "none" }] }
})

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(`merge storms on ${adapter}`, (it) => {
    it.effect("IDR-53: junk ids on a thousand events of strangers merge nobody", () =>
      Effect.gen(function* () {
        yield* (yield* Rig).enter(defaultRules)
        const junk = [
          "null",
          "undefined",
          "0",
          "[object Object]",
          '"null"',
          "'undefined'",
          "NULL",
          "None",
          "00000000-0000"
        ]
        const messages = junk.flatMap((userId, n) =>
          Array.from({ length: 120 }, (_, i): ShortMessage => ({ userId, anonymousId: `stranger-${n}-${i}` }))
        )
        yield* sent(messages)
        assert.strictEqual(yield* profiles, messages.length)
        assert.deepStrictEqual(yield* counts, { "ID value blocked": messages.length })
      })
    )

    it.effect("a star of 10,000 anonymous ids on one e-mail is one profile with five of them", () =>
      Effect.gen(function* () {
        yield* (yield* Rig).enter(defaultRules)
        const visits = Array.from({ length: 10_000 }, (_, i): ShortMessage => ({
          type: "identify",
          anonymousId: `v${i}`,
          traits: { email: "kiosk@x.io" }
        }))
        yield* sent(visits)
        const found = (yield* look("email:kiosk@x.io"))!
        assert.strictEqual(found.ids.length, 6)
        assert.strictEqual(found.events, 10_000)
        assert.strictEqual(yield* profiles, 1)
        assert.deepStrictEqual(yield* counts, { "Identifier value limit exceeded": 9_995 })
      })
    )

    it.effect(
      "IDR-87: with limits off the star stops at 1,000 identifiers, and every event still has its profile",
      () =>
        Effect.gen(function* () {
          yield* (yield* Rig).enter(limited(1_000))
          const visits = Array.from({ length: 2_000 }, (_, i): ShortMessage => ({
            type: "identify",
            anonymousId: `v${i}`,
            traits: { email: "kiosk@x.io" }
          }))
          yield* sent(visits)
          const found = (yield* look("email:kiosk@x.io"))!
          assert.strictEqual(found.ids.length, 1_000)
          assert.strictEqual(found.events, 2_000)
          assert.deepStrictEqual(yield* counts, { "Identifier mapping limit exceeded": 1_001 })
        })
    )

    it.effect("IDR-87: a chain a-b, b-c, ... of profiles merges a hundred times and no more", () =>
      Effect.gen(function* () {
        yield* (yield* Rig).enter(limited(1_000))
        yield* sent(Array.from({ length: 150 }, (_, i): ShortMessage => ({ anonymousId: `c${i}` })))
        yield* sent(Array.from({ length: 149 }, (_, i) => link(i)))
        const first = (yield* look("anonymous_id:c0"))!
        assert.strictEqual(first.merges, 100)
        // The chain breaks where it is full, and goes on behind.
        assert.deepStrictEqual(yield* counts, { "Profile merge limit exceeded": 1 })
        assert.strictEqual(yield* profiles, 2)
      })
    )

    it.effect("INV-21: A+B, B+C, C+A at once on three connections are one person, created once", () =>
      Effect.gen(function* () {
        const { enter, send, settled } = yield* Rig
        for (let round = 0; round < 5; round++) {
          yield* enter(defaultRules)
          const pairs: ReadonlyArray<ShortMessage> = [
            { userId: "A", anonymousId: "B" },
            { type: "identify", anonymousId: "B", traits: { email: "c@x.io" } },
            { type: "identify", userId: "A", traits: { email: "c@x.io" } }
          ]
          yield* Effect.forEach(pairs, (pair) => send([pair]), { concurrency: 3 })
          yield* settled
          assert.deepStrictEqual((yield* look("user_id:A"))!.ids, ["anonymous_id:B", "email:c@x.io", "user_id:A"])
          assert.strictEqual(yield* profiles, 1)
        }
      })
    )

    it.effect("a hot user beside normal traffic: everybody has what is theirs", () =>
      Effect.gen(function* () {
        yield* (yield* Rig).enter(defaultRules)
        const messages = Array.from({ length: 3_000 }, (_, i): ShortMessage =>
          i % 3 === 0
            ? { type: "identify", userId: `u${i}`, traits: { n: i } }
            : { type: "identify", userId: "hot", traits: { n: i } }
        )
        yield* sent(messages, 100)
        const hot = (yield* look("user_id:hot"))!
        assert.strictEqual(hot.events, 2_000)
        assert.strictEqual(hot.traits["n"], 2_999)
        assert.strictEqual((yield* look("user_id:u2997"))!.traits["n"], 2_997)
        assert.strictEqual(yield* profiles, 1_001)
      })
    )

    it.effect(
      "operations racing events: a delete and an identify, an un-merge and a merge end in one of their orders",
      () =>
        Effect.gen(function* () {
          const { enter, send, settled } = yield* Rig
          yield* enter(decodeRules({}).document!)
          for (let n = 0; n < 5; n++) {
            const email = `race${n}@x.io`
            yield* sent([{ type: "identify", userId: `r${n}`, traits: { email } }])
            const removal = ask("delete_identifier", { userId: `r${n}`, identifier: { type: "email", id: email } })
            const identify = send([{ type: "identify", userId: `r${n}`, traits: { email, seen: n } }])
            yield* Effect.all([removal, identify], { concurrency: 2 })
            yield* settled
            const found = (yield* look(`user_id:r${n}`))!
            assert.strictEqual(found.events, 2)
            assert.strictEqual(found.traits["seen"], n)
            const owner = yield* look(`email:${email}`)
            assert.isTrue(owner === null || owner.segmentId === found.segmentId)

            yield* sent([{ anonymousId: `left${n}` }, { userId: `right${n}` }])
            yield* sent([{ anonymousId: `left${n}`, userId: `right${n}` }])
            const { space } = yield* Rig
            const store = yield* IdentityGraph
            const graphId = (yield* LiveGraphs).graphOf(space.id)
            const [profile] = yield* store.find(graphId, "users", [
              { identifier: { collection: "users", type: "user_id", value: `right${n}` } }
            ])
            const [merges] = yield* store.merges(graphId, [profile!.no])
            const undo = ask("undo_merge", { mergeId: merges![0]!.id, also: [], keepApart: true })
            const merge = send([{ anonymousId: `left${n}`, userId: `right${n}` }])
            yield* Effect.all([undo, merge], { concurrency: 2 })
            yield* settled
            // Whichever came first: both sides are there, apart, and no event is lost.
            const [left, right] = [(yield* look(`anonymous_id:left${n}`))!, (yield* look(`user_id:right${n}`))!]
            assert.notStrictEqual(left.segmentId, right.segmentId)
            assert.strictEqual(left.events + right.events, 4)
          }
        })
    )
  })

suite("the Postgres graph", postgresGraph)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))))
})
