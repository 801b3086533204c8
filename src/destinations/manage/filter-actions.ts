/** What a filter does (DST-52, DST-56, DST-58), as it is sent, into one spelling. */
import { Effect } from "effect"
import { isObject } from "../../event/json.ts"
import type { FilterAction } from "../compiled.ts"
import { type DestinationRefused, invalid } from "./refused.ts"

const types: Readonly<Record<string, FilterAction["type"]>> = {
  DROP: "DROP",
  SAMPLE: "SAMPLE",
  DROP_PROPERTIES: "DROP_PROPERTIES",
  ALLOW_PROPERTIES: "ALLOW_PROPERTIES",
  // Of the older API.
  DROP_EVENT: "DROP",
  SAMPLE_EVENT: "SAMPLE",
  BLOCKLIST_FIELDS: "DROP_PROPERTIES",
  WHITELIST_FIELDS: "ALLOW_PROPERTIES"
}

const maxActions = 20
const maxNames = 1000
const maxBytes = 64 * 1024
/** Without them an event is none. */
const protectedKeys = ["type", "messageId"]

class Wrong {
  readonly refused: DestinationRefused
  constructor(code: string, message: string, field: string) {
    this.refused = invalid(code, message, field)
  }
}

const checkName = (name: unknown, at: string): string => {
  if (typeof name !== "string") throw new Wrong("FILTER_FIELDS", "Names of fields are texts.", at)
  if (/\s/.test(name))
    throw new Wrong(
      "FILTER_FIELDS",
      `${JSON.stringify(name)} contains white space: filters cannot take such a field away. Use an insert function.`,
      at
    )
  return name
}

const fieldsOf = (fields: unknown, at: string): Readonly<Record<string, ReadonlyArray<string>>> => {
  if (!isObject(fields) || Object.keys(fields).length === 0)
    throw new Wrong("FILTER_FIELDS", 'Expected `fields`, for example {"properties": ["email"]}.', at)
  let names = 0
  const entries = Object.entries(fields).map(([path, keys]): [string, ReadonlyArray<string>] => {
    const here = `${at}.${path}`
    checkName(path, here)
    if (!Array.isArray(keys) || keys.length === 0)
      throw new Wrong("FILTER_FIELDS", "Expected a list of at least one name.", here)
    names += keys.length
    return [path, keys.map((key) => checkName(key, here))]
  })
  if (names > maxNames) throw new Wrong("FILTER_FIELDS", `A filter names at most ${maxNames} fields.`, at)
  return Object.fromEntries(entries)
}

const percentOf = (percent: unknown, at: string): number => {
  if (typeof percent !== "number" || !(percent >= 0 && percent <= 1))
    throw new Wrong("FILTER_PERCENT", "The part that is sent is a number from 0 to 1, for example 0.1.", at)
  return percent
}

const actionOf = (action: unknown, at: string): FilterAction => {
  const name = isObject(action) ? action["type"] : undefined
  const type = typeof name === "string" ? types[name.toUpperCase()] : undefined
  if (!isObject(action) || type === undefined)
    throw new Wrong("FILTER_ACTION", `Expected one of ${Object.keys(types).slice(0, 4).join(", ")}.`, `${at}.type`)
  if (type === "DROP") return { type }
  if (type === "SAMPLE") {
    const { path } = action
    const isGiven = path !== undefined && path !== null && path !== ""
    if (isGiven && typeof path !== "string")
      throw new Wrong("FILTER_ACTION", "The path is a text, for example `userId`.", `${at}.path`)
    return {
      type,
      percent: percentOf(action["percent"], `${at}.percent`),
      ...(isGiven ? { path: `${path}` } : undefined)
    }
  }
  const fields = fieldsOf(action["fields"], `${at}.fields`)
  const guarded = type === "DROP_PROPERTIES" ? protectedKeys.find((key) => fields[""]?.includes(key)) : undefined
  if (guarded !== undefined)
    throw new Wrong("FILTER_PROTECTED_FIELD", `\`${guarded}\` cannot be taken from an event.`, `${at}.fields`)
  return { type, fields }
}

export const parseActions = (actions: unknown): Effect.Effect<ReadonlyArray<FilterAction>, DestinationRefused> =>
  Effect.suspend(() => {
    try {
      if (!Array.isArray(actions) || actions.length === 0 || actions.length > maxActions)
        throw new Wrong("FILTER_ACTION", `Expected a list of 1 to ${maxActions} actions.`, "actions")
      const parsed = actions.map((action, i) => actionOf(action, `actions[${i}]`))
      if (Buffer.byteLength(JSON.stringify(parsed)) > maxBytes)
        throw new Wrong("FILTER_ACTION", `The actions are larger than ${maxBytes / 1024} KiB.`, "actions")
      return Effect.succeed(parsed)
    } catch (error) {
      if (error instanceof Wrong) return Effect.fail(error.refused)
      throw error
    }
  })
