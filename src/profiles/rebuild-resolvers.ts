/** Resolvers of `graphql/rebuilds.graphql`: what is under way, and the way back. The work itself is in `identity/generations/`. */
import { markCancelled } from "../identity/generations/cancel.ts"
import { askRebuild, findRebuild, readPrevious, type Rebuild } from "../identity/generations/rebuilds.ts"
import { actorOf } from "./access.ts"
import { graphqlError } from "./graphql-errors.ts"
import { checkSpace, type RequestContext } from "./resolvers.ts"
import { spaceFor } from "./space-access.ts"

const listed = 50

export const underWay = () =>
  graphqlError("CONFLICT", "A rebuild of this space is under way already. Wait until it is done, or cancel it.")

const tooLate = ({ id, kind, state }: Rebuild): string => {
  if (state === "cancelled") return `The rebuild ${id} was cancelled before.`
  if (state !== "done")
    return `The rebuild ${id} has ended already: it was refused or has failed, and the profiles are as they were.`
  const back = kind === "apply_rebuild" ? "`rollbackRebuild` goes back" : "`rollbackRebuild` takes that back, too"
  return `It is too late to cancel the rebuild ${id}: the space has switched to the other profiles. ${back}.`
}

const chosen = (context: RequestContext, spaceId: string) => {
  spaceFor(context, spaceId, "admin")
  checkSpace(context, spaceId)
}

const rollbackRebuild = async (_: unknown, args: { spaceId: string; reason: string }, context: RequestContext) => {
  chosen(context, args.spaceId)
  const { services, space, access } = context
  if (args.reason.trim() === "") throw graphqlError("VALIDATION_FAILED", "Say why: it goes into the audit trail.")
  if ((await services.run(readPrevious(services.database, space.id))) === undefined)
    throw graphqlError("NOT_FOUND", "There is no rebuild of the last 7 days that could be taken back.")
  const asked = await services.run(
    askRebuild(services.database, {
      spaceId: space.id,
      kind: "rollback_rebuild",
      input: {},
      actor: actorOf(access),
      reason: args.reason
    })
  )
  if (asked === undefined) throw underWay()
  return asked
}

const cancelRebuild = async (
  _: unknown,
  args: { spaceId: string; id: string; reason: string },
  context: RequestContext
) => {
  chosen(context, args.spaceId)
  const { services, space, access } = context
  if (args.reason.trim() === "") throw graphqlError("VALIDATION_FAILED", "Say why: it goes into the audit trail.")
  const id = /^[0-9]{1,15}$/.test(args.id) ? Number(args.id) : 0
  const mark = { spaceId: space.id, id, actor: actorOf(access), reason: args.reason }
  const marked = await services.run(markCancelled(services.database, mark))
  const found = await services.run(findRebuild(services.database, space.id, id))
  if (found === undefined) throw graphqlError("NOT_FOUND", `There is no rebuild ${args.id} of this space.`)
  if (!marked) throw graphqlError("CONFLICT", tooLate(found))
  return found
}

export const rebuildResolvers = {
  RebuildKind: { APPLY: "apply_rebuild", ROLLBACK: "rollback_rebuild" },
  RebuildState: {
    QUEUED: "queued",
    RUNNING: "running",
    DONE: "done",
    FAILED: "failed",
    CANCELLING: "cancelling",
    CANCELLED: "cancelled"
  },
  Query: {
    rebuilds: (_: unknown, { spaceId }: { spaceId: string }, context: RequestContext) => {
      chosen(context, spaceId)
      return context.services.run(context.services.operations.rebuilds(context.space.id, listed))
    },
    previousProfiles: (_: unknown, { spaceId }: { spaceId: string }, context: RequestContext) => {
      chosen(context, spaceId)
      return context.services.run(readPrevious(context.services.database, context.space.id))
    }
  },
  Mutation: { rollbackRebuild, cancelRebuild },
  Rebuild: {
    progress: ({ state, processed, total }: Rebuild) =>
      state === "done" ? 1 : total === 0 ? 0 : Math.min(1, processed / total),
    errorCode: ({ code }: Rebuild) => code,
    whatIfId: ({ runId }: Rebuild) => runId,
    rulesVersion: ({ answer }: Rebuild) => answer?.rulesVersion ?? null,
    auditId: ({ answer }: Rebuild) => answer?.auditId ?? null,
    operations: ({ answer }: Rebuild) => answer?.operations ?? null
  }
}
