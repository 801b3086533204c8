/**
 * Deletion and suppression in the Public API (ADM-10 to ADM-16, PRV-2 to PRV-5), as Segment's clients speak it; for tokens with
 * the scope `workspace:admin`.
 *
 *     GET, POST /regulations               GET, DELETE /regulations/{id}      GET /suppressions
 *     GET, POST /regulations/sources/{id}  POST /regulations/cloudsources/{id}
 *
 * What is asked for is carried out by `deletions.ts`.
 */
import { Cause, Clock, Context, Effect, Exit, Layer } from "effect"
import type { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { causeMessage } from "../platform/supervise.ts"
import { accessOf, actorOf, allows, isMasked } from "../profiles/access.ts"
import { maskText } from "../profiles/masking/mask.ts"
import { readBody } from "../profiles/request-body.ts"
import {
  cancelRegulation,
  createRegulation,
  findRegulation,
  type ListedRegulation,
  readQuota,
  readRegulations,
  readSuppressed
} from "../workspace/manage-regulations.ts"
import {
  documentedQuota,
  isRegulationType,
  type Regulation,
  regulationStatuses,
  shownForMs
} from "../workspace/regulation.ts"
import { Suppressions } from "../workspace/suppressions.ts"
import type { AccessToken } from "../workspace/workspace.ts"
import { Workspace } from "../workspace/workspace.ts"
import {
  basePath,
  invalid,
  notFound,
  pageOf,
  paginationOf,
  problem,
  PublicApiProblem,
  PublicQuery
} from "./public-api-request.ts"
import { readRegulationInput } from "./regulation-input.ts"

/** PRV-2. */
const maxBodyBytes = 4 * 1024 * 1024

interface Request {
  readonly method: string
  /** Behind the base path, decoded. */
  readonly path: ReadonlyArray<string>
  readonly query: PublicQuery
  readonly body: Effect.Effect<unknown, PublicApiProblem>
  readonly access: AccessToken
}

interface Answer {
  readonly data: object
  readonly headers?: Readonly<Record<string, string>>
}

type Answering = Effect.Effect<Answer, PublicApiProblem | SqlError.SqlError>

const time = (ms: number | null): string => (ms === null ? "" : new Date(ms).toISOString())

/** User ids as the viewer may see them (ADM-45). */
const shownTo = (access: AccessToken, userIds: ReadonlyArray<string>) =>
  isMasked(access) ? userIds.map(maskText) : userIds

const listed = ({ id, subjectIds, status, type, createdAt, finishedAt }: ListedRegulation, access: AccessToken) => ({
  id,
  subjectType: "USER_ID",
  subjects: shownTo(access, subjectIds),
  status,
  createdAt: time(createdAt),
  regulationType: type,
  finishedAt: time(finishedAt)
})

const oneOf = (query: PublicQuery, name: string, known: (value: string) => boolean) => {
  const values = query.list(name)
  const unknown = values?.find((value) => !known(value))
  if (unknown !== undefined) throw invalid([{ field: name, message: `"${name}" does not know ${unknown}` }])
  return values
}

const isStatus = (value: string) => (regulationStatuses as ReadonlyArray<string>).includes(value)

const methods = (
  request: Request,
  answers: Readonly<Partial<Record<"GET" | "POST" | "DELETE", () => Answering>>>
): Answering => {
  const answer = Object.entries(answers).find(([method]) => method === request.method)?.[1]
  const allow = Object.keys(answers).join(", ")
  return answer === undefined
    ? Effect.fail(problem(405, "method-not-allowed", `Use ${allow}.`, { Allow: allow }))
    : answer()
}

const make = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const workspace = yield* Workspace
  const suppressions = yield* Suppressions
  const { regulationQuota, regulationDelaySeconds, maxSuppressed } = yield* Settings
  const limits = { quota: regulationQuota, maxSuppressed, delayMs: regulationDelaySeconds * 1000 }

  const since = Effect.map(Clock.currentTimeMillis, (now) => now - shownForMs)
  const sourceOf = (id: string) => {
    if (!workspace.current().sources.some((source) => source.id === id)) throw notFound(`source ${id}`)
    return id
  }

  const list = ({ query, access }: Request, source: string | undefined): Answering =>
    Effect.gen(function* () {
      const page = pageOf(query, "regulations")
      const { regulations, total } = yield* readRegulations(sql, {
        since: yield* since,
        statuses: oneOf(query, "status", isStatus),
        types: oneOf(query, "regulationTypes", isRegulationType),
        source,
        userId: query.value("userId"),
        ...page
      })
      const shown = regulations.map((regulation) => listed(regulation, access))
      return { data: { regulations: shown, pagination: paginationOf("regulations", page, total) } }
    })

  const create = ({ access, body }: Request, source: string | null): Answering =>
    Effect.gen(function* () {
      const read = readRegulationInput(yield* body, source !== null)
      if ("problems" in read) return yield* invalid(read.problems)
      const { type, userIds } = read.input
      const quota = Effect.map(readQuota(sql, type), ({ resetsAt, used }) => ({
        "X-RateLimit-Remaining": String(Math.max(0, (limits.quota === 0 ? documentedQuota : limits.quota) - used)),
        "X-RateLimit-Reset": resetsAt.toUTCString()
      }))
      const refused = ({ code, message }: { readonly code: string; readonly message: string }) =>
        Effect.flatMap(quota, (headers) =>
          Effect.fail(
            code === "QUOTA" ? problem(429, "RequestError", message, headers) : problem(409, "conflict", message)
          )
        )
      const regulateId = yield* createRegulation(sql, actorOf(access), { type, source, userIds }, limits).pipe(
        Effect.catchTag("RegulationRefused", refused)
      )
      yield* suppressions.refresh
      return { data: { regulateId }, headers: yield* quota }
    })

  const shown = (regulation: Regulation) => {
    const sources = regulation.source === null ? workspace.current().sources.map(({ id }) => id) : [regulation.source]
    return {
      id: regulation.id,
      workspaceId: "workspace",
      overallStatus: regulation.status,
      createdAt: time(regulation.createdAt),
      finishedAt: time(regulation.finishedAt),
      // There are no destinations yet, so a source has none that could be behind.
      streamStatus: sources.map((id) => ({ id, destinationStatus: [] })),
      ...(regulation.error === null ? undefined : { errString: regulation.error })
    }
  }

  const one = (id: string): Answering =>
    Effect.gen(function* () {
      const regulation = yield* findRegulation(sql, id, yield* since)
      if (regulation === undefined) return yield* notFound(`regulation ${id}`)
      return { data: { regulation: shown(regulation) } }
    })

  const cancel = ({ access }: Request, id: string): Answering =>
    Effect.gen(function* () {
      yield* cancelRegulation(sql, actorOf(access), id).pipe(
        Effect.catchTag("RegulationRefused", ({ code, message }) =>
          Effect.fail(code === "NOT_FOUND" ? notFound(`regulation ${id}`) : problem(409, "conflict", message))
        )
      )
      yield* suppressions.refresh
      return { data: { status: "SUCCESS" } }
    })

  const suppressed = ({ query, access }: Request): Answering =>
    Effect.gen(function* () {
      const page = pageOf(query, "suppressions")
      const { users, total } = yield* readSuppressed(sql, page)
      const subjectIds = shownTo(access, [...new Set(users.map(({ userId }) => userId))])
      return {
        data: {
          suppressed: users.length === 0 ? [] : [{ subjectType: "USER_ID", subjectIds }],
          pagination: paginationOf("suppressions", page, total)
        }
      }
    })

  return (request: Request): Answering => {
    const [first, second, third, ...more] = request.path
    if (more.length > 0) return Effect.fail(notFound("such resource"))
    if (first === "suppressions" && second === undefined) return methods(request, { GET: () => suppressed(request) })
    if (first !== "regulations") return Effect.fail(notFound("such resource"))
    if (second === undefined)
      return methods(request, { GET: () => list(request, undefined), POST: () => create(request, null) })
    if (third === undefined) return methods(request, { GET: () => one(second), DELETE: () => cancel(request, second) })
    if (second === "sources") {
      const source = sourceOf(third)
      return methods(request, { GET: () => list(request, source), POST: () => create(request, source) })
    }
    if (second === "cloudsources") {
      sourceOf(third)
      const message = "Nothing is stored of objects of cloud sources, so there is nothing to delete"
      return methods(request, { POST: () => Effect.fail(invalid([{ field: "collection", message }])) })
    }
    return Effect.fail(notFound("such resource"))
  }
})

