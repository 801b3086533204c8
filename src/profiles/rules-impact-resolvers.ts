/** Resolvers of `graphql/rules-impact.graphql`. */
import type { RequestContext } from "./resolvers.ts"
import { rulesDocumentOf, type RulesInput } from "./rules-input.ts"
import { spaceFor } from "./space-access.ts"

export const rulesImpactResolvers = {
  Query: {
    rulesImpact: (_: unknown, args: { spaceId: string; rules: RulesInput }, context: RequestContext) => {
      const { id } = spaceFor(context, args.spaceId, "admin")
      const { run, operations } = context.services
      return run(operations.rulesImpact(id, rulesDocumentOf(args.rules)))
    }
  }
}
