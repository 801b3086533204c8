/** Fields and actions of entries for tests, from the little that a test cares about. */
import type { CatalogAction, CatalogField } from "../../src/catalog/entry.ts"

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

export const action = (slug: string, changes: Partial<CatalogAction> = {}): CatalogAction => ({
  id: `act_${slug}`,
  slug,
  name: slug,
  description: "",
  hidden: false,
  defaultTrigger: 'type = "track"',
  fields: [],
  batch: false,
  syncModes: [],
  hooks: [],
  ...changes
})
