/** Filters against a reference that copies everything and thinks of nothing, on events and filters that chance makes. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { FilterAction } from "../../src/destinations/compiled.ts"
import { route } from "../../src/destinations/pipeline/route.ts"
import { sampleHash } from "../../src/destinations/pipeline/sampling.ts"
import { evaluate, parseFql } from "../../src/fql/fql.ts"
import { destination, type Event, frozen } from "./given.ts"

const runs = Number(process.env["BRAID_PROPERTY_RUNS"] ?? 400)

// Few names and values, so that paths, filters and events meet.
const name = fc.constantFrom("a", "b", "properties", "email", "__proto__", "constructor", "toString", "a.b")
const scalar = fc.constantFrom<unknown>("x", "a@x.com", "", 5, 0, true, false, null)
const { tree } = fc.letrec<{ tree: unknown; object: Event }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    tie("object"),
    fc.array(fc.oneof(scalar, tie("object")), { maxLength: 3 })
  ),
  object: fc
    .array(fc.tuple(name, tie("tree")), { maxLength: 4 })
    // As JSON.parse makes it: `__proto__` is a member like any other.
    .map(
      (members) =>
        JSON.parse(
          `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`
        ) as Event
    )
}))
const object = tree.filter(
  (value): value is Event => typeof value === "object" && value !== null && !Array.isArray(value)
)

const event: fc.Arbitrary<Event> = fc
  .record({
    type: fc.constantFrom("track", "identify"),
    id: fc.integer({ min: 0, max: 999 }),
    properties: object,
    context: object,
    a: tree
  })
  .map(({ id, ...rest }) => ({ ...rest, event: "A", messageId: `m-${id}`, timestamp: "t" }))

const path = fc.oneof(
  fc.constantFrom("", "properties", "context", "a"),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => ["properties", ...names].join("."))
)
const fields = fc
  .array(fc.tuple(path, fc.array(name, { minLength: 1, maxLength: 3 })), { minLength: 1, maxLength: 3 })
  .map((members) => Object.fromEntries(members) as Record<string, Array<string>>)
const statement = fc.constantFrom(
  "all",
  "type = 'track'",
  "!( type = 'track' )",
  "properties.a = 'x'",
  "length( properties.b ) > 0",
  "contains( properties.email, '@x.com' )",
  "properties.a or context.a",
  "properties.a and type = 'track'",
  "'x' in properties.b",
  "a.a.b != null"
)
const action: fc.Arbitrary<FilterAction> = fc.oneof(
  fc.constant({ type: "DROP" as const }),
  fc.record({
    type: fc.constant("SAMPLE" as const),
    percent: fc.constantFrom(0, 0.3, 0.9, 1),
    path: fc.constantFrom("", "properties.a", "messageId")
  }),
  fc.record({ type: fc.constantFrom("DROP_PROPERTIES" as const, "ALLOW_PROPERTIES" as const), fields })
)
const filters = fc.array(fc.record({ if: statement, actions: fc.array(action, { minLength: 1, maxLength: 2 }) }), {
  maxLength: 4
})

const has = (value: unknown, key: string): value is Event =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)

const find = (from: unknown, keys: ReadonlyArray<string>): unknown =>
  keys.reduce<unknown>((value, key) => (has(value, key) ? value[key] : undefined), from)

/** Members of an object and of the objects in a list; changes in place. */
const prune = (target: unknown, keeps: (key: string) => boolean): void => {
  for (const each of Array.isArray(target) ? (target as ReadonlyArray<unknown>) : [target])
    if (typeof each === "object" && each !== null && !Array.isArray(each))
      for (const key of Object.keys(each)) if (!keeps(key)) Reflect.deleteProperty(each, key)
}

const reference = (
  given: ReadonlyArray<{ readonly if: string; readonly actions: ReadonlyArray<FilterAction> }>,
  input: Event
): unknown => {
  const result = JSON.parse(JSON.stringify(input)) as Event
  for (const type of ["SAMPLE", "DROP", "DROP_PROPERTIES", "ALLOW_PROPERTIES"])
    for (const filter of given)
      for (const { fields = {}, path = "", percent = 0, ...action } of filter.actions) {
        if (action.type !== type) continue
        const parsed = parseFql(filter.if)
        const answer = parsed.ok ? evaluate(parsed.filter, input) : undefined
        if (typeof answer !== "boolean") return "error"
        if (!answer) continue
        if (type === "DROP") return "dropped"
        if (type === "SAMPLE" && percent < 1) {
          const value = path === "" ? undefined : find(input, path.split("."))
          if (percent <= 0 || sampleHash(value ?? input["messageId"]) >= percent) return "dropped"
        }
        for (const [at, names] of Object.entries(fields)) {
          const target = at === "" ? result : find(result, at.split("."))
          if (type === "DROP_PROPERTIES") prune(target, (key) => !names.includes(key))
          if (type === "ALLOW_PROPERTIES")
            prune(target, (key) => names.includes(key) || (at === "" && /^(type|messageId|timestamp)$/.test(key)))
        }
      }
  return result
}

describe("filters and a naive reference agree", () => {
  it("on what becomes of any event, and the event itself stays as it was", () => {
    fc.assert(
      fc.property(filters, event, (given, input) => {
        const before = JSON.stringify(input)
        const routed = route(destination({ filters: given }), frozen(input))
        const stopped = routed.stopped?.code === "INTERNAL" ? "error" : "dropped"
        const outcome = routed.stopped === undefined ? routed.event : stopped
        expect(JSON.stringify(outcome)).toBe(JSON.stringify(reference(given, input)))
        expect(JSON.stringify(input)).toBe(before)
      }),
      { numRuns: runs }
    )
  })
})
