/**
 * What other rules would leave outside their bounds (IDR-157): profiles with more values of a type than it would allow. They
 * keep working and cannot grow in that type (IDR-65); a person should know how many they are before saving. Reads only.
 */
import { Effect } from "effect"
import type { Collection, Window } from "../../workspace/rules.ts"
import type { CrowdedProfile, GraphError, GraphId, IdentityGraph } from "../graph.ts"
import { busiest } from "../limits.ts"
import type { ProfileNo } from "../model.ts"
import type { Rules, TypeRule } from "../rules.ts"

/** Profiles looked at, per collection and from the fullest down. */
const mostCandidates = 10_000
const profilesALoad = 500

export interface TypeOutside {
  readonly type: string
  readonly collection: Collection
  readonly limit: number
  readonly window: Window
  readonly profiles: number
}

export interface OutsideBounds {
  /** Profiles that are outside at least one bound. */
  readonly profiles: number
  /** Per type, only those with any; the most trusted first. */
  readonly types: ReadonlyArray<TypeOutside>
  /** False: there are so many that not all were counted; the numbers are the least there are. */
  readonly complete: boolean
}

export const countOutside = Effect.fnUntraced(function* (
  graph: Pick<IdentityGraph["Service"], "crowded" | "load">,
  graphId: GraphId,
  rules: Rules
): Effect.fn.Return<OutsideBounds, GraphError> {
  const outside = new Set<ProfileNo>()
  const byType = new Map<string, number>()
  let complete = true
  for (const collection of ["users", "accounts"] as const) {
    const limits = new Map(
      rules.ranked.filter((rule) => rule.collection === collection).map(({ type, limit }) => [type, limit + 1])
    )
    const crowded = yield* graph.crowded(graphId, collection, limits, mostCandidates)
    if (crowded.length === mostCandidates) complete = false
    for (const { no, type } of yield* overTheWindow(graph, graphId, rules, crowded)) {
      outside.add(no)
      byType.set(type, (byType.get(type) ?? 0) + 1)
    }
  }
  const types = rules.ranked.flatMap(({ type, collection, limit, window }): ReadonlyArray<TypeOutside> => {
    const profiles = byType.get(type)
    return profiles === undefined ? [] : [{ type, collection, limit, window, profiles }]
  })
  return { profiles: outside.size, types, complete }
})

/** With a window, only values that came within one count; the times are loaded for those types alone. */
const overTheWindow = Effect.fnUntraced(function* (
  graph: Pick<IdentityGraph["Service"], "load">,
  graphId: GraphId,
  rules: Rules,
  crowded: ReadonlyArray<CrowdedProfile>
): Effect.fn.Return<ReadonlyArray<CrowdedProfile>, GraphError> {
  const ruleOf = ({ type }: CrowdedProfile): TypeRule => rules.byType.get(type)!
  const ever = (profile: CrowdedProfile) => ruleOf(profile).windowMs === Number.POSITIVE_INFINITY
  const over = crowded.filter(ever)
  const timed = crowded.filter((profile) => !ever(profile))
  for (let at = 0; at < timed.length; at += profilesALoad) {
    const page = timed.slice(at, at + profilesALoad)
    const profiles = [...new Set(page.map(({ no }) => no))]
    const loaded = yield* graph.load(graphId, { identifiers: [], profiles })
    const added = new Map(loaded.profiles.map((view) => [view.no, view.added]))
    for (const profile of page) {
      const { limit, windowMs } = ruleOf(profile)
      if (busiest(windowMs, added.get(profile.no)?.get(profile.type) ?? []) > limit) over.push(profile)
    }
  }
  return over
})
