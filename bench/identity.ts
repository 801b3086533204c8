/**
 * Identity, events per second of one space, on both graph adapters (issue 3, promise 2). In one run, in turns:
 *
 *     raw write      the rows (and nodes) of the same events, ready-made, in batches of 1,000 by the same statements
 *     raw, log too   and before that their bodies, into a table without an index, 500 rows a statement
 *     one by one     the textbook: per event one transaction that reads its neighbourhood, decides, writes
 *     identity       the space's actor from a log that is full: read, parse, resolve, commit, graph
 *     end to end     append and actor at once, from the first event appended to the last one readable
 *
 * 4 % of the events bring a new person, 1 % join two; 3,300 people (10^4 identifiers) are there before.
 */
import { Effect } from "effect"
import { prepare, type ResolvedBatch, resolveBatch } from "../src/identity/batch.ts"
import { IdentityGraph } from "../src/identity/graph.ts"
import { changesGraph } from "../src/identity/graph-projection.ts"
import { compileRules } from "../src/identity/rules.ts"
import { spaceSchema, spaceTables, spaceTablesSince } from "../src/identity/schema.ts"
import { makeSpaceStore, type SpaceStore } from "../src/identity/space-store.ts"
import { applyTraitWrites, WarmTraits } from "../src/identity/trait-store.ts"
import { WorkingSet } from "../src/identity/working-set.ts"
import { EventLog, type LogEvent, type Position } from "../src/log/event-log.ts"
import { Database } from "../src/platform/database.ts"
import { postgresGraph } from "../src/identity/graph-postgres.ts"
import { byteas, int4s, uuids } from "../src/platform/sql-arrays.ts"
import { defaultRules } from "../src/workspace/rules-document.ts"
import { cpu } from "./support/cpu.ts"
import { neo4jGraphLayer } from "./support/graphs.ts"
import { appendAll, gate, rig, settled, spaceIdOf, spaceOf } from "./support/rig.ts"
import { full, median, printTable, whole } from "./support/table.ts"
import { everybody, workload } from "./support/workload.ts"

const people = full ? 3_300 : 100
const events = full ? 20_000 : 1_000
const rounds = full ? 5 : 1
const oneByOneEvents = full ? 500 : 20
const rawBatch = 1_000
const options = { maxMerges: 100, maxMappings: 1000 }
const rules = compileRules(defaultRules, 1, [])
const source = spaceOf(1).sources[0]!

/** Resolves on its own, in memory, what the actor resolves, so that there are ready-made rows to write. */
class Shadow {
  private readonly set = new WorkingSet(Number.POSITIVE_INFINITY)
  private readonly traits = new WarmTraits()
  private readonly spaceId: string

  constructor(spaceId: string) {
    this.spaceId = spaceId
  }

  batches(store: SpaceStore, log: ReadonlyArray<LogEvent>) {
    const { set, traits, spaceId } = this
    return Effect.gen(function* () {
      const batches: Array<ResolvedBatch & { readonly to: Position }> = []
      for (let i = 0; i < log.length; i += rawBatch) {
        const prepared = prepare(log.slice(i, i + rawBatch), rules, () => source, { seen: new Set() })
        const batch = resolveBatch(prepared, spaceId, options, set)
        yield* applyTraitWrites(store, traits, batch.writes, 5_000, batch.rows)
        batches.push({ ...batch, to: prepared.at(-1)!.event.position })
      }
      return batches
    })
  }
}

/** A space that no actor owns. */
const openSpace = Effect.fnUntraced(function* (name: string) {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const spaceId = spaceIdOf(name)
  for (const text of [...spaceTables(spaceSchema(spaceId)), ...spaceTablesSince(spaceSchema(spaceId))])
    yield* database.write.unsafe(text)
  const store = makeSpaceStore(database, spaceId)
  yield* store.register(0)
  const { pos, epoch } = yield* store.takeOver()
  const graphId = `${spaceId}.1`
  yield* graph.open(graphId)
  return { spaceId, store, epoch, graphId, at: { cursor: pos, graph: 0 } }
})
type OpenSpace = Effect.Success<ReturnType<typeof openSpace>>

