/** Resolvers of `graphql/erasure.graphql`. */
import { identifierValue } from "../event/identifier-value.ts"
import { maxSubjects } from "../workspace/regulation.ts"
import { graphqlError } from "./graphql-errors.ts"
import type { RequestContext } from "./resolvers.ts"
import { need } from "./space-access.ts"

export const erasureResolvers = {
  Query: {
    erasurePreview: async (_: unknown, { userIds }: { userIds: ReadonlyArray<string> }, context: RequestContext) => {
      need(context, "workspace:admin")
      if (userIds.length > maxSubjects)
        throw graphqlError("VALIDATION_FAILED", `Ask for at most ${maxSubjects} user ids at once.`)
      const { run, operations } = context.services
      const usable = userIds.map((userId) => identifierValue(userId)).filter((userId) => typeof userId === "string")
      const found = []
      for (const { id } of context.snapshot().spaces) found.push(...(await run(operations.previewErasure(id, usable))))
      return found
    }
  }
}
