/** Which space a change is about, and whether the token of the request may make it. */
import type { Space } from "../workspace/workspace.ts"
import { allows, belongsTo, isMasked, type Permission } from "./access.ts"
import { graphqlError } from "./graphql-errors.ts"
import type { RequestContext } from "./resolvers.ts"

/** Refuses a token without the scope, which the message names. */
export const need = ({ access }: RequestContext, scope: Permission): void => {
  if (!allows(access, scope)) throw graphqlError("FORBIDDEN", `The access token lacks the scope \`${scope}\`.`)
}

/** Refuses a viewer without PII access what masks cannot cover: `what` says what it is, e.g. `A download`. */
export const needPii = ({ access }: Pick<RequestContext, "access">, what: string): void => {
  if (isMasked(access))
    throw graphqlError(
      "FORBIDDEN",
      `${what} needs access to personal values, which a token with \`pii:masked\` has not.`
    )
}

/** The space, for a token that belongs to it and may do `scope` there; whether other spaces exist is not told. */
export const spaceFor = (context: RequestContext, spaceId: string, scope: Permission): Space => {
  if (!belongsTo(context.access, spaceId))
    throw graphqlError("FORBIDDEN", "The access token does not belong to this space.")
  need(context, scope)
  return existing(context, spaceId)
}

export const existing = ({ snapshot }: RequestContext, spaceId: string): Space => {
  const space = snapshot().spaceById.get(spaceId)
  if (space === undefined) throw graphqlError("NOT_FOUND", `There is no space ${spaceId}.`)
  return space
}