const rawWrite = Effect.fnUntraced(function* (
  { store, epoch, graphId, at }: OpenSpace,
  batches: ReadonlyArray<ResolvedBatch & { readonly to: Position }>
) {
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const rows = Effect.fnUntraced(function* ({ rows, mutations, to }: (typeof batches)[number]) {
    const commit = store.commit({ from: at.cursor, to, epoch, fromSeq: 0, toSeq: 0 }, rows)
    if (graph.transactional && changesGraph(mutations)) {
      yield* sql.withTransaction(Effect.andThen(commit, graph.apply(graphId, at.graph, mutations)))
      at.graph = mutations.position
    } else yield* commit
    at.cursor = to
  })
  const nodes = Effect.fnUntraced(function* ({ mutations }: (typeof batches)[number]) {
    if (!changesGraph(mutations)) return
    yield* graph.apply(graphId, at.graph, mutations)
    at.graph = mutations.position
  })
  // Two stores are written side by side, as the actor does it.
  yield* Effect.all(
    [
      Effect.forEach(batches, rows, { discard: true }),
      graph.transactional ? Effect.void : Effect.forEach(batches, nodes, { discard: true })
    ],
    { concurrency: 2 }
  )
})

/** What `log-append.ts` holds the log against. */
const rawLog = Effect.fnUntraced(function* (log: ReadonlyArray<LogEvent>) {
  const { write: sql } = yield* Database
  for (let i = 0; i < log.length; i += 500) {
    const part = log.slice(i, i + 500)
    yield* sql`insert into raw_events select now(), u.* from unnest(
      ${int4s(part.map((event) => event.source))}, ${uuids(part.map((event) => event.hash))},
      ${byteas(part.map((event) => event.body))}) u`
  }
})

const oneByOne = Effect.fnUntraced(function* (space: OpenSpace, log: ReadonlyArray<LogEvent>) {
  const { write: sql } = yield* Database
  const graph = yield* IdentityGraph
  const { store, epoch, graphId, at, spaceId } = space
  for (const event of log) {
    const one = Effect.gen(function* () {
      const prepared = prepare([event], rules, () => source, { seen: new Set() })
      const set = new WorkingSet(1_000)
      const request = set.request(prepared.map((item) => item.extraction))
      if (request.identifiers.length > 0) set.absorb(request, yield* graph.load(graphId, request))
      const batch = resolveBatch(prepared, spaceId, options, set)
      yield* applyTraitWrites(store, new WarmTraits(), batch.writes, 5_000, batch.rows)
      yield* store.commit({ from: at.cursor, to: event.position, epoch, fromSeq: 0, toSeq: 0 }, batch.rows)
      if (changesGraph(batch.mutations)) {
        yield* graph.apply(graphId, at.graph, batch.mutations)
        at.graph = batch.mutations.position
      }
      at.cursor = event.position
    })
    yield* sql.withTransaction(one)
  }
})

interface Run {
  readonly rate: number
  /** Microseconds of CPU per event: this process (which also makes the events), and PostgreSQL. */
  readonly node: number
  readonly postgres: number
}

const timed = <A, E, R>(count: number, work: Effect.Effect<A, E, R>): Effect.Effect<Run, E, R> =>
  Effect.suspend(() => {
    const before = cpu(process.pid)
    const start = performance.now()
    return Effect.map(work, () => {
      const rate = (count / (performance.now() - start)) * 1000
      const after = cpu(process.pid)
      return {
        rate,
        node: ((after.node - before.node) * 1000) / count,
        postgres: ((after.postgres - before.postgres) * 1000) / count
      }
    })
  })

