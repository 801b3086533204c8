/**
 * Un-merge (IDR-200): the profile that was merged away is canonical again under its old id, with everything that was merged into
 * it before and is still; identifiers follow by themselves, because they never left the profile that they first belonged to.
 */
import { Effect } from "effect"
import type { MergeRow } from "../graph.ts"
import { collectionOf, type ProfileNo } from "../model.ts"
import type { Execute, Executed, OperationContext, OperationFailure } from "./execution.ts"
import { writeMoves } from "./moves.ts"
import type { OperationInputs } from "./operation.ts"
import { needReason, planSeparation, refuse, type Separation, type SeparationData } from "./separation.ts"
import { tellOf } from "./told.ts"

interface Plan {
  readonly from: ProfileNo
  /** What it was merged into; `remaining` when that is canonical. */
  readonly into: ProfileNo
  readonly remaining: ProfileNo
  readonly separation: Separation
}

export const planUndoMerge = Effect.fnUntraced(function* (
  context: OperationContext,
  { mergeId, also }: OperationInputs["undo_merge"]
): Effect.fn.Return<Plan, OperationFailure> {
  const { graph, graphId, spaceId, database } = context
  const merge = yield* graph.findMerge(graphId, mergeId)
  if (merge === null) {
    const [undone] = yield* database.write<{ id: string }>`select id from audit
      where space = ${spaceId} and strpos(coalesce(data, ''), ${JSON.stringify(mergeId)}) > 0 limit 1`
    return yield* undone === undefined
      ? refuse("NOT_FOUND", `There is no merge ${mergeId} in this space.`)
      : refuse("CONFLICT", `The merge ${mergeId} was undone before (audit entry ${undone.id}).`)
  }
  const collection = collectionOf(merge.from)
  const [profile] = yield* graph.find(graphId, collection, [{ no: merge.from }])
  if (profile === null || profile === undefined)
    return yield* refuse("NOT_FOUND", `The profiles of merge ${mergeId} are gone.`)
  const [merges = []] = yield* graph.merges(graphId, [profile.no])
  const members = mergedInto(merge.from, merges)
  const { segmentId } = profile.members.find(({ no }) => no === merge.from)!
  const separation = yield* planSeparation(context, { profile, members, also, to: { no: merge.from, segmentId } })
  return { from: merge.from, into: merge.into, remaining: profile.no, separation }
})

/** The profile and all that was merged into it, transitively. */
export const mergedInto = (no: ProfileNo, merges: ReadonlyArray<MergeRow>): ReadonlySet<ProfileNo> => {
  const members = new Set([no])
  // Merges come in order, but what was merged into `no` may stand before it.
  for (let size = 0; size < members.size;) {
    size = members.size
    for (const { from, into } of merges) if (members.has(into)) members.add(from)
  }
  return members
}

export const undoMerge: Execute<"undo_merge"> = Effect.fnUntraced(function* (context, input) {
  yield* needReason(context)
  const { from, into, remaining, separation } = yield* planUndoMerge(context, input)
  return separated(context, {
    action: "Merge Undone",
    data: { mergeId: input.mergeId },
    from,
    remaining,
    told: [from, into, remaining],
    separation,
    first: [{ kind: "unmerge", from }],
    profiles: [],
    keepApart: input.keepApart
  })
})

/** What un-merge and split write alike. */
export const separated = (
  context: OperationContext,
  options: {
    readonly action: string
    readonly data: Readonly<Record<string, unknown>>
    readonly from: ProfileNo
    readonly remaining: ProfileNo
    readonly told: ReadonlyArray<ProfileNo>
    readonly separation: Separation
    readonly first: NonNullable<Executed<"split">["mutations"]["operations"]>
    readonly profiles: Executed<"split">["mutations"]["profiles"]
    readonly keepApart: boolean
  }
): Executed<"split"> => {
  const { from, remaining, separation } = options
  const { moved, moves, before, after } = separation
  const collection = collectionOf(from)
  return {
    mutations: {
      profiles: options.profiles,
      mappings: [],
      merges: [],
      links: moves.links,
      operations: [
        ...options.first,
        ...(moved.length === 0 ? [] : [{ kind: "remap" as const, identifiers: moved.map(plain), to: from }]),
        ...(moves.unlinked.length === 0 ? [] : [{ kind: "unlink" as const, links: moves.unlinked }]),
        ...(options.keepApart
          ? [{ kind: "separate" as const, a: remaining, b: from, audit: context.auditId, since: context.at }]
          : [])
      ]
    },
    write: Effect.andThen(writeMoves(context, { collection, to: from }, moves), tellOf(context, options.told)),
    audit: {
      action: options.action,
      target: `profile ${before.segmentId}`,
      before,
      after,
      data: {
        ...options.data,
        inverse: "revertSplit",
        separated: from,
        remaining,
        moved: moved.map(({ type, value, profile }) => ({ type, id: value, from: profile }))
      } satisfies SeparationData
    },
    answer: {
      remaining: after.remaining.segmentId,
      separated: after.separated.segmentId,
      movedEvents: after.movedEvents
    },
    successes: [{ kind: "Profile split", segmentId: after.separated.segmentId }]
  }
}

const plain = ({ collection, type, value }: Separation["moved"][number]) => ({ collection, type, value })
