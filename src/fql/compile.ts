/** From a tree to a function of the event: parsed once, asked per event, with nothing allocated on the way. */
import type { Comparison, Node } from "./ast.ts"
import { functions } from "./functions.ts"
import { equal, FqlError, typeOf, type Value } from "./values.ts"

export type Evaluate = (event: Value) => Value

/** Names of the documentation for members of the message (FQL-13). */
const aliases: Readonly<Record<string, string>> = {
  received_at: "receivedAt",
  sent_at: "sentAt",
  original_timestamp: "originalTimestamp"
}

const index = /^[0-9]+$/

/** Missing is null, and so is everything below it (FQL-11). */
const member = (value: Value, segment: string): Value => {
  if (typeof value !== "object" || value === null) return null
  if (Array.isArray(value))
    return index.test(segment) ? ((value as ReadonlyArray<Value>)[Number(segment)] ?? null) : null
  return Object.hasOwn(value, segment) ? ((value as Readonly<Record<string, Value>>)[segment] ?? null) : null
}

const pathOf = ([first = "", ...rest]: ReadonlyArray<string>): Evaluate => {
  const alias = Object.hasOwn(aliases, first) ? aliases[first] : undefined
  const root: Evaluate =
    alias === undefined
      ? (event) => member(event, first)
      : (event) =>
          member(event, typeof event === "object" && event !== null && Object.hasOwn(event, first) ? first : alias)
  if (rest.length === 0) return root
  return (event) => {
    let value = root(event)
    for (let i = 0; i < rest.length && value !== null; i++) value = member(value, rest[i]!)
    return value
  }
}

/** Bool, or null for false (FQL-21). */
const truth = (value: Value, what: string): boolean => {
  if (typeof value === "boolean") return value
  if (value === null) return false
  throw new FqlError(`${what} must be true or false, but is a ${typeOf(value)}.`)
}

const ordered = (op: Comparison, a: Value, b: Value): boolean => {
  const comparable =
    (typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string")
  if (!comparable) return false
  switch (op) {
    case "<":
      return (a as string) < (b as string)
    case "<=":
      return (a as string) <= (b as string)
    case ">":
      return (a as string) > (b as string)
    default:
      return (a as string) >= (b as string)
  }
}

const isIn = (value: Value, list: Value): boolean => {
  if (list === null) return false
  if (!Array.isArray(list)) throw new FqlError(`What stands behind \`in\` must be a list, but is a ${typeOf(list)}.`)
  for (const item of list as ReadonlyArray<Value>) if (equal(value, item)) return true
  return false
}

const comparison = (op: Comparison, left: Evaluate, right: Evaluate): Evaluate => {
  if (op === "=") return (event) => equal(left(event), right(event))
  if (op === "!=") return (event) => !equal(left(event), right(event))
  if (op === "in") return (event) => isIn(left(event), right(event))
  return (event) => ordered(op, left(event), right(event))
}

export const compile = (node: Node): Evaluate => {
  switch (node.kind) {
    case "all":
      return () => true
    case "literal": {
      const { value } = node
      return () => value
    }
    case "list": {
      const items = node.items.map(compile)
      if (node.items.every(({ kind }) => kind === "literal")) {
        const constant = items.map((item) => item(null))
        return () => constant
      }
      return (event) => items.map((item) => item(event))
    }
    case "path":
      return pathOf(node.segments)
    case "call": {
      const { apply } = functions[node.name]!
      const [a, b, c] = node.args.map(compile)
      if (c !== undefined) return (event) => apply(a!(event), b!(event), c(event))
      if (b !== undefined) return (event) => apply(a!(event), b(event))
      return (event) => apply(a!(event))
    }
    case "not": {
      const of = compile(node.of)
      return (event) => !truth(of(event), "What stands behind `!`")
    }
    case "and": {
      const of = node.of.map(compile)
      return (event) => {
        for (const part of of) if (!truth(part(event), "A side of `and`")) return false
        return true
      }
    }
    case "or": {
      const of = node.of.map(compile)
      return (event) => {
        for (const part of of) if (truth(part(event), "A side of `or`")) return true
        return false
      }
    }
    case "compare":
      return comparison(node.op, compile(node.left), compile(node.right))
  }
}
