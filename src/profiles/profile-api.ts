/**
 * The Profile API as one room of the HTTP server: REST below `/v1/spaces/` (and its older name), GraphQL at `/graphql`.
 * Both read through one model and share one rate limit; nothing is built per request but the loaders of a query.
 */
import { Context, Effect, Layer } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Settings } from "../config.ts"
import { Sessions } from "../workspace/sessions.ts"
import { Workspace } from "../workspace/workspace.ts"
import { makeApiServices } from "./api-services.ts"
import { beginExchange, watch } from "./exchange.ts"
import { consolePath, makeGraphql } from "./graphql.ts"
import { makeApiMetrics } from "./metrics.ts"
import { makeRateLimit } from "./rate-limit.ts"
import { makeReadModel } from "./read-model.ts"
import { makeReadServices } from "./read-services.ts"
import { makeRest } from "./rest.ts"

/** `/v1/spaces/...` is ours, every other `/v1/...` is the Tracking API's. `path` is without query. */
const matches = (path: string): boolean =>
  path.startsWith("/v1/spaces/") || path.startsWith("/v1/namespaces/") || path === "/graphql" || path === consolePath

/** Requests at once, waiting ones included; more are answered 503. */
const maxInFlight = 1_000

export class ProfileApi extends Context.Service<
  ProfileApi,
  {
    readonly matches: (path: string) => boolean
    /** Answers every request that `matches`; never throws. */
    readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  }
>()("braid/profiles/ProfileApi") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { logLevel, publicUrl } = yield* Settings
      const sessions = yield* Sessions
      const workspace = yield* Workspace
      const model = yield* makeReadModel
      const services = { ...(yield* makeApiServices), ...(yield* makeReadServices(model)) }
      const context = yield* Effect.context<never>()
      const metrics = makeApiMetrics(context)
      let inFlight = 0
      const busy = () => inFlight > maxInFlight
      const shared = { model, services, workspace, rateLimit: makeRateLimit(), busy, context }
      const rest = makeRest(shared)
      const graphql = makeGraphql({ ...shared, sessions, publicUrl })
      const handle = (req: IncomingMessage, res: ServerResponse): void => {
        const [path = "", search = ""] = split(req.url ?? "/")
        const exchange = beginExchange(req, res, path)
        watch(exchange, metrics, logLevel === "Debug", context)
        inFlight += 1
        let counted = true
        exchange.release = () => {
          if (counted) inFlight -= 1
          counted = false
        }
        res.once("close", exchange.release)
        if (path === "/graphql" || path === consolePath) graphql(exchange)
        else rest(exchange, search)
      }
      return { matches, handle }
    })
  ).pipe(Layer.provide(Sessions.layer))
}

const split = (url: string): ReadonlyArray<string> => {
  const mark = url.indexOf("?")
  return mark === -1 ? [url] : [url.slice(0, mark), url.slice(mark + 1)]
}
