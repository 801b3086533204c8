/** What clients try themselves with (ADM-21): answers what it is asked for, errors too. */
import { Effect, Schema } from "effect"
import { HttpApiEndpoint } from "effect/http-api"
import { data, group, handled, Versions, WithoutToken } from "../group.ts"
import { problem, PublicApiProblem } from "../problem.ts"

const longestDelayMs = 10_000

const query = {
  message: Schema.optionalKey(Schema.String),
  delay: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  triggerError: Schema.optionalKey(Schema.Boolean),
  triggerMultipleErrors: Schema.optionalKey(Schema.Boolean),
  triggerUnexpectedError: Schema.optionalKey(Schema.Boolean),
  statusCode: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 599 })))
}

const declared = group("Testing").add(
  HttpApiEndpoint.get("echo", "/echo", {
    query,
    success: data({
      method: Schema.Literal("get"),
      message: Schema.String,
      headers: Schema.Record(Schema.String, Schema.String)
    })
  })
    .annotate(Versions, ["v1", "v1alpha"])
    .annotate(WithoutToken, true)
)

const types: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  422: "input-validation",
  429: "RequestError",
  501: "not-implemented",
  503: "unavailable"
}

const asked = (message: string, at: number) => ({ type: "bad-request", message: `${message} (${at})` })

export const testing = Effect.succeed(
  handled(declared, {
    echo: ({ query, headers }) =>
      Effect.gen(function* () {
        const { message = "", delay = 0, statusCode } = query
        if (delay > 0) yield* Effect.sleep(Math.min(delay, longestDelayMs))
        if (query.triggerUnexpectedError === true) return yield* Effect.die(new Error("An echo was asked to fail."))
        if (query.triggerMultipleErrors === true)
          return yield* new PublicApiProblem({
            status: statusCode ?? 400,
            errors: [asked("First error", 1), asked("Second error", 2)]
          })
        if (query.triggerError === true || statusCode !== undefined) {
          const status = statusCode ?? 400
          const type = types[status] ?? (status < 500 ? "bad-request" : "server-error")
          return yield* problem(status, type, message === "" ? "The error that was asked for." : message)
        }
        return { method: "get" as const, message, headers }
      })
  })
)
