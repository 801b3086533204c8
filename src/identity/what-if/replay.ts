/**
 * The replay of a what-if run (IDR-190): what a space has resolved once more under other rules, into a graph of its own, and
 * compared decision by decision with how it was: as the journal says, or, for a part of the history, as a replay of that part under the rules
 * in force says. Nothing is written that anybody else reads.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { History, HistoryFailed } from "../../archive/history.ts"
import type { Database } from "../../platform/database.ts"
import type { Workspace } from "../../workspace/workspace.ts"
import type { GraphError, GraphId, IdentityGraph } from "../graph.ts"
import { decodeEntry, type JournalEntry } from "../journal.ts"
import type { Seq } from "../model.ts"
import type { Repeat } from "../operations/operation-entry.ts"
import { nothingTaken } from "../reapply/reapplied.ts"
import type { OperationTally } from "../reapply/tally.ts"
import { makeReplayer, notKept, type Step } from "../replay/replayer.ts"
import { type InScope, makeResolvedEvents, type ResolvedEvents } from "../replay/resolved-events.ts"
import type { ResolveOptions } from "../resolve.ts"
import type { Rules } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import { Divergences } from "./divergence.ts"

/** Rules, and the graph that they make of the history. */
export interface ReplaySide {
  readonly graphId: GraphId
  readonly rules: Rules
}

export interface ReplayOptions {
  readonly database: Database["Service"]
  readonly history: History["Service"]
  readonly workspace: Workspace["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly spaceId: string
  readonly sources: ReadonlyArray<number>
  readonly upTo: Seq
  readonly limits: ResolveOptions
  readonly idsRecur: boolean
  /** Repeat what people have done at its place (IDR-155). */
  readonly reapply: boolean
  readonly after: ReplaySide
  /** Only these events, and what they are compared with. `of`: read where they are, in place of the whole history. */
  readonly part?:
    | { readonly inScope: InScope; readonly before: ReplaySide; readonly of?: ResolvedEvents | undefined }
    | undefined
  /** Events resolved so far; false: stop. */
  readonly onPage: (processed: number) => Effect.Effect<boolean, SqlError.SqlError>
}

export interface Replayed {
  readonly processed: number
  readonly divergences: Divergences
  readonly violations: { readonly before: Record<string, number>; readonly after: Record<string, number> }
  readonly merges: { readonly before: number; readonly after: number }
  readonly operations: OperationTally
  readonly cancelled: boolean
}

/** Nothing is kept but the graph. */
const keep = (_: unknown, toGraph: Effect.Effect<void, GraphError>) => toGraph

type Entries = Map<Seq, string>

const entryOf = (entries: ReadonlyMap<Seq, string>, seq: Seq): JournalEntry | null => {
  const rec = entries.get(seq)
  return rec === undefined ? null : decodeEntry(seq, rec)
}

const note = (entries: Entries) => (step: Step) =>
  step.batch.rows.journal.pos.forEach((seq, i) => entries.set(seq, step.batch.rows.journal.rec[i]!))

export const replay = Effect.fnUntraced(function* (
  options: ReplayOptions
): Effect.fn.Return<Replayed, HistoryFailed | SqlError.SqlError | GraphError> {
  const { database, history, workspace, graph, spaceId, upTo, limits, idsRecur, reapply, part } = options
  const divergences = new Divergences()
  const violations = { before: {} as Record<string, number>, after: {} as Record<string, number> }
  const merges = { before: 0, after: 0 }
  let processed = 0

  const sideOf = Effect.fnUntraced(function* ({ graphId, rules }: ReplaySide) {
    const position = yield* graph.open(graphId)
    const common = { database, graph, graphId, position, workspace, spaceId, rules, limits, idsRecur, reapply }
    const repeats = new Map<string, Repeat>()
    return makeReplayer({
      ...common,
      before: notKept,
      keep,
      keepOperation: ({ entry: { auditId, repeat } }, toGraph) => {
        repeats.set(auditId, repeat)
        return toGraph
      },
      take: () => Effect.succeed(nothingTaken),
      repeatOf: (auditId) => Effect.succeed(repeats.get(auditId))
    })
  })
  const events =
    part?.of ??
    (yield* makeResolvedEvents({
      database,
      history,
      schema: spaceSchema(spaceId),
      sources: options.sources,
      ...(part === undefined ? undefined : { inScope: part.inScope })
    }))
  const candidate = yield* sideOf(options.after)
  const reference = part === undefined ? undefined : yield* sideOf(part.before)

  const count = (entry: JournalEntry | null, side: "before" | "after") => {
    for (const { kind } of entry?.violations ?? []) violations[side][kind] = (violations[side][kind] ?? 0) + 1
    for (const one of [entry?.users, entry?.accounts]) merges[side] += one?.merged?.length ?? 0
  }

  const result = (cancelled: boolean): Replayed => ({
    processed,
    divergences,
    violations,
    merges,
    operations: candidate.operations(),
    cancelled
  })
  let last = 0
  while (last < upTo) {
    const page = yield* events.read(last, upTo)
    last = page.upTo
    let before: ReadonlyMap<Seq, string> = page.journal
    if (reference !== undefined) {
      const decided: Entries = new Map()
      yield* reference.replay(page, note(decided))
      before = decided
    }
    const after: Entries = new Map()
    const messageIds = new Map<Seq, string>()
    yield* candidate.replay(page, (step) => {
      note(after)(step)
      for (const { facts } of step.prepared) messageIds.set(facts.seq, facts.messageId)
    })
    for (const { seq } of page.events) {
      const [old, now] = [entryOf(before, seq), entryOf(after, seq)]
      count(old, "before")
      count(now, "after")
      divergences.compare(seq, messageIds.get(seq)!, old, now)
    }
    processed += page.events.length
    if (!(yield* options.onPage(processed))) return result(true)
  }
  return result(false)
})
