/**
 * Entries of the catalog as Segment's clients know them (ADM-22), with what forms need beside (DST-9, DST-90). Made once for each
 * entry, and kept as text: they are most of what any list of destinations is.
 */
import { Schema } from "effect"
import type { CatalogAction, CatalogEntry, CatalogField } from "../catalog/entry.ts"
import { type SourceKind, sourceKinds } from "../workspace/workspace.ts"
import { sha256Hex } from "../platform/hash.ts"
import { keepText } from "./json-text.ts"

const logos = Schema.Struct({
  default: Schema.String,
  mark: Schema.NullOr(Schema.String),
  alt: Schema.NullOr(Schema.String)
})
const noLogos = { default: "", mark: null, alt: null }

/** Of a setting or field: all that ours have beside the original's. */
const details = {
  label: Schema.String,
  description: Schema.String,
  placeholder: Schema.optionalKey(Schema.String),
  defaultValue: Schema.Unknown,
  required: Schema.Boolean,
  requiredIf: Schema.optionalKey(Schema.Unknown),
  dependsOn: Schema.optionalKey(Schema.Unknown),
  multiple: Schema.Boolean,
  choices: Schema.NullOr(Schema.Array(Schema.Struct({ value: Schema.String, label: Schema.String }))),
  dynamic: Schema.Boolean,
  allowNull: Schema.Boolean,
  hidden: Schema.Boolean,
  readOnly: Schema.Boolean,
  format: Schema.optionalKey(Schema.String),
  minimum: Schema.optionalKey(Schema.Number),
  maximum: Schema.optionalKey(Schema.Number),
  additionalProperties: Schema.Boolean,
  /** Members of an object, each like a field. */
  fields: Schema.optionalKey(Schema.Array(Schema.Unknown))
}

const option = Schema.Struct({ name: Schema.String, type: Schema.String, ...details })

const field = Schema.Struct({
  id: Schema.String,
  fieldKey: Schema.String,
  sortOrder: Schema.Number,
  type: Schema.Literals(["BOOLEAN", "DATETIME", "HIDDEN", "INTEGER", "NUMBER", "OBJECT", "PASSWORD", "STRING", "TEXT"]),
  ...details
})

const action = Schema.Struct({
  id: Schema.String,
  slug: Schema.String,
  name: Schema.String,
  description: Schema.String,
  platform: Schema.Literals(["CLOUD", "WEB", "MOBILE"]),
  hidden: Schema.Boolean,
  defaultTrigger: Schema.NullOr(Schema.String),
  fields: Schema.Array(field),
  batch: Schema.Boolean,
  syncModes: Schema.Array(Schema.String),
  hooks: Schema.Array(Schema.String)
})

const preset = Schema.Struct({
  actionId: Schema.String,
  name: Schema.String,
  fields: Schema.Record(Schema.String, Schema.Unknown),
  trigger: Schema.String,
  type: Schema.Literals(["automatic", "specificEvent"])
})

const switches = Schema.Record(Schema.String, Schema.Boolean)

export const destinationMetadata = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  slug: Schema.String,
  description: Schema.String,
  logos,
  options: Schema.Array(option),
  status: Schema.String,
  previousNames: Schema.Array(Schema.String),
  categories: Schema.Array(Schema.String),
  website: Schema.String,
  components: Schema.Array(Schema.Struct({ type: Schema.String, code: Schema.String })),
  supportedFeatures: Schema.Struct({
    cloudModeInstances: Schema.String,
    deviceModeInstances: Schema.String,
    replay: Schema.Boolean,
    browserUnbundling: Schema.Boolean,
    browserUnbundlingPublic: Schema.Boolean
  }),
  supportedMethods: switches,
  supportedPlatforms: switches,
  actions: Schema.Array(action),
  presets: Schema.Array(preset),
  partnerOwned: Schema.Boolean,
  supportedRegions: Schema.Array(Schema.String),
  regionEndpoints: Schema.Array(Schema.String),
  kind: Schema.Literals(["actions", "classic", "storage"]),
  scheme: Schema.String,
  testsAuthentication: Schema.Boolean,
  deletesUsers: Schema.Boolean,
  operatorSetup: Schema.Array(Schema.String),
  maxMappings: Schema.Number
})

const detailsOf = (each: CatalogField): Omit<typeof option.Type, "name" | "type"> => ({
  label: each.label,
  description: each.description,
  ...(each.placeholder === undefined ? undefined : { placeholder: each.placeholder }),
  defaultValue: each.default ?? null,
  required: each.required === true,
  ...(typeof each.required === "boolean" ? undefined : { requiredIf: each.required }),
  ...(each.dependsOn === undefined ? undefined : { dependsOn: each.dependsOn }),
  multiple: each.multiple,
  choices: each.choices ?? null,
  dynamic: each.dynamic,
  allowNull: each.allowNull,
  hidden: each.hidden,
  readOnly: each.readOnly,
  ...(each.format === undefined ? undefined : { format: each.format }),
  ...(each.minimum === undefined ? undefined : { minimum: each.minimum }),
  ...(each.maximum === undefined ? undefined : { maximum: each.maximum }),
  additionalProperties: each.additionalProperties,
  ...(each.fields === undefined ? undefined : { fields: each.fields.map((inner, at) => fieldOf(inner, each.key, at)) })
})

