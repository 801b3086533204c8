/**
 * Query parameters in all spellings of ADM-12, as the tree that schemas decode: `pagination[count]=2`, `pagination.count=2`,
 * `groupBy[0]=a`, `groupBy=a&groupBy=b`, `groupBy=a,b`. What is a list and what an object is known from the schema.
 */
import { type Schema, SchemaAST } from "effect"

type Tree = { [key: string]: Tree | string | Array<string> }

const deepest = 8
const mostParameters = 2_000

/** `rules[0][type]` and `rules.0.type` as path; a key without a name is no parameter. */
const pathOf = (key: string): ReadonlyArray<string> => key.replaceAll("]", "").split(/[[.]/).slice(0, deepest)

const asTree = (value: Tree[string] | undefined): Tree => {
  if (value !== undefined && typeof value === "object" && !Array.isArray(value)) return value
  const tree: Tree = Object.create(null)
  return tree
}

const put = (tree: Tree, [key = "", ...rest]: ReadonlyArray<string>, value: string): void => {
  if (rest.length === 0 || (rest.length === 1 && rest[0] === "")) {
    const before = tree[key]
    if (typeof before === "string") tree[key] = [before, value]
    else if (Array.isArray(before)) before.push(value)
    else if (before === undefined) tree[key] = rest.length === 0 ? value : [value]
    return
  }
  const inner = asTree(tree[key])
  tree[key] = inner
  put(inner, rest, value)
}

const treeOf = (search: string): Tree => {
  const tree: Tree = Object.create(null)
  let count = 0
  for (const [key, value] of new URLSearchParams(search)) {
    count += 1
    if (count > mostParameters) break
    const path = pathOf(key)
    if (path[0] !== "") put(tree, path, value)
  }
  return tree
}

const shaped = (value: unknown, ast: SchemaAST.AST | undefined): unknown => {
  if (value === undefined || ast === undefined) return value
  if (SchemaAST.isSuspend(ast)) return shaped(value, ast.thunk())
  if (SchemaAST.isUnion(ast))
    return shaped(
      value,
      ast.types.find((type) => SchemaAST.isArrays(type) || SchemaAST.isObjects(type))
    )
  if (SchemaAST.isArrays(ast)) {
    const items = ast.rest[0]
    if (typeof value === "string") return value.split(",").filter((part) => part !== "")
    if (Array.isArray(value)) return value
    if (typeof value !== "object" || value === null) return value
    const entries = Object.entries(value)
    if (!entries.every(([key]) => /^\d{1,4}$/.test(key))) return value
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => shaped(item, items))
  }
  if (SchemaAST.isObjects(ast) && typeof value === "object" && value !== null && !Array.isArray(value)) {
    const types = new Map(ast.propertySignatures.map(({ name, type }) => [name, type]))
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shaped(member, types.get(key))]))
  }
  return value
}

/** `inBody`: the `pagination` that documentation puts into the body of a GET. */
export const queryOf = (search: string, schema: Schema.Top, inBody: unknown): unknown => {
  const tree: Record<string, unknown> = { ...treeOf(search) }
  if (tree["pagination"] === undefined && typeof inBody === "object" && inBody !== null && "pagination" in inBody) {
    const { pagination } = inBody
    if (typeof pagination === "object" && pagination !== null)
      tree["pagination"] = Object.fromEntries(Object.entries(pagination).map(([key, value]) => [key, String(value)]))
  }
  return shaped(tree, SchemaAST.toEncoded(schema.ast))
}
