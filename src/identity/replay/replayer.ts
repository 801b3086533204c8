/**
 * Resolves a page of a space's past again, with the functions of live resolution and in its order, into a graph that nobody
 * reads. What is kept besides the graph decides the caller: what-if keeps nothing, a rebuild all (`generations/fill.ts`).
 *
 * Events keep their `seq`, each of them where they were resolved again, so profiles that the same message creates have the same number and id.
 * What people have done in between is repeated at its place (`../reapply/`).
 */
import { Effect } from "effect"
import type { Workspace } from "../../workspace/workspace.ts"
import { prepare, type Prepared, type ResolvedBatch, resolveBatch } from "../batch.ts"
import type { GraphError, GraphId, GraphMutations, IdentityGraph } from "../graph.ts"
import { changesGraph } from "../graph-projection.ts"
import { noteIssued } from "../issued-ids.ts"
import type { Position } from "../../log/event-log.ts"
import { decodeRow, isOperation, type OperationEntry } from "../operations/operation-entry.ts"
import type { Seq } from "../model.ts"
import { isRepair, reapply } from "../reapply/reapply.ts"
import type { Reapplied, ReapplyContext, ReapplyError } from "../reapply/reapplied.ts"
import { type OperationTally, Tally } from "../reapply/tally.ts"
import type { ResolveOptions } from "../resolve.ts"
import type { Before } from "../resolved-again.ts"
import type { Rules } from "../rules.ts"
import { WorkingSet } from "../working-set.ts"
import type { ResolvedEvent, ResolvedPage } from "./resolved-events.ts"

/** Identifiers in memory, about 200 bytes each. */
const capacity = 400_000
/** Events resolved at once: others of the process come to their turn in between. */
const atOnce = 500
const nothing: ReadonlySet<string> = new Set()

const notWanted = { outcome: "skipped", reason: "Operations were not to be repeated." } as const

/** Some events, resolved. */
export interface Step {
  readonly prepared: ReadonlyArray<Prepared>
  readonly batch: ResolvedBatch
  readonly toSeq: Seq
}

export interface ReplayerOptions<E> extends Pick<ReapplyContext, "database" | "take" | "repeatOf"> {
  readonly graph: IdentityGraph["Service"]
  readonly graphId: GraphId
  /** Where that graph is. */
  readonly position: Position
  readonly workspace: Workspace["Service"]
  readonly spaceId: string
  readonly rules: Rules
  readonly limits: ResolveOptions
  /** One message id may create two profiles (`dedup.scope: source`): segment ids that were issued are looked up (IDR-110). */
  readonly idsRecur: boolean
  /** Repeat what people have done. */
  readonly reapply: boolean
  /** What these were resolved to before, by ledger key; one that is not there is resolved for the first time. */
  readonly before: (events: ReadonlyArray<ResolvedEvent>) => Effect.Effect<ReadonlyMap<string, Before>, E | GraphError>
  /** Keeps what was decided; `toGraph` brings it into the graph and has to be run exactly once. */
  readonly keep: (step: Step, toGraph: Effect.Effect<void, GraphError>) => Effect.Effect<void, E>
  readonly keepOperation: (reapplied: Reapplied, toGraph: Effect.Effect<void, GraphError>) => Effect.Effect<void, E>
}

export interface Replayer<E> {
  /** Calls `see` for every step, in order. */
  readonly replay: (page: ResolvedPage, see?: (step: Step) => void) => Effect.Effect<void, E | ReapplyError>
  /** What became of the operations so far. */
  readonly operations: () => OperationTally
}

