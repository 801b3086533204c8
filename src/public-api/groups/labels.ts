/** Labels (ADM-46): everybody sees them, owners make and delete them. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { makeManagement } from "../../workspace/management.ts"
import { mustBeOwner } from "../caller.ts"
import { created, data, deleted, group, handled, success } from "../group.ts"
import { label, labelOf } from "../shapes.ts"

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
        yield* management.deleteLabel(caller.actor, `${params.key}:${params.value}`)
        return success
      })
  })
})
