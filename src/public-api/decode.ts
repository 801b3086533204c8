/** From what was sent to what a handler is asked: every problem told with its place (ADM-15), what is not known told, too (ADM-18). */
import { Result, Schema, SchemaIssue } from "effect"
import type { HttpApiEndpoint } from "effect/http-api"
import { type FieldProblem, invalid } from "./problem.ts"
import { queryOf } from "./query.ts"

const mostProblems = 50
const mostIgnored = 20

const fieldOf = (path: ReadonlyArray<unknown>): string =>
  path.reduce<string>((text, part) => {
    const key = typeof part === "object" && part !== null && "key" in part ? part.key : part
    if (typeof key === "number") return `${text}[${key}]`
    return text === "" ? String(key) : `${text}.${String(key)}`
  }, "")

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "MissingKey") return "is required"
    return SchemaIssue.defaultLeafHook(issue).replace(/^Expected/, "must be")
  },
  checkHook: (issue) => SchemaIssue.defaultCheckHook(issue)?.replace(/^Expected/, "must be")
})

const problemsOf = (issue: SchemaIssue.Issue): ReadonlyArray<FieldProblem> =>
  format(issue)
    .issues.slice(0, mostProblems)
    .map(({ path = [], message }) => {
      const field = fieldOf(path)
      const said = message.replace(/^Expected/, "must be")
      return { field, message: field === "" ? `The body ${said}` : `"${field}" ${said}` }
    })

type Decoder = (value: unknown) => unknown

const decoderOf = (schema: Schema.Top): Decoder => {
  // Schemas of the Public API need no services to decode.
  const decode = Schema.decodeUnknownResult(schema as Schema.Decoder<unknown>, { errors: "all" })
  return (value) => {
    const result = decode(value)
    if (Result.isSuccess(result)) return result.success
    throw invalid(problemsOf(result.failure.issue))
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** Paths of members that were sent and are not in what was decoded. */
const ignoredIn = (sent: unknown, decoded: unknown, path: string, into: Array<string>): void => {
  if (!isObject(sent) || !isObject(decoded) || sent === decoded || into.length >= mostIgnored) return
  for (const [key, value] of Object.entries(sent)) {
    const name = encodeURIComponent(key.toWellFormed())
    const at = Array.isArray(sent) ? `${path}[${key}]` : path === "" ? name : `${path}.${name}`
    if (!Object.hasOwn(decoded, key)) {
      if (into.length < mostIgnored) into.push(at.slice(0, 100))
    } else ignoredIn(value, decoded[key], at, into)
  }
}

export interface Sent {
  readonly params: Readonly<Record<string, string>>
  readonly search: string
  /** Undefined: no body. */
  readonly body: unknown
}

export interface Decoded {
  readonly params: unknown
  readonly query: unknown
  readonly payload: unknown
  readonly ignored: ReadonlyArray<string>
}

type Declared = Pick<HttpApiEndpoint.Top, "method" | "params" | "query" | "payload">

/** Throws a `PublicApiProblem`. */
export const makeDecode = (endpoint: Declared): ((sent: Sent) => Decoded) => {
  const { params, query } = endpoint
  const [body] = endpoint.method === "GET" ? [] : [...endpoint.payload.values()].flatMap(({ schemas }) => [...schemas])
  const decodeParams = params === undefined ? undefined : decoderOf(params)
  const decodeQuery = query === undefined ? undefined : decoderOf(query)
  const decodeBody = body === undefined ? undefined : decoderOf(body)
  return (sent) => {
    const ignored: Array<string> = []
    const payload = decodeBody?.(sent.body ?? {})
    if (decodeBody !== undefined) ignoredIn(sent.body, payload, "", ignored)
    return {
      params: decodeParams?.(sent.params),
      query: decodeQuery?.(queryOf(sent.search, query!, endpoint.method === "GET" ? sent.body : undefined)),
      payload,
      ignored
    }
  }
}
