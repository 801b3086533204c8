/** Why a message was not kept (ING-95, ING-96) and what was odd about one that was (ING-98). */

/** In the order in which they are tried: the first that applies is the reason. */
export const discardCodes = [
  "batch_limit_exceeded",
  "invalid_type",
  "payload_too_large",
  "nesting_too_deep",
  "no_user_anon_id",
  "id_required",
  "id_not_string",
  "previous_id_required",
  "group_id_required",
  "event_not_defined",
  "event_not_string",
  "properties_not_object",
  "traits_not_object",
  "name_not_string",
  "category_not_string",
  "message_id_too_long",
  "consent_categorypreferences_should_exist",
  "consent_categorypreferences_fields_should_be_object",
  "consent_categorypreferences_fields_should_be_bool",
  "device_advertisingid_should_be_string",
  "consent_version_should_be_number",
  "bot_ignored"
] as const
export type DiscardCode = (typeof discardCodes)[number]

const warningCodes = [
  "timestamp_invalid",
  "timestamp_future",
  "timestamp_out_of_range",
  "number_out_of_range",
  "type_mismatch",
  "properties_truncated",
  "context_not_object",
  "integrations_not_object",
  "integration_value_ignored"
] as const
export type WarningCode = (typeof warningCodes)[number]

/** Warnings of one message as bits, so that collecting them allocates nothing. */
export const Warning = {
  timestampInvalid: 1 << 0,
  timestampFuture: 1 << 1,
  timestampOutOfRange: 1 << 2,
  numberOutOfRange: 1 << 3,
  typeMismatch: 1 << 4,
  propertiesTruncated: 1 << 5,
  contextNotObject: 1 << 6,
  integrationsNotObject: 1 << 7,
  integrationValueIgnored: 1 << 8
} as const

export const warningsOf = (bits: number): ReadonlyArray<WarningCode> =>
  warningCodes.filter((_, index) => (bits & (1 << index)) !== 0)
