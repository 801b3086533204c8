/** Spaces that the caller can see (IDR-1). They are changed through GraphQL and the console. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { type Space, Workspace } from "../../workspace/workspace.ts"
import { type Caller, mustOn, reads } from "../caller.ts"
import { data, group, handled, Versions } from "../group.ts"
import { pageOf, paginated, pagination } from "../pages.ts"

const space = Schema.Struct({ id: Schema.String, slug: Schema.String, name: Schema.String })

const declared = group("Spaces").add(
  HttpApiEndpoint.get("listSpaces", "/spaces", {
    query: { pagination },
    success: data({ spaces: Schema.Array(space), pagination: paginated })
  }).annotate(Versions, ["v1alpha"]),
  HttpApiEndpoint.get("getSpace", "/spaces/:spaceId", {
    params: { spaceId: Schema.String },
    success: data({ space })
  }).annotate(Versions, ["v1alpha"])
)

const shown = ({ id, slug, name }: Space) => ({ id, slug, name })

/** Spaces have no labels of their own yet. */
export const spaceResource = ({ id }: Pick<Space, "id">) => ({ id, labels: [] })

export const mayUseSpace = (caller: Caller, level: "read" | "edit", found: Space | undefined, id: string) =>
  mustOn(caller, "space", level, found === undefined ? undefined : spaceResource(found), `space ${id}`)

export const spaces = Effect.gen(function* () {
  const workspace = yield* Workspace
  return handled(declared, {
    listSpaces: ({ caller, query }) =>
      Effect.sync(() => {
        const all = workspace.current().spaces.filter((each) => reads(caller, "space", spaceResource(each)))
        const page = pageOf("spaces", [...all.entries()], ([at]) => at, query.pagination)
        return { spaces: page.entries.map(([, each]) => shown(each)), pagination: page.pagination }
      }),
    getSpace: ({ caller, params }) =>
      Effect.gen(function* () {
        const found = workspace.current().spaceById.get(params.spaceId)
        yield* mayUseSpace(caller, "read", found, params.spaceId)
        return { space: shown(found!) }
      })
  })
})
