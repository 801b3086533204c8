/** Random histories, applied in random batches to an adapter and to the model in memory: every answer must be equal. */
import { assert, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { assert as assertProperty, asyncProperty } from "fast-check"
import { type GraphId, IdentityGraph, type OwnedIdentifier, type ProfileRef } from "../../src/identity/graph.ts"
import type { Identifier } from "../../src/identity/model.ts"
import { eventSteps, operationSteps, play, type Played, type Step } from "./graph-steps.ts"
import { freshGraph } from "./graph-story.ts"

const byNo = (a: { readonly no: number }, b: { readonly no: number }) => a.no - b.no

const byIdentifier = (a: OwnedIdentifier, b: OwnedIdentifier) =>
  `${a.type} ${a.value}` < `${b.type} ${b.value}` ? -1 : 1

const crowd = new Map([
  ["email", 1],
  ["user_id", 2],
  ["Zed", 2]
])

const agree = (graphId: GraphId, { model, batches, ever }: Played) =>
  Effect.gen(function* () {
    const graph = yield* IdentityGraph
    const canonical = model.canonicals()
    const unknown: Identifier = { collection: "users", type: "email", value: "nobody" }
    const mapped = batches.flatMap(({ mutations }) => mutations.mappings)
    const identifiers = [...mapped.map(({ collection, type, value }) => ({ collection, type, value })), unknown]

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

      const walked: Array<OwnedIdentifier> = []
      for (let page: ReadonlyArray<OwnedIdentifier> | undefined; page === undefined || page.length === 7;) {
        page = yield* graph.walk(graphId, collection, page?.at(-1) ?? null, 7)
        walked.push(...page)
      }
      assert.deepStrictEqual(walked.sort(byIdentifier), [...model.owned(collection)].sort(byIdentifier))
      assert.deepStrictEqual(yield* graph.crowded(graphId, collection, crowd, 5), model.crowded(collection, crowd, 5))
    }
    assert.deepStrictEqual(
      yield* graph.separations(graphId, canonical),
      canonical.map((no) => model.separations(no))
    )
    const undone = batches.flatMap(({ mutations }) => mutations.merges).filter((row) => !model.allMerges.includes(row))
    for (const merge of model.allMerges.slice(0, 2))
      assert.deepStrictEqual(yield* graph.findMerge(graphId, merge.id), merge)
    for (const merge of undone.slice(0, 2)) assert.isNull(yield* graph.findMerge(graphId, merge.id))

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
      it.effect.each([
        ["INV-1, INV-2, INV-4, INV-7: any history, in any batches, gives the model's answers", eventSteps, runs],
        [
          "INV-1, INV-2, IDR-152, IDR-162, IDR-200 to IDR-205: so does any history with operations in it",
          operationSteps,
          2 * runs
        ]
      ] as const)(
        "%s",
        ([, steps, numRuns]) =>
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
                { numRuns }
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
