/** `whyNotMerged` finds the records of two identifiers among many others by index, and reads no more of them than it shows. */
import { layer } from "@effect/vitest"
import { Effect } from "effect"
import { assert } from "vitest"
import { recordsText } from "../../src/identity/explain/why-not-merged.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import { testDatabase } from "../support/database.ts"

interface Plan {
  readonly "Node Type": string
  readonly "Relation Name"?: string
  readonly "Index Name"?: string
  readonly "Actual Rows"?: number
  readonly Plans?: ReadonlyArray<Plan>
}

const nodes = (plan: Plan): ReadonlyArray<Plan> => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

layer(testDatabase, { excludeTestServices: true })("the records between two identifiers", (it) => {
  it.effect("are found by index in a space with many violations, also of an identifier that lost often", () =>
    Effect.gen(function* () {
      const { write: sql } = yield* Database
      const s = spaceSchema("spa_violations0000000000000")
      for (const statement of [...spaceTables(s), ...spaceTablesSince(s)]) yield* sql.unsafe(statement)
      yield* sql.unsafe(`insert into ${s}.violations (pos, n, at, kind, collection, type, value, rec)
        select i, 0, now(), 'Identifier value limit exceeded', 'users', 'email',
          case when i % 4 = 0 then 'often@x.io' when i = 1001 then 'once@x.io' else 'e' || i end, '{}'
        from generate_series(1, 20000) i`)
      yield* sql.unsafe(`insert into ${s}.journal (pos, rec) select i, '{}' from generate_series(1, 20000) i`)
      yield* sql.unsafe(`analyze ${s}.violations`)
      yield* sql.unsafe(`analyze ${s}.journal`)
      const values = ["email", "once@x.io", "email", "often@x.io"]
      const [row] = yield* sql.unsafe<{ "QUERY PLAN": ReadonlyArray<{ readonly Plan: Plan }> }>(
        `explain (analyze, format json, timing off) ${recordsText(s)}`,
        values
      )
      const scans = nodes(row!["QUERY PLAN"][0]!.Plan).filter((node) => node["Relation Name"] === "violations")
      assert.deepStrictEqual(
        scans.map((node) => node["Index Name"]),
        ["violations_identifier", "violations_identifier"]
      )
      for (const node of scans) assert.isAtMost(node["Actual Rows"]!, 200)
      const found = yield* sql.unsafe<{ pos: number }>(recordsText(s), values)
      assert.lengthOf(found, 200)
      assert.strictEqual(found[0]!.pos, 20_000)
      const once = yield* sql.unsafe<{ pos: number }>(recordsText(s), ["email", "once@x.io", "email", "nobody"])
      assert.deepStrictEqual(
        once.map(({ pos }) => pos),
        [1001]
      )
    })
  )
})
