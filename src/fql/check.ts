/**
 * What makes a statement invalid although its grammar is right (FQL-5): unknown functions, wrong arguments, parts that have to
 * be true or false and never are.
 */
import { FqlProblem, type Node } from "./ast.ts"
import { functions } from "./functions.ts"
import { show } from "./show.ts"

export const check = (node: Node): void => {
  visit(node)
  if (!canBeBoolean(node))
    throw new FqlProblem(
      node.at,
      "The statement never says yes or no: compare it with something, for example `... = 'x'` or `... > 0`."
    )
}

const canBeBoolean = (node: Node): boolean => {
  switch (node.kind) {
    case "literal":
      return typeof node.value === "boolean" || node.value === null
    case "list":
      return false
    case "call":
      return functions[node.name]!.answers === "bool"
    default:
      return true
  }
}

/** The comparison that a lone value was meant to repeat: in `event = 'A' or 'B'` the first. */
const repeated = (kind: "and" | "or", operands: ReadonlyArray<Node>, place: number): string | undefined => {
  const before = operands.slice(0, place).findLast(({ kind }) => kind === "compare")
  if (before?.kind !== "compare") return undefined
  const [left, right, value] = [show(before.left), show(before.right), show(operands[place]!)]
  if (left === undefined || right === undefined || value === undefined) return undefined
  return `\`${left} ${before.op} ${right} ${kind} ${left} ${before.op} ${value}\``
}

const checkOperand = (kind: "and" | "or", operands: ReadonlyArray<Node>, place: number): void => {
  const operand = operands[place]!
  if (canBeBoolean(operand)) return
  const meant = repeated(kind, operands, place)
  throw new FqlProblem(
    operand.at,
    `Each side of \`${kind}\` must be true or false, and ${shown(operand)} never is. ${meant === undefined ? "Compare it with something, for example `... = 'x'`." : `Say what is compared each time: ${meant}.`}`
  )
}

const shown = (node: Node): string => {
  const text = show(node)
  return text === undefined || text.length > longestShown ? "this part" : `\`${text}\``
}
const longestShown = 80

const visit = (node: Node): void => {
  switch (node.kind) {
    case "call": {
      const known = Object.hasOwn(functions, node.name) ? functions[node.name] : undefined
      if (known === undefined)
        throw new FqlProblem(
          node.at,
          `There is no function \`${node.name}\`. Functions: ${Object.keys(functions).join(", ")}.`
        )
      if (node.args.length !== known.arity)
        throw new FqlProblem(
          node.at,
          `\`${node.name}\` takes ${known.arity} argument${known.arity === 1 ? "" : "s"}, not ${node.args.length}.`
        )
      return node.args.forEach(visit)
    }
    case "list":
      return node.items.forEach(visit)
    case "not":
      visit(node.of)
      if (!canBeBoolean(node.of))
        throw new FqlProblem(
          node.of.at,
          `\`!\` needs something true or false, and ${shown(node.of)} never is. It binds tighter than a comparison: write \`!(a = b)\` or \`a != b\`.`
        )
      return
    case "and":
    case "or":
      node.of.forEach(visit)
      return node.of.forEach((_, place) => checkOperand(node.kind, node.of, place))
    case "compare":
      visit(node.left)
      return visit(node.right)
    default:
  }
}
