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
export const alwaysKept = ["type", "messageId", "timestamp"]

interface Target {
  readonly path: ReadonlyArray<string>
  /** Removed, or kept. */
  readonly keys: ReadonlySet<string>
}

/** Of a filter, split once: filters are few, events are many. */
const targets = {
  drop: new WeakMap<Fields, ReadonlyArray<Target>>(),
  allow: new WeakMap<Fields, ReadonlyArray<Target>>()
}

const targetsOf = (kind: keyof typeof targets, fields: Fields): ReadonlyArray<Target> => {
  const known = targets[kind].get(fields)
  if (known !== undefined) return known
  const made = Object.entries(fields).map(([path, keys]) => ({
    path: path === "" ? [] : path.split("."),
    keys: new Set(path === "" && kind === "allow" ? [...keys, ...alwaysKept] : keys)
  }))
  targets[kind].set(fields, made)
  return made
}

export const dropProperties = (event: Payload, fields: Fields): Payload =>
  targetsOf("drop", fields).reduce((result, target) => at(result, target, 0, false) as Payload, event)

export const allowProperties = (event: Payload, fields: Fields): Payload =>
  targetsOf("allow", fields).reduce((result, target) => at(result, target, 0, true) as Payload, event)

const at = (value: unknown, target: Target, level: number, listed: boolean): unknown => {
  if (level === target.path.length) return kept(value, target.keys, listed)
  if (!isObject(value)) return value
  const key = target.path[level]!
  const before = own(value, key)
  const after = at(before, target, level + 1, listed)
  if (after === before) return value
  const copy: Record<string, unknown> = { ...value }
  setOwn(copy, key, after)
  return copy
}

/** Keeps the members whose key is listed, or those whose key is not. */
const kept = (value: unknown, keys: ReadonlySet<string>, listed: boolean): unknown => {
  if (!Array.isArray(value)) return isObject(value) ? keptOf(value, keys, listed) : value
  let changed = false
  const elements = value.map((element: unknown) => {
    const after = isObject(element) ? keptOf(element, keys, listed) : element
    if (after !== element) changed = true
    return after
  })
  return changed ? elements : value
}

const keptOf = (object: Payload, keys: ReadonlySet<string>, listed: boolean): Payload => {
  let gone = false
  for (const key in object) if (keys.has(key) !== listed) gone = true
  if (!gone) return object
  const result: Record<string, unknown> = {}
  for (const key in object) if (keys.has(key) === listed) setOwn(result, key, object[key])
  return result
}
