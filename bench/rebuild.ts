/**
 * How fast a graph is built again from a journal (IDR-131), beside reading and decoding the journal alone; interrupted in the middle, and
 * it must go on from there. On PostgreSQL, and on Neo4j where there is one. BENCH_EVENTS: decisions in the journal.
 */
import { Effect, Fiber, Layer } from "effect"
import { postgresGraph } from "../src/identity/graph-postgres.ts"
import { catchUp } from "../src/identity/graph-projection.ts"
import { IdentityGraph } from "../src/identity/graph.ts"
import { decodeRow } from "../src/identity/operations/operation-entry.ts"
import { makeSpaceStore } from "../src/identity/space-store.ts"
import { EventLog } from "../src/log/event-log.ts"
import { Database } from "../src/platform/database.ts"
import { neo4jGraphLayer } from "./support/graphs.ts"
import { appendAll, rig, settled, spaceOf } from "./support/rig.ts"
import { full, printTable, whole } from "./support/table.ts"
import { everybody } from "./support/workload.ts"

const decisions = Number(process.env["BENCH_EVENTS"] ?? (full ? 1_000_000 : 3_000))
const part = 50_000
/** Beside the live one. */
const generation = 2

const nodeMemory = () => process.memoryUsage.rss() / 1024 ** 2

const program = Effect.gen(function* () {
  const log = yield* EventLog
  const live = yield* IdentityGraph
  const { id } = spaceOf(1)
  const store = makeSpaceStore(yield* Database, id)
  // A newcomer is a decision.
  const newcomers = everybody({ seed: 1, people: decisions })
  for (let n = 0; n < decisions; n += part) yield* appendAll(log, newcomers.slice(n, n + part))
  yield* settled()
  const entries = yield* store.journalLength()
  if (entries !== decisions) throw new Error(`the journal has ${entries} entries, not ${decisions}`)
  const upTo = log.head()

  let start = performance.now()
  let after = 0
  for (;;) {
    const page = yield* store.journal(after, upTo, 500)
    if (page.length === 0) break
    for (const { pos, rec } of page) decodeRow(pos, rec)
    after = page.at(-1)!.pos
  }
  const readRate = (decisions / (performance.now() - start)) * 1000
  const rows = [["reading and decoding the journal", whole(readRate), "1.00 x", "", ""]]

  const rebuild = Effect.fnUntraced(function* (graph: IdentityGraph["Service"]) {
    const graphId = `${id}.${generation}`
    globalThis.gc?.()
    const idle = nodeMemory()
    let most = idle
    let done = 0
    const run = (until: number) =>
      Effect.gen(function* () {
        const from = yield* graph.open(graphId)
        yield* catchUp({
          store,
          graph,
          graphId,
          from,
          upTo,
          onPage: (count: number) => {
            done += count
            if (done % 10_000 < count) most = Math.max(most, nodeMemory())
            return done >= until ? Effect.interrupt : Effect.void
          }
        })
        return from
      })
    start = performance.now()
    const cut = yield* Effect.forkChild(run(decisions / 2))
    yield* Fiber.await(cut)
    const cutAt = done
    const from = yield* run(Number.POSITIVE_INFINITY)
    const rate = (decisions / (performance.now() - start)) * 1000
    if (from === 0 || cutAt >= decisions) throw new Error("the rebuild was not interrupted")
    if (done !== decisions)
      throw new Error(`${done} entries were applied for ${decisions}: it did not go on where it stopped`)
    const people = yield* graph.count(graphId, "users")
    if (people !== decisions) throw new Error(`the graph has ${people} people, not ${decisions}`)
    yield* graph.drop(graphId)
    most = Math.max(most, nodeMemory())
    rows.push([
      graph.adapter === "neo4j" ? "Neo4j" : "PostgreSQL",
      whole(rate),
      `${(rate / readRate).toFixed(2)} x`,
      whole(decisions / rate),
      whole(most - idle)
    ])
  })
  if (process.env["BENCH_GRAPH"] !== "neo4j") yield* rebuild(live)
  const neo4j = process.env["BENCH_GRAPH"] === "postgres" ? undefined : yield* neo4jGraphLayer
  if (neo4j !== undefined) {
    const database = Layer.succeed(Database, yield* Database)
    yield* rebuild(yield* Effect.provide(IdentityGraph, yield* Layer.build(neo4j.pipe(Layer.provide(database)))))
  }
  console.log(`${whole(decisions)} decisions, interrupted after half of them:`)
  printTable(["", "decisions/s", "against reading", "s in all", "MB on top"], rows)
})

await Effect.runPromise(Effect.scoped(program.pipe(Effect.provide(rig(postgresGraph)))))
