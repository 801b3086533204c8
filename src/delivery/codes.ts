/**
 * Why an event went no further: every code of DEL-40 under its step, in the words that API and console show (AC4-66). Codes are
 * case-sensitive; HTTP statuses that are not listed are told by `codeInfo`, too.
 */
import type { Step } from "./steps.ts"

export type DiscardStep = Extract<
  Step,
  "failed_on_ingest" | "filtered_at_source" | "filtered_at_destination" | "failed_delivery"
>

export interface CodeInfo {
  readonly step: DiscardStep
  readonly code: string
  readonly label: string
  /** What it means and what to do. */
  readonly help: string
}

type Row = readonly [code: string, label: string, help: string]

const sendRight = "Correct the call in the source's code; the debugger shows what was sent."

const functionCodes: ReadonlyArray<Row> = [
  ["bad_request", "Function failed", "The function threw an unknown exception. Its logs show where."],
  ["invalid_settings", "Function settings invalid", "Correct the settings of the function."],
  ["message_rejected", "Rejected by the function", "The function threw InvalidEventPayload or ValidationError."],
  [
    "unsupported_event_type",
    "Unsupported event type",
    "The function has no handler for this type, or threw EventNotSupported."
  ],
  ["internal", "Function could not be executed", "Processing failed on our side. Look at the log of the service."],
  ["too_many_requests", "Too many calls of the function", "The function is called more often than its limit allows."],
  ["gateway_timeout", "Function timed out", "The function took longer than five seconds, also when it was retried."],
  ["retry", "Function gave up", "The function asked for a retry until there was no time left."]
]

