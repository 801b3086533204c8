/** Mappings, which the original calls subscriptions (DST-80 to DST-88). */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationManagement } from "../../destinations/manage/destination-management.ts"
import type { MappingView } from "../../destinations/manage/views.ts"
import { makeDestinationAccess } from "../access.ts"
import { data, deleted, group, handled, success, Versions } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { timeText } from "../shapes.ts"

const settings = Schema.Record(Schema.String, Schema.Unknown)

const subscription = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  actionId: Schema.String,
  actionSlug: Schema.String,
  destinationId: Schema.String,
  enabled: Schema.Boolean,
  trigger: Schema.String,
  triggerConditions: Schema.NullOr(Schema.Unknown),
  settings,
  modelId: Schema.optionalKey(Schema.String),
  missing: Schema.Array(Schema.String),
  createdAt: Schema.String,
  updatedAt: Schema.String
})

const ofDestination = { destinationId: Schema.String }
const params = { ...ofDestination, id: Schema.String }
/** Clients read the one name or the other (spec 08, 2.2). */
const one = data({ subscription, destinationSubscription: subscription })

const declared = group("Destination Subscriptions")
  .add(
    HttpApiEndpoint.get("listSubscriptionsFromDestination", "/destinations/:destinationId/subscriptions", {
      params: ofDestination,
      query: { pagination },
      success: data({ subscriptions: Schema.Array(subscription), pagination: paginated })
    }),
    HttpApiEndpoint.post("createDestinationSubscription", "/destinations/:destinationId/subscriptions", {
      params: ofDestination,
      payload: Schema.Struct({
        name: Schema.optionalKey(Schema.String),
        actionId: Schema.optionalKey(Schema.String),
        /** Of the entry, by name: says what the other members leave out. */
        preset: Schema.optionalKey(Schema.String),
        trigger: Schema.optionalKey(Schema.String),
        enabled: Schema.optionalKey(Schema.Boolean),
        settings: Schema.optionalKey(settings),
        modelId: Schema.optionalKey(Schema.NullOr(Schema.String))
      }),
      success: one
    }),
    HttpApiEndpoint.get("getSubscriptionFromDestination", "/destinations/:destinationId/subscriptions/:id", {
      params,
      success: one
    }),
    HttpApiEndpoint.patch("updateSubscriptionForDestination", "/destinations/:destinationId/subscriptions/:id", {
      params,
      payload: Schema.Struct({
        input: Schema.Struct({
          name: Schema.optionalKey(Schema.String),
          trigger: Schema.optionalKey(Schema.String),
          enabled: Schema.optionalKey(Schema.Boolean),
          settings: Schema.optionalKey(settings)
        })
      }),
      success: one
    }),
    HttpApiEndpoint.delete("removeSubscriptionFromDestination", "/destinations/:destinationId/subscriptions/:id", {
      params,
      success: deleted
    }),
    HttpApiEndpoint.post("duplicateSubscription", "/destinations/:destinationId/subscriptions/:id/duplicate", {
      params,
      success: one
    })
  )
  .annotateEndpoints(Versions, ["v1alpha"])

const shown = ({ modelId, createdAt, updatedAt, ...rest }: MappingView): typeof subscription.Type => ({
  ...rest,
  ...(modelId === null ? undefined : { modelId }),
  createdAt: timeText(createdAt),
  updatedAt: timeText(updatedAt)
})

const both = (mapping: MappingView) => {
  const subscription = shown(mapping)
  return { subscription, destinationSubscription: subscription }
}

export const subscriptions = Effect.gen(function* () {
  const management = yield* DestinationManagement
  const access = yield* makeDestinationAccess
  return handled(declared, {
    listSubscriptionsFromDestination: ({ caller, params, query }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "read")
        const all = yield* management.mappings(params.destinationId)
        const page = pageOf("subscriptions", [...all.entries()], ([at]) => at, query.pagination)
        return { subscriptions: page.entries.map(([, each]) => shown(each)), pagination: page.pagination }
      }),
    createDestinationSubscription: ({ caller, params, payload: { actionId, ...rest } }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        const mapping = actionId === undefined ? rest : { ...rest, action: actionId }
        return both(yield* management.createMapping(caller.actor, params.destinationId, mapping))
      }),
    getSubscriptionFromDestination: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "read")
        return both(yield* management.mapping(params.destinationId, params.id))
      }),
    updateSubscriptionForDestination: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        return both(yield* management.updateMapping(caller.actor, params.destinationId, params.id, payload.input))
      }),
    removeSubscriptionFromDestination: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        yield* management.deleteMapping(caller.actor, params.destinationId, params.id)
        return success
      }),
    duplicateSubscription: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        return both(yield* management.duplicateMapping(caller.actor, params.destinationId, params.id))
      })
  })
})
