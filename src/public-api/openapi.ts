/** The OpenAPI 3.1 document (ADM-20), made from the declarations that requests are decoded with. */
import { HttpApi, type HttpApiGroup, OpenApi } from "effect/http-api"
import { version } from "../version.ts"
import { jsonText } from "./json-text.ts"

const description = `Shapes and routes are those of Segment's Public API, so its clients work unchanged; routes of our own stand beside them.
Every failure is \`{"errors":[{"type","message","field"?,"data"?,"status"}]}\`.`

interface Parameter {
  readonly in: string
  readonly schema: { readonly type?: string }
}

const isParameter = (value: unknown): value is Parameter =>
  typeof value === "object" && value !== null && "in" in value && "schema" in value

/** Says how lists and objects are written in a query (ADM-12). */
const withStyles = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withStyles)
  if (typeof value !== "object" || value === null) return value
  const members = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withStyles(member)]))
  return isParameter(value) && value.in === "query" && value.schema.type === "object"
    ? { ...members, style: "deepObject", explode: true }
    : members
}

export const openApiText = (groups: ReadonlyArray<HttpApiGroup.Top>, base: string): string => {
  const [first, ...others] = groups
  const api = HttpApi.make("braid").add(first!, ...others)
  const document = OpenApi.fromApi(
    api.annotateMerge(
      OpenApi.annotations({ title: "Braid Public API", version, description, servers: [{ url: base }] })
    )
  )
  const security = [{ token: [] }]
  const components = { ...document.components, securitySchemes: { token: { type: "http", scheme: "bearer" } } }
  return jsonText(withStyles({ ...document, components, security }))
}
