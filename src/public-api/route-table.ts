/** Which endpoint a method and a path mean; literal parts come before parameters. */
import type { HttpApiEndpoint } from "effect/http-api"
import { problem, type PublicApiProblem } from "./problem.ts"

export interface Place<A> {
  readonly method: string
  /** With `:name` for parameters. */
  readonly path: string
  readonly value: A
}

export interface Found<A> {
  readonly value: A
  readonly params: Readonly<Record<string, string>>
}

interface Node<A> {
  readonly literal: Map<string, Node<A>>
  parameter: Node<A> | undefined
  /** By method, with the names of the parameters on the way. */
  readonly at: Map<string, { readonly value: A; readonly names: ReadonlyArray<string> }>
}

const newNode = <A>(): Node<A> => ({ literal: new Map(), parameter: undefined, at: new Map() })

const partsOf = (path: string): ReadonlyArray<string> => path.split("/").filter((part) => part !== "")

const noRoute = () => problem(404, "not-found", "There is no such route. The routes are listed in openapi.json.")

export const makeRouteTable = <A>(places: ReadonlyArray<Place<A>>) => {
  const root = newNode<A>()
  for (const { method, path, value } of places) {
    let node = root
    const names: Array<string> = []
    for (const part of partsOf(path)) {
      if (part.startsWith(":")) {
        names.push(part.slice(1))
        node.parameter ??= newNode()
        node = node.parameter
      } else {
        const next = node.literal.get(part) ?? newNode<A>()
        node.literal.set(part, next)
        node = next
      }
    }
    if (node.at.has(method)) throw new Error(`Two endpoints answer ${method} ${path}.`)
    node.at.set(method, { value, names })
  }

  const ends = (
    node: Node<A>,
    parts: ReadonlyArray<string>,
    values: ReadonlyArray<string>
  ): ReadonlyArray<readonly [Node<A>, ReadonlyArray<string>]> => {
    const [part, ...rest] = parts
    if (part === undefined) return node.at.size === 0 ? [] : [[node, values]]
    const literal = node.literal.get(part)
    return [
      ...(literal === undefined ? [] : ends(literal, rest, values)),
      ...(node.parameter === undefined ? [] : ends(node.parameter, rest, [...values, part]))
    ]
  }

  /** `path` decoded, in parts. Throws 404 or 405. */
  return (method: string, path: ReadonlyArray<string>): Found<A> => {
    const reached = path.length > 12 ? [] : ends(root, path, [])
    for (const [node, values] of reached) {
      const found = node.at.get(method)
      if (found === undefined) continue
      const params = Object.fromEntries(found.names.map((name, at) => [name, values[at] ?? ""]))
      return { value: found.value, params }
    }
    throw reached.length === 0 ? noRoute() : methodNotAllowed(reached.flatMap(([node]) => [...node.at.keys()]))
  }
}

export const methodNotAllowed = (methods: ReadonlyArray<string>): PublicApiProblem => {
  const allow = [...new Set(methods)].join(", ")
  return problem(405, "method-not-allowed", `Use ${allow}.`, { headers: { Allow: allow } })
}

export const placeOf = <A>({ method, path }: HttpApiEndpoint.Top, value: A): Place<A> => ({ method, path, value })