export const makeReplayer = <E>(options: ReplayerOptions<E>): Replayer<E> => {
  const { graph, graphId, workspace, spaceId, limits, database, take, repeatOf } = options
  const tally = new Tally()
  const set = new WorkingSet(capacity)
  const sourceOf = (no: number) => workspace.current().sourceByNo.get(no)
  let { rules, position } = options

  /** Applies to the graph and moves on with it; nothing to apply is no step. */
  const toGraph = (mutations: GraphMutations) =>
    Effect.suspend(() =>
      changesGraph(mutations)
        ? Effect.andThen(
            graph.apply(graphId, position, mutations),
            Effect.sync(() => void (position = mutations.position))
          )
        : Effect.void
    )

  const feed = Effect.fnUntraced(function* (
    events: ReadonlyArray<ResolvedEvent>
  ): Effect.fn.Return<Step, E | GraphError> {
    if (set.full) set.rotate()
    const logged = events.map(({ event }) => event)
    const repeated = events.filter((each) => each.again)
    const again = repeated.length === 0 ? undefined : yield* options.before(repeated)
    let next = 0
    const seqOf = () => events[next++]!.seq
    const prepared = prepare(logged, rules, sourceOf, { seen: nothing, seqOf, again })
    const request = set.request(prepared.map((item) => item.extraction))
    if (request.identifiers.length > 0 || request.profiles.length > 0)
      set.absorb(request, yield* graph.load(graphId, request))
    if (options.idsRecur || again !== undefined) yield* noteIssued({ graph, graphId, spaceId, set }, prepared)
    const batch = resolveBatch(prepared, spaceId, limits, set)
    const last = prepared.at(-1)!
    rules = last.rules
    const step = { prepared, batch, toSeq: last.facts.seq }
    yield* options.keep(step, toGraph(batch.mutations))
    return step
  })

  const operate = Effect.fnUntraced(function* (entry: OperationEntry): Effect.fn.Return<void, E | ReapplyError> {
    if (!isRepair(entry)) return
    if (!options.reapply) return tally.add(entry, notWanted)
    const context = { graph, graphId, spaceId, database, protection: limits, rules, take, repeatOf }
    const reapplied = yield* reapply(context, entry)
    const mutations = { ...reapplied.entry.mutations, position: entry.seq }
    yield* options.keepOperation(reapplied, toGraph(mutations))
    tally.add(entry, reapplied.entry.repeat)
    if (changesGraph(mutations)) set.clear()
  })

  return {
    operations: () => tally.result(),
    replay: Effect.fnUntraced(function* (page, see) {
      let rest = page.events
      const feedUpTo = Effect.fnUntraced(function* (end: number) {
        for (let at = 0; at < end;) {
          const upTo = stepEnd(rest, at, Math.min(end, at + atOnce))
          const step = yield* feed(rest.slice(at, upTo))
          see?.(step)
          at = upTo
        }
        rest = rest.slice(end)
      })
      for (const [seq, rec] of page.journal) {
        const entry = decodeOperation(seq, rec)
        if (entry === undefined) continue
        const next = rest.findIndex((event) => event.seq > seq)
        yield* feedUpTo(next === -1 ? rest.length : next)
        yield* operate(entry)
      }
      yield* feedUpTo(rest.length)
    })
  }
}

/** What comes again is not resolved in one step with itself: what it was resolved to before is kept by then. */
const stepEnd = (events: ReadonlyArray<ResolvedEvent>, from: number, to: number): number => {
  const inStep = new Set<string>()
  for (let i = from; i < to; i++) {
    const { again, event } = events[i]!
    if (again && inStep.has(event.hash)) return i
    inStep.add(event.hash)
  }
  return to
}

/** For a caller that keeps nothing: where events are stamped is not asked. */
export const notKept = (events: ReadonlyArray<ResolvedEvent>): Effect.Effect<ReadonlyMap<string, Before>> =>
  Effect.succeed(
    new Map(
      events.map(({ event: { hash, position }, seq }) => [
        hash,
        { position, seq, profile: null, account: null, profileNow: null, accountNow: null }
      ])
    )
  )

const decodeOperation = (seq: Seq, rec: string): OperationEntry | undefined => {
  // An event's entry begins with something else; most are of events.
  if (!rec.startsWith(`{"operation":`)) return undefined
  const entry = decodeRow(seq, rec)
  return isOperation(entry) ? entry : undefined
}
