/** Encryption of fields for one destination (PRV-51 to PRV-53), for owners. The private key is told once. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { DestinationManagement } from "../../destinations/manage/destination-management.ts"
import type { EncryptionView } from "../../destinations/manage/views.ts"
import { makeDestinationAccess } from "../access.ts"
import { mustBeOwner } from "../caller.ts"
import { data, group, handled } from "../group.ts"
import { timeText } from "../shapes.ts"

const params = { destinationId: Schema.String }
const encryption = Schema.Struct({
  enabled: Schema.Boolean,
  fields: Schema.Array(Schema.String),
  publicKey: Schema.NullOr(Schema.String),
  keysGeneratedAt: Schema.NullOr(Schema.String)
})
const one = data({ encryption })

const declared = group("Encryption").add(
  HttpApiEndpoint.get("getEncryption", "/destinations/:destinationId/encryption", { params, success: one }),
  HttpApiEndpoint.put("updateEncryption", "/destinations/:destinationId/encryption", {
    params,
    payload: Schema.Struct({ enabled: Schema.Boolean, fields: Schema.Array(Schema.String) }),
    success: one
  }),
  HttpApiEndpoint.post("generateEncryptionKeys", "/destinations/:destinationId/encryption/keys", {
    params,
    success: data({ encryption, privateKey: Schema.String })
  })
)

const shown = ({ enabled, fields, publicKey, keysGeneratedAt: at }: EncryptionView) => ({
  enabled,
  fields,
  publicKey,
  keysGeneratedAt: at === null ? null : timeText(at)
})

export const fieldEncryption = Effect.gen(function* () {
  const management = yield* DestinationManagement
  const access = yield* makeDestinationAccess
  return handled(declared, {
    getEncryption: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "read")
        return { encryption: shown(yield* management.encryption(params.destinationId)) }
      }),
    updateEncryption: ({ caller, params, payload }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "read")
        yield* mustBeOwner(caller)
        const changed = management.setEncryption(caller.actor, params.destinationId, payload)
        return { encryption: shown(yield* changed) }
      }),
    generateEncryptionKeys: ({ caller, params }) =>
      Effect.gen(function* () {
        yield* access.destination(caller, params.destinationId, "read")
        yield* mustBeOwner(caller)
        const made = yield* management.generateEncryptionKeys(caller.actor, params.destinationId)
        return { encryption: shown(made), privateKey: made.privateKey }
      })
  })
})
