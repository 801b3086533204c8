/**
 * What an event costs a space with 10^4, 10^5 and 10^6 identifiers (issue 3, promise 3): three spaces in one process,
 * each filled through the log, then the same kind of traffic for each in turns. Compared by CPU per event (node and
 * PostgreSQL; the clock says the same, but only on a quiet machine). A third of a percent of the events is new people,
 * so that the sizes stay what they are called.
 */
import { Effect } from "effect"
import { postgresGraph } from "../src/identity/graph-postgres.ts"
import { spaceSchema } from "../src/identity/schema.ts"
import { EventLog } from "../src/log/event-log.ts"
import { Database } from "../src/platform/database.ts"
import { cpu } from "./support/cpu.ts"
import { appendAll, gate, rig, settled, spaceOf } from "./support/rig.ts"
import { full, median, printTable, whole } from "./support/table.ts"
import { everybody, workload } from "./support/workload.ts"

const sizes = full ? [10_000, 100_000, 1_000_000] : [100, 300, 900]
const events = full ? 20_000 : 500
const rounds = full ? 5 : 1

interface Run {
  readonly rate: number
  readonly node: number
  readonly postgres: number
}

const of = (runs: ReadonlyArray<Run>, value: (run: Run) => number) => median(runs.map(value))
const cost = (runs: ReadonlyArray<Run>) => of(runs, (run) => run.node + run.postgres)

const program = Effect.gen(function* () {
  const log = yield* EventLog
  const { write: sql } = yield* Database
  const spaces = sizes.map((size, i) => {
    // Three identifiers a person: user id, anonymous id, e-mail.
    const people = Math.ceil(size / 3)
    return {
      n: i + 1,
      people,
      next: workload({ seed: i + 1, people, newPeople: 0.003, merges: 0.001 }),
      runs: [] as Array<Run>
    }
  })
  for (const { n, people } of spaces) {
    yield* appendAll(log, everybody({ seed: n, people }), { source: n })
    yield* settled(n)
  }
  for (let round = 0; round <= rounds; round++)
    for (const { n, next, runs } of spaces) {
      const part = Array.from({ length: events }, next)
      gate.open = false
      yield* appendAll(log, part, { source: n })
      // Three spaces share one heap: none shall pay for collecting what another left behind.
      globalThis.gc?.()
      const before = cpu(process.pid)
      const start = performance.now()
      gate.open = true
      yield* settled(n)
      const ms = performance.now() - start
      const after = cpu(process.pid)
      if (round === 0 && full) continue
      runs.push({
        rate: (events * 1000) / ms,
        node: ((after.node - before.node) * 1000) / events,
        postgres: ((after.postgres - before.postgres) * 1000) / events
      })
    }
  const least = cost(spaces[0]!.runs)
  const rows = []
  for (const { n, runs } of spaces) {
    const [count] = yield* sql.unsafe<{ n: number }>(
      `select count(*)::int as n from ${spaceSchema(spaceOf(n).id).replace(/"$/, '.1"')}.identifiers`
    )
    rows.push([
      whole(count!.n),
      whole(of(runs, (run) => run.rate)),
      of(runs, (run) => run.node).toFixed(1),
      of(runs, (run) => run.postgres).toFixed(1),
      cost(runs).toFixed(1),
      `${(cost(runs) / least).toFixed(2)} x`
    ])
  }
  printTable(["identifiers", "events/s", "us CPU: node", "postgres", "together", "against the smallest"], rows)
})

await Effect.runPromise(Effect.scoped(program.pipe(Effect.provide(rig(postgresGraph, { spaces: sizes.length })))))
