/**
 * Tells the model what became lasting, one thing after another in the order of the diary (IDR-130, INV-21), and holds each answer
 * of the service against the one of the model. Also what must be true of the order itself: where it comes from is `diary.ts`.
 */
import { Effect } from "effect"
import { assert } from "vitest"
import { decodeRow, isOperation } from "../../src/identity/operations/operation-entry.ts"
import type { OperationAnswers, OperationKind } from "../../src/identity/operations/operation.ts"
import { spaceSchema } from "../../src/identity/schema.ts"
import { Database } from "../../src/platform/database.ts"
import type { RulesDocument } from "../../src/workspace/rules.ts"
import type { Asked, Asking } from "./asking.ts"
import { type Batch, readDiary } from "./diary.ts"
import { type Admitted, type Handling, handlingsOf, oldestFirst } from "./handlings.ts"
import type { Accepted } from "./memory-log.ts"
import type { Played } from "./play.ts"
import { isDropped, filterAnswer, namedUsers } from "./reference-extract.ts"
import { OperatedReference, type RefAnswer, type RefOperation } from "./reference-operations.ts"

interface Answered {
  readonly id: number
  readonly kind: OperationKind
  readonly actor: string
  readonly answer: string | null
  readonly code: string | null
  readonly error: string | null
  readonly attempts: number
}

type AnyAnswer = Partial<Record<string, string | number | boolean>> &
  Partial<Pick<OperationAnswers["split"], "auditId" | "separated">>

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

const sorted = (it: RefAnswer): RefAnswer => ({
  ...it,
  segmentIds: [...((it["segmentIds"] as ReadonlyArray<string> | undefined) ?? [])].sort()
})

export interface Story {
  readonly model: OperatedReference
  /** What the space had to look at, by position. */
  readonly handlings: ReadonlyMap<number, ReadonlyArray<Handling>>
  readonly isFiltered: (event: Accepted) => boolean | undefined
  readonly isSuppressed: (event: Accepted) => boolean
  /** Positions of events that were resolved, erased ones included. */
  readonly resolvedAt: ReadonlySet<number>
  readonly journal: ReadonlyArray<ReturnType<typeof decodeRow>>
  /** Whether anybody was to be erased. */
  readonly erased: boolean
  /** Up to where each regulation looked for messages. */
  readonly barrierOf: ReadonlyMap<string, number>
}

