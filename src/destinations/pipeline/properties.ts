/**
 * Removing keys of an event, or all but some keys (DST-56). Nothing is changed in place: what lies on the way to a changed object is
 * copied, the rest is shared. Where nothing is removed the event itself is the answer.
 *
 * A path leads through objects and ends at an object or at a list of objects; a path that finds neither has no effect.
 */
import { setOwn } from "../../event/json.ts"
import { isObject, own, type Payload } from "./stopped.ts"

export type Fields = Readonly<Record<string, ReadonlyArray<string>>>

/** An allow-list of the top level keeps these in any case: without them it would be no message any more. */
const alwaysKept: ReadonlySet<string> = new Set(["type", "messageId", "timestamp"])

export const dropProperties = (event: Payload, fields: Fields): Payload =>
  each(event, fields, (keys) => (key) => !keys.has(key))

export const allowProperties = (event: Payload, fields: Fields): Payload =>
  each(event, fields, (keys, path) => (key) => keys.has(key) || (path === "" && alwaysKept.has(key)))

type Keeps = (key: string) => boolean

const each = (event: Payload, fields: Fields, rule: (keys: ReadonlySet<string>, path: string) => Keeps): Payload => {
  let result = event
  for (const path of Object.keys(fields)) {
    const keeps = rule(new Set(fields[path]), path)
    result = at(result, path === "" ? [] : path.split("."), 0, keeps) as Payload
  }
  return result
}

const at = (value: unknown, path: ReadonlyArray<string>, level: number, keeps: Keeps): unknown => {
  if (level === path.length) return kept(value, keeps)
  if (!isObject(value)) return value
  const key = path[level]!
  const before = own(value, key)
  const after = at(before, path, level + 1, keeps)
  if (after === before) return value
  const copy: Record<string, unknown> = { ...value }
  setOwn(copy, key, after)
  return copy
}

const kept = (value: unknown, keeps: Keeps): unknown => {
  if (!Array.isArray(value)) return isObject(value) ? keptOf(value, keeps) : value
  let changed = false
  const elements = value.map((element: unknown) => {
    const after = isObject(element) ? keptOf(element, keeps) : element
    if (after !== element) changed = true
    return after
  })
  return changed ? elements : value
}

const keptOf = (object: Payload, keeps: Keeps): Payload => {
  const keys = Object.keys(object)
  if (keys.every(keeps)) return object
  const result: Record<string, unknown> = {}
  for (const key of keys) if (keeps(key)) setOwn(result, key, object[key])
  return result
}
