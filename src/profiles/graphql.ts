/**
 * The GraphQL Profile API (spec 03 section 2) on graphql-yoga: POST with JSON; a browser that GETs the page gets GraphiQL.
 *
 *     token or session (401) -> 1 unit of the rate -> parse, validate -> limits, the rest of the units (PRO-60) -> execute
 *
 * The console asks at `/console/graphql` with its session instead of a token; sessions have a meter of their own, so that
 * people who look never starve programs.
 *
 * Not here: what can be asked (`graphql/*.graphql`, `resolvers.ts`), what it may cost (`graphql-limits.ts`).
 */
import { Cause, type Context, Effect } from "effect"
import {
  createSourceEventStream,
  execute,
  type ExecutionResult,
  getOperationAST,
  GraphQLError,
  type SubscriptionArgs
} from "graphql"
import { createSchema, createYoga, type Plugin } from "graphql-yoga"
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http"
import { isFromConsole, sessionSecretIn } from "../workspace/session-cookie.ts"
import type { Sessions } from "../workspace/sessions.ts"
import type { AccessToken, Workspace } from "../workspace/workspace.ts"
import { accessOf, allows, spaceOf } from "./access.ts"
import { type Exchange, reply } from "./exchange.ts"
import { problemOf } from "./failures.ts"
import { sendGraphiql } from "./graphiql.ts"
import { type ErrorCode, finishError, graphqlError } from "./graphql-errors.ts"
import { measure } from "./graphql-limits.ts"
import { makeLoaders } from "./loaders.ts"
import { maskPersonalFields } from "./masking/personal-fields.ts"
import { makeDocumentCache, parseQuery } from "./query-parsing.ts"
import type { RateLimit } from "./rate-limit.ts"
import type { ReadModel } from "./read-model.ts"
import type { Services } from "./read-services.ts"
import { readBody } from "./request-body.ts"
import { resolverMaps } from "./resolver-map.ts"
import type { RequestContext } from "./resolvers.ts"
import { sourceNames } from "./rest-resources.ts"
import { readSdl } from "./sdl.ts"

/** Of the query text, and of the whole body with its variables. */
const maxQueryBytes = 256 * 1024
const maxBodyBytes = 1024 * 1024

/** Id or slug of the space that a token of the whole workspace asks about. */
const spaceHeader = "braid-space"

/** Open subscriptions of a process; more are answered 429. */
const mostSubscribers = 2_000

export const consolePath = "/console/graphql"

/** Units of a session in a second. */
const sessionUnits = 100

/** Who asks, and whose meter pays: the space's when that is undefined. */
interface Caller {
  readonly access: AccessToken
  readonly meter: string | undefined
}

interface ServerContext extends RequestContext {
  readonly exchange: Exchange
  /** Takes units of the space's rate. */
  readonly take: (units: number) => boolean
  /** For the next event of a subscription: what was loaded for the one before may have changed. */
  readonly fresh: () => ServerContext
}

/** As `subscribe` of graphql-js, with loaders of its own for each event. */
const subscribeAfresh = async (args: SubscriptionArgs) => {
  const stream = await createSourceEventStream(args)
  if (!(Symbol.asyncIterator in stream)) return stream
  const events = stream[Symbol.asyncIterator]()
  return {
    next: async () => {
      const event = await events.next()
      if (event.done === true) return event
      const contextValue = (args.contextValue as ServerContext).fresh()
      return { done: false, value: await execute({ ...args, rootValue: event.value, contextValue }) }
    },
    return: () => events.return?.() ?? Promise.resolve({ done: true, value: undefined }),
    [Symbol.asyncIterator]() {
      return this
    }
  } as AsyncIterableIterator<ExecutionResult>
}