export const tellModel = Effect.fnUntraced(function* (played: Played) {
  const { plan, log, asking, world, deleted } = played
  const { spaceId, filteredAge, suppressed } = plan
  const { write: sql } = yield* Database
  const s = spaceSchema(spaceId)
  const diary = yield* readDiary(spaceId)
  const journal = (yield* sql.unsafe<{ pos: number; rec: string }>(
    `select pos::float8 as pos, rec from ${s}.journal order by pos`
  )).map(({ pos, rec }) => decodeRow(pos, rec))
  const seqOf = new Map(journal.filter(isOperation).map(({ auditId, seq }) => [auditId, seq]))
  const rows =
    yield* sql<Answered>`select id::float8 as id, kind, actor, answer, code, error, attempts from space_operations
    where space = ${spaceId} order by id`
  const rowOf = new Map(rows.map((row) => [row.id, row]))
  const documents = new Map(
    (yield* sql.unsafe<{ version: number; doc: string }>(`select version::int as version, doc from ${s}.rules`)).map(
      ({ version, doc }) => [version, JSON.parse(doc) as RulesDocument]
    )
  )
  const regulations = yield* sql<{
    id: string
    barrier: number
  }>`select id, barrier::float8 as barrier from regulations`
  const barrierOf = new Map(regulations.map(({ id, barrier }) => [id, barrier]))

  const model = new OperatedReference({ ...plan })
  const eventAt = new Map(log.accepted.map((event) => [event.position, event]))
  const resolvedAt = new Set<number>()
  const positionOf = new Map<string, number>()
  const admitted = new Map<number, Admitted>()
  let last = 0
  let live = 0
  let erased = false
  const replayed = new Map<number, Array<Accepted>>()
  const waited = new Map<number, number>()

  const isFiltered = ({ message }: Accepted) => (filteredAge === undefined ? false : filterAnswer(message, filteredAge))
  const isSuppressed = ({ message, source }: Accepted) =>
    suppressed !== undefined && source === suppressed.source && namedUsers(message).includes(suppressed.userId)

  /** IDR-134: oldest first in a replay; otherwise in the order of the log (IDR-131). */
  const inOrder = (batch: Batch): ReadonlyArray<Accepted> => {
    const events = [...batch.stamps, ...batch.drops].map(({ position }) => eventAt.get(position)!)
    const isReplay = batch.replay !== undefined && !batch.waited
    const sorted = [...new Set(events)].toSorted(isReplay ? oldestFirst : (a, b) => a.position - b.position)
    if (isReplay) replayed.set(batch.replay, [...(replayed.get(batch.replay) ?? []), ...sorted])
    else {
      const before = batch.replay === undefined ? live : (waited.get(batch.replay) ?? 0)
      assert.isAbove(sorted[0]!.position, before, "IDR-131: events come in the order of the log")
      const end = sorted.at(-1)!.position
      if (batch.replay === undefined) live = end
      else waited.set(batch.replay, end)
    }
    return sorted
  }

  const takeBatch = (batch: Batch) => {
    const stamps = new Map(batch.stamps.map((stamp) => [stamp.position, stamp]))
    for (const event of inOrder(batch)) {
      const { message, messageId, position } = event
      const stamp = stamps.get(position)
      const reasons = batch.drops.filter((drop) => drop.position === position).map(({ reason }) => reason)
      const reason = reasons.find((it) => !it.startsWith("event_filter_error"))
      const about = `${messageId} at ${position}`
      if (stamp === undefined && reason === undefined) continue
      assert.strictEqual(reason === "event_filter", isFiltered(event) === true, `IDR-14: ${about}`)
      if (reason === "event_filter") continue
      const outcome = model.event(message)
      const told = stamp !== undefined ? "resolved" : reason === "ledger_duplicate" ? "duplicate" : "dropped"
      assert.strictEqual(told, outcome === "unresolved" ? "resolved" : outcome, `INV-8, INV-14, IDR-20: ${about}`)
      if (stamp === undefined) continue
      assert.isAbove(stamp.seq, last, `IDR-130: ${about} comes after what was before it`)
      last = stamp.seq
      assert.strictEqual(stamp.rules, model.version, `IDR-156: rules in force for ${about}`)
      resolvedAt.add(position)
      positionOf.set(messageId, position)
    }
  }

  const executed = new Set<string>()
  const takeOperation = (id: number) => {
    const row = rowOf.get(id)!
    const asked = asking.asked.find((it) => it.id === id)
    if (asked?.kind === "rebuild") return
    assert.isTrue((row.answer === null) !== (row.code === null), `operation ${id} is either answered or refused`)
    const answer = JSON.parse(row.answer ?? "{}") as AnyAnswer
    if (row.answer !== null) {
      const seq = seqOf.get(String(answer.auditId))
      assert.isDefined(seq, `operation ${id} was answered, so it is in the journal`)
      assert.isAbove(seq!, last, `IDR-130: operation ${id} comes after what was before it`)
      last = seq!
    }
    executed.add(String(answer.auditId))
    if (row.code === "INTERNAL") {
      assert.isAtLeast(row.attempts, 3, `operation ${id} was given up: ${row.error}`)
      assert.isAtLeast(played.faults, 3)
      return
    }
    const { auditId: _, ...told } = row.code === null ? answer : { code: row.code, auditId: "" }
    if (asked !== undefined) {
      const expected = model.operate(forModel(asked, asking, answer))
      return assert.deepStrictEqual(told as RefAnswer, expected, `operation ${id}, ${row.kind}: ${row.error}`)
    }
    // Done before, or the graph was being built again: nothing has changed.
    if (row.code === "CONFLICT" || row.code === "TIMEOUT") return
    const regulation = row.actor.replace("regulation ", "")
    const userIds = deleted.get(regulation)!
    const named = (messageId: string) => {
      const position = positionOf.get(messageId)!
      const names = namedUsers(eventAt.get(position)!.message)
      return position <= barrierOf.get(regulation)! && userIds.some((userId) => names.includes(userId))
    }
    erased = true
    const expected = model.operate({ kind: "erase_user", userIds, isNamed: named })
    assert.deepStrictEqual(sorted(told as RefAnswer), sorted(expected), `operation ${id}, ${row.kind}: ${row.error}`)
  }

  for (const entry of diary)
    switch (entry.what) {
      case "batch":
        takeBatch(entry)
        break
      case "operation":
        takeOperation(entry.id)
        break
      case "rules":
        if (entry.version === 1) model.save(documents.get(1)!)
        else if (entry.isDeclared) model.declare(documents.get(entry.version)!)
        // What people save is told by their operation, which comes with it.
        else assert.strictEqual(entry.version, model.version + 1, "IDR-156")
        assert.isTrue(!entry.isDeclared || entry.version === model.version, "IDR-156")
        break
      case "admitted":
        admitted.set(entry.connection, entry)
    }
  for (const id of seqOf.keys()) assert.isTrue(executed.has(id), `${id} is in the journal, so somebody was told`)
  for (const [replay, events] of replayed)
    assert.deepStrictEqual(
      events.map(({ messageId }) => messageId),
      events.toSorted(oldestFirst).map(({ messageId }) => messageId),
      `IDR-134: replay ${replay}, oldest first`
    )
  const handlings = new Map(
    log.accepted.map((event) => {
      const isErased = log.erased.has(event.position)
      return [event.position, handlingsOf(event, world.connections, admitted, isErased)] as const
    })
  )
  return { model, handlings, isFiltered, isSuppressed, resolvedAt, journal, erased, barrierOf } satisfies Story
})

