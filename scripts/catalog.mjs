// Writes what Segment's package says about its destinations into dist/catalog.json, so that the service need not load the package to
// list them (CAT-3). What the package lacks is added when the file is read (src/catalog/overlay.ts).
import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { pathToFileURL } from "node:url"
import { catalogFile } from "./build-places.mjs"

/** Longer lists of choices than anybody picks from: one entry counts milliseconds up to 15,000. */
const maxChoices = 1_000

const field = ([key, given]) => {
  const { properties, choices, depends_on: dependsOn, unsafe_hidden: hidden, required, dynamic, ...rest } = given
  return {
    key,
    ...rest,
    ...(required === undefined ? {} : { required }),
    ...(dynamic === undefined || dynamic === false ? {} : { dynamic: true }),
    ...(hidden === true ? { hidden } : {}),
    ...(dependsOn === undefined ? {} : { dependsOn }),
    ...(Array.isArray(choices) && choices.length <= maxChoices ? { choices } : {}),
    ...(given.type === "object" && properties !== undefined
      ? { properties: Object.entries(properties).map(field) }
      : {})
  }
}
const fields = (given) => Object.entries(given ?? {}).map(field)

const action =
  (dynamicKeys) =>
  ([slug, given]) => ({
    slug,
    title: given.title,
    description: given.description,
    defaultSubscription: given.defaultSubscription,
    hidden: given.hidden === true,
    fields: fields(given.fields).map((it) => (dynamicKeys(given).has(it.key) ? { ...it, dynamic: true } : it)),
    batch: typeof given.performBatch === "function",
    syncMode: given.syncMode,
    hooks: Object.entries(given.hooks ?? {}).map(([name, hook]) => ({
      name,
      label: hook.label,
      description: hook.description,
      inputFields: fields(hook.inputFields)
    }))
  })

const destination = ([id, { definition, directory }]) => ({
  id,
  directory,
  slug: definition.slug,
  name: definition.name,
  description: definition.description,
  scheme: definition.authentication?.scheme,
  settings: fields(definition.authentication?.fields),
  testsAuthentication: typeof definition.authentication?.testAuthentication === "function",
  deletesUsers: typeof definition.onDelete === "function",
  actions: Object.entries(definition.actions).map(action((given) => new Set(Object.keys(given.dynamicFields ?? {})))),
  presets: (definition.presets ?? []).map(({ name, partnerAction, subscribe, mapping, type, eventSlug }) => ({
    name,
    partnerAction,
    subscribe,
    mapping,
    type,
    eventSlug
  }))
})

export const buildCatalog = () => {
  const require = createRequire(import.meta.url)
  const { manifest } = require("@segment/action-destinations")
  mkdirSync(dirname(catalogFile), { recursive: true })
  const draft = `${catalogFile}.${process.pid}.tmp`
  writeFileSync(draft, JSON.stringify(Object.entries(manifest).map(destination)))
  renameSync(draft, catalogFile)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  buildCatalog()
  // Clients of some destinations keep timers running.
  process.exit(0)
}
