import { assert, describe, it } from "vitest"
import { compileBlocked, isJunk } from "../../src/identity/blocked.ts"
import { compileRules, withAutoAdded } from "../../src/identity/rules.ts"
import { decodeRules, defaultRules } from "../../src/workspace/rules-document.ts"
import { rulesWith } from "./support/rules.ts"

const ranks = (rules: ReturnType<typeof compileRules>) => rules.ranked.map(({ type, rank }) => `${rank} ${type}`)

describe("rules document", () => {
  it("IDR-158 IDR-30 IDR-61 IDR-70 IDR-52: an empty document is the defaults", () => {
    const { document } = decodeRules({})
    assert.deepStrictEqual(document, defaultRules)
    assert.deepStrictEqual(
      document?.identifiers.map(({ type, collection, rank, limit, window }) => [type, collection, rank, limit, window]),
      [
        ["user_id", "users", 1, 1, "ever"],
        ["email", "users", 2, 5, "ever"],
        ["android.id", "users", null, 5, "ever"],
        ["android.idfa", "users", null, 5, "ever"],
        ["android.push_token", "users", null, 5, "ever"],
        ["anonymous_id", "users", null, 5, "ever"],
        ["ga_client_id", "users", null, 5, "ever"],
        ["group_id", "accounts", null, 5, "ever"],
        ["ios.id", "users", null, 5, "ever"],
        ["ios.idfa", "users", null, 5, "ever"],
        ["ios.push_token", "users", null, 5, "ever"]
      ]
    )
  })

  it("IDR-158: absent members of a row take their defaults", () => {
    const { document } = decodeRules({ identifiers: [{ type: "app_id" }, { type: "group_id" }, { type: "braze_id" }] })
    const [app, group, braze] = document!.identifiers
    assert.deepStrictEqual(app, {
      type: "app_id",
      collection: "users",
      origin: "custom",
      rank: null,
      limit: 5,
      window: "ever",
      enabled: true,
      locations: ["traits", "context.traits", "properties", "externalIds"],
      matchKeys: ["app_id"],
      blocked: defaultRules.identifiers[0]!.blocked
    })
    assert.strictEqual(group?.collection, "accounts")
    assert.deepStrictEqual(group?.locations, ["groupId", "context.groupId", "externalIds"])
    assert.strictEqual(braze?.origin, "default")
  })

  it("IDR-158: the document of the specification is accepted as it stands, without its version", () => {
    const { document, problems } = decodeRules({
      autoAddIdentifiers: true,
      readmitDemoted: false,
      blockJunk: true,
      spaceBlocked: [{ kind: "exact", value: "void" }],
      identifiers: [
        {
          type: "user_id",
          collection: "users",
          origin: "default",
          rank: 1,
          limit: 1,
          window: "ever",
          enabled: true,
          locations: ["userId", "externalIds"],
          matchKeys: [],
          blocked: [
            { kind: "pattern", value: "^[0-]*$" },
            { kind: "exact", value: "-1" }
          ]
        }
      ]
    })
    assert.isUndefined(problems)
    assert.deepStrictEqual(document?.identifiers[0]?.matchKeys, [])
  })

  it("names every problem with its path and what was expected", () => {
    const { problems } = decodeRules({
      autoAddIdentifers: true,
      blockJunk: "yes",
      spaceBlocked: [
        { kind: "regex", value: "x" },
        { kind: "pattern", value: "(a" }
      ],
      identifiers: [
        { type: "Phone" },
        { type: "email", collection: "accounts", limit: 0, window: "yearly", locations: ["userId"] },
        { type: "app_id", limit: 1001, rank: 0, enabled: 1, matchKeys: [""], blocked: [{ kind: "exact", value: "" }] },
        {
          type: "app_id",
          blocked: [
            { kind: "pattern", value: "a".repeat(201) },
            { kind: "pattern", value: "(?=a)" }
          ]
        },
        "user_id"
      ]
    })
    assert.deepStrictEqual(
      problems?.map(({ path }) => path),
      [
        "autoAddIdentifers",
        "blockJunk",
        "spaceBlocked[0].kind",
        "spaceBlocked[1].value",
        "identifiers[0].type",
        "identifiers[1].collection",
        "identifiers[1].limit",
        "identifiers[1].window",
        "identifiers[1].locations[0]",
        "identifiers[2].rank",
        "identifiers[2].limit",
        "identifiers[2].enabled",
        "identifiers[2].matchKeys[0]",
        "identifiers[2].blocked[0].value",
        "identifiers[3].blocked[0].value",
        "identifiers[3].blocked[1].value",
        "identifiers[3].type",
        "identifiers[4]"
      ]
    )
    assert.match(problems!.find(({ path }) => path === "identifiers[1].limit")!.expected, /1 to 1000, found 0/)
    assert.match(
      problems!.find(({ path }) => path === "identifiers[3].type")!.expected,
      /identifiers\[2\] is app_id too/
    )
  })

  it.each([[null], [[]], ["rules"], [7]])("refuses %j as a document", (value) => {
    assert.strictEqual(decodeRules(value).problems?.[0]?.path, "")
  })
})

