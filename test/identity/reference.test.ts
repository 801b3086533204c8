/**
 * The pure core against a second implementation that was written from the spec alone (`test/simulation/reference.ts`): any
 * run must end equal, ids included. BRAID_RUNS sets the runs (2,000; `npm run test:soak` takes 100,000), BRAID_TEST_SEED the seed.
 */
import * as fc from "fast-check"
import { assert, it } from "vitest"
import { runReference } from "../simulation/reference.ts"
import { anyRun } from "./support/generators.ts"
import { runPure } from "./support/pure.ts"
import { comparable } from "./support/stored.ts"

const seed = Number(process.env["BRAID_TEST_SEED"] ?? Date.now() % 1_000_000)
const numRuns = Number(process.env["BRAID_RUNS"] ?? 2_000)

it(`AC2-9: ${numRuns} random runs end as in the reference, seed ${seed}`, () => {
  fc.assert(
    fc.property(anyRun(30), (run) => {
      const expected = runReference(run)
      const { state } = runPure(run)
      assert.deepStrictEqual(comparable(state), comparable(expected))
      assert.deepStrictEqual(
        state.events.map(({ messageId, outcome, users, accounts }) => ({ messageId, outcome, users, accounts })),
        [...expected.events]
      )
    }),
    { numRuns, seed }
  )
}, 3_600_000)
