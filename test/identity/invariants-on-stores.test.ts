/**
 * The invariants of spec 02 section 17 on the real service with each graph: random runs go through log, actor and
 * graph; what the stores then say must be sound and equal to the pure core (INV-21: the log's order is the serial order).
 * BRAID_STORED_RUNS sets the runs per graph.
 */
import { layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { assert, describe } from "vitest"
import { neo4jGraphOn } from "../../src/identity/graph-neo4j.ts"
import { postgresGraph } from "../../src/identity/graph-postgres.ts"
import type { IdentityGraph } from "../../src/identity/graph.ts"
import type { Database } from "../../src/platform/database.ts"
import { runNeo4j, testNeo4j } from "../support/neo4j.ts"
import { rig } from "../support/space.ts"
import { anyRun } from "./support/generators.ts"
import { everyState } from "./support/invariants.ts"
import { inMemory, runPure } from "./support/pure.ts"
import type { Step } from "./support/run.ts"
import { comparable, play, stateOf } from "./support/stored.ts"

const limits = { maxMerges: 2, maxMappings: 6 }
const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)

/** The log takes a message id once within a day, whatever becomes of it (ING-64); the ledger only knows what was resolved. */
const acceptedOf = (steps: ReadonlyArray<Step>): ReadonlyArray<Step> => {
  const taken = new Set<string>()
  return steps.filter((step) => {
    if (step.kind !== "event") return true
    const { messageId } = step.message
    if (taken.has(messageId)) return false
    taken.add(messageId)
    return true
  })
}

const suite = <E>(adapter: string, graph: Layer.Layer<IdentityGraph, E, Database>, runs: number) =>
  layer(rig(graph, { settings: { ...limits, warmIdentifiers: 20, identityBatch: 7 } }), {
    excludeTestServices: true,
    timeout: "60 seconds"
  })(`the service on ${adapter}`, (it) => {
    it.effect(
      `INV-1 to INV-14, INV-17, INV-20, INV-21: ${runs} random runs end as in the pure core, seed ${seed}`,
      () =>
        Effect.gen(function* () {
          const samples = fc.sample(fc.tuple(anyRun(60), fc.integer({ min: 1, max: 20 })), { numRuns: runs, seed })
          for (const [index, [sample, requestSize]] of samples.entries()) {
            const run = { ...sample, ...limits }
            const spaceId = yield* play(run, requestSize)
            const expected = runPure({ ...run, spaceId, steps: acceptedOf(run.steps) }, inMemory).state
            const stored = yield* stateOf(spaceId, expected)
            assert.deepStrictEqual(comparable(stored), comparable(expected), `run ${index}`)
            everyState({ ...run, spaceId }, { ...stored, events: expected.events })
            for (const collection of ["users", "accounts"] as const) {
              const canonical = expected.profiles.filter(
                (it) => it.collection === collection && it.canonical === it.segmentId
              )
              assert.strictEqual(stored.counts[collection], canonical.length, `run ${index}: ${collection}`)
            }
          }
        }),
      300_000
    )
  })

const runs = Number(process.env["BRAID_STORED_RUNS"] ?? 40)
suite("the Postgres graph", postgresGraph, runs)

const neo4j = await runNeo4j()
describe.skipIf(neo4j === undefined)("with Neo4j", () => {
  const address = neo4j ?? { url: "bolt://127.0.0.1:1", user: "", password: "" }
  suite("the Neo4j graph", neo4jGraphOn.pipe(Layer.provide(testNeo4j(address))), Math.ceil(runs / 4))
})