const reply = (res: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}) => {
  if (res.headersSent || res.destroyed) return
  const text = JSON.stringify(body)
  res.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    ...(status === 413 ? { Connection: "close" } : undefined),
    ...headers
  })
  res.end(text)
}

const jsonOf = (req: IncomingMessage): Effect.Effect<unknown, PublicApiProblem> =>
  Effect.gen(function* () {
    const bytes = yield* Effect.tryPromise({
      try: () => readBody(req, maxBodyBytes),
      catch: () => problem(400, "bad-request", "The body could not be read.")
    })
    if (bytes === null) return yield* problem(413, "payload-too-large", "The body is larger than 4 MB.")
    return yield* Effect.try({
      try: (): unknown => JSON.parse(bytes.toString("utf8")),
      catch: () => problem(400, "bad-request", "The body is not valid JSON.")
    })
  })

const matches = (path: string): boolean => path === basePath || path.startsWith(`${basePath}/`)

const failed = (cause: Cause.Cause<unknown>): Effect.Effect<PublicApiProblem> => {
  const error = Cause.squash(cause)
  if (error instanceof PublicApiProblem) return Effect.succeed(error)
  const id = randomUUID()
  return Effect.logError(`A request of the Public API failed (${id}): ${causeMessage(cause)}`).pipe(
    Effect.as(problem(500, "server-error", `Internal error; the log of the service tells more about ${id}.`))
  )
}

