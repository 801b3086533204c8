/** The audit trail (ADM-51), newest first, for owners: the last 90 days unless a time is named. */
import { Clock, Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { Database } from "../../platform/database.ts"
import { maskText, maskValue } from "../../profiles/masking/mask.ts"
import { readWorkspaceAudit, type WorkspaceAuditEntry } from "../../workspace/audit.ts"
import { type Caller, mustBeOwner } from "../caller.ts"
import { data, group, handled } from "../group.ts"
import { newestFirst, paginated, pagination } from "../pages.ts"
import { moment, timeText } from "../shapes.ts"

const shownForMs = 90 * 24 * 60 * 60 * 1000

const event = Schema.Struct({
  id: Schema.String,
  timestamp: Schema.String,
  type: Schema.String,
  actor: Schema.String,
  actorEmail: Schema.String,
  resourceId: Schema.String,
  resourceType: Schema.String,
  resourceName: Schema.String,
  reason: Schema.NullOr(Schema.String),
  requestId: Schema.NullOr(Schema.String),
  clientAddress: Schema.NullOr(Schema.String),
  before: Schema.Unknown,
  after: Schema.Unknown
})

const declared = group("Audit Trail").add(
  HttpApiEndpoint.get("listAuditEvents", "/audit-events", {
    query: {
      startTime: Schema.optionalKey(moment),
      endTime: Schema.optionalKey(moment),
      resourceId: Schema.optionalKey(Schema.String),
      resourceType: Schema.optionalKey(Schema.String),
      actor: Schema.optionalKey(Schema.String),
      type: Schema.optionalKey(Schema.String),
      pagination
    },
    success: data({ events: Schema.Array(event), pagination: paginated })
  })
)

const nameIn = (value: unknown): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  const named = "name" in value ? value.name : "title" in value ? value.title : undefined
  return typeof named === "string" ? named : undefined
}

/** `source src_x` is the resource src_x of type SOURCE; `event filter flt_x` of EVENT_FILTER. */
const shown = (entry: WorkspaceAuditEntry, { masked }: Caller) => {
  const { id, at, actor, action, target, reason, requestId, clientAddress, before, after } = entry
  const words = target.split(" ")
  const resourceId = words.at(-1) ?? ""
  return {
    id,
    timestamp: timeText(at),
    type: action,
    actor,
    actorEmail: "",
    resourceId,
    resourceType: words.slice(0, -1).join("_").toUpperCase() || "WORKSPACE",
    resourceName: masked ? resourceId : (nameIn(after) ?? nameIn(before) ?? resourceId),
    reason: masked && reason !== null ? maskText(reason) : reason,
    requestId,
    clientAddress,
    before: masked ? maskValue(before) : before,
    after: masked ? maskValue(after) : after
  }
}

const ms = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))

export const audit = Effect.gen(function* () {
  const { write: sql } = yield* Database
  return handled(declared, {
    listAuditEvents: ({ caller, query }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const now = yield* Clock.currentTimeMillis
        const { count, from, pageOf } = newestFirst("audit", query.pagination)
        const wanted = {
          from: ms(query.startTime) ?? now - shownForMs,
          to: ms(query.endTime),
          object: query.resourceId,
          objectType: query.resourceType?.toLowerCase().replaceAll("_", " "),
          actor: query.actor,
          action: query.type
        }
        const entries = yield* readWorkspaceAudit(sql, { ...wanted, upTo: from, limit: count + 1 })
        const newer =
          from === undefined ? [] : yield* readWorkspaceAudit(sql, { ...wanted, newerThan: from, limit: count })
        const page = pageOf(entries, newer)
        return { events: page.entries.map((each) => shown(each, caller)), pagination: page.pagination }
      })
  })
})
