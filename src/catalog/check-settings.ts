/**
 * Settings against the fields of their entry (DST-9): types are coerced as the package's validator does it, unknown keys removed, choices,
 * formats and conditions checked. A field whose `dependsOn` does not hold is not required.
 */
import type { CatalogField, Conditions } from "./entry.ts"

type Values = Readonly<Record<string, unknown>>

interface Problem {
  readonly field: string
  readonly message: string
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ""

const same = (a: unknown, b: unknown): boolean => a === b || (!isAbsent(a) && !isAbsent(b) && String(a) === String(b))

export const holds = ({ conditions, match }: Conditions, values: Values): boolean => {
  const one = ({ fieldKey, operator, type, value }: Conditions["conditions"][number]) => {
    const [first = "", ...rest] = (fieldKey ?? "").split(".")
    const top = values[type === "syncMode" ? "__segment_internal_sync_mode" : first]
    const found = rest.reduce<unknown>(
      (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
      top
    )
    const listed = Array.isArray(value) ? value : [value]
    const is = listed.some((wanted) => (isAbsent(wanted) ? isAbsent(found) : same(found, wanted)))
    return operator === "is" ? is : !is
  }
  return match === "any" ? conditions.some(one) : conditions.every(one)
}

export const isRequired = (field: CatalogField, values: Values): boolean => {
  if (field.dependsOn !== undefined && !holds(field.dependsOn, values)) return false
  return typeof field.required === "boolean" ? field.required : holds(field.required, values)
}

const formats: Readonly<Record<string, { readonly fits: (text: string) => boolean; readonly what: string }>> = {
  uri: {
    fits: (text) => /^[a-z][a-z0-9+.-]*:\S+$/i.test(text) && URL.canParse(text),
    what: "an address like https://…"
  },
  hostname: { fits: (text) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text), what: "a host name" },
  uuid: { fits: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text), what: "a UUID" },
  email: { fits: (text) => /^[^\s@]+@[^\s@]+$/.test(text), what: "an e-mail address" },
  ipv4: { fits: (text) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text), what: "an IPv4 address" }
}

const no = Symbol("does not fit")

const asNumber = (value: unknown): unknown => {
  if (typeof value === "number") return Number.isFinite(value) ? value : no
  if (typeof value === "boolean") return Number(value)
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value)
  return no
}

const asBoolean = (value: unknown): unknown => {
  if (typeof value === "boolean") return value
  if (value === "true" || value === 1) return true
  return value === "false" || value === 0 ? false : no
}

const asText = (value: unknown): unknown => {
  if (typeof value === "string") return value
  return typeof value === "number" || typeof value === "boolean" ? String(value) : no
}

const asObject = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : no

const coerced = (type: CatalogField["type"], value: unknown): unknown => {
  switch (type) {
    case "number":
      return asNumber(value)
    case "integer": {
      const number = asNumber(value)
      return Number.isInteger(number) ? number : no
    }
    case "boolean":
      return asBoolean(value)
    case "object":
      return asObject(value)
    case "datetime":
      return typeof value === "number" ? value : asText(value)
    case "string":
    case "text":
    case "password":
      return asText(value)
  }
}

const names: Readonly<Record<CatalogField["type"], string>> = {
  string: "text",
  text: "text",
  password: "text",
  number: "a number",
  integer: "a whole number",
  datetime: "a time",
  boolean: "true or false",
  object: "an object"
}

const wrongValue = (field: CatalogField, value: unknown): string | undefined => {
  const { choices, format, maximum, minimum } = field
  if (choices !== undefined && !field.dynamic && !choices.some((choice) => same(choice.value, value)))
    return `It must be one of ${choices.map((choice) => `"${choice.value}"`).join(", ")}.`
  if (typeof value === "string") {
    const known = format === undefined || field.choices !== undefined ? undefined : formats[format]
    if (known !== undefined && !known.fits(value)) return `It must be ${known.what}.`
    if (minimum !== undefined && value.length < minimum) return `It must have at least ${minimum} characters.`
    if (maximum !== undefined && value.length > maximum) return `It must have at most ${maximum} characters.`
  }
  if (typeof value === "number") {
    if (minimum !== undefined && value < minimum) return `It must be at least ${minimum}.`
    if (maximum !== undefined && value > maximum) return `It must be at most ${maximum}.`
  }
  return undefined
}

export const checkSettings = (
  fields: ReadonlyArray<CatalogField>,
  given: Values
): { readonly settings: Values; readonly problems: ReadonlyArray<Problem> } => {
  const settings: Record<string, unknown> = {}
  const problems: Array<Problem> = []
  for (const field of fields) {
    const value = given[field.key]
    if (isAbsent(value) || (Array.isArray(value) && value.length === 0)) {
      if (isRequired(field, given)) problems.push({ field: field.key, message: `"${field.label}" is required.` })
      // An empty text can be what somebody wants, where nothing is expected of it.
      if (value === "" && field.required === false && field.type !== "number") settings[field.key] = value
      continue
    }
    const members = field.multiple ? (Array.isArray(value) ? value : [value]) : [value]
    const stored: Array<unknown> = []
    for (const member of members) {
      const fitting = coerced(field.type, member)
      const problem = fitting === no ? `It must be ${names[field.type]}.` : wrongValue(field, fitting)
      if (problem === undefined) stored.push(fitting)
      else problems.push({ field: field.key, message: problem })
    }
    if (stored.length === members.length) settings[field.key] = field.multiple ? stored : stored[0]
  }
  return { settings, problems }
}
