/** What every identity graph promises (the port's comments), as a suite over an adapter. A new adapter is done when this passes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, type Layer } from "effect"
import { GraphFenced, type GraphId, IdentityGraph, type LinkedProfile } from "../../src/identity/graph.ts"
import type { Identifier, ProfileNo } from "../../src/identity/model.ts"
import { begin, freshGraph, id, Story } from "./graph-story.ts"

type Graph = IdentityGraph["Service"]
type Pages = Effect.Success<ReturnType<Graph["links"]>>

const owner = (graph: Graph, graphId: GraphId, identifier: Identifier) =>
  Effect.map(graph.load(graphId, { identifiers: [identifier], profiles: [] }), ({ owners }) => owners[0])

const found = (graph: Graph, graphId: GraphId, identifier: Identifier) =>
  Effect.map(graph.find(graphId, identifier.collection, [{ identifier }]), ([profile]) => profile ?? null)

const linkTo = (no: ProfileNo, after: { createdAt: number; position: number } | null = null, limit = 10) => ({
  profile: no,
  after,
  limit
})

const oddValues = [
  "'; drop table identifiers; --",
  'quote " backslash \\ $1 {curly} `tick`',
  "Zoë 🦄 名前 \u202e",
  " tab\tnewline\ninside ",
  "a:b:c",
  "x".repeat(500),
  "🦄".repeat(500),
  "0",
  "null"
]

export const identityGraphContract = (adapter: string, layer: Layer.Layer<IdentityGraph, unknown>) =>
  it.layer(layer, { excludeTestServices: true, timeout: "120 seconds" })(
    `IdentityGraph contract (${adapter})`,
    (it) => {
      describe("life of a graph", () => {
        it.effect("a new graph is at 0; opening it again keeps its position and content", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            assert.strictEqual(yield* graph.open(graphId), 0)
            const p1 = story.create("users", id("email:e1"))
            yield* tell
            assert.strictEqual(yield* graph.open(graphId), story.position)
            assert.strictEqual(yield* owner(graph, graphId, id("email:e1")), p1)
          })
        )

        it.effect("INV-21: many that open a graph at once all succeed", () =>
          Effect.gen(function* () {
            const graph = yield* IdentityGraph
            for (let round = 0; round < 10; round++) {
              const graphId = freshGraph()
              const open = Array.from({ length: 6 }, () => graph.open(graphId))
              const opened = yield* Effect.all(open, { concurrency: "unbounded" })
              assert.deepStrictEqual([...new Set(opened)], [0])
            }
          })
        )

        it.effect("a graph that was never opened reads as an empty one and takes nothing", () =>
          Effect.gen(function* () {
            const graph = yield* IdentityGraph
            const graphId = freshGraph()
            assert.deepStrictEqual(yield* graph.load(graphId, { identifiers: [id("email:e1")], profiles: [4] }), {
              owners: [undefined],
              profiles: []
            })
            assert.deepStrictEqual(yield* graph.find(graphId, "users", [{ no: 4 }]), [null])
            assert.deepStrictEqual(yield* graph.externalIds(graphId, [4]), [[]])
            assert.deepStrictEqual(yield* graph.links(graphId, [linkTo(4)]), [{ total: 0, links: [] }])
            assert.deepStrictEqual(yield* graph.merges(graphId, [4]), [[]])
            assert.strictEqual(yield* graph.count(graphId, "users"), 0)
            assert.strictEqual((yield* graph.issued(graphId, ["use_1"])).size, 0)
            const story = new Story()
            story.create("users", id("email:e1"))
            const { from, mutations } = story.take()
            assert.isTrue(Exit.isFailure(yield* Effect.exit(graph.apply(graphId, from, mutations))))
          })
        )

        it.effect("dropping removes everything, may be repeated, and the graph can be opened anew at 0", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            story.create("users", ...Array.from({ length: 30 }, (_, n) => id(`email:e${n}`)))
            yield* tell
            yield* graph.drop(graphId)
            yield* graph.drop(graphId)
            assert.isNull(yield* found(graph, graphId, id("email:e1")))
            assert.strictEqual(yield* graph.open(graphId), 0)
            assert.isUndefined(yield* owner(graph, graphId, id("email:e1")))
            const again = new Story()
            const no = again.create("users", id("email:e1"))
            const { from, mutations } = again.take()
            yield* graph.apply(graphId, from, mutations)
            assert.strictEqual(yield* owner(graph, graphId, id("email:e1")), no)
          })
        )

        it.effect("INV-17: graphs and collections do not see each other, also when one is dropped", () =>
          Effect.gen(function* () {
            const one = yield* begin
            const nextGeneration = one.graphId.replace(/\.1$/, ".2")
            yield* one.graph.open(nextGeneration)
            const p1 = one.story.create("users", id("email:same"))
            const { from, mutations } = one.story.take()
            yield* one.graph.apply(one.graphId, from, mutations)
            assert.isUndefined(yield* owner(one.graph, nextGeneration, id("email:same")))
            // The same journal again, as a rebuild does: same numbers, same segment ids.
            yield* one.graph.apply(nextGeneration, from, mutations)
            const account = { ...id("email:same"), collection: "accounts" as const }
            assert.isUndefined(yield* owner(one.graph, nextGeneration, account))
            yield* one.graph.drop(nextGeneration)
            assert.strictEqual(yield* owner(one.graph, one.graphId, id("email:same")), p1)
            assert.strictEqual(yield* one.graph.count(one.graphId, "users"), 1)
          })
        )

        it.effect("ping answers", () => IdentityGraph.use((graph) => graph.ping))
      })

      describe("apply", () => {
        it.effect("ACID: an apply from another position is fenced and leaves nothing behind", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            story.create("users", id("email:e1"))
            yield* tell
            const here = story.position
            story.create("users", id("email:e2"))
            const { mutations } = story.take()
            for (const from of [0, here - 1, here + 1]) {
              const error = yield* Effect.flip(graph.apply(graphId, from, mutations))
              assert.instanceOf(error, GraphFenced)
              assert.deepInclude(error, { graph: graphId, expected: from, found: here })
            }
            assert.isUndefined(yield* owner(graph, graphId, id("email:e2")))
            assert.strictEqual(yield* graph.open(graphId), here)
            assert.strictEqual(yield* graph.count(graphId, "users"), 1)
          })
        )

        it.effect("a retry after a lost answer changes nothing (IDR-132)", () =>
          Effect.gen(function* () {
            const { graph, graphId, story } = yield* begin
            const p1 = story.create("users", id("email:e1"))
            const p2 = story.create("users", id("email:e2"))
            story.merge(p2, p1)
            const { from, mutations } = story.take()
            for (let n = 0; n < 3; n++) yield* graph.apply(graphId, from, mutations)
            yield* graph.apply(graphId, mutations.position, mutations)
            assert.strictEqual(yield* graph.count(graphId, "users"), 1)
            assert.strictEqual((yield* graph.merges(graphId, [p1]))[0]!.length, 1)
            assert.strictEqual(yield* graph.open(graphId), story.position)
          })
        )

        it.effect("INV-21: of writers that meet at one position exactly one wins", () =>
          Effect.gen(function* () {
            const { graph, graphId } = yield* begin
            const stories = Array.from({ length: 6 }, (_, n) => {
              const story = new Story()
              story.position += n
              story.create("users", id(`email:w${n}`), id("email:wanted"))
              return story.take()
            })
            const exits = yield* Effect.forEach(
              stories,
              ({ from, mutations }) => Effect.exit(graph.apply(graphId, from, mutations)),
              { concurrency: "unbounded" }
            )
            assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
            assert.strictEqual(yield* graph.count(graphId, "users"), 1)
          })
        )

        it.effect("INV-1: a second mapping of an identifier is refused, and nothing of its batch is kept", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const p1 = story.create("users", id("email:e1"))
            yield* tell
            const here = story.position
            story.create("users", id("email:e2"), id("email:e1"))
            const error = yield* Effect.flip(tell)
            assert.strictEqual(error._tag, "GraphUnavailable")
            assert.notStrictEqual(error.message, "")
            assert.strictEqual(yield* owner(graph, graphId, id("email:e1")), p1)
            assert.isUndefined(yield* owner(graph, graphId, id("email:e2")))
            assert.strictEqual(yield* graph.open(graphId), here)
          })
        )

        it.effect("a chain of merges inside one batch, over new and old profiles", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const [p1, p2] = [story.create("users", id("email:e1")), story.create("users", id("email:e2"))]
            yield* tell
            const [p3, p4] = [story.create("users", id("email:e3")), story.create("users", id("email:e4"))]
            story.merge(p4, p3)
            story.merge(p3, p2)
            story.map(p2, id("email:e5"))
            story.merge(p2, p1)
            story.map(p1, id("email:e6"))
            yield* tell
            const { owners, profiles } = yield* graph.load(graphId, {
              identifiers: ["e1", "e2", "e3", "e4", "e5", "e6", "e7"].map((value) => id(`email:${value}`)),
              profiles: []
            })
            assert.deepStrictEqual(owners, [p1, p1, p1, p1, p1, p1, undefined])
            assert.strictEqual(profiles.length, 1)
            assert.deepInclude(profiles[0], { no: p1, merges: 3, mappings: 6 })
            assert.strictEqual(yield* graph.count(graphId, "users"), 1)
          })
        )

        it.effect("values are kept verbatim: quotes, Unicode, control characters, 500 characters (IDR-35)", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const identifiers = oddValues.map((value) => ({ ...id("custom.type_1:x"), value }))
            const p1 = story.create("users", ...identifiers)
            const p2 = story.create("users", id("email:e2"))
            story.merge(p2, p1, { matchedFrom: [id("email:e2")], matchedInto: identifiers })
            yield* tell
            const loaded = yield* graph.load(graphId, { identifiers, profiles: [] })
            assert.deepStrictEqual(
              loaded.owners,
              identifiers.map(() => p1)
            )
            const [rows] = yield* graph.externalIds(graphId, [p1])
            assert.sameMembers(
              rows!.filter((row) => row.type === "custom.type_1").map((row) => row.value),
              oddValues
            )
            const merge = (yield* graph.merges(graphId, [p1]))[0]![0]!
            assert.deepStrictEqual(merge.matchedInto, identifiers)
          })
        )
      })

      describe("load", () => {
        it.effect("views count members and mappings over everything merged in; the order of the request is kept", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const p1 = story.create("users", id("email:e1"), id("anonymous_id:a1"))
            const p2 = story.create("users", id("email:e2"))
            const p3 = story.create("users", id("email:e3"))
            const a1 = story.create("accounts", id("group_id:g1"))
            const start = story.at - 3000
            story.merge(p2, p1)
            story.map(p1, id("email:e4"))
            yield* tell
            const loaded = yield* graph.load(graphId, {
              identifiers: [id("group_id:g1"), id("email:none"), id("email:e4"), id("email:e2"), id("email:e2")],
              profiles: [p3, p2, 4]
            })
            assert.deepStrictEqual(loaded.owners, [a1, undefined, p1, p1, p1])
            const views = new Map(loaded.profiles.map((view) => [view.no, view]))
            assert.sameMembers([...views.keys()], [p1, p3, a1])
            assert.strictEqual(loaded.profiles.length, 3)
            assert.deepStrictEqual(views.get(p1)?.added.get("email"), [start, start + 1000, start + 5000])
            assert.deepStrictEqual(views.get(p1)?.added.get("anonymous_id"), [start])
            assert.deepInclude(views.get(p1), { merges: 1, mappings: 4 })
            assert.deepInclude(views.get(p3), { merges: 0, mappings: 1 })
          })
        )

        it.effect("nothing asked, nothing found", () =>
          Effect.gen(function* () {
            const { graph, graphId } = yield* begin
            assert.deepStrictEqual(yield* graph.load(graphId, { identifiers: [], profiles: [] }), {
              owners: [],
              profiles: []
            })
            assert.deepStrictEqual(yield* graph.find(graphId, "users", []), [])
            assert.deepStrictEqual(yield* graph.externalIds(graphId, []), [])
            assert.deepStrictEqual(yield* graph.links(graphId, []), [])
            assert.deepStrictEqual(yield* graph.merges(graphId, []), [])
          })
        )

        it.effect("which segment ids were ever issued, merged away or not (IDR-110)", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const [p1, p2] = [story.create("users", id("email:e1")), story.create("users", id("email:e2"))]
            story.merge(p2, p1)
            yield* tell
            const all = yield* graph.find(graphId, "users", [{ no: p1 }])
            const ids = all[0]!.members.map((member) => member.segmentId)
            const issued = yield* graph.issued(graphId, [...ids, "use_never", "no id \u0000 at all"])
            assert.deepStrictEqual([...issued].sort(), [...ids].sort())
          })
        )
      })

      describe("reading for people", () => {
        it.effect("W-40: after P3 into P2 into P1, every id and identifier of all three finds P1", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const p1 = story.create("users", id("email:e1"))
            const p2 = story.create("users", id("email:e2"))
            const p3 = story.create("users", id("email:e3"), id("anonymous_id:a3"))
            yield* tell
            const [before] = yield* graph.find(graphId, "users", [{ no: p3 }])
            const first = story.merge(p3, p2, { matchedFrom: [id("email:e3")], matchedInto: [id("email:e2")] })
            yield* tell
            const second = story.merge(p2, p1)
            yield* tell
            const refs = [
              { segmentId: before!.segmentId },
              { identifier: id("email:e3") },
              { identifier: id("anonymous_id:a3") },
              { no: p3 },
              { no: p1 }
            ]
            for (const profile of yield* graph.find(graphId, "users", refs)) {
              assert.strictEqual(profile?.no, p1)
              assert.deepStrictEqual(
                profile?.members.map((member) => [member.no, member.merged]),
                [
                  [p1, false],
                  [p2, true],
                  [p3, true]
                ]
              )
              assert.strictEqual(profile?.members[2]?.segmentId, before!.segmentId)
            }
            assert.deepStrictEqual(yield* graph.merges(graphId, [p1]), [[first, second]])
            assert.deepStrictEqual(
              (yield* graph.externalIds(graphId, [p1]))[0]!.map((row) => [row.value, row.profile]),
              [
                ["e1", p1],
                ["e2", p2],
                ["a3", p3],
                ["e3", p3]
              ]
            )
          })
        )

        it.effect("answers come in the order asked; unknown ids and the other collection are null", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const p1 = story.create("users", id("email:e1"))
            const a1 = story.create("accounts", id("group_id:g1"))
            yield* tell
            const refs = [
              { segmentId: "use_unknown" },
              { no: a1 },
              { identifier: id("email:e1") },
              { identifier: id("group_id:g1") },
              { segmentId: "not \u0000 an id" },
              { no: p1 },
              { no: 12 }
            ]
            const users = yield* graph.find(graphId, "users", refs)
            assert.deepStrictEqual(
              users.map((profile) => profile?.no ?? null),
              [null, null, p1, null, null, p1, null]
            )
            const accounts = yield* graph.find(graphId, "accounts", refs)
            assert.deepStrictEqual(
              accounts.map((profile) => profile?.no ?? null),
              [null, a1, null, a1, null, null, null]
            )
            assert.strictEqual(accounts[1]?.collection, "accounts")
          })
        )

        it.effect("counts of canonical profiles, by collection", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const users = Array.from({ length: 5 }, (_, n) => story.create("users", id(`email:e${n}`)))
            story.create("accounts", id("group_id:g1"))
            story.merge(users[4]!, users[0]!)
            yield* tell
            story.merge(users[3]!, users[0]!)
            yield* tell
            assert.strictEqual(yield* graph.count(graphId, "users"), 3)
            assert.strictEqual(yield* graph.count(graphId, "accounts"), 1)
          })
        )

        it.effect("external ids by (added_at, type, value), with the segment id they first belonged to (IDR-101)", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const p1 = story.create("users", id("zeta:1"), id("email:b"), id("email:B"), id("email:a"))
            const p2 = story.create("users", id("email:c"))
            story.merge(p2, p1)
            yield* tell
            const [rows, none] = yield* graph.externalIds(graphId, [p1, 4])
            assert.deepStrictEqual(
              rows!.map((row) => `${row.type}:${row.value}`),
              ["email:B", "email:a", "email:b", "zeta:1", "email:c"]
            )
            const [profile] = yield* graph.find(graphId, "users", [{ no: p1 }])
            const [of1, of2] = profile!.members
            assert.strictEqual(rows![0]?.originSegmentId, of1?.segmentId)
            assert.deepStrictEqual(rows![4], {
              ...id("email:c"),
              profile: p2,
              addedAt: of2!.createdAt,
              source: of2!.source,
              messageId: of2!.messageId,
              originSegmentId: of2!.segmentId
            })
            assert.deepStrictEqual(none, [])
          })
        )
      })

      describe("links", () => {
        it.effect(
          "IDR-104: equal links collapse to the earliest, whichever came first and however they became equal",
          () =>
            Effect.gen(function* () {
              const { graph, graphId, story, tell } = yield* begin
              const [p1, p2] = [story.create("users", id("email:e1")), story.create("users", id("email:e2"))]
              const [a1, a2] = [
                story.create("accounts", id("group_id:g1")),
                story.create("accounts", id("group_id:g2"))
              ]
              const late = story.link(p1, a1)
              yield* tell
              // An older group call that arrives later, twice in one batch.
              story.at -= 100_000
              const early = story.link(p1, a1)
              story.link(p1, a1)
              yield* tell
              const one = yield* graph.links(graphId, [linkTo(p1), linkTo(a1)])
              assert.isBelow(early.createdAt, late.createdAt)
              for (const { total, links } of one) {
                assert.strictEqual(total, 1)
                assert.deepInclude(links[0], { createdAt: early.createdAt, position: early.position })
              }
              story.at += 50_000
              story.link(p1, a1)
              yield* tell
              const [still] = yield* graph.links(graphId, [linkTo(p1)])
              assert.deepInclude(still!.links[0], { createdAt: early.createdAt, position: early.position })
              const other = story.link(p2, a2)
              story.merge(p2, p1)
              story.merge(a2, a1)
              yield* tell
              const [ofUser, ofAccount] = yield* graph.links(graphId, [linkTo(p1), linkTo(a1)])
              assert.strictEqual(ofUser!.total, 1)
              const first = other.createdAt < early.createdAt ? other : early
              assert.deepInclude(ofUser!.links[0], { no: a1, createdAt: first.createdAt, position: first.position })
              assert.deepInclude(ofAccount!.links[0], { no: p1, createdAt: first.createdAt, position: first.position })
            })
        )

        it.effect("pages by (createdAt, position) with the total of all, for many profiles at once", () =>
          Effect.gen(function* () {
            const { graph, graphId, story, tell } = yield* begin
            const account = story.create("accounts", id("group_id:g1"))
            const lonely = story.create("accounts", id("group_id:g2"))
            const users = Array.from({ length: 7 }, (_, n) => story.create("users", id(`user_id:u${n}`)))
            // All at the same time: the position decides.
            const at = story.at
            const linked = users.map((user) => {
              story.at = at
              return story.link(user, account)
            })
            yield* tell
            const seen: Array<ProfileNo> = []
            let after: { createdAt: number; position: number } | null = null
            for (let page = 0; page < 3; page++) {
              const [first, second]: Pages = yield* graph.links(graphId, [linkTo(account, after, 3), linkTo(lonely)])
              assert.deepStrictEqual(second, { total: 0, links: [] })
              assert.strictEqual(first!.total, 7)
              seen.push(...first!.links.map((link) => link.no))
              const last: LinkedProfile = first!.links.at(-1)!
              after = { createdAt: last.createdAt, position: last.position }
            }
            assert.deepStrictEqual(
              seen,
              linked.map((link) => link.user)
            )
            const [beyond] = yield* graph.links(graphId, [linkTo(account, after, 3)])
            assert.deepStrictEqual(beyond, { total: 7, links: [] })
            const [none] = yield* graph.links(graphId, [linkTo(account, null, 0)])
            assert.deepStrictEqual(none, { total: 7, links: [] })
          })
        )
      })
    }
  )
