/** Un-merge, split and their way back, through the actor of a real space, on both graphs. */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { assert, describe } from "vitest"
import { History } from "../../../src/archive/history.ts"
import { neo4jGraphOn } from "../../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../../src/identity/graph-postgres.ts"
import { IdentityGraph } from "../../../src/identity/graph.ts"
import { LiveGraphs } from "../../../src/identity/live-graphs.ts"
import type { OperationRefused } from "../../../src/identity/operations/operation.ts"
import { previewUndoMerge } from "../../../src/identity/operations/preview.ts"
import { spaceSchema } from "../../../src/identity/schema.ts"
import { Database } from "../../../src/platform/database.ts"
import { runNeo4j, testNeo4j } from "../../support/neo4j.ts"
import { Rig, rig, type ShortMessage } from "../../support/space.ts"
import { rulesWith } from "../support/rules.ts"
import { ask, audits, begin, id, look, more, refused, violations } from "./support.ts"

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

const previewServices = Effect.gen(function* () {
  return {
    database: yield* Database,
    graph: yield* IdentityGraph,
    graphs: yield* LiveGraphs,
    history: yield* History,
    maxTraits: 100
  }
})

const other = (id: string) => ({ id, type: "anonymous_id", collection: "users", encoding: "none" })

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>, runs: number) =>
  layer(rig(graph), { excludeTestServices: true, timeout: "60 seconds" })(`un-merge and split on ${adapter}`, (it) => {
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

    it.effect(
      "AC2-19, IDR-204: after taking back, merges of before can still be undone as if nothing had happened",
      () =>
        Effect.gen(function* () {
          yield* begin([{ type: "identify", anonymousId: "x1", traits: { size: 1 } }, { userId: "u1" }])
          const x = (yield* look("anonymous_id:x1"))!
          const u = (yield* look("user_id:u1"))!
          yield* more([
            { userId: "u1", anonymousId: "x1" },
            { type: "identify", anonymousId: "x1", traits: { size: 2 } }
          ])
          const first = yield* mergeOf("user_id:u1")
          // u1 is younger: it was merged into x1's profile. Split x1 off, and back.
          const identifiers = [{ type: "anonymous_id", id: "x1" }]
          const split = yield* ask("split", { profile: x.segmentId, identifiers, keepApart: true })
          assert.strictEqual((yield* look("anonymous_id:x1"))!.events, 2)
          yield* ask("revert_split", { auditId: split.auditId })
          yield* ask("undo_merge", { mergeId: first, also: [], keepApart: false })
          assert.deepInclude((yield* look("user_id:u1"))!, { segmentId: u.segmentId, ids: ["user_id:u1"], events: 1 })
          const again = (yield* look("anonymous_id:x1"))!
          assert.deepInclude(again, {
            segmentId: x.segmentId,
            ids: ["anonymous_id:x1"],
            events: 3,
            traits: { size: 2 }
          })
          assert.strictEqual((yield* look(split.separated))!.segmentId, x.segmentId)
        })
    )

    it.effect("IDR-200: a merge inside a chain is undone with what was merged before; `also` takes more along", () =>
      Effect.gen(function* () {
        yield* begin([
          { anonymousId: "c" },
          { anonymousId: "b" },
          { type: "identify", userId: "a", traits: { age: 7 } }
        ])
        const b = (yield* look("anonymous_id:b"))!
        yield* more([{ userId: "a", anonymousId: "b" }])
        yield* more([{ type: "identify", userId: "a", anonymousId: "c", traits: { email: "e@x.io", age: 8 } }])
        yield* more([
          { type: "track", event: "Mine", userId: "a" },
          { type: "identify", anonymousId: "c", traits: { phone: "p1", email: "e@x.io" } },
          { type: "identify", anonymousId: "c", traits: { age: 9 } }
        ])
        assert.strictEqual((yield* look("user_id:a"))!.merges, 2)
        const mergeId = yield* mergeOf("user_id:a")
        const refusal = { mergeId, also: [{ type: "email", id: "no@x.io" }], keepApart: true }
        assert.strictEqual(yield* refused("undo_merge", refusal), "IDENTIFIER_NOT_FOUND")
        const answer = yield* ask("undo_merge", { mergeId, also: [{ type: "email", id: "e@x.io" }], keepApart: true })
        const taken = (yield* look("user_id:a"))!
        // "Mine" goes along; the merging event carried c as well and stays.
        assert.deepInclude(taken, {
          segmentId: b.segmentId,
          ids: ["anonymous_id:b", "email:e@x.io", "user_id:a"],
          events: 4,
          merges: 1,
          traits: { age: 7 }
        })
        const left = (yield* look("anonymous_id:c"))!
        assert.deepInclude(left, { segmentId: answer.remaining, events: 4, merges: 0 })
        assert.deepStrictEqual(left.traits, { email: "e@x.io", phone: "p1", age: 9 })
      })
    )

    it.effect("IDR-200: accounts are taken apart as users are; users keep their links to the right one", () =>
      Effect.gen(function* () {
        const both = { externalIds: [{ id: "d2", type: "domain", collection: "accounts", encoding: "none" }] }
        yield* begin([
          { type: "group", userId: "u1", groupId: "g1", traits: { name: "One" } },
          { type: "group", userId: "u2", groupId: "g9", context: both, traits: { name: "Two", plan: "pro" } }
        ])
        const g9 = (yield* look("group_id:g9"))!
        yield* more([{ type: "group", userId: "u3", groupId: "g1", context: both, traits: { plan: "free" } }])
        assert.deepInclude((yield* look("group_id:g1"))!, { merges: 1, traits: { name: "Two", plan: "free" } })
        yield* more([{ type: "group", userId: "u1", groupId: "g9" }])
        yield* ask("undo_merge", { mergeId: yield* mergeOf("group_id:g1"), also: [], keepApart: true })
        const [one, two] = [(yield* look("group_id:g1"))!, (yield* look("group_id:g9"))!]
        assert.deepInclude(one, { ids: ["group_id:g1"], events: 2, traits: { name: "One", plan: "free" } })
        assert.deepInclude(two, { segmentId: g9.segmentId, events: 2, traits: { name: "Two", plan: "pro" } })
        const { space } = yield* Rig
        const graph = yield* IdentityGraph
        const graphId = (yield* LiveGraphs).graphOf(space.id)
        const accounts = yield* graph.find(graphId, "accounts", [
          { segmentId: one.segmentId },
          { segmentId: two.segmentId }
        ])
        const pages = yield* graph.links(
          graphId,
          accounts.map((found) => ({ profile: found!.no, after: null, limit: 10 }))
        )
        const users = yield* Effect.forEach(pages, ({ links }) =>
          Effect.map(
            graph.externalIds(
              graphId,
              links.map(({ no }) => no)
            ),
            (lists) => lists.flat().map(({ value }) => value)
          )
        )
        assert.deepStrictEqual(users, [
          ["u1", "u3"],
          ["u2", "u1"]
        ])
      })
    )

    it.effect("IDR-204: what could not be taken back exactly is refused with the reason", () =>
      Effect.gen(function* () {
        yield* begin([{ userId: "u1", anonymousId: "a1" }, { anonymousId: "b1" }])
        const { segmentId } = (yield* look("user_id:u1"))!
        const identifiers = [{ type: "anonymous_id", id: "a1" }]
        const input = { profile: segmentId, identifiers, keepApart: true }
        const first = yield* ask("split", input)
        // The separated side is merged into an older profile.
        yield* more([{ anonymousId: "b1", context: { externalIds: [other("a1")] } }])
        const why = yield* Effect.flip(ask("revert_split", { auditId: first.auditId }))
        const into = (yield* look("anonymous_id:b1"))!.segmentId
        assert.deepInclude(why, {
          code: "CONFLICT",
          message: `The separated profile has been merged into ${into} since; undo that merge first.`
        })
        yield* ask("undo_merge", { mergeId: yield* mergeOf("anonymous_id:b1"), also: [], keepApart: false })
        assert.strictEqual((yield* ask("revert_split", { auditId: first.auditId })).segmentId, segmentId)
        // Another separation of the same two is not lifted by the way.
        const again = yield* ask("undo_merge", {
          mergeId: yield* mergeOf("user_id:u1"),
          also: identifiers,
          keepApart: true
        })
        const second = yield* Effect.flip(ask("revert_split", { auditId: first.auditId }))
        assert.include((second as OperationRefused).message, again.auditId)
        assert.strictEqual((yield* ask("revert_split", { auditId: again.auditId })).segmentId, segmentId)
      })
    )

    it.effect("IDR-203: a preview shows both profiles as they will be, and changes nothing", () =>
      Effect.gen(function* () {
        yield* begin(w7)
        const mergeId = yield* mergeOf("email:jane@x.io")
        const before = (yield* look("email:jane@x.io"))!
        const { space } = yield* Rig
        const services = yield* previewServices
        const input = { mergeId, also: [{ type: "email", id: "jane@x.io" }], keepApart: true }
        const picture = yield* previewUndoMerge(services, space.id, input)
        assert.deepStrictEqual(yield* look("email:jane@x.io"), before)
        const { separated, remaining, movedEvents } = yield* ask("undo_merge", input)
        assert.strictEqual(picture.movedEvents, movedEvents)
        for (const [shown, id] of [
          [picture.separated, separated],
          [picture.remaining, remaining]
        ] as const) {
          const now = (yield* look(id))!
          assert.strictEqual(shown.segmentId, now.segmentId)
          assert.deepStrictEqual(shown.identifiers.map(({ type, id }) => `${type}:${id}`).sort(), now.ids)
          assert.deepStrictEqual(shown.traits, now.traits)
          assert.strictEqual(shown.events, now.events)
        }
        const missing = previewUndoMerge(services, space.id, { ...input, mergeId: "mrg_no" })
        assert.strictEqual(((yield* Effect.flip(missing)) as OperationRefused).code, "NOT_FOUND")
      })
    )

    it.effect("IDR-200 to IDR-203: events that only the archive still has move as those in the log do", () =>
      Effect.gen(function* () {
        const { forgetLog, space: first } = yield* Rig
        yield* begin([...w7, { type: "identify", anonymousId: "b50e", traits: { size: 43, color: "red" } }])
        yield* more([{ type: "track", event: "Old", anonymousId: "b50e" }])
        const mergeId = yield* mergeOf("email:jane@x.io")
        yield* forgetLog
        const { space } = yield* Rig
        assert.notStrictEqual(space.id, first.id)
        const { write: sql } = yield* Database
        const kept = yield* sql.unsafe(`select 1 from events e join ${spaceSchema(space.id)}.stamps s on s.pos = e.pos`)
        assert.lengthOf(kept, 0)
        yield* more([{ type: "track", event: "New", anonymousId: "b50e" }])
        const services = yield* previewServices
        const input = { mergeId, also: [], keepApart: true }
        const picture = yield* previewUndoMerge(services, space.id, input)
        assert.deepInclude(picture.separated, { events: 5, traits: { size: 43, color: "red" } })
        yield* ask("undo_merge", input)
        assert.deepInclude((yield* look("anonymous_id:b50e"))!, { events: 5, traits: { size: 43, color: "red" } })
        assert.deepInclude((yield* look("email:jane@x.io"))!, {
          events: 3,
          traits: { email: "jane@x.io", plan: "pro", size: 42 }
        })
        const { segmentId } = (yield* look("email:jane@x.io"))!
        yield* ask("split", {
          profile: segmentId,
          identifiers: [{ type: "anonymous_id", id: "5285" }],
          keepApart: false
        })
        assert.deepInclude((yield* look("anonymous_id:5285"))!, { events: 1, traits: {} })
      })
    )

    it.effect(
      "IDR-202: of a long history only what is younger than the merge is read, and what overwritten traits need",
      () =>
        Effect.gen(function* () {
          const t = Date.now() - 100_000
          const at = (n: number) => ({ timestamp: new Date(t + n).toISOString() })
          yield* begin([
            { type: "identify", userId: "u1", traits: { plan: "free", size: 1 }, ...at(1) },
            { type: "identify", anonymousId: "a1", traits: { color: "red" }, ...at(2) },
            ...Array.from({ length: 1100 }, (_, n) => ({ event: `E${n}`, userId: "u1", ...at(3 + n) })),
            { type: "identify", userId: "u1", traits: { plan: "pro" }, ...at(2000) }
          ])
          yield* more([{ userId: "u1", anonymousId: "a1" }, { anonymousId: "a1" }])
          const services = yield* previewServices
          const { history } = services
          const read: Array<number> = []
          const counting = {
            ...services,
            history: {
              at: (positions: ReadonlyArray<number>) => {
                read.push(positions.length)
                return history.at(positions)
              }
            }
          }
          const { space } = yield* Rig
          const input = { mergeId: yield* mergeOf("user_id:u1"), also: [], keepApart: true }
          const picture = yield* previewUndoMerge(counting, space.id, input)
          // u1's profile is the older one: a1 leaves, with its own event and the last one.
          assert.deepInclude(picture.separated, { events: 2, traits: { color: "red" } })
          assert.strictEqual(picture.remaining.events, 1103)
          assert.deepStrictEqual(read, [2])
          yield* more([{ type: "identify", anonymousId: "a1", traits: { plan: "max" } }])
          read.length = 0
          const overwritten = yield* previewUndoMerge(counting, space.id, input)
          assert.deepInclude(overwritten.separated, { traits: { color: "red", plan: "max" } })
          assert.deepInclude(overwritten.remaining, { traits: { plan: "pro", size: 1 } })
          assert.deepStrictEqual(read, [3, 500], "goes back until nothing older can be newer")
          yield* more([{ type: "identify", anonymousId: "a1", traits: { size: 2 } }])
          read.length = 0
          assert.deepInclude((yield* previewUndoMerge(counting, space.id, input)).remaining, {
            traits: { plan: "pro", size: 1 }
          })
          assert.deepStrictEqual(read, [4, 500, 500, 102])
        })
    )

    it.effect(
      "IDR-202: an event goes with an identifier that was removed from its profile and came back on another",
      () =>
        Effect.gen(function* () {
          yield* begin([{ userId: "u1", anonymousId: "a1" }, { event: "Old", anonymousId: "a1" }, { userId: "u1" }])
          yield* ask("delete_identifier", { userId: "u1", identifier: { type: "anonymous_id", id: "a1" } })
          yield* more([{ type: "identify", anonymousId: "a1", traits: { email: "e@x.io" } }])
          yield* more([{ userId: "u1", anonymousId: "a1" }])
          assert.deepInclude((yield* look("user_id:u1"))!, { events: 5, merges: 1 })
          yield* ask("undo_merge", { mergeId: yield* mergeOf("user_id:u1"), also: [], keepApart: true })
          assert.strictEqual((yield* look("anonymous_id:a1"))!.events, 2)
          assert.strictEqual((yield* look("user_id:u1"))!.events, 3)
        })
    )

    it.effect(
      "IDR-202: of an event that log and archive have lost, what journal and document know goes along, the rest stays",
      () =>
        Effect.gen(function* () {
          yield* begin([
            { type: "identify", userId: "u1", traits: { plan: "free" } },
            { type: "identify", anonymousId: "a1", userId: "u1", traits: { name: "Jo" } },
            { type: "identify", anonymousId: "a2", userId: "u1" },
            { type: "identify", anonymousId: "a1", traits: { plan: "pro", email: "p1@x.io" } },
            { type: "identify", anonymousId: "a1", traits: { size: 4 } }
          ])
          const { space } = yield* Rig
          const { write: sql } = yield* Database
          yield* sql.unsafe(`delete from events e where e.pos in (select s.pos from ${spaceSchema(space.id)}.stamps s)`)
          const identifiers = [
            { type: "anonymous_id", id: "a1" },
            { type: "email", id: "p1@x.io" }
          ]
          const { segmentId } = (yield* look("user_id:u1"))!
          const answer = yield* ask("split", { profile: segmentId, identifiers, keepApart: true })
          // The one that mapped the e-mail is in the journal; the one after it decided nothing and is unknown.
          assert.strictEqual(answer.movedEvents, 1)
          assert.deepStrictEqual((yield* look("anonymous_id:a1"))!.traits, { plan: "pro", email: "p1@x.io" })
          assert.deepStrictEqual((yield* look("user_id:u1"))!.traits, { name: "Jo", size: 4 })
        })
    )

    it.effect("IDR-39, IDR-202: an event has the identifiers it had then, not those of types that came later", () =>
      Effect.gen(function* () {
        const { setRules } = yield* Rig
        const rules = { ...rulesWith({ only: ["user_id", "email"] }), autoAddIdentifiers: false }
        yield* begin([{ userId: "u1", anonymousId: "a1", event: "E" }], rules)
        yield* more([{ type: "identify", userId: "u1", traits: { email: "e1@x.io" } }])
        setRules({ ...rules, autoAddIdentifiers: true })
        yield* more([{ anonymousId: "a1" }])
        assert.deepStrictEqual((yield* look("anonymous_id:a1"))!.ids, ["anonymous_id:a1"])
        const { segmentId } = (yield* look("user_id:u1"))!
        const answer = yield* ask("split", {
          profile: segmentId,
          identifiers: [{ type: "user_id", id: "u1" }],
          keepApart: true
        })
        assert.strictEqual(answer.movedEvents, 1, "the one that had no identifier but user_id:u1")
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
