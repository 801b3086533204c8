import { assert, describe, it } from "vitest"
import { extract } from "../../src/identity/extract.ts"
import { camelCase, snakeCase } from "../../src/identity/extraction-plan.ts"
import { compileRules } from "../../src/identity/rules.ts"
import type { RulesDocument } from "../../src/workspace/rules.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { message } from "./support/notation.ts"
import { runPure } from "./support/pure.ts"
import { r0, type Step } from "./support/run.ts"
import { rulesWith } from "./support/rules.ts"

const found = (line: string, document: RulesDocument = defaultRules) => {
  const { extraction } = extract(message(line, 0), compileRules(document, 1, []))
  const all = [...extraction.users, ...extraction.accounts, ...extraction.blocked].sort((a, b) => a.index - b.index)
  return {
    ids: all.map(({ type, value, from }) => `${type}:${value} < ${from}`),
    ignored: extraction.ignored.map(({ type, from, reason }) => `${type} ${reason} < ${from}`)
  }
}
const ids = (line: string, document?: RulesDocument) => found(line, document).ids
const device = (members: object) => JSON.stringify({ context: { device: members } })

const email = (value: string) => ids(`identify ${JSON.stringify({ traits: { email: value } })}`)
const entry = { id: "p1", type: "phone", collection: "users", encoding: "none" }
const external = (...entries: ReadonlyArray<unknown>) => JSON.stringify({ context: { externalIds: entries } })

describe("default types (IDR-30)", () => {
  it.each([
    ["user_id", 'track {"userId":"u1"}', ["user_id:u1 < userId"]],
    ["anonymous_id", 'alias {"anonymousId":"a1"}', ["anonymous_id:a1 < anonymousId"]],
    ["email of an identify", 'identify {"traits":{"email":"e@x"}}', ["email:e@x < traits.email"]],
    ["email in context", 'group {"context":{"traits":{"email":"e@x"}}}', ["email:e@x < context.traits.email"]],
    ["email in properties", 'page {"properties":{"email":"e@x"}}', ["email:e@x < properties.email"]],
    ["email of a group is the account's", 'group {"traits":{"email":"e@x"},"groupId":"g1"}', ["group_id:g1 < groupId"]],
    ["email in properties of an identify is not read", 'identify {"properties":{"email":"e@x"}}', []],
    ["email in traits of a track is not read", 'track {"traits":{"email":"e@x"}}', []],
    ["group_id of a track", 'track {"groupId":"g0","context":{"groupId":"g1"}}', ["group_id:g1 < context.groupId"]],
    ["group_id of a group", 'group {"groupId":"g0","context":{"groupId":"g1"}}', ["group_id:g0 < groupId"]],
    [
      "android",
      device({ type: "Android", id: "d", advertisingId: "ad", token: "t", adTrackingEnabled: true }),
      [
        "android.id:d < context.device.id",
        "android.idfa:ad < context.device.advertisingId",
        "android.push_token:t < context.device.token"
      ]
    ],
    [
      "W-27: ios without consent to tracking",
      device({ type: "ios", id: "d", advertisingId: "ad", adTrackingEnabled: "true" }),
      ["ios.id:d < context.device.id"]
    ],
    ["another device", device({ type: "windows", id: "d", token: "t" }), []],
    [
      "ga_client_id",
      '{"context":{"integrations":{"Google Analytics":{"clientId":"g1"}}},"integrations":{"Google Analytics":{"clientId":"g2"}}}',
      ["ga_client_id:g1 < context.integrations.Google Analytics.clientId"]
    ],
    [
      "ga_client_id at the top level",
      '{"integrations":{"Google Analytics":{"clientId":"g2"}}}',
      ["ga_client_id:g2 < integrations.Google Analytics.clientId"]
    ],
    ["legacy types are not read unless configured", '{"context":{"Braze":{"braze_id":"b"}}}', []]
  ] as const)("%s", (_, line, expected) => assert.deepStrictEqual(ids(line), [...expected]))

  it("reads the legacy types once they are in the table", () => {
    const rules = rulesWith({ types: { braze_id: {}, cross_domain_id: {} } })
    assert.deepStrictEqual(
      ids('identify {"context":{"Braze":{"braze_id":"b"}},"traits":{"cross_domain_id":"x"}}', rules),
      ["cross_domain_id:x < traits.cross_domain_id", "braze_id:b < context.Braze.braze_id"]
    )
  })

  it("a location can be switched off per type", () => {
    const rules = rulesWith({ types: { email: { locations: ["traits", "context.traits"] } } })
    assert.deepStrictEqual(found('track {"properties":{"email":"e@x"}}', rules), { ids: [], ignored: [] })
    const external = '{"context":{"externalIds":[{"id":"e@x","type":"email","collection":"users","encoding":"none"}]}}'
    assert.deepStrictEqual(found(external, rules).ignored, ["email location_switched_off < context.externalIds[0]"])
  })

  it("IDR-36: extraction order", () => {
    const line = `track {"userId":"u","anonymousId":"a","properties":{"email":"e"},"context":{"groupId":"g",
      "device":{"type":"ios","id":"d"},"integrations":{"Google Analytics":{"clientId":"c"}},
      "externalIds":[{"id":"x","type":"phone","collection":"users","encoding":"none"}]}}`
    assert.deepStrictEqual(
      ids(line).map((id) => id.slice(0, id.indexOf(":"))),
      ["user_id", "anonymous_id", "group_id", "email", "ios.id", "ga_client_id", "phone"]
    )
  })
})

