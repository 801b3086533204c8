import { assert, it } from "@effect/vitest"
import { prepare, resolveBatch } from "../../src/identity/batch.ts"
import type { Identifier } from "../../src/identity/model.ts"
import { compileRules } from "../../src/identity/rules.ts"
import { WorkingSet } from "../../src/identity/working-set.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"

const at = "2026-11-25T00:00:00.000Z"
const event = (position: number, userId: string) => ({
  position,
  source: 1,
  hash: `hash-${position}`,
  body: new TextEncoder().encode(
    JSON.stringify({
      type: "track",
      messageId: `m-${position}`,
      userId,
      event: "E",
      context: {},
      timestamp: at,
      receivedAt: at
    })
  )
})

/** A set whose look-up of one value is broken: stands for a fault of our own. */
class BrokenSet extends WorkingSet {
  override readonly owner = (identifier: Identifier) => {
    if (identifier.value === "breaks") throw new Error("a fault of ours")
    return this.known(identifier)
  }
  private readonly known = new WorkingSet(100).owner
}

it("IDR-141: a message that makes the resolver fail is recorded and does not stop the events behind it", () => {
  const events = [event(1, "before"), event(2, "breaks"), event(3, "after")]
  const prepared = prepare(events, compileRules(defaultRules, 1, []), () => undefined, { seen: new Set() })
  const { counts, rows } = resolveBatch(
    prepared,
    "spa_0123456789abcdefghijkl",
    { maxMerges: 100, maxMappings: 1000 },
    new BrokenSet(100)
  )
  assert.deepStrictEqual(counts, { resolved: 2, unresolved: 0, dropped: 0, duplicates: 0, failed: 1 })
  assert.deepStrictEqual(rows.stamps.pos, [1, 3])
  assert.deepStrictEqual(rows.drops, { reason: ["internal_resolution_failure"], pos: [2], at: [Date.parse(at)] })
  assert.deepStrictEqual(rows.violations.kind, ["Internal resolution failure"])
})
