/** Shapes that several groups share. */
import { Schema } from "effect"
import type { Label } from "./roles.ts"

export const label = Schema.Struct({
  key: Schema.String,
  value: Schema.String,
  description: Schema.optionalKey(Schema.String)
})

/** From `key:value`. */
export const labelOf = (text: string): Label => {
  const colon = text.indexOf(":")
  return { key: text.slice(0, colon), value: text.slice(colon + 1) }
}

export const timeText = (ms: number): string => new Date(ms).toISOString()

/** A moment, as ISO 8601; milliseconds inside. */
export const moment = Schema.String.check(
  Schema.makeFilter((text) => Number.isFinite(Date.parse(text)) || "must be a time as in 2026-01-31T00:00:00Z")
)
