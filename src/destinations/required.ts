/** What is required and not there: settings of a destination (stage 9 of DST-30), fields of a mapping (DST-82). */
import { isRequired } from "../catalog/check-settings.ts"
import type { CatalogAction, CatalogEntry } from "../catalog/entry.ts"
import { isObject } from "../event/json.ts"
import { isDirective } from "./expand-keys.ts"

export const syncModeKey = "__segment_internal_sync_mode"

type Values = Readonly<Record<string, unknown>>

const own = (values: Values, key: string): unknown => (Object.hasOwn(values, key) ? values[key] : undefined)

/** Nothing, or a directive that reads nothing. */
const isBlank = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  (isObject(value) && ["@path", "@template", "@liquid"].some((key) => value[key] === ""))

export const missingSettings = (entry: CatalogEntry, settings: Values, connected: boolean): ReadonlyArray<string> => {
  const missing = entry.settings
    .filter((field) => isRequired(field, settings) && isBlank(own(settings, field.key)))
    .map(({ key }) => key)
  const needsTokens = entry.scheme === "oauth2" || entry.scheme === "oauth-managed"
  return needsTokens && !connected ? [...missing, "oauth"] : missing
}

/** Members of objects are told as `parent.key`, when the mapping builds the object itself. */
export const missingFields = ({ fields, syncModes }: CatalogAction, settings: Values): ReadonlyArray<string> => {
  const missing: Array<string> = []
  for (const field of fields) {
    const value = own(settings, field.key)
    if (isBlank(value)) {
      if (isRequired(field, settings)) missing.push(field.key)
    } else if (field.type === "object" && isObject(value) && !isDirective(value)) {
      for (const member of field.fields ?? [])
        if (member.required === true && isBlank(own(value, member.key))) missing.push(`${field.key}.${member.key}`)
    }
  }
  if (syncModes.length > 0 && isBlank(own(settings, syncModeKey))) missing.push(syncModeKey)
  return missing
}
