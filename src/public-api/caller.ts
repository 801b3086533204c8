/** Who asks the Public API, and what they may do (ADM-11, ADM-41). */
import { Effect } from "effect"
import { actorOf, isMasked } from "../profiles/access.ts"
import type { AccessToken } from "../workspace/workspace.ts"
import { forbidden, notFound, type PublicApiProblem } from "./problem.ts"
import {
  type Area,
  isOwner,
  type Level,
  may,
  ownerRole,
  type Permission,
  type Resource,
  spaceAdminRole
} from "./roles.ts"

export interface Caller {
  /** Who is counted (ADM-17) and whose idempotency keys these are (ADM-19). */
  readonly key: string
  /** What the caller showed: the token, or the session's secret. Never stored. */
  readonly secret: string
  /** Under this name changes are in the audit trail. */
  readonly actor: string
  readonly permissions: ReadonlyArray<Permission>
  /** Without PII access (ADM-45). */
  readonly masked: boolean
}

/** What an access token of the Profile API may do here: the scopes for administration are roles. */
const permissionsOf = ({ spaceId, scopes }: AccessToken, workspaceId: string): ReadonlyArray<Permission> => {
  if (scopes.has("workspace:admin")) return [{ roleId: ownerRole, resources: [{ id: workspaceId, type: "WORKSPACE" }] }]
  return spaceId !== null && scopes.has("admin")
    ? [{ roleId: spaceAdminRole, resources: [{ id: spaceId, type: "SPACE" }] }]
    : []
}

/** By an access token, or by the console session that was opened with it. */
export const callerByAccess = (access: AccessToken, key: string, secret: string, workspaceId: string): Caller => ({
  key,
  secret,
  actor: actorOf(access),
  permissions: permissionsOf(access, workspaceId),
  masked: isMasked(access)
})

export const reads = ({ permissions }: Caller, area: Area, resource?: Resource): boolean =>
  may(permissions, area, "read", resource)

export const edits = ({ permissions }: Caller, area: Area, resource?: Resource): boolean =>
  may(permissions, area, "edit", resource)

export const mustBeOwner = ({ permissions }: Caller): Effect.Effect<void, PublicApiProblem> =>
  isOwner(permissions) ? Effect.void : Effect.fail(forbidden("Only a Workspace Owner may do this."))

const roleFor: Readonly<Record<Area, string>> = {
  source: "Source Admin",
  space: "Unify and Engage Admin",
  identity: "Identity Admin",
  privacy: "End User Privacy Admin",
  function: "Function Admin",
  warehouse: "Warehouse Destination Admin",
  trackingPlan: "Tracking Plan Admin",
  entities: "Entities Admin"
}

/** For what belongs to the whole area. */
export const must = (caller: Caller, area: Area, level: Level): Effect.Effect<void, PublicApiProblem> =>
  may(caller.permissions, area, level)
    ? Effect.void
    : Effect.fail(forbidden(`This needs the role ${roleFor[area]} for the whole workspace.`))

/**
 * For one resource: what the caller may not even see is not there (ADM-15). `what`: in the words of the answer, e.g.
 * `source src_x`.
 */
export const mustOn = (
  caller: Caller,
  area: Area,
  level: Level,
  resource: Resource | undefined,
  what: string
): Effect.Effect<void, PublicApiProblem> => {
  if (resource === undefined || !reads(caller, area, resource)) return Effect.fail(notFound(what))
  return level === "read" || edits(caller, area, resource)
    ? Effect.void
    : Effect.fail(forbidden(`This needs the role ${roleFor[area]} for ${what}.`))
}
