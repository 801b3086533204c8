/** Split (IDR-201): chosen identifiers go to a new profile, and what belongs to them alone goes with them. */
import { Effect } from "effect"
import { ksuid } from "../../platform/hash.ts"
import { findProfiles } from "../generations/former-ids.ts"
import type { ExternalIdRow, ProfileRow } from "../graph.ts"
import { type ProfileNo, profileNo } from "../model.ts"
import type { Moves } from "./moves.ts"
import type { Execute, OperationContext, OperationFailure } from "./execution.ts"
import type { OperationInputs } from "./operation.ts"
import { needReason, planSeparation, refuse, type Separation } from "./separation.ts"
import { separated } from "./undo-merge.ts"

interface Plan {
  readonly to: { readonly no: ProfileNo; readonly segmentId: string }
  readonly remaining: ProfileNo
  readonly separation: Separation
}

export const planSplit = Effect.fnUntraced(function* (
  context: OperationContext,
  { profile: segmentId, identifiers }: OperationInputs["split"]
): Effect.fn.Return<Plan, OperationFailure> {
  const { spaceId, at, operationId, seq } = context
  const collection = segmentId.startsWith("grp_") ? "accounts" : "users"
  const [profile] = yield* findProfiles(context, context, collection, [{ segmentId }])
  if (profile === null || profile === undefined)
    return yield* refuse("NOT_FOUND", `There is no profile ${segmentId} in this space.`)
  const prefix = collection === "users" ? "use_" : "grp_"
  const to = {
    no: profileNo(seq, collection),
    segmentId: prefix + ksuid(at, `${spaceId}\n${collection}\noperation ${operationId}`)
  }
  const separation = yield* planSeparation(context, { profile, members: new Set(), also: identifiers, to })
  return { to, remaining: profile.no, separation }
})

/** It begins with the first event that goes along; when none does, with the first identifier. */
export const beginningOf = (
  moved: ReadonlyArray<ExternalIdRow>,
  event: Moves["first"]
): Pick<ProfileRow, "createdAt" | "source" | "messageId"> => {
  const mapping = moved.reduce((a, b) => (b.addedAt < a.addedAt ? b : a))
  const { t, source, messageId } = event !== null && event.messageId !== "" ? event : { ...mapping, t: mapping.addedAt }
  return { createdAt: t, source, messageId }
}

export const split: Execute<"split"> = Effect.fnUntraced(function* (context, input) {
  yield* needReason(context)
  const { to, remaining, separation } = yield* planSplit(context, input)
  return separated(context, {
    action: "Profile Split",
    data: { identifiers: input.identifiers },
    from: to.no,
    remaining,
    told: [to.no, remaining],
    separation,
    first: [],
    profiles: [
      {
        no: to.no,
        segmentId: to.segmentId,
        ...beginningOf(separation.moved, separation.moves.first)
      }
    ],
    keepApart: input.keepApart
  })
})
