/**
 * What a storm does to everybody else (IDR-80 to IDR-87): a normal stream in which one event of ten belongs to a storm, beside
 * the same stream alone, with the default limits and with none. Target: a normal event costs at most twice as much. And the
 * same with the storm in another space of the same process. BENCH_EVENTS: events of a round.
 */
import { Effect } from "effect"
import { postgresGraph } from "../src/identity/graph-postgres.ts"
import { EventLog } from "../src/log/event-log.ts"
import { defaultRules } from "../src/workspace/rules-document.ts"
import { appendAll, gate, rig, settled } from "./support/rig.ts"
import { full, median, printTable, whole } from "./support/table.ts"
import { type BenchEvent, everybody, workload } from "./support/workload.ts"

const events = Number(process.env["BENCH_EVENTS"] ?? (full ? 50_000 : 1_000))
const people = full ? 20_000 : 200
const rounds = full ? 3 : 1
const share = 10
const target = 2

const unlimited = {
  ...defaultRules,
  blockJunk: false,
  identifiers: defaultRules.identifiers.map((row) => ({ ...row, limit: 1_000_000, blocked: [] }))
}

const external = (id: string) => ({ id, type: "anonymous_id", collection: "users", encoding: "none" })

/** What is special about event `i` of a storm. */
const storms: Readonly<Record<string, (i: number) => object>> = {
  "a chain: each event joins two devices": (i) => ({
    anonymousId: `c-${i}`,
    context: { externalIds: [external(`c-${i + 1}`)] }
  }),
  "one device, always another user": (i) => ({ anonymousId: "kiosk", userId: `guest-${i}` }),
  "one e-mail for everybody": (i) => ({ anonymousId: `v-${i}`, traits: { email: "noreply@shop.example" } }),
  "a junk id on all": (i) => ({ userId: "undefined", anonymousId: `j-${i}` })
}

/** Event `i` of a storm, as a library sends it. */
const stormy = (storm: (i: number) => object, i: number, name: string): BenchEvent => {
  const call = { type: "identify", messageId: `${name}-${i}`, context: {}, integrations: {} }
  const timestamp = new Date().toISOString()
  return { messageId: call.messageId, call: { ...call, timestamp, ...storm(i) } }
}

const program = Effect.gen(function* () {
  const log = yield* EventLog
  const names = Object.keys(storms)
  // Space 1 has no storm; then the storms, with limits and without; the last one is for a storm next door.
  const scenarios = [
    { name: "no storm", storm: undefined },
    ...[", default limits", ", no limits"].flatMap((limits) =>
      names.map((name) => ({ name: name + limits, storm: storms[name] }))
    )
  ].map((scenario, i) => ({
    ...scenario,
    n: i + 1,
    next: workload({ seed: 1, people }),
    sent: 0,
    us: [] as Array<number>
  }))
  const nextDoor = scenarios.length + 1
  for (const { n } of scenarios) {
    yield* appendAll(log, everybody({ seed: 1, people }), { source: n })
    yield* settled(n)
  }
  const timed = Effect.fnUntraced(function* (parts: ReadonlyArray<readonly [n: number, ReadonlyArray<BenchEvent>]>) {
    gate.open = false
    // The timed one last: a space passes what others have at the end of the log only every few seconds.
    for (const [n, part] of parts.toReversed()) yield* appendAll(log, part, { source: n })
    globalThis.gc?.()
    const start = performance.now()
    gate.open = true
    yield* settled(parts[0]![0])
    const us = ((performance.now() - start) * 1000) / parts[0]![1].length
    for (const [n] of parts) yield* settled(n)
    return us
  })
  const beside: Array<number> = []
  for (let round = 0; round <= rounds; round++) {
    for (const scenario of scenarios) {
      const { name, n, next, storm } = scenario
      const part = Array.from({ length: events }, (_, i) =>
        storm !== undefined && i % share === 0 ? stormy(storm, scenario.sent++, name) : next()
      )
      const us = yield* timed([[n, part]])
      if (round > 0 || !full) scenario.us.push(us)
    }
    const { next } = scenarios[0]!
    const chain = storms[names[0]!]!
    const stream = Array.from({ length: events }, next)
    const storm = Array.from({ length: events / share }, (_, i) => stormy(chain, round * events + i, "next door"))
    const us = yield* timed([
      [1, stream],
      [nextDoor, storm]
    ])
    if (round > 0 || !full) beside.push(us)
  }
  const alone = median(scenarios[0]!.us)
  console.log(`${whole(events)} events a round, one of ${share} of the storm, median of ${rounds}:`)
  printTable(
    ["", "events/s", "us an event", "against no storm", `<= ${target} x`],
    [...scenarios, { name: "the chain next door, in another space", us: beside }].map(({ name, us }) => {
      const ratio = median(us) / alone
      return [
        name,
        whole(1_000_000 / median(us)),
        median(us).toFixed(1),
        `${ratio.toFixed(2)} x`,
        ratio <= target ? "yes" : "NO"
      ]
    })
  )
})

const withLimits = 1 + Object.keys(storms).length
await Effect.runPromise(
  Effect.scoped(
    program.pipe(
      Effect.provide(
        rig(postgresGraph, {
          spaces: 2 + 2 * Object.keys(storms).length,
          rules: (n) => (n > withLimits && n < 2 * withLimits ? unlimited : defaultRules)
        })
      )
    )
  )
)
