/**
 * Roles, and what a list of permissions allows (ADM-40 to ADM-47). Rights are additive: one permission that covers the resource
 * with a role that allows it is enough. The labels of one permission must all be on the resource (ADM-47).
 */
import { ksuid } from "../platform/hash.ts"

/** What roles speak of. Destinations, filters and mappings belong to their source. */
export const areas = [
  "source",
  "space",
  "identity",
  "privacy",
  "function",
  "warehouse",
  "trackingPlan",
  "entities"
] as const
export type Area = (typeof areas)[number]
export type Level = "read" | "edit"

export interface Role {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly grants: Readonly<Partial<Record<Area, Level>>>
  /** Everything, and what is nobody else's: team, tokens, audit. */
  readonly owner: boolean
  /** Types of resources that it can be limited to, besides the workspace. */
  readonly scopes: ReadonlyArray<"SOURCE" | "SPACE" | "FUNCTION">
  /** Whether labels can narrow it (ADM-43). */
  readonly labels: boolean
}

/** ADM-42: two ids are the original's; the others are made from the name, once and for all. */
const idOf = (name: string): string =>
  ({ "Workspace Owner": "1WDUuRLxv84rrfCNUwvkrRtkxnS", "Minimal Workspace Access": "1aEWAcU0fArxScocwH9xxLgW7r3" })[
    name
  ] ?? ksuid(1_577_836_800_000, `role ${name}`)

const role = (
  name: string,
  description: string,
  grants: Role["grants"],
  more: Partial<Pick<Role, "owner" | "scopes" | "labels">> = {}
): Role => ({ id: idOf(name), name, description, grants, owner: false, scopes: [], labels: false, ...more })

const sources = { scopes: ["SOURCE"], labels: true } as const
const spaces = { scopes: ["SPACE"], labels: true } as const
const functions = { scopes: ["FUNCTION"] } as const

export const roles: ReadonlyArray<Role> = [
  role(
    "Workspace Owner",
    "Edits everything, manages the team and its tokens, and sees personal data.",
    {},
    { owner: true }
  ),
  role("Workspace Member", "Sees the workspace; other roles say what else.", {}),
  role("Minimal Workspace Access", "Sees that the workspace exists.", {}),
  role(
    "Source Admin",
    "Edits sources, their settings, write keys, destinations and mappings.",
    { source: "edit" },
    sources
  ),
  role(
    "Source Read-only",
    "Reads sources, their settings and destinations; sees no write keys.",
    { source: "read" },
    sources
  ),
  role("Function Admin", "Creates, edits and deletes functions.", { function: "edit" }, functions),
  role("Function Read-only", "Reads functions and their logs.", { function: "read" }, functions),
  role("Warehouse Destination Admin", "Edits warehouses and their settings.", { warehouse: "edit" }),
  role("Warehouse Destination Read-only", "Reads warehouses.", { warehouse: "read" }),
  role("Tracking Plan Admin", "Edits tracking plans.", { trackingPlan: "edit" }),
  role("Tracking Plan Read-only", "Reads tracking plans.", { trackingPlan: "read" }),
  role("Identity Admin", "Edits identity rules of all spaces.", { identity: "edit", space: "read" }),
  role("Unify and Engage Admin", "Edits spaces, audiences, traits and their settings.", { space: "edit" }, spaces),
  role(
    "Unify Read-only, Engage User",
    "Edits audiences and traits, but no settings of a space.",
    { space: "read" },
    spaces
  ),
  role("Unify and Engage Read-only", "Reads spaces, profiles, audiences and traits.", { space: "read" }, spaces),
  role("End User Privacy Admin", "Asks for deletion and suppression, and sees the suppression list.", {
    privacy: "edit"
  }),
  role("Entities Admin", "Edits entity models.", { entities: "edit" }),
  role("Entities Read-only", "Reads entity models.", { entities: "read" })
]

export const roleById: ReadonlyMap<string, Role> = new Map(roles.map((each) => [each.id, each]))
const named = (name: string): string => roles.find((each) => each.name === name)!.id
export const ownerRole = named("Workspace Owner")
export const spaceAdminRole = named("Unify and Engage Admin")

export const resourceTypes = ["WORKSPACE", "SOURCE", "SPACE", "WAREHOUSE", "FUNCTION"] as const
export type ResourceType = (typeof resourceTypes)[number]

export interface Label {
  readonly key: string
  readonly value: string
}

/** ADM-43. */
export interface Permission {
  readonly roleId: string
  readonly resources: ReadonlyArray<{
    readonly id: string
    readonly type: ResourceType
    readonly labels?: ReadonlyArray<Label>
  }>
}

/** What a right is asked for: `labels` as `key:value`. */
export interface Resource {
  readonly id: string
  readonly labels: ReadonlyArray<string>
}

const typeOf: Readonly<Partial<Record<Area, ResourceType>>> = { source: "SOURCE", space: "SPACE", function: "FUNCTION" }

const covers = (
  { id, type, labels = [] }: Permission["resources"][number],
  area: Area,
  resource: Resource | undefined
): boolean => {
  if (type === "WORKSPACE")
    return labels.every(({ key, value }) => resource?.labels.includes(`${key}:${value}`) === true)
  return resource !== undefined && type === typeOf[area] && id === resource.id
}

/** `resource` undefined: all of the area, also those that are yet to be made. */
export const may = (permissions: ReadonlyArray<Permission>, area: Area, level: Level, resource?: Resource): boolean =>
  permissions.some(({ roleId, resources }) => {
    const held = roleById.get(roleId)
    if (held === undefined) return false
    const granted = held.owner ? "edit" : held.grants[area]
    const enough = granted === "edit" || (granted === "read" && level === "read")
    return enough && resources.some((each) => covers(each, area, resource))
  })

/** Whether there is anything of the area that somebody with these permissions may read. */
export const mayAny = (permissions: ReadonlyArray<Permission>, area: Area): boolean =>
  permissions.some(({ roleId }) => {
    const held = roleById.get(roleId)
    return held !== undefined && (held.owner || held.grants[area] !== undefined)
  })

export const isOwner = (permissions: ReadonlyArray<Permission>): boolean =>
  permissions.some(({ roleId, resources }) => {
    const whole = resources.some(({ type, labels = [] }) => type === "WORKSPACE" && labels.length === 0)
    return roleById.get(roleId)?.owner === true && whole
  })

/** What is wrong with permissions that somebody wants to give, each with its place. */
export const permissionProblems = (
  permissions: ReadonlyArray<Permission>,
  workspaceId: string
): ReadonlyArray<{ readonly field: string; readonly message: string }> =>
  permissions.flatMap(({ roleId, resources }, at) => {
    const field = `permissions[${at}]`
    const held = roleById.get(roleId)
    if (held === undefined) return [{ field: `${field}.roleId`, message: `There is no role ${roleId}.` }]
    return resources.flatMap(({ id, type, labels = [] }, n) => {
      const place = `${field}.resources[${n}]`
      if (type === "WORKSPACE" && id !== workspaceId)
        return [{ field: `${place}.id`, message: `The id of this workspace is ${workspaceId}.` }]
      if (type !== "WORKSPACE" && !(held.scopes as ReadonlyArray<string>).includes(type))
        return [{ field: `${place}.type`, message: `${held.name} cannot be limited to a ${type.toLowerCase()}.` }]
      if (labels.length > 0 && (type !== "WORKSPACE" || !held.labels))
        return [{ field: `${place}.labels`, message: `Labels are for ${held.name} on the workspace only, if at all.` }]
      return []
    })
  })
