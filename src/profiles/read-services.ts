/** What resolvers read besides profiles: pictures, journeys, records, live events. Built once with the room. */
import { Effect } from "effect"
import { IdentityGraph } from "../identity/graph.ts"
import { Database } from "../platform/database.ts"
import type { ApiServices } from "./api-services.ts"
import type { ReadModel } from "./read-model.ts"
import { makeThreadReader } from "./thread-reader.ts"

export const makeReadServices = Effect.fnUntraced(function* (model: ReadModel) {
  const database = yield* Database
  const graph = yield* IdentityGraph
  return { threads: makeThreadReader({ database, graph, model }) }
})

export type Services = ApiServices & Effect.Success<ReturnType<typeof makeReadServices>>
