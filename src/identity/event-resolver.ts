/**
 * Resolving events against the working set of a session: what the set lacks is loaded, what was decided is in it
 * afterwards. Nothing is written; that is the commit of `space-actor.ts`.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { SettingsValue } from "../config.ts"
import type { LogEvent } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import type { Workspace } from "../workspace/workspace.ts"
import { type HowToPrepare, prepare, type Prepared, type ResolvedBatch, resolveBatch } from "./batch.ts"
import type { GraphError, GraphId, GraphUnavailable, IdentityGraph } from "./graph.ts"
import { noteIssued } from "./issued-ids.ts"
import type { Seq } from "./model.ts"
import { type Before, readBefore } from "./resolved-again.ts"
import type { Rules } from "./rules.ts"
import { spaceSchema } from "./schema.ts"
import type { SpaceStore } from "./space-store.ts"
import { applyTraitWrites, type WarmTraits } from "./trait-store.ts"
import type { WorkingSet } from "./working-set.ts"

export interface Resolved {
  /** The events that were resolved, from the first on: all, or as many as the set knows while the graph is away. */
  readonly part: ReadonlyArray<Prepared>
  readonly batch: ResolvedBatch
  /** The rules after the last of them: events add types (IDR-37). */
  readonly rules: Rules
  readonly toSeq: Seq
}

export const makeResolver = (options: {
  readonly spaceId: string
  readonly settings: Pick<SettingsValue, "maxMerges" | "maxMappings" | "maxTraits" | "dedupScope">
  readonly workspace: Workspace["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly graphId: GraphId
  readonly database: Database["Service"]
  readonly store: SpaceStore
  readonly set: WorkingSet
  readonly traits: WarmTraits
  readonly onGraphAway: (error: GraphUnavailable) => void
}) => {
  const { spaceId, settings, workspace, graph, graphId, store, set, traits } = options
  const limits = { maxMerges: settings.maxMerges, maxMappings: settings.maxMappings }
  const sourceOf = (no: number) => workspace.current().sourceByNo.get(no)

  /** Loads what the working set lacks; answers how many of the events, from the first on, can be resolved now. */
  const load = Effect.fnUntraced(function* (prepared: ReadonlyArray<Prepared>) {
    const request = set.request(prepared.map((item) => item.extraction))
    if (request.identifiers.length === 0 && request.profiles.length === 0) return prepared.length
    return yield* graph.load(graphId, request).pipe(
      Effect.map((loaded) => {
        set.absorb(request, loaded)
        return prepared.length
      }),
      Effect.catchTag("GraphUnavailable", (error) => {
        options.onGraphAway(error)
        return Effect.succeed(knownPrefix(set, prepared))
      })
    )
  })

  const beforeOf = (events: ReadonlyArray<LogEvent>) =>
    readBefore(
      { database: options.database, schema: spaceSchema(spaceId), graph, graphId },
      events.map(({ hash }) => hash)
    ).pipe(
      Effect.catchTag("GraphUnavailable", (error) => {
        options.onGraphAway(error)
        return Effect.undefined
      })
    )

  /**
   * Resolves the events in order after `lastSeq`; `seen`: ledger keys that count as resolved, but for those that are resolved
   * `again`. Undefined: the graph is away and the first one needs it.
   */
  return Effect.fnUntraced(function* (
    events: ReadonlyArray<LogEvent>,
    how: Omit<HowToPrepare, "again" | "seqOf"> & { readonly rules: Rules; readonly again?: boolean }
  ): Effect.fn.Return<Resolved | undefined, GraphError | SqlError.SqlError> {
    const again = how.again === true ? yield* beforeOf(events) : new Map<string, Before>()
    if (again === undefined) return undefined
    const prepared = prepare(events, how.rules, sourceOf, { ...how, again })
    const n = yield* load(prepared)
    if (n === 0) return undefined
    const part = n === prepared.length ? prepared : prepared.slice(0, n)
    if (settings.dedupScope === "source" || again.size > 0) yield* noteIssued(options, part)
    const batch = resolveBatch(part, spaceId, limits, set)
    yield* applyTraitWrites(store, traits, batch.writes, settings.maxTraits, batch.rows)
    const { rules, facts } = part.at(-1)!
    return { part, batch, rules, toSeq: facts.seq }
  })
}

/** Number of events, from the first on, for which the working set needs nothing. */
const knownPrefix = (set: WorkingSet, prepared: ReadonlyArray<Prepared>): number => {
  const at = prepared.findIndex((item) => {
    const request = set.request([item.extraction])
    return request.identifiers.length > 0 || request.profiles.length > 0
  })
  return at === -1 ? prepared.length : at
}
