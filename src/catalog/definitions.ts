/** The destinations of Segment's package as entries: what `scripts/catalog.mjs` wrote down of them, with our overlay (CAT-4). */
import type { CatalogAction, CatalogEntry, CatalogField, CatalogPreset, Conditions } from "./entry.ts"
import * as overlay from "./overlay.ts"
import { repairTrigger } from "./trigger-text.ts"
import { ownSettingsOf } from "./own-settings.ts"

interface WrittenConditions {
  readonly match?: "any" | "all"
  readonly conditions: ReadonlyArray<{
    readonly type?: "field" | "syncMode"
    readonly fieldKey?: string
    readonly operator: "is" | "is_not"
    readonly value?: unknown
  }>
}

interface WrittenField {
  readonly key: string
  readonly type: CatalogField["type"]
  readonly label?: string
  readonly description?: string
  readonly required?: boolean | WrittenConditions
  readonly multiple?: boolean
  readonly default?: unknown
  readonly choices?: ReadonlyArray<string | { readonly value: unknown; readonly label: string }>
  readonly dynamic?: boolean
  readonly allowNull?: boolean
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly placeholder?: string
  readonly hidden?: boolean
  readonly readOnly?: boolean
  readonly dependsOn?: WrittenConditions
  readonly properties?: ReadonlyArray<WrittenField>
  readonly additionalProperties?: boolean
}

interface WrittenAction {
  readonly slug: string
  readonly title: string
  readonly description?: string
  readonly defaultSubscription?: string
  readonly hidden: boolean
  readonly fields: ReadonlyArray<WrittenField>
  readonly batch: boolean
  readonly syncMode?: { readonly choices: ReadonlyArray<{ readonly value: string }> }
  readonly hooks: ReadonlyArray<{ readonly name: string; readonly inputFields: ReadonlyArray<WrittenField> }>
}

export interface WrittenDefinition {
  readonly id: string
  readonly directory: string
  readonly slug: string
  readonly name: string
  readonly description?: string
  readonly scheme?: CatalogEntry["scheme"]
  readonly settings: ReadonlyArray<WrittenField>
  readonly testsAuthentication: boolean
  readonly deletesUsers: boolean
  readonly actions: ReadonlyArray<WrittenAction>
  readonly presets: ReadonlyArray<{
    readonly name: string
    readonly partnerAction: string
    readonly subscribe?: string
    readonly mapping: Readonly<Record<string, unknown>>
    readonly type: string
    readonly eventSlug?: string
  }>
}

const conditions = ({ conditions, match }: WrittenConditions): Conditions => ({
  match: match ?? "all",
  conditions: conditions.map(({ fieldKey, operator, type, value }) => ({
    type: type ?? "field",
    ...(fieldKey === undefined ? {} : { fieldKey }),
    operator,
    value
  }))
})

const field = (written: WrittenField): CatalogField => {
  const { choices, dependsOn, format, maximum, minimum, placeholder, properties, required } = written
  return {
    key: written.key,
    // Some ask for secrets as text in the format of a password.
    type: written.type === "string" && format === "password" ? "password" : written.type,
    label: written.label ?? written.key,
    description: written.description ?? "",
    required: typeof required === "object" ? conditions(required) : required === true,
    multiple: written.multiple === true,
    ...(written.default === undefined ? {} : { default: written.default }),
    ...(choices === undefined
      ? {}
      : {
          choices: choices.map((choice) =>
            typeof choice === "string" ? { value: choice, label: choice } : { ...choice, value: String(choice.value) }
          )
        }),
    dynamic: written.dynamic === true,
    allowNull: written.allowNull === true,
    ...(format === undefined ? {} : { format }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(placeholder === undefined ? {} : { placeholder }),
    hidden: written.hidden === true,
    readOnly: written.readOnly === true,
    ...(dependsOn === undefined ? {} : { dependsOn: conditions(dependsOn) }),
    ...(properties === undefined ? {} : { fields: properties.map(field) }),
    additionalProperties: written.additionalProperties === true
  }
}

const action = (written: WrittenAction): CatalogAction => ({
  id: written.slug,
  slug: written.slug,
  name: written.title,
  description: written.description ?? "",
  hidden: written.hidden,
  defaultTrigger: written.defaultSubscription === undefined ? null : repairTrigger(written.defaultSubscription),
  fields: written.fields.map(field),
  batch: written.batch,
  syncModes: (written.syncMode?.choices ?? []).map(({ value }) => value),
  hooks: written.hooks.map(({ name }) => name),
  hookInputs: Object.fromEntries(written.hooks.map(({ inputFields, name }) => [name, inputFields.map(field)]))
})

export const everyMethod = { track: true, identify: true, group: true, alias: true, page: true, screen: true } as const

/** The setting that names the operator's OAuth applications (`oauth-clients.ts`). */
export const applications = "BRAID_OAUTH_CLIENTS"

export const entryOf = (written: WrittenDefinition): CatalogEntry => {
  const { directory, id, name, slug } = written
  const slugs = new Set(written.actions.map(({ slug }) => slug))
  const shown = overlay.displayName(directory, name)
  const presets = written.presets
    // Those of device-mode plug-ins, which the entry does not have (DST-85).
    .filter(({ partnerAction }) => slugs.has(partnerAction))
    .map((preset): CatalogPreset => ({
      name: preset.name,
      actionSlug: preset.partnerAction,
      // Those of audiences and journeys may have none.
      trigger: repairTrigger(preset.subscribe ?? 'type = "track"'),
      fields: preset.mapping,
      type: preset.type === "automatic" ? "automatic" : "specificEvent",
      ...(preset.eventSlug === undefined ? {} : { eventSlug: preset.eventSlug })
    }))
  return {
    id,
    slug,
    name: shown,
    names: [...new Set([shown, name, ...overlay.formerNamesOf(directory)])],
    description: written.description ?? `Sends events to ${shown.replace(/ \([^)]*\)$/, "")}.`,
    website: "",
    categories: overlay.categoriesOf(directory),
    status: "PUBLIC",
    hidden: overlay.hiddenFolders.has(directory) || overlay.reverseEtlOnly.has(id),
    origin: "package",
    kind: "actions",
    scheme: written.scheme ?? "none",
    settings: [...written.settings.map(field), ...ownSettingsOf(id)],
    actions: written.actions.map(action),
    presets,
    testsAuthentication: written.testsAuthentication,
    deletesUsers: written.deletesUsers,
    replay: true,
    integrationsDefault: true,
    supportedMethods: everyMethod,
    supportedPlatforms: {
      browser: !overlay.reverseEtlOnly.has(id),
      server: !overlay.reverseEtlOnly.has(id),
      mobile: !overlay.reverseEtlOnly.has(id),
      warehouse: overlay.warehouseFolders.has(directory)
    },
    cloudModeInstances: "MULTIPLE",
    deviceModeInstances: "NONE",
    components: [{ type: "SERVER", code: slug }],
    maxMappings: overlay.maxMappingsOf(directory),
    operatorSetup: [
      ...overlay.operatorSetupOf(directory),
      ...(overlay.applicationFolders.has(directory) ? [applications] : [])
    ]
  }
}
