/** Resolvers of `graphql/rebuilds.graphql`: what is under way, and the way back. The work itself is in `identity/generations/`. */
import { askRebuild, readPrevious, readRebuilds, type Rebuild } from "../identity/generations/rebuilds.ts"
import { actorOf } from "./access.ts"
import { graphqlError } from "./graphql-errors.ts"
import { checkSpace, type RequestContext } from "./resolvers.ts"
import { spaceFor } from "./space-access.ts"

const listed = 50

export const underWay = () =>
  graphqlError("CONFLICT", "A rebuild of this space is under way already. Wait until it is done.")

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

export const rebuildResolvers = {
  RebuildKind: { APPLY: "apply_rebuild", ROLLBACK: "rollback_rebuild" },
  RebuildState: { QUEUED: "queued", RUNNING: "running", DONE: "done", FAILED: "failed" },
  Query: {
    rebuilds: (_: unknown, { spaceId }: { spaceId: string }, context: RequestContext) => {
      chosen(context, spaceId)
      return context.services.run(readRebuilds(context.services.database, context.space.id, listed))
    },
    previousProfiles: (_: unknown, { spaceId }: { spaceId: string }, context: RequestContext) => {
      chosen(context, spaceId)
      return context.services.run(readPrevious(context.services.database, context.space.id))
    }
  },
  Mutation: { rollbackRebuild },
  Rebuild: {
    progress: ({ state, processed, total }: Rebuild) =>
      state === "done" ? 1 : total === 0 ? 0 : Math.min(1, processed / total),
    errorCode: ({ code }: Rebuild) => code,
    whatIfId: ({ runId }: Rebuild) => runId,
    rulesVersion: ({ answer }: Rebuild) => answer?.rulesVersion ?? null,
    auditId: ({ answer }: Rebuild) => answer?.auditId ?? null
  }
}
