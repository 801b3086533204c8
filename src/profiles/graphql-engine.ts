/**
 * What the transports of the GraphQL API share (HTTP: `graphql.ts`, WebSocket: `graphql-socket.ts`): the schema in Yoga, what an
 * operation needs to begin, and what is checked between validation and execution.
 *
 *     caller -> scope, space -> 1 unit of the rate -> parse, validate -> limits, the rest of the units (PRO-60) -> execute
 *
 * Sessions of the console have a meter of their own, so that people who look never starve programs.
 */
import { Cause, type Context, Effect } from "effect"
import { type ExecutionArgs, type ExecutionResult, getOperationAST, type GraphQLError } from "graphql"
import { createSchema, createYoga, type Plugin } from "graphql-yoga"
import type { OutgoingHttpHeaders } from "node:http"
import type { Space, Workspace } from "../workspace/workspace.ts"
import { allows, isMasked, spaceOf } from "./access.ts"
import type { Caller } from "./callers.ts"
import { problemOf } from "./failures.ts"
import { type ErrorCode, finishError, graphqlError } from "./graphql-errors.ts"
import { measure } from "./graphql-limits.ts"
import type { Params } from "./graphql-params.ts"
import { spaceHeader } from "./graphql-paths.ts"
import { makeLoaders } from "./loaders.ts"
import { maskErrors } from "./masking/mask-errors.ts"
import { withoutMappingIds } from "./masking/masked-model.ts"
import { maskPersonalFields } from "./masking/personal-fields.ts"
import { OpenSubscription } from "./open-subscription.ts"
import { makeDocumentCache, parseQuery } from "./query-parsing.ts"
import type { RateLimit } from "../platform/rate-limit.ts"
import type { ReadModel } from "./read-model.ts"
import type { Services } from "./read-services.ts"
import { resolverMaps } from "./resolver-map.ts"
import type { RequestContext } from "./resolvers.ts"
import { sourceNames } from "./rest-resources.ts"
import { readSdl } from "./sdl.ts"

/** Units of a session in a second. */
const sessionUnits = 100

/** Why an operation may not begin. */
interface Refusal {
  readonly status: number
  readonly code: ErrorCode
  readonly message: string
  readonly headers?: OutgoingHttpHeaders
}

/** That an operation may begin. */
interface Admission {
  readonly caller: Caller
  readonly space: Space
  /** Takes units of the rate. */
  readonly take: (units: number) => boolean
}

/** What a transport knows of an operation. */
interface Operation {
  readonly requestId: string
  readonly params: Params
  /** It came by GET, which reads only. */
  readonly onlyReads: boolean
  /** It has passed the limits. */
  readonly onPassed: () => void
  /** It has become a subscription; or why it may not. */
  readonly onSubscribe: (subscription: OpenSubscription) => GraphQLError | undefined
}

interface ServerContext extends RequestContext, Operation {
  readonly take: Admission["take"]
  readonly fresh: () => ServerContext
}

/** Why the operation is not executed. */
const refusalOf = ({ schema, document, operationName, variableValues, contextValue }: ExecutionArgs) => {
  const operation = getOperationAST(document, operationName)
  // Several operations and no name: the engine says so.
  if (operation === null || operation === undefined) return undefined
  const { onlyReads, onPassed, take } = contextValue as ServerContext
  if (onlyReads && operation.operation !== "query")
    return graphqlError("VALIDATION_FAILED", `A ${operation.operation} must be sent with POST.`, 405)
  const measured = measure(schema, document, operation, variableValues ?? {})
  if (!("cost" in measured)) return measured
  const units = Math.floor(measured.cost / 100)
  if (units > 0 && !take(units))
    return graphqlError("RATE_LIMITED", "Above the rate limit of this space. Try again in a second.", 429)
  onPassed()
  return undefined
}

/** What an operation came to, errors in their final form. */
export interface Outcome {
  readonly args: ExecutionArgs
  readonly result: ExecutionResult | OpenSubscription
}

const forbidden = (message: string): Refusal => ({ status: 403, code: "FORBIDDEN", message })

export type Engine = ReturnType<typeof makeEngine>

