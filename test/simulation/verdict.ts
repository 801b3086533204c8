/**
 * What came of a simulation: the stores against the single-threaded model, which gets the same events and operations one after
 * another (`serial-order.ts`), and the invariants of spec 02 section 17 on the stores alone.
 */
import { Effect } from "effect"
import { assert } from "vitest"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { mutationsOf } from "../../src/identity/journal.ts"
import { isOperation } from "../../src/identity/operations/operation-entry.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import { everyState } from "../identity/support/invariants.ts"
import { MemoryGraph } from "../identity/support/memory-graph.ts"
import { comparable, stateOf } from "../identity/support/stored.ts"
import type { Played } from "./play.ts"
import { perhapsLinked } from "./reference-outcome.ts"
import { liveAfterReplay, messagesAreGone, nothingIsMissing, tellModel } from "./serial-order.ts"

interface Stamp {
  readonly pos: number
  readonly profile: number | null
  readonly account: number | null
}

const linkOf = ({ user, account }: { readonly user: string; readonly account: string }) => `${user} ${account}`

export const judge = Effect.fnUntraced(function* (played: Played) {
  const { plan, log } = played
  const { spaceId } = plan
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  yield* graphs.refresh
  const graphId = graphs.graphOf(spaceId)
  const s = spaceSchema(spaceId)
  assert.deepStrictEqual([...played.problems], [], "no process fails for reasons of its own")
  const story = yield* tellModel(played)
  const { model, journal } = story
  liveAfterReplay(story)
  messagesAreGone(story, played)

  const state = model.state()
  const stored = yield* stateOf(spaceId, state)
  // Links that only erased calls have stated may stay, or not.
  const known = new Set(state.links.map(linkOf))
  const there = new Set(stored.links.map(linkOf))
  const perhaps = perhapsLinked(model).filter((link) => there.has(linkOf(link)) && !known.has(linkOf(link)))
  const expected = { ...state, links: [...state.links, ...perhaps] }
  assert.deepStrictEqual(comparable(stored), comparable(expected), "the graph")
  const owners = model.owners()
  const events = expected.events.flatMap((event) => {
    if (event.outcome !== "resolved") return [event]
    const now = owners.get(event.messageId)
    return now === undefined ? [] : [{ ...event, users: now[0], accounts: now[1] }]
  })
  everyState({ ...plan, steps: [] }, { ...stored, events })
  for (const collection of ["users", "accounts"] as const) {
    const canonical = expected.profiles.filter((it) => it.collection === collection && it.canonical === it.segmentId)
    assert.strictEqual(stored.counts[collection], canonical.length, `there are no other ${collection}`)
  }

  const erasedIds = model.profiles.filter(({ erased }) => erased === true).map(({ segmentId }) => ({ segmentId }))
  const tombstones = yield* graph.find(graphId, "users", erasedIds)
  for (const found of tombstones) assert.isNull(found, "IDR-162: whoever was erased is not found")

  const stamps = yield* sql.unsafe<Stamp>(
    `select pos::float8 as pos, profile::float8 as profile, account::float8 as account from ${s}.stamps order by 1`
  )
  const stampAt = new Map(stamps.map((stamp) => [stamp.pos, stamp]))

  // Nothing is left of identifiers that were removed or erased.
  for (const collection of ["users", "accounts"] as const) {
    const all = yield* graph.walk(graphId, collection, null, 1000)
    const own = stored.identifiers.filter((it) => it.collection === collection)
    assert.strictEqual(all.length, own.length, "IDR-152, IDR-162: there are no other identifiers")
  }
  if (graph.transactional) {
    const [rows] = yield* sql.unsafe<{ n: number }>(`select count(*)::int as n from "${graphId}".identifiers`)
    assert.strictEqual(rows!.n, stored.identifiers.length, "IDR-162: nor rows of any")
  }

  // Separations (INV-16) and whose the events are (INV-14, IDR-202).
  const nos = [...new Set(stamps.flatMap(({ profile, account }) => [profile, account]).filter((no) => no !== null))]
  const profileOf = new Map<number, string>()
  const apart = new Set<string>()
  for (const collection of ["users", "accounts"] as const) {
    const own = nos.filter((no) => (no % 2 === 0) === (collection === "users"))
    const found = yield* graph.find(
      graphId,
      collection,
      own.map((no) => ({ no }))
    )
    found.forEach((profile, i) => profileOf.set(own[i]!, profile?.segmentId ?? "not found"))
    const all = yield* graph.find(
      graphId,
      collection,
      expected.profiles.filter((it) => it.collection === collection).map(({ segmentId }) => ({ segmentId }))
    )
    const canonical = [...new Map(all.map((profile) => [profile!.no, profile!])).values()]
    const separations = yield* graph.separations(
      graphId,
      canonical.map(({ no }) => no)
    )
    separations.forEach((list, i) => {
      for (const { segmentId } of list) {
        assert.notStrictEqual(segmentId, canonical[i]!.segmentId, "INV-16")
        apart.add([segmentId, canonical[i]!.segmentId].sort().join(" "))
      }
    })
  }
  assert.deepStrictEqual([...apart].sort(), [...model.apart()], "INV-16, IDR-205: who is kept apart")
  for (const { a, b } of model.separations)
    assert.notStrictEqual(model.canonical(a), model.canonical(b), "INV-16: profiles kept apart have become one")
  const name = (no: number | null) => (no === null ? null : profileOf.get(no)!)
  for (const { messageId, position } of log.accepted) {
    if (!story.resolvedAt.has(position)) continue
    const [stamp, own] = [stampAt.get(position), owners.get(messageId)]
    const about = `owners of ${messageId}`
    if (own === undefined) assert.isUndefined(stamp, `IDR-162: ${messageId} has left the space`)
    else assert.deepStrictEqual([name(stamp?.profile ?? null), name(stamp?.account ?? null)], [...own], about)
  }
  const erased = model.resolved.length - owners.size
  assert.strictEqual(stamps.filter(({ pos }) => pos === 0).length, erased, "IDR-162: the ledger keeps erased messages")
  assert.strictEqual(stamps.length, model.resolved.length, "IDR-132: the ledger has nothing else")

  // What was told about the events (INV-13) and counted (INV-8).
  const told = (yield* sql.unsafe<{ text: string }>(
    `select concat_ws(' ', kind, type || ':' || value) as text from ${s}.violations`
  )).map(({ text }) => text)
  const violations = model.resolved.flatMap(({ violations }) => violations)
  if (!story.erased) assert.deepStrictEqual(told.toSorted(), violations.toSorted(), "INV-13: violations")
  else for (const text of told) assert.include(violations, text, "INV-13: violations")
  const drops = yield* sql.unsafe<{ reason: string; count: number }>(
    `select reason, count::int as count from ${s}.drops`
  )
  const counted = new Map<string, number>()
  const kept = ["ledger_duplicate", "event_filter", "suppressed"]
  for (const { reason, count } of drops) {
    const what = kept.includes(reason)
      ? reason
      : reason.startsWith("event_filter_error")
        ? "event_filter_error"
        : "dropped"
    counted.set(what, (counted.get(what) ?? 0) + count)
  }
  const { least, most } = nothingIsMissing(story, log.accepted)
  for (const what of new Set([...counted.keys(), ...Object.keys(most)])) {
    const n = counted.get(what) ?? 0
    assert.isAtLeast(n, least[what] ?? 0, `IDR-21, INV-8: counted as ${what}`)
    assert.isAtMost(n, most[what] ?? 0, `IDR-21, INV-8: counted as ${what}`)
  }

  // The journal tells the same story (INV-7): what a rebuild would make of it.
  const rebuilt = new MemoryGraph()
  for (const entry of journal)
    rebuilt.apply(isOperation(entry) ? { ...entry.mutations, position: entry.seq } : mutationsOf([entry]))
  for (const { collection, type, value, profile } of stored.identifiers) {
    const no = rebuilt.owner({ collection, type, value })
    assert.strictEqual(no === undefined ? undefined : rebuilt.segmentId(no), profile, `INV-7: ${type}:${value}`)
  }
  assert.strictEqual(rebuilt.mappings.size, stored.identifiers.length, "INV-7: nothing else")
  for (const [a, b] of rebuilt.separations)
    assert.notStrictEqual(rebuilt.canonical(a), rebuilt.canonical(b), "INV-16: kept apart, and one profile")
})
