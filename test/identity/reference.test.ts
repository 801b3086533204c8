/**
 * The pure core against a second implementation that was written from the spec alone (`test/simulation/reference.ts`): any
 * run must end equal, ids included. BRAID_RUNS sets the runs (2,000; `npm run test:soak` takes 100,000), BRAID_TEST_SEED the seed.
 */
import * as fc from "fast-check"
import { assert, it } from "vitest"
import type { EventState } from "./support/run.ts"
import { playReference } from "../simulation/reference.ts"
import { anyRun } from "./support/generators.ts"
import { runPure } from "./support/pure.ts"
import { comparable } from "./support/stored.ts"

const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)
const numRuns = Number(process.env["BRAID_RUNS"] ?? 2_000)

const violationsOf = ({ resolution }: EventState): ReadonlyArray<string> => {
  const { users, accounts, violations } = resolution!
  const texts = violations.map(({ kind, identifier }) => `${kind} ${identifier.type}:${identifier.value}`)
  return [...texts, ...(users === null && accounts === null ? ["No matching identifiers on event"] : [])].sort()
}

it(`AC2-9, INV-13: ${numRuns} random runs end as in the reference, seed ${seed}`, () => {
  fc.assert(
    fc.property(anyRun(30), (run) => {
      const reference = playReference(run)
      const expected = reference.state()
      const { state } = runPure(run)
      assert.deepStrictEqual(comparable(state), comparable(expected))
      assert.deepStrictEqual(
        state.events.map(({ messageId, outcome, users, accounts }) => ({ messageId, outcome, users, accounts })),
        [...expected.events]
      )
      assert.deepStrictEqual(
        state.events.filter(({ resolution }) => resolution !== undefined).map(violationsOf),
        reference.resolved.map(({ violations }) => violations.toSorted())
      )
    }),
    { numRuns, seed }
  )
}, 3_600_000)
