import { assert, describe, it } from "vitest"
import { decodeEntry, encodeEntry, entryOf, mutationsOf, needsEntry } from "../../src/identity/journal.ts"
import { errorRows } from "../../src/identity/records.ts"
import { toRecord } from "../../src/identity/resolution-record.ts"
import { defaultRules } from "../../src/workspace/rules-document.ts"
import { MemoryGraph } from "./support/memory-graph.ts"
import { message } from "./support/notation.ts"
import { runPure } from "./support/pure.ts"
import { r0, type Step } from "./support/run.ts"

const resolved = (...lines: ReadonlyArray<string>) => {
  const steps = lines.map((line, n): Step => ({ kind: "event", message: message(line, n) }))
  const { state, entries, graph } = runPure({ ...r0, rules: defaultRules, steps })
  return { state, entries, graph, last: state.events.at(-1)!.resolution! }
}

const short = (id: { type: string; value: string }) => `${id.type}:${id.value}`
const w3 = ["track user_id:abc123 email:jane@example1.com", "identify user_id:abc456 email:jane@example1.com"]

describe("journal", () => {
  it("IDR-140: the record of W-3 is that of the specification", () => {
    const { last, state } = resolved(...w3)
    const [a, b] = state.profiles.map(({ segmentId }) => segmentId)
    const entry = decodeEntry(last.facts.position, encodeEntry(entryOf(last)))
    assert.deepStrictEqual(toRecord(entry), {
      message_id: "m-1",
      resolution_seq: 2,
      rules_version: 1,
      event: { type: "identify", name: null, source_id: "src_web", timestamp: "2024-05-01T00:01:00.000Z" },
      users: {
        extracted: [
          { type: "user_id", id: "abc456", from: "userId", rank: 1 },
          { type: "email", id: "jane@example1.com", from: "traits.email", rank: 2 }
        ],
        blocked: [],
        ignored: [],
        iterations: [
          {
            n: 1,
            live: ["user_id:abc456", "email:jane@example1.com"],
            matched: [a!],
            unseen: ["user_id:abc456"],
            breach: { kind: "limit", type: "user_id", count: 2, limit: 1, window: "ever" },
            demoted: "email:jane@example1.com"
          },
          { n: 2, live: ["user_id:abc456"], matched: [], unseen: ["user_id:abc456"], breach: null }
        ],
        action: "create",
        segment_id: b!,
        merged: [],
        mapped: ["user_id:abc456"],
        not_promoted: ["email:jane@example1.com"],
        skipped: []
      },
      accounts: null,
      ignored: [],
      auto_added: [],
      linked: false,
      violations: ["vio_2_0"],
      successes: ["suc_2_0", "suc_2_1"]
    })
  })

  it("IDR-140: every turn of a long loop can be told from the entry", () => {
    const { last } = resolved(
      "user_id:u1 anonymous_id:a1 ga_client_id:g1",
      "user_id:u2 email:e1",
      "email:e1 anonymous_id:a1 ga_client_id:g1 user_id:u3"
    )
    const { users } = toRecord(decodeEntry(last.facts.position, encodeEntry(entryOf(last))))
    assert.deepStrictEqual(
      users!.iterations.map(({ live, matched, unseen, breach, demoted }) => ({
        live,
        matched,
        unseen,
        breach,
        demoted
      })),
      last.users!.iterations.map(({ live, matched, unseen, breach, demoted }) => ({
        live: live.map(short),
        matched: matched.map(({ segmentId }) => segmentId),
        unseen: unseen.map(short),
        breach,
        demoted: demoted === null ? undefined : short(demoted)
      }))
    )
    assert.isAbove(users!.iterations.length, 2)
  })

  it("a record tells what a fast decision beside a slow one was", () => {
    const { last } = resolved("user_id:u1 anonymous_id:a1", "user_id:u1 anonymous_id:a1 group_id:g1")
    assert.deepStrictEqual(toRecord(entryOf(last)).users!.iterations, [
      {
        n: 1,
        live: ["user_id:u1", "anonymous_id:a1"],
        matched: [last.users!.segmentId],
        unseen: [],
        breach: null
      }
    ])
  })

  it("an event that only lands on its profile needs no entry", () => {
    assert.isFalse(needsEntry(resolved("user_id:u1", "user_id:u1").last))
  })

  it.each([
    ["create", ["user_id:u1"]],
    ["map", ["user_id:u1", "user_id:u1 email:e1"]],
    ["merge", ["user_id:u1", "email:e1", "user_id:u1 email:e1"]],
    ["link", ["group user_id:u1 group_id:g1"]],
    ["violation", ["user_id:u1", "user_id:u1 anonymous_id:null"]],
    ["unresolved", ["anonymous_id:null"]]
  ])("%s needs one", (_, lines) => assert.isTrue(needsEntry(resolved(...lines).last)))

  it("a link that is known needs no entry again, an earlier one does (IDR-104)", () => {
    const group = "group user_id:u1 group_id:g1"
    assert.strictEqual(resolved(group, group, group).entries.length, 1)
    assert.strictEqual(resolved(group, `@2024-04-01 ${group}`).entries.length, 2)
  })

  it("IDR-22: mappings and profiles date from the earlier of timestamp and arrival", () => {
    const { last, entries } = resolved('user_id:u1 {"timestamp":"2099-01-01T00:00:00.000Z"}')
    const { mappings, profiles } = mutationsOf(entries)
    assert.deepStrictEqual(
      [mappings[0]!.addedAt, profiles[0]!.createdAt],
      [last.facts.receivedAt, last.facts.receivedAt]
    )
  })

  it("one function serves live commits and rebuilds: pages of any size give the same graph", () => {
    const { entries, graph } = resolved(
      "user_id:u1",
      "anonymous_id:a1",
      "user_id:u1 anonymous_id:a1",
      "group user_id:u1 group_id:g1",
      ...w3
    )
    for (const size of [1, 2, 100]) {
      const again = new MemoryGraph()
      for (let i = 0; i < entries.length; i += size) again.apply(mutationsOf(entries.slice(i, i + size)))
      assert.deepStrictEqual(again, graph)
    }
    assert.strictEqual(mutationsOf(entries).position, entries.at(-1)!.position)
    assert.deepStrictEqual(mutationsOf([]), { position: 0, profiles: [], mappings: [], merges: [], links: [] })
  })
})

