/**
 * OAuth applications (ADM-75 to ADM-78), and which source is connected to which. Owners make and change applications; who edits a
 * source connects it and says whether its requests need a token.
 */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import type { ApplicationView } from "../../workspace/manage-oauth.ts"
import { makeManagement } from "../../workspace/management.ts"
import { oauthScopes } from "../../workspace/oauth-token.ts"
import { makeSourceAccess } from "../access.ts"
import { type Caller, mustBeOwner } from "../caller.ts"
import { created, data, deleted, group, handled, success } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { forbidden, notFound } from "../problem.ts"
import { mayAny } from "../roles.ts"
import { timeText } from "../shapes.ts"

const scopes = Schema.Array(Schema.Literals(oauthScopes))
const key = Schema.Struct({ name: Schema.String, publicKey: Schema.String })
const application = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  tokenSeconds: Schema.Number,
  scopes,
  keys: Schema.Array(
    Schema.Struct({ id: Schema.String, name: Schema.String, publicKey: Schema.String, createdAt: Schema.String })
  ),
  sources: Schema.Array(Schema.String),
  origin: Schema.Literals(["file", "api"]),
  createdAt: Schema.String,
  createdBy: Schema.String
})
const params = { applicationId: Schema.String }
const at = "/oauth-applications/:applicationId" as const
const ofSource = { sourceId: Schema.String }
const connection = Schema.NullOr(Schema.Struct({ applicationId: Schema.String, enabled: Schema.Boolean }))

const declared = group("OAuth").add(
  HttpApiEndpoint.get("listOAuthApplications", "/oauth-applications", {
    query: { pagination },
    success: data({ oauthApplications: Schema.Array(application), pagination: paginated })
  }),
  HttpApiEndpoint.post("createOAuthApplication", "/oauth-applications", {
    payload: Schema.Struct({ name: Schema.String, tokenSeconds: Schema.Int, scopes, key }),
    success: created({ oauthApplication: application, keyId: Schema.String })
  }),
  HttpApiEndpoint.get("getOAuthApplication", at, { params, success: data({ oauthApplication: application }) }),
  HttpApiEndpoint.patch("updateOAuthApplication", at, {
    params,
    payload: Schema.Struct({
      name: Schema.optionalKey(Schema.String),
      tokenSeconds: Schema.optionalKey(Schema.Int),
      scopes: Schema.optionalKey(scopes)
    }),
    success: data({ oauthApplication: application })
  }),
  HttpApiEndpoint.delete("deleteOAuthApplication", at, {
    params,
    query: { name: Schema.String },
    success: deleted
  }),
  HttpApiEndpoint.post("addOAuthKey", `${at}/keys`, {
    params,
    payload: key,
    success: created({ oauthApplication: application, keyId: Schema.String })
  }),
  HttpApiEndpoint.delete("removeOAuthKey", `${at}/keys/:keyId`, {
    params: { ...params, keyId: Schema.String },
    success: deleted
  }),
  HttpApiEndpoint.post("revokeOAuthToken", "/oauth-tokens/revoke", {
    payload: Schema.Struct({ token: Schema.String }),
    success: deleted
  }),
  HttpApiEndpoint.put("connectOAuthApplication", "/sources/:sourceId/oauth", {
    params: ofSource,
    payload: Schema.Struct({ applicationId: Schema.String, enabled: Schema.optionalKey(Schema.Boolean) }),
    success: data({ oauth: connection })
  }),
  HttpApiEndpoint.delete("disconnectOAuthApplication", "/sources/:sourceId/oauth", {
    params: ofSource,
    success: deleted
  })
)

const shown = ({ createdAt, keys, ...rest }: ApplicationView) => ({
  ...rest,
  keys: keys.map((each) => ({ ...each, createdAt: timeText(each.createdAt) })),
  createdAt: timeText(createdAt)
})

/** ADM-75: for whom applications are made. */
const mayLook = ({ permissions }: Caller) =>
  mayAny(permissions, "source") || mayAny(permissions, "function")
    ? Effect.void
    : Effect.fail(forbidden("OAuth applications are shown to who may read sources or functions."))

export const oauth = Effect.gen(function* () {
  const management = yield* makeManagement
  const access = yield* makeSourceAccess

  const find = (id: string) =>
    Effect.gen(function* () {
      const [found] = yield* management.applications(id)
      return found === undefined ? yield* notFound(`OAuth application ${id}`) : shown(found)
    })
  /** Of the sources of an application only those that the caller sees. */
  const seenBy = (caller: Caller, each: ReturnType<typeof shown>) => ({
    ...each,
    sources: each.sources.filter((id) => access.seesSource(caller, id))
  })

  return handled(declared, {
    listOAuthApplications: ({ caller, query }) =>
      Effect.gen(function* () {
        yield* mayLook(caller)
        const all = yield* management.applications()
        const page = pageOf("oauth applications", [...all.entries()], ([at]) => at, query.pagination)
        const oauthApplications = page.entries.map(([, each]) => seenBy(caller, shown(each)))
        return { oauthApplications, pagination: page.pagination }
      }),
    createOAuthApplication: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const { id, keyId } = yield* management.createApplication(caller.actor, payload)
        return { oauthApplication: yield* find(id), keyId }
      }),
    getOAuthApplication: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* mayLook(caller)
        return { oauthApplication: seenBy(caller, yield* find(params.applicationId)) }
      }),
    updateOAuthApplication: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        yield* management.updateApplication(caller.actor, params.applicationId, payload)
        return { oauthApplication: yield* find(params.applicationId) }
      }),
    deleteOAuthApplication: ({ caller, params, query }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        yield* management.deleteApplication(caller.actor, params.applicationId, query.name)
        return success
      }),
    addOAuthKey: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const keyId = yield* management.addApplicationKey(caller.actor, params.applicationId, payload)
        return { oauthApplication: yield* find(params.applicationId), keyId }
      }),
    removeOAuthKey: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        yield* management.removeApplicationKey(caller.actor, params.applicationId, params.keyId)
        return success
      }),
    revokeOAuthToken: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        yield* management.revokeAccessToken(caller.actor, payload.token)
        return success
      }),
    connectOAuthApplication: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        const { applicationId, enabled } = payload
        yield* access.source(caller, params.sourceId, "edit")
        yield* management.connectApplication(caller.actor, params.sourceId, applicationId)
        if (enabled !== undefined) yield* management.enforceOAuth(caller.actor, params.sourceId, enabled)
        const [source] = yield* management.sources(params.sourceId)
        const { oauth = null } = source ?? {}
        return { oauth: oauth === null ? null : { applicationId: oauth.application, enabled: oauth.enabled } }
      }),
    disconnectOAuthApplication: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.source(caller, params.sourceId, "edit")
        yield* management.disconnectApplication(caller.actor, params.sourceId)
        return success
      })
  })
})
