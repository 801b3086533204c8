/**
 * Who a request is from: below `/public-api` a token - of the Public API, an access token for administration, or one of an OAuth
 * application (ADM-77) - and below `/console/public-api` the session of somebody at our own page.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { IncomingMessage } from "node:http"
import { TLSSocket } from "node:tls"
import { Settings } from "../config.ts"
import { accessOf } from "../profiles/access.ts"
import { isFromConsole, sessionSecretIn } from "../workspace/session-cookie.ts"
import { Sessions } from "../workspace/sessions.ts"
import { Workspace } from "../workspace/workspace.ts"
import { type Caller, callerByAccess } from "./caller.ts"
import { forbidden, problem, type PublicApiProblem } from "./problem.ts"
import { makeOAuthCallers } from "./oauth-callers.ts"
import { ApiTokens } from "./tokens.ts"

const loopback = /^(127\.|::1$|::ffff:127\.)/

const forwardedHttps = /^\s*https\s*(,|$)/i

/** ADM-11: a proxy that ends TLS says so; on the machine itself nobody listens. */
const isSafe = (req: IncomingMessage): boolean =>
  req.socket instanceof TLSSocket ||
  loopback.test(req.socket.remoteAddress ?? "") ||
  forwardedHttps.test(String(req.headers["x-forwarded-proto"] ?? ""))

const bearer = /^bearer +(\S+) *$/i

const unauthorized = (message: string) => problem(401, "unauthorized", message)

export const makeAuthenticate = (workspaceId: string) =>
  Effect.gen(function* () {
    const { publicUrl, publicApiAllowHttp } = yield* Settings
    const workspace = yield* Workspace
    const sessions = yield* Sessions
    const tokens = yield* ApiTokens
    const oauthCallers = yield* makeOAuthCallers

    const byToken = (req: IncomingMessage) =>
      Effect.gen(function* () {
        if (!publicApiAllowHttp && !isSafe(req))
          return yield* forbidden(
            "The Public API answers over HTTPS only, because tokens could be read on the way. Put a proxy that ends TLS before Braid, or set BRAID_PUBLIC_API_ALLOW_HTTP=true."
          )
        const { authorization } = req.headers
        const secret = bearer.exec(authorization ?? "")?.[1]
        const byApi = secret === undefined ? undefined : tokens.callerOf(secret)
        if (byApi !== undefined) return byApi
        const access = accessOf(workspace.current(), authorization)
        if (access !== undefined) {
          const caller = callerByAccess(access, `token ${access.id}`, secret ?? authorization ?? "", workspaceId)
          // One that is made for reading profiles is in too many hands.
          return caller.permissions.length > 0
            ? caller
            : yield* forbidden(
                "This access token reads profiles only. Use one with the scope `workspace:admin` or `admin`."
              )
        }
        const byOAuth = secret === undefined ? undefined : yield* oauthCallers(secret, workspaceId)
        if (byOAuth !== undefined) return byOAuth
        return yield* unauthorized("The access token is missing, unknown, expired or revoked.")
      })

    const bySession = (req: IncomingMessage) =>
      Effect.gen(function* () {
        const secret = isFromConsole(req.headers, publicUrl) ? sessionSecretIn(req.headers) : undefined
        const session = secret === undefined ? undefined : yield* sessions.find(secret)
        if (secret === undefined || session === undefined)
          return yield* unauthorized("Nobody is signed in, or the request was not made by the console.")
        return callerByAccess(session.access, `session ${session.key}`, secret, workspaceId)
      })

    return (
      req: IncomingMessage,
      way: "token" | "session"
    ): Effect.Effect<Caller, PublicApiProblem | SqlError.SqlError> => (way === "token" ? byToken(req) : bySession(req))
  })
