/**
 * The GraphQL Profile API over HTTP (spec 03 section 2): POST with JSON, GET for persisted queries, subscriptions as SSE; a
 * browser that GETs the page gets GraphiQL. The console asks at `/console/graphql`, with its session instead of a token.
 *
 * Not here: what both transports share (`graphql-engine.ts`), what can be asked (`graphql/*.graphql`, `resolver-map.ts`), what it
 * may cost (`graphql-limits.ts`).
 */
import { Cause, type Context, Effect } from "effect"
import { GraphQLError } from "graphql"
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http"
import type { Callers } from "./callers.ts"
import { type Exchange, reply } from "./exchange.ts"
import { problemOf } from "./failures.ts"
import { sendGraphiql } from "./graphiql.ts"
import type { Engine } from "./graphql-engine.ts"
import { type ErrorCode, finishError, graphqlError } from "./graphql-errors.ts"
import { type Asked, askedAt, askedIn, maxBodyBytes } from "./graphql-params.ts"
import { consolePath, graphqlPath, spaceHeader } from "./graphql-paths.ts"
import type { OpenSubscription } from "./open-subscription.ts"
import type { PersistedQueries } from "./persisted-queries.ts"
import { readBody } from "./request-body.ts"
import type { Connection, Subscribers } from "./subscribers.ts"

const refuse = (exchange: Exchange, status: number, code: ErrorCode, message: string, headers?: OutgoingHttpHeaders) =>
  reply(exchange, status, { errors: [{ message, extensions: { code, requestId: exchange.requestId } }] }, headers)

const askedBy = async ({ req }: Exchange): Promise<Asked> => {
  if (req.method === "GET") return askedAt(req.url!)
  if (!/\bjson\b/i.test(req.headers["content-type"] ?? ""))
    throw graphqlError("VALIDATION_FAILED", "Send the query as application/json.", 400)
  const bytes = await readBody(req, maxBodyBytes)
  if (bytes === null) throw graphqlError("VALIDATION_FAILED", `The body is larger than ${maxBodyBytes} bytes.`, 400)
  return askedIn(bytes)
}

export const makeGraphql = (options: {
  readonly engine: Engine
  readonly callers: Callers
  readonly subscribers: Subscribers
  readonly persisted: PersistedQueries
  readonly addressOf: (req: IncomingMessage) => string
  readonly context: Context.Context<never>
}): ((exchange: Exchange) => void) => {
  const { engine, callers, subscribers, persisted, addressOf, context } = options

  /** The answer becomes a stream. */
  const openStream = (
    exchange: Exchange,
    who: Pick<Connection, "caller" | "space">,
    subscription: OpenSubscription
  ) => {
    const { req, res } = exchange
    const { socket } = req
    const left = subscribers.arrive(addressOf(req), () => res.destroy())
    if (typeof left !== "function") return left
    const connection = subscribers.join(who.caller, who.space, {
      waiting: () => res.writableLength,
      taken: () => socket.bytesWritten - socket.writableLength,
      close: (why) => {
        // Its subscription has said so itself, and ends the stream.
        if (why === "unauthenticated") return
        // Without the `complete` that says there is no more.
        if (why === "draining") socket.destroySoon()
        else res.destroy()
      },
      destroy: () => res.destroy()
    })
    const full = "line" in connection ? subscribers.begin(connection, subscription) : connection
    const over = () => {
      if ("line" in connection) subscribers.leave(connection)
      left()
    }
    if (full !== undefined) {
      over()
      return full
    }
    res.once("close", over)
    exchange.release()
    return undefined
  }

  const callerOf = async ({ req, path }: Exchange) =>
    path === consolePath ? callers.bySession(req.headers) : callers.byToken(req.headers.authorization)

  const answer = async (exchange: Exchange): Promise<void> => {
    const { req, res, requestId } = exchange
    const caller = await callerOf(exchange)
    if (caller === undefined) {
      if (exchange.path === consolePath) return refuse(exchange, 401, "UNAUTHENTICATED", "Sign in first.")
      const message = "Send an access token: `Authorization: Bearer <token>`."
      return refuse(exchange, 401, "UNAUTHENTICATED", message, { "WWW-Authenticate": 'Bearer realm="Braid"' })
    }
    const named = req.headers[spaceHeader]
    const admission = engine.admit(caller, typeof named === "string" ? named : undefined)
    if ("code" in admission)
      return refuse(exchange, admission.status, admission.code, admission.message, admission.headers)
    const { space } = admission
    const { params, keep } = persisted.resolve(space.id, await askedBy(exchange))
    res.setHeader("Request-Id", requestId)
    // Answers are about people and may change with every event.
    res.setHeader("Cache-Control", "no-store")
    const operation = engine.contextOf(admission, {
      requestId,
      params,
      onlyReads: req.method === "GET",
      onPassed: keep,
      onSubscribe: (subscription) => openStream(exchange, { caller, space }, subscription)
    })
    await engine.yoga(req, res, operation)
  }

  const failed = (exchange: Exchange, error: unknown): Promise<void> | void => {
    if (error instanceof GraphQLError) {
      const { message, extensions } = finishError(error, exchange.requestId, true)
      const { http, ...rest } = extensions as { readonly http?: { readonly status?: number } }
      return reply(exchange, http?.status ?? 400, { errors: [{ message, extensions: rest }] })
    }
    return Effect.runPromiseWith(context)(problemOf(Cause.die(error), exchange.requestId)).then(() =>
      refuse(exchange, 500, "INTERNAL", "Internal error.")
    )
  }

  return (exchange) => {
    const { req } = exchange
    exchange.route = "graphql"
    let done: Promise<void> | undefined
    if (req.method === "POST" || (req.method === "GET" && asksPersisted(req))) done = answer(exchange)
    else if (req.method === "GET" && wantsPage(req)) {
      exchange.route = "graphiql"
      if (exchange.path === consolePath) return void exchange.res.writeHead(302, { Location: graphqlPath }).end()
      done = sendGraphiql(exchange)
    } else {
      refuse(exchange, 405, "VALIDATION_FAILED", "Send queries with POST.", { Allow: "GET, POST" })
    }
    done?.catch((error: unknown) => failed(exchange, error))
  }
}

const wantsPage = (req: IncomingMessage): boolean => /\btext\/html\b/i.test(req.headers.accept ?? "")

const asksPersisted = (req: IncomingMessage): boolean => /[?&]extensions=/.test(req.url!)
