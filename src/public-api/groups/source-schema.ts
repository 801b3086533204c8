/**
 * What the schema of a source keeps out: events and traits at the door (ING-134), events from single destinations (DST-45), and the
 * schema configuration of ADM-143. That last one is kept as it is set; it needs a tracking plan to take effect, and there are none yet.
 */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationManagement } from "../../destinations/manage/destination-management.ts"
import { makeManagement } from "../../workspace/management.ts"
import { makeSourceAccess } from "../access.ts"
import type { Caller } from "../caller.ts"
import { data, group, handled } from "../group.ts"
import { invalid } from "../problem.ts"

const params = { sourceId: Schema.String }
const flag = Schema.optionalKey(Schema.Boolean)
const traits = Schema.optionalKey(
  Schema.Struct({
    allowUnplannedTraits: flag,
    allowTraitsOnViolations: flag,
    commonEventOnViolations: Schema.optionalKey(Schema.Literals(["ALLOW", "BLOCK", "OMIT_TRAITS"]))
  })
)
const configuration = Schema.Struct({
  track: Schema.optionalKey(
    Schema.Struct({
      allowUnplannedEvents: flag,
      allowUnplannedEventProperties: flag,
      allowEventOnViolations: flag,
      allowPropertiesOnViolations: flag,
      commonEventOnViolations: Schema.optionalKey(Schema.Literals(["ALLOW", "BLOCK", "OMIT_PROPERTIES"]))
    })
  ),
  identify: traits,
  group: traits,
  forwardingViolationsTo: Schema.optionalKey(Schema.String),
  forwardingBlockedEventsTo: Schema.optionalKey(Schema.String)
})
type Configuration = typeof configuration.Type

const names = Schema.Array(Schema.String)
const eventFilters = Schema.Struct({
  track: names,
  page: Schema.Boolean,
  screen: Schema.Boolean,
  identify: names,
  group: names
})
const types = Schema.Literals(["track", "identify", "group"])
const integrationFilter = Schema.Struct({
  destinationId: Schema.String,
  type: types,
  name: Schema.optionalKey(Schema.String)
})

const declared = group("Source Schema").add(
  HttpApiEndpoint.get("listSchemaSettingsInSource", "/sources/:sourceId/settings", {
    params,
    success: data({ sourceId: Schema.String, settings: configuration })
  }),
  HttpApiEndpoint.patch("updateSchemaSettingsInSource", "/sources/:sourceId/settings", {
    params,
    payload: configuration,
    success: data({ sourceId: Schema.String, settings: configuration })
  }),
  HttpApiEndpoint.get("getEventFilters", "/sources/:sourceId/event-filters", {
    params,
    success: data({ eventFilters })
  }),
  HttpApiEndpoint.put("replaceEventFilters", "/sources/:sourceId/event-filters", {
    params,
    payload: Schema.Struct({
      track: Schema.optionalKey(names),
      page: flag,
      screen: flag,
      identify: Schema.optionalKey(names),
      group: Schema.optionalKey(names)
    }),
    success: data({ eventFilters })
  }),
  HttpApiEndpoint.patch("switchEventFilters", "/sources/:sourceId/event-filters", {
    params,
    payload: Schema.Struct({
      changes: Schema.NonEmptyArray(
        Schema.Union([
          Schema.Struct({ type: types, name: Schema.String, blocked: Schema.Boolean }),
          Schema.Struct({ type: Schema.Literals(["page", "screen"]), blocked: Schema.Boolean })
        ])
      )
    }),
    success: data({ eventFilters })
  }),
  HttpApiEndpoint.get("listIntegrationFilters", "/sources/:sourceId/integration-filters", {
    params,
    success: data({ integrationFilters: Schema.Array(integrationFilter) })
  }),
  HttpApiEndpoint.put("switchIntegrationFilters", "/sources/:sourceId/integration-filters", {
    params,
    payload: Schema.Struct({
      integrationFilters: Schema.Array(
        Schema.Struct({
          destinationId: Schema.String,
          type: types,
          name: Schema.optionalKey(Schema.String),
          enabled: Schema.Boolean
        })
      )
    }),
    success: data({ integrationFilters: Schema.Array(integrationFilter) })
  })
)

/** Everything is let through. */
const standard = {
  track: {
    allowUnplannedEvents: true,
    allowUnplannedEventProperties: true,
    allowEventOnViolations: true,
    allowPropertiesOnViolations: true,
    commonEventOnViolations: "ALLOW"
  },
  identify: { allowUnplannedTraits: true, allowTraitsOnViolations: true, commonEventOnViolations: "ALLOW" },
  group: { allowUnplannedTraits: true, allowTraitsOnViolations: true, commonEventOnViolations: "ALLOW" }
} satisfies Configuration

const isStored = Schema.is(configuration)

const merged = (before: Configuration, changes: Configuration): Configuration => ({
  ...before,
  ...changes,
  track: { ...standard.track, ...before.track, ...changes.track },
  identify: { ...standard.identify, ...before.identify, ...changes.identify },
  group: { ...standard.group, ...before.group, ...changes.group }
})

export const sourceSchema = Effect.gen(function* () {
  const management = yield* makeManagement
  const destinations = yield* DestinationManagement
  const access = yield* makeSourceAccess

  const stored = (caller: Caller, id: string, level: "read" | "edit") =>
    Effect.gen(function* () {
      yield* access.source(caller, id, level)
      const [view] = yield* management.sources(id)
      const { schema } = view?.settings ?? {}
      return merged({}, isStored(schema) ? schema : {})
    })

  return handled(declared, {
    listSchemaSettingsInSource: ({ caller, params }) =>
      Effect.map(stored(caller, params.sourceId, "read"), (settings) => ({ sourceId: params.sourceId, settings })),
    updateSchemaSettingsInSource: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        const before = yield* stored(caller, params.sourceId, "edit")
        for (const field of ["forwardingViolationsTo", "forwardingBlockedEventsTo"] as const) {
          const target = payload[field]
          if (target === undefined || access.seesSource(caller, target)) continue
          const message = `"${field}" must be the id of a source; leave it out to forward nothing`
          return yield* invalid([{ field, message }])
        }
        const settings = merged(before, payload)
        yield* management.updateSource(caller.actor, params.sourceId, { settings: { schema: settings } })
        return { sourceId: params.sourceId, settings }
      }),
    getEventFilters: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "read")
        return { eventFilters: yield* management.eventFilters(params.sourceId) }
      }),
    replaceEventFilters: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        const { track = [], page = false, screen = false, identify = [], group = [] } = payload
        const wanted = { track, page, screen, identify, group }
        return { eventFilters: yield* management.setEventFilters(caller.actor, params.sourceId, wanted) }
      }),
    switchEventFilters: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        const changed = management.changeEventFilters(caller.actor, params.sourceId, payload.changes)
        return { eventFilters: yield* changed }
      }),
    listIntegrationFilters: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "read")
        return { integrationFilters: shownFilters(yield* destinations.integrationFilters(params.sourceId)) }
      }),
    switchIntegrationFilters: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        const { integrationFilters } = payload
        const changed = destinations.setIntegrationFilters(caller.actor, params.sourceId, integrationFilters)
        return { integrationFilters: shownFilters(yield* changed) }
      })
  })
})

const shownFilters = (
  filters: ReadonlyArray<{
    readonly destinationId: string
    readonly type: typeof types.Type
    readonly name?: string | undefined
  }>
) =>
  filters.map(({ destinationId, type, name }) => ({
    destinationId,
    type,
    ...(name === undefined ? undefined : { name })
  }))
