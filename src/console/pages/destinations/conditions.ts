/**
 * One flat group of conditions, as forms show it, and the text that is saved: of triggers (DST-86) and of filters (DST-62). A text that
 * forms cannot say exactly is `undefined`: it is edited as text, and opening it changes nothing (AC4-72). Pure.
 */
export type Dialect = "trigger" | "filter"

export const operators = [
  ["is", "is"],
  ["is-not", "is not"],
  ["contains", "contains"],
  ["contains-not", "does not contain"],
  ["starts", "starts with"],
  ["starts-not", "does not start with"],
  ["ends", "ends with"],
  ["ends-not", "does not end with"],
  ["matches", "matches the pattern"],
  ["equals", "is the number"],
  ["equals-not", "is not the number"],
  ["less", "is less than"],
  ["at-most", "is at most"],
  ["more", "is more than"],
  ["at-least", "is at least"],
  ["true", "is true"],
  ["false", "is false"],
  ["exists", "exists"],
  ["exists-not", "does not exist"]
] as const

export type Operator = (typeof operators)[number][0]

export interface Condition {
  readonly path: string
  readonly operator: Operator
  /** Empty for operators that compare with nothing. */
  readonly value: string
}

export interface Group {
  readonly match: "all" | "any"
  readonly conditions: ReadonlyArray<Condition>
}

/** Filters have only what DST-62 lists, and pattern instead of starts and ends. */
const ofFilters = new Set<Operator>([
  "is",
  "is-not",
  "contains",
  "contains-not",
  "matches",
  "equals",
  "equals-not",
  "true",
  "false",
  "exists",
  "exists-not"
])

export const operatorsOf = (dialect: Dialect) =>
  operators.filter(([operator]) => (dialect === "filter" ? ofFilters.has(operator) : operator !== "matches"))

const bare = new Set<Operator>(["true", "false", "exists", "exists-not"])
export const takesValue = (operator: Operator): boolean => !bare.has(operator)

const numeric: Readonly<Partial<Record<Operator, string>>> = {
  equals: "=",
  "equals-not": "!=",
  less: "<",
  "at-most": "<=",
  more: ">",
  "at-least": ">="
}
export const takesNumber = (operator: Operator): boolean => numeric[operator] !== undefined

const number = String.raw`[+-]?\d+(?:\.\d+)?`
const isNumber = new RegExp(`^${number}$`)
const segment = String.raw`(?:[\w-]|\\.)+`
const path = String.raw`(${segment}(?:\.${segment})*)`
const isPath = new RegExp(`^${path}$`)

/** A path as one types it, with its blanks escaped (FQL-12). */
export const escapedPath = (typed: string): string => typed.trim().replaceAll(/(?<!\\)[^\w.\-\\]/g, "\\$&")

