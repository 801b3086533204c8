/** Errors of the GraphQL API: every one has a code and the id of its request (PRO-64). */
import { GraphQLError, type GraphQLErrorExtensions } from "graphql"

const errorCodes = [
  "UNAUTHENTICATED",
  "FORBIDDEN",
  "NOT_FOUND",
  "VALIDATION_FAILED",
  "RATE_LIMITED",
  "DEPTH_LIMIT",
  "COST_LIMIT",
  "CONFLICT",
  "RULES_CHANGED",
  "RULES_NOT_EMPTY",
  "CONNECTION_POLICY",
  "SLUG_IMMUTABLE",
  "SPACE_QUOTA",
  "EMPTY_SPLIT",
  "FEATURE_DISABLED",
  "SOURCE_TYPE_UNSUPPORTED",
  "KEY_IN_USE",
  "CYCLE",
  "PERSISTED_QUERY_NOT_FOUND",
  "INTERNAL"
] as const
export type ErrorCode = (typeof errorCodes)[number]

const codes = new Set<unknown>(errorCodes)
export const isErrorCode = (value: unknown): value is ErrorCode => codes.has(value)

/** `status`: of the HTTP answer, for errors that refuse the whole request. */
export const graphqlError = (code: ErrorCode, message: string, status?: number): GraphQLError =>
  new GraphQLError(message, {
    extensions: {
      code,
      ...(status === undefined
        ? undefined
        : { http: { status, ...(status === 429 ? { headers: { "Retry-After": "1" } } : undefined) } })
    }
  })

export interface InputProblem {
  /** Of the member of the input that is wrong, e.g. `identifiers[2].limit`. */
  readonly path: string
  readonly expected: string
}

/** An input that is wrong in several places; a form can show each at its place. */
export const problemsError = (message: string, problems: ReadonlyArray<InputProblem>): GraphQLError =>
  new GraphQLError(message, { extensions: { code: "VALIDATION_FAILED", problems: problems.slice(0, mostProblems) } })

const mostProblems = 50

/** What graphql-js wrapped, as it does with errors of its own when variables have the wrong type. */
const foreignCause = (error: GraphQLError): Error | undefined =>
  error.originalError instanceof GraphQLError ? foreignCause(error.originalError) : error.originalError

/** A code of ours for an error that came from anywhere. Errors of parsing, validation and coercion have none or another. */
const codeOf = (error: GraphQLError): ErrorCode => {
  const { code } = error.extensions
  if (codes.has(code)) return code as ErrorCode
  return foreignCause(error) === undefined || code !== undefined ? "VALIDATION_FAILED" : "INTERNAL"
}

/** The error as the client gets it. `refused`: nothing was executed, so the status says so. */
export const finishError = (error: GraphQLError, requestId: string, refused: boolean): GraphQLError => {
  const code = codeOf(error)
  const http = error.extensions["http"] as { readonly status?: number } | undefined
  const own = codes.has(error.extensions["code"])
  const extensions: GraphQLErrorExtensions = { code, requestId }
  if (own && Array.isArray(error.extensions["problems"])) extensions["problems"] = error.extensions["problems"]
  // Yoga marks errors of parsing with `spec`, which would make them 200 for most clients.
  if (own && http !== undefined) extensions["http"] = { ...http, spec: false }
  else if (refused) extensions["http"] = { status: code === "INTERNAL" ? 500 : http?.status === 405 ? 405 : 400 }
  return new GraphQLError(code === "INTERNAL" && !own ? "Internal error." : error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    originalError: error.originalError ?? null,
    extensions
  })
}
