/**
 * The list of profiles by latest activity, without an index that every event would have to pay for.
 *
 * The table of stamps only grows at its end, so its physical order is the order of resolution. It is read in parts of
 * `partBlocks` blocks from the end; a profile is listed in the part that holds its newest stamp, by (t, position).
 *
 * - Inside a part (some 10,000 events) the order is exactly `updated_at` descending; parts follow each other by arrival.
 * - A page makes at most `roundsPerPage` reads of up to one part; it may come back short, then `next` goes on. These reads
 *   sort thousands of rows: one at a time, and not on the connections that the quick look-ups share.
 * - The cursor keeps the position at which the listing began: what arrives later moves no profile, so none is
 *   skipped or shown twice.
 */
import { Effect, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { type FoundProfile, type GraphError, IdentityGraph } from "../identity/graph.ts"
import type { ProfileNo } from "../identity/model.ts"
import { readerName } from "../identity/space-store.ts"
import type { Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import type { Collection } from "../workspace/rules.ts"
import { readActivity, stampColumn } from "./activity.ts"
import type { ListCursor } from "./cursors.ts"
import type { Activity, ReadSpace } from "./views.ts"

const partBlocks = 128
const roundsPerPage = 8

export interface ListedProfile {
  readonly profile: FoundProfile
  readonly activity: Activity
  /** The list goes on behind this profile. */
  readonly cursor: ListCursor
}

export interface ProfileListPage {
  readonly profiles: ReadonlyArray<ListedProfile>
  readonly next: ListCursor | null
}

interface Candidate {
  readonly no: ProfileNo
  readonly at: Date
  readonly pos: number
}

/** The newest stamp of each profile within a part, newest first. */
const candidatesText = (schema: string, column: string): string => `
select x.no::float8 as no, x.t as at, x.pos::float8 as pos from (
  select distinct on (s.${column}) s.${column} as no, s.t, s.pos from ${schema}.stamps s
  where s.ctid >= $1::text::tid and s.ctid < $2::text::tid and s.pos <= $3::float8::bigint and s.${column} is not null
  order by s.${column}, s.t desc, s.pos desc) x
where $4::timestamptz is null or (x.t, x.pos) < ($4, $5::float8::bigint)
order by x.t desc, x.pos desc limit $6`

const startText = (schema: string): string => `
select coalesce((select c.pos from cursors c where c.reader = $1), 0)::float8 as pos,
  greatest(0, ceil(pg_relation_size('${schema}.stamps') / (current_setting('block_size')::float8 * ${partBlocks})) - 1)::int4 as part`

export const makeProfileList = Effect.gen(function* () {
  const database = yield* Database
  const graph = yield* IdentityGraph
  const oneReader = yield* Semaphore.make(1)

  const begin = (space: ReadSpace) =>
    Effect.map(
      database.read.unsafe<{ pos: number; part: number }>(startText(space.schema), [readerName(space.id)]),
      ([row]): ListCursor => ({ asOf: row!.pos, part: row!.part, after: null })
    )

  /** Those candidates whose newest stamp is the one found: each profile has exactly one, whatever was merged into it. */
  const listed = Effect.fnUntraced(function* (
    space: ReadSpace,
    collection: Collection,
    candidates: ReadonlyArray<Candidate>,
    asOf: Position
  ) {
    if (candidates.length === 0) return []
    const refs = candidates.map(({ no }) => ({ no }))
    const found = yield* graph.find(space.graph, collection, refs)
    const profiles = [...new Map(found.flatMap((one) => (one === null ? [] : [[one.no, one] as const]))).values()]
    const activities = yield* readActivity(database, space, collection, profiles, asOf)
    const byNo = new Map(profiles.map(({ no }, i) => [no, activities[i]!]))
    return candidates.flatMap(({ pos }, i): Array<Omit<ListedProfile, "cursor">> => {
      const profile = found[i]!
      const activity = profile === null ? null : byNo.get(profile.no)!
      return activity?.position === pos ? [{ profile: profile!, activity }] : []
    })
  })

  return Effect.fnUntraced(function* (
    space: ReadSpace,
    collection: Collection,
    cursor: ListCursor | null,
    limit: number
  ): Effect.fn.Return<ProfileListPage, GraphError | SqlError.SqlError> {
    const text = candidatesText(space.schema, stampColumn(collection))
    const wanted = Math.max(20, 2 * (limit + 1))
    const profiles: Array<ListedProfile> = []
    let { asOf, part, after } = cursor ?? (yield* begin(space))
    for (let round = 0; part >= 0 && round < roundsPerPage; round++) {
      const candidates = yield* oneReader.withPermits(1)(
        database.write.unsafe<Candidate>(text, [
          `(${part * partBlocks},0)`,
          `(${(part + 1) * partBlocks},0)`,
          asOf,
          after === null ? null : new Date(after.at),
          after?.position ?? 0,
          wanted
        ])
      )
      for (const item of yield* listed(space, collection, candidates, asOf)) {
        if (profiles.length === limit) return { profiles, next: { asOf, part, after } }
        after = { at: item.activity.t, position: item.activity.position }
        profiles.push({ ...item, cursor: { asOf, part, after } })
      }
      const last = candidates.at(-1)
      if (candidates.length === wanted) after = { at: last!.at.getTime(), position: last!.pos }
      else {
        part -= 1
        after = null
      }
    }
    return { profiles, next: part < 0 ? null : { asOf, part, after } }
  })
})
