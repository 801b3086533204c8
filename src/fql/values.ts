/** Values of an event as the language sees them (FQL-20 to FQL-25). There is no implicit conversion. */

export type Value = string | number | boolean | null | ReadonlyArray<Value> | { readonly [key: string]: Value }

export type TypeName = "string" | "number" | "list" | "bool" | "null" | "object"

export const typeOf = (value: Value): TypeName => {
  if (value === null) return "null"
  if (typeof value === "boolean") return "bool"
  if (typeof value === "object") return Array.isArray(value) ? "list" : "object"
  return typeof value as "string" | "number"
}

/** The statement could not be evaluated on this event. Thrown inside the room, an answer outside. */
export class FqlError extends Error {
  readonly code = "FQL_EVALUATION"
}

/** Same type and equal: lists in order, objects whatever the order of their keys (FQL-23). */
export const equal = (a: Value, b: Value): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!equal(a[i]!, b[i]!)) return false
    return true
  }
  if (Array.isArray(b)) return false
  const [x, y] = [a, b] as ReadonlyArray<Readonly<Record<string, Value>>>
  const keys = Object.keys(x!)
  if (keys.length !== Object.keys(y!).length) return false
  for (const key of keys) if (!Object.hasOwn(y!, key) || !equal(x![key]!, y![key]!)) return false
  return true
}