export const makeEngine = (options: {
  readonly model: ReadModel
  readonly services: Services
  readonly workspace: Workspace["Service"]
  readonly rateLimit: RateLimit
  /** Too many requests wait for the stores. */
  readonly busy: () => boolean
  readonly context: Context.Context<never>
}) => {
  const { model, services, workspace, rateLimit, busy, context } = options
  const sources = sourceNames(workspace)
  const maskedIds = withoutMappingIds(model)

  /** Codes and request ids on every error (PRO-64); what nobody foresaw is logged and hidden. */
  const finish = (
    result: ExecutionResult,
    { requestId, access, params }: Pick<ServerContext, "requestId" | "access" | "params">
  ): ExecutionResult => {
    if (result.errors === undefined) return result
    const refused = !("data" in result)
    const finished = result.errors.map((error) => finishError(error, requestId, refused))
    const errors = isMasked(access) ? maskErrors(finished, params) : finished
    for (const { extensions, originalError } of errors)
      if (extensions["code"] === "INTERNAL" && originalError !== undefined)
        Effect.runForkWith(context)(problemOf(Cause.die(originalError), requestId))
    return { ...result, errors }
  }

  /** Limits between validation and execution: nothing is executed for a query that is refused. */
  const limits: Plugin<ServerContext, ServerContext> = {
    onParse: ({ setParseFn }) => setParseFn(parseQuery),
    onExecute: ({ args, setResultAndStopExecution }) => {
      const refusal = refusalOf(args)
      if (refusal !== undefined) setResultAndStopExecution({ errors: [refusal] })
    },
    onSubscribe: ({ args, setResultAndStopExecution, setSubscribeFn }) => {
      const { onSubscribe } = args.contextValue
      const subscription = new OpenSubscription((result) => finish(result, args.contextValue))
      const refusal = refusalOf(args) ?? onSubscribe(subscription)
      if (refusal !== undefined) return setResultAndStopExecution({ errors: [refusal] })
      setSubscribeFn((args: ExecutionArgs) => subscription.start(args))
    }
  }

  const transport: Plugin<ServerContext, ServerContext> = {
    onRequestParse: ({ serverContext, setRequestParser }) => setRequestParser(() => ({ ...serverContext.params })),
    onResultProcess: ({ result, serverContext }) => {
      if ("errors" in result) Object.assign(result, finish(result as ExecutionResult, serverContext))
    }
  }

  const yoga = createYoga<ServerContext>({
    schema: maskPersonalFields(createSchema<ServerContext>({ typeDefs: [...readSdl()], resolvers: resolverMaps })),
    plugins: [limits, transport],
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

  /** Whether an operation may begin; `named`: the space that it names. */
  const admit = (caller: Caller, named: string | undefined): Refusal | Admission => {
    const { access, meter } = caller
    if (!allows(access, "profiles:read")) return forbidden("The access token lacks the scope `profiles:read`.")
    const snapshot = workspace.current()
    const space = spaceOf(snapshot, access, named)
    if (space === undefined)
      return forbidden(`The access token does not belong to the space that ${spaceHeader} names.`)
    services.tokenUse.note(access.id)
    const limit = meter === undefined ? snapshot.limits.profileApiPerSecond : sessionUnits
    const take = (units: number) => rateLimit.take(meter ?? space.id, units, limit, performance.now())
    const again = { "Retry-After": "1" }
    if (!take(1)) {
      const what = meter === undefined ? "this space" : "one session"
      const message = `Above the limit of ${limit} requests per second for ${what}. Try again in a second.`
      return { status: 429, code: "RATE_LIMITED", message, headers: again }
    }
    if (busy())
      return {
        status: 503,
        code: "INTERNAL",
        message: "Too many requests at once. Try again in a moment.",
        headers: again
      }
    return { caller, space, take }
  }

  const contextOf = ({ caller, space, take }: Admission, operation: Operation): ServerContext => {
    const readSpace = model.spaceOf(space.id)
    const afresh = (): ServerContext => {
      const seen = isMasked(caller.access) ? maskedIds : model
      const loaders = makeLoaders(seen, readSpace, context)
      return {
        ...operation,
        take,
        sources,
        access: caller.access,
        services,
        readSpace,
        space,
        snapshot: workspace.current,
        loaders,
        loadersOf: ({ id }) => (id === space.id ? loaders : makeLoaders(seen, model.spaceOf(id), context)),
        fresh: afresh
      }
    }
    return afresh()
  }

  /** As Yoga does for a request. Throws a `GraphQLError` when the query does not parse. */
  const perform = async (operation: ServerContext): Promise<Outcome> => {
    const { params } = operation
    const enveloped = yoga.getEnveloped(operation)
    const { schema } = enveloped
    const document = enveloped.parse(params.query)
    const args: ExecutionArgs = {
      schema,
      document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue: await enveloped.contextFactory()
    }
    const errors = enveloped.validate(schema, document)
    if (errors.length > 0) return { args, result: finish({ errors }, operation) }
    const subscribes = getOperationAST(document, params.operationName)?.operation === "subscription"
    const result = await (subscribes ? enveloped.subscribe(args) : enveloped.execute(args))
    return { args, result: Symbol.asyncIterator in result ? result : finish(result, operation) }
  }

  return { yoga, admit, contextOf, perform }
}
