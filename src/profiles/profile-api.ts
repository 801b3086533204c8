/**
 * The Profile API as one room of the HTTP server: REST below `/v1/spaces/` (and its older name), GraphQL at `/graphql`, over HTTP and
 * WebSocket.
 * Both read through one model and share one rate limit; nothing is built per request but the loaders of a query.
 */
import { Context, Effect, Layer } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { Settings } from "../config.ts"
import { makeSenders, SettingInvalid } from "../platform/sender.ts"
import { Sessions } from "../workspace/sessions.ts"
import { Workspace } from "../workspace/workspace.ts"
import { makeApiServices } from "./api-services.ts"
import { makeCallers } from "./callers.ts"
import { beginExchange, watch } from "./exchange.ts"
import { makeEngine } from "./graphql-engine.ts"
import { makeGraphqlSockets } from "./graphql-socket.ts"
import { consolePath, graphqlPath } from "./graphql-paths.ts"
import { makeGraphql } from "./graphql.ts"
import { makeApiMetrics } from "./metrics.ts"
import { makePersistedQueries } from "./persisted-queries.ts"
import { makeRateLimit } from "../platform/rate-limit.ts"
import { makeReadModel } from "./read-model.ts"
import { makeReadServices } from "./read-services.ts"
import { makeRest } from "./rest.ts"
import { makeSubscribers } from "./subscribers.ts"

/** `/v1/spaces/...` is ours, every other `/v1/...` is the Tracking API's. `path` is without query. */
const matches = (path: string): boolean =>
  path.startsWith("/v1/spaces/") || path.startsWith("/v1/namespaces/") || isGraphql(path)

const isGraphql = (path: string): boolean => path === graphqlPath || path === consolePath

/** Requests and operations of sockets at once, waiting ones included; more are answered 503. */
const maxInFlight = 1_000

export class ProfileApi extends Context.Service<
  ProfileApi,
  {
    readonly matches: (path: string) => boolean
    /** Answers every request that `matches`; never throws. */
    readonly handle: (req: IncomingMessage, res: ServerResponse) => void
    /** Paths that take WebSockets. */
    readonly upgrades: (path: string) => boolean
    readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void
    /** Ends what would stay open; clients go on elsewhere. */
    readonly drain: () => void
  }
>()("braid/profiles/ProfileApi") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { logLevel, publicUrl, trustedProxies } = yield* Settings
      const sessions = yield* Sessions
      const workspace = yield* Workspace
      const model = yield* makeReadModel
      const services = { ...(yield* makeApiServices), ...(yield* makeReadServices(model)) }
      const context = yield* Effect.context<never>()
      const { addressOf } = yield* Effect.try({
        try: () => makeSenders(trustedProxies),
        catch: (error) => {
          if (error instanceof SettingInvalid) return error
          throw error
        }
      })
      const metrics = makeApiMetrics(context)
      let inFlight = 0
      const enter = () => {
        inFlight += 1
        let counted = true
        return () => {
          if (counted) inFlight -= 1
          counted = false
        }
      }
      const busy = () => inFlight > maxInFlight
      const shared = { model, services, workspace, rateLimit: makeRateLimit(), busy, context }
      const subscribers = makeSubscribers(metrics.subscribers)
      yield* workspace.onChange(subscribers.look)
      yield* sessions.onClose(subscribers.look)
      const forGraphql = {
        engine: makeEngine(shared),
        callers: makeCallers({ workspace, sessions, publicUrl, run: services.run }),
        subscribers,
        persisted: makePersistedQueries(),
        addressOf,
        context
      }
      const rest = makeRest(shared)
      const graphql = makeGraphql(forGraphql)
      const upgrade = makeGraphqlSockets({
        ...forGraphql,
        publicUrl,
        enter,
        answered: (status, elapsed) => metrics.answered("websocket", status, elapsed)
      })
      const handle = (req: IncomingMessage, res: ServerResponse): void => {
        const [path = "", search = ""] = split(req.url ?? "/")
        const exchange = beginExchange(req, res, path)
        watch(exchange, metrics, logLevel === "Debug", context)
        exchange.release = enter()
        res.once("close", exchange.release)
        if (isGraphql(path)) graphql(exchange)
        else rest(exchange, search)
      }
      return { matches, handle, upgrades: isGraphql, upgrade, drain: subscribers.drain }
    })
  ).pipe(Layer.provide(Sessions.layer))
}

const split = (url: string): ReadonlyArray<string> => {
  const mark = url.indexOf("?")
  return mark === -1 ? [url] : [url.slice(0, mark), url.slice(mark + 1)]
}
