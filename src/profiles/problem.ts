/** What a client did wrong, or what failed behind the API, as REST says it (spec 03 section 1.3). */
import { Data } from "effect"

export class ApiProblem extends Data.TaggedError("ApiProblem")<{
  readonly status: number
  readonly code: string
  readonly message: string
}> {}

export const invalid = (message: string): ApiProblem =>
  new ApiProblem({ status: 400, code: "validation_error", message })

export const notFound = new ApiProblem({ status: 404, code: "not_found", message: "Profile was not found." })
export const noSuchResource = new ApiProblem({
  status: 404,
  code: "not_found",
  message: "The resource was not found."
})
export const unauthenticated = new ApiProblem({
  status: 401,
  code: "authentication_error",
  message: "The access token is missing or not valid for this space."
})
export const forbidden = (scope: string): ApiProblem =>
  new ApiProblem({
    status: 403,
    code: "forbidden",
    message: `The access token lacks the scope \`${scope}\`.`
  })
export const onlyGet = new ApiProblem({
  status: 405,
  code: "invalid_request_error",
  message: "The Profile API is read with GET."
})
export const tooManyRequests = (limit: number): ApiProblem =>
  new ApiProblem({
    status: 429,
    code: "rate_limit_error",
    message: `Above the limit of ${limit} requests per second for this space. Try again in a second.`
  })
export const unavailable = new ApiProblem({
  status: 503,
  code: "server_error",
  message: "A store behind the Profile API is not available. Try again in a moment."
})
export const internal = new ApiProblem({ status: 500, code: "server_error", message: "Internal error." })
