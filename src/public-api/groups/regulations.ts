/**
 * Deletion and suppression (PRV-2 to PRV-5), for owners and the End User Privacy Admin. What is asked for is carried out by
 * `privacy/deletions.ts`.
 */
import { Clock, Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { Settings } from "../../config.ts"
import { Database } from "../../platform/database.ts"
import { type ForwardedDeletion, readForwarded } from "../../privacy/forwarded-deletions.ts"
import { readRegulationInput } from "../../privacy/regulation-input.ts"
import { maskText } from "../../profiles/masking/mask.ts"
import {
  cancelRegulation,
  createRegulation,
  findRegulation,
  type ListedRegulation,
  readQuota,
  readRegulations,
  readSuppressed
} from "../../workspace/manage-regulations.ts"
import {
  documentedQuota,
  type Regulation,
  regulationKinds,
  regulationStatuses,
  type RegulationType,
  shownForMs
} from "../../workspace/regulation.ts"
import { Suppressions } from "../../workspace/suppressions.ts"
import { Workspace } from "../../workspace/workspace.ts"
import { type Caller, must } from "../caller.ts"
import { data, deleted, group, handled, MaxBody, success, WithHeaders } from "../group.ts"
import { readIdentity } from "../identity.ts"
import { offsetOf, offsetPagination, paginated, pagination, type Pagination } from "../pages.ts"
import { invalid, notFound, problem } from "../problem.ts"
import { timeText } from "../shapes.ts"

/** PRV-2. */
const maxBodyBytes = 4 * 1024 * 1024

const types = Object.keys(regulationKinds) as ReadonlyArray<RegulationType>

const listedRegulation = Schema.Struct({
  id: Schema.String,
  subjectType: Schema.Literal("USER_ID"),
  subjects: Schema.Array(Schema.String),
  status: Schema.String,
  createdAt: Schema.String,
  regulationType: Schema.String,
  finishedAt: Schema.String
})

const regulation = Schema.Struct({
  id: Schema.String,
  workspaceId: Schema.String,
  overallStatus: Schema.String,
  createdAt: Schema.String,
  finishedAt: Schema.String,
  streamStatus: Schema.Array(
    Schema.Struct({ id: Schema.String, destinationStatus: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) })
  ),
  errString: Schema.optionalKey(Schema.String)
})

const listQuery = {
  status: Schema.optionalKey(Schema.Array(Schema.Literals(regulationStatuses))),
  regulationTypes: Schema.optionalKey(Schema.Array(Schema.Literals(types))),
  userId: Schema.optionalKey(Schema.String),
  pagination
}
const list = data({ regulations: Schema.Array(listedRegulation), pagination: paginated })
const order = Schema.Record(Schema.String, Schema.Unknown)
const made = data({ regulateId: Schema.String })
const source = { sourceId: Schema.String }
const one = { regulateId: Schema.String }

const declared = group("Deletion and Suppression").add(
  HttpApiEndpoint.get("listWorkspaceRegulations", "/regulations", { query: listQuery, success: list }),
  HttpApiEndpoint.post("createWorkspaceRegulation", "/regulations", { payload: order, success: made }).annotate(
    MaxBody,
    maxBodyBytes
  ),
  HttpApiEndpoint.get("getRegulation", "/regulations/:regulateId", { params: one, success: data({ regulation }) }),
  HttpApiEndpoint.delete("deleteRegulation", "/regulations/:regulateId", { params: one, success: deleted }),
  HttpApiEndpoint.get("listRegulationsFromSource", "/regulations/sources/:sourceId", {
    params: source,
    query: listQuery,
    success: list
  }),
  HttpApiEndpoint.post("createSourceRegulation", "/regulations/sources/:sourceId", {
    params: source,
    payload: order,
    success: made
  }).annotate(MaxBody, maxBodyBytes),
  HttpApiEndpoint.post("createCloudSourceRegulation", "/regulations/cloudsources/:sourceId", {
    params: source,
    payload: order,
    success: made
  }).annotate(MaxBody, maxBodyBytes),
  HttpApiEndpoint.get("listSuppressions", "/suppressions", {
    query: { pagination },
    success: data({
      suppressed: Schema.Array(
        Schema.Struct({ subjectType: Schema.Literal("USER_ID"), subjectIds: Schema.Array(Schema.String) })
      ),
      pagination: paginated
    })
  })
)

const time = (ms: number | null): string => (ms === null ? "" : timeText(ms))

/** User ids as the viewer may see them (ADM-45). */
const shownTo = ({ masked }: Caller, userIds: ReadonlyArray<string>) => (masked ? userIds.map(maskText) : userIds)

const listed = ({ id, subjectIds, status, type, createdAt, finishedAt }: ListedRegulation, caller: Caller) => ({
  id,
  subjectType: "USER_ID" as const,
  subjects: shownTo(caller, subjectIds),
  status,
  createdAt: time(createdAt),
  regulationType: type,
  finishedAt: time(finishedAt)
})

interface ListQuery {
  readonly status?: ReadonlyArray<string>
  readonly regulationTypes?: ReadonlyArray<string>
  readonly userId?: string
  readonly pagination?: Exclude<Pagination, undefined>
}

