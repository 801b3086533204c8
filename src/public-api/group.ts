/**
 * How a group of the Public API is written: endpoints are declared with Effect's HttpApi, from which types, decoding and the
 * OpenAPI document come, and paired here with what answers them. Serving is ours (`serve.ts`), because ADM-12 to ADM-19 ask for
 * what HttpApi's own server does not do: nested query parameters, one envelope for every answer, versions, idempotency.
 */
import { type HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Context, type Effect, Schema } from "effect"
import type { SqlError } from "effect/sql"
import type { RunnerUnavailable } from "../catalog/runner.ts"
import type { DestinationRefused } from "../destinations/manage/refused.ts"
import type { ChangeRefused } from "../workspace/refused.ts"
import type { Caller } from "./caller.ts"
import type { PublicApiProblem } from "./problem.ts"

export type Version = "v1" | "v1beta" | "v1alpha"

/** The versions that an endpoint has, as Segment's client knows them (ADM-13); all unless it says otherwise. */
export const Versions = Context.Reference<ReadonlyArray<Version>>("braid/public-api/Versions", {
  defaultValue: () => ["v1", "v1beta", "v1alpha"]
})

/** Answered without a token (ADM-21). */
export const WithoutToken = Context.Reference<boolean>("braid/public-api/WithoutToken", { defaultValue: () => false })

/** Bytes of a body; larger ones are answered 413. */
export const MaxBody = Context.Reference<number>("braid/public-api/MaxBody", { defaultValue: () => 10 * 1024 * 1024 })

/** The envelope of an answer. */
export const data = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct({ data: Schema.Struct(fields) })

/** The same, answered with 201. */
export const created = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  data(fields).pipe(HttpApiSchema.status(201))

/** Answer of every deletion (ADM-24). */
export const deleted = data({ status: Schema.Literal("SUCCESS") })
export const success = { status: "SUCCESS" } as const

/** Data with headers of its own. */
export class WithHeaders<A> {
  readonly data: A
  readonly headers: Readonly<Record<string, string>>

  constructor(data: A, headers: Readonly<Record<string, string>>) {
    this.data = data
    this.headers = headers
  }
}

export interface Asked<Params, Query, Payload> {
  readonly params: Params
  readonly query: Query
  readonly payload: Payload
  /** Of the request; without secrets. */
  readonly headers: Readonly<Record<string, string>>
  readonly caller: Caller
}

export type Failure = PublicApiProblem | ChangeRefused | DestinationRefused | RunnerUnavailable | SqlError.SqlError

type DataOf<Success> = Success extends { readonly data: infer A } ? A : never

type HandlerOf<E> =
  E extends HttpApiEndpoint.HttpApiEndpoint<
    infer _Identifier,
    infer _Method,
    infer _Path,
    infer Params,
    infer Query,
    infer Payload,
    infer _Headers,
    infer Success
  >
    ? (
        asked: Asked<Params["Type"], Query["Type"], Payload["Type"]>
      ) => Effect.Effect<DataOf<Success["Type"]> | WithHeaders<DataOf<Success["Type"]>>, Failure>
    : never

export type Handler = (asked: Asked<unknown, unknown, unknown>) => Effect.Effect<object, Failure>

export interface Handled {
  readonly group: HttpApiGroup.Top
  readonly routes: ReadonlyArray<{ readonly endpoint: HttpApiEndpoint.Top; readonly handler: Handler }>
}

type Endpoints<Group extends HttpApiGroup.Constraint> = Group["endpoints"]

/** A group of Segment's, by its name there. */
export const group = <const Name extends string>(name: Name) => HttpApiGroup.make(name, { topLevel: true })

/** Pairs the endpoints of a group with their handlers: none can be forgotten. */
export const handled = <Group extends HttpApiGroup.Constraint>(
  declared: Group,
  handlers: { readonly [Name in keyof Endpoints<Group>]: HandlerOf<Endpoints<Group>[Name]> }
): Handled => {
  const own: HttpApiGroup.Constraint = declared
  const top = own as HttpApiGroup.Top
  const byName = handlers as Readonly<Record<string, Handler>>
  return {
    group: top,
    routes: Object.entries(top.endpoints).map(([name, endpoint]) => ({ endpoint, handler: byName[name]! }))
  }
}