describe("custom keys (IDR-31, IDR-32)", () => {
  it.each([
    ["appId", "app_id", "appId"],
    ["app_id", "app_id", "appId"],
    ["phone", "phone", "phone"],
    ["shopifyID", "shopify_id", "shopifyId"],
    ["HTTPServerName", "http_server_name", "httpServerName"],
    ["loyalty card-no", "loyalty_card_no", "loyaltyCardNo"],
    ["ean13Code", "ean13_code", "ean13Code"]
  ])("%s -> %s -> %s", (key, snake, camel) => {
    assert.strictEqual(snakeCase(key), snake)
    assert.strictEqual(camelCase(key), camel)
  })

  it.each([
    [{ shopifyID: "1", shopify_id: "2", shopifyId: "3" }, "traits.shopifyID"],
    [{ shopify_id: "2", shopifyId: "3" }, "traits.shopify_id"],
    [{ shopifyId: "3" }, "traits.shopifyId"]
  ])("the spelling as configured, then snake, then camel: %j", (traits, from) => {
    const rules = rulesWith({ types: { shopify_id: { matchKeys: ["shopifyID"] } } })
    const [id] = ids(`identify ${JSON.stringify({ traits })}`, rules)
    assert.strictEqual(id, `shopify_id:${Object.values(traits)[0]} < ${from}`)
  })

  it("extra keys are read in addition, and only if listed", () => {
    const line = 'identify {"traits":{"phone_number":"1"}}'
    assert.deepStrictEqual(ids(line, rulesWith({ types: { phone: {} } })), [])
    const rules = rulesWith({ types: { phone: { matchKeys: ["phone_number"] } } })
    assert.deepStrictEqual(ids(line, rules), ["phone:1 < traits.phone_number"])
    assert.deepStrictEqual(ids('identify {"traits":{"phoneNumber":"1","phone":"2"}}', rules), [
      "phone:2 < traits.phone"
    ])
  })

  it("traits of a group are read for account types only", () => {
    const rules = rulesWith({ types: { domain: { collection: "accounts" }, phone: {} } })
    assert.deepStrictEqual(ids('group {"groupId":"g","traits":{"domain":"d","phone":"p"}}', rules), [
      "group_id:g < groupId",
      "domain:d < traits.domain"
    ])
    assert.deepStrictEqual(ids('identify {"traits":{"domain":"d","phone":"p"}}', rules), ["phone:p < traits.phone"])
  })

  it("a key that every object inherits counts only where it was sent", () => {
    const rules = rulesWith({ types: { constructor: {}, value_of: {} } })
    assert.deepStrictEqual(found('identify {"traits":{}}', rules), { ids: [], ignored: [] })
    assert.deepStrictEqual(ids('identify {"traits":{"constructor":"c"}}', rules), [
      "constructor:c < traits.constructor"
    ])
  })

  it.each([
    ["9007199254740993", [], ["app_id unsafe_number < traits.app_id"]],
    ["1e21", [], ["app_id unsafe_number < traits.app_id"]],
    ["1.5", [], ["app_id unsafe_number < traits.app_id"]],
    ["5550001", ["app_id:5550001 < traits.app_id"], []],
    ["1413639574", ["app_id:1413639574 < traits.app_id"], []],
    ["true", [], ["app_id not_a_string < traits.app_id"]],
    ['{"a":1}', [], ["app_id not_a_string < traits.app_id"]],
    ["null", [], []],
    ['"  "', [], []],
    ['"  x "', ["app_id:x < traits.app_id"], []],
    [`"${"x".repeat(501)}"`, [], ["app_id too_long < traits.app_id"]],
    [`"${"😀".repeat(500)}"`, [`app_id:${"😀".repeat(500)} < traits.app_id`], []]
  ])("AC2-32 IDR-35: the value %s", (value, expected, ignored) => {
    assert.deepStrictEqual(found(`identify {"traits":{"app_id":${value}}}`, rulesWith({ types: { app_id: {} } })), {
      ids: expected,
      ignored
    })
  })
})

