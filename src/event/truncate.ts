/**
 * At most 10,000 properties per event (ING-32). Counted are all keys at any depth of `properties` and `traits`, in
 * document order, those of objects inside arrays too. Later ones are dropped with their values; the message stays.
 */
import { setOwn } from "./json.ts"
import type { Json, JsonObject } from "./message.ts"

export const maxProperties = 10_000

const cut = (value: Json, left: { keys: number }): Json => {
  if (Array.isArray(value)) return value.map((member: Json) => cut(member, left))
  if (typeof value !== "object" || value === null) return value
  const kept: Record<string, unknown> = {}
  for (const key in value) {
    if (left.keys === 0) break
    left.keys -= 1
    setOwn(kept, key, cut((value as JsonObject)[key]!, left))
  }
  return kept as JsonObject
}

const countKeys = (value: Json): number => {
  let keys = 0
  if (Array.isArray(value)) for (const member of value) keys += countKeys(member)
  else if (typeof value === "object" && value !== null)
    for (const key in value) keys += 1 + countKeys((value as JsonObject)[key]!)
  return keys
}

/** The same item when it is within the limit. Call it only after the depth check: it recurses. */
export const truncateProperties = (item: JsonObject, limit: number = maxProperties): JsonObject => {
  if (countKeys(item.properties ?? null) + countKeys(item.traits ?? null) <= limit) return item
  const left = { keys: limit }
  const kept: Record<string, unknown> = {}
  for (const key in item)
    setOwn(kept, key, key === "properties" || key === "traits" ? cut(item[key]!, left) : item[key])
  return kept as JsonObject
}