describe("records", () => {
  it("IDR-142: a violation says what happened, to whom, and what to do", () => {
    const { last, state } = resolved(...w3)
    const [row, ...others] = errorRows(last)
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual(
      { ...row, data: { ...row!.data, next_step: "" } },
      {
        kind: "Identifier value limit exceeded",
        profile: last.users!.target,
        identifier: { collection: "users", type: "email", value: "jane@example1.com" },
        data: {
          message_id: "m-1",
          event: { type: "identify", name: null, source_id: "src_web", timestamp: "2024-05-01T00:01:00.000Z" },
          rules_version: 1,
          breach: { kind: "limit", type: "user_id", count: 2, limit: 1, window: "ever" },
          candidates: [state.profiles[0]!.segmentId],
          segment_id: last.users!.segmentId,
          iteration: 1,
          next_step: ""
        }
      }
    )
    assert.match(row!.data.next_step, /1 user_id ever/)
  })

  it("IDR-141: an unresolved event has an error after its violations", () => {
    const rows = errorRows(resolved("user_id:null").last)
    assert.deepStrictEqual(
      rows.map(({ kind, profile }) => [kind, profile]),
      [
        ["ID value blocked", null],
        ["No matching identifiers on event", null]
      ]
    )
    assert.isTrue(rows.every(({ data }) => data.next_step.length > 20))
  })

  it("an ordinary event has none", () => assert.deepStrictEqual(errorRows(resolved("user_id:u1").last), []))
})
