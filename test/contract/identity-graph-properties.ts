/** Random histories, applied in random batches to an adapter and to the model in memory: every answer must be equal. */
import { assert, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { array, assert as assertProperty, asyncProperty, constantFrom, nat, record } from "fast-check"
import { type GraphId, IdentityGraph, type ProfileRef } from "../../src/identity/graph.ts"
import { collectionOf, type Identifier, type ProfileNo } from "../../src/identity/model.ts"
import { GraphModel } from "./graph-model.ts"
import { freshGraph, Story } from "./graph-story.ts"

/** One thing that happens; numbers pick among what is there. `flush` ends a batch. */
interface Step {
  readonly kind: "user" | "account" | "map" | "merge" | "link" | "back" | "flush"
  readonly a: number
  readonly b: number
  readonly ids: number
}

const steps = array(
  record({
    kind: constantFrom<Step["kind"]>("user", "account", "map", "merge", "link", "link", "link", "back", "flush"),
    a: nat(1000),
    b: nat(1000),
    ids: nat(3)
  }),
  { minLength: 1, maxLength: 60 }
)

const types = ["email", "user_id", "anonymous_id", "Zed", "ä.1"]

/** Plays the steps on a model; returns it with the batches that make it. */
const play = (history: ReadonlyArray<Step>) => {
  const story = new Story()
  const model = new GraphModel()
  const batches: Array<ReturnType<Story["take"]>> = []
  const canonical: Array<ProfileNo> = []
  const ever: Array<ProfileNo> = []
  let n = 0
  const fresh = (collection: "users" | "accounts", count: number): ReadonlyArray<Identifier> =>
    Array.from({ length: count }, () => ({ collection, type: types[n % types.length]!, value: `v${n++ % 7}-${n}` }))
  const flush = () => {
    const batch = story.take()
    model.apply(batch.mutations)
    batches.push(batch)
  }
  for (const { kind, a, b, ids } of history) {
    const at = canonical.length === 0 ? undefined : canonical[a % canonical.length]!
    if (kind === "user" || kind === "account") {
      const collection = kind === "user" ? "users" : "accounts"
      const no = story.create(collection, ...fresh(collection, ids + 1))
      canonical.push(no)
      ever.push(no)
    } else if (kind === "map" && at !== undefined) {
      story.map(at, ...fresh(collectionOf(at), ids))
    } else if (kind === "merge" && at !== undefined) {
      const mates = canonical.filter((no) => no !== at && collectionOf(no) === collectionOf(at))
      if (mates.length === 0) continue
      const mate = mates[b % mates.length]!
      const matched = fresh(collectionOf(at), 1)
      story.merge(at, mate, { matchedFrom: matched })
      canonical.splice(canonical.indexOf(at), 1)
    } else if (kind === "link") {
      const users = canonical.filter((no) => collectionOf(no) === "users")
      const accounts = canonical.filter((no) => collectionOf(no) === "accounts")
      if (users.length > 0 && accounts.length > 0) {
        // Few of them, so that links become equal.
        story.link(users[a % Math.min(3, users.length)]!, accounts[b % Math.min(2, accounts.length)]!)
      }
    } else if (kind === "back") {
      story.at -= (a + 1) * 1000
    } else if (kind === "flush" && story.position !== story.from) {
      flush()
    }
  }
  if (story.position !== story.from && ever.length > 0) flush()
  return { model, batches, canonical, ever }
}

const byNo = (a: { readonly no: number }, b: { readonly no: number }) => a.no - b.no

const agree = (graphId: GraphId, { model, canonical, ever }: ReturnType<typeof play>) =>
  Effect.gen(function* () {
    const graph = yield* IdentityGraph
    const unknown: Identifier = { collection: "users", type: "email", value: "nobody" }
    const identifiers = [...model.mappings.map(({ collection, type, value }) => ({ collection, type, value })), unknown]

    const loaded = yield* graph.load(graphId, { identifiers, profiles: [...ever.slice(0, 3), 4] })
    const expected = model.load(identifiers, ever.slice(0, 3))
    assert.deepStrictEqual(loaded.owners, expected.owners)
    assert.deepStrictEqual([...loaded.profiles].sort(byNo), [...expected.profiles].sort(byNo))

    const refs: ReadonlyArray<ProfileRef> = [
      ...identifiers.map((identifier) => ({ identifier })),
      ...ever.map((no) => ({ no })),
      ...ever.map((no) => ({ segmentId: model.segmentId(no) })),
      { no: 4 }
    ]
    for (const collection of ["users", "accounts"] as const) {
      const found = yield* graph.find(graphId, collection, refs)
      assert.deepStrictEqual(
        found,
        refs.map((ref) => model.find(collection, ref))
      )
      assert.strictEqual(yield* graph.count(graphId, collection), model.count(collection))
    }

    assert.deepStrictEqual(
      yield* graph.externalIds(graphId, canonical),
      canonical.map((no) => model.externalIds(no))
    )
    assert.deepStrictEqual(
      yield* graph.merges(graphId, canonical),
      canonical.map((no) => model.merges(no))
    )
    const issued = yield* graph.issued(graphId, [...ever.map((no) => model.segmentId(no)), "use_unknown"])
    assert.deepStrictEqual([...issued].sort(), ever.map((no) => model.segmentId(no)).sort())

    // All links, and the page after the first one.
    const requests = canonical.flatMap((profile) => {
      const first = model.links(profile)[0]
      const after = first === undefined ? null : { createdAt: first.createdAt, position: first.position }
      return [
        { profile, after: null, limit: 100 },
        { profile, after, limit: 2 }
      ]
    })
    assert.deepStrictEqual(
      yield* graph.links(graphId, requests),
      requests.map(({ profile, after, limit }) => {
        const all = model.links(profile)
        return { total: all.length, links: all.slice(after === null ? 0 : 1).slice(0, limit) }
      })
    )
  })

export const identityGraphProperties = (adapter: string, layer: Layer.Layer<IdentityGraph, unknown>, runs: number) =>
  it.layer(layer, { excludeTestServices: true, timeout: "120 seconds" })(
    `IdentityGraph like its model (${adapter})`,
    (it) => {
      it.effect(
        "INV-1, INV-2, INV-4, INV-7: any history, in any batches, gives the model's answers",
        () =>
          Effect.gen(function* () {
            const graph = yield* IdentityGraph
            const context = yield* Effect.context<IdentityGraph>()
            const check = (history: ReadonlyArray<Step>) =>
              Effect.gen(function* () {
                const graphId = freshGraph()
                yield* graph.open(graphId)
                const played = play(history)
                for (const { from, mutations } of played.batches) {
                  yield* graph.apply(graphId, from, mutations)
                  yield* graph.apply(graphId, from, mutations)
                }
                yield* agree(graphId, played)
                yield* graph.drop(graphId)
              })
            yield* Effect.promise(() =>
              assertProperty(
                asyncProperty(steps, (history) => Effect.runPromiseWith(context)(check(history))),
                { numRuns: runs }
              )
            )
          }),
        300_000
      )

      it.effect("a batch of a thousand mutations", () =>
        Effect.gen(function* () {
          const graph = yield* IdentityGraph
          const graphId = freshGraph()
          yield* graph.open(graphId)
          const history = Array.from({ length: 1000 }, (_, n): Step => {
            const kind = (["user", "user", "map", "account", "link", "merge"] as const)[n % 6]!
            return { kind, a: (n * 7919) % 1000, b: (n * 104_729) % 1000, ids: n % 3 }
          })
          const played = play(history)
          assert.strictEqual(played.batches.length, 1)
          for (const { from, mutations } of played.batches) yield* graph.apply(graphId, from, mutations)
          yield* agree(graphId, played)
        })
      )
    }
  )
