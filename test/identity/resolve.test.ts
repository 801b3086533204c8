import { assert, describe, it } from "vitest"
import { extract, factsOf } from "../../src/identity/extract.ts"
import { ksuid } from "../../src/platform/hash.ts"
import { mappingId, segmentId, segmentIdsOf } from "../../src/identity/ids.ts"
import { findBreach } from "../../src/identity/limits.ts"
import type { Neighbourhood, ProfileView } from "../../src/identity/model.ts"
import { resolve } from "../../src/identity/resolve.ts"
import { compileRules } from "../../src/identity/rules.ts"
import { WorkingSet } from "../../src/identity/working-set.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { message } from "./support/notation.ts"
import { runPure } from "./support/pure.ts"
import { r0, type Run, type Step } from "./support/run.ts"
import { rulesWith } from "./support/rules.ts"

const run = (lines: ReadonlyArray<string>, rules = defaultRules, extra: Partial<Run> = {}): Run => ({
  ...r0,
  rules,
  steps: lines.map((line, n): Step => ({ kind: "event", message: message(line, n) })),
  ...extra
})

const w7 = [
  "page anonymous_id:5285bc35-05ef-4d21",
  "identify anonymous_id:5285bc35-05ef-4d21 email:jane.kim@segment.com",
  "page anonymous_id:b50e18a5-1b8d-451c",
  "identify anonymous_id:b50e18a5-1b8d-451c email:jane.kim@segment.com"
]

const w7Ids = (spaceId: string) => runPure(run(w7, defaultRules, { spaceId })).state.profiles.map((p) => p.segmentId)
const mapped = (t: number) => mappingId("spa_a", { collection: "users", type: "email", value: "e" }, "m-1", t)
const profile = (no: number, added: Record<string, ReadonlyArray<number>>): ProfileView => ({
  no,
  segmentId: `use_${no}`,
  merges: 0,
  mappings: Object.values(added).flat().length,
  added: new Map(Object.entries(added))
})
const at = (type: string) => ({ collection: "users" as const, type, value: "new" })

describe("segment ids (IDR-110)", () => {
  it("AC2-10: the archive of W-7 gives the same ids in every empty space of that id", () => {
    assert.deepStrictEqual(w7Ids("spa_a"), w7Ids("spa_a"))
    assert.notDeepEqual(w7Ids("spa_a"), w7Ids("spa_b"))
  })

  it("AC2-11: begin with use_ or grp_, and sort by the time of arrival", () => {
    const { profiles } = runPure(run(["user_id:u1", "group user_id:u1 group_id:g1", "user_id:u2"])).state
    assert.match(profiles[0]!.segmentId, /^use_[0-9A-Za-z]{27}$/)
    assert.match(profiles[1]!.segmentId, /^grp_[0-9A-Za-z]{27}$/)
    assert.isTrue(profiles[0]!.segmentId < profiles[2]!.segmentId)
  })

  it("an id that was issued before is followed by those with a counter", () => {
    const facts = { messageId: "m-1", receivedAt: Date.parse("2024-05-01T00:00:00Z") }
    const id = (n: number) => `use_${ksuid(facts.receivedAt, `spa_a\nusers\nm-1${n === 1 ? "" : `\n${n}`}`)}`
    const taken = new Set([id(1), id(2)])
    assert.strictEqual(
      segmentId("spa_a", "users", facts, () => false),
      id(1)
    )
    assert.strictEqual(
      segmentId("spa_a", "users", facts, (candidate) => taken.has(candidate)),
      id(3)
    )
    const { extraction } = extract(message("user_id:u1", 0), compileRules(defaultRules, 1, []))
    assert.deepStrictEqual(
      segmentIdsOf("spa_a", facts, extraction, () => false),
      [id(1)]
    )
  })

  it("one message id from two sources creates two profiles (ING-64)", () => {
    const set = new WorkingSet(1000)
    const rules = compileRules(defaultRules, 1, [])
    const ids = ["user_id:u1", "user_id:u2"].map((line, n) => {
      const event = message(`id=same @2024-05-01 ${line}`, n)
      const facts = factsOf(event, { position: n + 1, source: n }, "src")
      const resolution = resolve(r0, r0.spaceId, rules, set, facts, extract(event, rules).extraction, [])
      set.apply(resolution)
      return resolution.users!.segmentId
    })
    assert.strictEqual(new Set(ids).size, 2)
  })

  it("IDR-111: mapping ids sort by the time of the mapping", () => {
    assert.match(mapped(1_714_521_600_000), /^map_[0-9A-Za-z]{27}$/)
    assert.isTrue(mapped(1_714_521_600_000) < mapped(1_714_521_601_000))
  })
})

