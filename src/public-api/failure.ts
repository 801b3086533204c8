/** From whatever went wrong to what is answered (ADM-14, ADM-15): nothing of the inside is told, but a number to find it by. */
import { Cause, Effect } from "effect"
import { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import { RunnerUnavailable } from "../catalog/runner.ts"
import { DestinationRefused, type RefusalKind } from "../destinations/manage/refused.ts"
import { causeMessage } from "../platform/supervise.ts"
import { ChangeRefused } from "../workspace/refused.ts"
import { problem, PublicApiProblem, refusedProblem } from "./problem.ts"

const kinds: Readonly<Record<RefusalKind, readonly [status: number, type: string]>> = {
  invalid: [422, "input-validation"],
  conflict: [409, "conflict"],
  "not-found": [404, "not-found"],
  "bad-request": [400, "bad-request"],
  unavailable: [503, "unavailable"]
}

const ofDestination = ({ kind, code, message, field, problems }: DestinationRefused): PublicApiProblem => {
  const [status, type] = kinds[kind]
  const errors = problems ?? [{ message, ...(field === undefined ? undefined : { field }) }]
  return new PublicApiProblem({ status, errors: errors.map((each) => ({ type, ...each, data: { code } })) })
}

/** What PostgreSQL says of the character U+0000, which its texts cannot hold (character_not_in_repertoire, untranslatable_character). */
const isNul = (error: unknown, depth = 0): boolean =>
  typeof error === "object" &&
  error !== null &&
  depth < 4 &&
  (/^(22021|22P05)$/.test(String(Reflect.get(error, "code"))) ||
    isNul(Reflect.get(error, "reason"), depth + 1) ||
    isNul(Reflect.get(error, "cause"), depth + 1))

const known = (error: unknown): PublicApiProblem | undefined => {
  if (error instanceof PublicApiProblem) return error
  if (error instanceof ChangeRefused) return refusedProblem(error)
  if (error instanceof DestinationRefused) return ofDestination(error)
  if (error instanceof RunnerUnavailable) return problem(503, "unavailable", error.message)
  if (SqlError.isSqlError(error) && isNul(error))
    return problem(422, "input-validation", "A text holds the character U+0000, which cannot be stored.")
  return undefined
}

/** `id`: names the request, in the log and in the answer. */
export const failureOf = (cause: Cause.Cause<unknown>, id: string = randomUUID()): Effect.Effect<PublicApiProblem> => {
  const error = Cause.squash(cause)
  const told = known(error)
  if (told !== undefined) return Effect.succeed(told)
  const away = SqlError.isSqlError(error) && error.isRetryable
  const answer = away
    ? problem(503, "unavailable", "The database is not reachable. Nothing has changed; try again in a moment.")
    : problem(500, "server-error", `Internal error; the log of the service tells more about ${id}.`)
  return Effect.as(Effect.logError(`A request of the Public API failed (${id}): ${causeMessage(cause)}`), answer)
}
