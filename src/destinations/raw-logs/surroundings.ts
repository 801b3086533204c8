/** What the location of raw logs depends on beside the settings of their destination. */
import { Effect } from "effect"
import { Settings } from "../../config.ts"
import { Database } from "../../platform/database.ts"
import { makeEgress } from "../../platform/egress.ts"
import type { Surroundings } from "./location.ts"

export const surroundingsOf = Effect.gen(function* () {
  const { egressAllowPrivate, rawLogsDir } = yield* Settings
  const { write: sql } = yield* Database
  const [workspace] = yield* sql<{ id: string }>`select id from workspace`
  return { egress: makeEgress(egressAllowPrivate), workspaceId: workspace?.id ?? "", rawLogsDir } satisfies Surroundings
})
