/** Callers by an OAuth access token (ADM-77): with `public_api:read_write` a Workspace Owner, and the application is the actor. */
import { Clock, Effect } from "effect"
import { TokenVerifier } from "../workspace/oauth-token.ts"
import { Workspace } from "../workspace/workspace.ts"
import type { Caller } from "./caller.ts"
import { forbidden, type PublicApiProblem } from "./problem.ts"
import { ownerRole } from "./roles.ts"

const scope = "public_api:read_write"

/** Undefined: nobody, or not one of ours. */
export const makeOAuthCallers = Effect.gen(function* () {
  const workspace = yield* Workspace
  const clock = yield* Clock.Clock
  const tokens = new TokenVerifier()
  return (secret: string, workspaceId: string): Effect.Effect<Caller | undefined, PublicApiProblem> => {
    const token = tokens.verify(workspace.current().oauth, secret, clock.currentTimeMillisUnsafe())
    if (token === undefined) return Effect.undefined
    const { application, scopes } = token
    if (!scopes.has(scope)) return Effect.fail(forbidden(`This access token lacks the scope ${scope}.`))
    return Effect.succeed({
      key: `oauth ${application.id}`,
      secret,
      actor: `oauth:${application.name}`,
      permissions: [{ roleId: ownerRole, resources: [{ id: workspaceId, type: "WORKSPACE" }] }],
      masked: false
    })
  }
})
