/**
 * Taking one profile apart into two: the common plan of un-merge and split, with both profiles as they are before and
 * afterwards (IDR-203, IDR-204). Plans; the callers make it an operation or a preview.
 */
import { Effect } from "effect"
import { float8s } from "../../platform/sql-arrays.ts"
import type { ExternalIdRow, FoundProfile } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import type { Identifier, ProfileNo } from "../model.ts"
import { decodeTraits, mergeTraits, type TraitDoc } from "../traits.ts"
import type { OperationContext, OperationFailure } from "./execution.ts"
import { firstCarried } from "./first-carried.ts"
import { type Moves, planMoves } from "./moves.ts"
import {
  type ExternalId,
  type OperationProblem,
  OperationRefused,
  type ProfilePicture,
  type SplitPicture
} from "./operation.ts"

export const refuse = (code: OperationProblem, message: string) => Effect.fail(new OperationRefused({ code, message }))

export const needReason = ({ reason }: Pick<OperationContext, "reason">) =>
  reason.trim() === ""
    ? refuse("VALIDATION_FAILED", "Say why: a reason is required, it goes into the audit trail.")
    : Effect.void

export interface Cut {
  readonly profile: FoundProfile
  /** Members that leave; empty for a split. */
  readonly members: ReadonlySet<ProfileNo>
  /** Identifiers that leave although their profile stays. */
  readonly also: ReadonlyArray<ExternalId>
  readonly to: { readonly no: ProfileNo; readonly segmentId: string }
}

/** What the audit entry of a separation keeps for the way back. */
export interface SeparationData {
  readonly inverse: "revertSplit"
  readonly mergeId?: string
  readonly separated: ProfileNo
  readonly remaining: ProfileNo
  /** Identifiers that were moved, and the profile that each belonged to first. */
  readonly moved: ReadonlyArray<ExternalId & { readonly from: ProfileNo }>
}

export interface Separation {
  /** The identifiers of `also`, as they were mapped. */
  readonly moved: ReadonlyArray<ExternalIdRow>
  readonly moves: Moves
  readonly before: ProfilePicture
  readonly after: SplitPicture
}

export const planSeparation = Effect.fnUntraced(function* (
  context: OperationContext,
  { profile, members, also, to }: Cut
): Effect.fn.Return<Separation, OperationFailure> {
  const { graph, graphId, database, schema } = context
  const { collection } = profile
  const [all = []] = yield* graph.externalIds(graphId, [profile.no])
  const byText = new Map(all.map((row) => [identifierText(row), row]))
  const moved: Array<ExternalIdRow> = []
  for (const { type, id } of also) {
    const row = byText.get(identifierText({ collection, type, value: id }))
    if (row === undefined)
      return yield* refuse("IDENTIFIER_NOT_FOUND", `Profile ${profile.segmentId} does not have ${type}:${id}.`)
    if (!members.has(row.profile) && !moved.includes(row)) moved.push(row)
  }
  const leaves = (row: ExternalIdRow) => members.has(row.profile) || moved.includes(row)
  const leaving = all.filter(leaves)
  const remaining = all.filter((row) => !leaves(row))
  if (leaving.length === 0 || remaining.length === 0)
    return yield* refuse(
      "EMPTY_SPLIT",
      leaving.length === 0
        ? "Nothing would be left on the separated side: name at least one identifier to move."
        : `Nothing would be left on profile ${profile.segmentId}: keep at least one identifier.`
    )
  const staying = profile.members.map(({ no }) => no).filter((no) => !members.has(no))
  const [merges = []] = yield* graph.merges(graphId, [profile.no])
  const since = yield* firstCarried(context, {
    profiles: profile.members.map(({ no }) => no),
    members,
    merges,
    own: leaving.filter((row) => !moved.includes(row)),
    taken: moved
  })
  const moves = yield* planMoves(context, {
    collection,
    since,
    profile: profile.no,
    members: [...members],
    staying,
    identifiers: leaving,
    to: to.no
  })

  const stored = yield* database.write.unsafe<{ profile: number; doc: string }>(
    `select profile::float8 as profile, doc from ${schema}.traits where profile = any($1::float8[]::bigint[])`,
    [float8s(profile.members.map(({ no }) => no))]
  )
  const docs = new Map(stored.map(({ profile, doc }) => [profile, decodeTraits(doc)]))
  const now = new Map([...docs, ...moves.traits])
  const idOf = new Map(profile.members.map(({ no, segmentId }) => [no, segmentId]))
  const picture = (
    segmentId: string,
    nos: ReadonlyArray<ProfileNo>,
    ids: ReadonlyArray<Identifier>,
    from: ReadonlyMap<ProfileNo, TraitDoc>,
    events: number
  ): ProfilePicture => ({
    segmentId,
    identifiers: ids.map(({ collection, type, value }) => ({ collection, type, id: value })),
    traits: Object.fromEntries(
      [...mergeTraits(nos.flatMap((no) => from.get(no) ?? []))].map(([key, { value }]) => [key, value])
    ),
    events,
    mergedSegmentIds: nos.flatMap((no) => {
      const id = idOf.get(no)
      return id === undefined || id === segmentId ? [] : [id]
    })
  })
  const own = moves.left
  const movedEvents = moves.moved.length
  const allNos = profile.members.map(({ no }) => no)
  const sideNos = [...new Set([...members, to.no])]
  return {
    moved,
    moves,
    before: picture(profile.segmentId, allNos, all, docs, own + moves.stayed + movedEvents),
    after: {
      remaining: picture(profile.segmentId, staying, remaining, now, moves.stayed),
      separated: picture(to.segmentId, sideNos, leaving, now, own + movedEvents),
      movedEvents
    }
  }
})
