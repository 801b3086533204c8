/** What goes along with identifiers when a rebuild takes a profile apart (IDR-202): planned as for an operation, on the tables of its generation. */
import { Effect } from "effect"
import type { OperationContext } from "../operations/execution.ts"
import { type Moves, writeMoves } from "../operations/moves.ts"
import type { OperationEntry } from "../operations/operation-entry.ts"
import { planSeparation } from "../operations/separation.ts"
import type { Cut } from "../reapply/cut.ts"
import { nothingTaken, type ReapplyError, type Taken } from "../reapply/reapplied.ts"
import { isNewer } from "../traits.ts"
import { collectionOf, type ProfileNo } from "../model.ts"

type Generation = Pick<
  OperationContext,
  "spaceId" | "schema" | "database" | "graph" | "graphId" | "history" | "rules" | "maxTraits" | "protection"
>

/** Parts of several profiles may go to one: it has the newest write of each trait. */
const joinTraits = (all: ReadonlyArray<Moves>): Moves["traits"] => {
  const docs = new Map<ProfileNo, Map<string, Parameters<typeof isNewer>[2]>>()
  for (const { traits } of all)
    for (const [no, doc] of traits) {
      const known = docs.get(no)
      if (known === undefined) docs.set(no, new Map(doc))
      else
        for (const [key, write] of doc) {
          const other = known.get(key)
          if (other === undefined || isNewer(write[1], write[3], other)) known.set(key, write)
        }
    }
  return docs
}

export const takeAlong = Effect.fnUntraced(function* (
  generation: Generation,
  { auditId, seq, at, actor, reason }: OperationEntry,
  cuts: ReadonlyArray<Cut>
): Effect.fn.Return<Taken, ReapplyError> {
  if (cuts.length === 0) return nothingTaken
  const context: OperationContext = { ...generation, operationId: 0, auditId, seq, at, actor, reason }
  const planned: Array<readonly [ProfileNo, Moves]> = []
  for (const { profile, members, moved, to } of cuts) {
    const also = moved.map(({ type, value }) => ({ type, id: value }))
    const { moves } = yield* planSeparation(context, { profile, members, also, to }).pipe(
      // Both sides have identifiers, and all of them were just read.
      Effect.catchTag("OperationRefused", Effect.die)
    )
    planned.push([to.no, moves])
  }
  const all = planned.map(([, moves]) => moves)
  const traits = joinTraits(all)
  const firsts = all.flatMap(({ first }) => first ?? [])
  return {
    unlinked: all.flatMap(({ unlinked }) => unlinked),
    links: all.flatMap(({ links }) => links),
    first: firsts.reduce<Moves["first"]>((a, b) => (a === null || b.t < a.t ? b : a), null),
    write: Effect.forEach(
      planned,
      ([to, moves], i) =>
        writeMoves(
          context,
          { collection: collectionOf(to), to },
          i === 0 ? { ...moves, traits } : { ...moves, traits: new Map() }
        ),
      { discard: true }
    )
  }
})
