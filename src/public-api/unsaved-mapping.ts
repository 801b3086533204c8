/** A mapping as somebody edits it, compiled for a test: it is not saved, and need not be enabled (DEL-63). */
import { Schema } from "effect"
import { compileMapping } from "../destinations/compiled.ts"
import type { Destination, Mapping } from "../destinations/destination.ts"
import { invalid } from "./problem.ts"

export const unsavedMapping = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  actionId: Schema.String,
  trigger: Schema.optionalKey(Schema.String),
  settings: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})

export const actionOf = ({ entry }: Destination, idOrSlug: string) => {
  const action = entry.actions.find(({ id, slug }) => id === idOrSlug || slug === idOrSlug)
  if (action !== undefined) return action
  const message = `"${idOrSlug}" is no action of this destination`
  throw invalid([{ field: "subscription.actionId", message }])
}

/** Throws where there is no such action. `id`: of the saved one that is being edited. */
export const compileUnsaved = (
  destination: Destination,
  { name = "Test", actionId, trigger, settings = {} }: typeof unsavedMapping.Type,
  id: string
): Mapping => {
  const { slug, defaultTrigger } = actionOf(destination, actionId)
  const mapping = {
    id,
    name,
    actionSlug: slug,
    enabled: true,
    trigger: trigger ?? defaultTrigger ?? 'type = "track"',
    settings
  }
  return compileMapping(destination.entry, mapping)
}
