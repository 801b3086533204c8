/**
 * The management API (spec 08, section 2), as Segment's clients speak it. A request goes through
 *
 *     who asks -> how often -> which route -> which version -> body -> decoding -> idempotency -> handler -> envelope
 *
 * and whatever stops it on the way answers in the same envelope. The same handlers serve programs with a token (`/public-api`)
 * and the console with a session (`/console/public-api`).
 */
import { Clock, Context, Effect, Exit, Layer } from "effect"
import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { makeSenders, SettingInvalid } from "../platform/sender.ts"
import { readBody } from "../profiles/request-body.ts"
import { AuditOrigin } from "../workspace/audit.ts"
import { Sessions } from "../workspace/sessions.ts"
import { checkAccept } from "./accept.ts"
import { makeAuthenticate } from "./authenticate.ts"
import type { Caller } from "./caller.ts"
import { makeDecode } from "./decode.ts"
import { failureOf } from "./failure.ts"
import { type Handled, type Handler, MaxBody, type Version, Versions, WithHeaders, WithoutToken } from "./group.ts"
import { idempotently } from "./idempotency.ts"
import { readIdentity } from "./identity.ts"
import { jsonText } from "./json-text.ts"
import { notBuilt } from "./not-built.ts"
import { openApiText } from "./openapi.ts"
import { problem } from "./problem.ts"
import { makeRateLimit } from "./rate-limit.ts"
import { makeRouteTable, methodNotAllowed, type Place, placeOf } from "./route-table.ts"
import { type Headers, reply } from "./reply.ts"
import { ApiTokens } from "./tokens.ts"

const tokenBase = "/public-api"
const sessionBase = "/console/public-api"

interface Route {
  readonly name: string
  readonly versions: ReadonlyArray<Version>
  readonly withoutToken: boolean
  readonly maxBody: number
  readonly status: number
  readonly decode: ReturnType<typeof makeDecode>
  readonly handler: Handler
}

const nobody: Caller = { key: "nobody", secret: "", actor: "nobody", permissions: [], masked: true }

const routesOf = (groups: ReadonlyArray<Handled>): ReadonlyArray<Place<Route>> =>
  groups.flatMap(({ routes }) =>
    routes.map(({ endpoint, handler }) => {
      const [success] = endpoint.success
      const status = success?.ast.context?.annotations?.["httpApiStatus"]
      return placeOf(endpoint, {
        name: endpoint.identifier,
        versions: Context.get(endpoint.annotations, Versions),
        withoutToken: Context.get(endpoint.annotations, WithoutToken),
        maxBody: Context.get(endpoint.annotations, MaxBody),
        status: typeof status === "number" ? status : 200,
        decode: makeDecode(endpoint),
        handler
      })
    })
  )

/** What the original has and Braid does not have yet: 501, for who may come in. */
const missing: ReadonlyArray<Place<Route>> = notBuilt.map(({ method, path, name, versions }) => ({
  method,
  path,
  value: {
    name,
    versions,
    withoutToken: false,
    maxBody: 10 * 1024 * 1024,
    status: 501,
    decode: () => ({ params: {}, query: {}, payload: {}, ignored: [] }),
    handler: () => Effect.fail(problem(501, "not-implemented", `${name} is not built yet.`))
  }
}))

const bodyOf = (req: IncomingMessage, limit: number) =>
  Effect.gen(function* () {
    const bytes = yield* Effect.tryPromise({
      try: () => readBody(req, limit),
      catch: () => problem(400, "bad-request", "The body could not be read.")
    })
    if (bytes === null)
      return yield* problem(413, "payload-too-large", `The body is larger than ${limit / 1024 / 1024} MB.`)
    const text = bytes.toString("utf8")
    if (text.trim() === "") return { text: "", json: undefined }
    return yield* Effect.try({
      try: () => ({ text, json: JSON.parse(text) as unknown }),
      catch: () => problem(400, "bad-request", "The body is not valid JSON.")
    })
  })

const partsOf = (path: string): ReadonlyArray<string> => {
  try {
    return path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent)
  } catch {
    throw problem(400, "bad-request", "The path is not valid percent-encoding.")
  }
}

const secretHeaders: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"])

const shownHeaders = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeaders.has(name) ? "***" : String(value)])
  )

