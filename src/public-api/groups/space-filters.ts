/**
 * Event filters of spaces (IDR-14), in the shapes of Segment's newer clients: `integrationId` is the space. A statement never
 * changes, so that a name in the audit trail always means the same: PATCH switches a filter on and off.
 */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import type { FilterView } from "../../workspace/manage-filters.ts"
import { makeManagement } from "../../workspace/management.ts"
import { Workspace } from "../../workspace/workspace.ts"
import { type Caller, reads } from "../caller.ts"
import { data, deleted, group, handled, success } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { invalid, notFound, problem } from "../problem.ts"
import { timeText } from "../shapes.ts"
import { mayUseSpace, spaceResource } from "./spaces.ts"

const filter = Schema.Struct({
  id: Schema.String,
  integrationId: Schema.String,
  name: Schema.String,
  if: Schema.String,
  drop: Schema.Boolean,
  enabled: Schema.Boolean,
  createdAt: Schema.String,
  createdBy: Schema.String
})
const params = { filterId: Schema.String }

const declared = group("Space Filters").add(
  HttpApiEndpoint.get("listFilters", "/filters", {
    query: { integrationId: Schema.optionalKey(Schema.String), pagination },
    success: data({ filters: Schema.Array(filter), pagination: paginated })
  }),
  HttpApiEndpoint.post("createFilter", "/filters", {
    payload: Schema.Struct({
      integrationId: Schema.String,
      name: Schema.String,
      if: Schema.String,
      drop: Schema.optionalKey(Schema.Boolean),
      enabled: Schema.optionalKey(Schema.Boolean)
    }),
    success: data({ filter })
  }),
  HttpApiEndpoint.get("getFilterById", "/filters/:filterId", { params, success: data({ filter }) }),
  HttpApiEndpoint.patch("updateFilterById", "/filters/:filterId", {
    params,
    payload: Schema.Struct({
      enabled: Schema.optionalKey(Schema.Boolean),
      name: Schema.optionalKey(Schema.String),
      if: Schema.optionalKey(Schema.String)
    }),
    success: data({ filter })
  }),
  HttpApiEndpoint.delete("deleteFilterById", "/filters/:filterId", { params, success: deleted })
)

const shown = ({ id, spaceId, name, fql, enabled, createdAt, createdBy }: FilterView) => ({
  id,
  integrationId: spaceId,
  name,
  if: fql,
  drop: true,
  enabled,
  createdAt: timeText(createdAt),
  createdBy
})

/** Orders filters of several spaces by age. */
const keyOf = ({ createdAt, id }: FilterView) => `${String(Math.round(createdAt)).padStart(15, "0")} ${id}`

export const spaceFilters = Effect.gen(function* () {
  const management = yield* makeManagement
  const workspace = yield* Workspace

  const visible = (caller: Caller) =>
    workspace.current().spaces.filter((space) => reads(caller, "space", spaceResource(space)))

  const all = (caller: Caller, integrationId: string | undefined) =>
    Effect.map(
      Effect.forEach(
        visible(caller).filter(({ id }) => integrationId === undefined || id === integrationId),
        ({ id }) => management.filters(id)
      ),
      (lists) => lists.flat().sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    )

  const find = (caller: Caller, id: string, level: "read" | "edit") =>
    Effect.gen(function* () {
      const found = (yield* all(caller, undefined)).find((each) => each.id === id)
      if (found === undefined) return yield* notFound(`filter ${id}`)
      yield* mayUseSpace(caller, level, workspace.current().spaceById.get(found.spaceId), found.spaceId)
      return found
    })

  return handled(declared, {
    listFilters: ({ caller, query }) =>
      Effect.gen(function* () {
        const filters = yield* all(caller, query.integrationId)
        const page = pageOf("filters", filters, keyOf, query.pagination)
        return { filters: page.entries.map(shown), pagination: page.pagination }
      }),
    createFilter: ({ caller, payload }) =>
      Effect.gen(function* () {
        const { integrationId, name, drop = true, enabled = true } = payload
        yield* mayUseSpace(caller, "edit", workspace.current().spaceById.get(integrationId), integrationId)
        if (!drop)
          return yield* invalid([
            { field: "drop", message: `"drop" must be true: what matches does not reach the space` }
          ])
        const id = yield* management.createFilter(caller.actor, integrationId, { name, fql: payload.if, enabled })
        return { filter: shown(yield* find(caller, id, "read")) }
      }),
    getFilterById: ({ caller, params }) =>
      Effect.map(find(caller, params.filterId, "read"), (found) => ({ filter: shown(found) })),
    updateFilterById: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        const found = yield* find(caller, params.filterId, "edit")
        const { enabled, name = found.name, if: fql = found.fql } = payload
        if (name !== found.name || fql !== found.fql)
          return yield* problem(
            409,
            "conflict",
            "Name and statement of a filter do not change, so that the audit trail stays true. Delete it and make another."
          )
        if (enabled !== undefined) yield* management.setFilterEnabled(caller.actor, found.spaceId, found.id, enabled)
        return { filter: shown(yield* find(caller, found.id, "read")) }
      }),
    deleteFilterById: ({ caller, params }) =>
      Effect.gen(function* () {
        const found = yield* find(caller, params.filterId, "edit")
        yield* management.deleteFilter(caller.actor, found.spaceId, found.id)
        return success
      })
  })
})
