/** What a graph promises of operations (`GraphOperation`) and of the reads that belong to them, as a suite over an adapter. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, type Layer } from "effect"
import { GraphFenced, IdentityGraph } from "../../src/identity/graph.ts"
import type { ProfileNo } from "../../src/identity/model.ts"
import { begin, id } from "./graph-story.ts"

const beginWithReads = Effect.gen(function* () {
  const begun = yield* begin
  const { graph, graphId } = begun
  const canonical = (no: ProfileNo) =>
    Effect.map(graph.find(graphId, "users", [{ no }]), ([found]) => found?.no ?? null)
  const apart = (no: ProfileNo) =>
    Effect.map(graph.load(graphId, { identifiers: [], profiles: [no] }), ({ profiles }) => profiles[0]!.apart)
  return { ...begun, canonical, apart }
})

const byNo = (a: { readonly no: number }, b: { readonly no: number }) => a.no - b.no

export const identityGraphOperations = (adapter: string, layer: Layer.Layer<IdentityGraph, unknown>) =>
  it.layer(layer, { excludeTestServices: true, timeout: "120 seconds" })(
    `IdentityGraph contract (${adapter}): operations`,
    (it) => {
      it.effect("IDR-152: an unmapped identifier is free, and can be mapped anew to any profile", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell } = yield* beginWithReads
          const p1 = story.create("users", id("user_id:u1"), id("email:e1"))
          const p2 = story.create("users", id("user_id:u2"))
          yield* tell
          story.operate({ kind: "unmap", identifiers: [id("email:e1"), id("email:never")] })
          yield* tell
          const { owners, profiles } = yield* graph.load(graphId, { identifiers: [id("email:e1")], profiles: [p1] })
          assert.deepStrictEqual(owners, [undefined])
          assert.strictEqual(profiles[0]!.mappings, 1)
          story.map(p2, id("email:e1"))
          yield* tell
          const [found] = yield* graph.find(graphId, "users", [{ identifier: id("email:e1") }])
          assert.strictEqual(found!.no, p2)
        })
      )

      it.effect("IDR-201: a split creates a profile and moves identifiers to it in one mutation", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell } = yield* beginWithReads
          const p1 = story.create("users", id("user_id:u1"), id("email:e1"), id("email:e2"))
          yield* tell
          const [before] = yield* graph.externalIds(graphId, [p1])
          const p2 = story.create("users")
          story.operate({ kind: "remap", identifiers: [id("email:e2")], to: p2 })
          yield* tell
          const [first, second] = yield* graph.externalIds(graphId, [p1, p2])
          assert.deepStrictEqual(
            first!.map(({ value }) => value),
            ["e1", "u1"]
          )
          const moved = before!.find(({ value }) => value === "e2")!
          const [profile] = yield* graph.find(graphId, "users", [{ no: p2 }])
          assert.deepStrictEqual(second, [{ ...moved, profile: p2, originSegmentId: profile!.segmentId }])
          assert.strictEqual(yield* graph.count(graphId, "users"), 2)
        })
      )

      it.effect(
        "IDR-200: an undone merge gives the profile back with all that was merged into it, and nothing else",
        () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell, canonical } = yield* beginWithReads
            const [p1, p2, p3, p4] = [1, 2, 3, 4].map((n) => story.create("users", id(`email:e${n}`))) as [
              number,
              number,
              number,
              number
            ]
            story.merge(p3, p2)
            story.merge(p2, p1)
            story.merge(p4, p1)
            yield* tell
            assert.strictEqual(yield* graph.count(graphId, "users"), 1)
            story.operate({ kind: "unmerge", from: p2 })
            const { from, mutations } = story.take()
            yield* graph.apply(graphId, from, mutations)
            // The answer was lost: once more changes nothing.
            yield* graph.apply(graphId, from, mutations)
            assert.deepStrictEqual(yield* Effect.forEach([p1, p2, p3, p4], canonical), [p1, p2, p2, p1])
            assert.strictEqual(yield* graph.count(graphId, "users"), 2)
            const merges = yield* graph.merges(graphId, [p1, p2])
            assert.deepStrictEqual(
              merges.map((list) => list.map((merge) => merge.from)),
              [[p4], [p3]]
            )
            const { owners } = yield* graph.load(graphId, {
              identifiers: [id("email:e3"), id("email:e4")],
              profiles: []
            })
            assert.deepStrictEqual(owners, [p2, p1])
            // And they may merge again.
            story.merge(p2, p1)
            yield* tell
            assert.deepStrictEqual(yield* Effect.forEach([p2, p3], canonical), [p1, p1])
            assert.strictEqual(yield* graph.count(graphId, "users"), 1)
          })
      )

      it.effect("IDR-205: a separation follows its profiles through merges and un-merges until it is lifted", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell, apart } = yield* beginWithReads
          const [p1, p2, p3, p4] = [1, 2, 3, 4].map((n) => story.create("users", id(`email:e${n}`))) as [
            number,
            number,
            number,
            number
          ]
          yield* tell
          assert.isUndefined(yield* apart(p3))
          story.operate({ kind: "separate", a: p3, b: p4, audit: "aud_1", since: 7 })
          yield* tell
          assert.deepStrictEqual(yield* Effect.forEach([p1, p3, p4], apart), [undefined, [p4], [p3]])
          story.merge(p3, p1)
          story.merge(p4, p2)
          yield* tell
          assert.deepStrictEqual(yield* Effect.forEach([p1, p2], apart), [[p2], [p1]])
          const [of1] = yield* graph.separations(graphId, [p1])
          const [second] = yield* graph.find(graphId, "users", [{ no: p2 }])
          assert.deepStrictEqual(of1, [{ no: p2, segmentId: second!.segmentId, audit: "aud_1", since: 7 }])
          story.operate({ kind: "unmerge", from: p3 })
          yield* tell
          assert.deepStrictEqual(yield* Effect.forEach([p1, p2, p3], apart), [undefined, [p3], [p2]])
          story.operate({ kind: "lift", a: p2, b: p3 })
          yield* tell
          assert.deepStrictEqual(yield* Effect.forEach([p2, p3], apart), [undefined, undefined])
          assert.deepStrictEqual(yield* graph.separations(graphId, [p2, p3]), [[], []])
        })
      )

      it.effect("IDR-202: links are taken from one profile and given to another", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell } = yield* beginWithReads
          const p1 = story.create("users", id("user_id:u1"))
          const g1 = story.create("accounts", id("group_id:g1"))
          const g2 = story.create("accounts", id("group_id:g2"))
          story.link(p1, g1)
          story.link(p1, g2)
          yield* tell
          const p2 = story.create("users")
          story.operate({ kind: "unlink", links: [{ user: p1, account: g2 }] })
          story.link(p2, g2)
          yield* tell
          const pages = yield* graph.links(
            graphId,
            [p1, p2].map((profile) => ({ profile, after: null, limit: 5 }))
          )
          assert.deepStrictEqual(
            pages.map(({ links }) => links.map(({ no }) => no)),
            [[g1], [g2]]
          )
        })
      )

      it.effect("an operation on a graph that is elsewhere is fenced off and changes nothing", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell } = yield* beginWithReads
          story.create("users", id("email:e1"))
          yield* tell
          story.operate({ kind: "unmap", identifiers: [id("email:e1")] })
          const { from, mutations } = story.take()
          const failed = yield* Effect.flip(graph.apply(graphId, from - 1, mutations))
          assert.instanceOf(failed, GraphFenced)
          const { owners } = yield* graph.load(graphId, { identifiers: [id("email:e1")], profiles: [] })
          assert.isDefined(owners[0])
        })
      )

      it.effect("IDR-162: an erased profile is gone with all its members; only its segment ids are remembered", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell, apart } = yield* beginWithReads
          const p1 = story.create("users", id("user_id:u1"), id("email:e1"))
          const p2 = story.create("users", id("email:e2"))
          const p3 = story.create("users", id("email:e3"))
          const g1 = story.create("accounts", id("group_id:g1"))
          const merge = story.merge(p2, p1)
          story.link(p2, g1)
          story.link(p3, g1)
          yield* tell
          story.operate({ kind: "separate", a: p2, b: p3, audit: "aud_1", since: 7 })
          yield* tell
          const [whole] = yield* graph.find(graphId, "users", [{ no: p1 }])
          const segmentIds = whole!.members.map(({ segmentId }) => segmentId)
          // Named by a member, once more after a lost answer, and once more although it is gone.
          story.operate({ kind: "erase", profile: p2 })
          const { from, mutations } = story.take()
          yield* graph.apply(graphId, from, mutations)
          yield* graph.apply(graphId, from, mutations)
          story.operate({ kind: "erase", profile: p1 }, { kind: "erase", profile: p2 })
          yield* tell
          const refs = [
            { no: p1 },
            { no: p2 },
            ...segmentIds.map((segmentId) => ({ segmentId })),
            { identifier: id("email:e1") },
            { identifier: id("email:e2") }
          ]
          assert.deepStrictEqual(
            yield* graph.find(graphId, "users", refs),
            refs.map(() => null)
          )
          assert.deepStrictEqual(yield* graph.load(graphId, { identifiers: [id("email:e2")], profiles: [p1, p2] }), {
            owners: [undefined],
            profiles: []
          })
          assert.deepStrictEqual([...(yield* graph.issued(graphId, segmentIds))].sort(), segmentIds.toSorted())
          assert.deepStrictEqual(yield* graph.externalIds(graphId, [p1]), [[]])
          assert.deepStrictEqual(yield* graph.merges(graphId, [p1]), [[]])
          assert.isNull(yield* graph.findMerge(graphId, merge.id))
          assert.strictEqual(yield* graph.count(graphId, "users"), 1)
          assert.strictEqual(yield* graph.count(graphId, "accounts"), 1)
          assert.isUndefined(yield* apart(p3))
          assert.deepStrictEqual(yield* graph.separations(graphId, [p3]), [[]])
          const [page] = yield* graph.links(graphId, [{ profile: g1, after: null, limit: 5 }])
          assert.deepStrictEqual(
            page!.links.map(({ no }) => no),
            [p3]
          )
          // The identifiers are free (IDR-163).
          const p4 = story.create("users", id("user_id:u1"), id("email:e2"))
          yield* tell
          const [again] = yield* graph.find(graphId, "users", [{ identifier: id("email:e2") }])
          assert.deepStrictEqual(
            again!.members.map(({ no }) => no),
            [p4]
          )
        })
      )

      it.effect("what names nothing changes nothing, the counts least of all", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell, apart, canonical } = yield* beginWithReads
          const p1 = story.create("users", id("email:e1"))
          const p2 = story.create("users", id("email:e2"))
          const gone = story.create("users", id("email:e3"))
          yield* tell
          story.operate({ kind: "erase", profile: gone })
          yield* tell
          const before = yield* graph.load(graphId, { identifiers: [], profiles: [p1, p2] })
          story.operate(
            { kind: "unmap", identifiers: [id("email:e9")] },
            { kind: "remap", identifiers: [id("email:e9")], to: p1 },
            { kind: "remap", identifiers: [id("email:e1")], to: gone },
            { kind: "unmerge", from: p1 },
            { kind: "unmerge", from: gone },
            { kind: "unmerge", from: 4 },
            { kind: "unlink", links: [{ user: p1, account: 5 }] },
            { kind: "separate", a: p1, b: gone, audit: "aud_1", since: 7 },
            { kind: "lift", a: p1, b: p2 },
            { kind: "lift", a: p1, b: gone },
            { kind: "erase", profile: gone },
            { kind: "erase", profile: 4 }
          )
          yield* tell
          const after = yield* graph.load(graphId, { identifiers: [], profiles: [p1, p2, gone] })
          assert.deepStrictEqual([...after.profiles].sort(byNo), [...before.profiles].sort(byNo))
          assert.strictEqual(yield* graph.count(graphId, "users"), 2)
          assert.isNull(yield* canonical(gone))
          assert.isUndefined(yield* apart(p1))
        })
      )

      it.effect("IDR-205: a separation inside one canonical profile rests until the two are apart again", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell, apart } = yield* beginWithReads
          const [p1, p2] = [story.create("users", id("email:e1")), story.create("users", id("email:e2"))]
          yield* tell
          story.operate({ kind: "separate", a: p2, b: p1, audit: "aud_1", since: 7 })
          yield* tell
          // The same pair, the other way round: one relation, with the newer entry.
          story.operate({ kind: "separate", a: p1, b: p2, audit: "aud_2", since: 8 })
          story.merge(p2, p1)
          yield* tell
          assert.isUndefined(yield* apart(p1))
          assert.deepStrictEqual(yield* graph.separations(graphId, [p1]), [[]])
          story.operate({ kind: "unmerge", from: p2 })
          yield* tell
          assert.deepStrictEqual(yield* Effect.forEach([p1, p2], apart), [[p2], [p1]])
          const [of1] = yield* graph.separations(graphId, [p1])
          assert.deepStrictEqual(
            of1!.map(({ audit, since }) => [audit, since]),
            [["aud_2", 8]]
          )
        })
      )

      it.effect("IDR-132, INV-21: one operation from many writers happens once; of different ones, one wins", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell } = yield* beginWithReads
          const [p1, p2] = [story.create("users", id("email:e1")), story.create("users", id("email:e2"))]
          story.merge(p2, p1)
          yield* tell
          const made = story.create("users")
          story.operate({ kind: "unmerge", from: p2 }, { kind: "remap", identifiers: [id("email:e1")], to: made })
          const { from, mutations } = story.take()
          const same = Array.from({ length: 6 }, () => graph.apply(graphId, from, mutations))
          yield* Effect.all(same, { concurrency: "unbounded" })
          assert.strictEqual(yield* graph.count(graphId, "users"), 3)
          const here = story.position
          const rivals = [1, 2, 3, 4].map((n) =>
            graph.apply(graphId, here, {
              position: here + n,
              profiles: [],
              mappings: [],
              merges: [],
              links: [],
              operations: [{ kind: "erase", profile: n % 2 === 0 ? p1 : p2 }]
            })
          )
          const outcomes = yield* Effect.all(rivals.map(Effect.exit), { concurrency: "unbounded" })
          assert.strictEqual(outcomes.filter(Exit.isSuccess).length, 1)
          assert.strictEqual(yield* graph.open(graphId), here + 1 + outcomes.findIndex(Exit.isSuccess))
          assert.strictEqual(yield* graph.count(graphId, "users"), 2)
        })
      )

      it.effect("ACID: an operation whose entry cannot be applied whole leaves nothing behind", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell } = yield* beginWithReads
          const p1 = story.create("users", id("email:e1"), id("email:e2"))
          yield* tell
          const here = story.position
          const made = story.create("users")
          story.operate({ kind: "remap", identifiers: [id("email:e2")], to: made })
          // Mapped already.
          story.map(made, id("email:e1"))
          assert.strictEqual((yield* Effect.flip(tell))._tag, "GraphUnavailable")
          assert.strictEqual(yield* graph.open(graphId), here)
          assert.strictEqual(yield* graph.count(graphId, "users"), 1)
          const { owners } = yield* graph.load(graphId, { identifiers: [id("email:e2")], profiles: [] })
          assert.deepStrictEqual(owners, [p1])
        })
      )

      it.effect("walk goes through every identifier of a collection once; crowded names the profiles with many", () =>
        Effect.gen(function* () {
          const { graph, graphId, story, tell } = yield* beginWithReads
          const many = Array.from({ length: 9 }, (_, n) => id(`email:e${n}`))
          const p1 = story.create("users", ...many)
          const p2 = story.create("users", id("phone:p1"), id("phone:p2"))
          story.create("accounts", id("group_id:g1"))
          const p3 = story.create("users", id("phone:p3"))
          story.merge(p3, p2)
          yield* tell
          const walked: Array<string> = []
          let after: { readonly type: string; readonly value: string } | null = null
          for (;;) {
            const page: ReadonlyArray<{ type: string; value: string; no: number }> = yield* graph.walk(
              graphId,
              "users",
              after,
              4
            )
            walked.push(...page.map(({ value, no }) => `${value} ${no}`))
            if (page.length < 4) break
            after = page.at(-1)!
          }
          const expected = [...many.map(({ value }) => `${value} ${p1}`), `p1 ${p2}`, `p2 ${p2}`, `p3 ${p2}`]
          assert.deepStrictEqual(walked.toSorted(), expected.toSorted())
          const atLeast = new Map([
            ["email", 9],
            ["phone", 3],
            ["user_id", 1]
          ])
          const crowded = yield* graph.crowded(graphId, "users", atLeast, 10)
          assert.deepStrictEqual(
            crowded.map(({ no, type, count }) => [no, type, count]),
            [
              [p1, "email", 9],
              [p2, "phone", 3]
            ]
          )
          assert.deepStrictEqual((yield* graph.crowded(graphId, "users", atLeast, 1)).length, 1)
          assert.deepStrictEqual(yield* graph.crowded(graphId, "accounts", atLeast, 10), [])
        })
      )
    }
  )
