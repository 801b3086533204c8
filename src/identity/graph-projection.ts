/** The graph follows the journal: bringing a graph up to a position, live or aside (rebuild). */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../log/event-log.ts"
import type { GraphError, GraphId, GraphMutations, IdentityGraph } from "./graph.ts"
import { type JournalEntry, mutationsOf } from "./journal.ts"
import { decodeRow, isOperation } from "./operations/operation-entry.ts"
import type { SpaceStore } from "./space-store.ts"

const entriesAPage = 500

/**
 * Applies the journal entries with `from < seq <= upTo` in order, page by page; each step is one transaction, so
 * an interrupted run goes on where it stopped. Answers the position the graph has reached.
 */
export const catchUp = Effect.fnUntraced(function* <E = never>(options: {
  readonly store: SpaceStore
  readonly graph: IdentityGraph["Service"]
  readonly graphId: GraphId
  readonly from: Position
  readonly upTo: Position
  readonly onPage?: (entries: number) => Effect.Effect<void, E>
}): Effect.fn.Return<Position, E | GraphError | SqlError.SqlError> {
  const { store, graph, graphId, upTo } = options
  let position = options.from
  let after = options.from
  while (true) {
    const page = yield* store.journal(after, upTo, entriesAPage)
    for (const mutations of stepsOf(page)) {
      if (!changesGraph(mutations)) continue
      yield* graph.apply(graphId, position, mutations)
      position = mutations.position
    }
    if (page.length > 0) after = page.at(-1)!.pos
    if (options.onPage !== undefined && page.length > 0) yield* options.onPage(page.length)
    if (page.length < entriesAPage) return position
  }
})

/** Events between two operations are one step; an operation is a step of its own. */
const stepsOf = (
  page: ReadonlyArray<{ readonly pos: number; readonly rec: string }>
): ReadonlyArray<GraphMutations> => {
  const steps: Array<GraphMutations> = []
  let events: Array<JournalEntry> = []
  const flush = () => {
    if (events.length > 0) steps.push(mutationsOf(events))
    events = []
  }
  for (const { pos, rec } of page) {
    const entry = decodeRow(pos, rec)
    if (isOperation(entry)) {
      flush()
      steps.push({ ...entry.mutations, position: entry.seq })
    } else events.push(entry)
  }
  flush()
  return steps
}

/** Whether there is anything to apply. */
export const changesGraph = ({ profiles, mappings, merges, links, operations = [] }: GraphMutations): boolean =>
  profiles.length > 0 || mappings.length > 0 || merges.length > 0 || links.length > 0 || operations.length > 0
