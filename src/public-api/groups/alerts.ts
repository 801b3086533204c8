/**
 * Alerts (DEL-50 to DEL-55) and the notices in the app. Everybody who sees a source or destination makes alerts on it; who may change
 * and delete one is decided where alerts are kept.
 */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { AlertRefused, alertStates, alertTypes } from "../../delivery/alerts/alert.ts"
import { makeAlertManagement } from "../../delivery/alerts/manage.ts"
import { makeNotifications } from "../../delivery/alerts/notifications.ts"
import type { AlertView } from "../../delivery/alerts/views.ts"
import { makeDestinationAccess } from "../access.ts"
import type { Caller } from "../caller.ts"
import { created, data, deleted, group, handled, success } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { problem } from "../problem.ts"
import { isOwner } from "../roles.ts"
import { timeText } from "../shapes.ts"

const time = Schema.NullOr(Schema.String)
const channel = Schema.Struct({
  type: Schema.Literals(["IN_APP", "EMAIL", "SLACK", "WEBHOOK"]),
  address: Schema.optionalKey(Schema.String),
  url: Schema.optionalKey(Schema.String),
  channel: Schema.optionalKey(Schema.String),
  secret: Schema.optionalKey(Schema.String),
  status: Schema.Struct({
    lastDeliveredAt: time,
    lastError: Schema.NullOr(Schema.Struct({ message: Schema.String, at: Schema.String, final: Schema.Boolean }))
  })
})
const alert = Schema.Struct({
  id: Schema.String,
  type: Schema.Literals(alertTypes),
  resourceId: Schema.String,
  threshold: Schema.Number,
  channels: Schema.Array(channel),
  createdBy: Schema.String,
  createdAt: Schema.String,
  state: Schema.Literals(alertStates),
  value: Schema.NullOr(Schema.Number),
  evaluatedAt: time,
  lastFiredAt: time
})
const notification = Schema.Struct({
  n: Schema.Number,
  time: Schema.String,
  kind: Schema.Literals(["firing", "reminder", "recovered"]),
  resourceId: Schema.String,
  title: Schema.String,
  body: Schema.String,
  path: Schema.String,
  seen: Schema.Boolean
})
const channels = Schema.Array(Schema.Record(Schema.String, Schema.Unknown))
const params = { alertId: Schema.String }

const declared = group("Alerts").add(
  HttpApiEndpoint.get("listAlerts", "/alerts", {
    query: { resourceId: Schema.optionalKey(Schema.String), pagination },
    success: data({ alerts: Schema.Array(alert), channelTypes: Schema.Array(Schema.String), pagination: paginated })
  }),
  HttpApiEndpoint.post("createAlert", "/alerts", {
    payload: Schema.Struct({
      type: Schema.Literals(alertTypes),
      resourceId: Schema.String,
      threshold: Schema.Number,
      channels
    }),
    success: created({ alert })
  }),
  HttpApiEndpoint.get("getAlert", "/alerts/:alertId", { params, success: data({ alert }) }),
  HttpApiEndpoint.patch("updateAlert", "/alerts/:alertId", {
    params,
    payload: Schema.Struct({
      threshold: Schema.optionalKey(Schema.Number),
      channels: Schema.optionalKey(channels)
    }),
    success: data({ alert })
  }),
  HttpApiEndpoint.delete("deleteAlert", "/alerts/:alertId", { params, success: deleted }),
  HttpApiEndpoint.get("listNotifications", "/notifications", {
    query: { count: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 }))) },
    success: data({ notifications: Schema.Array(notification), unseen: Schema.Number })
  }),
  HttpApiEndpoint.post("seeNotifications", "/notifications/seen", {
    payload: Schema.Struct({ upTo: Schema.Int }),
    success: deleted
  })
)

const iso = (ms: number | null) => (ms === null ? null : timeText(ms))

const shown = (view: AlertView): typeof alert.Type => ({
  ...view,
  channels: view.channels.map(({ status: { lastDeliveredAt, lastError }, ...rest }) => ({
    ...rest,
    status: {
      lastDeliveredAt: iso(lastDeliveredAt),
      lastError: lastError === null ? null : { ...lastError, at: timeText(lastError.at) }
    }
  })),
  createdAt: timeText(view.createdAt),
  evaluatedAt: iso(view.evaluatedAt),
  lastFiredAt: iso(view.lastFiredAt)
})

const statuses: Readonly<Record<AlertRefused["code"], readonly [status: number, type: string]>> = {
  ALERT_NOT_OWNER: [403, "forbidden"],
  NOT_FOUND: [404, "not-found"],
  VALIDATION_FAILED: [422, "input-validation"],
  ALERT_LIMIT: [409, "conflict"]
}

const told = ({ code, message }: AlertRefused) => {
  const [status, type] = statuses[code]
  return Effect.fail(problem(status, type, message, { data: { code } }))
}

const asker = ({ actor, permissions }: Caller) => ({ actor, isOwner: isOwner(permissions) })

export const alerts = Effect.gen(function* () {
  const management = yield* makeAlertManagement
  const notifications = yield* makeNotifications
  const access = yield* makeDestinationAccess

  /** Fails for what the caller does not see. */
  const onSeen = (caller: Caller, resourceId: string) =>
    Effect.catch(Effect.asVoid(access.source(caller, resourceId, "read")), () =>
      Effect.asVoid(access.destination(caller, resourceId, "read"))
    )
  const find = (caller: Caller, id: string) =>
    Effect.tap(Effect.catchTag(management.find(id), "AlertRefused", told), ({ resourceId }) =>
      onSeen(caller, resourceId)
    )

  return handled(declared, {
    listAlerts: ({ caller, query }) =>
      Effect.gen(function* () {
        const all = yield* Effect.catchTag(management.list(query.resourceId), "AlertRefused", told)
        const seen = yield* Effect.filter(all, ({ resourceId }) => Effect.isSuccess(onSeen(caller, resourceId)))
        const page = pageOf("alerts", [...seen.entries()], ([at]) => at, query.pagination)
        return {
          alerts: page.entries.map(([, each]) => shown(each)),
          channelTypes: management.channelTypes,
          pagination: page.pagination
        }
      }),
    createAlert: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* onSeen(caller, payload.resourceId)
        const made = Effect.catchTag(management.create(asker(caller), payload), "AlertRefused", told)
        return { alert: shown(yield* made) }
      }),
    getAlert: ({ caller, params }) => Effect.map(find(caller, params.alertId), (view) => ({ alert: shown(view) })),
    updateAlert: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* find(caller, params.alertId)
        const changed = management.update(asker(caller), params.alertId, payload)
        return { alert: shown(yield* Effect.catchTag(changed, "AlertRefused", told)) }
      }),
    deleteAlert: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* find(caller, params.alertId)
        yield* Effect.catchTag(management.remove(asker(caller), params.alertId), "AlertRefused", told)
        return success
      }),
    listNotifications: ({ caller, query }) =>
      Effect.gen(function* () {
        const all = yield* notifications.list(caller.actor, query.count ?? 50)
        const seen = yield* Effect.filter(all, ({ resourceId }) => Effect.isSuccess(onSeen(caller, resourceId)))
        return {
          notifications: seen.map(({ at, ...rest }) => ({ ...rest, time: timeText(at) })),
          unseen: seen.filter(({ seen }) => !seen).length
        }
      }),
    seeNotifications: ({ caller, payload }) => Effect.as(notifications.see(caller.actor, payload.upTo), success)
  })
})
