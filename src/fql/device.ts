/**
 * A statement for the engine that runs in browsers (DST-23): a prefix array, `["and", ["=", "type", {"value": "track"}], ...]`.
 *
 * That engine knows less, and knows it otherwise: what is missing is `undefined` there and null here; arguments are paths and values,
 * never calls; texts have no order; a path goes into texts and lists, and finds what every JavaScript object inherits. So some parts are
 * written differently, and a statement that cannot be made to say the same is not translated at all.
 */
import type { Comparison, Node } from "./ast.ts"
import { FqlProblem } from "./ast.ts"
import { parse } from "./parser.ts"

export type DeviceTerm = string | { readonly value: unknown } | ReadonlyArray<DeviceTerm>

export interface DeviceStatement {
  /** Undefined: every event matches. */
  readonly ir: DeviceTerm | undefined
  /** What it reads. */
  readonly paths: ReadonlyArray<ReadonlyArray<string>>
}

/** It cannot be said there. */
class Inexpressible extends Error {}

/** The server may still write these otherwise (FQL-13), or has them alone; the device holds times as dates, not as texts. */
const serverPaths = new Set(["timestamp", "received_at", "sent_at", "original_timestamp"])

/** Members that a path would find in a text, a number, a list or an object of JavaScript although the event has none. */
const inherited: ReadonlySet<string> = new Set(
  [Object, Array, String, Number, Boolean].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype))
)
const ofObjects: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype))

/** Objects in every event of the libraries, so that nothing of a text or a list can be found in them: `context.page.search`. */
const objects = new Set(
  "properties traits integrations context context.page context.campaign context.app context.device context.library context.network context.os context.screen context.location context.traits".split(
    " "
  )
)

const literal = (value: unknown): DeviceTerm => ({ value })
const not = (term: DeviceTerm): DeviceTerm => ["!", term]
const any = (...terms: ReadonlyArray<DeviceTerm>): DeviceTerm => ["or", ...terms]
const all = (...terms: ReadonlyArray<DeviceTerm>): DeviceTerm => ["and", ...terms]
const equals = (left: DeviceTerm, value: unknown): DeviceTerm => ["=", left, literal(value)]
const hasType = (path: DeviceTerm, name: string): DeviceTerm => equals(["typeof", path], name)
const isMissing = (path: DeviceTerm): DeviceTerm => hasType(path, "undefined")
const isNull = (path: DeviceTerm): DeviceTerm => any(equals(path, null), isMissing(path))
const isList = (path: DeviceTerm): DeviceTerm => [">=", ["length", path], literal(0)]

/** Names of `typeof` here, as questions there. A list is an object there. */
const types: ReadonlyMap<string, (path: DeviceTerm) => DeviceTerm> = new Map([
  ["string", (path: DeviceTerm) => hasType(path, "string")],
  ["number", (path: DeviceTerm) => hasType(path, "number")],
  ["bool", (path: DeviceTerm) => hasType(path, "boolean")],
  ["null", isNull],
  ["object", (path: DeviceTerm) => all(hasType(path, "object"), not(equals(path, null)), not(isList(path)))]
])

const mirrored: Readonly<Record<string, Comparison>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" }
const holds: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b
}

const inexpressible = (): never => {
  throw new Inexpressible()
}

class Translator {
  readonly paths: Array<ReadonlyArray<string>> = []

  truth(node: Node): DeviceTerm {
    switch (node.kind) {
      case "and":
      case "or":
        return [node.kind, ...node.of.map((operand) => this.truth(operand))]
      case "not":
        return not(this.truth(node.of))
      case "literal":
        return literal(node.value)
      // What is no boolean is an error here (DST-60) and false there: that the device lets it pass is less than to let everything pass.
      case "path":
        return equals(this.path(node), true)
      case "call":
        return this.call(node)
      case "compare":
        return this.comparison(node.op, node.left, node.right)
      default:
        return inexpressible()
    }
  }

