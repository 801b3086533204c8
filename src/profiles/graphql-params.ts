/**
 * What a GraphQL request asks: query, variables, name of the operation, from the body of a POST, the message of a socket, or the
 * address of a GET for a persisted query (PRO-60). Sizes and shapes are checked here, before anything is parsed as GraphQL.
 */
import { graphqlError } from "./graphql-errors.ts"

/** Of the query text, and of the whole body with its variables. */
const maxQueryBytes = 256 * 1024
export const maxBodyBytes = 1024 * 1024
/** Deeper variables overflow the stack of whoever walks them. */
const maxVariableNesting = 100

export interface Params {
  readonly query: string
  readonly variables?: Record<string, unknown>
  readonly operationName?: string
}

/** A request whose query may be one that was sent before. */
export interface Asked extends Omit<Params, "query"> {
  readonly query: string | undefined
  /** SHA-256 of the query, in hex. */
  readonly hash: string | undefined
}

const invalid = (message: string) => graphqlError("VALIDATION_FAILED", message, 400)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Whether brackets of the JSON text nest deeper, outside strings. */
export const nestsTooDeeply = (json: Uint8Array): boolean => {
  let depth = 0
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]!
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxVariableNesting) return true
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return false
}

/** The JSON value. Throws a `GraphQLError`. */
const parseJson = (bytes: Uint8Array, what: string): unknown => {
  if (nestsTooDeeply(bytes)) throw invalid(`${what} is nested over ${maxVariableNesting} levels.`)
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    throw invalid(`${what} is not JSON.`)
  }
}

/** `version` is that of the protocol, of which there is one. */
const hashIn = (extensions: unknown): string | undefined => {
  const persisted = isObject(extensions) ? extensions["persistedQuery"] : undefined
  if (persisted === undefined || persisted === null) return undefined
  const { version, sha256Hash } = isObject(persisted) ? persisted : {}
  if (version !== 1) throw invalid("`persistedQuery.version` must be 1.")
  if (typeof sha256Hash !== "string" || !/^[0-9a-f]{64}$/.test(sha256Hash))
    throw invalid("`persistedQuery.sha256Hash` must be the SHA-256 of the query in lower-case hex.")
  return sha256Hash
}

/** What the members of a request say. Throws a `GraphQLError`. */
export const askedBy = (body: unknown): Asked => {
  if (Array.isArray(body)) throw invalid("Send one operation in a request: lists of them are not taken.")
  if (!isObject(body))
    throw invalid("The request must be a JSON object with `query`, and `variables` and `operationName` if wanted.")
  const { query, variables, operationName, extensions } = body
  const hash = hashIn(extensions)
  const hasQuery = query !== undefined && query !== null
  if (hasQuery ? typeof query !== "string" : hash === undefined) throw invalid("`query` must be the text of the query.")
  if (hasQuery && Buffer.byteLength(query as string) > maxQueryBytes)
    throw invalid(`The query is larger than ${maxQueryBytes} bytes.`)
  const noVariables = variables === undefined || variables === null
  if (!noVariables && !isObject(variables)) throw invalid("`variables` must be an object.")
  const noName = operationName === undefined || operationName === null
  if (!noName && typeof operationName !== "string") throw invalid("`operationName` must be a string.")
  return {
    query: hasQuery ? (query as string) : undefined,
    hash,
    ...(noVariables ? undefined : { variables }),
    ...(noName ? undefined : { operationName })
  }
}

/** What a body says. Throws a `GraphQLError`. */
export const askedIn = (bytes: Uint8Array): Asked => askedBy(parseJson(bytes, "The body"))

/** What the address of a GET says: `extensions` with the hash, `variables`, `operationName`. Throws a `GraphQLError`. */
export const askedAt = (url: string): Asked => {
  const { searchParams } = new URL(url, "http://localhost")
  const json = (name: string): unknown => {
    const text = searchParams.get(name)
    return text === null || text === "" ? undefined : parseJson(Buffer.from(text), `\`${name}\``)
  }
  if (searchParams.has("query")) throw invalid("Send the text of a query with POST; GET is for persisted queries.")
  return askedBy({
    variables: json("variables"),
    operationName: searchParams.get("operationName") ?? undefined,
    extensions: json("extensions")
  })
}
