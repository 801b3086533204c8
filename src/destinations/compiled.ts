/** Filters and mappings as they run: compiled once, when they are read. */
import type { CatalogAction, CatalogEntry } from "../catalog/entry.ts"
import { parseFql } from "../fql/fql.ts"
import { asks } from "./asks.ts"
import type { FilterStep, Mapping } from "./destination.ts"
import { expandKeys } from "./expand-keys.ts"
import { compileTrigger } from "./trigger.ts"

export interface FilterAction {
  readonly type: FilterStep["type"]
  readonly percent?: number
  readonly path?: string
  readonly fields?: Readonly<Record<string, ReadonlyArray<string>>>
}

const order: ReadonlyArray<FilterStep["type"]> = ["SAMPLE", "DROP", "DROP_PROPERTIES", "ALLOW_PROPERTIES"]

/** A stored statement that does not parse any more can be evaluated on no event. */
const question = (fql: string): FilterStep["matches"] => {
  const parsed = parseFql(fql.trim())
  if (parsed.ok) return asks(parsed.filter)
  return () => {
    throw new Error(parsed.problem.message)
  }
}

/** In the order of execution (DST-54); `filters` in that of their creation. */
export const compileFilters = (
  filters: ReadonlyArray<{ readonly id: string; readonly fql: string; readonly actions: ReadonlyArray<FilterAction> }>
): ReadonlyArray<FilterStep> => {
  const steps = filters.flatMap(({ actions, fql, id }) => {
    const matches = question(fql)
    return actions.map((action): FilterStep => ({ ...action, filterId: id, statement: fql, matches }))
  })
  return order.flatMap((type) => steps.filter((step) => step.type === type))
}

const defaultBatchSize = 1000

/** Of the webhooks (DST-100), whose fields say nothing of it. */
const largestBatches: Readonly<Record<string, number>> = { "actions-webhook": 4000, "actions-webhook-extensible": 4000 }

const batchOf = (entry: CatalogEntry, action: CatalogAction | undefined, settings: Mapping["settings"]) => {
  if (action?.batch !== true) return undefined
  const field = (key: string) => action.fields.find((each) => each.key === key)
  const value = (key: string): unknown => (Object.hasOwn(settings, key) ? settings[key] : field(key)?.default)
  const asked = value("batch_size")
  const size = typeof asked === "number" ? Math.floor(asked) : 0
  const switchable = field("enable_batching") !== undefined
  if (switchable ? value("enable_batching") !== true : size <= 1) return undefined
  const largest = field("batch_size")?.maximum ?? largestBatches[entry.slug] ?? Number.MAX_SAFE_INTEGER
  const keys = value("batch_keys")
  return {
    size: Math.min(size > 0 ? size : defaultBatchSize, largest),
    keys: Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : []
  }
}

export const compileMapping = (
  entry: CatalogEntry,
  mapping: Pick<Mapping, "id" | "name" | "actionSlug" | "enabled" | "trigger" | "settings">
): Mapping => {
  const action = entry.actions.find(({ slug }) => slug === mapping.actionSlug)
  const compiled = compileTrigger(mapping.trigger)
  return {
    ...mapping,
    // A stored trigger that is none any more takes nothing.
    fires:
      compiled.problem === undefined
        ? compiled.fires
        : () => {
            throw new Error(compiled.problem)
          },
    settings: expandKeys(mapping.settings) as Mapping["settings"],
    batch: batchOf(entry, action, mapping.settings)
  }
}
