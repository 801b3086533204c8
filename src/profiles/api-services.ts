/**
 * What resolvers need besides the read model: one member per subject, built once with the room. Effects given to `run` are
 * answered as promises; a failure that a person can do something about becomes a GraphQL error with its code.
 */
import { Cause, Effect, Exit } from "effect"
import type { GraphQLError } from "graphql"
import { Database } from "../platform/database.ts"
import { type ErrorCode, graphqlError, isErrorCode } from "./graphql-errors.ts"

/** A failure with a `code` of PRO-64 and a message for people: told as it is. Everything else is internal. */
const toldAs = (error: unknown): GraphQLError | undefined => {
  if (!(error instanceof Error) || !("code" in error) || !isErrorCode(error.code)) return undefined
  return graphqlError(error.code satisfies ErrorCode, error.message)
}

export const makeApiServices = Effect.gen(function* () {
  const database = yield* Database
  const context = yield* Effect.context<never>()
  const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
    const exit = await Effect.runPromiseExitWith(context)(effect)
    if (Exit.isSuccess(exit)) return exit.value
    const error = Cause.squash(exit.cause)
    throw toldAs(error) ?? error
  }
  return { run, database }
})

export type ApiServices = Effect.Success<typeof makeApiServices>
