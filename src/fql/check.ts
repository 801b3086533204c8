/** What makes a statement invalid although its grammar is right (FQL-5): unknown functions, wrong arguments, never a boolean. */
import { FqlProblem, type Node } from "./ast.ts"
import { functions } from "./functions.ts"

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
      return visit(node.of)
    case "and":
    case "or":
      return node.of.forEach(visit)
    case "compare":
      visit(node.left)
      return visit(node.right)
    default:
  }
}
