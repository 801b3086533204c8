/** What resolvers read besides profiles: pictures, journeys, records, live events. Built once with the room. */
import { Effect } from "effect"
import { History } from "../archive/history.ts"
import { Settings } from "../config.ts"
import { makeDebuggerReader } from "../debugger/reader.ts"
import { IdentityGraph } from "../identity/graph.ts"
import { spaceSchema } from "../identity/schema.ts"
import { Database } from "../platform/database.ts"
import type { ApiServices } from "./api-services.ts"
import { makeInsights } from "./insights.ts"
import { makeOutcomes } from "./outcomes.ts"
import { makeProfileSearch } from "./profile-search.ts"
import { makeEventWeeks } from "./event-weeks.ts"
import type { ReadModel } from "./read-model.ts"
import { makePositionsOf } from "./record-loaders.ts"
import { followWords } from "./search-index.ts"
import { makeSearch } from "./search.ts"
import { type ChangeBatch, makeSpaceChanges } from "./space-changes.ts"
import { SharedReads } from "./follow.ts"
import { makeSchemaChanges } from "../source-schema/changes.ts"
import { makeSchemaReader } from "../source-schema/reader.ts"
import { EventLog } from "../log/event-log.ts"
import type { Space } from "../workspace/workspace.ts"
import { makeThreadReader } from "./thread-reader.ts"

/** Entries of the debugger that a subscription reads at once. */
const liveBatch = 500

export const makeReadServices = Effect.fnUntraced(function* (model: ReadModel) {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const history = yield* History
  const { dedupScope } = yield* Settings
  yield* followWords
  const outcomes = makeOutcomes(database, dedupScope)
  const profileSearch = makeProfileSearch(database, model)
  const spaceChanges = makeSpaceChanges(database, yield* EventLog, history)
  const live = makeDebuggerReader(database)
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  const reads = new Map<string, SharedReads<ChangeBatch>>()
  const liveReads = new SharedReads((after: number) => run(live.after(after, liveBatch)))
  return {
    /** What a space resolves, read once for all who wait at the same place. */
    changes: {
      head: (spaceId: string) => run(spaceChanges.head(spaceId)),
      after: (space: Space, place: number) => {
        let shared = reads.get(space.id)
        if (shared === undefined)
          reads.set(space.id, (shared = new SharedReads((after) => run(spaceChanges.after(space, after)))))
        return shared.get(place)
      }
    },
    liveAfter: (place: number) => liveReads.get(place),
    eventWeeks: makeEventWeeks(database),
    history,
    positionsOf: makePositionsOf(database),
    /** Events that never reached resolution, by reason (IDR-21). */
    dropCounters: (spaceId: string) =>
      Effect.map(
        database.read.unsafe<{ reason: string; count: number }>(
          `select reason, count::float8 as count from ${spaceSchema(spaceId)}.drops order by reason`
        ),
        (rows) => rows.map(({ reason, count }): readonly [string, number] => [reason, count])
      ),
    findMerge: graph.findMerge,
    insights: makeInsights(database),
    live,
    outcomes,
    profileSearch,
    sourceSchema: { read: makeSchemaReader(database), change: makeSchemaChanges(database) },
    search: makeSearch({ database, graph, history, model, profileSearch, outcomes }),
    threads: makeThreadReader({ database, graph, model })
  }
})

export type Services = ApiServices & Effect.Success<ReturnType<typeof makeReadServices>>
