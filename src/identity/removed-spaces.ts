/**
 * Spaces that have left the configuration: their tables and graphs stay for a while, so that everything is there when they come
 * back, and nobody runs them.
 *
 * - Deletions of people reach them all the same (IDR-162): `tendSpace` is the owner for as long as an operation takes. It raises
 *   the epoch as any owner does, so a space that comes back at that moment fences it off, or is fenced off and opens again.
 * - After `BRAID_REMOVED_SPACE_DAYS` everything of them goes: `forget-spaces.ts`.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { History, HistoryFailed } from "../archive/history.ts"
import type { Settings } from "../config.ts"
import { Database } from "../platform/database.ts"
import { defaultRules } from "../workspace/rules-document.ts"
import type { RulesDocument } from "../workspace/rules.ts"
import { Workspace } from "../workspace/workspace.ts"
import { type GraphError, type GraphMutations, IdentityGraph } from "./graph.ts"
import { catchUp } from "./graph-projection.ts"
import { LiveGraphs } from "./live-graphs.ts"
import { makeRunner, type Standing } from "./operations/runner.ts"
import { tellJournal } from "./operations/tell-journal.ts"
import { compileRules } from "./rules.ts"
import { spaceSchema, spaceTablesSince } from "./schema.ts"
import { makeSpaceStore, readerName, type SpaceFenced } from "./space-store.ts"

const lookEvery = "50 millis"

/** Every space that has tables, whether the configuration has it or not. */
export const storedSpaces = ({
  write: sql
}: Pick<Database["Service"], "write">): Effect.Effect<ReadonlyArray<string>, SqlError.SqlError> =>
  Effect.map(
    sql<{
      id: string
    }>`select nspname as id from pg_namespace where nspname ~ '^spa_[0-9A-Za-z]{22}$' order by nspname`,
    (rows) => rows.map(({ id }) => id)
  )

/** Those of them that no process runs: neither this process nor the database knows them as a space of the workspace. */
export const removedSpaces = Effect.gen(function* () {
  const database = yield* Database
  const { spaceById } = (yield* Workspace).current()
  const present = yield* database.write<{ id: string }>`select id from spaces where removed_at is null`
  const known = new Set(present.map(({ id }) => id))
  return (yield* storedSpaces(database)).filter((id) => !spaceById.has(id) && !known.has(id))
})

/** Takes over a space that nobody runs, with its tables and its graph brought up to date. */
const open = Effect.fnUntraced(function* (spaceId: string) {
  const database = yield* Database
  const { write: sql } = database
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  const s = spaceSchema(spaceId)
  const store = makeSpaceStore(database, spaceId)
  yield* sql.withTransaction(
    Effect.gen(function* () {
      for (const statement of spaceTablesSince(s)) yield* sql.unsafe(statement)
      // One that never ran, or whose place was given up, begins at the end: what it did not read is not its.
      yield* sql.unsafe(
        `insert into cursors (reader, pos, seq) select $1, l.pos, (select coalesce(max(j.pos), 0) from ${s}.journal j)
         from log_head l where l.log = 1 on conflict (reader) do nothing`,
        [readerName(spaceId)]
      )
    })
  )
  const { pos: cursor, epoch, seq: storedSeq } = yield* store.takeOver()
  const latest = yield* store.latestRules()
  const document = latest === undefined ? defaultRules : (JSON.parse(latest.doc) as RulesDocument)
  const rules = compileRules(document, latest?.version ?? 0, yield* store.autoAdded())
  yield* graphs.refresh
  const graphId = graphs.graphOf(spaceId)
  const upTo = Math.max(cursor, storedSeq)
  const graphPosition = yield* catchUp({ store, graph, graphId, from: yield* graph.open(graphId), upTo })
  // Erasure finds what the journal tells of a profile by this.
  yield* tellJournal({ spaceId, store, epoch: () => epoch })
  const standing: Standing = { cursor, epoch, storedSeq, graphPosition }
  return { store, graph, graphId, rules, standing }
})

/**
 * Executes what is asked of a space that nobody runs, until it is interrupted; a graph that is away ends it, as failure or defect.
 * Whatever ends it, the next visit goes on: it brings the graph up to date first.
 */
export const tendSpace = Effect.fnUntraced(function* (
  spaceId: string
): Effect.fn.Return<
  never,
  GraphError | HistoryFailed | SqlError.SqlError | SpaceFenced,
  Database | History | IdentityGraph | LiveGraphs | Settings
> {
  const { graph, graphId, rules, standing: from, store } = yield* open(spaceId)
  const runner = yield* makeRunner({ spaceId, store, graphId })
  let standing = from
  let graphPosition = from.graphPosition
  const apply = (mutations: GraphMutations) =>
    Effect.andThen(
      graph.apply(graphId, graphPosition, mutations),
      Effect.sync(() => void (graphPosition = mutations.position))
    )
  while (true) {
    const done = yield* runner.run(standing, rules, (mutations) =>
      graph.transactional ? Effect.void : Effect.orDie(apply(mutations))
    )
    standing = done.standing
    yield* Effect.sleep(lookEvery)
  }
})
