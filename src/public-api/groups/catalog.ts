/** What can be added (ADM-22): destinations, sources; there are no warehouses yet. Everybody may look. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { Catalog } from "../../catalog/runner.ts"
import { data, group, handled } from "../group.ts"
import { warmText } from "../json-text.ts"
import { destinationMetadata, metadataForm, metadataOf, sourceCatalog, sourceMetadata, summaryOf } from "../metadata.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { notFound } from "../problem.ts"

const warehouseMetadata = Schema.Struct({ id: Schema.String, name: Schema.String, slug: Schema.String })

const declared = group("Catalog").add(
  HttpApiEndpoint.get("getDestinationsCatalog", "/catalog/destinations", {
    query: { metadata: metadataForm, pagination },
    success: data({ destinationsCatalog: Schema.Array(destinationMetadata), pagination: paginated })
  }),
  HttpApiEndpoint.get("getDestinationMetadata", "/catalog/destinations/:destinationMetadataId", {
    params: { destinationMetadataId: Schema.String },
    success: data({ destinationMetadata })
  }),
  HttpApiEndpoint.get("getSourcesCatalog", "/catalog/sources", {
    query: { pagination },
    success: data({ sourcesCatalog: Schema.Array(sourceMetadata), pagination: paginated })
  }),
  HttpApiEndpoint.get("getSourceMetadata", "/catalog/sources/:sourceMetadataId", {
    params: { sourceMetadataId: Schema.String },
    success: data({ sourceMetadata })
  }),
  HttpApiEndpoint.get("getWarehousesCatalog", "/catalog/warehouses", {
    query: { pagination },
    success: data({ warehousesCatalog: Schema.Array(warehouseMetadata), pagination: paginated })
  }),
  HttpApiEndpoint.get("getWarehouseMetadata", "/catalog/warehouses/:warehouseMetadataId", {
    params: { warehouseMetadataId: Schema.String },
    success: data({ warehouseMetadata })
  })
)

export const catalog = Effect.gen(function* () {
  const { entries, find } = yield* Catalog
  return handled(declared, {
    getDestinationsCatalog: ({ query }) =>
      Effect.gen(function* () {
        const shown = (yield* entries).filter(({ hidden }) => !hidden)
        const page = pageOf("destinations catalog", [...shown.entries()], ([at]) => at, query.pagination)
        const destinationsCatalog = page.entries.map(([, entry]) =>
          query.metadata === "summary" ? summaryOf(entry) : metadataOf(entry)
        )
        yield* warmText(destinationsCatalog)
        return { destinationsCatalog, pagination: page.pagination }
      }),
    getDestinationMetadata: ({ params }) =>
      Effect.gen(function* () {
        const id = params.destinationMetadataId
        // Documentation speaks of entries by their slugs, too.
        const entry = (yield* find(id)) ?? (yield* entries).find(({ slug }) => slug === id)
        if (entry === undefined) return yield* notFound(`destination ${id} in the catalog`)
        return { destinationMetadata: metadataOf(entry) }
      }),
    getSourcesCatalog: ({ query }) =>
      Effect.sync(() => {
        const page = pageOf("sources catalog", [...sourceCatalog.entries()], ([at]) => at, query.pagination)
        return { sourcesCatalog: page.entries.map(([, each]) => each), pagination: page.pagination }
      }),
    getSourceMetadata: ({ params }) =>
      Effect.gen(function* () {
        const wanted = params.sourceMetadataId
        const found = sourceCatalog.find(({ id, slug }) => id === wanted || slug === wanted)
        if (found === undefined) return yield* notFound(`source ${wanted} in the catalog`)
        return { sourceMetadata: found }
      }),
    getWarehousesCatalog: ({ query }) =>
      Effect.sync(() => {
        const none: ReadonlyArray<typeof warehouseMetadata.Type> = []
        return {
          warehousesCatalog: none,
          pagination: pageOf("warehouses catalog", none, ({ id }) => id, query.pagination).pagination
        }
      }),
    getWarehouseMetadata: ({ params }) =>
      Effect.fail(notFound(`warehouse ${params.warehouseMetadataId} in the catalog`))
  })
})
