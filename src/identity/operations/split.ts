/** Split (IDR-201): chosen identifiers go to a new profile, and what belongs to them alone goes with them. */
import { Effect } from "effect"
import { ksuid } from "../../platform/hash.ts"
import { findProfiles } from "../generations/former-ids.ts"
import { type ProfileNo, profileNo } from "../model.ts"
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

export const split: Execute<"split"> = Effect.fnUntraced(function* (context, input) {
  yield* needReason(context)
  const { to, remaining, separation } = yield* planSplit(context, input)
  // It begins with the first event that goes along; when none does, with the first identifier.
  const mapping = separation.moved.reduce((a, b) => (b.addedAt < a.addedAt ? b : a))
  const event = separation.moves.first
  const first = event !== null && event.messageId !== "" ? event : { ...mapping, t: mapping.addedAt }
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
        createdAt: first.t,
        source: first.source,
        messageId: first.messageId
      }
    ],
    keepApart: input.keepApart
  })
})
