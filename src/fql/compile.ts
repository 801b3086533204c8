/**
 * Turns a checked statement into one function of closures: nothing is parsed, looked up by name or allocated per event.
 *
 * A part that has to be true or false answers with an error as a value, which `and`, `or` and `!` hand on. Where such a
 * part is an argument or an element instead, its error is thrown, and caught where the evaluation began.
 */
import type { Comparison, Node } from "./ast.ts"
import { FqlError } from "./error.ts"
import { functions } from "./functions.ts"
import { readerOf, type Value } from "./paths.ts"
import { equal, includes, orders, typeOf, type TypeName } from "./values.ts"

export type Truth = (event: unknown) => boolean | FqlError

const articles: Readonly<Record<TypeName, string>> = {
  string: "a string",
  number: "a number",
  bool: "a bool",
  list: "a list",
  null: "null",
  object: "an object"
}

class Compiler {
  truth(node: Node): Truth {
    switch (node.kind) {
      case "and":
        return all(node.of.map((operand) => this.truth(operand)))
      case "or":
        return some(node.of.map((operand) => this.truth(operand)))
      case "not":
        return not(this.truth(node.of))
      case "compare":
        return this.comparison(node.op, node.left, node.right)
      case "call":
        // These answer nothing but bools.
        if (functions[node.name]!.answers === "bool") return this.value(node) as Truth
    }
    return this.asTruth(node)
  }

  private asTruth(node: Node): Truth {
    const value = this.value(node)
    const wrong = this.wrongType(node, "true, false or null")
    return (event) => {
      const found = value(event)
      return typeof found === "boolean" ? found : found === null ? false : wrong(found)
    }
  }

  private value(node: Node): Value {
    switch (node.kind) {
      case "literal": {
        const { value } = node
        return () => value
      }
      case "path":
        return readerOf(node.segments)
      case "list": {
        if (node.items.every(({ kind }) => kind === "literal")) {
          const list = node.items.map(constantOf)
          return () => list
        }
        const elements = node.items.map((element) => this.value(element))
        return (event) => elements.map((element) => element(event))
      }
      case "call": {
        const args = node.args.map((arg) => this.value(arg))
        return functions[node.name]!.make(args, node.args.map(constantOf))
      }
      default: {
        const truth = this.truth(node)
        return (event) => {
          const answer = truth(event)
          if (typeof answer !== "boolean") throw answer
          return answer
        }
      }
    }
  }

  private comparison(operator: Comparison, left: Node, right: Node): Truth {
    if (operator === "in") return this.membership(left, right)
    const a = this.value(left)
    const b = this.value(right)
    if (operator === "=" || operator === "!=") {
      const constant = constantOf(right)
      if (constant === undefined)
        return operator === "=" ? (event) => equal(a(event), b(event)) : (event) => !equal(a(event), b(event))
      return operator === "=" ? (event) => a(event) === constant : (event) => a(event) !== constant
    }
    const order = orders[operator]
    return (event) => order(a(event), b(event))
  }

  private membership(left: Node, right: Node): Truth {
    const wanted = this.value(left)
    if (right.kind === "list" && right.items.every(({ kind }) => kind === "literal")) {
      const members = new Set(right.items.map(constantOf))
      return (event) => members.has(wanted(event) as string)
    }
    const list = this.value(right)
    const wrong = this.wrongType(right, "a list or null")
    return (event) => {
      const value = wanted(event)
      const found = list(event)
      return Array.isArray(found) ? includes(found, value) : found === null ? false : wrong(found)
    }
  }

  /** Errors are made once for each type that is found: many events may have the same. */
  private wrongType(node: Node, needed: string): (value: unknown) => FqlError {
    const known = new Map<TypeName, FqlError>()
    return (value) => {
      const type = typeOf(value)
      const before = known.get(type)
      if (before !== undefined) return before
      const error = new FqlError(`What stands at column ${node.at + 1} must be ${needed}, but is ${articles[type]}.`)
      known.set(type, error)
      return error
    }
  }
}

/** Undefined when the part is no literal. */
const constantOf = (node: Node): Literal | undefined => (node.kind === "literal" ? node.value : undefined)
type Literal = string | number | boolean | null

const all = (operands: ReadonlyArray<Truth>): Truth => {
  const [first, second] = operands as readonly [Truth, Truth]
  if (operands.length === 2)
    return (event) => {
      const answer = first(event)
      return answer === true ? second(event) : answer
    }
  return (event) => {
    for (const operand of operands) {
      const answer = operand(event)
      if (answer !== true) return answer
    }
    return true
  }
}

const some = (operands: ReadonlyArray<Truth>): Truth => {
  const [first, second] = operands as readonly [Truth, Truth]
  if (operands.length === 2)
    return (event) => {
      const answer = first(event)
      return answer === false ? second(event) : answer
    }
  return (event) => {
    for (const operand of operands) {
      const answer = operand(event)
      if (answer !== false) return answer
    }
    return false
  }
}

const not =
  (operand: Truth): Truth =>
  (event) => {
    const answer = operand(event)
    return typeof answer === "boolean" ? !answer : answer
  }

/** The statement has been checked. */
export const compile = (node: Node): Truth => (node.kind === "all" ? () => true : new Compiler().truth(node))
