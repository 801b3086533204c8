/** Roles (ADM-41, ADM-42): constants. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { data, group, handled } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"
import { roles as all } from "../roles.ts"

const role = Schema.Struct({ id: Schema.String, name: Schema.String, description: Schema.String })

const declared = group("IAM Roles").add(
  HttpApiEndpoint.get("listRoles", "/roles", {
    query: { pagination },
    success: data({ roles: Schema.Array(role), pagination: paginated })
  })
)

export const roles = Effect.succeed(
  handled(declared, {
    listRoles: ({ query }) =>
      Effect.sync(() => {
        const page = pageOf("roles", [...all.entries()], ([at]) => at, query.pagination)
        return {
          roles: page.entries.map(([, { id, name, description }]) => ({ id, name, description })),
          pagination: page.pagination
        }
      })
  })
)
