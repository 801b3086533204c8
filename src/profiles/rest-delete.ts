/**
 * Deleting one identifier of a profile over REST (PRO-50, PRO-51): the checks in the documented order with the
 * documented words; the deletion itself is an operation of the space's actor (IDR-150).
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { OperationAnswers, OperationRefused, OperationRequest } from "../identity/operations/operation.ts"
import { defaultTypes } from "../workspace/default-types.ts"
import type { AccessToken, Space } from "../workspace/workspace.ts"
import { allows } from "./access.ts"
import { ApiProblem } from "./problem.ts"
import { makeRateLimit } from "../platform/rate-limit.ts"

const problem = (status: number, code: string, message: string) => new ApiProblem({ status, code, message })
const bad = (message: string) => problem(400, "bad_request", message)

export const invalidToken = problem(401, "unauthorized", "The specified token is invalid.")

/** Deletions a second in one space, and so for each of its profiles (IDR-154). */
const perSecond = 100

export const tooManyDeletions = problem(
  429,
  "rate_limit_error",
  "Attempted to delete more than 100 IDs per second for a single profile."
)

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw bad("Missing required parameters in URL.")
  }
}

/** `user_id` and value of the profile's part of the path. */
const lookUpOf = (raw: string): readonly [type: string, value: string] => {
  const text = raw.includes(":") ? raw : decoded(raw)
  const colon = text.indexOf(":")
  const part = (value: string) => (text === raw ? decoded(value) : value)
  const type = part(colon === -1 ? text : text.slice(0, colon))
  return [type, colon === -1 ? "" : part(text.slice(colon + 1))]
}

interface Wanted {
  readonly id: string
  readonly type: string
}

const parsed = (bytes: Buffer | null): unknown => {
  try {
    return bytes === null ? undefined : JSON.parse(bytes.toString("utf8"))
  } catch {
    return undefined
  }
}

const wantedOf = (bytes: Buffer | null): Wanted => {
  const body = parsed(bytes)
  const list =
    typeof body === "object" && body !== null && "delete_external_ids" in body ? body.delete_external_ids : []
  if (!Array.isArray(list) || list.length !== 1) throw bad("Only one external_id can be deleted at a time.")
  const [one] = list as ReadonlyArray<unknown>
  const { id, type } = typeof one === "object" && one !== null ? (one as Partial<Record<keyof Wanted, unknown>>) : {}
  if (typeof type !== "string" || typeof id !== "string" || id === "")
    throw problem(400, "unsupported_eid_type", "Unsupported external id type.")
  return { id, type }
}

const refusedAs = (space: Space, { code, message }: OperationRefused): ApiProblem => {
  switch (code) {
    case "UNSUPPORTED_IDENTIFIER":
      return problem(400, "unsupported_eid_type", "Unsupported external id type.")
    case "VALIDATION_FAILED":
      return bad("External id specification must differ from lookup id.")
    case "IDENTIFIER_SWITCHED_OFF":
      return problem(403, "forbidden", `Deleted identifier not activated for space_id ${space.id}.`)
    case "NOT_FOUND":
      return problem(404, "not_found", "The resource was not found.")
    case "IDENTIFIER_NOT_FOUND":
      return problem(404, "eid_not_found", "External identifier not found.")
    case "TIMEOUT":
      return problem(503, "server_error", message)
    default:
      return problem(500, "server_error", "Internal error.")
  }
}

export const makeDelete = (
  operate: (
    request: OperationRequest<"delete_identifier">
  ) => Effect.Effect<OperationAnswers["delete_identifier"], OperationRefused | SqlError.SqlError>
) => {
  const rate = makeRateLimit()
  /** `segments` are those behind `/v1/spaces/{space_id}/`. */
  return (access: AccessToken, space: Space, segments: ReadonlyArray<string>, body: Buffer | null) =>
    Effect.gen(function* () {
      const [, collection = "", , raw = ""] = segments
      if (!rate.take(space.id, 1, perSecond, performance.now())) return yield* tooManyDeletions
      if (collection !== "users") return yield* bad(`Invalid collection: ${collection}.`)
      const [type, userId] = lookUpOf(raw)
      if (segments.length !== 6 || segments[2] !== "profiles" || type === "")
        return yield* bad("Missing required parameters in URL.")
      if (type !== "user_id" || userId === "")
        return yield* bad(`Invalid URL: valid \`user_id\` is required. Unsupported ${type}.`)
      const wanted = wantedOf(body)
      if (defaultTypes.get(wanted.type)?.collection === "accounts")
        return yield* problem(400, "unsupported_eid_type", "Unsupported external id type.")
      if (wanted.type === "user_id" && wanted.id === userId)
        return yield* bad("External id specification must differ from lookup id.")
      if (!allows(access, "identifiers:delete"))
        return yield* problem(403, "forbidden", "The access token lacks the scope `identifiers:delete`.")
      if (space.sources.length === 0)
        return yield* problem(404, "source_id_not_found", `No source attached to space_id ${space.id}.`)
      yield* operate({
        spaceId: space.id,
        kind: "delete_identifier",
        input: { userId, identifier: wanted },
        actor: `token:${access.name}`,
        reason: ""
      }).pipe(Effect.catchTag("OperationRefused", (refused) => Effect.fail(refusedAs(space, refused))))
      return { code: "success", message: "External identifier has been deleted." }
    })
}
