/** Sources (ING-112 to ING-114), their labels and write keys (ADM-72). */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationManagement } from "../../destinations/manage/destination-management.ts"
import { deleteDestinationsOf } from "../../destinations/manage/manage-destinations.ts"
import { Database } from "../../platform/database.ts"
import { makeManagement } from "../../workspace/management.ts"
import { makeSourceAccess } from "../access.ts"
import { must } from "../caller.ts"
import { destination, makeShowDestinations } from "../destination-shapes.ts"
import { created, data, deleted, group, handled, success, Versions } from "../group.ts"
import { readIdentity } from "../identity.ts"
import { kindOf } from "../metadata.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { invalid } from "../problem.ts"
import { label, labelOf } from "../shapes.ts"
import { makeShowSource, shownSource, source } from "../source-shapes.ts"

const params = { sourceId: Schema.String }
const settings = Schema.Record(Schema.String, Schema.Unknown)
const labels = Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.String }))
const one = data({ source })
const warehouse = Schema.Struct({ id: Schema.String })

const declared = group("Sources").add(
  HttpApiEndpoint.get("listSources", "/sources", {
    query: { pagination },
    success: data({ sources: Schema.Array(source), pagination: paginated })
  }),
  HttpApiEndpoint.post("createSource", "/sources", {
    payload: Schema.Struct({
      slug: Schema.String,
      enabled: Schema.Boolean,
      metadataId: Schema.String,
      name: Schema.optionalKey(Schema.String),
      settings: Schema.optionalKey(settings),
      labels: Schema.optionalKey(labels),
      writeKey: Schema.optionalKey(Schema.String)
    }),
    success: created({ source })
  }),
  HttpApiEndpoint.get("getSource", "/sources/:sourceId", {
    params,
    success: data({ source, trackingPlanId: Schema.Null })
  }),
  HttpApiEndpoint.patch("updateSource", "/sources/:sourceId", {
    params,
    payload: Schema.Struct({
      name: Schema.optionalKey(Schema.String),
      enabled: Schema.optionalKey(Schema.Boolean),
      slug: Schema.optionalKey(Schema.String),
      settings: Schema.optionalKey(settings)
    }),
    success: one
  }),
  HttpApiEndpoint.delete("deleteSource", "/sources/:sourceId", { params, success: deleted }),
  HttpApiEndpoint.post("addLabelsToSource", "/sources/:sourceId/labels", {
    params,
    payload: Schema.Struct({ labels }),
    success: data({ labels: Schema.Array(label) })
  }),
  HttpApiEndpoint.put("replaceLabelsInSource", "/sources/:sourceId/labels", {
    params,
    payload: Schema.Struct({ labels }),
    success: data({ labels: Schema.Array(label) })
  }),
  HttpApiEndpoint.get("listConnectedDestinationsFromSource", "/sources/:sourceId/connected-destinations", {
    params,
    query: { pagination },
    success: data({ destinations: Schema.Array(destination), pagination: paginated })
  }),
  HttpApiEndpoint.get("listConnectedWarehousesFromSource", "/sources/:sourceId/connected-warehouses", {
    params,
    query: { pagination },
    success: data({ warehouses: Schema.Array(warehouse), pagination: paginated })
  }),
  HttpApiEndpoint.post("createWriteKeyForSource", "/sources/:sourceId/writekey", { params, success: one }).annotate(
    Versions,
    ["v1alpha"]
  ),
  HttpApiEndpoint.delete("removeWriteKeyFromSource", "/sources/:sourceId/writekey/:writeKey", {
    params: { ...params, writeKey: Schema.String },
    success: deleted
  }).annotate(Versions, ["v1alpha"])
)

const textsOf = (wanted: typeof labels.Type) => wanted.map(({ key, value }) => `${key}:${value}`)

export const sources = Effect.gen(function* () {
  const management = yield* makeManagement
  const destinations = yield* DestinationManagement
  const access = yield* makeSourceAccess
  const { showAll } = yield* makeShowDestinations
  const { write: sql } = yield* Database
  const { id: workspaceId } = yield* readIdentity(sql)
  const show = yield* makeShowSource(workspaceId)

  return handled(declared, {
    listSources: ({ caller, query }) =>
      Effect.gen(function* () {
        const seen = (yield* management.sources()).filter(({ id }) => access.seesSource(caller, id))
        const page = pageOf("sources", seen, ({ no }) => no, query.pagination)
        const shown = page.entries.map((view) => shownSource(view, caller, workspaceId))
        return { sources: shown, pagination: page.pagination }
      }),
    createSource: ({ caller, payload: { metadataId, labels, ...rest } }) =>
      Effect.gen(function* () {
        yield* must(caller, "source", "edit")
        const kind = kindOf(metadataId)
        if (kind === undefined)
          return yield* invalid([
            { field: "metadataId", message: `"metadataId" names no source of the catalog (GET /catalog/sources)` }
          ])
        const wanted = { ...rest, kind, ...(labels === undefined ? undefined : { labels: textsOf(labels) }) }
        const { id } = yield* management.createSource(caller.actor, wanted)
        return { source: yield* show(caller, id) }
      }),
    getSource: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "read")
        return { source: yield* show(caller, params.sourceId), trackingPlanId: null }
      }),
    updateSource: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        yield* management.updateSource(caller.actor, params.sourceId, payload)
        return { source: yield* show(caller, params.sourceId) }
      }),
    deleteSource: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        yield* management.deleteSource(caller.actor, params.sourceId, (change) =>
          deleteDestinationsOf(change, params.sourceId)
        )
        return success
      }),
    addLabelsToSource: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        const set = management.setSourceLabels(caller.actor, params.sourceId, textsOf(payload.labels), "add")
        return { labels: (yield* set).map(labelOf) }
      }),
    replaceLabelsInSource: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        const set = management.setSourceLabels(caller.actor, params.sourceId, textsOf(payload.labels), "replace")
        return { labels: (yield* set).map(labelOf) }
      }),
    listConnectedDestinationsFromSource: ({ caller, params, query }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "read")
        const all = yield* destinations.destinations(params.sourceId)
        const page = pageOf("connected destinations", all, ({ no }) => no, query.pagination)
        return { destinations: yield* showAll(page.entries), pagination: page.pagination }
      }),
    listConnectedWarehousesFromSource: ({ caller, params, query }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "read")
        const none: ReadonlyArray<typeof warehouse.Type> = []
        const page = pageOf("connected warehouses", none, ({ id }) => id, query.pagination)
        return { warehouses: none, pagination: page.pagination }
      }),
    createWriteKeyForSource: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        yield* management.addWriteKey(caller.actor, params.sourceId)
        return { source: yield* show(caller, params.sourceId) }
      }),
    removeWriteKeyFromSource: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        yield* management.removeWriteKey(caller.actor, params.sourceId, params.writeKey)
        return success
      })
  })
})
