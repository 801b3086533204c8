/** A change that cannot be made: why, and what to do instead. Nothing has changed. */
import { Data, Effect } from "effect"
import { givenName } from "./given-name.ts"

export class ChangeRefused extends Data.TaggedError("ChangeRefused")<{
  /** As in PRO-64. */
  readonly code:
    | "NOT_FOUND"
    | "VALIDATION_FAILED"
    | "FORBIDDEN"
    | "CONFLICT"
    | "SLUG_IMMUTABLE"
    | "SPACE_QUOTA"
    | "CONNECTION_POLICY"
    | "SOURCE_TYPE_UNSUPPORTED"
  readonly message: string
}> {}

export const refuse = (code: ChangeRefused["code"], message: string): ChangeRefused =>
  new ChangeRefused({ code, message })

const longestName = 200

/** The name without blanks around it; `what` says whose, e.g. `the space`. */
export const checkName = (name: string, what: string): Effect.Effect<string, ChangeRefused> => {
  const given = givenName(name, longestName)
  return given === undefined
    ? Effect.fail(refuse("VALIDATION_FAILED", `Give ${what} a name of 1 to ${longestName} visible characters.`))
    : Effect.succeed(given)
}