describe("limits", () => {
  const set = new WorkingSet(10)
  const hour = 3_600_000
  const daily = compileRules(rulesWith({ types: { email: { limit: 1, window: "daily" } } }), 1, [])

  it.each([
    [23, true],
    [24, false],
    [-23, true],
    [-24, false]
  ])("IDR-63: a value added %i hours from the event counts: %s", (hours, counts) => {
    const breach = findBreach(daily, set, [profile(2, { email: [hours * hour] })], [at("email")], 0)
    assert.strictEqual(breach !== null, counts)
  })

  it("IDR-65: a profile over its limit keeps working, but does not grow", () => {
    const rules = compileRules(defaultRules, 1, [])
    const old = profile(2, { user_id: [1, 2, 3] })
    assert.isNull(findBreach(rules, set, [old], [at("anonymous_id")], 0))
    assert.isNull(findBreach(rules, set, [old, profile(4, { email: [1] })], [], 0))
    assert.deepInclude(findBreach(rules, set, [old], [at("user_id")], 0), { type: "user_id", count: 4, limit: 1 })
    assert.deepInclude(findBreach(rules, set, [old, profile(4, { user_id: [1] })], [], 0), { count: 4 })
  })

  it("names the breach of the most trusted type first", () => {
    const rules = compileRules(defaultRules, 1, [])
    const full = { user_id: [1], email: [1, 1, 1, 1, 1] }
    assert.deepInclude(findBreach(rules, set, [profile(2, full), profile(4, full)], [], 0), { type: "user_id" })
  })

  it("IDR-38: a type that was switched off has no limit", () => {
    const rules = compileRules(rulesWith({ types: { user_id: { enabled: false } } }), 1, [])
    assert.isNull(findBreach(rules, set, [profile(2, { user_id: [1] }), profile(4, { user_id: [1] })], [], 0))
  })

  it("IDR-205 W-44: profiles kept apart breach before any limit, and the last identifier gives way", () => {
    const set = new WorkingSet(1000)
    const rules = compileRules(defaultRules, 1, [])
    const [first, , second, both] = w7.map((line, n) => {
      const event = message(line, n)
      const facts = factsOf(event, { position: n + 1, source: 1 }, "src_web")
      const apart: Neighbourhood = { owner: set.owner, issued: set.issued, keptApart: () => true }
      const resolution = resolve(r0, r0.spaceId, rules, apart, facts, extract(event, rules).extraction, [])
      set.apply(resolution)
      return resolution
    })
    assert.strictEqual(both!.users!.action, "none")
    assert.strictEqual(both!.users!.target, first!.users!.target)
    assert.deepStrictEqual(
      both!.violations.map(({ kind, identifier, breach, candidates }) => [
        kind,
        identifier.value,
        breach?.kind,
        candidates
      ]),
      [["Profiles kept apart", "b50e18a5-1b8d-451c", "kept_apart", [first!.users!.segmentId, second!.users!.segmentId]]]
    )
  })
})

