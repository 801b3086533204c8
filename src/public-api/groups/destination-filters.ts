/** Destination filters (DST-50 to DST-65); "destination" is singular in their addresses. Previews need no destination. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationManagement } from "../../destinations/manage/destination-management.ts"
import type { FilterView } from "../../destinations/manage/views.ts"
import { previewFilter } from "../../destinations/testing/preview.ts"
import { makeDestinationAccess } from "../access.ts"
import { data, deleted, group, handled, success } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { timeText } from "../shapes.ts"

const action = Schema.Struct({
  type: Schema.Literals(["SAMPLE", "DROP", "DROP_PROPERTIES", "ALLOW_PROPERTIES"]),
  percent: Schema.optionalKey(Schema.Number),
  path: Schema.optionalKey(Schema.String),
  fields: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.String)))
})

const filter = Schema.Struct({
  id: Schema.String,
  sourceId: Schema.String,
  destinationId: Schema.String,
  if: Schema.String,
  actions: Schema.Array(action),
  title: Schema.String,
  description: Schema.optionalKey(Schema.String),
  enabled: Schema.Boolean,
  conditions: Schema.NullOr(Schema.Unknown),
  cloudModeOnly: Schema.Boolean,
  createdAt: Schema.String,
  updatedAt: Schema.String
})

const ofDestination = { destinationId: Schema.String }
const params = { ...ofDestination, filterId: Schema.String }
const event = Schema.Record(Schema.String, Schema.Unknown)
const one = data({ filter })

const declared = group("Destination Filters").add(
  HttpApiEndpoint.get("listFiltersFromDestination", "/destination/:destinationId/filters", {
    params: ofDestination,
    query: { pagination },
    success: data({ filters: Schema.Array(filter), pagination: paginated })
  }),
  HttpApiEndpoint.post("createFilterForDestination", "/destination/:destinationId/filters", {
    params: ofDestination,
    payload: Schema.Struct({
      sourceId: Schema.optionalKey(Schema.String),
      if: Schema.String,
      actions: Schema.Unknown,
      title: Schema.String,
      description: Schema.optionalKey(Schema.NullOr(Schema.String)),
      enabled: Schema.Boolean
    }),
    success: one
  }),
  HttpApiEndpoint.get("getFilterInDestination", "/destination/:destinationId/filters/:filterId", {
    params,
    success: one
  }),
  HttpApiEndpoint.patch("updateFilterForDestination", "/destination/:destinationId/filters/:filterId", {
    params,
    payload: Schema.Struct({
      if: Schema.optionalKey(Schema.String),
      actions: Schema.optionalKey(Schema.Unknown),
      title: Schema.optionalKey(Schema.String),
      description: Schema.optionalKey(Schema.NullOr(Schema.String)),
      enabled: Schema.optionalKey(Schema.Boolean)
    }),
    success: one
  }),
  HttpApiEndpoint.delete("removeFilterFromDestination", "/destination/:destinationId/filters/:filterId", {
    params,
    success: deleted
  }),
  HttpApiEndpoint.post("previewDestinationFilter", "/destination/filters/preview", {
    payload: Schema.Struct({ filter: Schema.Struct({ if: Schema.String, actions: Schema.Unknown }), payload: event }),
    success: data({
      inputPayload: event,
      result: Schema.NullOr(event),
      error: Schema.optionalKey(Schema.String)
    })
  })
)

const shown = ({ description, createdAt, updatedAt, ...rest }: FilterView): typeof filter.Type => ({
  ...rest,
  ...(description === null ? undefined : { description }),
  createdAt: timeText(createdAt),
  updatedAt: timeText(updatedAt)
})

export const destinationFilters = Effect.gen(function* () {
  const management = yield* DestinationManagement
  const access = yield* makeDestinationAccess
  return handled(declared, {
    listFiltersFromDestination: ({ caller, params, query }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "read")
        const all = yield* management.filters(params.destinationId)
        const page = pageOf("destination filters", [...all.entries()], ([at]) => at, query.pagination)
        return { filters: page.entries.map(([, each]) => shown(each)), pagination: page.pagination }
      }),
    createFilterForDestination: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        return { filter: shown(yield* management.createFilter(caller.actor, params.destinationId, payload)) }
      }),
    getFilterInDestination: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "read")
        return { filter: shown(yield* management.filter(params.destinationId, params.filterId)) }
      }),
    updateFilterForDestination: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        const { destinationId, filterId } = params
        yield* access.destination(caller, destinationId, "edit")
        return { filter: shown(yield* management.updateFilter(caller.actor, destinationId, filterId, payload)) }
      }),
    removeFilterFromDestination: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        yield* management.deleteFilter(caller.actor, params.destinationId, params.filterId)
        return success
      }),
    previewDestinationFilter: ({ payload }) =>
      Effect.map(management.filterSteps(payload.filter), (steps) => {
        const { inputPayload, result, error } = previewFilter(steps, payload.payload)
        return { inputPayload, result, ...(error === undefined ? undefined : { error }) }
      })
  })
})
