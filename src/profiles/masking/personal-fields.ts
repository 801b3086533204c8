/**
 * The one seam where GraphQL answers are masked (PRO-65, AC3-26): every field with a text or JSON, whatever operation it is asked in,
 * is wrapped once the schema is made. `@personal(as: …)` in `graphql/*.graphql` says what the field holds; a field that says nothing
 * and is not in `harmless.ts` is masked as a whole value, so that a new field can be forgotten and still shows nobody.
 */
import {
  defaultFieldResolver,
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLSchema,
  isListType,
  isObjectType,
  isScalarType,
  valueFromASTUntyped
} from "graphql"
import { isMasked } from "../access.ts"
import type { RequestContext } from "../resolvers.ts"
import { harmless } from "./harmless.ts"
import { maskIdentifier, maskKey, maskText, maskValue } from "./mask.ts"
import { maskContext, maskMessage } from "./mask-message.ts"
import { maskReport, maskSentence } from "./mask-report.ts"

type Form = (value: unknown, parent: unknown) => unknown

const text =
  (mask: (text: string, parent: unknown) => string): Form =>
  (value, parent) =>
    typeof value === "string" ? mask(value, parent) : maskValue(value)

const memberOf = (parent: unknown, key: string): unknown =>
  typeof parent === "object" && parent !== null ? Reflect.get(parent, key) : undefined

/** By the names of `PersonalForm` in `graphql/base.graphql`, where each is described. */
export const forms: Readonly<Record<string, Form>> = {
  VALUE: (value) => maskValue(value),
  KEY: text(maskKey),
  IDENTIFIER: text(maskIdentifier),
  MESSAGE: maskMessage,
  CONTEXT: maskContext,
  REPORT: (value) => maskReport(value),
  SENTENCE: text(maskSentence),
  CALL_NAME: text((name, parent) =>
    ["track", "page", "screen"].includes(String(memberOf(parent, "type"))) ? name : maskText(name)
  ),
  TITLE: text((title, parent) => (memberOf(parent, "kind") === "PROFILE" ? maskText(title) : title))
}

type Field = GraphQLField<unknown, RequestContext>

/** Ids, times, numbers and truth values hold nobody's values. */
const plain: ReadonlySet<string> = new Set(["ID", "DateTime", "Int", "Float", "Boolean"])

/** The name of the form; undefined: the field is shown to everybody. */
export const formOf = (type: string, field: Pick<Field, "name" | "type" | "astNode">): string | undefined => {
  const named = getNamedType(field.type)
  if (!isScalarType(named) || plain.has(named.name)) return undefined
  const directive = field.astNode?.directives?.find(({ name }) => name.value === "personal")
  if (directive === undefined) return harmless[type]?.includes(field.name) === true ? undefined : "VALUE"
  const as = directive.arguments?.find(({ name }) => name.value === "as")
  return as === undefined ? "VALUE" : String(valueFromASTUntyped(as.value))
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"

const wrap = (field: Field, form: Form): void => {
  const resolve = field.resolve ?? defaultFieldResolver
  const isList = isListType(getNullableType(field.type))
  field.resolve = (parent, args, context, info) => {
    const found: unknown = resolve(parent, args, context, info)
    if (!isMasked(context.access)) return found
    const hide = (value: unknown): unknown => {
      if (value === null || value === undefined) return value
      return isList && Array.isArray(value) ? value.map((each) => form(each, parent)) : form(value, parent)
    }
    return isPromise(found) ? found.then(hide) : hide(found)
  }
}

/** The same schema, whose personal fields are masked for viewers without PII access. */
export const maskPersonalFields = (schema: GraphQLSchema): GraphQLSchema => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue
    for (const field of Object.values(type.getFields())) {
      const name = formOf(type.name, field)
      if (name !== undefined) wrap(field, forms[name] ?? forms["VALUE"]!)
    }
  }
  return schema
}