/** Refuses to begin with two endpoints in one place. */
const make = (groups: ReadonlyArray<Handled>) =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const { write: sql } = yield* Database
    const clock = yield* Clock.Clock
    const { id: workspaceId } = yield* readIdentity(sql)
    const authenticate = yield* makeAuthenticate(workspaceId)
    const limit = makeRateLimit(settings, () => clock.currentTimeMillisUnsafe())
    const find = makeRouteTable([...routesOf(groups), ...missing])
    const { addressOf } = yield* Effect.try({
      try: () => makeSenders(settings.trustedProxies),
      catch: (error) => {
        if (error instanceof SettingInvalid) return error
        throw error
      }
    })
    const run = Effect.runCallbackWith(yield* Effect.context<never>())
    const documents = new Map<string, string>()
    const documentOf = (base: string) => {
      const text =
        documents.get(base) ??
        openApiText(
          groups.map(({ group }) => group),
          base
        )
      documents.set(base, text)
      return text
    }

    const answer = (req: IncomingMessage, headers: Headers) =>
      Effect.gen(function* () {
        const [path = "", search = ""] = (req.url ?? "").split("?", 2)
        const way = path === sessionBase || path.startsWith(`${sessionBase}/`) ? "session" : "token"
        const base = way === "session" ? sessionBase : tokenBase
        const method = req.method ?? "GET"
        const address = `address ${addressOf(req)}`
        // No page of another site is ever told that it may call (ADM-11).
        if (method === "OPTIONS" || method === "HEAD")
          return yield* methodNotAllowed(["GET", "POST", "PUT", "PATCH", "DELETE"])
        const parts = partsOf(path.slice(base.length))
        if (method === "GET" && parts.length === 1 && parts[0] === "openapi.json") {
          Object.assign(headers, limit(address, undefined))
          return { status: 200, text: documentOf(base) }
        }
        const place = yield* Effect.result(
          Effect.try({ try: () => find(method, parts), catch: (error) => error as Error })
        )
        const open = place._tag === "Success" && place.success.value.withoutToken
        const caller = open
          ? nobody
          : yield* Effect.tapError(authenticate(req, way), () =>
              Effect.sync(() => Object.assign(headers, limit(address, undefined)))
            )
        const operation = place._tag === "Success" ? place.success.value.name : undefined
        Object.assign(headers, limit(open ? address : caller.key, operation))
        const { value: route, params } = yield* Effect.fromResult(place)
        checkAccept(req.headers.accept, route.versions)
        const { text, json } = yield* bodyOf(req, route.maxBody)
        const { ignored, ...asked } = route.decode({ params, search, body: json })
        if (ignored.length > 0) headers["X-Ignored-Fields"] = ignored.join(", ")
        const work = Effect.map(route.handler({ ...asked, headers: shownHeaders(req), caller }), (data) => {
          if (data instanceof WithHeaders) Object.assign(headers, data.headers)
          return { status: route.status, text: jsonText({ data: data instanceof WithHeaders ? data.data : data }) }
        })
        const key = req.headers["idempotency-key"]
        return yield* method === "POST" && typeof key === "string"
          ? idempotently(sql, caller, key, `${parts.join("/")}\n${search}\n${text}`, work)
          : work
      })

    const handle = (req: IncomingMessage, res: ServerResponse): void => {
      const requestId = randomUUID()
      const headers: Headers = { "X-Request-Id": requestId }
      const answered = Effect.suspend(() => answer(req, headers)).pipe(
        Effect.provideService(AuditOrigin, { requestId, address: addressOf(req) }),
        Effect.catchCause((cause) =>
          Effect.map(failureOf(cause, requestId), ({ status, errors, headers: more }) => {
            Object.assign(headers, more, status === 413 ? { Connection: "close" } : undefined)
            return { status, text: JSON.stringify({ errors: errors.map((error) => ({ ...error, status })) }) }
          })
        )
      )
      run(answered, {
        onExit: (exit) => {
          if (Exit.isSuccess(exit)) reply(req, res, exit.value.status, exit.value.text, headers)
        }
      })
    }
    return { handle }
  })

const below = (base: string, path: string): boolean => path === base || path.startsWith(`${base}/`)

export class PublicApi extends Context.Service<
  PublicApi,
  {
    readonly matches: (path: string) => boolean
    /** Answers every request that `matches`; never throws. */
    readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  }
>()("braid/public-api/PublicApi") {
  /** With these groups, each an Effect that finds what its handlers need. */
  static readonly layer = <E, R>(groups: Effect.Effect<ReadonlyArray<Handled>, E, R>) =>
    Layer.effect(
      this,
      Effect.gen(function* () {
        const { handle } = yield* make(yield* groups)
        return { matches: (path) => below(tokenBase, path) || below(sessionBase, path), handle }
      })
    ).pipe(Layer.provideMerge(ApiTokens.layer), Layer.provide(Sessions.layer))
}