/** Everything that had to come in has, and has been counted as often as it came (IDR-12, IDR-21, IDR-132, IDR-133). */
export const nothingIsMissing = (story: Story, accepted: ReadonlyArray<Accepted>) => {
  const { model, handlings, isFiltered, isSuppressed, resolvedAt } = story
  const ledger = new Set(model.resolved.map(({ messageId }) => messageId))
  const least: Record<string, number> = {}
  const most: Record<string, number> = {}
  const count = (what: string, isCertain: boolean) => {
    most[what] = (most[what] ?? 0) + 1
    if (isCertain) least[what] = (least[what] ?? 0) + 1
  }
  for (const event of accepted) {
    const { message, messageId, position } = event
    const own = handlings.get(position)!
    const isOut = isFiltered(event) === true || isDropped(message)
    if (own.length === 0) assert.isFalse(resolvedAt.has(position), `IDR-12, IDR-13: ${messageId} at ${position}`)
    let isResolved = false
    for (const { isCertain, way } of own) {
      // What is known is left out of a replay; live there is no second time.
      if (isResolved) continue
      if (way === "live" && isSuppressed(event)) {
        count("suppressed", isCertain)
        continue
      }
      if (isFiltered(event) === undefined) count("event_filter_error", isCertain)
      if (isFiltered(event) === true) count("event_filter", isCertain)
      else if (isDropped(message)) count("dropped", isCertain)
      else if (resolvedAt.has(position)) isResolved = true
      else count("ledger_duplicate", isCertain)
      if (isCertain && !isOut) assert.isTrue(ledger.has(messageId), `IDR-12: ${messageId} at ${position} came in`)
    }
  }
  return { least, most }
}

/** IDR-12: what came after a connection was admitted waits until the rest of it is there. */
export const liveAfterReplay = ({ handlings, resolvedAt }: Story) => {
  const order = [...resolvedAt]
  const begun = new Set<number>()
  for (const position of order) {
    const [one, ...others] = handlings.get(position)!
    if (one === undefined || others.length > 0) continue
    if (one.way === "live") begun.add(one.connection)
    else assert.isFalse(begun.has(one.connection), `IDR-12: ${position} was replayed after what waited for it`)
  }
}

/** IDR-162, PRV-8: log and archive lose what names the deleted, and what they sent, and nothing else. */
export const messagesAreGone = ({ model, barrierOf, resolvedAt }: Story, { deleted, log }: Played) => {
  const theirs = new Set(
    model.resolved.flatMap(({ messageId, gone }) => (gone?.users?.erased === true ? [messageId] : []))
  )
  const expected = log.accepted.filter(({ message, messageId, position }) => {
    const names = namedUsers(message)
    const isNamed = [...deleted].some(
      ([id, userIds]) => position <= barrierOf.get(id)! && userIds.some((userId) => names.includes(userId))
    )
    return isNamed || (resolvedAt.has(position) && theirs.has(messageId))
  })
  assert.deepStrictEqual(
    [...log.erased].toSorted((a, b) => a - b),
    expected.map(({ position }) => position),
    "PRV-8: messages that log and archive have lost"
  )
}
