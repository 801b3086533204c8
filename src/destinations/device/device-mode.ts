/**
 * What a source's destinations add to the document that its devices read (DST-22). It is public: of a destination in device mode it has the
 * settings that are marked so, of one in cloud mode the name of its entry and nothing else (ING-156).
 *
 * A destination that is disabled, or lacks a required setting, is not there at all.
 */
import type { CatalogComponent, CatalogField } from "../../catalog/entry.ts"
import { isObject } from "../../event/json.ts"
import type { Source, SourceKind } from "../../workspace/workspace.ts"
import type { Destination, DestinationsSnapshot, Mapping } from "../destination.ts"
import { type RoutingRule, routingRules } from "./routing-rules.ts"

type Values = Readonly<Record<string, unknown>>

interface RemotePlugin {
  readonly name: string
  readonly creationName: string
  readonly url: string
  readonly libraryName: string
  readonly settings: Values
}

export interface DeviceParts {
  /** By the name of the entry. */
  readonly integrations: Readonly<Record<string, Values>>
  /** Names of entries in cloud mode. */
  readonly unbundledIntegrations: ReadonlyArray<string>
  /** By the name of the entry, ids of destinations in device mode: an event names those that it went to already (DST-25). */
  readonly maybeBundledConfigIds: Readonly<Record<string, ReadonlyArray<string>>>
  readonly remotePlugins: ReadonlyArray<RemotePlugin>
  readonly routingRules: ReadonlyArray<RoutingRule>
  /** For the wrappers of consent platforms (PRV-64); undefined while no destination is mapped to a category. */
  readonly consent:
    | { readonly allCategories: ReadonlyArray<string>; readonly hasUnmappedDestinations: boolean }
    | undefined
  /** By the name of a track event, the entries that the schema keeps it from (DST-45). */
  readonly trackIntegrations: ReadonlyMap<string, Readonly<Record<string, false>>>
}

/** Components that run on what has the library of such a source. */
const devices: Partial<Record<SourceKind, ReadonlyArray<CatalogComponent["type"]>>> = {
  website: ["BROWSER"],
  mobile: ["IOS", "ANDROID"]
}

const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === null || item === undefined ? [] : [[key, withoutNulls(item)]]
    )
  )
}

const publicSettings = ({ entry, settings }: Destination): Values => {
  const open = new Set(entry.settings.flatMap((field) => (isPublic(field) ? [field.key] : [])))
  const shown = Object.entries(settings).filter(([key]) => open.has(key))
  return withoutNulls(Object.fromEntries(shown)) as Values
}
const isPublic = (field: CatalogField): boolean => field.public === true && field.type !== "password"

const pluginBundle = ({ entry }: Destination) =>
  entry.kind === "actions" ? entry.components.find(({ type }) => type === "BROWSER")?.bundle : undefined

const subscriptionOf = ({ entry }: Destination, { actionSlug, enabled, name, settings, trigger }: Mapping): Values => {
  const fields = entry.actions.find(({ slug }) => slug === actionSlug)?.fields ?? []
  const secrets = new Set(fields.flatMap(({ key, type }) => (type === "password" ? [key] : [])))
  const mapping = Object.fromEntries(Object.entries(settings).filter(([key]) => !secrets.has(key)))
  return { partnerAction: actionSlug, name, enabled, subscribe: trigger, mapping }
}

const pluginOf = (destination: Destination): ReadonlyArray<RemotePlugin> => {
  const bundle = pluginBundle(destination)
  if (bundle === undefined) return []
  const { entry, mappings } = destination
  const subscriptions = mappings.filter(({ enabled }) => enabled).map((mapping) => subscriptionOf(destination, mapping))
  const settings = { ...publicSettings(destination), subscriptions }
  return [{ name: entry.name, creationName: entry.name, url: bundle.url, libraryName: bundle.library, settings }]
}

