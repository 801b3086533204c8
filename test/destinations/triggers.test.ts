/** Triggers (DST-86 to DST-88): one spelling, Segment's own reading where it is right, FQL everywhere else. */
import * as fc from "fast-check"
import { generateFql, parseFql, validate } from "@segment/destination-subscriptions"
import { describe, expect, it } from "vitest"
import { normaliseTrigger, repairTrigger } from "../../src/catalog/trigger-text.ts"
import { compileTrigger } from "../../src/destinations/trigger.ts"
import { track } from "./given.ts"

const compiled = (trigger: string) => {
  const result = compileTrigger(trigger)
  if (result.problem !== undefined) throw new Error(result.problem)
  return result
}
const fires = (trigger: string, event: object) => compiled(trigger).fires(event)
const identify = { type: "identify", userId: "u1", traits: {} }

describe("which events a trigger takes", () => {
  it.each([
    ["AC4-26", 'type = "track" and event = "A" or event = "B"', track("A"), true],
    ["AC4-26", 'type = "track" and event = "A" or event = "B"', track("C"), false],
    ["AC4-26", 'type = "track" and event = "A" or event = "B"', identify, false],
    ["AC4-27", 'type = "track" and (contains(event, "z") or event = "A")', identify, false],
    ["AC4-27", 'type = "track" and (contains(event, "z") or event = "A")', track("xyz"), true],
    ["AC4-28", '!contains(properties.x, "a")', track("E"), false],
    ["AC4-28", '!contains(properties.x, "a")', track("E", { properties: { x: "b" } }), true],
    ["AC4-30", "type = 'track'", track("E"), true],
    ["AC4-30", "type = 'track'", identify, false],
    ["DST-87", "properties.n != 5", track("E"), false],
    ["DST-87", 'properties.n != "5"', track("E"), true],
    ["DST-87", 'properties.n = "50"', track("E", { properties: { n: 50 } }), false],
    ["DST-87", "properties.n < 6", track("E", { properties: { n: "5" } }), false],
    ["DST-88", 'messageId = "m-1"', track("E"), true],
    ["DST-88", '!(event = "E")', track("E"), false],
    ["DST-88", 'match(event, "a*c")', track("abc"), true],
    ["DST-88", 'match(event, "a*")', track("abc"), true],
    ["DST-88", 'match(event, "a?*")', track("abc"), true],
    ["DST-88", 'match(event, "*b*")', track("abc"), true],
    ["DST-88", 'match(event, "[ab]*")', track("abc"), true],
    ["DST-88", 'type = "track" and !match(event, "*[ab]")', track("cb"), false],
    ["DST-88", 'contains(event, "?") and match(event, "?\\**")', track("?*"), true],
    ["DST-88", 'event in ["A", "B"]', track("B"), true],
    ["DST-88", "all", identify, true]
  ] as const)("%s: %s", (_, trigger, event, expected) => {
    expect(fires(trigger, event)).toBe(expected)
  })

  it("DST-88: what is neither simple nor FQL is refused with the place", () => {
    expect(compileTrigger('event == "x"').problem).toContain("one `=`")
    expect(compileTrigger("").problem).toContain("empty")
    expect(compileTrigger('startsWith(event, "B")').problem).toContain("no function")
    expect(compileTrigger(`event = "${"x".repeat(5200)}"`).problem).toContain("5120")
  })

  it("DST-88: what an event cannot answer does not fire, and says why", () => {
    expect(() => fires("properties.title or all", track("E", { properties: { title: "x" } }))).toThrow(
      /must be true, false or null/
    )
  })
})

describe("one spelling", () => {
  it.each([
    ["type='track'   and\n event =  'A'", 'type = "track" and event = "A"'],
    ["event = 'say \"hi\"'", "event = 'say \"hi\"'"],
    [
      'type="track" and( event="A" or!contains( event , "b" ) )',
      'type = "track" and (event = "A" or !contains(event, "b"))'
    ],
    ["event in ['A','B']", 'event in ["A", "B"]'],
    ["properties.a\\ b>=5", "properties.a\\ b >= 5"],
    ['event = "not closed', 'event = "not closed']
  ])("%s", (text, expected) => {
    expect(normaliseTrigger(text)).toBe(expected)
    expect(normaliseTrigger(expected)).toBe(expected)
  })

  it.each([
    ["AC4-31", 'type = "track" and event == "Cart Updated"', 'type = "track" and event = "Cart Updated"'],
    ["DST-88", 'type = "track" AND event = "Other"', 'type = "track" and event = "Other"'],
    ["DST-88", 'type = "track", event = "X"', 'type = "track" and event = "X"'],
    ["DST-88", "type = track or type=page", 'type = "track" or type = "page"'],
    ["DST-88", 'contains(event, "AND") and properties.a = true', 'contains(event, "AND") and properties.a = true']
  ])("%s: %s of the catalog is put right", (_, text, expected) => {
    expect(repairTrigger(text)).toBe(expected)
    expect(compiled(repairTrigger(text)).simple).toBe(true)
  })
})

// Few names and values, so that they meet.
const path = fc.constantFrom(
  "type",
  "event",
  "name",
  "userId",
  "properties.a",
  "properties.b.c",
  "traits.a",
  "context.a"
)
const text = fc.constantFrom("track", "a", "ab", "ba", "", "A b", "5", "true", "*", "x'y")
const condition = fc.oneof(
  fc.tuple(path, fc.constantFrom("=", "!="), text).map(([p, op, s]) => `${p} ${op} "${s}"`),
  fc
    .tuple(path, fc.constantFrom("=", "!=", "<", "<=", ">", ">="), fc.integer({ min: -2, max: 6 }))
    .map((c) => c.join(" ")),
  fc.tuple(path, fc.constantFrom("= null", "!= null", "= true", "= false", "!= true")).map((c) => c.join(" ")),
  fc
    .tuple(fc.constantFrom("", "!"), fc.constantFrom("contains", "match"), path, text, fc.constantFrom("", "*"))
    .map(([not, name, p, s, star]) => `${not}${name}(${p}, "${s}${name === "match" ? star : ""}")`)
)
const trigger = fc
  .tuple(
    fc.array(condition, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(" and ", " or "),
    fc.array(condition, { maxLength: 3 })
  )
  .map(([first, joined, group]) =>
    group.length < 2
      ? first.join(joined)
      : `${first.join(joined)}${joined}(${group.join(joined === " and " ? " or " : " and ")})`
  )
const value = fc.constantFrom<unknown>(
  "track",
  "a",
  "ab",
  "ba",
  "",
  "A b",
  "5",
  5,
  0,
  -1,
  true,
  false,
  null,
  undefined,
  [],
  {}
)
const event = fc
  .record({ type: value, event: value, name: value, userId: value, a: value, c: value })
  .map(({ a, c, ...event }) => ({ ...event, properties: { a, b: { c } }, traits: { a: c }, context: { a } }))

it("DST-88: simple is what Segment's parser gives back, and then its decision is ours", () => {
  let simple = 0
  fc.assert(
    fc.property(trigger, event, (text, event) => {
      const ours = compileTrigger(text)
      if (ours.problem !== undefined || !ours.simple) return
      simple += 1
      const theirs = parseFql(text)
      expect(normaliseTrigger(generateFql(theirs))).toBe(normaliseTrigger(text))
      expect(ours.fires(event)).toBe(validate(theirs, event))
    }),
    { numRuns: 2000 }
  )
  expect(simple).toBeGreaterThan(500)
})
