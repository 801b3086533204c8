/**
 * What a question to explain costs beside the least that a question can cost, one point query: dry runs of events of known
 * and new people, and messages of the past, those that decided something and those that only landed (AC2-13). One question
 * at a time, kinds in turns. BENCH_EVENTS: events of the stream; there are as many people as a tenth of them.
 */
import { Effect } from "effect"
import { History } from "../src/archive/history.ts"
import { makeExplain } from "../src/identity/explain/service.ts"
import { postgresGraph } from "../src/identity/graph-postgres.ts"
import { spaceSchema } from "../src/identity/schema.ts"
import { EventLog } from "../src/log/event-log.ts"
import { Database } from "../src/platform/database.ts"
import { hash128 } from "../src/platform/hash.ts"
import { appendAll, rig, settled, spaceOf } from "./support/rig.ts"
import { full, median, printTable, quantile, whole } from "./support/table.ts"
import { everybody, workload } from "./support/workload.ts"

const events = Number(process.env["BENCH_EVENTS"] ?? (full ? 200_000 : 1_000))
const people = Math.ceil(events / 10)
const questions = full ? 3_000 : 60
const target = 10

/** All over the place. */
const at = (n: number, of: number) => (n * 7919) % of

const program = Effect.gen(function* () {
  const log = yield* EventLog
  const { read: sql } = yield* Database
  const explain = yield* makeExplain(yield* History)
  const { id } = spaceOf(1)
  const next = workload({ seed: 1, people })
  const known = everybody({ seed: 1, people })
  const stream = Array.from({ length: events }, next)
  yield* appendAll(log, known)
  yield* appendAll(log, stream)
  yield* settled()
  yield* sql.unsafe(`select count(*) from ${spaceSchema(id)}.stamps`)
  const stranger = workload({ seed: 2, people, newPeople: 1 })
  const kinds: ReadonlyArray<readonly [name: string, ask: (n: number) => Effect.Effect<unknown, unknown>]> = [
    [
      "a point query",
      (n) =>
        sql.unsafe(`select s.pos from ${spaceSchema(id)}.stamps s where s.h = $1::uuid`, [
          hash128(stream[at(n, events)]!.messageId)
        ])
    ],
    ["dry run, known person", () => explain.dryRun(id, next().call)],
    ["dry run, new person", () => explain.dryRun(id, stranger().call)],
    ["past message that decided", (n) => explain.ofMessage(id, known[at(n, people)]!.messageId)],
    ["past message of the stream", (n) => explain.ofMessage(id, stream[at(n, events)]!.messageId)]
  ]
  const times = kinds.map((): Array<number> => [])
  for (let n = -20; n < questions; n++)
    for (const [i, [name, ask]] of kinds.entries()) {
      const start = performance.now()
      const answer = yield* ask(n + 20)
      if (answer === null || (i === 0 && (answer as ReadonlyArray<unknown>).length === 0))
        throw new Error(`${name}: there is no answer`)
      if (n >= 0) times[i]!.push(performance.now() - start)
    }
  console.log(`${whole(events)} events of ${whole(people)} people, ${whole(questions)} questions of each kind:`)
  printTable(
    ["", "p50 ms", "p99 ms", "p50 against the point query", `p99 <= ${target} ms`],
    kinds.map(([name], i) => {
      const p99 = quantile(times[i]!, 0.99)
      return [
        name,
        median(times[i]!).toFixed(2),
        p99.toFixed(2),
        `${(median(times[i]!) / median(times[0]!)).toFixed(1)} x`,
        i === 0 ? "" : p99 <= target ? "yes" : "NO"
      ]
    })
  )
})

await Effect.runPromise(Effect.scoped(program.pipe(Effect.provide(rig(postgresGraph)))))
