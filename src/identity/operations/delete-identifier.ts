/**
 * Deleting one identifier of a known profile (IDR-150 to IDR-155). The mapping goes, the identifier is free; traits, events
 * and merges stay.
 */
import { Effect } from "effect"
import type { Identifier } from "../model.ts"
import type { Execute } from "./execution.ts"
import { type OperationProblem, OperationRefused } from "./operation.ts"
import { tellOf } from "./told.ts"

const refuse = (code: OperationProblem, message: string) => Effect.fail(new OperationRefused({ code, message }))

export const deleteIdentifier: Execute<"delete_identifier"> = Effect.fnUntraced(function* (context, input) {
  const { type, id } = input.identifier
  const { graph, graphId, rules } = context
  const rule = rules.byType.get(type)
  if (rule === undefined || rule.collection !== "users")
    return yield* refuse("UNSUPPORTED_IDENTIFIER", `"${type}" is no identifier type of users in this space.`)
  if (!rule.enabled)
    return yield* refuse("IDENTIFIER_SWITCHED_OFF", `The identifier type ${type} is switched off in this space.`)
  if (type === "user_id" && id === input.userId)
    return yield* refuse("VALIDATION_FAILED", "The user_id that the profile is looked up by cannot be deleted.")
  const identifier: Identifier = { collection: "users", type, value: id }
  const [profile, owner] = yield* graph.find(graphId, "users", [
    { identifier: { collection: "users", type: "user_id", value: input.userId } },
    { identifier }
  ])
  if (profile === null || profile === undefined)
    return yield* refuse("NOT_FOUND", `No profile has the user_id ${input.userId}.`)
  if (owner?.no !== profile.no)
    return yield* refuse("IDENTIFIER_NOT_FOUND", `The profile of user_id ${input.userId} does not have ${type}:${id}.`)
  const { segmentId } = profile
  return {
    mutations: {
      profiles: [],
      mappings: [],
      merges: [],
      links: [],
      operations: [{ kind: "unmap", identifiers: [identifier] }]
    },
    write: tellOf(context, [profile.no]),
    audit: {
      action: "Identifier Deleted",
      target: `profile ${segmentId}`,
      before: { type, id, segment_id: segmentId },
      after: null
    },
    answer: { segmentId },
    successes: [{ kind: "Identifier removed", segmentId, identifier: { type, id } }]
  }
})
