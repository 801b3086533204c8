/**
 * Taking a space over: fence off the owner before, bring rules and graph up to date. What a session knows is
 * exact until a commit fails; then it is thrown away and the next one starts from the store.
 */
import { Clock, Effect } from "effect"
import type { Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import type { RulesDocument } from "../workspace/rules.ts"
import { decodeStoredRules, encodeRules } from "../workspace/stored.ts"
import type { Space } from "../workspace/workspace.ts"
import { IdentityGraph } from "./graph.ts"
import { catchUp } from "./graph-projection.ts"
import { LiveGraphs } from "./live-graphs.ts"
import type { Seq } from "./model.ts"
import { compileRules, type Rules } from "./rules.ts"
import { makeSpaceStore, type SpaceStore } from "./space-store.ts"

/**
 * The rules in force, and the types that events added. A document that the configuration declares becomes a new version when
 * it differs from what the configuration declared last (IDR-156): what people saved since outlives a restart.
 */
export const currentRules = Effect.fnUntraced(function* (store: SpaceStore, space: Space, epoch: number) {
  const doc = encodeRules(space.rules)
  const latest = yield* store.latestRules()
  let version = latest?.version ?? 0
  let document = space.rules
  if (latest !== undefined && latest.declared !== null && encodeRules(decodeStoredRules(latest.declared)) === doc)
    document = JSON.parse(latest.doc) as RulesDocument
  else {
    version += 1
    yield* store.saveRules(epoch, version, doc, yield* Clock.currentTimeMillis)
    if (version > 1)
      yield* Effect.logInfo(`Space ${space.slug}: identity rules version ${version} apply to events from here on`)
  }
  return compileRules(document, version, yield* store.autoAdded())
})

export interface SpaceSession {
  readonly store: SpaceStore
  readonly epoch: number
  readonly graphId: string
  /** Where the cursor stood. */
  readonly committed: Position
  /** Last `seq` given, or where the cursor stood, whichever is larger: everything decided is up to here. */
  readonly lastSeq: Seq
  /** As stored: what the next commit compares. */
  readonly storedSeq: Seq
  readonly graphPosition: Position
  readonly rules: Rules
}

export const openSession = Effect.fnUntraced(function* (space: Space) {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const graphs = yield* LiveGraphs
  const store = makeSpaceStore(database, space.id)
  const { pos: committed, epoch, seq: storedSeq } = yield* store.takeOver()
  const lastSeq = Math.max(storedSeq, committed)
  const rules = yield* currentRules(store, space, epoch)
  const graphId = graphs.graphOf(space.id)
  const opened = yield* graph.open(graphId)
  const graphPosition = yield* catchUp({ store, graph, graphId, from: opened, upTo: lastSeq })
  return { store, epoch, graphId, committed, lastSeq, storedSeq, graphPosition, rules } satisfies SpaceSession
})
