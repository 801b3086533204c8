/**
 * An event to begin a test with (DEL-65): the newest one of the source that the trigger accepts, or else one that is made up from
 * what the fields of the action read.
 */
import type { CatalogField } from "../../catalog/entry.ts"
import { setOwn } from "../../event/json.ts"
import { isObject, own, type Payload } from "../pipeline/stopped.ts"

export interface Sample {
  readonly event: Payload
  readonly generated: boolean
}

/** `recent`: what the source sent lately, the newest first. */
export const sampleEvent = (options: {
  readonly recent: Iterable<Payload>
  readonly fires: (event: object) => boolean
  readonly trigger: string
  readonly fields: ReadonlyArray<CatalogField>
  /** Of the mapping, where there is one: what it reads counts, not the defaults. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  /** ms */
  readonly now: number
}): Sample => {
  for (const event of options.recent) if (accepts(options.fires, event)) return { event, generated: false }
  return { event: generated(options), generated: true }
}

const accepts = (fires: (event: object) => boolean, event: Payload): boolean => {
  try {
    return fires(event)
  } catch {
    return false
  }
}

const types = ["track", "identify", "page", "screen", "group"] as const

const generated = ({
  fields,
  fires,
  now,
  settings = {},
  trigger
}: Omit<Parameters<typeof sampleEvent>[0], "recent">): Payload => {
  const candidates = types.map((type) => {
    const event = baseOf(type, trigger, now)
    for (const field of fields) fill(event, settings[field.key] ?? field.default, field)
    return event
  })
  return candidates.find((event) => accepts(fires, event)) ?? candidates[0]!
}

const baseOf = (type: (typeof types)[number], trigger: string, now: number): Record<string, unknown> => {
  const at = new Date(now).toISOString()
  const named = /\bevent\s*=\s*["']([^"']+)["']/.exec(trigger)?.[1]
  return {
    type,
    messageId: "sample-message",
    userId: "user-1",
    anonymousId: "anonymous-1",
    ...(type === "track" ? { event: named ?? "Sample Event", properties: {} } : {}),
    ...(type === "page" || type === "screen" ? { name: "Sample Page", properties: {} } : {}),
    ...(type === "identify" ? { traits: {} } : {}),
    ...(type === "group" ? { groupId: "group-1", traits: {} } : {}),
    context: { ip: "203.0.113.7", library: { name: "sample", version: "1.0" } },
    integrations: {},
    timestamp: at,
    originalTimestamp: at,
    sentAt: at,
    receivedAt: at,
    version: 2
  }
}

/** Puts a value wherever the directives of a field look for one. */
const fill = (event: Record<string, unknown>, directive: unknown, field: CatalogField): void => {
  if (Array.isArray(directive)) {
    for (const element of directive) fill(event, element, field)
    return
  }
  if (!isObject(directive)) return
  const path = own(directive, "@path")
  if (typeof path === "string") {
    put(event, path, valueOf(field))
    return
  }
  const template = own(directive, "@template")
  if (typeof template === "string") {
    for (const [, name] of template.matchAll(/\{\{\{?\s*([^{}\s]+)\s*\}?\}\}/g)) put(event, name!, "text")
    return
  }
  const list = own(directive, "@arrayPath")
  if (Array.isArray(list)) {
    const element: Record<string, unknown> = {}
    fill(element, list[1], field)
    if (typeof list[0] === "string") put(event, list[0], [element])
    return
  }
  for (const [key, inner] of Object.entries(directive)) {
    // What a directive is given, such as the branches of an `@if`, is about the same field.
    if (!key.startsWith("@")) fill(event, inner, memberOf(field, key))
    else
      for (const part of isObject(inner) && !isDirective(inner) ? Object.values(inner) : [inner])
        fill(event, part, field)
  }
}

const isDirective = (value: Payload): boolean => Object.keys(value).some((key) => key.startsWith("@"))

/** What nobody declared is a text. */
const memberOf = (field: CatalogField, key: string): CatalogField => {
  const { choices: _, ...rest } = field
  return field.fields?.find((member) => member.key === key) ?? { ...rest, key, type: "string" }
}

/** Only where nothing is yet: the event's own members stay what they are. */
const put = (event: Record<string, unknown>, path: string, value: unknown): void => {
  const keys = path.replace(/^\$\.?/, "").split(".")
  // What stands in the middle of a list, or is the whole event, needs nothing.
  if (keys.some((key) => key === "" || key.includes("["))) return
  let at = event
  for (const key of keys.slice(0, -1)) {
    const next = own(at, key)
    if (next !== undefined && !isObject(next)) return
    const copy = { ...next }
    setOwn(at, key, copy)
    at = copy
  }
  const last = keys.at(-1)!
  if (own(at, last) === undefined) setOwn(at, last, value)
}

const valueOf = ({ choices, format, key, type }: CatalogField): unknown => {
  const choice = choices?.[0]?.value
  if (choice !== undefined) return choice
  switch (type) {
    case "number":
      return 9.99
    case "integer":
      return 1
    case "boolean":
      return true
    case "datetime":
      return "2026-01-01T00:00:00.000Z"
    case "object":
      return {}
    default:
      if (format === "email" || /e-?mail/i.test(key)) return "jane@example.com"
      if (format === "uri" || /url/i.test(key)) return "https://example.com/"
      return /phone/i.test(key) ? "+15555550100" : "text"
  }
}