  private path({ segments }: Extract<Node, { kind: "path" }>): string {
    if (serverPaths.has(segments[0]!)) inexpressible()
    for (const [i, segment] of segments.entries()) {
      const isSafe = i === 0 || objects.has(segments.slice(0, i).join("."))
      const foreign = isSafe ? ofObjects : inherited
      if (segment.includes(".") || foreign.has(segment) || (!isSafe && /^[0-9]+$/.test(segment))) inexpressible()
    }
    this.paths.push(segments)
    return segments.join(".")
  }

  /** What a function takes there: a path or a value. */
  private argument(node: Node | undefined): DeviceTerm {
    if (node?.kind === "path") return this.path(node)
    return node?.kind === "literal" ? literal(node.value) : inexpressible()
  }

  private call({ args, name }: Extract<Node, { kind: "call" }>): DeviceTerm {
    const [first, second] = args
    if (name === "contains") return [name, this.argument(first), this.argument(second)]
    if (name === "match" && second?.kind === "literal") return [name, this.argument(first), this.argument(second)]
    return inexpressible()
  }

  private comparison(op: Comparison, left: Node, right: Node): DeviceTerm {
    if (op === "in") return this.membership(left, right)
    if (left.kind === "literal" && right.kind !== "literal") return this.comparison(mirrored[op] ?? op, right, left)
    if (right.kind !== "literal") return inexpressible()
    const { value } = right
    if (left.kind === "call" && left.name === "length") return this.size(op, left, value)
    if (op === "=") return this.equality(left, value)
    if (op === "!=") return not(this.equality(left, value))
    return typeof value === "number" && left.kind === "path" ? [op, this.path(left), literal(value)] : inexpressible()
  }

  private equality(left: Node, value: unknown): DeviceTerm {
    if (left.kind === "path") {
      const path = this.path(left)
      return value === null ? isNull(path) : equals(path, value)
    }
    if (left.kind !== "call") return inexpressible()
    const [argument] = left.args
    if (left.name === "lowercase") return equals([left.name, this.argument(argument)], value)
    if (left.name !== "typeof") return equals(this.call(left), value)
    const ofType = typeof value === "string" ? types.get(value) : undefined
    return ofType !== undefined && argument?.kind === "path" ? ofType(this.path(argument)) : inexpressible()
  }

  /** The length of what is missing is 0 here; there it is no number, for which only `!=` holds. */
  private size(op: Comparison, { args }: Extract<Node, { kind: "call" }>, value: unknown): DeviceTerm {
    const [argument] = args
    if (typeof value !== "number" || argument?.kind !== "path") return inexpressible()
    const path = this.path(argument)
    const asked: DeviceTerm = [op, ["length", path], literal(value)]
    return holds[op]!(0, value) ? any(isMissing(path), asked) : all(not(isMissing(path)), asked)
  }

  private membership(left: Node, right: Node): DeviceTerm {
    if (right.kind !== "list") return inexpressible()
    const values = right.items.map((item) => (item.kind === "literal" ? item.value : inexpressible()))
    if (left.kind !== "path") return any(...values.map((value) => this.comparison("=", left, literalNode(value))))
    const path = this.path(left)
    const asked: DeviceTerm = ["in", path, { value: values.map(literal) }]
    return values.includes(null) ? any(isNull(path), asked) : asked
  }
}

const literalNode = (value: string | number | boolean | null): Node => ({ kind: "literal", at: 0, value })

/** Undefined when it cannot be said there, or is no statement. */
export const deviceStatement = (text: string): DeviceStatement | undefined => {
  const translator = new Translator()
  try {
    const node = parse(text)
    return { ir: node.kind === "all" ? undefined : translator.truth(node), paths: translator.paths }
  } catch (error) {
    if (error instanceof Inexpressible || error instanceof FqlProblem) return undefined
    throw error
  }
}
