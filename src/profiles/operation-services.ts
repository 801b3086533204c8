/** Operations and their previews for the API: the codes of PRO-64 instead of those of the operations. */
import { Effect } from "effect"
import { History } from "../archive/history.ts"
import { Settings } from "../config.ts"
import { IdentityGraph } from "../identity/graph.ts"
import { readRebuilds, rebuildOfRun } from "../identity/generations/rebuilds.ts"
import { LiveGraphs } from "../identity/live-graphs.ts"
import { contended, nearLimits } from "../identity/operations/contention.ts"
import { previewErasure } from "../identity/operations/erase-preview.ts"
import { historiesOf, type HistoryOf } from "../identity/operations/history.ts"
import {
  type OperationAnswers,
  type OperationInputs,
  type OperationKind,
  OperationRefused,
  type OperationRequest
} from "../identity/operations/operation.ts"
import { previewSplit, previewUndoMerge } from "../identity/operations/preview.ts"
import { requestOperation } from "../identity/operations/request.ts"
import { countOutside } from "../identity/operations/rules-impact.ts"
import { type AutoAdded, compileRules } from "../identity/rules.ts"
import { spaceSchema } from "../identity/schema.ts"
import { Database } from "../platform/database.ts"
import type { RulesDocument } from "../workspace/rules.ts"
import { type ErrorCode, graphqlError } from "./graphql-errors.ts"
import { readRulesDocument } from "./rules-view.ts"

const codes: Readonly<Record<OperationRefused["code"], ErrorCode>> = {
  NOT_FOUND: "NOT_FOUND",
  VALIDATION_FAILED: "VALIDATION_FAILED",
  EMPTY_SPLIT: "EMPTY_SPLIT",
  CONFLICT: "CONFLICT",
  RULES_NOT_EMPTY: "RULES_NOT_EMPTY",
  RULES_CHANGED: "RULES_CHANGED",
  CANCELLED: "CONFLICT",
  IDENTIFIER_NOT_FOUND: "NOT_FOUND",
  UNSUPPORTED_IDENTIFIER: "VALIDATION_FAILED",
  IDENTIFIER_SWITCHED_OFF: "FEATURE_DISABLED",
  TIMEOUT: "INTERNAL",
  INTERNAL: "INTERNAL"
}

const told = (error: unknown) =>
  error instanceof OperationRefused ? graphqlError(codes[error.code], error.message) : error

/** Types that events brought (IDR-37). */
const addedTypes = (database: Database["Service"], spaceId: string) =>
  database.read.unsafe<AutoAdded>(`select type, collection from ${spaceSchema(spaceId)}.auto_added order by pos, type`)

const readCompiledRules = Effect.fnUntraced(function* (database: Database["Service"], spaceId: string) {
  const document = yield* readRulesDocument(database, spaceId)
  return document === undefined ? undefined : compileRules(document, 0, yield* addedTypes(database, spaceId))
})

export const makeOperationServices = Effect.gen(function* () {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  const history = yield* History
  const { maxTraits } = yield* Settings
  const services = { database, graph, graphs, history, maxTraits }
  return {
    /** As it is, for callers that have words of their own for a refusal. */
    request: <K extends OperationKind>(request: OperationRequest<K>) => requestOperation(database, request),
    operate: <K extends OperationKind>(request: OperationRequest<K>): Effect.Effect<OperationAnswers[K], unknown> =>
      Effect.mapError(requestOperation(database, request), told),
    // Whoever is told here that a rebuild has ended, reads the profiles that it made.
    rebuilds: (spaceId: string, limit: number) => Effect.tap(readRebuilds(database, spaceId, limit), graphs.refresh),
    rebuildOfRun: (spaceId: string, runId: string) =>
      Effect.tap(rebuildOfRun(database, spaceId, runId), graphs.refresh),
    /** Profiles that these rules would leave outside their bounds (IDR-157). */
    rulesImpact: (spaceId: string, document: RulesDocument) =>
      Effect.gen(function* () {
        const added = yield* addedTypes(database, spaceId)
        return yield* countOutside(graph, graphs.graphOf(spaceId), compileRules(document, 0, added))
      }),
    /** Null where there is no such profile. */
    histories: (spaceId: string, asked: ReadonlyArray<HistoryOf>) =>
      historiesOf(services, { id: spaceId, graphId: graphs.graphOf(spaceId) }, asked),
    previewErasure: (spaceId: string, userIds: ReadonlyArray<string>) =>
      previewErasure(services, { id: spaceId, graphId: graphs.graphOf(spaceId) }, userIds),
    contended: (spaceId: string) => contended(services, { id: spaceId, graphId: graphs.graphOf(spaceId) }),
    /** None before the space has rules. */
    nearLimits: (spaceId: string) =>
      Effect.gen(function* () {
        const rules = yield* readCompiledRules(database, spaceId)
        if (rules === undefined) return []
        return yield* nearLimits(services, { id: spaceId, graphId: graphs.graphOf(spaceId) }, rules)
      }),
    previewSplit: (spaceId: string, input: OperationInputs["split"]) =>
      Effect.mapError(previewSplit(services, spaceId, input), told),
    previewUndoMerge: (spaceId: string, input: OperationInputs["undo_merge"]) =>
      Effect.mapError(previewUndoMerge(services, spaceId, input), told)
  }
})
