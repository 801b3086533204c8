/** The graph follows the journal: bringing a graph up to a position, live or aside (rebuild). */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../log/event-log.ts"
import type { GraphError, GraphId, IdentityGraph } from "./graph.ts"
import { decodeEntry, mutationsOf } from "./journal.ts"
import type { SpaceStore } from "./space-store.ts"

const entriesAPage = 500

/**
 * Applies the journal entries with `from < position <= upTo` in order, page by page; each page is one
 * transaction, so an interrupted run goes on where it stopped. Answers the position the graph has reached.
 */
export const catchUp = Effect.fnUntraced(function* (options: {
  readonly store: SpaceStore
  readonly graph: IdentityGraph["Service"]
  readonly graphId: GraphId
  readonly from: Position
  readonly upTo: Position
  readonly onPage?: (entries: number) => Effect.Effect<void, SqlError.SqlError>
}): Effect.fn.Return<Position, GraphError | SqlError.SqlError> {
  const { store, graph, graphId, upTo } = options
  let position = options.from
  let after = options.from
  while (true) {
    const page = yield* store.journal(after, upTo, entriesAPage)
    if (page.length > 0) {
      const mutations = mutationsOf(page.map((row) => decodeEntry(row.pos, row.rec)))
      if (changesGraph(mutations)) {
        yield* graph.apply(graphId, position, mutations)
        position = mutations.position
      }
      after = page.at(-1)!.pos
      if (options.onPage !== undefined) yield* options.onPage(page.length)
    }
    if (page.length < entriesAPage) return position
  }
})

export const changesGraph = (mutations: ReturnType<typeof mutationsOf>): boolean =>
  mutations.profiles.length + mutations.mappings.length + mutations.merges.length + mutations.links.length > 0
