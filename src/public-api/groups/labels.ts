/** Labels (ADM-46): everybody sees them, owners make and delete them. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { makeManagement } from "../../workspace/management.ts"
import { mustBeOwner } from "../caller.ts"
import { created, data, deleted, group, handled, success } from "../group.ts"
import { problem } from "../problem.ts"
import { label, labelOf } from "../shapes.ts"
import { ApiTokens } from "../tokens.ts"

const declared = group("Labels").add(
  HttpApiEndpoint.get("listLabels", "/labels", { success: data({ labels: Schema.Array(label) }) }),
  HttpApiEndpoint.post("createLabel", "/labels", {
    payload: Schema.Struct({ label }),
    success: created({ label })
  }),
  HttpApiEndpoint.delete("deleteLabel", "/labels/:key/:value", {
    params: { key: Schema.String, value: Schema.String },
    success: deleted
  })
)

export const labels = Effect.gen(function* () {
  const management = yield* makeManagement
  const tokens = yield* ApiTokens

  /** ADM-46: without its label a permission would be wider than what was given. */
  const inPermissions = (key: string, value: string) =>
    Effect.map(tokens.list, (all) =>
      all.filter(({ permissions }) =>
        permissions.some(({ resources }) =>
          resources.some(({ labels = [] }) => labels.some((each) => each.key === key && each.value === value))
        )
      )
    )

  return handled(declared, {
    listLabels: () =>
      Effect.map(management.labels(), (all) => ({
        labels: all.map(({ label, description }) => ({
          ...labelOf(label),
          ...(description === null ? undefined : { description })
        }))
      })),
    createLabel: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const { key, value, description } = payload.label
        yield* management.createLabel(caller.actor, `${key}:${value}`, description ?? null)
        return { label: { key, value, ...(description === undefined ? undefined : { description }) } }
      }),
    deleteLabel: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const { key, value } = params
        const [used] = yield* inPermissions(key, value)
        if (used !== undefined)
          return yield* problem(
            409,
            "conflict",
            `The label ${key}:${value} narrows a permission of the token "${used.description}" (${used.id}). Revoke that first.`
          )
        yield* management.deleteLabel(caller.actor, `${key}:${value}`)
        return success
      })
  })
})
