/** Masking without any store: how values look, and that no field of the schema is forgotten (PRO-65, PRO-75). */
import { buildSchema, getNamedType, isEnumType, isObjectType, isScalarType } from "graphql"
import { describe, expect, it } from "vitest"
import { maskMessageOf } from "../../src/profiles/masking/mask-errors.ts"
import { harmless } from "../../src/profiles/masking/harmless.ts"
import { maskIdentifier, maskKey, maskText, maskValue } from "../../src/profiles/masking/mask.ts"
import { maskMessage } from "../../src/profiles/masking/mask-message.ts"
import { maskReport, maskSentence } from "../../src/profiles/masking/mask-report.ts"
import { forms } from "../../src/profiles/masking/personal-fields.ts"
import { readSdl } from "../../src/profiles/sdl.ts"

describe("PRO-65: a value and its mask", () => {
  it.each([
    ["jane@example.com", "j***@e***.com"],
    ["Jane.Doe+shop@mail.example.co.uk", "J***@m***.uk"],
    ["jane@localhost", "j***"],
    ["Jane Doe", "J***"],
    ["5285bc35-74d7-4c1f-9f3e-0a1b2c3d4e5f", "5***"],
    ["Ængström", "Æ***"],
    ["🙂 smile", "🙂***"],
    // Fewer than six characters, or nothing but digits: who lists all of them learns nothing.
    ["jane", "***"],
    ["a@b.c", "***"],
    ["+49 30 1234567", "***"],
    ["4111-1111-1111-1111", "***"],
    ["1990-01-31", "***"],
    ["", "***"]
  ])("%s is shown as %s", (value, mask) => {
    expect(maskText(value)).toBe(mask)
  })

  it("says nothing of how long a value is", () => {
    expect(maskText(`J${"x".repeat(500)}`)).toBe(maskText("Jxxxxx"))
  })

  it("masks every value of JSON but null, and keeps its shape", () => {
    const value = {
      name: "Jane Doe",
      age: 33,
      vip: true,
      gone: null,
      list: ["secret 1", 2],
      deep: { a: { b: "hidden" } }
    }
    expect(maskValue(value)).toEqual({
      name: "J***",
      age: "***",
      vip: "***",
      gone: null,
      list: ["s***", "***"],
      deep: { a: { b: "h***" } }
    })
  })

  it("masks names of members that are values, and keeps both of two that look the same then", () => {
    expect(maskKey("first_name")).toBe("first_name")
    expect(maskKey("order 1234567")).toBe("o***")
    expect(maskValue({ "jane@example.com": 1, "john@example.com": null })).toEqual({
      "j***@e***.com": "***",
      "j***@e***.com 2": null
    })
    expect(JSON.stringify(maskValue(JSON.parse('{"__proto__":{"a":"secret"}}')))).toBe('{"__proto__":{"a":"s***"}}')
  })

  it("keeps the type of an identifier", () => {
    expect(maskIdentifier("email:jane@example.com")).toBe("email:j***@e***.com")
    expect(maskIdentifier("user_id:a:b:c:d")).toBe("user_id:a***")
  })
})

describe("PRO-65: messages", () => {
  const message = {
    type: "track",
    event: "Order Completed",
    messageId: "m-1",
    userId: "jane-doe-1",
    timestamp: "2024-05-02T14:01:47.000Z",
    version: 2,
    channel: "browser",
    properties: { revenue: 19.9, note: "for Jane" },
    context: {
      ip: "203.0.113.7",
      library: { name: "analytics.js", version: "next-1.0.0", who: "Jane Doe" },
      externalIds: [{ id: "jane@example.com", type: "email", collection: "users", encoding: "none" }]
    },
    integrations: { All: true },
    extra: "Jane Doe"
  }

  it("keeps readable what the protocol gives a meaning", () => {
    expect(maskMessage(message)).toEqual({
      ...message,
      userId: "j***",
      properties: { revenue: "***", note: "f***" },
      context: {
        ip: "***",
        library: { name: "analytics.js", version: "next-1.0.0", who: "J***" },
        externalIds: [{ id: "j***@e***.com", type: "email", collection: "users", encoding: "none" }]
      },
      integrations: { All: "***" },
      extra: "J***"
    })
  })

  it.each([
    ["a type that is none", { type: "Jane Doe" }, { type: "J***" }],
    ["a name of a call that has none", { type: "identify", name: "Jane Doe" }, { type: "identify", name: "J***" }],
    ["an event that is no text", { type: "track", event: { a: "Jane Doe" } }, { type: "track", event: { a: "J***" } }],
    ["a message id with an address", { messageId: "jane@example.com" }, { messageId: "j***@e***.com" }],
    ["a time that is none", { timestamp: "Jane Doe" }, { timestamp: "J***" }],
    ["something else than an object", "Jane Doe", "J***"]
  ])("masks in a refused message %s", (_, sent, shown) => {
    expect(maskMessage(sent)).toEqual(shown)
  })
})

