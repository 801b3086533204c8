/**
 * The OpenAPI 3.1 document (ADM-20), made from the declarations that requests are decoded with, and told what HttpApi does not know of
 * how they are served: lists and objects in queries (ADM-12), members that are ignored (ADM-18), one shape of every failure (ADM-14).
 */
import { Context } from "effect"
import { HttpApi, type HttpApiGroup, OpenApi } from "effect/http-api"
import { version } from "../version.ts"
import { Versions, WithoutToken } from "./group.ts"
import { jsonText } from "./json-text.ts"

const description = `Shapes and routes are those of Segment's Public API, so its clients work unchanged; routes of our own stand beside them.
Members that are not known are ignored. Every failure has the shape of \`Errors\`.`

type Json = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** Members that a schema does not name are ignored, not refused. */
const opened = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(opened)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => key !== "additionalProperties" || member !== false)
      .map(([key, member]) => [key, opened(member)])
  )
}

/** What is sent as text in an address, by what it is decoded to. */
const typed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(typed)
  if (!isObject(value)) return value
  if (value["type"] === "string" && typeof value["pattern"] === "string" && value["pattern"].startsWith("^[+-]?"))
    return { type: "number" }
  if (value["type"] === "string" && JSON.stringify(value["enum"]) === '["true","false"]') return { type: "boolean" }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, typed(member)]))
}

const parameterOf = (value: unknown): unknown => {
  if (!isObject(value)) return value
  const schema = typed(value["schema"])
  const nested = value["in"] === "query" && isObject(schema) && schema["type"] === "object"
  return { ...value, schema, ...(nested ? { style: "deepObject", explode: true } : undefined) }
}

const text = { type: "string" }
const errors = {
  type: "object",
  required: ["errors"],
  properties: {
    errors: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["type", "message", "status"],
        properties: { type: text, message: text, field: text, status: { type: "integer" }, data: { type: "object" } }
      }
    }
  }
}
const failure = {
  description: "Failure",
  content: { "application/json": { schema: { $ref: "#/components/schemas/Errors" } } }
}

export const openApiText = (groups: ReadonlyArray<HttpApiGroup.Top>, base: string): string => {
  const [first, ...others] = groups
  const api = HttpApi.make("braid").add(first!, ...others)
  const document = OpenApi.fromApi(
    api.annotateMerge(
      OpenApi.annotations({ title: "Braid Public API", version, description, servers: [{ url: base }] })
    )
  )
  const annotations = new Map(
    groups.flatMap(({ endpoints }) => Object.values(endpoints).map((each) => [each.identifier, each.annotations]))
  )
  const operationOf = (operation: unknown): unknown => {
    if (!isObject(operation)) return operation
    const { security: _security, parameters, responses, ...rest } = operation
    const known = annotations.get(String(operation["operationId"])) ?? Context.empty()
    return {
      ...rest,
      parameters: Array.isArray(parameters) ? parameters.map(parameterOf) : [],
      responses: { ...(isObject(responses) ? responses : {}), default: failure },
      ...(Context.get(known, WithoutToken) ? { security: [] } : undefined),
      "x-versions": Context.get(known, Versions)
    }
  }
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, operationOf(operation)]))
    ])
  )
  const components = {
    schemas: { ...document.components.schemas, Errors: errors },
    securitySchemes: { token: { type: "http", scheme: "bearer" } }
  }
  return jsonText(opened({ ...document, paths, components, security: [{ token: [] }] }))
}