const rows: Readonly<Record<DiscardStep, ReadonlyArray<Row>>> = {
  failed_on_ingest: [
    ["empty_batch", "Empty batch", "A batch request held no messages."],
    [
      "empty_batch_result",
      "Nothing left of a batch",
      "No message of a batch could be kept; each has a reason of its own."
    ],
    [
      "multi_user_error",
      "Batch with bad messages",
      "Some messages of a batch were bad and only the good ones were kept."
    ],
    ["source_disabled", "Source disabled", "The source is switched off. Enable it to receive its events again."],
    ["SOURCE_DISABLED", "Source disabled", "The source is switched off. Enable it to receive its events again."],
    ["locked_workspace", "Workspace locked", "The workspace takes no events at the moment."],
    ["unknown_source", "Unknown source", "The write key belongs to no source. Compare it with those of your sources."],
    ["no_user_anon_id", "Nobody named", "The message has neither userId nor anonymousId."],
    ["id_required", "Id empty", "An id is empty. Leave it out, or send its value."],
    ["id_not_string", "Id is not text", "userId or anonymousId is empty or not text."],
    ["event_not_defined", "Event without a name", "A track call needs the name of the event in `event`."],
    ["event_not_string", "Event name is not text", "The name of an event must be text."],
    ["properties_not_object", "Properties are no object", "`properties` must be an object."],
    ["traits_not_object", "Traits are no object", "`traits` must be an object."],
    ["name_not_string", "Page name is not text", "The name of a page or screen must be text that is not empty."],
    [
      "category_not_string",
      "Page category is not text",
      "The category of a page or screen must be text that is not empty."
    ],
    [
      "consent_categorypreferences_should_exist",
      "Consent without categories",
      "A consent preference event needs `context.consent.categoryPreferences`."
    ],
    [
      "consent_categorypreferences_fields_should_be_object",
      "Consent categories are no object",
      "`context.consent.categoryPreferences` must be an object."
    ],
    [
      "consent_categorypreferences_fields_should_be_bool",
      "Consent is not yes or no",
      "Each category of `context.consent.categoryPreferences` is true or false."
    ],
    ["consent_version_should_be_number", "Consent version is no number", "`context.consent.version` must be a number."],
    [
      "device_advertisingid_should_be_string",
      "Advertising id is not text",
      "`context.device.advertisingId` must be text."
    ],
    ["bad_request", "Request not readable", "The body, or its content type, could not be read as a message."],
    ["BAD_REQUEST", "Request not readable", "The body, or its content type, could not be read as a message."],
    ["invalid_settings", "Function settings invalid", "The settings of the source function could not be read."],
    ["FUNCTION_TIMEOUT", "Source function timed out", "The source function took too long."],
    ["INVOKE_ERROR", "Source function failed", "The source function failed. Its logs show where."],
    ["RETRY_ERROR", "Source function gave up", "The source function asked for retries until there were none left."],
    ["message_rejected", "Rejected by the source function", "It threw InvalidEventPayload or ValidationError."],
    ["unsupported_event_type", "Unsupported event type", "The source function threw EventNotSupported."],
    ["too_many_requests", "Too many events", "More came in than was expected of the source."],
    ["TRACKING_API_FAILED", "Output not accepted", "An event that the source function made could not be ingested."],
    ["SET_API_FAILED", "Object not accepted", "An object that the source function made could not be ingested."],
    ["BAD_DEPLOY", "Function not deployed", "The source function is not deployed. Deploy it again."],
    ["internal", "Function could not be executed", "Processing failed on our side. Look at the log of the service."],
    ["lambda_err", "Function runtime failed", "The runtime of the source function failed."],
    ["batch_limit_exceeded", "Batch too long", "A batch holds at most 2,500 messages; this one came after them."],
    ["invalid_type", "No message", `What was sent is no call of a known type. ${sendRight}`],
    ["payload_too_large", "Message too large", "A message is at most 32 KB. Leave out what is not needed."],
    ["nesting_too_deep", "Nested too deeply", "Objects and lists are nested over 64 levels deep."],
    [
      "previous_id_required",
      "Alias without previous id",
      "`alias` needs `previousId` or `anonymousId` beside `userId`."
    ],
    ["group_id_required", "Group without id", "`group` needs `groupId`."],
    ["message_id_too_long", "Message id too long", "`messageId` is at most 100 characters."],
    ["invalid_token", "No valid token", "The source wants a token of its OAuth application, and the request had none."],
    ["source_not_connected", "Token of another application", "The token's application is not connected to the source."],
    ["insufficient_scope", "Token without the scope", "The token's application lacks the scope tracking_api:write."],
    ["bot_ignored", "Bot", "The source ignores known bots, and the user agent is one."]
  ],
  filtered_at_source: [
    ["event_setting", "Blocked in the schema", "The schema of the source keeps this event out."],
    ["unplanned", "Not in the tracking plan", "The event is not planned, and unplanned events are blocked."],
    ["schema_violation", "Violates the tracking plan", "The event does not fit the JSON schema of the plan."],
    [
      "common_schema_violation",
      "Violates the common schema",
      "The event does not fit the common JSON schema of the plan."
    ],
    [
      "unplanned_and_schema_violation",
      "Unplanned, with a violation",
      "The event is not planned and does not fit the schema."
    ],
    [
      "FILTERED_AT_INSERT_FUNCTION",
      "Filtered at insert function",
      "The insert function of the source dropped the event."
    ],
    ...functionCodes
  ],
  filtered_at_destination: [
    [
      "FILTERED_BY_RULES",
      "Filtered by destination filters",
      "A filter of this destination dropped the event, or did not sample it."
    ],
    [
      "FILTERED_BY_INTEGRATIONS_OBJECT",
      "Filtered by the integrations object",
      "`integrations` of the event, or the schema of its source, keeps it from this destination."
    ],
    [
      "FILTERED_BY_END_USER_CONSENT",
      "Filtered by consent",
      "The person has not consented to all categories of this destination."
    ],
    ["MESSAGE_SENT_CLIENT_SIDE", "Sent on the device", "The event was already sent to this destination on the device."],
    ["UNKNOWN_INTEGRATION", "Unknown destination", "The catalog has no such destination any more."],
    ["UNSUPPORTED_EVENT_TYPE", "Unsupported event type", "This destination does not take events of this type."],
    [
      "INVALID_SETTINGS",
      "Settings incomplete",
      "A required setting is missing. Complete the settings of the destination."
    ],
    [
      "NO_MATCHING_MAPPING",
      "No matching mapping",
      "No enabled mapping has a trigger that accepts the event. Add a mapping, or change a trigger."
    ],
    ["FILTERED_AT_MAPPING", "Not for this mapping", "The event did not match the selected mapping and went to others."],
    [
      "FAILED_DATA_ENCRYPTION",
      "Encryption failed",
      "A field could not be encrypted, or its encrypted value is not accepted."
    ],
    ["FUNCTIONS_LOCK_OUT", "Function quota used up", "The quota for functions of the workspace is used up."],
    [
      "FILTERED_AT_INSERT_FUNCTION",
      "Filtered at insert function",
      "The insert function dropped the event or left it out."
    ],
    ...functionCodes,
    [
      "INTERNAL",
      "Internal error",
      "The event could not be judged, for example because a filter could not be evaluated on it."
    ]
  ],
  failed_delivery: [
    ["400", "Bad request", "The destination rejected the payload. Its response names the invalid fields."],
    ["BAD_REQUEST", "Bad request", "The destination rejected the payload. Its response names the invalid fields."],
    ["401", "Unauthorised", "The credentials are invalid or have expired. Authenticate again, or update the settings."],
    [
      "OAUTH_REFRESH_FAILED",
      "Token not refreshed",
      "The access token could not be refreshed. Connect the destination again."
    ],
    ["403", "Forbidden", "The credentials are not allowed to do this. Give them the privilege, or authenticate again."],
    ["404", "Not found", "The destination has no such resource. Check addresses and ids in the settings."],
    ["307", "Redirect not resolved", "The destination redirected too often."],
    [
      "429",
      "Rate limited",
      "The destination takes no more at the moment; deliveries are retried. Ask for a higher limit, or try batching."
    ],
    ["502", "Bad gateway", "A failure on the side of the destination; deliveries are retried."],
    ["503", "Service unavailable", "A failure on the side of the destination; deliveries are retried."],
    [
      "EREFUSED",
      "Connection refused",
      "Nothing listens at the address; deliveries are retried. Check the address in the settings."
    ],
    ["ECONNRESET", "Connection reset", "The destination closed the connection; deliveries are retried."],
    ["ENOTFOUND", "Host unknown", "There is no such host; deliveries are retried. Check the address in the settings."],
    ["ETIMEDOUT", "No answer in time", "The destination did not answer in time; deliveries are retried."],
    ["etimedout", "No answer in time", "The destination did not answer in time; deliveries are retried."],
    ["INTERNAL", "Could not be sent", "The delivery could not be executed; it is retried."],
    ["RETRY", "Failed at first", "The first request failed and was repeated until there was no time left."],
    [
      "MESSAGE_REJECTED",
      "Message rejected",
      "A required field is missing or has the wrong type. Check the mapping with the tester."
    ],
    ["INVALID_SETTINGS", "Settings incomplete", "The settings are incomplete for this type of event."],
    ["UNSUPPORTED_EVENT_TYPE", "Unsupported event type", "The destination refused this type of event."],
    ["DESTINATION_DISABLED", "Destination switched off", "The destination was switched off while the delivery waited."],
    ["DESTINATION_DELETED", "Destination deleted", "The destination was deleted while the delivery waited."],
    ["MAPPING_DISABLED", "Mapping switched off", "The mapping was switched off or deleted while the delivery waited."],
    [
      "TLS_ERROR",
      "Certificate not trusted",
      "The certificate of the destination is self-signed or invalid. Correct it; deliveries are retried."
    ],
    ["ECONNABORTED", "Connection aborted", "The connection was aborted; deliveries are retried."],
    ["EHOSTUNREACH", "Host unreachable", "There is no way to the host; deliveries are retried."],
    ["EAI_AGAIN", "Name not resolved", "The name service did not answer; deliveries are retried."],
    ["EPIPE", "Connection broken", "The connection broke while sending; deliveries are retried."],
    ["EPROTO", "Protocol not understood", "No TLS, or an answer that is no HTTP; deliveries are retried."],
    ["ENETUNREACH", "Network unreachable", "There is no way to the network; deliveries are retried."]
  ]
}

