/** What the Public API answers instead of data (ADM-14, ADM-15): always a list of errors, whatever went wrong. */
import { Data } from "effect"
import type { ChangeRefused } from "../workspace/refused.ts"

export interface ApiError {
  readonly type: string
  readonly message: string
  readonly field?: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** The request is answered with these errors. */
export class PublicApiProblem extends Data.TaggedError("PublicApiProblem")<{
  readonly status: number
  readonly errors: ReadonlyArray<ApiError>
  readonly headers?: Readonly<Record<string, string>>
}> {
  override get message() {
    return this.errors.map(({ message }) => message).join(" ")
  }
}

export interface FieldProblem {
  /** Path of the wrong member, e.g. `rules[0].key`. */
  readonly field: string
  readonly message: string
}

export const problem = (
  status: number,
  type: string,
  message: string,
  more: {
    readonly headers?: Readonly<Record<string, string>>
    readonly data?: Readonly<Record<string, unknown>>
  } = {}
): PublicApiProblem => {
  const { headers, data } = more
  const error = { type, message, ...(data === undefined ? undefined : { data }) }
  return new PublicApiProblem({ status, errors: [error], ...(headers === undefined ? undefined : { headers }) })
}

export const invalid = (problems: ReadonlyArray<FieldProblem>): PublicApiProblem =>
  new PublicApiProblem({
    status: 422,
    errors: problems.map(({ field, message }) => ({ type: "input-validation", field, message }))
  })

export const notFound = (what: string): PublicApiProblem => problem(404, "not-found", `There is no ${what}.`)

export const forbidden = (message: string): PublicApiProblem => problem(403, "forbidden", message)

const refusals: Readonly<Partial<Record<ChangeRefused["code"], readonly [status: number, type: string]>>> = {
  NOT_FOUND: [404, "not-found"],
  VALIDATION_FAILED: [422, "input-validation"],
  FORBIDDEN: [403, "forbidden"]
}

/** Domain codes are in `data.code` (ADM-15). */
export const refusedProblem = ({ code, message }: ChangeRefused): PublicApiProblem => {
  const [status, type] = refusals[code] ?? [409, "conflict"]
  return problem(status, type, message, { data: { code } })
}
