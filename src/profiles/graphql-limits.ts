/**
 * What a query may ask for, checked before anything is executed (PRO-62): depth, cost, aliases, references, lengths of lists.
 *
 * - Depth counts nested fields, leaves included. How deep introspection goes is limited by graphql-js itself.
 * - Cost: an object 1, an explanation 50; a connection its page size times the cost of one node (edges and page info are part of it).
 *   A batch of references is read as one, so it costs 1 a reference and a quarter of its children's cost a reference.
 * - Fragments are measured once each, so that nested spreads cannot make the measuring itself expensive.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type FragmentDefinitionNode,
  getNamedType,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  visit
} from "graphql"
import { graphqlError } from "./graphql-errors.ts"

export const maxDepth = 12
export const maxCost = 5_000
const maxAliases = 30
export const maxRefs = 100
/** Items of any other list of a query or subscription: most are looked for in every profile of the answer. */
const maxItems = 1_000
export const defaultPage = 20
const largestPage = 200
/** Fields that read more than an object does. */
const fieldCosts: ReadonlyMap<string, number> = new Map([
  ["Query.explain", 50],
  ["Query.whyNotMerged", 50],
  ["Query.search", 20],
  ["Profile.threads", 50],
  ["Profile.eventWeeks", 10],
  ["HistoryEntry.explanation", 10],
  ["Trait.history", 5],
  ["SourceSchema.events", 50],
  ["SourceSchema.properties", 10],
  ["SourceSchema.traits", 10],
  ["SourceSchema.export", 500]
])

/** Of the schema about itself: a whole answer takes as long as one about many profiles. */
const introspectionCosts: ReadonlyMap<string, number> = new Map([
  ["__schema", 1_000],
  ["__type", 100]
])

export interface Measured {
  readonly cost: number
  readonly depth: number
}

const nothing: Measured = { cost: 0, depth: 0 }

type Variables = Readonly<Record<string, unknown>>

class Meter {
  private readonly schema: GraphQLSchema
  private readonly variables: Variables
  private readonly fragments = new Map<string, FragmentDefinitionNode>()
  private readonly measured = new Map<string, Measured>()
  /** Most references in one argument. */
  refs = 0

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Variables) {
    this.schema = schema
    this.variables = variables
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(definition.name.value, definition)
  }

  selection(set: SelectionSetNode | undefined, parent: GraphQLNamedType | undefined): Measured {
    if (set === undefined || parent === undefined) return nothing
    let cost = 0
    let depth = 0
    for (const selection of set.selections) {
      const part =
        selection.kind === Kind.FIELD
          ? this.field(selection, parent)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? this.fragment(selection.name.value)
            : this.selection(selection.selectionSet, this.typeNamed(selection.typeCondition?.name.value) ?? parent)
      cost += part.cost
      depth = Math.max(depth, part.depth)
    }
    return { cost, depth }
  }

  private typeNamed(name: string | undefined): GraphQLNamedType | undefined {
    const type = name === undefined ? undefined : this.schema.getType(name)
    return isCompositeType(type) ? type : undefined
  }

  private fragment(name: string): Measured {
    let measured = this.measured.get(name)
    if (measured === undefined) {
      const definition = this.fragments.get(name)
      measured = this.selection(definition?.selectionSet, this.typeNamed(definition?.typeCondition.name.value))
      this.measured.set(name, measured)
    }
    return measured
  }

  private field(node: FieldNode, parent: GraphQLNamedType): Measured {
    const name = node.name.value
    if (name.startsWith("__")) return { cost: introspectionCosts.get(name) ?? 0, depth: 0 }
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined
    if (field === undefined) return nothing
    const type = getNamedType(field.type)
    if (isLeafType(type)) return { cost: 0, depth: 1 }
    const child = this.selection(node.selectionSet, type)
    const depth = child.depth + 1
    if (type.name.endsWith("Connection")) return { cost: this.pageSize(node) * Math.max(1, child.cost), depth }
    if (type.name.endsWith("Edge") || type.name === "PageInfo") return { cost: child.cost, depth }
    const refs = this.argument(node, "refs")
    if (refs !== undefined) {
      const count = Array.isArray(refs) ? refs.length : 1
      this.refs = Math.max(this.refs, count)
      return { cost: count + Math.ceil(count / 4) * child.cost, depth }
    }
    const own = fieldCosts.get(`${parent.name}.${name}`) ?? 1
    return { cost: own + this.listSize(field, node) * child.cost, depth }
  }

  /** Of a plain list whose length is given, by a number or by a list of ids; 1 for everything else. */
  private listSize({ args }: GraphQLField<unknown, unknown>, node: FieldNode): number {
    const given = args.find(({ name }) => name === "first" || name === "messageIds")
    if (given === undefined) return 1
    const value = this.argument(node, given.name) ?? given.defaultValue
    const size = Array.isArray(value) ? value.length : value
    return typeof size === "number" ? Math.max(1, size) : defaultPage
  }

  private pageSize(node: FieldNode): number {
    const size = this.argument(node, "first") ?? this.argument(node, "last") ?? defaultPage
    return typeof size === "number" ? Math.min(Math.max(size, 0), largestPage) : defaultPage
  }

  /** Value of an argument as far as it matters here: numbers, and lists by their length. */
  private argument(node: FieldNode, name: string): unknown {
    const value = node.arguments?.find((argument) => argument.name.value === name)?.value
    return value === undefined ? undefined : this.valueOf(value)
  }

  private valueOf(value: ValueNode): unknown {
    switch (value.kind) {
      case Kind.VARIABLE:
        return this.variables[value.name.value] ?? undefined
      case Kind.INT:
        return Number(value.value)
      case Kind.LIST:
        return value.values
      case Kind.NULL:
        return undefined
      default:
        return value
    }
  }
}

