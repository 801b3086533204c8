/** Destinations and events for tests, from the little that a test cares about. */
import type { CatalogEntry, CatalogField } from "../../src/catalog/entry.ts"
import { compileFilters, compileMapping, type FilterAction } from "../../src/destinations/compiled.ts"
import type { Destination } from "../../src/destinations/destination.ts"
import { route } from "../../src/destinations/pipeline/route.ts"

const all = { track: true, identify: true, group: true, alias: true, page: true, screen: true }

export const entry = (changes: Partial<CatalogEntry> = {}): CatalogEntry => ({
  id: "54521fd525e721e32a72ee8f",
  slug: "actions-mixpanel",
  name: "Mixpanel (Actions)",
  names: ["Mixpanel (Actions)"],
  description: "",
  website: "",
  categories: [],
  status: "PUBLIC",
  hidden: false,
  origin: "package",
  kind: "actions",
  scheme: "custom",
  settings: [],
  actions: [],
  presets: [],
  testsAuthentication: false,
  deletesUsers: false,
  replay: true,
  integrationsDefault: true,
  supportedMethods: all,
  supportedPlatforms: { browser: true, server: true, mobile: true, warehouse: false },
  cloudModeInstances: "MULTIPLE",
  deviceModeInstances: "NONE",
  components: [],
  maxMappings: 50,
  operatorSetup: [],
  ...changes
})

export const field = (key: string, changes: Partial<CatalogField> = {}): CatalogField => ({
  key,
  type: "string",
  label: key,
  description: "",
  required: false,
  multiple: false,
  dynamic: false,
  allowNull: false,
  hidden: false,
  readOnly: false,
  additionalProperties: false,
  ...changes
})

export interface Given {
  /** In the order of their creation; ids are f1, f2, … */
  readonly filters?: ReadonlyArray<{ readonly if: string; readonly actions: ReadonlyArray<FilterAction> }>
  /** Trigger of each; ids and names are m1, m2, … Default: one that takes everything. */
  readonly triggers?: ReadonlyArray<string>
  readonly disabled?: ReadonlyArray<string>
}

export const destination = (
  { disabled = [], filters = [], triggers = ['type != ""'] }: Given = {},
  changes: Partial<Destination> = {}
): Destination => {
  const made = changes.entry ?? entry()
  return {
    id: "dst_1",
    no: 1,
    name: "Mixpanel EU",
    enabled: true,
    sourceId: "src_web",
    source: 1,
    entry: made,
    settings: {},
    missingSettings: [],
    tokens: undefined,
    connectionMode: "cloud",
    maxEventsPerSecond: undefined,
    filters: compileFilters(filters.map((filter, n) => ({ id: `f${n + 1}`, fql: filter.if, actions: filter.actions }))),
    mappings: triggers.map((trigger, n) =>
      compileMapping(made, {
        id: `m${n + 1}`,
        name: `m${n + 1}`,
        actionSlug: "send",
        enabled: !disabled.includes(`m${n + 1}`),
        trigger,
        settings: {}
      })
    ),
    consentCategories: [],
    schemaBlocks: new Set(),
    encryption: undefined,
    createdAt: 0,
    ...changes
  }
}

export type Event = Readonly<Record<string, unknown>>

export const track = (event: string, changes: Event = {}): Event => ({
  type: "track",
  messageId: "m-1",
  event,
  userId: "user-1",
  properties: {},
  context: {},
  integrations: {},
  timestamp: "2026-03-01T12:00:00.000Z",
  receivedAt: "2026-03-01T12:00:00.000Z",
  ...changes
})

/** Fails a test that changes what it shares. */
export const frozen = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const key of Object.keys(value)) frozen((value as Record<string, unknown>)[key])
  }
  return value
}

/** Ids of the mappings it goes to, or the code and the detail of the stop. */
export const fate = (to: Destination, event: Event, options?: { readonly replay: boolean }): string => {
  const routed = route(to, frozen(event), options)
  if (routed.stopped !== undefined)
    return routed.stopped.detail === undefined
      ? routed.stopped.code
      : `${routed.stopped.code}: ${routed.stopped.detail}`
  return routed.mappings.map(({ id }) => id).join(" ")
}

export const payload = (to: Destination, event: Event): unknown => {
  const routed = route(to, frozen(event))
  if (routed.stopped !== undefined) throw new Error(routed.stopped.code)
  return routed.event
}
