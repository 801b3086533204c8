/** A change of destinations that cannot be made: why, and what to do instead. Nothing has changed. */
import { Data } from "effect"

export interface FieldProblem {
  /** Path in what was sent, e.g. `settings.apiKey`. */
  readonly field: string
  readonly message: string
}

/** What went wrong, without saying it in HTTP: 422, 409, 404, 400, 503 of ADM-15. */
export type RefusalKind = "invalid" | "conflict" | "not-found" | "bad-request" | "unavailable"

export class DestinationRefused extends Data.TaggedError("DestinationRefused")<{
  readonly kind: RefusalKind
  /** `errors[].data.code`, e.g. `NAME_TAKEN`. */
  readonly code: string
  readonly message: string
  /** Where, when it is one member of what was sent. */
  readonly field?: string | undefined
  /** When there are several: one each. */
  readonly problems?: ReadonlyArray<FieldProblem> | undefined
}> {}

export const refused = (
  kind: RefusalKind,
  code: string,
  message: string,
  field?: string,
  problems?: ReadonlyArray<FieldProblem>
): DestinationRefused => new DestinationRefused({ kind, code, message, field, problems })

export const invalid = (code: string, message: string, field?: string): DestinationRefused =>
  refused("invalid", code, message, field)