describe("ranks", () => {
  const table = compileRules(rulesWith({ only: ["user_id", "email", "anonymous_id", "ga_client_id"] }), 7, [])

  it("IDR-71 W-23: adding a type reshuffles the ranks", () => {
    assert.deepStrictEqual(ranks(table), ["1 user_id", "2 email", "3 anonymous_id", "4 ga_client_id"])
    const added = withAutoAdded(table, [{ type: "android.id", collection: "users" }])
    assert.deepStrictEqual(ranks(added), ["1 user_id", "2 email", "3 android.id", "4 anonymous_id", "5 ga_client_id"])
    const rule = added.byType.get("android.id")
    assert.deepStrictEqual(
      { origin: rule?.origin, limit: rule?.limit, window: rule?.window, blocks: rule?.blocks("-1") },
      { origin: "auto", limit: 5, window: "ever", blocks: true }
    )
    assert.strictEqual(added.version, 7)
  })

  it("IDR-72: equal ranks go by name, switched-off types have none", () => {
    const rules = compileRules(
      rulesWith({ types: { phone: { rank: 1 }, email: { rank: 1 }, user_id: { enabled: false } } }),
      1,
      []
    )
    assert.deepStrictEqual(ranks(rules).slice(0, 3), ["1 email", "2 phone", "3 android.id"])
    assert.strictEqual(rules.byType.get("user_id")?.rank, 0)
  })

  it("IDR-37: an added type that the document names meanwhile follows the document", () => {
    const rules = compileRules(rulesWith({ types: { phone: { limit: 2 } } }), 2, [
      { type: "phone", collection: "accounts" }
    ])
    assert.deepStrictEqual([rules.byType.get("phone")?.limit, rules.byType.get("phone")?.collection], [2, "users"])
  })
})

describe("blocked values", () => {
  it.each([
    ["void", true],
    ["Void", false],
    ["voids", false],
    ["0000-0000", true],
    ["", true],
    ["test-17", true],
    ["a test-17", false]
  ])("IDR-51: %j", (value, expected) => {
    const blocks = compileBlocked([
      { kind: "exact", value: "void" },
      { kind: "pattern", value: "^[0-]*$" },
      { kind: "pattern", value: "^test-" }
    ])
    assert.strictEqual(blocks(value), expected)
  })

  it("IDR-51: an unanchored pattern matches anywhere", () => {
    assert.isTrue(compileBlocked([{ kind: "pattern", value: "b+" }])("abbc"))
  })

  it("AC2-26: a pattern that explodes elsewhere is linear here", () => {
    const blocks = compileBlocked([{ kind: "pattern", value: "(a+)+$" }])
    // In a backtracking engine this would take longer than the universe.
    assert.isFalse(blocks(`${"a".repeat(400)}!`))
    assert.isTrue(blocks("a".repeat(400)))
  })

  it.each(["undefined", "NULL", "[object Object]", "'none'", '"nan"', "(null)", "N/A", "``true``", "Anonymous"])(
    "IDR-53: %s is junk",
    (value) => assert.isTrue(isJunk(value))
  )

  it.each(["none1", "u1", "nilsson", "truetype", "0", "anonymous-7"])("IDR-53: %s is not junk", (value) =>
    assert.isFalse(isJunk(value))
  )

  it("AC2-33 IDR-53: junk is blocked for every type, unless the space switches that off", () => {
    const on = compileRules(rulesWith({}), 1, [])
    const off = compileRules({ ...defaultRules, blockJunk: false }, 1, [])
    for (const type of ["user_id", "email", "group_id"]) {
      assert.isTrue(on.byType.get(type)!.blocks("undefined"))
      assert.isFalse(off.byType.get(type)!.blocks("undefined"))
    }
  })

  it("IDR-53: the space-wide list applies to every type, even where a type has no list", () => {
    const rules = compileRules(
      {
        ...defaultRules,
        spaceBlocked: [{ kind: "exact", value: "void" }],
        identifiers: defaultRules.identifiers.map((row) => ({ ...row, blocked: [] }))
      },
      1,
      []
    )
    assert.isTrue(rules.byType.get("ios.id")!.blocks("void"))
    assert.isFalse(rules.byType.get("ios.id")!.blocks("-1"))
  })
})