const withDefaults = (operation: OperationDefinitionNode, variables: Variables): Variables => {
  const values: Record<string, unknown> = { ...variables }
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value
    if (values[name] !== undefined || defaultValue === undefined) continue
    if (defaultValue.kind === Kind.INT) values[name] = Number(defaultValue.value)
    if (defaultValue.kind === Kind.LIST) values[name] = defaultValue.values
  }
  return values
}

interface Counted {
  readonly aliases: number
  /** Items of the longest list that is written out. */
  readonly items: number
}

/** Documents come from a cache of parsed queries, so most are counted once. */
const counted = new WeakMap<DocumentNode, Counted>()

const countIn = (document: DocumentNode): Counted => {
  const known = counted.get(document)
  if (known !== undefined) return known
  let aliases = 0
  let items = 0
  visit(document, {
    Field: (node) => {
      if (node.alias !== undefined) aliases += 1
    },
    ListValue: ({ values }) => {
      items = Math.max(items, values.length)
    }
  })
  const found = { aliases, items }
  counted.set(document, found)
  return found
}

/** Items of the longest list inside; the value is no deeper than a request may be (`graphql-params.ts`). */
const longestIn = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return 0
  let longest = Array.isArray(value) ? value.length : 0
  for (const each of Object.values(value)) longest = Math.max(longest, longestIn(each))
  return longest
}

/** Of the variables; a JSON variable is bounded by who takes it. */
const longestVariable = ({ variableDefinitions }: OperationDefinitionNode, variables: Variables): number => {
  let longest = 0
  for (const { type, variable } of variableDefinitions ?? []) {
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type
    const isJson = named.kind === Kind.NAMED_TYPE && named.name.value === "JSON"
    if (!isJson) longest = Math.max(longest, longestIn(variables[variable.name.value]))
  }
  return longest
}

/** Cost and depth of an operation of a valid document, or why it is refused. */
export const measure = (
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables
): Measured | GraphQLError => {
  const meter = new Meter(schema, document, withDefaults(operation, variables))
  const measured = meter.selection(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined)
  if (measured.depth > maxDepth)
    return graphqlError("DEPTH_LIMIT", `The query is ${measured.depth} fields deep; at most ${maxDepth}.`, 400)
  if (meter.refs > maxRefs)
    return graphqlError("VALIDATION_FAILED", `There are ${meter.refs} references in \`refs\`; at most ${maxRefs}.`, 400)
  if (measured.cost > maxCost) {
    const advice = "Ask for smaller pages (`first`) or fewer profiles."
    return graphqlError("COST_LIMIT", `The query costs ${measured.cost}; at most ${maxCost}. ${advice}`, 400)
  }
  const { aliases, items } = countIn(document)
  if (aliases > maxAliases)
    return graphqlError("VALIDATION_FAILED", `There are ${aliases} aliases; at most ${maxAliases}.`, 400)
  const longest = operation.operation === "mutation" ? 0 : Math.max(items, longestVariable(operation, variables))
  if (longest > maxItems)
    return graphqlError("VALIDATION_FAILED", `There is a list of ${longest} items; at most ${maxItems}.`, 400)
  return measured
}
