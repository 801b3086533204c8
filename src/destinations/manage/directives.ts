/**
 * What a mapping may say (DST-92, DST-94): each directive alone in its object and with what it needs. What Segment's package would refuse at
 * each event is refused when it is saved.
 */
import { isObject } from "../../event/json.ts"
import type { FieldProblem } from "./refused.ts"

const longestLiquid = 1000
const longestReplacement = 10
const maxDepth = 50

type Problem = string | undefined
type Check = (value: unknown) => Problem

const text: Check = (value) => (typeof value === "string" ? undefined : "takes a text")
const anything: Check = () => undefined

const withMembers =
  (needed: ReadonlyArray<string>, more?: (value: Readonly<Record<string, unknown>>) => Problem): Check =>
  (value) => {
    if (!isObject(value)) return `takes an object with ${needed.join(" and ")}`
    const absent = needed.find((key) => !Object.hasOwn(value, key))
    return absent === undefined ? more?.(value) : `needs \`${absent}\``
  }

const oneOf =
  (key: string, ...allowed: ReadonlyArray<string>) =>
  (value: Readonly<Record<string, unknown>>): Problem =>
    allowed.includes(String(value[key])) ? undefined : `needs ${allowed.join(" or ")} as \`${key}\``

const brokenTags = new Set(["for", "include", "layout", "render", "tablerow", "case", "when"])
const brokenFilter =
  /\|\s*((?:map|sort|sort_natural|reverse|concat|uniq|where_exp|array_to_sentence_string|newline_to_br|type)\b|(?:find|group_by|reject|has)\w*)/

const liquid: Check = (value) => {
  if (typeof value !== "string") return "takes a text"
  if (value.length > longestLiquid) return `takes at most ${longestLiquid} characters, not ${value.length}`
  for (const [, words] of value.matchAll(/\{%-?\s*([\s\S]*?)-?%\}/g)) {
    // In a `liquid` tag each line is one.
    const lines = words!.startsWith("liquid") ? words!.split("\n") : [words!]
    const tag = lines
      .map((line) => /^\s*(?:liquid\s+)?(\w+)/.exec(line)?.[1])
      .find((name) => brokenTags.has(name ?? ""))
    if (tag !== undefined) return `cannot have the tag \`${tag}\``
  }
  for (const [, , words] of value.matchAll(/\{([{%])([\s\S]*?)[}%]\}/g)) {
    const name = brokenFilter.exec(words!.replaceAll(/"[^"]*"|'[^']*'/g, '""'))?.[1]
    if (name !== undefined) return `cannot have the filter \`${name}\``
  }
  return undefined
}

const replace = withMembers(["value", "pattern"], (value) => {
  const long = ["pattern", "replacement", "pattern2", "replacement2"].find(
    (key) => String(value[key] ?? "").length > longestReplacement
  )
  return long === undefined ? undefined : `takes at most ${longestReplacement} characters as \`${long}\``
})

const directives: Readonly<Record<string, Check>> = {
  "@path": text,
  "@template": text,
  "@if": (value) =>
    isObject(value) && (Object.hasOwn(value, "exists") || Object.hasOwn(value, "blank"))
      ? undefined
      : "needs `exists` or `blank`",
  "@arrayPath": (value) =>
    Array.isArray(value) && value.length > 0 && value.length <= 2
      ? undefined
      : "takes a list: a path, and what it maps to",
  "@case": withMembers(["operator", "value"], oneOf("operator", "lower", "upper")),
  "@replace": replace,
  "@merge": withMembers(["direction", "objects"], (value) =>
    Array.isArray(value["objects"]) ? oneOf("direction", "left", "right")(value) : "takes a list of `objects`"
  ),
  "@flatten": withMembers(["value"]),
  "@json": withMembers(["mode", "value"], oneOf("mode", "encode", "decode")),
  "@transform": withMembers(["apply", "mapping"]),
  "@excludeWhenNull": anything,
  "@literal": anything,
  "@liquid": liquid
}

const visit = (value: unknown, at: string, depth: number, problems: Array<FieldProblem>): void => {
  const wrong = (message: string) => void problems.push({ field: at, message })
  if (typeof value !== "object" || value === null) return
  if (depth > maxDepth) return wrong(`It is nested deeper than ${maxDepth} levels.`)
  if (Array.isArray(value)) return value.forEach((item, i) => visit(item, `${at}[${i}]`, depth + 1, problems))
  if (!isObject(value)) return
  const keys = Object.keys(value)
  const named = keys.filter((key) => key.startsWith("@"))
  const [name] = named
  if (name === undefined) return keys.forEach((key) => visit(value[key], `${at}.${key}`, depth + 1, problems))
  const check = Object.hasOwn(directives, name) ? directives[name] : undefined
  if (named.length > 1) return wrong(`One directive at a time, not ${named.join(" and ")}.`)
  if (check === undefined)
    return wrong(`There is no directive ${name}. There are: ${Object.keys(directives).join(", ")}.`)
  const extra = keys.find((key) => key !== name && key !== "_metadata")
  if (extra !== undefined) return wrong(`\`${extra}\` cannot stand beside ${name}.`)
  const problem = check(value[name])
  if (problem !== undefined) return wrong(`${name} ${problem}.`)
  if (name !== "@literal") visit(value[name], `${at}.${name}`, depth + 1, problems)
}

/** `leaveOut`: keys that are no fields. */
export const mappingProblems = (
  settings: Readonly<Record<string, unknown>>,
  leaveOut: ReadonlySet<string>
): ReadonlyArray<FieldProblem> => {
  const problems: Array<FieldProblem> = []
  for (const [key, value] of Object.entries(settings))
    if (!leaveOut.has(key)) visit(value, `settings.${key}`, 1, problems)
  return problems
}