describe("values (IDR-34, IDR-35)", () => {
  it("W-47 AC2-34: spellings of one address are one identifier", () => {
    assert.deepStrictEqual(email(" Jane@Example.com "), ["email:jane@example.com < traits.email"])
    assert.deepStrictEqual(email("Jose\u0301@x.io"), email("jos\u00e9@x.io"))
    assert.deepStrictEqual(found(`identify ${JSON.stringify({ traits: { email: "cut\ud83d@x.io" } })}`).ignored, [
      "email invalid_unicode < traits.email"
    ])
    assert.deepStrictEqual(found(`identify ${JSON.stringify({ traits: { email: "cut\ufffd@x.io" } })}`).ignored, [
      "email invalid_unicode < traits.email"
    ])
  })

  it("other values keep their case", () => assert.deepStrictEqual(ids('{"userId":"U1"}'), ["user_id:U1 < userId"]))

  it("the first non-empty place wins, even if its value cannot be used", () => {
    const second = '"context":{"traits":{"email":"old@x"}}'
    assert.deepStrictEqual(ids(`identify {"traits":{"email":""},${second}}`), ["email:old@x < context.traits.email"])
    assert.deepStrictEqual(found(`identify {"traits":{"email":true},${second}}`), {
      ids: [],
      ignored: ["email not_a_string < traits.email"]
    })
  })

  it("the value is chosen before blocked values are looked at", () => {
    const { extraction } = extract(
      message('identify {"traits":{"email":"null"},"context":{"traits":{"email":"old@x"}}}', 0),
      compileRules(defaultRules, 1, [])
    )
    assert.deepStrictEqual(extraction.users, [])
    assert.deepStrictEqual(
      extraction.blocked.map(({ value }) => value),
      ["null"]
    )
  })

  it("exact duplicates collapse, further values of a type count", () => {
    const line = JSON.stringify({
      userId: "u1",
      context: { externalIds: ["u1", "u2", "u2"].map((id) => ({ ...entry, id, type: "user_id" })) }
    })
    assert.deepStrictEqual(ids(line), ["user_id:u1 < userId", "user_id:u2 < context.externalIds[1]"])
  })
})

