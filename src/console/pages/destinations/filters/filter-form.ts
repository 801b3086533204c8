/**
 * A filter as the form shows it: one rule with one flat group of conditions (DST-65). "Only send" is a DROP of everything else (DST-55).
 * What the form cannot say is edited as text. Pure.
 */
import type { Filter, FilterAction } from "../../../api/public-types.ts"
import { conditionText, type Group, groupIn, textOfGroup } from "../conditions.ts"

export const rules = [
  ["only-send", "Only send"],
  ["drop", "Drop event"],
  ["drop-properties", "Drop properties"],
  ["allow-properties", "Keep only some properties"],
  ["sample", "Send a sample"]
] as const

export type Rule = (typeof rules)[number][0]

export interface FilterForm {
  readonly rule: Rule
  /** No conditions: every event. */
  readonly group: Group
  /** `properties.products.price`, one each; of the two rules about properties. */
  readonly fields: ReadonlyArray<string>
  /** 0 to 100 */
  readonly percent: number
  /** Of the sample; empty: at random. */
  readonly path: string
}

export const emptyForm: FilterForm = {
  rule: "drop",
  group: { match: "all", conditions: [{ path: "event", operator: "is", value: "" }] },
  fields: [],
  percent: 10,
  path: "userId"
}

const everything: Group = { match: "all", conditions: [] }

/** `properties.products.price` is the key `price` of the objects at `properties.products`. */
const fieldsOf = (typed: ReadonlyArray<string>): Readonly<Record<string, ReadonlyArray<string>>> => {
  const fields: Record<string, Array<string>> = {}
  for (const field of typed) {
    const cut = field.lastIndexOf(".")
    const [path, name] = cut < 0 ? ["", field] : [field.slice(0, cut), field.slice(cut + 1)]
    ;(fields[path] ??= []).push(name)
  }
  return fields
}

const typedOf = (fields: Readonly<Record<string, ReadonlyArray<string>>>): ReadonlyArray<string> =>
  Object.entries(fields).flatMap(([path, keys]) => keys.map((name) => (path === "" ? name : `${path}.${name}`)))

const actionOf = ({ rule, fields, percent, path }: FilterForm): FilterAction => {
  switch (rule) {
    case "sample":
      return { type: "SAMPLE", percent: percent / 100, ...(path === "" ? {} : { path }) }
    case "drop-properties":
      return { type: "DROP_PROPERTIES", fields: fieldsOf(fields) }
    case "allow-properties":
      return { type: "ALLOW_PROPERTIES", fields: fieldsOf(fields) }
    default:
      return { type: "DROP" }
  }
}

export const filterOf = (form: FilterForm): Pick<Filter, "if" | "actions"> => {
  const text = textOfGroup(form.group, "filter")
  return {
    if: form.group.conditions.length === 0 ? "all" : form.rule === "only-send" ? `!( ${text} )` : text,
    actions: [actionOf(form)]
  }
}

const ruleOf = (type: FilterAction["type"], negated: boolean): Rule | undefined =>
  type === "DROP"
    ? negated
      ? "only-send"
      : "drop"
    : negated
      ? undefined
      : type === "SAMPLE"
        ? "sample"
        : type === "DROP_PROPERTIES"
          ? "drop-properties"
          : "allow-properties"

/** Undefined: the form would say something else. */
export const formOf = (filter: Pick<Filter, "if" | "actions">): FilterForm | undefined => {
  const [action, ...more] = filter.actions
  if (action === undefined || more.length > 0) return undefined
  const text = filter.if.trim()
  const inner = /^!\s*\(\s*([\s\S]*?)\s*\)$/.exec(text)?.[1]
  const rule = ruleOf(action.type, inner !== undefined)
  const group = text === "all" ? everything : groupIn(inner ?? text, "filter")
  if (rule === undefined || group === undefined) return undefined
  const percent = Math.round((action.percent ?? 0.1) * 1_000_000) / 10_000
  return { rule, group, fields: typedOf(action.fields ?? {}), percent, path: action.path ?? "" }
}

const plainName = /^[^\s.]+(?:\.[^\s.]+)*$/

export const formProblem = ({ rule, group, fields, percent }: FilterForm): string | undefined => {
  if (rule === "only-send" && group.conditions.length === 0) return "Say which events are sent."
  if (rule === "sample" && !(percent >= 0 && percent <= 100)) return "A sample is between 0 and 100 percent."
  if (rule !== "drop-properties" && rule !== "allow-properties") return undefined
  if (fields.length === 0) return "Name at least one property."
  const wrong = fields.find((field) => !plainName.test(field))
  return wrong === undefined
    ? undefined
    : `"${wrong}" cannot be named here: names with blanks need a function before the destination.`
}

/** What it does, in a few words. */
export const filterText = (filter: Pick<Filter, "if" | "actions">): string => {
  const form = formOf(filter)
  const doing = filter.actions.map(({ type, percent, fields }) =>
    type === "DROP"
      ? form?.rule === "only-send"
        ? "sends only these"
        : "drops"
      : type === "SAMPLE"
        ? `sends ${Math.round((percent ?? 0) * 10_000) / 100} %`
        : `${type === "DROP_PROPERTIES" ? "drops" : "keeps only"} ${typedOf(fields ?? {}).join(", ")}`
  )
  return doing.join(", ")
}

/** When it acts. */
export const whenText = (filter: Pick<Filter, "if" | "actions">): string => {
  const form = formOf(filter)
  if (form === undefined) return filter.if
  const { conditions, match } = form.group
  return conditions.length === 0
    ? "every event"
    : conditions.map(conditionText).join(match === "all" ? ", and " : ", or ")
}
