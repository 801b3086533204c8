/** The filter query language as a tree (spec 04 section 5). `at` is an offset into the statement, in UTF-16 units. */

export type Comparison = "=" | "!=" | ">" | ">=" | "<" | "<=" | "in"

export type Node =
  | { readonly kind: "all"; readonly at: number }
  | { readonly kind: "literal"; readonly at: number; readonly value: string | number | boolean | null }
  | { readonly kind: "list"; readonly at: number; readonly items: ReadonlyArray<Node> }
  | { readonly kind: "path"; readonly at: number; readonly segments: ReadonlyArray<string> }
  | { readonly kind: "call"; readonly at: number; readonly name: string; readonly args: ReadonlyArray<Node> }
  | { readonly kind: "not"; readonly at: number; readonly of: Node }
  | { readonly kind: "and" | "or"; readonly at: number; readonly of: ReadonlyArray<Node> }
  | {
      readonly kind: "compare"
      readonly at: number
      readonly op: Comparison
      readonly left: Node
      readonly right: Node
    }

/** Why a text is no statement, and where. Thrown inside the room, an answer outside. */
export class FqlProblem extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}