describe("externalIds (IDR-33, IDR-37)", () => {
  it.each([
    ["W-24: no encoding", { ...entry, encoding: undefined }, "phone missing_field"],
    ["no id", { ...entry, id: " " }, "phone missing_field"],
    ["a number", { ...entry, id: 7 }, "phone not_a_string"],
    ["W-24: upper case", { ...entry, type: "Phone" }, "Phone malformed_type"],
    ["another collection", { ...entry, collection: "people" }, "phone unknown_collection"],
    ["another encoding", { ...entry, encoding: "sha256" }, "phone unknown_encoding"],
    [
      "a default type in the wrong collection",
      { ...entry, type: "email", collection: "accounts" },
      "email wrong_collection"
    ],
    ["a legacy type", { ...entry, type: "braze_id" }, "braze_id type_not_configured"],
    ["no object", "p1", "null not_an_object"]
  ])("%s is ignored alone", (_, bad, reason) => {
    const result = found(external(bad, entry))
    assert.deepStrictEqual(result.ids, ["phone:p1 < context.externalIds[1]"])
    assert.deepStrictEqual(result.ignored, [`${reason} < context.externalIds[0]`])
  })

  it("AC2-27: Phone and phone with one id are one identifier and one reason", () => {
    const result = found(external({ ...entry, type: "Phone" }, entry))
    assert.deepStrictEqual([result.ids.length, result.ignored.length], [1, 1])
  })

  it("something that is no array is ignored", () => {
    assert.deepStrictEqual(found('{"context":{"externalIds":{"id":"p1"}}}').ignored, [
      "null not_an_array < context.externalIds"
    ])
  })

  it("IDR-37: an unseen type is added with its collection and used at once, with the ranks that follow", () => {
    const rules = compileRules(defaultRules, 1, [])
    const result = extract(message(`user_id:u1 anonymous_id:a1 ${external({ ...entry, type: "aa" })}`, 0), rules)
    assert.deepStrictEqual(result.autoAdded, [{ type: "aa", collection: "users" }])
    assert.deepStrictEqual(
      result.extraction.users.map(({ type, rank }) => [type, rank]),
      [
        ["user_id", 1],
        ["anonymous_id", 7],
        ["aa", 3]
      ]
    )
    assert.strictEqual(result.rules.byType.get("aa")?.origin, "auto")
    assert.strictEqual(extract(message(external({ ...entry, type: "aa" }), 1), result.rules).rules, result.rules)
  })

  it("IDR-37: a type that nobody configured is read from externalIds only", () => {
    const { rules } = extract(message(external(entry), 0), compileRules(defaultRules, 1, []))
    assert.deepStrictEqual(extract(message('identify {"traits":{"phone":"p1"}}', 1), rules).extraction.users, [])
  })

  it("IDR-37: a type that an event names for both collections belongs to the first", () => {
    const result = extract(
      message(external(entry, { ...entry, collection: "accounts" }), 0),
      compileRules(defaultRules, 1, [])
    )
    assert.deepStrictEqual(result.autoAdded, [{ type: "phone", collection: "users" }])
    assert.deepStrictEqual(
      result.extraction.ignored.map(({ reason }) => reason),
      ["wrong_collection"]
    )
  })

  it("IDR-37: a type that was switched off stays off", () => {
    const rules = rulesWith({ types: { phone: { enabled: false }, email: { enabled: false } } })
    assert.deepStrictEqual(found(`track {"properties":{"email":"e"},${external(entry).slice(1)}`, rules), {
      ids: [],
      ignored: ["email type_switched_off < properties.email", "phone type_switched_off < context.externalIds[0]"]
    })
  })

  it("AC2-25: with autoAddIdentifiers off, unconfigured types are ignored and the table stays as it is", () => {
    const document = { ...rulesWith({ only: ["user_id"] }), autoAddIdentifiers: false }
    const rules = compileRules(document, 1, [])
    const steps: ReadonlyArray<Step> = [{ kind: "event", message: message(`anonymous_id:a1 ${external(entry)}`, 0) }]
    const result = runPure({ ...r0, rules: document, steps })
    assert.deepStrictEqual(
      result.state.events.map(({ outcome }) => outcome),
      ["unresolved"]
    )
    assert.strictEqual(result.rules.byType.size, rules.byType.size)
  })

  it("the table is bounded", () => {
    let rules = compileRules(rulesWith({}), 1, [])
    for (let i = 0; i < 40; i++) {
      const entries = Array.from({ length: 50 }, (_, n) => ({ ...entry, type: `t${i * 50 + n}` }))
      const result = extract(message(external(...entries), i), rules)
      rules = result.rules
      if (i === 39)
        assert.deepStrictEqual([...new Set(result.extraction.ignored.map(({ reason }) => reason))], ["too_many_types"])
    }
    assert.strictEqual(rules.byType.size, 1000)
  })
})
