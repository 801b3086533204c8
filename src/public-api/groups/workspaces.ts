/** The workspace itself (ADM-1). */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { Database } from "../../platform/database.ts"
import { changeWorkspace } from "../../workspace/changes.ts"
import { mustBeOwner } from "../caller.ts"
import { data, group, handled } from "../group.ts"
import { readIdentity, renameWorkspace } from "../identity.ts"

const workspace = Schema.Struct({ id: Schema.String, slug: Schema.String, name: Schema.String })

const declared = group("Workspaces").add(
  HttpApiEndpoint.get("getWorkspace", "/", { success: data({ workspace }) }),
  HttpApiEndpoint.patch("updateWorkspace", "/", {
    payload: Schema.Struct({ name: Schema.String }),
    success: data({ workspace })
  })
)

export const workspaces = Effect.gen(function* () {
  const { write: sql } = yield* Database
  return handled(declared, {
    getWorkspace: () => Effect.map(readIdentity(sql), (workspace) => ({ workspace })),
    updateWorkspace: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const renamed = changeWorkspace(sql, caller.actor, (change) => renameWorkspace(change, payload.name))
        return { workspace: yield* renamed }
      })
  })
})
