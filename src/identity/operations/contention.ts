/**
 * Where profiles fight (IDR-211): identifiers that are demoted again and again between the same profiles, and profiles that
 * are close to a limit, which is how a blob of strangers begins.
 *
 * Contention is read from the violations of the last 30 days, of these the newest 100,000 demotions: so it costs
 * the same in a space with a thousand violations a second. What was merged since is no contention any more.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import type { Collection, Window } from "../../workspace/rules.ts"
import type { FoundProfile, GraphError, GraphId, IdentityGraph } from "../graph.ts"
import type { Identifier, ProfileNo, ProfileView } from "../model.ts"
import type { Rules, TypeRule } from "../rules.ts"
import { spaceSchema } from "../schema.ts"

const newest = 100_000
const most = 100

export interface ContentionServices {
  readonly database: Pick<Database["Service"], "read">
  readonly graph: Pick<IdentityGraph["Service"], "find" | "crowded" | "load">
}

interface InSpace {
  readonly id: string
  readonly graphId: GraphId
}

export interface Contention {
  readonly identifier: Identifier
  /** Canonical segment ids, now; at least two. */
  readonly profiles: ReadonlyArray<string>
  readonly demotions: number
  /** ms */
  readonly firstAt: number
  readonly lastAt: number
  /** Source ids. */
  readonly sources: ReadonlyArray<string>
}

interface Row {
  readonly collection: Collection
  readonly type: string
  readonly value: string
  /** Where the event went. */
  readonly profile: number
  /** JSON list of segment ids. */
  readonly candidates: string
  readonly source: string
  readonly n: number
  readonly first: number
  readonly last: number
}

/** Demotions of one identifier on events of one profile, at least twice, the most first; then what they were between. */
const contendedText = (s: string): string => `
with v as materialized (
  select v.collection, v.type, v.value, v.profile, v.at, v.rec from ${s}.violations v
  where v.type is not null and v.profile is not null
    and v.kind in ('Identifier value limit exceeded', 'Identifier value time limit exceeded', 'Profiles kept apart')
  order by v.pos desc limit $1),
 k as materialized (
  select v.collection, v.type, v.value, v.profile, count(*) as n from v group by 1, 2, 3, 4
  having count(*) > 1 order by n desc, max(v.at) desc limit $2)
select k.collection, k.type, k.value, k.profile::float8 as profile, v.rec::json ->> 'candidates' as candidates,
  v.rec::json -> 'event' ->> 'source_id' as source, count(*)::int4 as n,
  (extract(epoch from min(v.at)) * 1000)::float8 as first, (extract(epoch from max(v.at)) * 1000)::float8 as last
from k join v on v.collection = k.collection and v.type = k.type and v.value = k.value and v.profile = k.profile
group by 1, 2, 3, 4, 5, 6`

interface Sum {
  identifier: Identifier
  profiles: ReadonlyArray<string>
  demotions: number
  firstAt: number
  lastAt: number
  sources: Set<string>
}

/** The top 100, the most demotions first. */
export const contended = Effect.fnUntraced(function* (
  { database, graph }: ContentionServices,
  { id, graphId }: InSpace
): Effect.fn.Return<ReadonlyArray<Contention>, SqlError.SqlError | GraphError> {
  const rows = yield* database.read.unsafe<Row>(contendedText(spaceSchema(id)), [newest, most])
  const names = yield* canonicalNames(graph, graphId, rows)
  const sums = new Map<string, Sum>()
  for (const { collection, type, value, profile, candidates, source, n, first, last } of rows) {
    const ids = [names.get(profile), ...listed(candidates).map((it) => names.get(it))]
    const profiles = [...new Set(ids.filter((it) => it !== undefined))].sort()
    if (profiles.length < 2) continue
    const key = JSON.stringify([collection, type, value, ...profiles])
    const identifier = { collection, type, value }
    let sum = sums.get(key)
    if (sum === undefined)
      sums.set(
        key,
        (sum = { identifier, profiles, demotions: 0, firstAt: first, lastAt: last, sources: new Set<string>() })
      )
    sum.demotions += n
    sum.firstAt = Math.min(sum.firstAt, first)
    sum.lastAt = Math.max(sum.lastAt, last)
    if (source !== null) sum.sources.add(source)
  }
  return [...sums.values()]
    .filter(({ demotions }) => demotions > 1)
    .sort((a, b) => b.demotions - a.demotions || b.lastAt - a.lastAt)
    .slice(0, most)
    .map((sum) => ({ ...sum, sources: [...sum.sources].sort() }))
})

