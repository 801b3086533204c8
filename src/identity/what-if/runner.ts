/**
 * Executes what-if runs, one at a time in a process: both sides are built beside the live graph and dropped afterwards, so a run
 * sees one moment and touches nothing (IDR-190, IDR-192).
 *
 *     journal up to now --> graph "before"      history under candidate rules --> graph "after"      walk both --> clusters
 *
 * A run whose process died is taken again from its beginning by another.
 */
import { Data, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { History } from "../../archive/history.ts"
import { Settings } from "../../config.ts"
import { Database } from "../../platform/database.ts"
import { hash128 } from "../../platform/hash.ts"
import { int4s, texts } from "../../platform/sql-arrays.ts"
import { supervise } from "../../platform/supervise.ts"
import { Workspace } from "../../workspace/workspace.ts"
import { type GraphId, IdentityGraph, type OwnedIdentifier } from "../graph.ts"
import { catchUp } from "../graph-projection.ts"
import { identifierText } from "../graph-rows.ts"
import type { JournalEntry } from "../journal.ts"
import type { RulesDocument } from "../../workspace/rules.ts"
import { LiveGraphs } from "../live-graphs.ts"
import type { Seq } from "../model.ts"
import { makeEventsOf, mostEvents } from "../replay/events-of.ts"
import { countResolved, type InScope } from "../replay/resolved-events.ts"
import { compileRules, type Rules } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import { makeSpaceStore, readerName } from "../space-store.ts"
import { defaultTypes } from "../../workspace/default-types.ts"
import { closureOf } from "./closure.ts"
import { type Cluster, diffPartitions, type PartitionDiff } from "./partition-diff.ts"
import { replay, type Replayed } from "./replay.ts"
import { inScopeOf, peopleOf } from "./scope.ts"
import { takeRun, type WhatIfRun } from "./runs.ts"

/** The run cannot be done; `message` says why. */
class RunFailed extends Data.TaggedError("RunFailed")<{ readonly message: string }> {}

/** Clusters of one run that are stored; the largest that changed come first. */
const storedClusters = 100_000
const rowsAWrite = 1_000
const lookEvery = "250 millis"

/** Generations of graphs that are no space's live one, nor any rebuild's. */
const graphOf = (run: Pick<WhatIfRun, "n" | "spaceId">, side: 0 | 1): GraphId =>
  `${run.spaceId}.${500_000_000 + (run.n % 200_000_000) * 2 + side}`

/** How `walk` orders identifiers. */
const orderIn = (collection: Cluster["collection"]) => {
  const key = ({ type, value }: OwnedIdentifier) => hash128(identifierText({ collection, type, value }))
  return (a: OwnedIdentifier, b: OwnedIdentifier) => {
    const [x, y] = [key(a), key(b)]
    return x < y ? -1 : x > y ? 1 : 0
  }
}

const entryText = (entry: JournalEntry | null | undefined) => (entry == null ? null : JSON.stringify(entry))

/** What stands in `WhatIfRun.summary` of a run that is done. */
export type WhatIfSummary = ReturnType<typeof summaryOf>

const figuresOf = ({ clusters, unmapped }: PartitionDiff) => {
  const sum = (side: "before" | "after") => clusters.reduce((total, cluster) => total + cluster[side].length, 0)
  const changes: Record<string, number> = {}
  for (const { change } of clusters) changes[change] = (changes[change] ?? 0) + 1
  return { profiles: { before: sum("before"), after: sum("after") }, clusters: changes, unmapped }
}

const summaryOf = (users: PartitionDiff, accounts: PartitionDiff, replayed: Replayed) => {
  const { processed, merges, violations, operations, divergences } = replayed
  return {
    events: processed,
    users: figuresOf(users),
    accounts: figuresOf(accounts),
    merges,
    violations,
    divergentMessages: divergences.count,
    operationsReapplied: operations.applied,
    operationsUnneeded: operations.unneeded,
    operationsSkipped: operations.skipped,
    /** The first that could not be repeated, or not wholly. */
    operations: operations.list
  }
}

export const makeRunner = Effect.gen(function* () {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const history = yield* History
  const workspace = yield* Workspace
  const graphs = yield* LiveGraphs
  const { maxMerges, maxMappings, dedupScope } = yield* Settings
  const { write: sql } = database

  const alive = (run: WhatIfRun, processed: number): Effect.Effect<boolean, SqlError.SqlError> =>
    Effect.map(
      sql`update what_if_runs set processed = ${processed}, touched_at = now() where id = ${run.id} and state = 'running' returning n`,
      (rows) => rows.length > 0
    )

  const store = Effect.fnUntraced(function* (run: WhatIfRun, clusters: ReadonlyArray<Cluster>, replayed: Replayed) {
    const changed = clusters.filter(({ change }) => change !== "unchanged")
    const kept = changed.sort((a, b) => b.identifiers - a.identifiers).slice(0, storedClusters)
    yield* sql`delete from what_if_clusters where run = ${run.n}::float8::bigint`
    for (let i = 0; i < kept.length; i += rowsAWrite) {
      const page = kept.slice(i, i + rowsAWrite)
      const found = page.map(({ before, after }) => replayed.divergences.of([...before, ...after]))
      yield* sql.unsafe(
        `insert into what_if_clusters (run, n, change, collection, before, after, identifiers, strands, divergence, rec_before, rec_after)
         select $1::float8::bigint, u.* from unnest($2::int4[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int4[], $8::text[], $9::text[], $10::text[], $11::text[]) u`,
        [
          run.n,
          int4s(page.map((_, at) => i + at)),
          texts(page.map(({ change }) => change)),
          texts(page.map(({ collection }) => collection)),
          texts(page.map(({ before }) => JSON.stringify(before))),
          texts(page.map(({ after }) => JSON.stringify(after))),
          int4s(page.map(({ identifiers }) => identifiers)),
          texts(page.map(({ strands }) => JSON.stringify(strands))),
          texts(found.map((one) => one?.messageId ?? null)),
          texts(found.map((one) => entryText(one?.before))),
          texts(found.map((one) => entryText(one?.after)))
        ]
      )
    }
  })

  /** For ever: a run under way whose process is not heard of is taken by another (`takeRun`). */
  const signsOfLife = (run: WhatIfRun) =>
    sql`update what_if_runs set touched_at = now() where id = ${run.id} and state = 'running'`.pipe(
      Effect.repeat(Schedule.spaced("5 seconds")),
      Effect.andThen(Effect.never)
    )

  /** Undefined: the run is not about some people. */
  const eventsOfPeople = Effect.fnUntraced(function* (run: WhatIfRun, rules: Rules, inScope: InScope, upTo: Seq) {
    const people = run.scope === null ? undefined : peopleOf(run.scope)
    if (people === undefined) return undefined
    const schema = spaceSchema(run.spaceId)
    const identifiers = people.identifiers.map(({ type, id }) => ({
      collection: rules.byType.get(type)?.collection ?? defaultTypes.get(type)?.collection ?? ("users" as const),
      type,
      value: id
    }))
    const graphId = graphs.graphOf(run.spaceId)
    const { segmentIds } = people
    const profiles = yield* closureOf({ database, graph, graphId, schema, identifiers, segmentIds })
    if (profiles.length === 0)
      return yield* new RunFailed({
        message: "No profile of this space has any of the identifiers and ids of the scope."
      })
    const events = yield* makeEventsOf({ database, history, schema, profiles, upTo, inScope })
    if (events.more)
      return yield* new RunFailed({
        message: `The people who are connected with these identifiers have more than ${mostEvents} events. Narrow the scope by time or source, or leave the identifiers out.`
      })
    return events
  })

  const execute = Effect.fnUntraced(function* (run: WhatIfRun) {
    const space = workspace.current().spaceById.get(run.spaceId)
    if (space === undefined) return yield* new RunFailed({ message: `The space ${run.spaceId} is gone.` })
    const spaceStore = makeSpaceStore(database, run.spaceId)
    const inForce = Effect.fnUntraced(function* (graphId: GraphId) {
      const live = yield* spaceStore.latestRules()
      if (live === undefined) return yield* new RunFailed({ message: `The space ${run.spaceId} has no rules yet.` })
      return { graphId, rules: compileRules(JSON.parse(live.doc) as RulesDocument, live.version, []) }
    })
    const [at] = yield* sql<{ seq: number }>`select greatest(pos, seq)::float8 as seq
      from cursors where reader = ${readerName(run.spaceId)}`
    const upTo = at?.seq ?? 0
    const [before, after] = [graphOf(run, 0), graphOf(run, 1)]
    const part =
      run.scope === null
        ? undefined
        : { inScope: inScopeOf(run.scope, workspace.current()), before: yield* inForce(before) }
    const of = part === undefined ? undefined : yield* eventsOfPeople(run, part.before.rules, part.inScope, upTo)
    const total = of?.total ?? (yield* countResolved(database, spaceSchema(run.spaceId), upTo))
    yield* sql`update what_if_runs set total = ${total} where id = ${run.id}`
    yield* dropGraphs(run)
    const replayed = yield* replay({
      database,
      history,
      workspace,
      graph,
      spaceId: run.spaceId,
      sources: [...workspace.current().sourceByNo.keys()],
      upTo,
      limits: { maxMerges, maxMappings },
      idsRecur: dedupScope === "source",
      reapply: run.reapplyOperations,
      after: { graphId: after, rules: compileRules(run.rules, run.baseVersion + 1, []) },
      part: part === undefined ? undefined : { ...part, of },
      onPage: (processed) => alive(run, processed)
    })
    if (replayed.cancelled) return
    if (part === undefined)
      yield* catchUp({
        store: spaceStore,
        graph,
        graphId: before,
        from: yield* graph.open(before),
        upTo,
        onPage: () => Effect.asVoid(alive(run, replayed.processed))
      })
    const users = yield* diffPartitions(graph, before, after, "users", orderIn("users"))
    const accounts = yield* diffPartitions(graph, before, after, "accounts", orderIn("accounts"))
    const summary = JSON.stringify(summaryOf(users, accounts, replayed))
    // Whoever erases a person ends the run first, and then looks for what is stored of it (IDR-162).
    yield* sql.withTransaction(
      Effect.gen(function* () {
        const own =
          yield* sql`update what_if_runs set state = 'done', finished_at = now(), summary = ${summary}, processed = ${replayed.processed}
          where id = ${run.id} and state = 'running' returning n`
        if (own.length > 0) yield* store(run, [...users.clusters, ...accounts.clusters], replayed)
      })
    )
  })

  const dropGraphs = (run: Pick<WhatIfRun, "n" | "spaceId">) =>
    Effect.andThen(graph.drop(graphOf(run, 0)), graph.drop(graphOf(run, 1)))
  const forgetGraphs = (run: Pick<WhatIfRun, "n" | "spaceId">) =>
    Effect.andThen(dropGraphs(run), sql`update what_if_runs set shadow = false where n = ${run.n}::float8::bigint`)

  /** What runs have left that were ended while their process was gone. */
  const sweep = Effect.gen(function* () {
    const left = yield* sql<{ n: number; spaceId: string }>`select n::float8 as n, space as "spaceId" from what_if_runs
      where shadow and state not in ('queued', 'running') and touched_at < now() - interval '30 seconds' limit 10`
    for (const run of left) yield* forgetGraphs(run)
  })

  /** Results stay 30 days (IDR-192). */
  const expire = Effect.andThen(
    sql`delete from what_if_clusters where run in (
      select n from what_if_runs where state = 'done' and finished_at < now() - interval '30 days')`,
    sql`update what_if_runs set state = 'expired', summary = null where state = 'done' and finished_at < now() - interval '30 days'`
  )

  return Effect.gen(function* () {
    const run = yield* takeRun(database)
    if (run === undefined) return yield* Effect.andThen(sweep, Effect.asVoid(expire))
    yield* Effect.raceFirst(execute(run), signsOfLife(run)).pipe(
      Effect.ensuring(Effect.ignore(forgetGraphs(run))),
      Effect.catch((error) => Effect.succeed(error.message)),
      Effect.catchDefect((defect) => Effect.succeed(String(defect))),
      Effect.flatMap((failure) =>
        failure === undefined
          ? Effect.void
          : Effect.andThen(
              Effect.logWarning(`What-if run ${run.id} failed: ${failure}`),
              sql`update what_if_runs set state = 'failed', finished_at = now(), error = ${failure} where id = ${run.id} and state = 'running'`
            )
      )
    )
  }).pipe(Effect.repeat(Schedule.spaced(lookEvery)), Effect.asVoid)
})

/** Runs what is asked for as long as the process lives. */
export const whatIfLive = Layer.effectDiscard(
  Effect.flatMap(makeRunner, (work) => Effect.forkScoped(supervise("what-if", work)))
)
