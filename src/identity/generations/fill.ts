/**
 * Brings a generation of a space on beside the live one: resolves what the live one has resolved since, through the pipeline of
 * live resolution and under the rules that the generation has. Each step is one transaction, so an interrupted run goes on.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { History, type HistoryFailed } from "../../archive/history.ts"
import { Settings } from "../../config.ts"
import { Database } from "../../platform/database.ts"
import type { RulesDocument } from "../../workspace/rules.ts"
import { Workspace } from "../../workspace/workspace.ts"
import { type GraphError, IdentityGraph } from "../graph.ts"
import { catchUp, changesGraph } from "../graph-projection.ts"
import type { Seq } from "../model.ts"
import { encodeOperation } from "../operations/operation-entry.ts"
import { repeatOf } from "../operations/rejoin.ts"
import { tellOf } from "../operations/told.ts"
import type { Reapplied } from "../reapply/reapplied.ts"
import { makeReplayer, type Step } from "../replay/replayer.ts"
import { makeResolvedEvents } from "../replay/resolved-events.ts"
import { readBefore } from "../resolved-again.ts"
import { compileRules } from "../rules.ts"
import { spaceSchema, spaceTablesSince } from "../schema.ts"
import { makeSpaceStore, type SpaceFenced } from "../space-store.ts"
import { applyTraitWrites, WarmTraits } from "../trait-store.ts"
import { type Aside, graphOfGeneration, readerAside, schemaAside } from "./generation.ts"
import { takeAlong } from "./take-along.ts"

export type FillError = GraphError | HistoryFailed | SpaceFenced | SqlError.SqlError

export interface Filler {
  /** How far the generation is. */
  readonly seq: () => Seq
  /** Brings it to `upTo`, which the live generation must have reached; answers how many events that were. */
  readonly fill: (
    upTo: Seq,
    onPage?: (events: number) => Effect.Effect<void, SqlError.SqlError>
  ) => Effect.Effect<number, FillError>
}

/** Takes the generation over: whoever filled it before is fenced off. */
export const openFiller = Effect.fnUntraced(function* (
  spaceId: string,
  aside: Aside,
  generation: number,
  /** Repeat what people have done (IDR-155). */
  reapply: boolean
): Effect.fn.Return<Filler, FillError, Database | History | IdentityGraph | Settings | Workspace> {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const history = yield* History
  const workspace = yield* Workspace
  const { maxTraits, maxMerges, maxMappings, dedupScope } = yield* Settings
  const { write: sql } = database
  const limits = { maxMerges, maxMappings }
  const schema = schemaAside(spaceId, aside)
  const graphId = graphOfGeneration(spaceId, generation)
  // A generation that was left by an earlier version of Braid.
  for (const statement of spaceTablesSince(schema)) yield* sql.unsafe(statement)
  const store = makeSpaceStore(database, spaceId, { schema, reader: readerAside(spaceId) })
  const { pos: from, epoch, seq: stored } = yield* store.takeOver()
  const latest = (yield* store.latestRules())!
  const rules = compileRules(JSON.parse(latest.doc) as RulesDocument, latest.version, yield* store.autoAdded())
  const position = yield* catchUp({ store, graph, graphId, from: yield* graph.open(graphId), upTo: stored })
  const traits = new WarmTraits()
  let seq = stored

  /** With a graph in Postgres both are one transaction; another follows, and catches up when it did not. */
  const commit = (
    changes: boolean,
    toSeq: Seq,
    write: Effect.Effect<unknown, SpaceFenced | SqlError.SqlError>,
    toGraph: Effect.Effect<void, GraphError>
  ) => {
    const both = Effect.andThen(write, toGraph)
    return (graph.transactional && changes ? sql.withTransaction(both) : both).pipe(
      Effect.andThen(Effect.sync(() => void (seq = toSeq))),
      Effect.uninterruptible
    )
  }

  const keep = Effect.fnUntraced(function* (
    { batch, toSeq }: Step,
    toGraph: Effect.Effect<void, GraphError>
  ): Effect.fn.Return<void, SpaceFenced | SqlError.SqlError | GraphError> {
    if (traits.full) traits.rotate()
    yield* applyTraitWrites(store, traits, batch.writes, maxTraits, batch.rows)
    const write = store.commit({ from, to: from, epoch, fromSeq: seq, toSeq }, batch.rows)
    yield* commit(changesGraph(batch.mutations), toSeq, write, toGraph)
  })

  const keepOperation = ({ entry, told, write }: Reapplied, toGraph: Effect.Effect<void, GraphError>) => {
    const all = sql.withTransaction(
      store
        .advance({ from, epoch, fromSeq: seq, toSeq: entry.seq })
        .pipe(
          Effect.andThen(store.addJournal(entry.seq, encodeOperation(entry))),
          Effect.andThen(tellOf({ database, schema, seq: entry.seq }, told)),
          Effect.andThen(write)
        )
    )
    // What goes along with identifiers changes trait documents under the feet of what is warm.
    traits.clear()
    return commit(changesGraph({ ...entry.mutations, position: entry.seq }), entry.seq, all, toGraph)
  }

  const events = yield* makeResolvedEvents({
    database,
    history,
    schema: spaceSchema(spaceId),
    sources: [...workspace.current().sourceByNo.keys()]
  })
  const replayer = makeReplayer({
    graph,
    graphId,
    position,
    workspace,
    spaceId,
    rules,
    limits,
    idsRecur: dedupScope === "source",
    reapply,
    database,
    take: (entry, cuts) =>
      takeAlong(
        { spaceId, schema, database, graph, graphId, history, rules, maxTraits, protection: limits },
        entry,
        cuts
      ),
    repeatOf: (auditId) => repeatOf(database, schema, auditId),
    before: (again) =>
      readBefore(
        { database, schema, graph, graphId },
        again.map(({ event }) => event.hash)
      ),
    keep,
    keepOperation
  })

  return {
    seq: () => seq,
    fill: Effect.fnUntraced(function* (upTo, onPage) {
      let after = seq
      let filled = 0
      while (after < upTo) {
        const page = yield* events.read(after, upTo)
        yield* replayer.replay(page)
        after = page.upTo
        filled += page.events.length
        if (onPage !== undefined) yield* onPage(page.events.length)
      }
      if (seq < after) {
        yield* store.advance({ from, epoch, fromSeq: seq, toSeq: after })
        seq = after
      }
      return filled
    })
  } satisfies Filler
})