export const regulations = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const workspace = yield* Workspace
  const suppressions = yield* Suppressions
  const { regulationQuota, regulationDelaySeconds, maxSuppressed } = yield* Settings
  const limits = { quota: regulationQuota, maxSuppressed, delayMs: regulationDelaySeconds * 1000 }
  const { id: workspaceId } = yield* readIdentity(sql)

  const since = Effect.map(Clock.currentTimeMillis, (now) => now - shownForMs)
  const knownSource = (id: string) =>
    workspace.current().sources.some((each) => each.id === id) ? Effect.void : Effect.fail(notFound(`source ${id}`))

  const listOf = (caller: Caller, query: ListQuery, source: string | undefined) =>
    Effect.gen(function* () {
      yield* must(caller, "privacy", "read")
      if (source !== undefined) yield* knownSource(source)
      const page = offsetOf("regulations", query.pagination)
      const { regulations, total } = yield* readRegulations(sql, {
        since: yield* since,
        statuses: query.status ?? null,
        types: query.regulationTypes ?? null,
        source,
        userId: query.userId,
        ...page
      })
      const shown = regulations.map((each) => listed(each, caller))
      return { regulations: shown, pagination: offsetPagination("regulations", page, total) }
    })

  const create = (caller: Caller, body: unknown, source: string | null) =>
    Effect.gen(function* () {
      yield* must(caller, "privacy", "edit")
      if (source !== null) yield* knownSource(source)
      const read = readRegulationInput(body, source !== null)
      if ("problems" in read) return yield* invalid(read.problems)
      const { type, userIds } = read.input
      const quota = Effect.map(readQuota(sql, type), ({ resetsAt, used }) => ({
        "X-RateLimit-Remaining": String(Math.max(0, (limits.quota === 0 ? documentedQuota : limits.quota) - used)),
        "X-RateLimit-Reset": resetsAt.toUTCString()
      }))
      const refused = ({ code, message }: { readonly code: string; readonly message: string }) =>
        Effect.flatMap(quota, (headers) =>
          Effect.fail(
            code === "QUOTA" ? problem(429, "RequestError", message, { headers }) : problem(409, "conflict", message)
          )
        )
      const regulateId = yield* createRegulation(sql, caller.actor, { type, source, userIds }, limits).pipe(
        Effect.catchTag("RegulationRefused", refused)
      )
      yield* suppressions.refresh
      return new WithHeaders({ regulateId }, yield* quota)
    })

  const shown = (found: Regulation, asked: ReadonlyArray<ForwardedDeletion>) => {
    const sources = found.source === null ? workspace.current().sources.map(({ id }) => id) : [found.source]
    return {
      id: found.id,
      workspaceId,
      overallStatus: found.status,
      createdAt: time(found.createdAt),
      finishedAt: time(found.finishedAt),
      streamStatus: sources.map((id) => ({
        id,
        destinationStatus: asked
          .filter(({ source }) => source === id)
          .map(({ error, finishedAt, id, name, status }) => ({
            name,
            id,
            status,
            errString: error,
            finishedAt: time(finishedAt)
          }))
      })),
      ...(found.error === null ? undefined : { errString: found.error })
    }
  }

  return handled(declared, {
    listWorkspaceRegulations: ({ caller, query }) => listOf(caller, query, undefined),
    createWorkspaceRegulation: ({ caller, payload }) => create(caller, payload, null),
    listRegulationsFromSource: ({ caller, query, params }) => listOf(caller, query, params.sourceId),
    createSourceRegulation: ({ caller, payload, params }) => create(caller, payload, params.sourceId),
    createCloudSourceRegulation: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* must(caller, "privacy", "edit")
        yield* knownSource(params.sourceId)
        const message = "Nothing is stored of objects of cloud sources, so there is nothing to delete"
        return yield* invalid([{ field: "collection", message }])
      }),
    getRegulation: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* must(caller, "privacy", "read")
        const found = yield* findRegulation(sql, params.regulateId, yield* since)
        if (found === undefined) return yield* notFound(`regulation ${params.regulateId}`)
        return { regulation: shown(found, yield* readForwarded(sql, found.n)) }
      }),
    deleteRegulation: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* must(caller, "privacy", "edit")
        yield* cancelRegulation(sql, caller.actor, params.regulateId).pipe(
          Effect.catchTag("RegulationRefused", ({ code, message }) =>
            Effect.fail(
              code === "NOT_FOUND" ? notFound(`regulation ${params.regulateId}`) : problem(409, "conflict", message)
            )
          )
        )
        yield* suppressions.refresh
        return success
      }),
    listSuppressions: ({ caller, query }) =>
      Effect.gen(function* () {
        yield* must(caller, "privacy", "read")
        const page = offsetOf("suppressions", query.pagination)
        const { users, total } = yield* readSuppressed(sql, page)
        const subjectIds = shownTo(caller, [...new Set(users.map(({ userId }) => userId))])
        return {
          suppressed: users.length === 0 ? [] : [{ subjectType: "USER_ID" as const, subjectIds }],
          pagination: offsetPagination("suppressions", page, total)
        }
      })
  })
})