/** A plug-in comes by `remotePlugins`: without components, the library does not look for a classic destination of its name. */
const integrationOf = (destination: Destination): Values => ({
  ...installedOf(destination),
  ...(destination.consentCategories.length === 0
    ? undefined
    : { consentSettings: { categories: destination.consentCategories } })
})

const installedOf = (destination: Destination): Values => {
  const types = destination.entry.components.map(({ type }) => type.toLowerCase())
  if (pluginBundle(destination) !== undefined)
    return { bundlingStatus: "bundled", versionSettings: { componentTypes: [] } }
  return {
    ...publicSettings(destination),
    ...(types.includes("browser") ? { type: "browser" } : undefined),
    bundlingStatus: "bundled",
    versionSettings: { componentTypes: types }
  }
}

const blockedTracks = (onDevice: ReadonlyArray<Destination>): DeviceParts["trackIntegrations"] => {
  const blocked = new Map<string, Record<string, false>>()
  for (const { entry, schemaBlocks } of onDevice)
    for (const block of schemaBlocks) {
      if (!block.startsWith(track)) continue
      const event = block.slice(track.length)
      const names = blocked.get(event) ?? {}
      names[entry.name] = false
      blocked.set(event, names)
    }
  return blocked
}
const track = "track\n"

const consentOf = (enabled: ReadonlyArray<Destination>): DeviceParts["consent"] => {
  const allCategories = [...new Set(enabled.flatMap(({ consentCategories }) => consentCategories))].sort()
  if (allCategories.length === 0) return undefined
  return {
    allCategories,
    hasUnmappedDestinations: enabled.some(({ consentCategories }) => consentCategories.length === 0)
  }
}

const namesOf = (destinations: ReadonlyArray<Destination>): ReadonlyArray<string> =>
  [...new Set(destinations.map(({ entry }) => entry.name))].sort()

/** Of a source with these settings; `destinations`: all that it has. */
export const deviceParts = (
  { kind, settings }: Pick<Source, "kind" | "settings">,
  destinations: ReadonlyArray<Destination>
): DeviceParts => {
  const types = devices[kind] ?? []
  const enabled = destinations.filter(({ enabled, entry }) => enabled && entry.kind !== "storage")
  const onDevice = enabled.filter(
    ({ connectionMode, entry, missingSettings }) =>
      connectionMode === "device" &&
      missingSettings.length === 0 &&
      entry.components.some(({ type }) => types.includes(type))
  )
  // DST-24: only the library for browsers knows them, and only where it is asked for.
  const withFilters = kind === "website" && settings?.["destinationFilters"] === true
  const byName = <A>(value: (destination: Destination) => A) =>
    Object.fromEntries(onDevice.map((destination) => [destination.entry.name, value(destination)] as const))
  return {
    integrations: byName(integrationOf),
    unbundledIntegrations: namesOf(enabled.filter(({ connectionMode }) => connectionMode === "cloud")),
    maybeBundledConfigIds: byName(({ id }) => [id]),
    remotePlugins: kind === "website" ? onDevice.flatMap(pluginOf) : [],
    routingRules: withFilters ? onDevice.flatMap(({ entry, filters }) => routingRules(entry.name, filters)) : [],
    consent: consentOf(destinations.filter(({ enabled }) => enabled)),
    trackIntegrations: blockedTracks(onDevice)
  }
}

/** Once for each source and snapshot. */
export const makeDeviceParts = (current: () => DestinationsSnapshot): ((source: Source) => DeviceParts | undefined) => {
  let known = new WeakMap<Source, DeviceParts>()
  let of: DestinationsSnapshot | undefined
  return (source) => {
    const snapshot = current()
    const destinations = snapshot.bySource.get(source.no)
    if (destinations === undefined) return undefined
    if (snapshot !== of) {
      known = new WeakMap()
      of = snapshot
    }
    let parts = known.get(source)
    if (parts === undefined) known.set(source, (parts = deviceParts(source, destinations)))
    return parts
  }
}
