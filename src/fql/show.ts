/** Simple parts of a statement as text again, for proposals in messages; undefined for what would be long. */
import type { Node } from "./ast.ts"

const segment = (name: string): string => name.replace(/[^A-Za-z0-9_-]/gu, "\\$&")

export const show = (node: Node): string | undefined => {
  switch (node.kind) {
    case "literal": {
      const { value } = node
      if (typeof value !== "string") return String(value)
      return value.includes("'") ? `"${value}"` : `'${value}'`
    }
    case "path":
      return node.segments.map(segment).join(".")
    case "call":
    case "list": {
      const parts = (node.kind === "call" ? node.args : node.items).map(show)
      if (parts.includes(undefined)) return undefined
      return node.kind === "call" ? `${node.name}(${parts.join(", ")})` : `[${parts.join(", ")}]`
    }
    default:
      return undefined
  }
}
