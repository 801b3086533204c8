/** Why a message was not kept, in a sentence for the person who sends it. */
import type { DiscardCode } from "../event/codes.ts"

const reasons: Readonly<Record<DiscardCode, string>> = {
  batch_limit_exceeded: "A batch holds at most 2,500 messages; this one came after them. Send smaller batches.",
  invalid_type: "The message is not an object with a `type` of identify, track, page, screen, group or alias.",
  payload_too_large: "A message is at most 32 KB. Leave out what is not needed.",
  nesting_too_deep: "Objects and lists are nested over 64 levels deep.",
  no_user_anon_id: "The message names nobody: it needs `userId` or `anonymousId`.",
  id_required: "An id is empty. Leave it out, or send its value.",
  id_not_string: "An id is neither text nor a number.",
  previous_id_required: "`alias` needs `previousId` (or `anonymousId`) beside `userId`.",
  group_id_required: "`group` needs `groupId`.",
  event_not_defined: "`track` needs the name of the event in `event`.",
  event_not_string: "`event` must be text.",
  properties_not_object: "`properties` must be an object.",
  traits_not_object: "`traits` must be an object.",
  name_not_string: "`name` must be text.",
  category_not_string: "`category` must be text.",
  message_id_too_long: "`messageId` is at most 100 characters.",
  consent_categorypreferences_should_exist: "`context.consent` needs `categoryPreferences`.",
  consent_categorypreferences_fields_should_be_object: "`context.consent.categoryPreferences` must be an object.",
  consent_categorypreferences_fields_should_be_bool:
    "Every category of `context.consent.categoryPreferences` is true or false.",
  device_advertisingid_should_be_string: "`context.device.advertisingId` must be text.",
  consent_version_should_be_number: "`context.consent.version` must be a number.",
  bot_ignored: "The source ignores known bots, and the user agent is one."
}

/** Of blocked messages (ING-116). */
const blocked: Readonly<Record<string, string>> = {
  event_setting:
    "The event is blocked in the schema of the source. Nothing of it was stored; allow it there to receive it."
}

export const reasonOf = (code: string): string =>
  (reasons as Readonly<Record<string, string>>)[code] ?? blocked[code] ?? code