const fieldOf = (each: CatalogField, owner: string, at: number): typeof field.Type => ({
  id: `${owner}.${each.key}`,
  fieldKey: each.key,
  sortOrder: at,
  type: each.hidden ? "HIDDEN" : (each.type.toUpperCase() as Uppercase<CatalogField["type"]>),
  ...detailsOf(each)
})

const actionOf = (each: CatalogAction): typeof action.Type => ({
  id: each.id,
  slug: each.slug,
  name: each.name,
  description: each.description,
  platform: "CLOUD",
  hidden: each.hidden,
  defaultTrigger: each.defaultTrigger,
  fields: each.fields.map((inner, at) => fieldOf(inner, each.id, at)),
  batch: each.batch,
  syncModes: each.syncModes,
  hooks: each.hooks
})

const made = new WeakMap<CatalogEntry, typeof destinationMetadata.Type>()

export const metadataOf = (entry: CatalogEntry): typeof destinationMetadata.Type => {
  const known = made.get(entry)
  if (known !== undefined) return known
  const idOf = new Map(entry.actions.map(({ id, slug }) => [slug, id]))
  const { track, identify, group, alias, page, screen } = entry.supportedMethods
  const metadata = keepText<typeof destinationMetadata.Type>({
    id: entry.id,
    name: entry.name,
    slug: entry.slug,
    description: entry.description,
    logos: noLogos,
    options: entry.settings.map((each) => ({ name: each.key, type: each.type, ...detailsOf(each) })),
    status: entry.status,
    previousNames: entry.names.filter((name) => name !== entry.name),
    categories: entry.categories,
    website: entry.website,
    components: entry.components,
    supportedFeatures: {
      cloudModeInstances: entry.cloudModeInstances,
      deviceModeInstances: entry.deviceModeInstances,
      replay: entry.replay,
      browserUnbundling: false,
      browserUnbundlingPublic: false
    },
    supportedMethods: { pageview: page, identify, alias, track, group, screen },
    supportedPlatforms: { ...entry.supportedPlatforms, cloudAppObject: false },
    actions: entry.actions.map(actionOf),
    presets: entry.presets.map(({ name, actionSlug, trigger, fields, type }) => ({
      actionId: idOf.get(actionSlug) ?? actionSlug,
      name,
      fields,
      trigger,
      type
    })),
    partnerOwned: false,
    supportedRegions: [],
    regionEndpoints: [],
    kind: entry.kind,
    scheme: entry.scheme,
    testsAuthentication: entry.testsAuthentication,
    deletesUsers: entry.deletesUsers,
    operatorSetup: entry.operatorSetup,
    maxMappings: entry.maxMappings
  })
  made.set(entry, metadata)
  return metadata
}

/** For lists: without what only forms need, which is nearly all of it. */
const summaries = new WeakMap<CatalogEntry, typeof destinationMetadata.Type>()
export const summaryOf = (entry: CatalogEntry): typeof destinationMetadata.Type => {
  const known = summaries.get(entry)
  if (known !== undefined) return known
  const summary = keepText({ ...metadataOf(entry), options: [], actions: [], presets: [] })
  summaries.set(entry, summary)
  return summary
}

/** Query parameter of lists. */
export const metadataForm = Schema.optionalKey(Schema.Literals(["full", "summary"]))

export const sourceMetadata = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  slug: Schema.String,
  description: Schema.String,
  logos,
  options: Schema.Array(option),
  categories: Schema.Array(Schema.String),
  isCloudEventSource: Schema.Boolean,
  status: Schema.String
})

type SourceMetadata = typeof sourceMetadata.Type

const words: Readonly<Record<SourceKind, readonly [name: string, description: string, category: string]>> = {
  website: ["Website", "Events of web pages, by Analytics.js.", "Website"],
  mobile: ["Mobile", "Events of apps for phones and tablets.", "Mobile"],
  server: ["Server", "Events of programs on your servers, by one of the libraries.", "Server"],
  http: ["HTTP API", "Events of anything that can make an HTTP request.", "Server"],
  pixel: ["Pixel tracking API", "Events where only an image can be loaded, such as mails.", "Server"],
  event_cloud: ["Event cloud app", "Events that a cloud app sends.", "Cloud App"],
  object_cloud: ["Object cloud app", "Objects that are copied out of a cloud app; it sends no events.", "Cloud App"],
  function: ["Source function", "Events that a function makes of webhooks.", "Functions"],
  reverse_etl: ["Reverse ETL", "Rows of a warehouse.", "Reverse ETL"]
}

const ofKind = (kind: SourceKind): SourceMetadata => {
  const [name, description, category] = words[kind]
  return {
    id: sha256Hex(`source ${kind}`).slice(0, 24),
    name,
    slug: kind.replaceAll("_", "-"),
    description,
    logos: noLogos,
    options: [],
    categories: [category],
    isCloudEventSource: kind === "event_cloud",
    status: "PUBLIC"
  }
}

/** The kinds of ING-112, in their order. */
export const sourceCatalog: ReadonlyArray<SourceMetadata> = sourceKinds.map(ofKind)

export const sourceMetadataOf = (kind: SourceKind): SourceMetadata => sourceCatalog[sourceKinds.indexOf(kind)]!

/** By id or slug; undefined: there is no such kind. */
export const kindOf = (metadataId: string): SourceKind | undefined =>
  sourceKinds[sourceCatalog.findIndex(({ id, slug }) => id === metadataId || slug === metadataId)] ??
  sourceKinds.find((kind) => kind === metadataId)
