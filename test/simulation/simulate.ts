/**
 * The simulator: one seed decides events, redeliveries, operations of people, where processes die, which call of a store comes
 * next, which fails, and which process sleeps through its lease; the real actor runs it on the real stores. What comes out is
 * compared with a single-threaded model that was written from the spec alone, and checked by itself.
 *
 * - INV-1, 2, 3, 6, 14, 20 on what the stores say (`everyState`); INV-16 on their separations; INV-7 by applying the journal anew.
 * - INV-4, 5, 8, 13, 15, 17 to 21 where they speak of outcomes, through the model: the stores end exactly as one serial run of the same
 *   events and operations (INV-21), with the same violations (INV-13), traits (INV-15) and owners of events; a redelivery is
 *   counted and changes nothing (INV-8), and every operation answers what the model answers.
 * - Not here: INV-9 to INV-12, which assume that nobody operates (`test/identity/invariants.test.ts`); INV-18
 *   (`explain-stores.test.ts`); INV-17 between spaces (`operations/rebuild.test.ts`).
 *
 * BRAID_TEST_SEED is the first seed, BRAID_SIMULATIONS how many there are (`npm run test:soak`: 1,000). A seed that fails is
 * printed with its last steps and plays again exactly; BRAID_SIMULATION_TRACE=1 prints all steps.
 */
import { layer } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { assert } from "vitest"
import { Settings } from "../../src/config.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import { LiveGraphs } from "../../src/identity/live-graphs.ts"
import type { Database } from "../../src/platform/database.ts"
import { Health } from "../../src/platform/health.ts"
import { testDatabase } from "../support/database.ts"
import { makeDiary } from "./diary.ts"
import { gatedDatabase, type Playing } from "./gated-stores.ts"
import { planOf } from "./plan.ts"
import { clear, play } from "./play.ts"
import { Stage } from "./stage.ts"
import { judge } from "./verdict.ts"

const first = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)
/** On PostgreSQL; with Neo4j a run takes longer, so there are fewer. */
export const seeds = Number(process.env["BRAID_SIMULATIONS"] ?? 8)
/** Then the rest is not played. */
const mostFailures = 5
const traced = process.env["BRAID_SIMULATION_TRACE"] === "1"

/** Plays the seed; when something is wrong, says how it is played again and what happened last. */
const simulated = Effect.fnUntraced(function* (adapter: string, seed: number, playing: Playing) {
  const plan = planOf(seed)
  const played = yield* play(plan, playing).pipe(
    Effect.tap(judge),
    Effect.tapCause((cause) =>
      Effect.sync(() => {
        const { trace } = playing.stage
        console.error(
          `Seed ${seed} fails on ${adapter}: ${Cause.pretty(cause)}\nAgain: BRAID_TEST_SEED=${seed} BRAID_SIMULATIONS=1 npx vitest run test/simulation\n` +
            `The last of ${trace.length} steps (process, what):\n  ${trace.slice(traced ? 0 : -40).join("\n  ")}`
        )
      })
    ),
    Effect.ensuring(Effect.orDie(clear(plan)))
  )
  return played
})

export const simulate = <E>(
  adapter: string,
  graph: (playing: Playing) => Layer.Layer<IdentityGraph, E, Database>,
  runs: number
) => {
  const playing: Playing = { stage: new Stage(0) }
  let before: ReadonlyArray<string> | undefined
  const stores = Layer.mergeAll(LiveGraphs.layer, Layer.effectDiscard(makeDiary)).pipe(
    Layer.provideMerge(graph(playing)),
    Layer.provideMerge(gatedDatabase(playing).pipe(Layer.provide(testDatabase))),
    Layer.provideMerge(Layer.mergeAll(Settings.layer, Health.layer)),
    Layer.provide(Logger.layer([]))
  )
  layer(stores, { excludeTestServices: true, timeout: "60 seconds" })(`a space on ${adapter}`, (it) => {
    it.effect(
      `INV-1 to INV-8, INV-13 to INV-16, INV-19 to INV-21: ${runs} runs end as in the model, seeds from ${first}`,
      () =>
        Effect.gen(function* () {
          const done = { steps: 0, faults: 0, operations: 0 }
          const since = process.cpuUsage()
          const failed: Array<Cause.Cause<unknown>> = []
          for (let seed = first; seed < first + runs && failed.length < mostFailures; seed++) {
            const exit = yield* Effect.exit(simulated(adapter, seed, playing))
            if (Exit.isFailure(exit)) {
              failed.push(exit.cause)
              continue
            }
            const played = exit.value
            if (seed === first) before = played.trace
            done.steps += played.trace.length
            done.faults += played.faults
            done.operations += played.asking.asked.length
            if (traced) console.log(`Seed ${seed}:\n  ${played.trace.join("\n  ")}`)
          }
          if (failed.length > 0) return yield* Effect.failCause(failed[0]!)
          const { user, system } = process.cpuUsage(since)
          const cpu = Math.round((user + system) / 1000 / runs)
          console.log(`${runs} seeds on ${adapter}: ${JSON.stringify(done)}, ${cpu} ms of CPU each`)
        }),
      3_600_000
    )

    it.effect("a seed plays again step by step", () =>
      Effect.gen(function* () {
        const { trace } = yield* simulated(adapter, first, playing)
        assert.deepStrictEqual(trace, before ?? (yield* simulated(adapter, first, playing)).trace)
      })
    )
  })
}
