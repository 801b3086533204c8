/**
 * What the forms build: one flat group of conditions, ALL or ANY, and the statements that they save - FQL of a filter (DST-62),
 * a trigger of a mapping (DST-86) - and back. What no form can show is undefined: it is edited as text.
 */
import type { Node } from "../../fql/ast.ts"
import { FqlProblem } from "../../fql/ast.ts"
import { parse } from "../../fql/parser.ts"
import { normaliseTrigger } from "../../catalog/trigger-text.ts"

export type Operator =
  | "is"
  | "is_not"
  | "less"
  | "less_or_equal"
  | "greater"
  | "greater_or_equal"
  | "contains"
  | "not_contains"
  | "starts_with"
  | "not_starts_with"
  | "ends_with"
  | "not_ends_with"
  | "glob"
  | "exists"
  | "not_exists"

export interface Condition {
  /** `type`, `event`, `properties.plan.name` */
  readonly path: string
  readonly operator: Operator
  readonly value?: string | number | boolean
}

export interface ConditionGroup {
  readonly match: "all" | "any"
  /** The statement is `!( … )`: "only send" (DST-55). */
  readonly negated: boolean
  /** Empty: every event (`all`). */
  readonly conditions: ReadonlyArray<Condition>
}

/** `filter`: globs, single quotes. `trigger`: texts at the start or the end, double quotes. */
export type Dialect = "filter" | "trigger"

const comparisons = { less: "<", less_or_equal: "<=", greater: ">", greater_or_equal: ">=" } as const

/** A text that no quotes can hold is no literal. */
const literal = (value: string | number | boolean, dialect: Dialect): string | undefined => {
  if (typeof value !== "string") return String(value)
  if (!value.includes('"') && (dialect === "trigger" || value.includes("'"))) return `"${value}"`
  return value.includes("'") || dialect === "trigger" ? undefined : `'${value}'`
}

const patterns: Partial<Record<Operator, (value: string) => string>> = {
  starts_with: (value) => `${value}*`,
  ends_with: (value) => `*${value}`,
  glob: (value) => value
}

const written = ({ operator, path, value }: Condition, dialect: Dialect): string | undefined => {
  if (operator === "exists" || operator === "not_exists") return `${path} ${operator === "exists" ? "!=" : "="} null`
  const positive = operator.replace("not_", "") as Operator
  const not = positive === operator ? "" : "!"
  const pattern = patterns[positive]
  const given = pattern === undefined || value === undefined ? value : pattern(String(value))
  const text = given === undefined ? undefined : literal(given, dialect)
  if (text === undefined) return undefined
  if (pattern !== undefined || positive === "contains") {
    const name = pattern === undefined ? "contains" : "match"
    return dialect === "filter" ? `${not}${name}( ${path}, ${text} )` : `${not}${name}(${path}, ${text})`
  }
  if (operator === "is" || operator === "is_not") return `${path} ${operator === "is" ? "=" : "!="} ${text}`
  return operator in comparisons ? `${path} ${comparisons[operator as keyof typeof comparisons]} ${text}` : undefined
}

/** Undefined when a condition cannot be written. */
export const statementOf = (group: ConditionGroup, dialect: Dialect): string | undefined => {
  const parts = group.conditions.map((condition) => written(condition, dialect))
  if (parts.includes(undefined)) return undefined
  const text = parts.length === 0 ? "all" : parts.join(group.match === "all" ? " and " : " or ")
  return group.negated ? `!( ${text} )` : text
}

type Compare = Extract<Node, { kind: "compare" }>

const compared = ({ left, op, right }: Compare, path: string): Condition | undefined => {
  if (right.kind !== "literal" || left.kind !== "path") return undefined
  const { value } = right
  const order = Object.entries(comparisons).find(([, sign]) => sign === op)?.[0]
  if (order !== undefined)
    return typeof value === "number" ? { path, operator: order as keyof typeof comparisons, value } : undefined
  if (op !== "=" && op !== "!=") return undefined
  if (value === null) return { path, operator: op === "=" ? "not_exists" : "exists" }
  return { path, operator: op === "=" ? "is" : "is_not", value }
}

const called = (call: Extract<Node, { kind: "call" }>, path: string, dialect: Dialect): Condition | undefined => {
  const [, second] = call.args
  if (second?.kind !== "literal" || typeof second.value !== "string") return undefined
  const { value } = second
  if (call.name === "contains") return { path, operator: "contains", value }
  if (call.name !== "match") return undefined
  if (dialect === "filter") return { path, operator: "glob", value }
  if (/^[^*?[\\]*\*$/.test(value)) return { path, operator: "starts_with", value: value.slice(0, -1) }
  return /^\*[^*?[\\]*$/.test(value) ? { path, operator: "ends_with", value: value.slice(1) } : undefined
}

const negations: Partial<Record<Operator, Operator>> = {
  contains: "not_contains",
  starts_with: "not_starts_with",
  ends_with: "not_ends_with"
}

const pathText = (node: Node | undefined): string | undefined =>
  node?.kind === "path" ? node.segments.map((name) => name.replace(/[^A-Za-z0-9_-]/gu, "\\$&")).join(".") : undefined

const conditionOf = (node: Node, dialect: Dialect): Condition | undefined => {
  if (node.kind === "not") {
    const inner = node.of.kind === "call" ? conditionOf(node.of, dialect) : undefined
    const operator = inner === undefined ? undefined : negations[inner.operator]
    return operator === undefined ? undefined : { ...inner!, operator }
  }
  if (node.kind !== "compare" && node.kind !== "call") return undefined
  const path = pathText(node.kind === "compare" ? node.left : node.args[0])
  if (path === undefined) return undefined
  return node.kind === "compare" ? compared(node, path) : called(node, path, dialect)
}

const groupOf = (node: Node, dialect: Dialect): ConditionGroup | undefined => {
  if (node.kind === "all") return { match: "all", negated: false, conditions: [] }
  const isGroup = node.kind === "and" || node.kind === "or"
  const conditions = (isGroup ? node.of : [node]).map((each) => conditionOf(each, dialect))
  if (!conditions.includes(undefined))
    return {
      match: node.kind === "or" ? "any" : "all",
      negated: false,
      conditions: conditions as ReadonlyArray<Condition>
    }
  const inner = node.kind === "not" && dialect === "filter" ? groupOf(node.of, dialect) : undefined
  return inner === undefined || inner.negated ? undefined : { ...inner, negated: true }
}

/** Undefined when a form would not give back the very statement (DST-65). */
export const conditionsOf = (statement: string, dialect: Dialect): ConditionGroup | undefined => {
  let node: Node
  try {
    node = parse(statement)
  } catch (error) {
    if (error instanceof FqlProblem) return undefined
    throw error
  }
  const group = groupOf(node, dialect)
  const again = group === undefined ? undefined : statementOf(group, dialect)
  return again !== undefined && normaliseTrigger(again) === normaliseTrigger(statement) ? group : undefined
}