export const discardCodes: ReadonlyArray<CodeInfo> = (Object.keys(rows) as ReadonlyArray<DiscardStep>).flatMap((step) =>
  rows[step].map(([code, label, help]) => ({ step, code, label, help }))
)

const known = new Map(discardCodes.map((info) => [`${info.step} ${info.code}`, info]))

/** Of any code: what is not listed is an HTTP status, or named by nobody but its destination. */
export const codeInfo = (step: DiscardStep, code: string): CodeInfo => {
  const info = known.get(`${step} ${code}`)
  if (info !== undefined) return info
  const status = /^[1-5]\d\d$/.test(code) ? Number(code) : undefined
  if (status === undefined) return { step, code, label: code, help: "See the message of the destination in a sample." }
  const label = `HTTP status ${status}`
  if (status >= 500 && status !== 501)
    return { step, code, label, help: "A failure on the side of the destination; deliveries are retried." }
  return { step, code, label, help: "The destination did not take it. Its response in a sample says why." }
}

const requestCodes: ReadonlySet<string> = new Set(["multi_user_error", "empty_batch_result"])

/** Told of a request whose messages are counted under their own codes: listed, but in no sum. */
export const isAside = (code: string): boolean => requestCodes.has(code)

const errorsOfFunctions: ReadonlySet<string> = new Set(functionCodes.map(([code]) => code))

/** Filtered at destination by an error of a function, which is a delivery that did not succeed (DEL-21). */
export const isFunctionError = (code: string): boolean => errorsOfFunctions.has(code)

const retriedCodes: ReadonlySet<string> = new Set(
  "408 423 429 EREFUSED ECONNRESET ECONNABORTED ENOTFOUND EHOSTUNREACH ENETUNREACH EAI_AGAIN EPIPE EPROTO ETIMEDOUT etimedout TLS_ERROR INTERNAL RETRY retry gateway_timeout".split(
    " "
  )
)

/** DEL-3: what is discarded with such a code after several attempts has used up its retries. */
export const isRetried = (code: string): boolean => retriedCodes.has(code) || (/^5\d\d$/.test(code) && code !== "501")
