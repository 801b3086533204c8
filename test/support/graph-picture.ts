/** A graph as its port tells it, to be compared with another or with itself at another time. */
import { Effect } from "effect"
import { type GraphId, IdentityGraph } from "../../src/identity/graph.ts"

/** Everything that the port can say of a graph. */
export const pictureOf = Effect.fnUntraced(function* (graphId: GraphId) {
  const graph = yield* IdentityGraph
  const both = []
  for (const collection of ["users", "accounts"] as const) {
    const identifiers = yield* graph.walk(graphId, collection, null, 1000)
    const nos = [...new Set(identifiers.map(({ no }) => no))].sort((a, b) => a - b)
    both.push({
      identifiers,
      profiles: yield* graph.find(
        graphId,
        collection,
        nos.map((no) => ({ no }))
      ),
      externalIds: yield* graph.externalIds(graphId, nos),
      merges: yield* graph.merges(graphId, nos),
      separations: yield* graph.separations(graphId, nos),
      links: yield* graph.links(
        graphId,
        nos.map((profile) => ({ profile, after: null, limit: 100 }))
      ),
      count: yield* graph.count(graphId, collection)
    })
  }
  return both
})
