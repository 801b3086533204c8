/** Destinations (ADM-22, ADM-23), and what Braid adds: testing credentials, choices of a field, copying settings. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationManagement } from "../../destinations/manage/destination-management.ts"
import { makeDestinationAccess } from "../access.ts"
import { destination, makeShowDestinations } from "../destination-shapes.ts"
import { data, deleted, group, handled, success } from "../group.ts"
import { metadataForm } from "../metadata.ts"
import { pageOf, paginated, pagination } from "../pages.ts"

const params = { destinationId: Schema.String }
const settings = Schema.Record(Schema.String, Schema.Unknown)
const more = {
  connectionMode: Schema.optionalKey(Schema.Literals(["cloud", "device"])),
  maxEventsPerSecond: Schema.optionalKey(Schema.NullOr(Schema.Number))
}
const one = data({ destination })
const choice = Schema.Struct({
  label: Schema.String,
  value: Schema.String,
  description: Schema.optionalKey(Schema.String)
})

const declared = group("Destinations").add(
  HttpApiEndpoint.get("listDestinations", "/destinations", {
    query: { metadata: metadataForm, pagination },
    success: data({ destinations: Schema.Array(destination), pagination: paginated })
  }),
  HttpApiEndpoint.post("createDestination", "/destinations", {
    payload: Schema.Struct({
      sourceId: Schema.String,
      metadataId: Schema.String,
      name: Schema.optionalKey(Schema.String),
      enabled: Schema.optionalKey(Schema.Boolean),
      settings,
      presets: Schema.optionalKey(Schema.Boolean),
      ...more
    }),
    success: one
  }),
  HttpApiEndpoint.get("getDestination", "/destinations/:destinationId", { params, success: one }),
  HttpApiEndpoint.patch("updateDestination", "/destinations/:destinationId", {
    params,
    payload: Schema.Struct({
      name: Schema.optionalKey(Schema.NullOr(Schema.String)),
      enabled: Schema.optionalKey(Schema.Boolean),
      settings: Schema.optionalKey(settings),
      sourceId: Schema.optionalKey(Schema.String),
      ...more
    }),
    success: one
  }),
  HttpApiEndpoint.delete("deleteDestination", "/destinations/:destinationId", { params, success: deleted }),
  HttpApiEndpoint.post("testAuthentication", "/destinations/:destinationId/test-authentication", {
    params,
    payload: Schema.Struct({ settings: Schema.optionalKey(settings) }),
    success: data({ status: Schema.Literals(["ok", "failed", "untested"]), message: Schema.NullOr(Schema.String) })
  }),
  HttpApiEndpoint.post("listFieldChoices", "/destinations/:destinationId/choices", {
    params,
    payload: Schema.Struct({
      action: Schema.String,
      key: Schema.String,
      payload: Schema.optionalKey(Schema.Unknown),
      page: Schema.optionalKey(Schema.String)
    }),
    success: data({
      choices: Schema.Array(choice),
      nextPage: Schema.optionalKey(Schema.String),
      error: Schema.optionalKey(Schema.String)
    })
  }),
  HttpApiEndpoint.post("copyDestinationSettings", "/destinations/:destinationId/copy-settings", {
    params,
    payload: Schema.Struct({
      fromDestinationId: Schema.String,
      secrets: Schema.optionalKey(Schema.Boolean),
      filters: Schema.optionalKey(Schema.Boolean),
      mappings: Schema.optionalKey(Schema.Boolean)
    }),
    success: one
  }),
  HttpApiEndpoint.put("connectDestination", "/destinations/:destinationId/oauth-tokens", {
    params,
    payload: Schema.Struct({ accessToken: Schema.NonEmptyString, refreshToken: Schema.String }),
    success: one
  })
)

export const destinations = Effect.gen(function* () {
  const management = yield* DestinationManagement
  const access = yield* makeDestinationAccess
  const { showAll, showOne } = yield* makeShowDestinations
  return handled(declared, {
    listDestinations: ({ caller, query }) =>
      Effect.gen(function* () {
        const all = yield* management.destinations()
        const seen = all.filter(({ sourceId }) => access.seesSource(caller, sourceId))
        const page = pageOf("destinations", seen, ({ no }) => no, query.pagination)
        return { destinations: yield* showAll(page.entries, query.metadata), pagination: page.pagination }
      }),
    createDestination: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* access.source(caller, payload.sourceId, "edit")
        return { destination: yield* showOne(yield* management.createDestination(caller.actor, payload)) }
      }),
    getDestination: ({ caller, params }) =>
      Effect.gen(function* () {
        return { destination: yield* showOne(yield* access.destination(caller, params.destinationId, "read")) }
      }),
    updateDestination: ({ caller, params, payload: { name, ...changes } }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        // A name can be changed, not taken away: null changes nothing.
        const wanted = name === null || name === undefined ? changes : { ...changes, name }
        return {
          destination: yield* showOne(yield* management.updateDestination(caller.actor, params.destinationId, wanted))
        }
      }),
    deleteDestination: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        yield* management.deleteDestination(caller.actor, params.destinationId)
        return success
      }),
    testAuthentication: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        const result = yield* management.testAuthentication(params.destinationId, payload.settings)
        if (result === undefined) return { status: "untested" as const, message: null }
        return { status: result.ok ? ("ok" as const) : ("failed" as const), message: result.message }
      }),
    listFieldChoices: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        return yield* management.choices(params.destinationId, payload)
      }),
    copyDestinationSettings: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        // Secrets go from one destination into another only where both may be written (DST-7).
        yield* access.destination(caller, payload.fromDestinationId, payload.secrets === true ? "edit" : "read")
        return {
          destination: yield* showOne(yield* management.copySettings(caller.actor, params.destinationId, payload))
        }
      }),
    connectDestination: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "edit")
        return { destination: yield* showOne(yield* management.connect(caller.actor, params.destinationId, payload)) }
      })
  })
})
