/**
 * Replays what a space has resolved under other rules into a graph of its own (IDR-190): the same functions as live resolution,
 * over the history, writing to nothing that anybody else reads. Compares every decision with the journal on the way.
 */
import { Effect } from "effect"
import type { History, HistoryFailed } from "../../archive/history.ts"
import type { SqlError } from "effect/sql"
import type { Position } from "../../log/event-log.ts"
import type { Database } from "../../platform/database.ts"
import { float8s } from "../../platform/sql-arrays.ts"
import type { Workspace } from "../../workspace/workspace.ts"
import { prepare, resolveBatch } from "../batch.ts"
import type { GraphError, GraphId, IdentityGraph } from "../graph.ts"
import { changesGraph } from "../graph-projection.ts"
import { decodeEntry, type JournalEntry } from "../journal.ts"
import type { Seq } from "../model.ts"
import { decodeRow, isOperation, type OperationEntry } from "../operations/operation-entry.ts"
import type { ResolveOptions } from "../resolve.ts"
import type { Rules } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import { WorkingSet } from "../working-set.ts"
import { Divergences } from "./divergence.ts"

const pageSize = 2_000
/** Identifiers in memory, about 200 bytes each. */
const capacity = 400_000
const mostOperations = 10_000

export interface ReplayOptions {
  readonly database: Database["Service"]
  readonly history: History["Service"]
  readonly workspace: Workspace["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly spaceId: string
  readonly sources: ReadonlyArray<number>
  readonly graphId: GraphId
  readonly rules: Rules
  readonly upTo: Position
  readonly limits: ResolveOptions
  /** Repeat deletions of identifiers at their place (IDR-155). */
  readonly reapply: boolean
  /** Events gone through so far; false: stop. */
  readonly onPage: (processed: number) => Effect.Effect<boolean, SqlError.SqlError>
}

export interface Replayed {
  readonly processed: number
  readonly divergences: Divergences
  readonly violations: { readonly before: Record<string, number>; readonly after: Record<string, number> }
  readonly merges: { readonly before: number; readonly after: number }
  /** Operations of people that were not repeated: splits and the like mean other profiles under other rules. */
  readonly operationsSkipped: number
  readonly cancelled: boolean
}

interface Stamp {
  readonly pos: number
  readonly seq: number
  readonly rec: string | null
}

export const replay = Effect.fnUntraced(function* (
  options: ReplayOptions
): Effect.fn.Return<Replayed, HistoryFailed | SqlError.SqlError | GraphError> {
  const { database, history, workspace, graph, graphId, spaceId, upTo, limits } = options
  const schema = spaceSchema(spaceId)
  const set = new WorkingSet(capacity)
  const divergences = new Divergences()
  const violations = { before: {} as Record<string, number>, after: {} as Record<string, number> }
  const merges = { before: 0, after: 0 }
  const sourceOf = (no: number) => workspace.current().sourceByNo.get(no)
  const nothing: ReadonlySet<string> = new Set()
  let rules = options.rules
  let position = yield* graph.open(graphId)
  let seq: Seq = 0
  let processed = 0
  let operationsSkipped = 0

  const stored = yield* database.read.unsafe<{ pos: number; rec: string }>(
    `select j.pos::float8 as pos, j.rec from ${schema}.journal j where j.rec like '{"operation"%' order by j.pos limit $1`,
    [mostOperations]
  )
  const operations = stored.map(({ pos, rec }) => decodeRow(pos, rec)).filter(isOperation)

  const operate = Effect.fnUntraced(function* (entry: OperationEntry) {
    const identifiers = (entry.mutations.operations ?? []).flatMap((it) => (it.kind === "unmap" ? it.identifiers : []))
    if (entry.operation !== "delete_identifier" || !options.reapply) {
      if (changesGraph({ ...entry.mutations, position: 0 })) operationsSkipped += 1
      return
    }
    seq += 1
    const none = { profiles: [], mappings: [], merges: [], links: [] }
    yield* graph.apply(graphId, position, { ...none, position: seq, operations: [{ kind: "unmap", identifiers }] })
    position = seq
    set.clear()
  })

  const count = (entry: JournalEntry | null, side: "before" | "after") => {
    for (const { kind } of entry?.violations ?? []) violations[side][kind] = (violations[side][kind] ?? 0) + 1
    for (const one of [entry?.users, entry?.accounts]) merges[side] += one?.merged?.length ?? 0
  }

  let after = ((yield* history.firstPosition) ?? 1) - 1
  while (after < upTo) {
    const page = yield* history.read({ after, upTo, limit: pageSize, sources: options.sources })
    if (page.length === 0) break
    after = page.at(-1)!.position
    // What the space has resolved: not what it dropped, or what came before the source was connected.
    const stamps = yield* database.read.unsafe<Stamp>(
      `select s.pos::float8 as pos, coalesce(s.seq, s.pos)::float8 as seq, j.rec from ${schema}.stamps s
         left join ${schema}.journal j on j.pos = coalesce(s.seq, s.pos) where s.pos = any($1::float8[]::bigint[])`,
      [float8s(page.map((event) => event.position))]
    )
    const byPosition = new Map(stamps.map((stamp) => [stamp.pos, stamp]))
    let rest = page.filter((event) => byPosition.has(event.position))
    while (rest.length > 0) {
      while (operations.length > 0 && operations[0]!.seq < byPosition.get(rest[0]!.position)!.seq)
        yield* operate(operations.shift()!)
      const next = operations[0]?.seq ?? Number.POSITIVE_INFINITY
      const cut = rest.findIndex((event) => byPosition.get(event.position)!.seq > next)
      const events = cut === -1 ? rest : rest.slice(0, cut)
      rest = cut === -1 ? [] : rest.slice(cut)
      if (set.full) set.rotate()
      const prepared = prepare(events, rules, sourceOf, nothing, seq)
      const request = set.request(prepared.map((item) => item.extraction))
      if (request.identifiers.length > 0) set.absorb(request, yield* graph.load(graphId, request))
      const batch = resolveBatch(prepared, spaceId, limits, set)
      const last = prepared.at(-1)!
      rules = last.rules
      seq = last.facts.seq
      if (changesGraph(batch.mutations)) {
        yield* graph.apply(graphId, position, batch.mutations)
        position = batch.mutations.position
      }
      const decided = new Map(batch.rows.journal.pos.map((at, i) => [at, batch.rows.journal.rec[i]!]))
      for (const { event, facts } of prepared) {
        const stamp = byPosition.get(event.position)!
        const rec = decided.get(facts.seq)
        const before = stamp.rec === null ? null : decodeEntry(stamp.seq, stamp.rec)
        const now = rec === undefined ? null : decodeEntry(facts.seq, rec)
        count(before, "before")
        count(now, "after")
        divergences.compare(event.position, facts.messageId, before, now)
      }
    }
    processed += page.length
    if (!(yield* options.onPage(processed)))
      return { processed, divergences, violations, merges, operationsSkipped, cancelled: true }
  }
  return { processed, divergences, violations, merges, operationsSkipped, cancelled: false }
})
