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

const sqlStateOf = (error: unknown, depth = 0): string => {
  if (typeof error !== "object" || error === null || depth > 4) return ""
  const code: unknown = Reflect.get(error, "code")
  if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) return code
  return sqlStateOf(Reflect.get(error, "reason"), depth + 1) || sqlStateOf(Reflect.get(error, "cause"), depth + 1)
}

/** What the rooms leave to the database: characters, and two who take one name at once. */
const ofDatabase = (error: unknown): PublicApiProblem | undefined => {
  switch (SqlError.isSqlError(error) ? sqlStateOf(error) : "") {
    case "22021":
    case "22P05":
      return problem(422, "input-validation", "A text holds the character U+0000, which cannot be stored.")
    case "23505":
      return problem(409, "conflict", "There is one with this name or id already, made at the same moment.")
    default:
      return undefined
  }
}

const known = (error: unknown): PublicApiProblem | undefined => {
  if (error instanceof PublicApiProblem) return error
  if (error instanceof ChangeRefused) return refusedProblem(error)
  if (error instanceof DestinationRefused) return ofDestination(error)
  if (error instanceof RunnerUnavailable) return problem(503, "unavailable", error.message)
  return ofDatabase(error)
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
