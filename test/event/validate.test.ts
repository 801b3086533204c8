import { describe, expect, it } from "vitest"
import { type DiscardCode, discardCodes } from "../../src/event/codes.ts"
import type { JsonObject, MessageType } from "../../src/event/message.ts"
import { decimal, validate } from "../../src/event/validate.ts"

const consentEvent = { userId: "u", event: "Segment Consent Preference Updated" }
const consent = (context: JsonObject) => ({ ...consentEvent, context })

const rows: ReadonlyArray<readonly [MessageType, JsonObject, string | undefined]> = [
  ["track", { event: "E" }, "no_user_anon_id"],
  ["track", { event: "E", userId: null, anonymousId: null }, "no_user_anon_id"],
  ["track", { event: "E", userId: null, anonymousId: "a" }, undefined],
  ["alias", { previousId: "p" }, "id_required"],
  ["alias", { previousId: "p", anonymousId: "a" }, "id_required"],
  ["track", { event: "E", userId: 7 }, "id_not_string"],
  ["track", { event: "E", userId: "", anonymousId: "a" }, "id_not_string"],
  ["track", { event: "E", userId: "u", anonymousId: {} }, "id_not_string"],
  ["alias", { userId: "", previousId: "p" }, "id_not_string"],
  ["alias", { userId: "u" }, "previous_id_required"],
  ["alias", { userId: "u", previousId: "" }, "previous_id_required"],
  ["alias", { userId: "u", previousId: {} }, "previous_id_required"],
  ["alias", { userId: "u", previousId: 5 }, undefined],
  ["alias", { userId: "u", anonymousId: "a" }, undefined],
  ["alias", { userId: "u", previousId: "u" }, undefined],
  ["group", { userId: "u" }, "group_id_required"],
  ["group", { userId: "u", groupId: "" }, "group_id_required"],
  ["group", { userId: "u", groupId: true }, "group_id_required"],
  ["group", { userId: "u", groupId: 12 }, undefined],
  ["track", { userId: "u" }, "event_not_defined"],
  ["track", { userId: "u", event: null }, "event_not_defined"],
  ["track", { userId: "u", event: "" }, "event_not_defined"],
  ["track", { userId: "u", event: 5 }, "event_not_string"],
  ["track", { userId: "u", event: ["E"] }, "event_not_string"],
  ["track", { userId: "u", event: "E", properties: [] }, "properties_not_object"],
  ["track", { userId: "u", event: "E", properties: "x" }, "properties_not_object"],
  ["track", { userId: "u", event: "E", properties: null }, undefined],
  ["identify", { userId: "u", traits: "x" }, "traits_not_object"],
  ["track", { userId: "u", event: "E", traits: [] }, "traits_not_object"],
  ["page", { userId: "u", name: "" }, "name_not_string"],
  ["screen", { userId: "u", name: 3 }, "name_not_string"],
  ["page", { userId: "u" }, undefined],
  ["page", { userId: "u", name: null, category: null }, undefined],
  ["screen", { userId: "u", category: 3 }, "category_not_string"],
  ["page", { userId: "u", category: "" }, "category_not_string"],
  ["track", { userId: "u", event: "E", name: 3, category: "" }, undefined],
  ["identify", { userId: "u", messageId: "x".repeat(100) }, undefined],
  ["identify", { userId: "u", messageId: "x".repeat(101) }, "message_id_too_long"],
  ["identify", { userId: "u", messageId: "💥".repeat(100) }, undefined],
  ["identify", { userId: "u", messageId: "💥".repeat(101) }, "message_id_too_long"],
  ["identify", { userId: "u", messageId: "x".repeat(5_000) }, "message_id_too_long"],
  ["identify", { userId: "u", messageId: ["x".repeat(200)] }, undefined],
  ["track", consentEvent, "consent_categorypreferences_should_exist"],
  ["track", { ...consentEvent, context: 5 }, "consent_categorypreferences_should_exist"],
  ["track", consent({ consent: {} }), "consent_categorypreferences_should_exist"],
  ["track", consent({ consent: { categoryPreferences: [] } }), "consent_categorypreferences_fields_should_be_object"],
  [
    "track",
    consent({ consent: { categoryPreferences: { ads: 1 } } }),
    "consent_categorypreferences_fields_should_be_bool"
  ],
  ["track", consent({ consent: { categoryPreferences: { ads: true } } }), undefined],
  [
    "track",
    consent({ consent: { categoryPreferences: {} }, device: { advertisingId: 5 } }),
    "device_advertisingid_should_be_string"
  ],
  ["track", consent({ consent: { categoryPreferences: {}, version: "2" } }), "consent_version_should_be_number"],
  ["track", consent({ consent: { categoryPreferences: {}, version: 2 }, device: { advertisingId: "x" } }), undefined],
  ["identify", { userId: "u", context: { consent: 5 } }, undefined]
]

describe("ING-95, ING-96: why messages are discarded", () => {
  it.each(rows)("ING-95: %s %j is %s", (type, item, code) => expect(validate(item, type)).toBe(code))

  it("ING-95: the first that applies in table order is the reason", () => {
    const item: Record<string, JsonObject[string]> = {
      anonymousId: "",
      properties: 1,
      traits: 1,
      messageId: "x".repeat(101),
      event: 5
    }
    const seen: Array<DiscardCode | undefined> = []
    const cures: ReadonlyArray<(item: Record<string, JsonObject[string]>) => void> = [
      (i) => (i.anonymousId = "a"),
      (i) => (i.event = "Segment Consent Preference Updated"),
      (i) => (i.properties = {}),
      (i) => (i.traits = {}),
      (i) => (i.messageId = "m")
    ]
    for (const cure of cures) {
      seen.push(validate(item, "track"))
      cure(item)
    }
    seen.push(validate(item, "track"))
    expect(seen).toEqual([
      "id_not_string",
      "event_not_string",
      "properties_not_object",
      "traits_not_object",
      "message_id_too_long",
      "consent_categorypreferences_should_exist"
    ])
    const order = seen.map((code) => discardCodes.indexOf(code!))
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  })

  it.each([
    [12, "12"],
    [1.5, "1.5"],
    [-3, "-3"],
    [1e21, "1000000000000000000000"],
    [Number.POSITIVE_INFINITY, undefined]
  ])("ING-86: %d as decimal text is %s", (value, text) => expect(decimal(value)).toBe(text))
})