export class PublicApi extends Context.Service<
  PublicApi,
  {
    readonly matches: (path: string) => boolean
    /** Answers every request that `matches`; never throws. */
    readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  }
>()("braid/privacy/PublicApi") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const workspace = yield* Workspace
      const answer = yield* make
      const run = Effect.runCallbackWith(yield* Effect.context<never>())

      const requestOf = (req: IncomingMessage): Request => {
        const access = accessOf(workspace.current(), req.headers.authorization)
        if (access === undefined) throw problem(401, "unauthorized", "The access token is missing or unknown.")
        if (!allows(access, "workspace:admin"))
          throw problem(403, "forbidden", "The access token lacks the scope `workspace:admin`.")
        const [path = "", search = ""] = (req.url ?? "").split("?", 2)
        try {
          const parts = path
            .slice(basePath.length)
            .split("/")
            .filter((part) => part !== "")
          const decoded = parts.map(decodeURIComponent)
          return {
            method: req.method ?? "GET",
            path: decoded,
            query: new PublicQuery(search),
            body: jsonOf(req),
            access
          }
        } catch {
          throw problem(400, "bad-request", "The path is not valid percent-encoding.")
        }
      }

      const handle = (req: IncomingMessage, res: ServerResponse): void =>
        void run(
          Effect.suspend(() => answer(requestOf(req))),
          {
            onExit: (exit) => {
              if (Exit.isSuccess(exit)) return reply(res, 200, { data: exit.value.data }, exit.value.headers)
              run(failed(exit.cause), {
                onExit: (told) => {
                  if (!Exit.isSuccess(told)) return
                  const { status, errors, headers } = told.value
                  reply(res, status, { errors: errors.map((error) => ({ ...error, status })) }, headers)
                }
              })
            }
          }
        )
      return { matches, handle }
    })
  )
}
