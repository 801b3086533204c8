/** What failed behind the API, told apart for the client, who never sees internals, and for the log, which sees all. */
import { Cause, Effect } from "effect"
import { ApiProblem, internal, unavailable } from "./problem.ts"

const storeErrors = new Set(["GraphUnavailable", "GraphFenced", "LogUnavailable", "SqlError"])

/** The problem to answer with. Everything that is not a refusal is logged under the request id. */
export const problemOf = (cause: Cause.Cause<unknown>, requestId: string): Effect.Effect<ApiProblem> => {
  const error = Cause.squash(cause)
  if (error instanceof ApiProblem) return Effect.succeed(error)
  const tag = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : ""
  const problem = storeErrors.has(tag) ? unavailable : internal
  const message = error instanceof Error && error.message !== "" ? error.message : String(error)
  return Effect.logError(`A request of the Profile API failed: ${message}`).pipe(
    Effect.andThen(Effect.logDebug(cause)),
    Effect.annotateLogs({ requestId }),
    Effect.as(problem)
  )
}
