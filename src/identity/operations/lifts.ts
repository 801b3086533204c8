/**
 * Lifting separations by the audit entries that made them (IDR-205). A lift in the graph ends every separation between two canonical
 * profiles; those of other audit entries are made again.
 */
import { Effect } from "effect"
import type { GraphError, GraphOperation, SeparatedProfile } from "../graph.ts"
import { collectionOf, type ProfileNo } from "../model.ts"
import type { OperationContext } from "./execution.ts"

/** Canonical numbers of profiles, of one collection, that are still there. */
export const canonicalOf = Effect.fnUntraced(function* (
  { graph, graphId }: Pick<OperationContext, "graph" | "graphId">,
  nos: ReadonlyArray<ProfileNo>
): Effect.fn.Return<ReadonlyMap<ProfileNo, ProfileNo>, GraphError> {
  const asked = [...new Set(nos)]
  if (asked.length === 0) return new Map()
  const found = yield* graph.find(
    graphId,
    collectionOf(asked[0]!),
    asked.map((no) => ({ no }))
  )
  return new Map(found.flatMap((profile, i) => (profile === null ? [] : [[asked[i]!, profile.no] as const])))
})

/** Between each of these pairs, of one collection; `audits` undefined: whoever made them. */
export const planLifts = Effect.fnUntraced(function* (
  context: Pick<OperationContext, "graph" | "graphId">,
  pairs: ReadonlyArray<readonly [ProfileNo, ProfileNo]>,
  audits: ReadonlySet<string> | undefined
): Effect.fn.Return<
  { readonly operations: ReadonlyArray<GraphOperation>; readonly lifted: ReadonlyArray<string> },
  GraphError
> {
  const { graph, graphId } = context
  const canonical = yield* canonicalOf(context, pairs.flat())
  const between = new Map<ProfileNo, Set<ProfileNo>>()
  const seen = new Set<string>()
  for (const pair of pairs) {
    const [a, b] = pair.map((no) => canonical.get(no))
    // Inside one profile a separation rests.
    if (a === undefined || b === undefined || a === b || seen.has(`${b} ${a}`)) continue
    seen.add(`${a} ${b}`)
    between.set(a, (between.get(a) ?? new Set()).add(b))
  }
  const firsts = [...between.keys()]
  const found = firsts.length === 0 ? [] : yield* graph.separations(graphId, firsts)
  const operations: Array<GraphOperation> = []
  const lifted = new Set<string>()
  firsts.forEach((a, i) => {
    for (const b of between.get(a)!) {
      const all = new Map<string, SeparatedProfile>()
      for (const one of found[i] ?? []) if (one.no === b) all.set(one.audit, one)
      const gone = [...all.keys()].filter((audit) => audits === undefined || audits.has(audit))
      if (gone.length === 0) continue
      operations.push({ kind: "lift", a, b })
      for (const audit of gone) {
        lifted.add(audit)
        all.delete(audit)
      }
      for (const { audit, since } of all.values()) operations.push({ kind: "separate", a, b, audit, since })
    }
  })
  return { operations, lifted: [...lifted] }
})