const measure = Effect.gen(function* () {
  const log = yield* EventLog
  const graph = yield* IdentityGraph
  const { write: sql } = yield* Database
  const raw = yield* openSpace("raw")
  const single = yield* openSpace("one")
  const shadow = new Shadow(raw.spaceId)
  let read = 0
  const newEvents = Effect.gen(function* () {
    const page = yield* log.read({ after: read, upTo: log.head(), limit: 1_000_000, sources: [source.no] })
    read = log.head()
    return page
  })
  const next = workload({ seed: 1, people })
  const take = (n: number) => Array.from({ length: n }, next)

  yield* appendAll(log, everybody({ seed: 1, people }))
  yield* settled()
  yield* rawWrite(raw, yield* shadow.batches(raw.store, yield* newEvents))
  yield* sql`create table raw_events (received_at timestamptz not null, source int not null, h uuid not null, body bytea not null)`
  const runs: Record<"raw" | "logged" | "single" | "identity" | "whole", Array<Run>> = {
    raw: [],
    logged: [],
    single: [],
    identity: [],
    whole: []
  }
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round++) {
    gate.open = false
    yield* appendAll(log, take(events))
    gate.open = true
    const identity = yield* timed(events, settled())
    const batches = yield* shadow.batches(raw.store, yield* newEvents)
    const written = yield* timed(events, rawWrite(raw, batches))
    const more = take(events)
    const whole = yield* timed(events, Effect.andThen(appendAll(log, more), settled()))
    const rest = yield* newEvents
    const restBatches = yield* shadow.batches(raw.store, rest)
    const logged = yield* timed(events, Effect.andThen(rawLog(rest), rawWrite(raw, restBatches)))
    const one = yield* timed(oneByOneEvents, oneByOne(single, rest.slice(0, oneByOneEvents)))
    if (round === 0 && full) continue
    runs.raw.push(written)
    runs.logged.push(logged)
    runs.single.push(one)
    runs.identity.push(identity)
    runs.whole.push(whole)
  }
  const people1 = yield* graph.count(`${spaceOf(1).id}.1`, "users")
  const people2 = yield* graph.count(raw.graphId, "users")
  const [stamps] = yield* sql.unsafe<{ n: number }>(
    `select count(*)::int as n from ${spaceSchema(spaceOf(1).id)}.stamps`
  )
  const rate = (of: ReadonlyArray<Run>) => median(of.map((run) => run.rate))
  console.log(`${graph.adapter}, ${whole(events)} events a round, median of ${rounds}:`)
  printTable(
    ["", "events/s", "of the raw write", "against one by one", "us CPU: node", "postgres"],
    (
      [
        ["raw batched write", runs.raw, runs.raw],
        ["identity", runs.identity, runs.raw],
        ["raw batched write, the log's rows too", runs.logged, runs.logged],
        ["append and identity at once", runs.whole, runs.logged],
        ["one transaction per event", runs.single, runs.raw]
      ] as const
    ).map(([name, of, raw]) => [
      name,
      whole(rate(of)),
      `${(rate(of) / rate(raw)).toFixed(2)} x`,
      `${(rate(of) / rate(runs.single)).toFixed(0)} x`,
      median(of.map((run) => run.node)).toFixed(1),
      median(of.map((run) => run.postgres)).toFixed(1)
    ])
  )
  console.log(
    `  ${whole(stamps!.n)} events resolved, ${whole(people1)} people; written raw: ${whole(people2)} people\n`
  )
  if (people1 !== people2) throw new Error("the actor and the ready-made rows do not say the same")
})

const program = Effect.gen(function* () {
  const only = process.env["BENCH_GRAPH"]
  if (only !== "neo4j") yield* measure.pipe(Effect.provide(rig(postgresGraph)), Effect.scoped)
  if (only === "postgres") return
  const neo4j = yield* neo4jGraphLayer
  if (neo4j !== undefined) yield* measure.pipe(Effect.provide(rig(neo4j)), Effect.scoped)
})

await Effect.runPromise(Effect.scoped(program))
