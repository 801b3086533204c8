/**
 * The REST Profile API (spec 03 section 1) as a plain `node:http` handler: refuse early, run one Effect per request,
 * write one JSON body.
 *
 *     method -> token of this space (one kind of 401) -> rate limit -> address and query -> read model -> body
 */
import { type Context, Effect, Exit } from "effect"
import type { Workspace } from "../workspace/workspace.ts"
import { accessOf, allows, belongsTo, isMasked } from "./access.ts"
import { type Exchange, reply, replyFile } from "./exchange.ts"
import { problemOf } from "./failures.ts"
import { maskedModel } from "./masking/masked-model.ts"
import { type ApiProblem, forbidden, onlyGet, tooManyRequests, unauthenticated, unavailable } from "./problem.ts"
import type { RateLimit } from "../platform/rate-limit.ts"
import type { ReadModel } from "./read-model.ts"
import type { Services } from "./read-services.ts"
import { readBody } from "./request-body.ts"
import { invalidToken, makeDelete, tooManyDeletions } from "./rest-delete.ts"
import { addressOf, Query } from "./rest-request.ts"
import { makeRestResources, sourceNames } from "./rest-resources.ts"
import { isSchemaFile, makeSchemaFile } from "./rest-schema.ts"

/** Of a deletion: it names one identifier. */
const maxBodyBytes = 64 * 1024

/** Units of the rate that a file takes, which may have many rows. */
const fileUnits = 5

const refuse = (exchange: Exchange, problem: ApiProblem): void => {
  const { status, code, message } = problem
  const headers =
    status === 401
      ? { "WWW-Authenticate": 'Basic realm="Braid Profile API", charset="UTF-8"' }
      : status === 405
        ? { Allow: "GET" }
        : status === 429 || status === 503
          ? { "Retry-After": "1" }
          : undefined
  reply(exchange, status, { error: { code, message } }, headers)
}

export const makeRest = (options: {
  readonly model: ReadModel
  readonly services: Services
  readonly workspace: Workspace["Service"]
  readonly rateLimit: RateLimit
  /** Too many requests wait for the stores. */
  readonly busy: () => boolean
  readonly context: Context.Context<never>
}): ((exchange: Exchange, search: string) => void) => {
  const { model, workspace, rateLimit, busy } = options
  const run = Effect.runCallbackWith(options.context)
  const answer = makeRestResources(model, sourceNames(workspace))
  const answerMasked = makeRestResources(maskedModel(model), sourceNames(workspace))

  const deletion = makeDelete(options.services.operations.request)
  const schemaFile = makeSchemaFile(options.services.sourceSchema.read, workspace)

  const answerWith = <A>(
    exchange: Exchange,
    body: Effect.Effect<A, unknown>,
    write: (value: A) => void = (value) => reply(exchange, 200, value)
  ) =>
    run(body, {
      onExit: (exit) => {
        if (Exit.isSuccess(exit)) return write(exit.value)
        run(problemOf(exit.cause, exchange.requestId), {
          onExit: (told) => {
            if (Exit.isSuccess(told)) refuse(exchange, told.value)
          }
        })
      }
    })

  /** The one request that changes something (PRO-50). */
  const remove = (exchange: Exchange): void => {
    const { req, path } = exchange
    exchange.route = "delete"
    const snapshot = workspace.current()
    const access = accessOf(snapshot, req.headers.authorization)
    const [, , , spaceId = "", ...rest] = path.split("/")
    const space = snapshot.spaceById.get(spaceId)
    if (access === undefined || space === undefined || !belongsTo(access, spaceId))
      return refuse(exchange, invalidToken)
    options.services.tokenUse.note(access.id)
    const limit = snapshot.limits.profileApiPerSecond
    if (!rateLimit.take(spaceId, 1, limit, performance.now())) return refuse(exchange, tooManyDeletions)
    if (busy()) return refuse(exchange, unavailable)
    answerWith(
      exchange,
      Effect.flatMap(
        Effect.promise(() => readBody(req, maxBodyBytes)),
        (bytes) => deletion(access, space, rest, bytes)
      )
    )
  }

  return (exchange, search) => {
    const { req, path } = exchange
    if (req.method === "POST" && path.endsWith("/external_ids/delete")) return remove(exchange)
    if (req.method !== "GET") return refuse(exchange, onlyGet)
    const snapshot = workspace.current()
    const access = accessOf(snapshot, req.headers.authorization)
    // /v1/spaces/{space_id}/... or /v1/namespaces/{space_id}/... (PRO-2)
    const [, , , spaceId, ...rest] = path.split("/")
    if (
      access === undefined ||
      spaceId === undefined ||
      !belongsTo(access, spaceId) ||
      !snapshot.spaceById.has(spaceId)
    )
      return refuse(exchange, unauthenticated)
    if (!allows(access, "profiles:read")) return refuse(exchange, forbidden("profiles:read"))
    options.services.tokenUse.note(access.id)
    const limit = snapshot.limits.profileApiPerSecond
    const isFile = isSchemaFile(rest)
    if (!rateLimit.take(spaceId, isFile ? fileUnits : 1, limit, performance.now()))
      return refuse(exchange, tooManyRequests(limit))
    if (busy()) return refuse(exchange, unavailable)
    if (isFile) {
      exchange.route = "schema"
      const file = Effect.suspend(() => schemaFile(access, spaceId, rest[1]!, new Query(search)))
      return answerWith(exchange, file, ({ content, fileName }) => replyFile(exchange, "text/csv", content, fileName))
    }
    const body = Effect.suspend(() => {
      const address = addressOf(rest)
      exchange.route = address.resource
      const resource = isMasked(access) ? answerMasked : answer
      return resource(model.spaceOf(spaceId), address, new Query(search))
    })
    answerWith(exchange, body)
  }
}
