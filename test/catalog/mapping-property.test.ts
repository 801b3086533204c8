/** Mappings as we execute them against Segment's kit as it is installed, over random mappings and events (DST-92). */
import { createRequire } from "node:module"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { packageHere, webhook } from "./support.ts"

type Transform = (mapping: object, event: object) => { readonly data?: unknown }

const { call, seen } = packageHere()

/** A second copy of the kit: the first one is the one that Braid has changed. */
const untouched = (() => {
  const require = createRequire(import.meta.url)
  for (const path of Object.keys(require.cache)) if (path.includes("actions-core")) delete require.cache[path]
  const kit = require("@segment/actions-core") as { readonly transform: Transform }
  return kit.transform
})()

const key = fc.constantFrom("a", "b", "c", "email", "list", "Name")
const scalar = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null)
)
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true })
  )
}))
const event = fc.record({
  type: fc.constant("track"),
  event: fc.string({ maxLength: 8 }),
  properties: fc.dictionary(key, json, { noNullPrototype: true })
})

const path = fc
  .array(fc.oneof(key, fc.constantFrom("0", "1")), { minLength: 1, maxLength: 3 })
  .chain((steps) =>
    fc.constantFrom(`$.properties.${steps.join(".")}`, `properties.${steps.join(".")}`, `$.${steps[0]!}`)
  )
const plain = fc.string({ maxLength: 6 }).filter((text) => !text.includes("$"))

/** Not written out, because an object with a `then` is taken for a promise by whoever waits for it. */
const ifSo = ["th", "en"].join("")
const directive = (name: string, options: fc.Arbitrary<unknown>) => options.map((given) => ({ [name]: given }))

const { value: mapping } = fc.letrec<{ value: unknown }>((tie) => {
  const value = tie("value")
  const branches = fc.record({ yes: value, no: value, on: value, how: fc.constantFrom("exists", "blank") })
  return {
    value: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      directive("@path", path),
      directive(
        "@template",
        path.map((at) => `<{{${at}}}> {{{event}}}`)
      ),
      scalar,
      directive("@literal", value),
      directive(
        "@if",
        branches.map(({ how, no, on, yes }) =>
          Object.fromEntries([
            [how, on],
            [ifSo, yes],
            ["else", no]
          ])
        )
      ),
      directive("@case", fc.record({ operator: fc.constantFrom("lower", "upper", "title"), value })),
      directive(
        "@arrayPath",
        fc.tuple(path, fc.dictionary(key, value, { minKeys: 1, maxKeys: 2, noNullPrototype: true }))
      ),
      directive(
        "@replace",
        fc.record({ value, pattern: plain, replacement: plain, ignorecase: fc.boolean(), global: fc.boolean() })
      ),
      directive(
        "@merge",
        fc.record({ direction: fc.constantFrom("left", "right"), objects: fc.array(value, { maxLength: 3 }) })
      ),
      directive("@flatten", fc.record({ value, separator: fc.constantFrom(".", "_"), omitArrays: fc.boolean() })),
      directive("@json", fc.record({ mode: fc.constantFrom("encode", "decode"), value })),
      directive("@excludeWhenNull", value),
      directive(
        "@transform",
        fc.record({ apply: fc.dictionary(key, value, { noNullPrototype: true }), mapping: value })
      ),
      fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true }),
      fc.array(value, { maxLength: 3 })
    )
  }
})

const copy = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A

it("DST-92: maps as the kit does", async () => {
  await fc.assert(
    fc.asyncProperty(mapping, event, async (value, given) => {
      let expected: string
      try {
        expected = JSON.stringify(untouched({ data: { r: copy(value) } }, copy(given)).data)
      } catch {
        expected = "refused"
      }
      seen.length = 0
      const sent = { url: "https://stub.test/", method: "POST", data: { r: copy(value) } }
      const outcome = (await call(webhook, "send", sent, given)).outcomes[0]!
      const got =
        outcome.kind === "delivered" ? seen[0]?.body : outcome.code === "INVALID_SETTINGS" ? "refused" : outcome
      expect(got).toEqual(expected)
    }),
    { numRuns: Number(process.env["BRAID_PROPERTY_RUNS"] ?? 500) }
  )
})
