/**
 * The token server for applications (ING-147 to ING-149): an assertion in, an access token out.
 *
 *     POST /oauth2/token      GET /oauth2/.well-known/jwks.json
 *
 * Answers are what Segment's Node and Python clients read: `error` and `error_description` always both, a `Date`, 429 with the seconds
 * in two headers. Doubled and trailing slashes are tolerated.
 */
import { Clock, Context, Effect, Layer } from "effect"
import { createPublicKey, randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { makePublicUrl } from "../platform/public-url.ts"
import { makeRateLimit } from "../platform/rate-limit.ts"
import { makeSenders, SettingInvalid } from "../platform/sender.ts"
import { signToken } from "../workspace/oauth-token.ts"
import { Workspace } from "../workspace/workspace.ts"
import { checkAssertion, grantedScopes, readForm, type TokenError } from "./assertion.ts"
import { SigningKeys } from "./signing-keys.ts"

export const authPath = "/oauth2"
const maxBodyBytes = 16 * 1024
/** Token requests of one application in one second, in one process (ING-148). */
const mostPerSecond = 10
const formType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

interface Issued {
  readonly access_token: string
  readonly token_type: "Bearer"
  readonly expires_in: number
  readonly scope: string
}

const later = (description: string): TokenError => ({ status: 503, error: "temporarily_unavailable", description })

/** The body; undefined when it is too long, or nobody is there any more. */
const readBody = (req: IncomingMessage): Promise<string | undefined> =>
  new Promise((resolve) => {
    const chunks: Array<Buffer> = []
    let size = 0
    req.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBodyBytes) chunks.push(chunk)
      else resolve(undefined)
    })
    req.once("end", () => resolve(size <= maxBodyBytes ? Buffer.concat(chunks).toString() : undefined))
    req.once("close", () => resolve(undefined))
  })

const send = (res: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const text = Buffer.from(JSON.stringify(body))
  res.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": text.length,
    "Cache-Control": "no-store",
    ...headers
  })
  res.end(text)
}

const fail = (res: ServerResponse, { status, error, description }: TokenError) =>
  send(
    res,
    status,
    { error, error_description: description },
    status === 429 || status === 503 ? { "Retry-After": "1", "X-RateLimit-Reset": "1" } : {}
  )

const pathOf = (url: string): string => {
  const path = url.split("?", 1)[0]!.replace(/\/{2,}/g, "/")
  return path.endsWith("/") ? path.slice(0, -1) : path
}

const make = Effect.gen(function* () {
  const { authUrl, publicUrl, trustedProxies } = yield* Settings
  const { write: sql } = yield* Database
  const workspace = yield* Workspace
  const signingKeys = yield* SigningKeys
  const clock = yield* Clock.Clock
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  const urlOf = yield* Effect.try({
    try: () => makePublicUrl(publicUrl, makeSenders(trustedProxies)),
    catch: (error) => {
      if (error instanceof SettingInvalid) return error
      throw error
    }
  })
  const serverOf = (req: IncomingMessage): string => {
    if (authUrl !== "") return authUrl
    const { protocol, host } = urlOf(req)
    return `${protocol}://${host}${authPath}`
  }
  const limit = makeRateLimit()

  /** Taken once, in all processes (ADM-76). */
  const isFirst = (application: string, jti: string, forgetAt: number) =>
    Effect.map(
      sql`insert into oauth_assertions (application, jti, expires_at) values (${application}, ${jti}, ${new Date(forgetAt)})
        on conflict do nothing returning 1`,
      (rows) => rows.length > 0
    )

  const issue = Effect.fnUntraced(function* (req: IncomingMessage): Effect.fn.Return<Issued | TokenError> {
    if (!formType.test(req.headers["content-type"] ?? ""))
      return { status: 415, error: "invalid_request", description: "Send application/x-www-form-urlencoded." }
    const body = yield* Effect.promise(() => readBody(req))
    if (body === undefined)
      return { status: 400, error: "invalid_request", description: `The body is longer than ${maxBodyBytes} bytes.` }
    const form = readForm(body)
    if ("error" in form) return form
    const now = clock.currentTimeMillisUnsafe()
    const server = serverOf(req)
    const applications = workspace.current().oauth?.applications ?? new Map<string, never>()
    const assertion = checkAssertion(form.assertion, applications, server, now)
    if ("error" in assertion) return assertion
    const { application, jti, forgetAt } = assertion
    // After the signature: nobody else can use up what an application may ask for.
    if (!limit.take(application.id, 1, mostPerSecond, now))
      return {
        status: 429,
        error: "temporarily_unavailable",
        description: `At most ${mostPerSecond} requests per second are answered; tokens can be used until they expire.`
      }
    const scopes = grantedScopes(form.scope, application)
    if ("error" in scopes) return scopes
    const key = signingKeys.at(now)
    if (key === undefined)
      return later(signingKeys.locked?.message ?? "The signing key is being made. Ask again in a second.")
    const first = yield* Effect.result(isFirst(application.id, jti, forgetAt))
    if (first._tag === "Failure") return later("The database cannot be reached. Ask again later.")
    if (!first.success)
      return { status: 401, error: "invalid_client", description: "An assertion with this `jti` was used before." }
    const scope = scopes.join(" ")
    const seconds = Math.floor(now / 1000)
    const claims = {
      iss: server,
      aud: server,
      sub: application.id,
      scope,
      iat: seconds,
      exp: seconds + application.tokenSeconds,
      jti: randomUUID()
    }
    return {
      access_token: signToken(claims, key.kid, key.privateKey),
      token_type: "Bearer",
      expires_in: application.tokenSeconds,
      scope
    }
  })

  const jwks = () => ({
    keys: [...(workspace.current().oauth?.signingKeys ?? [])].map(([kid, pem]) => ({
      ...createPublicKey(pem).export({ format: "jwk" }),
      kid,
      alg: "RS256",
      use: "sig"
    }))
  })

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = pathOf(req.url ?? "")
    const wrongMethod = (allow: string) =>
      send(res, 405, { error: "invalid_request", error_description: `Use ${allow}.` }, { Allow: allow })
    if (path === `${authPath}/token`) {
      if (req.method !== "POST") return wrongMethod("POST")
      const answered = await run(issue(req))
      return "error" in answered ? fail(res, answered) : send(res, 200, answered)
    }
    if (path === `${authPath}/.well-known/jwks.json`) {
      if (req.method !== "GET" && req.method !== "HEAD") return wrongMethod("GET, HEAD")
      return send(res, 200, jwks(), { "Cache-Control": "public, max-age=300" })
    }
    send(res, 404, { error: "invalid_request", error_description: `Tokens are given out at ${authPath}/token.` })
  }

  return TokenServer.of({
    matches: (path) => /^\/+oauth2(?:\/|$)/.test(path),
    handle: (req, res) => {
      answer(req, res).catch(() => {
        if (res.headersSent) res.destroy()
        else fail(res, later("The request failed because of a fault in the server."))
      })
    }
  })
})

export class TokenServer extends Context.Service<
  TokenServer,
  {
    readonly matches: (path: string) => boolean
    readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  }
>()("braid/oauth/TokenServer") {
  static readonly layer = Layer.effect(this, make)
}