/** Limits between validation and execution: nothing is executed for a query that is refused. */
const limits = (): Plugin<ServerContext, ServerContext> => {
  let subscribers = 0
  return {
    onParse: ({ setParseFn }) => setParseFn(parseQuery),
    onSubscribe: ({ args, setResultAndStopExecution, setSubscribeFn }) => {
      const operation = getOperationAST(args.document, args.operationName)
      if (operation === null || operation === undefined) return
      const measured = measure(args.schema, args.document, operation, args.variableValues ?? {})
      if (measured instanceof GraphQLError) return setResultAndStopExecution({ errors: [measured] })
      const { res } = args.contextValue.exchange
      if (subscribers >= mostSubscribers) {
        const message = "This process has as many subscribers as it takes. Try again later, or at another process."
        return setResultAndStopExecution({ errors: [graphqlError("RATE_LIMITED", message, 429)] })
      }
      subscribers += 1
      res.once("close", () => {
        subscribers -= 1
      })
      setSubscribeFn(subscribeAfresh)
      args.contextValue.exchange.release()
    },
    onExecute: ({ args, setResultAndStopExecution }) => {
      const operation = getOperationAST(args.document, args.operationName)
      if (operation === null || operation === undefined) return
      const refuse = (error: GraphQLError) => setResultAndStopExecution({ errors: [error] })
      const measured = measure(args.schema, args.document, operation, args.variableValues ?? {})
      if (measured instanceof GraphQLError) return refuse(measured)
      const units = Math.floor(measured.cost / 100)
      if (units > 0 && !args.contextValue.take(units))
        refuse(graphqlError("RATE_LIMITED", "Above the rate limit of this space. Try again in a second.", 429))
    }
  }
}

/** Codes and request ids on every error (PRO-64); what nobody foresaw is logged and hidden. */
const errors = (context: Context.Context<never>): Plugin<ServerContext, ServerContext> => ({
  onResultProcess: ({ result, serverContext }) => {
    if (!("errors" in result) || result.errors === undefined) return
    const { requestId } = serverContext.exchange
    const refused = !("data" in result)
    const finished = result.errors.map((error) => finishError(error as GraphQLError, requestId, refused))
    for (const { extensions, originalError } of finished)
      if (extensions["code"] === "INTERNAL" && originalError !== undefined)
        Effect.runForkWith(context)(problemOf(Cause.die(originalError), requestId))
    Object.assign(result, { errors: finished })
  }
})

const refuse = (exchange: Exchange, status: number, code: ErrorCode, message: string, headers?: OutgoingHttpHeaders) =>
  reply(exchange, status, { errors: [{ message, extensions: { code, requestId: exchange.requestId } }] }, headers)

