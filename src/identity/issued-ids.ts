/**
 * Segment ids that were issued before. Needed only where one message id may create two profiles (`dedup.scope: source`,
 * IDR-110, or resolved again, IDR-133): the second one's id is salted, and what it is then may have been issued, too.
 */
import { Effect } from "effect"
import type { Prepared } from "./batch.ts"
import type { GraphId, IdentityGraph } from "./graph.ts"
import { segmentIdsOf } from "./ids.ts"
import type { WorkingSet } from "./working-set.ts"

/** Makes the working set know every issued id that the events could be given. */
export const noteIssued = Effect.fnUntraced(function* (
  to: {
    readonly graph: IdentityGraph["Service"]
    readonly graphId: GraphId
    readonly spaceId: string
    readonly set: WorkingSet
  },
  prepared: ReadonlyArray<Prepared>
) {
  const { graph, graphId, spaceId, set } = to
  while (true) {
    const candidates = prepared.flatMap((item) => segmentIdsOf(spaceId, item.facts, item.extraction, set.issued))
    const found = yield* graph.issued(graphId, candidates)
    if (found.size === 0) return
    set.noteIssued(found)
  }
})
