/**
 * What a what-if run over a whole archive costs (IDR-190): events a second beside reading the same events once, and the
 * memory that it takes on top of the service. Everything is in the archive only, as after years. BENCH_EVENTS: events.
 */
import { Effect, Layer, Stream } from "effect"
import { History } from "../src/archive/history.ts"
import { postgresGraph } from "../src/identity/graph-postgres.ts"
import { findRun, startRun } from "../src/identity/what-if/runs.ts"
import { whatIfLive } from "../src/identity/what-if/runner.ts"
import { EventLog } from "../src/log/event-log.ts"
import { Database } from "../src/platform/database.ts"
import { defaultRules } from "../src/workspace/rules-document.ts"
import { appendAll, forgetLog, rig, settled, spaceOf } from "./support/rig.ts"
import { full, printTable, whole } from "./support/table.ts"
import { everybody, workload } from "./support/workload.ts"

const events = Number(process.env["BENCH_EVENTS"] ?? (full ? 1_000_000 : 2_000))
const people = Math.ceil(events / 10)
const part = 50_000

const nodeMemory = () => process.memoryUsage.rss() / 1024 ** 2

/** Every identifier once on a profile: what most changes. */
const candidate = {
  ...defaultRules,
  identifiers: defaultRules.identifiers.map((row) => ({ ...row, limit: 1, window: "ever" as const }))
}

const program = Effect.gen(function* () {
  const log = yield* EventLog
  const history = yield* History
  const database = yield* Database
  const { id: spaceId, sources } = spaceOf(1)
  const next = workload({ seed: 1, people })
  yield* appendAll(log, everybody({ seed: 1, people }))
  for (let n = people; n < events; n += part)
    yield* appendAll(log, Array.from({ length: Math.min(part, events - n) }, next))
  yield* settled()
  yield* forgetLog

  globalThis.gc?.()
  const idle = nodeMemory()
  let start = performance.now()
  let read = 0
  let after = 0
  for (;;) {
    const page = yield* history.read({ after, upTo: log.head(), limit: 1_000, sources: sources.map(({ no }) => no) })
    if (page.length === 0) break
    read += page.length
    after = page.at(-1)!.position
  }
  if (read !== events) throw new Error(`${read} of ${events} events were read`)
  const readRate = (events / (performance.now() - start)) * 1000

  globalThis.gc?.()
  let most = nodeMemory()
  start = performance.now()
  const common = { spaceId, rules: candidate, baseVersion: 1, reapplyOperations: false, scope: null, actor: "bench" }
  const id = (yield* startRun(database, common))!
  const run = yield* Stream.tick("250 millis").pipe(
    Stream.mapEffect(() => {
      most = Math.max(most, nodeMemory())
      return findRun(database, id)
    }),
    Stream.filter((found) => found !== undefined && found.state !== "queued" && found.state !== "running"),
    Stream.runHead,
    Effect.flatMap(Effect.fromOption)
  )
  if (run?.state !== "done") throw new Error(`the run ${run?.state}: ${run?.error}`)
  if (run.processed !== events) throw new Error(`${run.processed} of ${events} events were replayed`)
  const rate = (events / (performance.now() - start)) * 1000
  printTable(
    ["", "events/s", "against reading", "MB of node, most", "on top"],
    [
      ["reading the archive", whole(readRate), "1.00 x", "", ""],
      ["what-if run", whole(rate), `${(rate / readRate).toFixed(2)} x`, whole(most), whole(most - idle)]
    ]
  )
  console.log(`  ${whole(events)} events of ${whole(people)} people and more; the run took ${whole(events / rate)} s`)
})

await Effect.runPromise(
  Effect.scoped(program.pipe(Effect.provide(whatIfLive.pipe(Layer.provideMerge(rig(postgresGraph))))))
)
