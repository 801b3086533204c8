/** What forms show and save (DST-62, DST-65, DST-86). */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Condition, conditionsOf, type Dialect, statementOf } from "../../src/destinations/manage/conditions.ts"

const one = (condition: Condition) => ({ match: "all", negated: false, conditions: [condition] }) as const

describe("DST-62: conditions of a filter and their FQL", () => {
  it.each([
    [{ path: "properties.a", operator: "contains", value: "S" }, "contains( properties.a, 'S' )"],
    [{ path: "properties.a", operator: "not_contains", value: "S" }, "!contains( properties.a, 'S' )"],
    [{ path: "event", operator: "glob", value: "Button *" }, "match( event, 'Button *' )"],
    [{ path: "event", operator: "is", value: "S" }, "event = 'S'"],
    [{ path: "event", operator: "is_not", value: "it's" }, `event != "it's"`],
    [{ path: "properties.n", operator: "is", value: 5 }, "properties.n = 5"],
    [{ path: "properties.n", operator: "is_not", value: 5 }, "properties.n != 5"],
    [{ path: "properties.b", operator: "is", value: true }, "properties.b = true"],
    [{ path: "properties.b", operator: "is", value: false }, "properties.b = false"],
    [{ path: "properties.x", operator: "not_exists" }, "properties.x = null"],
    [{ path: "properties.x", operator: "exists" }, "properties.x != null"]
  ] satisfies ReadonlyArray<readonly [Condition, string]>)("%j", (condition, fql) => {
    expect(statementOf(one(condition), "filter")).toBe(fql)
    expect(conditionsOf(fql, "filter")).toEqual(one(condition))
  })
})

describe("DST-86: conditions of a trigger and their text", () => {
  it.each([
    [{ path: "event", operator: "is", value: "S" }, 'event = "S"'],
    [{ path: "properties.n", operator: "less_or_equal", value: 5 }, "properties.n <= 5"],
    [{ path: "event", operator: "contains", value: "S" }, 'contains(event, "S")'],
    [{ path: "event", operator: "not_contains", value: "S" }, '!contains(event, "S")'],
    [{ path: "event", operator: "starts_with", value: "S" }, 'match(event, "S*")'],
    [{ path: "event", operator: "not_starts_with", value: "S" }, '!match(event, "S*")'],
    [{ path: "event", operator: "ends_with", value: "S" }, 'match(event, "*S")'],
    [{ path: "event", operator: "not_ends_with", value: "S" }, '!match(event, "*S")'],
    [{ path: "userId", operator: "exists" }, "userId != null"],
    [{ path: "traits.vip", operator: "is", value: true }, "traits.vip = true"]
  ] satisfies ReadonlyArray<readonly [Condition, string]>)("%j", (condition, trigger) => {
    expect(statementOf(one(condition), "trigger")).toBe(trigger)
    expect(conditionsOf(trigger, "trigger")).toEqual(one(condition))
  })
})

describe("DST-65: what a form cannot give back is text", () => {
  it.each([
    "type = 'track' and (event = 'A' or event = 'B')",
    "type = 'track' and event = 'A' or event = 'B'",
    "length( userId ) < 1",
    "event in ['A', 'B']",
    "lowercase( event ) = 'a'",
    "!( !( event = 'A' ) )",
    "'A' = event",
    "properties.n = 5.0",
    "event ==",
    "properties.a = properties.b"
  ])("%s", (fql) => {
    expect(conditionsOf(fql, "filter")).toBeUndefined()
  })

  it("DST-55: only send is a group with `!( … )` around; `all` is a group of nothing", () => {
    const only = conditionsOf("!( type = 'track' or event = 'A' )", "filter")
    expect(only).toMatchObject({ match: "any", negated: true, conditions: [{ path: "type" }, { path: "event" }] })
    expect(conditionsOf("all", "filter")).toEqual({ match: "all", negated: false, conditions: [] })
  })

  it("a text with both kinds of quotes cannot be written", () => {
    expect(statementOf(one({ path: "event", operator: "is", value: `a'b"c` }), "filter")).toBeUndefined()
    expect(statementOf(one({ path: "event", operator: "is", value: 'a"b' }), "trigger")).toBeUndefined()
  })
})

const path = fc.constantFrom(
  "type",
  "event",
  "properties.a",
  "properties.a\\ b.c",
  "context.page.path",
  "properties.list.0.x"
)
const text = fc.string({ unit: fc.constantFrom("a", " ", "'", "%", "é", "-"), maxLength: 6 })
const number = fc.integer({ min: -99, max: 99 })
const conditions: Record<Dialect, fc.Arbitrary<Condition>> = {
  filter: fc.oneof(
    fc.record({
      path,
      operator: fc.constantFrom("is" as const, "is_not" as const),
      value: fc.oneof(text, number, fc.boolean())
    }),
    fc.record({
      path,
      operator: fc.constantFrom("contains" as const, "not_contains" as const, "glob" as const),
      value: text
    }),
    fc.record({ path, operator: fc.constantFrom("exists" as const, "not_exists" as const) })
  ),
  trigger: fc.oneof(
    fc.record({
      path,
      operator: fc.constantFrom("is" as const, "is_not" as const),
      value: fc.oneof(text, number, fc.boolean())
    }),
    fc.record({ path, operator: fc.constantFrom("less" as const, "greater_or_equal" as const), value: number }),
    fc.record({
      path,
      operator: fc.constantFrom(
        "contains" as const,
        "starts_with" as const,
        "not_starts_with" as const,
        "not_ends_with" as const
      ),
      value: fc.string({ unit: fc.constantFrom("a", " ", "-"), minLength: 1, maxLength: 4 })
    })
  )
}

it.each(["filter", "trigger"] as const)("AC4-72: what a form saves as a %s, it shows again", (dialect) => {
  fc.assert(
    fc.property(
      fc.constantFrom("all" as const, "any" as const),
      fc.array(conditions[dialect], { minLength: 2, maxLength: 4 }),
      fc.boolean(),
      (match, conditions, negated) => {
        const group = { match, negated: negated && dialect === "filter", conditions }
        const statement = statementOf(group, dialect)
        expect(statement).toBeDefined()
        expect(conditionsOf(statement!, dialect)).toEqual(group)
      }
    ),
    { numRuns: 500 }
  )
})
