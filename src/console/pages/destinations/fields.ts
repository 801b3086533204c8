/** Fields of settings and of actions as forms need them, from either shape of the API; which of them show, and which are needed. Pure. */
import type { Action, ActionField, Conditions, Option } from "../../api/public-types.ts"

export type FieldType = "string" | "text" | "number" | "integer" | "datetime" | "boolean" | "password" | "object"

export interface Field {
  readonly key: string
  readonly label: string
  readonly type: FieldType
  readonly description: string
  readonly required: boolean | Conditions
  readonly multiple: boolean
  readonly initial: unknown
  readonly choices: ReadonlyArray<{ readonly value: string; readonly label: string }>
  readonly dynamic: boolean
  readonly allowNull: boolean
  readonly placeholder: string | undefined
  readonly format: string | undefined
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly hidden: boolean
  readonly readOnly: boolean
  readonly dependsOn: Conditions | undefined
  readonly fields: ReadonlyArray<Field>
}

const types = new Set<string>(["string", "text", "number", "integer", "datetime", "boolean", "password", "object"])
const typeOf = (type: string): FieldType => {
  const small = type.toLowerCase()
  return types.has(small) ? (small as FieldType) : "string"
}

const detailsOf = (of: Option | ActionField) => ({
  type: typeOf(of.type),
  description: of.description ?? "",
  required: of.requiredIf ?? of.required,
  multiple: of.multiple ?? false,
  initial: of.defaultValue ?? undefined,
  choices: of.choices ?? [],
  placeholder: of.placeholder,
  format: of.format,
  minimum: of.minimum,
  maximum: of.maximum,
  hidden: of.hidden === true || of.type === "HIDDEN",
  readOnly: of.readOnly ?? false,
  dependsOn: of.dependsOn,
  fields: (of.fields ?? []).map(fieldOfAction)
})

export const fieldOfOption = (option: Option): Field => ({
  ...detailsOf(option),
  key: option.name,
  label: option.label ?? option.name,
  dynamic: false,
  allowNull: false
})

const fieldOfAction = (field: ActionField): Field => ({
  ...detailsOf(field),
  key: field.fieldKey,
  label: field.label,
  dynamic: field.dynamic,
  allowNull: field.allowNull
})

export const fieldsOfAction = (action: Action): ReadonlyArray<Field> => action.fields.map(fieldOfAction)

type Values = Readonly<Record<string, unknown>>

export const syncModeKey = "__segment_internal_sync_mode"

const holds = ({ match, conditions }: Conditions, values: Values): boolean => {
  const each = conditions.map(({ type, fieldKey = "", operator, value }) => {
    const found = values[type === "syncMode" ? syncModeKey : fieldKey]
    const wanted = Array.isArray(value) ? value : [value]
    const same = wanted.some((one) => one === found || (one === undefined && found === undefined))
    return operator === "is" ? same : !same
  })
  return match === "any" ? each.some(Boolean) : each.every(Boolean)
}

export const isShown = (field: Field, values: Values): boolean =>
  !field.hidden && (field.dependsOn === undefined || holds(field.dependsOn, values))

export const isRequired = (field: Field, values: Values): boolean =>
  typeof field.required === "boolean" ? field.required : holds(field.required, values)

export const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)

/** The values of a form that has not been touched. */
export const initialsOf = (fields: ReadonlyArray<Field>): Values =>
  Object.fromEntries(fields.flatMap(({ key, initial }) => (initial === undefined ? [] : [[key, initial]])))

/** Secrets come as bullets; sent back, they keep what is stored (DST-9). */
export const isMask = (value: unknown): boolean => typeof value === "string" && /^•+$/.test(value)

const wholeNumber = /^[+-]?\d+$/

/** What is wrong with a value that somebody typed. */
export const fieldProblem = (field: Field, value: unknown, values: Values): string | undefined => {
  if (isEmpty(value)) return isRequired(field, values) ? `${field.label} is needed.` : undefined
  if (field.type === "number" || field.type === "integer") {
    const number = Number(value)
    if (!Number.isFinite(number) || (field.type === "integer" && !wholeNumber.test(String(value))))
      return field.type === "integer" ? "A whole number is needed." : "A number is needed."
    if (field.minimum !== undefined && number < field.minimum) return `At least ${field.minimum}.`
    if (field.maximum !== undefined && number > field.maximum) return `At most ${field.maximum}.`
  }
  if (field.format === "uri" && typeof value === "string" && !URL.canParse(value) && !isMask(value))
    return "A whole address is needed, with https:// in front."
  return undefined
}

/** Values as they are sent: numbers are numbers, what is hidden by its conditions is left out. */
export const sentValues = (fields: ReadonlyArray<Field>, values: Values): Values =>
  Object.fromEntries(
    fields.flatMap((field) => {
      const value = values[field.key]
      if (value === undefined || (field.dependsOn !== undefined && !holds(field.dependsOn, values))) return []
      const isNumeric = field.type === "number" || field.type === "integer"
      return [[field.key, isNumeric && typeof value === "string" && value !== "" ? Number(value) : value]]
    })
  )