describe("PRO-65: what Braid writes", () => {
  it("keeps counts, codes, types and ids, and masks what nobody has listed", () => {
    const report = {
      segment_id: "use_2bGdPYbTvYSSFdBZ1MnOpQrStUv",
      extracted: [{ type: "email", id: "jane@example.com", from: "traits.email", rank: 2 }],
      ignored: [{ type: null, from: "traits.phone", reason: "not_a_string" }],
      live: ["email:jane@example.com", "user_id:jane-doe"],
      matched: ["use_2bGdPYbTvYSSFdBZ1MnOpQrStUv"],
      violations: ["vio_12_0"],
      cause: { kind: "operation", actor: "token:support", reason: "Jane called" },
      traits: { name: "Jane Doe", type: "person" },
      unheardOf: "Jane Doe",
      count: 3,
      passed: true
    }
    expect(maskReport(report)).toEqual({
      ...report,
      extracted: [{ type: "email", id: "j***@e***.com", from: "traits.email", rank: 2 }],
      live: ["email:j***@e***.com", "user_id:j***"],
      cause: { kind: "operation", actor: "token:support", reason: "J***" },
      traits: { name: "J***", type: "p***" },
      unheardOf: "J***"
    })
  })

  it("replaces in sentences the identifiers of the data beside them, long ones as they are shortened", () => {
    const long = `long-${"x".repeat(100)}`
    const beside = { data: { identifier: { type: "user_id", id: "1" }, live: ["user_id:12", `anonymous_id:${long}`] } }
    const text = `Found user_id 1 and user_id 12; anonymous_id ${long.slice(0, 59)}… gives way, limit 1 ever.`
    expect(maskSentence(text, beside)).toBe(
      "Found user_id *** and user_id ***; anonymous_id l*** gives way, limit 1 ever."
    )
    expect(maskSentence("Write to jane@example.com.", {})).not.toContain("jane")
  })

  it("shows no sentence at all beside more than can be looked through", () => {
    expect(maskSentence("user_id jane-doe", { all: Array.from({ length: 30_000 }, () => "x") })).not.toContain("jane")
  })
})

describe("PRO-65: errors", () => {
  const asked = {
    query: `{ profile(spaceId: "spa_0123456789abcdefghijkl", by: {externalId: {type: "email", id: "jane \\"J\\" doe"}}) { id } }`,
    variables: { also: [{ id: "jane-doe-1", rank: 7391827 }], space: "spa_0123456789abcdefghijkl" }
  }
  it.each([
    ["Profile use_1 does not have user_id:jane-doe-1.", "Profile use_1 does not have user_id:j***."],
    ['No profile has the name jane "J" doe.', "No profile has the name j***."],
    ["Expected a rank, got 7391827.", "Expected a rank, got ***."],
    ["There is no space spa_0123456789abcdefghijkl.", "There is no space spa_0123456789abcdefghijkl."],
    ["Something about john@example.com failed.", "Something about j***@e***.com failed."],
    ["jane-doe-12 is somebody else.", "jane-doe-12 is somebody else."]
  ])("%s", (message, shown) => {
    expect(maskMessageOf(message, asked)).toBe(shown)
  })
})

describe("PRO-65: the schema", () => {
  const schema = buildSchema(readSdl().join("\n"))
  const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith("__")
      ? Object.values(type.getFields()).map((field) => ({ type: type.name, field }))
      : []
  )
  const isPersonal = ({ field }: (typeof fields)[number]) =>
    field.astNode?.directives?.some(({ name }) => name.value === "personal") === true
  const isHarmless = ({ type, field }: (typeof fields)[number]) => harmless[type]?.includes(field.name) === true
  const holdsText = ({ field }: (typeof fields)[number]) => {
    const named = getNamedType(field.type)
    return isScalarType(named) && !["ID", "DateTime", "Int", "Float", "Boolean"].includes(named.name)
  }
  const nameOf = ({ type, field }: (typeof fields)[number]) => `${type}.${field.name}`

  it("says of every field with a text or JSON whether it may hold something of a person", () => {
    const whatToDo =
      "say what a viewer without PII access sees: `@personal(as: …)` behind it in graphql/*.graphql (forms: PersonalForm in " +
      "graphql/base.graphql), or, if it can never hold a value of a person, its name in src/profiles/masking/harmless.ts. " +
      "Until then it is masked as a whole value."
    const undecided = fields.filter((each) => holdsText(each) && !isPersonal(each) && !isHarmless(each))
    expect(undecided.map((each) => `${nameOf(each)}: ${whatToDo}`)).toEqual([])
  })

  it("knows a mask for every form", () => {
    const form = schema.getType("PersonalForm")
    const names = isEnumType(form) ? form.getValues().map(({ name }) => name) : []
    expect(names.length).toBeGreaterThan(5)
    expect(names.filter((name) => !Object.hasOwn(forms, name))).toEqual([])
  })

  it("marks only fields that hold a text or JSON, and lists none twice or that is gone", () => {
    expect(fields.filter((each) => isPersonal(each) && !holdsText(each)).map(nameOf)).toEqual([])
    expect(fields.filter((each) => isPersonal(each) && isHarmless(each)).map(nameOf)).toEqual([])
    const known = new Set(fields.filter(holdsText).map(nameOf))
    const listed = Object.entries(harmless).flatMap(([type, names]) => names.map((name) => `${type}.${name}`))
    expect(listed.filter((name) => !known.has(name))).toEqual([])
    expect(new Set(listed).size).toBe(listed.length)
  })
})