describe("acceptance", () => {
  it("AC2-24 IDR-54: blocking a mapped value keeps the mapping, but no event matches through it", () => {
    const lines = ["user_id:u1 anonymous_id:a1", "user_id:u1 email:e1"].map((line, n) => message(line, n))
    const document = rulesWith({ types: { user_id: { blocked: [{ kind: "exact", value: "u1" }] } } })
    const steps: ReadonlyArray<Step> = [
      { kind: "event", message: lines[0]! },
      { kind: "rules", document },
      { kind: "event", message: lines[1]! }
    ]
    const { state } = runPure({ ...run([]), steps })
    assert.include(
      state.identifiers.map(({ type, value }) => `${type}:${value}`),
      "user_id:u1"
    )
    const { resolution } = state.events[1]!
    assert.strictEqual(resolution?.users?.action, "create")
    assert.deepStrictEqual(
      resolution?.violations.map(({ kind, identifier }) => [kind, identifier.value]),
      [["ID value blocked", "u1"]]
    )
  })

  it("AC2-31 IDR-22: an event dated 2099 does not freeze a trait", () => {
    const future = {
      ...message('identify user_id:u1 {"traits":{"plan":"a"}}', 0),
      timestamp: "2099-01-01T00:00:00.000Z"
    }
    const now = message('identify user_id:u1 {"traits":{"plan":"b"}}', 1)
    const steps: ReadonlyArray<Step> = [future, now].map((event) => ({ kind: "event", message: event }))
    assert.deepStrictEqual(Object.values(runPure({ ...run([]), steps }).state.traits), [{ plan: "b" }])
  })

  it.each(["undefined", "NULL", "[object Object]", "'none'"])("AC2-33: %s does not merge 1,000 people", (junk) => {
    const steps = Array.from({ length: 1000 }, (_, n): Step => ({
      kind: "event",
      message: { ...message(`anonymous_id:anon-${n}`, n), userId: junk }
    }))
    const count = (rules: typeof defaultRules) => {
      const { state } = runPure({ ...run([]), rules, steps })
      return {
        profiles: state.profiles.length,
        merges: state.merges.length,
        junk: state.identifiers.filter(({ value }) => value === junk).length
      }
    }
    assert.deepStrictEqual(count(defaultRules), { profiles: 1000, merges: 0, junk: 0 })
    assert.strictEqual(count({ ...defaultRules, blockJunk: false }).junk, 1)
  })

  it.each([
    [4, "merge"],
    [3, "none"]
  ])("IDR-87: profiles of two identifiers each under a limit of %i: %s", (maxMappings, action) => {
    const lines = ["user_id:u1 email:e1", "anonymous_id:a1 ios.id:d1", "user_id:u1 anonymous_id:a1"]
    const { state } = runPure(run(lines, defaultRules, { maxMappings }))
    assert.strictEqual(state.events[2]!.resolution?.users?.action, action)
  })

  it("IDR-86: what was demoted comes back best first, as far as there is room", () => {
    const lines = ["user_id:u1 email:e1..e5 anonymous_id:a1..a4", "user_id:u1 email:e6 anonymous_id:b1 anonymous_id:b2"]
    const { state } = runPure(run(lines, rulesWith({ readmitDemoted: true })))
    const { users, violations } = state.events[1]!.resolution!
    assert.deepStrictEqual(
      users!.mapped.map(({ value }) => value),
      ["b1"]
    )
    assert.deepStrictEqual(violations.map(({ identifier }) => identifier.value).sort(), ["b2", "e6"])
  })

  it("IDR-109: a merge record names what matched each side", () => {
    const { entries } = runPure(run(w7))
    const merged = entries.at(-1)!.users!.merged![0]!
    assert.match(merged.id, /^mrg_[0-9A-Za-z]{27}$/)
    assert.deepStrictEqual(
      [merged.matchedFrom, merged.matchedInto].map((ids) => ids.map((no) => entries.at(-1)!.ids[no]![2])),
      [["b50e18a5-1b8d-451c"], ["jane.kim@segment.com"]]
    )
  })
})
