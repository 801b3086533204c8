/**
 * What can be added as a destination (CAT-4): the entries of Segment's open-source package and our own, as data. How they are executed
 * is `runner.ts`; what the package lacks is in the overlay.
 */

/** Shape of a value that an entry asks for: a setting of a destination, or a field of an action (DST-9, DST-90). */
export interface CatalogField {
  readonly key: string
  readonly type: "string" | "text" | "number" | "integer" | "datetime" | "boolean" | "password" | "object"
  readonly label: string
  readonly description: string
  /** Conditions: required only while they hold. */
  readonly required: boolean | Conditions
  readonly multiple: boolean
  readonly default?: unknown
  readonly choices?: ReadonlyArray<{ readonly value: string; readonly label: string }>
  readonly dynamic: boolean
  readonly allowNull: boolean
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly placeholder?: string
  readonly hidden: boolean
  readonly readOnly: boolean
  /** Of a setting: anybody may read it, because devices need it (ING-156). */
  readonly public?: true
  readonly dependsOn?: Conditions
  /** Members of an object. */
  readonly fields?: ReadonlyArray<CatalogField>
  readonly additionalProperties: boolean
}

export interface Conditions {
  readonly match: "any" | "all"
  readonly conditions: ReadonlyArray<{
    readonly type: "field" | "syncMode"
    readonly fieldKey?: string
    readonly operator: "is" | "is_not"
    readonly value: unknown
  }>
}

export interface CatalogAction {
  /** Stable, of the Public API; the slug when the package has none. */
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly hidden: boolean
  /** Normalised (DST-88). */
  readonly defaultTrigger: string | null
  readonly fields: ReadonlyArray<CatalogField>
  readonly batch: boolean
  readonly syncModes: ReadonlyArray<string>
  readonly hooks: ReadonlyArray<string>
  /** What a hook asks for (DST-96), by its name. */
  readonly hookInputs?: Readonly<Record<string, ReadonlyArray<CatalogField>>>
}

/** DST-85. */
export interface CatalogPreset {
  readonly name: string
  readonly actionSlug: string
  /** Normalised (DST-88). */
  readonly trigger: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly type: "automatic" | "specificEvent"
  readonly eventSlug?: string
}

/** Code of the entry that runs somewhere (DST-26). */
export interface CatalogComponent {
  readonly type: "BROWSER" | "IOS" | "ANDROID" | "SERVER"
  readonly code: string
  /** An app that sends to the tool must be packaged with it. */
  readonly required?: boolean
  /** Of an entry with actions, in browsers: a script, and the global name under which it leaves its plugin. */
  readonly bundle?: { readonly url: string; readonly library: string }
}

export interface CatalogEntry {
  /** 24 hex digits. */
  readonly id: string
  readonly slug: string
  readonly name: string
  /** Keys of the integrations object that mean this entry: its name and its former ones (DST-41). */
  readonly names: ReadonlyArray<string>
  readonly description: string
  readonly website: string
  readonly categories: ReadonlyArray<string>
  readonly status: "PUBLIC" | "PUBLIC_BETA" | "PRIVATE_BETA" | "DEPRECATED"
  readonly hidden: boolean
  /** Who executes it: the worker with Segment's package, or ourselves. */
  readonly origin: "package" | "builtin"
  /** `classic`: no mappings, one job an event. `storage`: copies of everything, no pipeline (DST-30). */
  readonly kind: "actions" | "classic" | "storage"
  readonly scheme: "none" | "custom" | "basic" | "oauth2" | "oauth-managed"
  readonly settings: ReadonlyArray<CatalogField>
  readonly actions: ReadonlyArray<CatalogAction>
  readonly presets: ReadonlyArray<CatalogPreset>
  readonly testsAuthentication: boolean
  readonly deletesUsers: boolean
  /** Takes events of any age (ADM-121). */
  readonly replay: boolean
  /** What it does when the event says nothing of it (DST-43). */
  readonly integrationsDefault: boolean
  readonly supportedMethods: Readonly<Record<"track" | "identify" | "group" | "alias" | "page" | "screen", boolean>>
  readonly supportedPlatforms: {
    readonly browser: boolean
    readonly server: boolean
    readonly mobile: boolean
    readonly warehouse: boolean
  }
  readonly cloudModeInstances: "NONE" | "SINGLE" | "MULTIPLE"
  readonly deviceModeInstances: "NONE" | "SINGLE" | "MULTIPLE"
  readonly components: ReadonlyArray<CatalogComponent>
  /** At most so many mappings (DST-82). */
  readonly maxMappings: number
  /** Names of environment variables that are not set and without which it cannot work (DST-10, CAT-14). */
  readonly operatorSetup: ReadonlyArray<string>
}
