/**
 * Asks a GraphQL schema for everything that it can answer: every field that leads to objects, from the roots on, with all texts, numbers
 * and enums of what it leads to. Fields with arguments are asked with those of a table, or with what their types allow.
 */
import {
  getNamedType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField
} from "graphql"

export interface Answer {
  readonly data?: unknown
  readonly errors?: ReadonlyArray<{ readonly message: string; readonly extensions: { readonly code: string } }>
}

type Objects = ReadonlyArray<Readonly<Record<string, unknown>>>

/** Arguments as they are written, by `Type.field`; several: each is asked. */
export type Arguments = Readonly<Record<string, string | ReadonlyArray<string>>>

type Field = GraphQLField<unknown, unknown>

/** Something that the type allows; `named`: what arguments of these names are. */
const literalOf = (type: GraphQLInputType, text: string): string => {
  if (isNonNullType(type)) return literalOf(type.ofType, text)
  if (isListType(type)) return `[${literalOf(type.ofType, text)}]`
  if (isEnumType(type)) return type.getValues()[0]!.name
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields())
    const needed = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField)
    return `{ ${needed.map((field) => `${field.name}: ${literalOf(field.type, text)}`).join(", ")} }`
  }
  const scalars: Readonly<Record<string, string>> = { Int: "1", Float: "1", Boolean: "true", JSON: "{}" }
  return type.name === "DateTime" ? `"2024-01-01T00:00:00.000Z"` : (scalars[type.name] ?? JSON.stringify(text))
}

/** For a field that no table knows: what it needs, made up of `text` where it is not `named`. */
export const anyArguments = (field: Field, named: Readonly<Record<string, string>>, text: string): string =>
  field.args
    .filter(isRequiredArgument)
    .map(({ name, type }) => `${name}: ${named[name] ?? literalOf(type, text)}`)
    .join(", ")

/** Its fields that lead to no objects and need no arguments. */
export const leavesOf = (type: GraphQLObjectType): string =>
  Object.values(type.getFields())
    .filter((field) => !isCompositeType(getNamedType(field.type)) && !field.args.some(isRequiredArgument))
    .map(({ name }) => name)
    .join(" ") || "__typename"

interface Way {
  readonly steps: ReadonlyArray<{ readonly field: string; readonly text: string }>
  readonly type: GraphQLObjectType
}

/** Ways to one type, each by another field: what is not there on the first may be on the next. */
const mostWays = 2

/** Objects that the way leads to in an answer. */
const objectsAt = (data: unknown, fields: ReadonlyArray<string>): Objects => {
  const [field, ...rest] = fields
  const all = (Array.isArray(data) ? data : [data]).filter((each) => typeof each === "object" && each !== null)
  if (field === undefined) return all
  return all.flatMap((each: Readonly<Record<string, unknown>>) => objectsAt(each[field], rest))
}

export const askEverything = async (options: {
  readonly schema: GraphQLSchema
  readonly args: Arguments
  /** Arguments of these names, for fields that are not in `args`. */
  readonly named: Readonly<Record<string, string>>
  readonly ask: (query: string) => Promise<Answer>
  /** Told of every question, of the type that it asks for and of the objects in the answer. */
  readonly told: (query: string, type: GraphQLObjectType, objects: Objects) => Promise<void>
}): Promise<{ readonly reached: ReadonlySet<string>; readonly problems: ReadonlyArray<string> }> => {
  const { schema, args, named, ask, told } = options
  const problems: Array<string> = []
  const ways = new Map<string, number>()
  const reached = new Set<string>()

  const calls = (name: string, field: Field): ReadonlyArray<string> => {
    const given = args[name]
    if (given !== undefined) return [given].flat().map((text) => `${field.name}(${text})`)
    const made = anyArguments(field, named, "nothing")
    return [made === "" ? field.name : `${field.name}(${made})`]
  }

  const queue: Array<Way> = [{ steps: [], type: schema.getQueryType()! }]
  const follow = async (way: Way, field: Field): Promise<void> => {
    const type = getNamedType(field.type)
    const edge = `${way.type.name}.${field.name}`
    if (!isObjectType(type) || reached.has(edge)) return
    for (const text of calls(edge, field)) {
      const steps = [...way.steps, { field: field.name, text }]
      const query = `query { ${steps.map((step) => step.text).join(" { ")} { ${leavesOf(type)} }${" }".repeat(steps.length)}`
      const { data, errors } = await ask(query)
      const path = steps.map((step) => step.field)
      const objects = objectsAt(data, path)
      const code = errors?.[0]!.extensions.code
      // Another way is shorter.
      if (code === "COST_LIMIT" || code === "DEPTH_LIMIT") continue
      // What is made up may name nothing.
      if (code !== undefined && args[edge] !== undefined) problems.push(`${query}: ${errors![0]!.message}`)
      await told(query, type, objects)
      if (objects.length === 0) continue
      reached.add(edge)
      const known = ways.get(type.name) ?? 0
      if (known < mostWays) queue.push({ steps, type })
      ways.set(type.name, known + 1)
    }
  }
  for (const way of queue) await Promise.all(Object.values(way.type.getFields()).map((field) => follow(way, field)))
  return { reached, problems }
}
