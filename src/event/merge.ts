/** Batch-wide `context` and `integrations` under those of an item (ING-41). Nothing of the batch is changed or reused mutably. */
import { isObject, setOwn } from "./json.ts"
import type { JsonObject } from "./message.ts"

/** Objects merge at any depth, everything else is replaced; the item wins. */
export const mergeContext = (batch: JsonObject, item: JsonObject): JsonObject => {
  const merged: Record<string, unknown> = { ...batch }
  for (const key in item) {
    const below = Object.hasOwn(merged, key) ? merged[key] : undefined
    const above = item[key]
    setOwn(merged, key, isObject(below) && isObject(above) ? mergeContext(below, above) : above)
  }
  return merged as JsonObject
}

/** Per key; the item wins. */
export const mergeIntegrations = (batch: JsonObject, item: JsonObject): JsonObject => ({ ...batch, ...item })
