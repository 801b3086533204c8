/**
 * What resolvers need besides the read model: one member per subject, built once with the room. Effects given to `run` are
 * answered as promises; a failure that a person can do something about becomes a GraphQL error with its code.
 */
import { Cause, Effect, Exit, Schedule } from "effect"
import type { GraphQLError } from "graphql"
import { History } from "../archive/history.ts"
import { Database } from "../platform/database.ts"
import { makeExplain } from "../identity/explain/service.ts"
import { readReplays, replaySources, resumeReplay } from "../identity/replay-views.ts"
import { changeWorkspace } from "../workspace/changes.ts"
import { makeManagement } from "../workspace/management.ts"
import { makeTokenUse } from "../workspace/token-use.ts"
import { type ReplayMode, Workspace } from "../workspace/workspace.ts"
import { type ErrorCode, graphqlError, isErrorCode } from "./graphql-errors.ts"
import { makeOperationServices } from "./operation-services.ts"
import { readRules, readRulesDocument, readRulesVersions } from "./rules-view.ts"

/** A failure with a `code` of PRO-64 and a message for people: told as it is. Everything else is internal. */
const toldAs = (error: unknown): GraphQLError | undefined => {
  if (!(error instanceof Error) || !("code" in error) || !isErrorCode(error.code)) return undefined
  return graphqlError(error.code satisfies ErrorCode, error.message)
}

/** A space that was just made: its tables and first rules are written by the process that owns it. */
const longestPreparation = "5 seconds"

export const makeApiServices = Effect.gen(function* () {
  const database = yield* Database
  const workspace = yield* Workspace
  const context = yield* Effect.context<never>()
  const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
    const exit = await Effect.runPromiseExitWith(context)(effect)
    if (Exit.isSuccess(exit)) return exit.value
    const error = Cause.squash(exit.cause)
    throw toldAs(error) ?? error
  }
  /** Waits until a new space can be read; goes on after a while, for its owner may be away. */
  const spaceReady = (spaceId: string) =>
    readRulesDocument(database, spaceId).pipe(
      Effect.catch(() => Effect.undefined),
      Effect.repeat({ schedule: Schedule.spaced("20 millis"), until: (rules) => rules !== undefined }),
      Effect.timeoutOption(longestPreparation),
      Effect.asVoid
    )
  return {
    run,
    database,
    operations: yield* makeOperationServices,
    explain: yield* makeExplain(yield* History),
    management: yield* makeManagement,
    replays: (spaceId: string) => readReplays(database.write, spaceId),
    resumeReplay: (actor: string, spaceId: string, sourceId: string) =>
      Effect.tap(
        changeWorkspace(database.write, actor, (change) => resumeReplay(change, spaceId, sourceId)),
        workspace.refresh
      ),
    replaySources: (
      actor: string,
      spaceId: string,
      sourceIds: ReadonlyArray<string>,
      days: number | undefined,
      mode: ReplayMode | undefined
    ) =>
      Effect.tap(
        changeWorkspace(database.write, actor, (change) => replaySources(change, spaceId, sourceIds, days, mode)),
        workspace.refresh
      ),
    tokenUse: yield* makeTokenUse(database.write),
    rules: (spaceId: string, version?: number) => readRules(database, spaceId, version),
    rulesDocument: (spaceId: string) => readRulesDocument(database, spaceId),
    rulesVersions: (spaceId: string) => readRulesVersions(database, spaceId),
    spaceReady
  }
})

export type ApiServices = Effect.Success<typeof makeApiServices>