export const makeGraphql = (options: {
  readonly model: ReadModel
  readonly services: Services
  readonly workspace: Workspace["Service"]
  readonly sessions: Sessions["Service"]
  readonly publicUrl: string
  readonly rateLimit: RateLimit
  /** Too many requests wait for the stores. */
  readonly busy: () => boolean
  readonly context: Context.Context<never>
}): ((exchange: Exchange) => void) => {
  const { model, services, workspace, sessions, publicUrl, rateLimit, busy, context } = options
  const sources = sourceNames(workspace)
  const yoga = createYoga<ServerContext>({
    schema: maskPersonalFields(createSchema<ServerContext>({ typeDefs: [...readSdl()], resolvers: resolverMaps })),
    plugins: [limits(), errors(context)],
    // Yoga would keep a thousand of any size, and those that are wrong, too.
    parserAndValidationCache: {
      documentCache: makeDocumentCache(),
      errorCache: { get: () => undefined, set: () => {} }
    },
    maskedErrors: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    batching: false,
    multipart: false,
    maxRequestBodySize: false,
    logging: false
  })

  /** Undefined: refused. */
  const callerOf = async (exchange: Exchange): Promise<Caller | undefined> => {
    const { headers } = exchange.req
    if (exchange.path === consolePath) {
      const secret = isFromConsole(headers, publicUrl) ? sessionSecretIn(headers) : undefined
      const session = secret === undefined ? undefined : await services.run(sessions.find(secret))
      if (session !== undefined) return { access: session.access, meter: `session ${session.key}` }
      return void refuse(exchange, 401, "UNAUTHENTICATED", "Sign in first.")
    }
    const access = accessOf(workspace.current(), headers.authorization)
    if (access !== undefined) return { access, meter: undefined }
    const message = "Send an access token: `Authorization: Bearer <token>`."
    return void refuse(exchange, 401, "UNAUTHENTICATED", message, { "WWW-Authenticate": 'Bearer realm="Braid"' })
  }

  const post = async (exchange: Exchange): Promise<void> => {
    const { req, res, requestId } = exchange
    const caller = await callerOf(exchange)
    if (caller === undefined) return
    const { access, meter } = caller
    const snapshot = workspace.current()
    if (!allows(access, "profiles:read"))
      return refuse(exchange, 403, "FORBIDDEN", "The access token lacks the scope `profiles:read`.")
    const named = req.headers[spaceHeader]
    const space = spaceOf(snapshot, access, typeof named === "string" ? named : undefined)
    if (space === undefined)
      return refuse(
        exchange,
        403,
        "FORBIDDEN",
        `The access token does not belong to the space that ${spaceHeader} names.`
      )
    services.tokenUse.note(access.id)
    const limit = meter === undefined ? snapshot.limits.profileApiPerSecond : sessionUnits
    const take = (units: number) => rateLimit.take(meter ?? space.id, units, limit, performance.now())
    if (!take(1)) {
      const what = meter === undefined ? "this space" : "one session"
      const message = `Above the limit of ${limit} requests per second for ${what}. Try again in a second.`
      return refuse(exchange, 429, "RATE_LIMITED", message, { "Retry-After": "1" })
    }
    if (busy())
      return refuse(exchange, 503, "INTERNAL", "Too many requests at once. Try again in a moment.", {
        "Retry-After": "1"
      })
    const invalid = (message: string) => refuse(exchange, 400, "VALIDATION_FAILED", message)
    if (!/\bjson\b/i.test(req.headers["content-type"] ?? "")) return invalid("Send the query as application/json.")
    const bytes = await readBody(req, maxBodyBytes)
    if (bytes === null) return invalid(`The body is larger than ${maxBodyBytes} bytes.`)
    const body = parseParams(bytes)
    if (body === undefined)
      return invalid("The body must be a JSON object with `query`, and `variables` and `operationName` if wanted.")
    if (Buffer.byteLength(body.query) > maxQueryBytes)
      return invalid(`The query is larger than ${maxQueryBytes} bytes.`)
    const readSpace = model.spaceOf(space.id)
    res.setHeader("Request-Id", requestId)
    res.setHeader("Cache-Control", "no-store")
    // Yoga takes a body that was parsed before it.
    Object.assign(req, { body })
    const contextWith = (loaders: RequestContext["loaders"]): ServerContext => ({
      exchange,
      take,
      sources,
      access,
      services,
      readSpace,
      space,
      snapshot: workspace.current,
      loaders,
      loadersOf: ({ id }) => (id === space.id ? loaders : makeLoaders(model, model.spaceOf(id), context)),
      fresh: () => contextWith(makeLoaders(model, model.spaceOf(space.id), context))
    })
    await yoga(req, res, contextWith(makeLoaders(model, readSpace, context)))
  }

  return (exchange) => {
    const { req } = exchange
    exchange.route = "graphql"
    let done: Promise<void> | undefined
    if (req.method === "POST") done = post(exchange)
    else if (req.method === "GET" && exchange.path !== consolePath && wantsPage(req)) {
      exchange.route = "graphiql"
      done = sendGraphiql(exchange)
    } else {
      refuse(exchange, 405, "VALIDATION_FAILED", "Send queries with POST.", { Allow: "GET, POST" })
    }
    done?.catch((error: unknown) =>
      Effect.runPromiseWith(context)(problemOf(Cause.die(error), exchange.requestId)).then(() =>
        refuse(exchange, 500, "INTERNAL", "Internal error.")
      )
    )
  }
}

const wantsPage = (req: IncomingMessage): boolean => /\btext\/html\b/i.test(req.headers.accept ?? "")

const utf8 = new TextDecoder("utf-8", { fatal: true })

interface Params {
  readonly query: string
  readonly variables?: unknown
  readonly operationName?: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Undefined when it is not a GraphQL request. */
const parseParams = (bytes: Buffer): Params | undefined => {
  let body: unknown
  try {
    body = JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
  if (!isObject(body) || typeof body["query"] !== "string") return undefined
  const { query, variables, operationName } = body
  if (variables !== undefined && variables !== null && !isObject(variables)) return undefined
  if (operationName !== undefined && operationName !== null && typeof operationName !== "string") return undefined
  return { query, variables: variables ?? undefined, operationName: operationName ?? undefined }
}
