import { assert, describe, it } from "vitest"
import { extract, factsOf } from "../../src/identity/extract.ts"
import { entryOf, mutationsOf } from "../../src/identity/journal.ts"
import type { Identifier } from "../../src/identity/model.ts"
import { resolve } from "../../src/identity/resolve.ts"
import { compileRules } from "../../src/identity/rules.ts"
import { WorkingSet } from "../../src/identity/working-set.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { MemoryGraph } from "./support/memory-graph.ts"
import { message } from "./support/notation.ts"
import { r0 } from "./support/run.ts"

const rules = compileRules(defaultRules, 1, [])
const extraction = (line: string) => extract(message(line, 0), rules).extraction
const user = (type: string, value: string): Identifier => ({ collection: "users", type, value })

/** A space by hand: one set, one graph, and the events so far. */
const space = (capacity = 1_000_000) => {
  const set = new WorkingSet(capacity)
  const graph = new MemoryGraph()
  let position = 0
  const missing = (line: string) =>
    set.request([extraction(line)]).identifiers.map(({ type, value }) => `${type}:${value}`)
  const load = (line: string) => {
    const request = set.request([extraction(line)])
    return { request, loaded: graph.load(request) }
  }
  const decide = (line: string) => {
    const event = message(line, position)
    const facts = factsOf(event, { position: ++position, source: 1 }, "src_web")
    const resolution = resolve(r0, r0.spaceId, rules, set, facts, extraction(line), [])
    set.apply(resolution)
    return { resolution, mutations: mutationsOf([entryOf(resolution)]) }
  }
  const take = (line: string) => {
    const { request, loaded } = load(line)
    set.absorb(request, loaded)
    const { resolution, mutations } = decide(line)
    graph.apply(mutations)
    return resolution.users!
  }
  return { set, graph, missing, load, decide, take }
}

describe("working set", () => {
  it("asks for what it does not know, once each, and for nothing when all is warm", () => {
    const { missing, take } = space()
    assert.deepStrictEqual(missing("user_id:u1 email:e1"), ["user_id:u1", "email:e1"])
    take("user_id:u1 email:e1")
    assert.deepStrictEqual(missing("user_id:u1 email:e1 anonymous_id:a1"), ["anonymous_id:a1"])
    assert.deepStrictEqual(missing("user_id:u1 email:e1"), [])
  })

  it("remembers that an identifier is unmapped", () => {
    const { missing, take } = space()
    take("user_id:u1 anonymous_id:a1..a5")
    assert.strictEqual(take("user_id:u1 anonymous_id:a6").demoted.length, 1)
    assert.deepStrictEqual(missing("user_id:u1 anonymous_id:a6"), [])
    take("anonymous_id:a6")
    assert.strictEqual(take("anonymous_id:a6").action, "none")
  })

  it("a load that ran before a commit does not take back what was decided meanwhile", () => {
    const { set, load, decide } = space()
    const stale = load("user_id:u1 email:e1")
    const { resolution } = decide("user_id:u1")
    set.absorb(stale.request, stale.loaded)
    assert.strictEqual(set.owner(user("user_id", "u1"))?.no, resolution.users!.target)
    assert.isUndefined(set.owner(user("email", "e1")))
  })

  it("an owner that was merged away meanwhile stands for its survivor", () => {
    const { set, load, decide, take } = space()
    const first = take("user_id:u1")
    take("anonymous_id:a1 ios.id:d1")
    set.clear()
    // Only a1 is warm; d1 is loaded as of before the merge, which the graph does not have yet.
    const warm = load("user_id:u1 anonymous_id:a1")
    set.absorb(warm.request, warm.loaded)
    const stale = load("ios.id:d1")
    assert.strictEqual(decide("user_id:u1 anonymous_id:a1").resolution.users!.action, "merge")
    set.absorb(stale.request, stale.loaded)
    const owner = set.owner(user("ios.id", "d1"))
    assert.deepStrictEqual([owner?.no, owner?.mappings, owner?.merges], [first.target, 3, 1])
  })

  it("a view that is older than what the set knows is not taken", () => {
    const { set, load, decide, take } = space()
    take("user_id:u1 email:e1")
    set.clear()
    const warm = load("user_id:u1")
    set.absorb(warm.request, warm.loaded)
    const stale = load("email:e1")
    decide("user_id:u1 anonymous_id:a1")
    set.absorb(stale.request, stale.loaded)
    assert.deepStrictEqual(set.owner(user("email", "e1"))?.added.get("anonymous_id")?.length, 1)
  })

  it("two rotations forget what was not used, one keeps it, and what is loaded again is the same", () => {
    const { set, missing, take } = space()
    take("user_id:u1 email:e1")
    take("user_id:u2")
    set.rotate()
    assert.deepStrictEqual(missing("user_id:u1"), [])
    set.rotate()
    assert.deepStrictEqual(missing("user_id:u1 email:e1 user_id:u2"), ["email:e1", "user_id:u2"])
    assert.strictEqual(take("user_id:u1 email:e1").action, "none")
    assert.strictEqual(set.owner(user("user_id", "u1")), set.owner(user("email", "e1")))
  })

  it("an identifier of the older generation follows its profile into the survivor", () => {
    const { set, take, missing } = space()
    const { target } = take("user_id:u1")
    take("anonymous_id:a1 ios.id:d1")
    set.rotate()
    assert.strictEqual(take("user_id:u1 anonymous_id:a1").action, "merge")
    assert.deepStrictEqual(missing("ios.id:d1"), [])
    assert.strictEqual(set.owner(user("ios.id", "d1"))?.no, target)
  })

  it("is full at half of its capacity, the other half is the older generation", () => {
    const { set, take } = space(4)
    take("user_id:u1")
    assert.isFalse(set.full)
    take("email:e1")
    assert.isTrue(set.full)
    set.rotate()
    assert.isFalse(set.full)
    assert.strictEqual(set.size, 2)
  })

  it("refuses a load that was asked for before a rotation", () => {
    const { set, load } = space()
    const stale = load("user_id:u1")
    set.rotate()
    assert.throws(() => set.absorb(stale.request, stale.loaded), /request it again/)
  })

  it("segment ids that were issued stay known, also when only the graph told of them", () => {
    const { set, take } = space()
    const { segmentId } = take("user_id:u1")
    set.noteIssued(["use_elsewhere"])
    set.rotate()
    assert.deepStrictEqual([segmentId, "use_elsewhere", "use_other"].map(set.issued), [true, true, false])
  })

  it("knows a link only for its profiles, and only if it is not later than the new one", () => {
    const { set, decide } = space()
    const group = "group user_id:u1 group_id:g1"
    assert.isFalse(set.knowsLink(decide("user_id:u1").resolution))
    const { resolution } = decide(`@2024-05-02 ${group}`)
    assert.isFalse(set.knowsLink(resolution))
    assert.isTrue(set.knowsLink(decide(`@2024-05-02 ${group}`).resolution))
    assert.isTrue(set.knowsLink(decide(`@2024-05-03 ${group}`).resolution))
  })
})
