/**
 * From text to tree (FQL-1 to FQL-5), tight to loose: `!`, comparison, `and`, `or`. Comparisons do not chain, and
 * `!a = b` is `(!a) = b`.
 */
import { type Comparison, FqlProblem, type Node } from "./ast.ts"
import { check } from "./check.ts"
import { type Token, tokensOf } from "./lexer.ts"

/** Of a statement, in UTF-8. */
export const maxBytes = 5120
const maxDepth = 100

const comparisons = new Set(["=", "!=", ">", ">=", "<", "<=", "in"])

class Parser {
  private readonly tokens: ReadonlyArray<Token>
  private next = 0
  private depth = 0

  constructor(text: string) {
    this.tokens = tokensOf(text)
  }

  statement(): Node {
    const [first, second] = this.tokens
    if (first!.kind === "end") throw new FqlProblem(0, "The statement is empty. `all` stands for every event.")
    if (first!.kind === "path" && second!.kind === "end" && first!.segments.join(".") === "all")
      return { kind: "all", at: first!.at }
    const node = this.or()
    if (this.token.kind !== "end") throw this.unexpected("the end, `and` or `or`")
    return node
  }

  private get token(): Token {
    return this.tokens[this.next]!
  }

  private takes(text: string): boolean {
    const { token } = this
    if (token.kind !== "sign" || token.text !== text) return false
    this.next++
    return true
  }

  private unexpected(expected: string): FqlProblem {
    const { token } = this
    if (token.kind === "path" && token.segments.length === 1) {
      const word = token.segments[0]!
      const meant = word.toLowerCase()
      if (word !== meant && ["and", "or", "in", "true", "false", "null"].includes(meant))
        return new FqlProblem(token.at, `Words are written in lower case: \`${meant}\` instead of \`${word}\`.`)
    }
    const found =
      token.kind === "end"
        ? "the statement ends"
        : token.kind === "string"
          ? `found the text ${JSON.stringify(token.text)}`
          : token.kind === "number"
            ? `found the number ${token.value}`
            : `found \`${token.kind === "path" ? token.segments.join(".") : token.text}\``
    return new FqlProblem(token.at, `Expected ${expected}, but ${found}.`)
  }

  private deeper<A>(inner: () => A): A {
    if (++this.depth > maxDepth)
      throw new FqlProblem(this.token.at, `The statement is nested more than ${maxDepth} deep.`)
    const result = inner()
    this.depth--
    return result
  }

  private or(): Node {
    return this.joined("or", () => this.joined("and", () => this.comparison()))
  }

  private joined(kind: "and" | "or", part: () => Node): Node {
    const { at } = this.token
    const of = [part()]
    while (this.takes(kind)) of.push(part())
    return of.length === 1 ? of[0]! : { kind, at, of }
  }

  private comparison(): Node {
    const left = this.unary()
    const op = this.operator()
    if (op === undefined) return left
    const right = this.unary()
    const node: Node = { kind: "compare", at: left.at, op, left, right }
    if (this.operator() !== undefined) {
      this.next--
      throw new FqlProblem(this.token.at, "Comparisons cannot be chained: join two of them with `and`.")
    }
    return node
  }

  private operator(): Comparison | undefined {
    const { token } = this
    if (token.kind !== "sign" || !comparisons.has(token.text)) return undefined
    this.next++
    return token.text as Comparison
  }

  private unary(): Node {
    const { at } = this.token
    return this.takes("!") ? { kind: "not", at, of: this.deeper(() => this.unary()) } : this.primary()
  }

  private primary(): Node {
    const { token } = this
    const { at } = token
    if (token.kind === "string" || token.kind === "number") {
      this.next++
      return { kind: "literal", at, value: token.kind === "string" ? token.text : token.value }
    }
    if (token.kind === "path") {
      this.next++
      if (!this.takes("(")) return { kind: "path", at, segments: token.segments }
      if (token.segments.length > 1)
        throw new FqlProblem(at, `\`${token.segments.join(".")}\` is no function: names of functions have no dot.`)
      return { kind: "call", at, name: token.segments[0]!, args: this.items(")") }
    }
    if (this.takes("true")) return { kind: "literal", at, value: true }
    if (this.takes("false")) return { kind: "literal", at, value: false }
    if (this.takes("null")) return { kind: "literal", at, value: null }
    if (this.takes("[")) return { kind: "list", at, items: this.items("]") }
    if (this.takes("(")) {
      const inner = this.deeper(() => this.or())
      if (!this.takes(")")) throw this.unexpected("`)`")
      return inner
    }
    throw this.unexpected("a field, a value or `(`")
  }

  /** Up to the closing bracket, which is taken. */
  private items(close: ")" | "]"): ReadonlyArray<Node> {
    if (this.takes(close)) return []
    const items: Array<Node> = []
    do items.push(this.deeper(() => this.or()))
    while (this.takes(","))
    if (!this.takes(close)) throw this.unexpected(`\`,\` or \`${close}\``)
    return items
  }
}

/** The tree of a valid statement; throws `FqlProblem`. */
export const parse = (text: string): Node => {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) throw new FqlProblem(0, `A statement has at most ${maxBytes} bytes; this one has ${bytes}.`)
  const node = new Parser(text).statement()
  check(node)
  return node
}
