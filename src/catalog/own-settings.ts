/** Fields that are ours: of our own entries, and what Segment's webhooks leave to their host. */
import type { CatalogField, Conditions } from "./entry.ts"
import { extensibleWebhook, webhook } from "./worker/webhooks.ts"

/** A field of our own, for `builtin/` and for what the package leaves to its host. */
export const ownField = (
  given: Partial<CatalogField> & Pick<CatalogField, "key" | "type" | "label">
): CatalogField => ({
  description: "",
  required: false,
  multiple: false,
  dynamic: false,
  allowNull: false,
  hidden: false,
  readOnly: false,
  additionalProperties: false,
  ...given
})

const while_ = (...values: ReadonlyArray<string>): Conditions => ({
  match: "any",
  conditions: values.map((value) => ({ type: "field", fieldKey: "authentication", operator: "is", value }))
})
const oauth = ["oauthClientCredentials", "oauthAuthorizationCode"] as const

/** DST-114: the definition leaves authentication to its host. */
const extensibleWebhookSettings: ReadonlyArray<CatalogField> = [
  ownField({
    key: "authentication",
    type: "string",
    label: "Authentication",
    description: "How requests are authorised.",
    default: "none",
    choices: [
      { value: "none", label: "None" },
      { value: "bearer", label: "Bearer token" },
      { value: "oauthClientCredentials", label: "OAuth 2.0, client credentials" },
      { value: "oauthAuthorizationCode", label: "OAuth 2.0, authorisation code" }
    ]
  }),
  ownField({
    key: "bearerToken",
    type: "password",
    label: "Bearer token",
    required: while_("bearer"),
    dependsOn: while_("bearer")
  }),
  ownField({
    key: "clientId",
    type: "string",
    label: "Client id",
    required: while_(...oauth),
    dependsOn: while_(...oauth)
  }),
  ownField({
    key: "clientSecret",
    type: "password",
    label: "Client secret",
    required: while_(...oauth),
    dependsOn: while_(...oauth)
  }),
  ownField({
    key: "authorizeUrl",
    type: "string",
    format: "uri",
    label: "Authorise URL",
    description: "Where people agree to the connection.",
    required: while_("oauthAuthorizationCode"),
    dependsOn: while_("oauthAuthorizationCode")
  }),
  ownField({
    key: "tokenUrl",
    type: "string",
    format: "uri",
    label: "Token URL",
    description: "Where access tokens are issued.",
    required: while_(...oauth),
    dependsOn: while_(...oauth)
  }),
  ownField({
    key: "refreshUrl",
    type: "string",
    format: "uri",
    label: "Refresh URL",
    description: "Where access tokens are renewed, if not at the token URL.",
    dependsOn: while_(...oauth)
  }),
  ownField({
    key: "scopes",
    type: "string",
    label: "Scopes",
    description: "Separated by blanks.",
    dependsOn: while_(...oauth)
  })
]

/** DST-111. */
const signature256: CatalogField = ownField({
  key: "signature256",
  type: "boolean",
  label: "Also send X-Signature-256",
  description: "The hexadecimal HMAC-SHA256 of the whole body under the shared secret, also of batches.",
  default: false
})

export const ownSettingsOf = (metadataId: string): ReadonlyArray<CatalogField> => {
  if (metadataId === extensibleWebhook) return [signature256, ...extensibleWebhookSettings]
  return metadataId === webhook ? [signature256] : []
}
