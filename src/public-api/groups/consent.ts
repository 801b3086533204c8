/** Consent categories (PRV-60): owners change them, everybody sees them. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationManagement } from "../../destinations/manage/destination-management.ts"
import type { ConsentCategoryView } from "../../destinations/manage/views.ts"
import { mustBeOwner } from "../caller.ts"
import { created, data, deleted, group, handled, success } from "../group.ts"
import { timeText } from "../shapes.ts"

const texts = Schema.Array(Schema.String)
const consentCategory = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  enabled: Schema.Boolean,
  metadataIds: texts,
  createdAt: Schema.String
})
const params = { categoryId: Schema.String }

const declared = group("Consent").add(
  HttpApiEndpoint.get("listConsentCategories", "/consent-categories", {
    success: data({ consentCategories: Schema.Array(consentCategory) })
  }),
  HttpApiEndpoint.post("createConsentCategory", "/consent-categories", {
    payload: Schema.Struct({ id: Schema.String, name: Schema.String, metadataIds: Schema.optionalKey(texts) }),
    success: created({ consentCategory })
  }),
  HttpApiEndpoint.patch("updateConsentCategory", "/consent-categories/:categoryId", {
    params,
    payload: Schema.Struct({
      name: Schema.optionalKey(Schema.String),
      enabled: Schema.optionalKey(Schema.Boolean),
      metadataIds: Schema.optionalKey(texts)
    }),
    success: data({ consentCategory })
  }),
  HttpApiEndpoint.delete("deleteConsentCategory", "/consent-categories/:categoryId", { params, success: deleted })
)

const shown = ({ createdAt, ...rest }: ConsentCategoryView) => ({ ...rest, createdAt: timeText(createdAt) })

export const consent = Effect.gen(function* () {
  const management = yield* DestinationManagement
  return handled(declared, {
    listConsentCategories: () =>
      Effect.map(management.consentCategories, (all) => ({ consentCategories: all.map(shown) })),
    createConsentCategory: ({ caller, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        return { consentCategory: shown(yield* management.createConsentCategory(caller.actor, payload)) }
      }),
    updateConsentCategory: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        const changed = management.updateConsentCategory(caller.actor, params.categoryId, payload)
        return { consentCategory: shown(yield* changed) }
      }),
    deleteConsentCategory: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* mustBeOwner(caller)
        yield* management.deleteConsentCategory(caller.actor, params.categoryId)
        return success
      })
  })
})