export const conditionProblem = ({ path, operator, value }: Condition, dialect: Dialect): string | undefined => {
  if (!isPath.test(escapedPath(path))) return "A field is needed, e.g. properties.plan."
  if (path.includes(".$.")) return "Items of a list cannot be named."
  if (!takesValue(operator)) return undefined
  if (takesNumber(operator)) return isNumber.test(value.trim()) ? undefined : "A number is needed."
  if (value === "" && operator !== "is" && operator !== "is-not") return "A text is needed."
  if (dialect === "trigger" && /["~]/.test(value)) return 'Neither " nor ~ can stand in a trigger.'
  if (/^(?:starts|ends)/.test(operator) && /[*?[\\]/.test(value)) return "None of * ? [ \\ can stand here."
  return value.includes("'") && value.includes('"') ? "Both kinds of quotes in one text cannot be said." : undefined
}

const quoted = (value: string, dialect: Dialect): string =>
  dialect === "trigger" || value.includes("'") ? `"${value}"` : `'${value}'`

const call = (name: string, P: string, text: string, dialect: Dialect): string =>
  dialect === "trigger" ? `${name}(${P}, ${text})` : `${name}( ${P}, ${text} )`

const textOf = ({ path: typed, operator, value }: Condition, dialect: Dialect): string => {
  const P = escapedPath(typed)
  const sign = numeric[operator]
  if (sign !== undefined) return `${P} ${sign} ${value.trim()}`
  const not = operator.endsWith("-not") ? "!" : ""
  switch (operator) {
    case "is":
      return `${P} = ${quoted(value, dialect)}`
    case "is-not":
      return `${P} != ${quoted(value, dialect)}`
    case "contains":
    case "contains-not":
      return `${not}${call("contains", P, quoted(value, dialect), dialect)}`
    case "starts":
    case "starts-not":
      return `${not}${call("match", P, quoted(`${value}*`, dialect), dialect)}`
    case "ends":
    case "ends-not":
      return `${not}${call("match", P, quoted(`*${value}`, dialect), dialect)}`
    case "matches":
      return call("match", P, quoted(value, dialect), dialect)
    case "exists":
      return `${P} != null`
    case "exists-not":
      return `${P} = null`
    default:
      return `${P} = ${operator}`
  }
}

export const textOfGroup = ({ match, conditions }: Group, dialect: Dialect): string =>
  conditions.map((condition) => textOf(condition, dialect)).join(match === "all" ? " and " : " or ")

const comparison = new RegExp(
  String.raw`^${path}\s*(=|!=|<=|>=|<|>)\s*(?:"([^"]*)"|'([^']*)'|(${number})|(true|false|null))$`
)
const calling = new RegExp(String.raw`^(!)?(contains|match)\(\s*${path}\s*,\s*(?:"([^"]*)"|'([^']*)')\s*\)$`)

const signs = new Map(Object.entries(numeric).map(([operator, sign]) => [sign, operator as Operator]))

const compared = (found: RegExpExecArray): Condition | undefined => {
  const [, of = "", sign = "", double, single, digits, word] = found
  const text = double ?? single
  if (text !== undefined && (sign === "=" || sign === "!="))
    return { path: of, operator: sign === "=" ? "is" : "is-not", value: text }
  if (digits !== undefined) return { path: of, operator: signs.get(sign)!, value: digits }
  if (word === "null" && (sign === "=" || sign === "!="))
    return { path: of, operator: sign === "=" ? "exists-not" : "exists", value: "" }
  return sign === "=" && (word === "true" || word === "false") ? { path: of, operator: word, value: "" } : undefined
}

const called = (found: RegExpExecArray, dialect: Dialect): Condition | undefined => {
  const [, not, name, of = "", double, single] = found
  const text = double ?? single ?? ""
  const negated = (operator: "contains" | "starts" | "ends"): Operator =>
    not === undefined ? operator : `${operator}-not`
  if (name === "contains") return { path: of, operator: negated("contains"), value: text }
  if (dialect === "filter") return not === undefined ? { path: of, operator: "matches", value: text } : undefined
  const inner = text.replace(/^\*|\*$/, "")
  if (text.length !== inner.length + 1 || /[*?[\\]/.test(inner)) return undefined
  return { path: of, operator: negated(text.endsWith("*") ? "starts" : "ends"), value: inner }
}

const conditionIn = (text: string, dialect: Dialect): Condition | undefined => {
  const compares = comparison.exec(text)
  if (compares !== null) return compared(compares)
  const calls = calling.exec(text)
  return calls === null ? undefined : called(calls, dialect)
}

/** Pieces between the words `and` and `or` that stand in no text; undefined: both words occur. */
const pieces = (text: string): { readonly match: "all" | "any"; readonly parts: ReadonlyArray<string> } | undefined => {
  const parts: Array<string> = []
  const words = new Set<string>()
  let start = 0
  for (const found of text.matchAll(/"[^"]*"|'[^']*'|\s(and|or)\s/g)) {
    if (found[1] === undefined) continue
    parts.push(text.slice(start, found.index).trim())
    words.add(found[1])
    start = found.index + found[0].length
  }
  parts.push(text.slice(start).trim())
  return words.size > 1 ? undefined : { match: words.has("or") ? "any" : "all", parts }
}

const withoutBlanks = (text: string): string =>
  text.replaceAll(/"[^"]*"|'[^']*'|\s+/g, (found) => (/^\s/.test(found) ? "" : `"${found.slice(1, -1)}"`))

/** The group that a text says; undefined: forms cannot say it exactly. */
export const groupIn = (text: string, dialect: Dialect): Group | undefined => {
  const found = pieces(text.trim())
  if (found === undefined) return undefined
  const conditions: Array<Condition> = []
  for (const part of found.parts) {
    const condition = conditionIn(part, dialect)
    if (condition === undefined) return undefined
    conditions.push(condition)
  }
  const group = { match: found.match, conditions }
  return withoutBlanks(textOfGroup(group, dialect)) === withoutBlanks(text) ? group : undefined
}

export const eventTypeNames = ["track", "identify", "page", "screen", "group", "alias"] as const

/** Places that conditions are about; the rest is typed behind its root. */
export const roots: ReadonlyArray<readonly [path: string, title: string]> = [
  ["type", "Event type"],
  ["event", "Event name"],
  ["name", "Page or screen name"],
  ["userId", "User id"],
  ["properties.", "Property"],
  ["traits.", "Trait"],
  ["context.", "Context field"]
]

const words = new Map(operators)

/** A condition as people say it. */
export const conditionText = ({ path, operator, value }: Condition): string => {
  const what = roots.find(([root]) => root === path)?.[1] ?? path.replaceAll("\\", "")
  return `${what} ${words.get(operator)!}${takesValue(operator) ? ` ${value}` : ""}`
}

/** `track, identify or page calls`, where a group asks for nothing else. */
const callsText = ({ match, conditions }: Group): string | undefined => {
  if (!conditions.every(({ path, operator }) => path === "type" && operator === "is")) return undefined
  if (match === "all" && conditions.length > 1) return undefined
  const types = conditions.map(({ value }) => value)
  if (eventTypeNames.every((type) => types.includes(type))) return "every event"
  return `${types.length === 1 ? types[0]! : `${types.slice(0, -1).join(", ")} or ${types.at(-1)!}`} calls`
}

/** A trigger as people say it; as text where it cannot be said so. */
export const triggerWords = (trigger: string | null): string => {
  if (trigger === null || trigger === "") return "you say when"
  const group = groupIn(trigger, "trigger")
  if (group === undefined) return trigger
  return callsText(group) ?? group.conditions.map(conditionText).join(group.match === "all" ? ", and " : ", or ")
}
