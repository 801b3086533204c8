/** What resolvers read besides profiles: pictures, journeys, records, live events. Built once with the room. */
import { Effect } from "effect"
import { History } from "../archive/history.ts"
import { Settings } from "../config.ts"
import { makeDebuggerReader } from "../debugger/reader.ts"
import { IdentityGraph } from "../identity/graph.ts"
import { Database } from "../platform/database.ts"
import type { ApiServices } from "./api-services.ts"
import { makeInsights } from "./insights.ts"
import { makeOutcomes } from "./outcomes.ts"
import { makeProfileSearch } from "./profile-search.ts"
import type { ReadModel } from "./read-model.ts"
import { makePositionsOf } from "./record-loaders.ts"
import { followWords } from "./search-index.ts"
import { makeSearch } from "./search.ts"
import { makeThreadReader } from "./thread-reader.ts"

export const makeReadServices = Effect.fnUntraced(function* (model: ReadModel) {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const history = yield* History
  const { dedupScope } = yield* Settings
  yield* followWords
  const outcomes = makeOutcomes(database, dedupScope)
  const profileSearch = makeProfileSearch(database, model)
  return {
    history,
    positionsOf: makePositionsOf(database),
    findMerge: graph.findMerge,
    insights: makeInsights(database),
    live: makeDebuggerReader(database),
    outcomes,
    profileSearch,
    search: makeSearch({ database, graph, history, model, profileSearch, outcomes }),
    threads: makeThreadReader({ database, graph, model })
  }
})

export type Services = ApiServices & Effect.Success<ReturnType<typeof makeReadServices>>