const listed = (json: string | null): ReadonlyArray<string> =>
  json === null ? [] : (JSON.parse(json) as ReadonlyArray<string>)

/** Canonical segment ids by profile number and by segment id. */
const canonicalNames = Effect.fnUntraced(function* (
  graph: ContentionServices["graph"],
  graphId: GraphId,
  rows: ReadonlyArray<Row>
): Effect.fn.Return<ReadonlyMap<ProfileNo | string, string>, GraphError> {
  const names = new Map<ProfileNo | string, string>()
  for (const collection of ["users", "accounts"] as const) {
    const own = rows.filter((row) => row.collection === collection)
    const nos = [...new Set(own.map(({ profile }) => profile))]
    const ids = [...new Set(own.flatMap(({ candidates }) => listed(candidates)))]
    if (nos.length === 0) continue
    const found: ReadonlyArray<FoundProfile | null> = yield* graph.find(graphId, collection, [
      ...nos.map((no) => ({ no })),
      ...ids.map((segmentId) => ({ segmentId }))
    ])
    for (const [i, key] of [...nos, ...ids].entries()) {
      const profile = found[i]
      if (profile !== null && profile !== undefined) names.set(key, profile.segmentId)
    }
  }
  return names
})

export interface NearLimit {
  readonly segmentId: string
  readonly collection: Collection
  /** Identifier type. */
  readonly type: string
  readonly count: number
  readonly limit: number
  readonly window: Window
}

/** A profile fills a limit of 1 by being one person; only two are remarkable. */
const remarkable = ({ limit }: TypeRule): number => (limit === 1 ? 2 : Math.floor(limit * 0.8) + 1)

/** Most values of a type that were added within one window, whenever. */
const countWithin = ({ windowMs, type }: TypeRule, { added }: ProfileView): number => {
  const times = added.get(type) ?? []
  if (windowMs === Number.POSITIVE_INFINITY) return times.length
  const sorted = [...times].sort((a, b) => a - b)
  let best = 0
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while (sorted[to]! - sorted[from]! >= windowMs) from++
    best = Math.max(best, to - from + 1)
  }
  return best
}

/**
 * Profiles above 80 % of a value limit, by how far they fill it, at most 100. Of a limit with a window the
 * busiest window counts; among the 400 profiles with the most values.
 */
export const nearLimits = Effect.fnUntraced(function* (
  { graph }: ContentionServices,
  { graphId }: InSpace,
  rules: Rules
): Effect.fn.Return<ReadonlyArray<NearLimit>, GraphError> {
  const all: Array<NearLimit> = []
  for (const collection of ["users", "accounts"] as const) {
    const types = [...rules.byType.values()].filter((rule) => rule.enabled && rule.collection === collection)
    const crowded = yield* graph.crowded(
      graphId,
      collection,
      new Map(types.map((rule) => [rule.type, remarkable(rule)])),
      4 * most
    )
    if (crowded.length === 0) continue
    const windowed = crowded.filter(({ type }) => rules.byType.get(type)!.windowMs !== Number.POSITIVE_INFINITY)
    const nos = [...new Set(windowed.map(({ no }) => no))]
    const { profiles } = yield* graph.load(graphId, { identifiers: [], profiles: nos })
    const views = new Map(profiles.map((view) => [view.no, view]))
    const found = crowded.flatMap(({ no, segmentId, type, count }): ReadonlyArray<NearLimit> => {
      const rule = rules.byType.get(type)!
      const view = views.get(no)
      const used = view === undefined ? count : countWithin(rule, view)
      if (used < remarkable(rule)) return []
      return [{ segmentId, collection, type, count: used, limit: rule.limit, window: rule.window }]
    })
    all.push(...found)
  }
  return all.sort((a, b) => b.count / b.limit - a.count / a.limit || b.count - a.count).slice(0, most)
})
