/** What an un-merge or a split would leave behind (IDR-203): the same plan as the operation's, and nothing written. */
import { Clock, Effect } from "effect"
import type { History } from "../../archive/history.ts"
import type { Database } from "../../platform/database.ts"
import type { IdentityGraph } from "../graph.ts"
import type { LiveGraphs } from "../live-graphs.ts"
import { compileRules } from "../rules.ts"
import { spaceSchema } from "../schema.ts"
import type { OperationContext, OperationFailure } from "./execution.ts"
import type { OperationInputs, SplitPicture } from "./operation.ts"
import { planSplit } from "./split.ts"
import { planUndoMerge } from "./undo-merge.ts"
import { defaultRules } from "../../workspace/rules-document.ts"

export interface PreviewServices {
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly graphs: LiveGraphs["Service"]
  readonly history: Pick<History["Service"], "at">
  readonly maxTraits: number
}

const contextOf = (services: PreviewServices, spaceId: string, at: number): OperationContext => ({
  spaceId,
  operationId: 0,
  auditId: "",
  // Larger than every number that is in use: the new profile is nobody else.
  seq: Math.floor(Number.MAX_SAFE_INTEGER / 4),
  at,
  actor: "",
  reason: "a preview",
  schema: spaceSchema(spaceId),
  // What only looks must not take a connection from those who write.
  database: { ...services.database, write: services.database.read },
  graph: services.graph,
  graphId: services.graphs.graphOf(spaceId),
  history: services.history,
  // Taking apart asks no rules and no limits.
  rules: compileRules(defaultRules, 0, []),
  maxTraits: services.maxTraits,
  protection: { maxMerges: 0, maxMappings: 0 }
})

export const previewSplit = (
  services: PreviewServices,
  spaceId: string,
  input: OperationInputs["split"]
): Effect.Effect<SplitPicture, OperationFailure> =>
  Effect.flatMap(Clock.currentTimeMillis, (at) =>
    Effect.map(planSplit(contextOf(services, spaceId, at), input), ({ separation }) => separation.after)
  )

export const previewUndoMerge = (
  services: PreviewServices,
  spaceId: string,
  input: OperationInputs["undo_merge"]
): Effect.Effect<SplitPicture, OperationFailure> =>
  Effect.flatMap(Clock.currentTimeMillis, (at) =>
    Effect.map(planUndoMerge(contextOf(services, spaceId, at), input), ({ separation }) => separation.after)
  )
