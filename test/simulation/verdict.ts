/**
 * What came of a simulation: the stores against the single-threaded model, which gets the same events and operations one after
 * another, in the order that the service says it took them in; and the invariants of spec 02 section 17 on the stores alone.
 */
import { Effect } from "effect"
import { assert } from "vitest"
import { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import { mutationsOf } from "../../src/identity/journal.ts"
import { decodeRow, isOperation } from "../../src/identity/operations/operation-entry.ts"
import type { OperationAnswers, OperationKind } from "../../src/identity/operations/operation.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import { everyState } from "../identity/support/invariants.ts"
import { MemoryGraph } from "../identity/support/memory-graph.ts"
import { comparable, stateOf } from "../identity/support/stored.ts"
import type { Asked, Asking } from "./asking.ts"
import type { Played } from "./play.ts"
import { OperatedReference, type RefAnswer, type RefOperation } from "./reference-operations.ts"

interface Stamp {
  readonly pos: number
  readonly seq: number
  readonly profile: number | null
  readonly account: number | null
  readonly rules: number
}
interface Answered {
  readonly id: number
  readonly kind: OperationKind
  readonly answer: string | null
  readonly code: string | null
  readonly error: string | null
  readonly attempts: number
}

/** The request as the model takes it. */
const forModel = (asked: Exclude<Asked, { kind: "rebuild" }>, asking: Asking, answer: AnyAnswer): RefOperation => {
  const audit = String(answer.auditId ?? "")
  switch (asked.kind) {
    case "delete_identifier":
    case "lift_separation":
      return { kind: asked.kind, ...asked.input } as RefOperation
    case "undo_merge":
      return { kind: "undo_merge", merge: asking.merges.get(asked.input.mergeId)!, ...asked.input, audit }
    case "split":
      return { kind: "split", ...asked.input, audit, segmentId: String(answer.separated ?? "") }
    case "revert_split":
      return { kind: "revert_split", of: asked.input.auditId, audit }
    case "save_rules":
      return { kind: "save_rules", document: asked.input.rules, expectedVersion: asked.input.expectedVersion }
  }
}

type AnyAnswer = Partial<Record<string, string | number | boolean>> &
  Partial<Pick<OperationAnswers["split"], "auditId" | "separated">>

export const judge = Effect.fnUntraced(function* (played: Played) {
  const { plan, log, asking, refusedAt } = played
  const { spaceId } = plan
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  yield* graphs.refresh
  const graphId = graphs.graphOf(spaceId)
  const s = spaceSchema(spaceId)
  assert.deepStrictEqual([...played.problems], [], "no process fails for reasons of its own")

  const stamps =
    yield* sql.unsafe<Stamp>(`select pos::float8 as pos, coalesce(seq, pos)::float8 as seq, profile::float8 as profile,
    account::float8 as account, rules::int as rules from ${s}.stamps order by 1`)
  const stampAt = new Map(stamps.map((stamp) => [stamp.pos, stamp]))
  const journal = (yield* sql.unsafe<{ pos: number; rec: string }>(
    `select pos::float8 as pos, rec from ${s}.journal order by pos`
  )).map(({ pos, rec }) => decodeRow(pos, rec))
  const seqOf = new Map(journal.filter(isOperation).map(({ auditId, seq }) => [auditId, seq]))
  const rows = yield* sql<Answered>`select id::float8 as id, kind, answer, code, error, attempts from space_operations
    where space = ${spaceId} order by id`

  // One serial order of everything (IDR-130, INV-21).
  const model = new OperatedReference({ ...plan })
  const turns: Array<{ readonly key: number; readonly late: number; readonly take: () => void }> = []
  let last = 0
  for (const { position, body } of log.events) {
    const stamp = stampAt.get(position)
    if (stamp !== undefined) {
      assert.isAbove(stamp.seq, last, `IDR-130: the event at ${position} comes after those before it`)
      last = stamp.seq
    }
    const message = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>
    turns.push({
      key: last,
      late: 0,
      take: () => {
        const before = model.resolved.length
        model.event(message)
        const isResolved = model.resolved.length > before
        assert.strictEqual(
          stamp !== undefined,
          isResolved,
          `INV-8, INV-14: ${String(message["messageId"])} at ${position}`
        )
        if (stamp !== undefined) assert.strictEqual(stamp.rules, model.version, "IDR-156: rules in force")
      }
    })
  }
  const executed = new Set<string>()
  for (const row of rows) {
    const asked = asking.asked.find(({ id }) => id === row.id)!
    if (asked.kind === "rebuild") continue
    assert.isTrue((row.answer === null) !== (row.code === null), `operation ${row.id} is either answered or refused`)
    const answer = JSON.parse(row.answer ?? "{}") as AnyAnswer
    const seq = row.answer === null ? undefined : seqOf.get(String(answer.auditId))
    if (row.answer !== null) assert.isDefined(seq, `operation ${row.id} was answered, so it is in the journal`)
    executed.add(String(answer.auditId))
    if (row.code === "INTERNAL") {
      assert.isAtLeast(row.attempts, 3, `operation ${row.id} was given up: ${row.error}`)
      assert.isAtLeast(played.faults, 3)
      continue
    }
    const at = seq ?? refusedAt.get(row.id)
    assert.isDefined(at, `operation ${row.id} was refused at some time`)
    turns.push({
      key: at!,
      late: seq === undefined ? 1 : 0,
      take: () => {
        const { auditId: _, ...told } = row.code === null ? answer : { code: row.code, auditId: "" }
        const expected: RefAnswer = model.operate(forModel(asked, asking, answer))
        assert.deepStrictEqual(told as RefAnswer, expected, `operation ${row.id}, ${row.kind} at ${at}: ${row.error}`)
      }
    })
  }
  for (const id of seqOf.keys()) assert.isTrue(executed.has(id), `${id} is in the journal, so somebody was told`)
  for (const { take } of turns.toSorted((a, b) => a.key - b.key || a.late - b.late)) take()

  const expected = model.state()
  const stored = yield* stateOf(spaceId, expected)
  assert.deepStrictEqual(comparable(stored), comparable(expected), "the graph")
  everyState({ ...plan, steps: [] }, { ...stored, events: expected.events })
  for (const collection of ["users", "accounts"] as const) {
    const canonical = expected.profiles.filter((it) => it.collection === collection && it.canonical === it.segmentId)
    assert.strictEqual(stored.counts[collection], canonical.length, `there are no other ${collection}`)
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
  const owners = model.owners()
  const name = (no: number | null) => (no === null ? null : profileOf.get(no)!)
  for (const { position, body } of log.events) {
    const stamp = stampAt.get(position)
    if (stamp === undefined) continue
    const { messageId } = JSON.parse(new TextDecoder().decode(body)) as { readonly messageId: string }
    assert.deepStrictEqual([name(stamp.profile), name(stamp.account)], owners.get(messageId), `owners of ${messageId}`)
  }

  // What was told about the events (INV-13) and counted (INV-8).
  const told = yield* sql.unsafe<{ text: string }>(
    `select concat_ws(' ', kind, type || ':' || value) as text from ${s}.violations`
  )
  const violations = model.resolved.flatMap(({ violations }) => violations)
  assert.deepStrictEqual(told.map(({ text }) => text).sort(), violations.sort(), "INV-13: violations")
  const drops = yield* sql.unsafe<{ reason: string; count: number }>(
    `select reason, count::int as count from ${s}.drops`
  )
  const counted = { dropped: 0, duplicate: 0 }
  for (const { reason, count } of drops) counted[reason === "ledger_duplicate" ? "duplicate" : "dropped"] += count
  const outcomes = (outcome: string) => expected.events.filter((event) => event.outcome === outcome).length
  assert.deepStrictEqual(counted, { dropped: outcomes("dropped"), duplicate: outcomes("duplicate") }, "IDR-21, INV-8")

  // The journal tells the same story (INV-7): what a rebuild would make of it.
  const rebuilt = new MemoryGraph()
  for (const entry of journal)
    rebuilt.apply(isOperation(entry) ? { ...entry.mutations, position: entry.seq } : mutationsOf([entry]))
  for (const { collection, type, value, profile } of stored.identifiers) {
    const no = rebuilt.owner({ collection, type, value })
    assert.strictEqual(no === undefined ? undefined : rebuilt.segmentId(no), profile, `INV-7: ${type}:${value}`)
  }
  assert.strictEqual(rebuilt.mappings.size, stored.identifiers.length, "INV-7: nothing else")
})
