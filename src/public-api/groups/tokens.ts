/** Public API tokens (ADM-70); the original has no routes for them. For owners. */
import { Clock, Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { Database } from "../../platform/database.ts"
import { mustBeOwner } from "../caller.ts"
import { created, data, deleted, group, handled, success } from "../group.ts"
import { readIdentity } from "../identity.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { invalid } from "../problem.ts"
import { ownerRole, permissionProblems, resourceTypes } from "../roles.ts"
import { label, moment, timeText } from "../shapes.ts"
import { type ApiToken, ApiTokens } from "../tokens.ts"

const permission = Schema.Struct({
  roleId: Schema.String,
  resources: Schema.NonEmptyArray(
    Schema.Struct({
      id: Schema.String,
      type: Schema.Literals(resourceTypes),
      labels: Schema.optionalKey(Schema.Array(label))
    })
  )
})

const token = Schema.Struct({
  id: Schema.String,
  description: Schema.String,
  prefix: Schema.String,
  permissions: Schema.Array(permission),
  piiAccess: Schema.Boolean,
  createdAt: Schema.String,
  createdBy: Schema.String,
  lastUsedAt: Schema.NullOr(Schema.String),
  expiresAt: Schema.NullOr(Schema.String)
})

const declared = group("Tokens").add(
  HttpApiEndpoint.get("listTokens", "/tokens", {
    query: { pagination },
    success: data({ tokens: Schema.Array(token), pagination: paginated })
  }),
  HttpApiEndpoint.post("createToken", "/tokens", {
    payload: Schema.Struct({
      description: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200)),
      permissions: Schema.optionalKey(Schema.NonEmptyArray(permission)),
      piiAccess: Schema.optionalKey(Schema.Boolean),
      expiresAt: Schema.optionalKey(Schema.NullOr(moment))
    }),
    success: created({ token, secret: Schema.String })
  }),
  HttpApiEndpoint.delete("revokeToken", "/tokens/:tokenId", { params: { tokenId: Schema.String }, success: deleted })
)

const time = (ms: number | null) => (ms === null ? null : timeText(ms))

const shown = (held: ApiToken) => ({
  id: held.id,
  description: held.description,
  prefix: held.prefix,
  permissions: held.permissions as typeof token.Type.permissions,
  piiAccess: !held.masked,
  createdAt: timeText(held.createdAt),
  createdBy: held.createdBy,
  lastUsedAt: time(held.lastUsedAt),
  expiresAt: time(held.expiresAt)
})

export const tokens = Effect.gen(function* () {
  const { write: sql } = yield* Database
  const store = yield* ApiTokens
  return handled(declared, {
    listTokens: ({ caller, query }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const page = pageOf("tokens", yield* store.list, ({ n }) => n, query.pagination)
        return { tokens: page.entries.map(shown), pagination: page.pagination }
      }),
    createToken: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const { id: workspaceId } = yield* readIdentity(sql)
        const owner = { roleId: ownerRole, resources: [{ id: workspaceId, type: "WORKSPACE" as const }] }
        const permissions = payload.permissions ?? [owner]
        const problems = permissionProblems(permissions, workspaceId)
        if (problems.length > 0) return yield* invalid(problems)
        const expiresAt = typeof payload.expiresAt === "string" ? Date.parse(payload.expiresAt) : null
        if (expiresAt !== null && expiresAt <= (yield* Clock.currentTimeMillis))
          return yield* invalid([{ field: "expiresAt", message: `"expiresAt" must be in the future` }])
        const { description, piiAccess = true } = payload
        // Who is without PII access cannot give what they do not have.
        const masked = !piiAccess || caller.masked
        const { id, secret } = yield* store.create(caller.actor, { description, permissions, masked, expiresAt })
        const made = (yield* store.list).find((each) => each.id === id)
        return { token: shown(made!), secret }
      }),
    revokeToken: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        yield* store.revoke(caller.actor, params.tokenId)
        return success
      })
  })
})
