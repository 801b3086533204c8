/**
 * Finding profiles by a filter (PRO-70, PRO-73): exactly, by the beginning of a name or e-mail address, or by looking through
 * those with the latest activity.
 *
 * Only identifiers and words have an index. Other conditions are checked on one profile after the other, at most `mostLooked` a
 * page; a page may then come back short and still have a next one.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { JsonObject } from "../event/message.ts"
import type { FoundProfile, GraphError } from "../identity/graph.ts"
import type { ProfileNo } from "../identity/model.ts"
import type { LogUnavailable } from "../log/event-log.ts"
import type { Database } from "../platform/database.ts"
import { float8s, int4s } from "../platform/sql-arrays.ts"
import type { Collection } from "../workspace/rules.ts"
import type { ListCursor } from "./cursors.ts"
import type { ReadModel } from "./read-model.ts"
import { searchable, wordsOf } from "./search-words.ts"
import type { Activity, ExternalIdView, ReadSpace, TraitView } from "./views.ts"

const mostLooked = 500
const step = 100

export interface ProfileFilter {
  readonly text: string | null
  readonly traitKey: string | null
  /** Absent: the trait is there at all. */
  readonly traitEquals?: unknown
  readonly from: number
  readonly to: number
  readonly anonymousOnly: boolean
}

export interface WordCursor {
  readonly word: string
  readonly profile: ProfileNo
}

export interface FoundPage<C> {
  readonly profiles: ReadonlyArray<{ readonly profile: FoundProfile; readonly cursor: C }>
  /** Where to go on; null: that was all. */
  readonly next: C | null
}

interface Candidate {
  readonly profile: FoundProfile
  readonly activity?: Activity
}

export type SearchError = GraphError | SqlError.SqlError | LogUnavailable

const known = new Set(["user_id", "email"])

export const plainTraits = (traits: ReadonlyArray<TraitView>): JsonObject =>
  Object.fromEntries(traits.map(({ key, value }) => [key, value]))

/** Lets everything through. */
const isOpen = ({ text, traitKey, from, to, anonymousOnly }: ProfileFilter): boolean =>
  text === null &&
  traitKey === null &&
  !anonymousOnly &&
  from === Number.NEGATIVE_INFINITY &&
  to === Number.POSITIVE_INFINITY

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

export const makeProfileSearch = (database: Database["Service"], model: ReadModel) => {
  const { read: sql } = database

  /** Which of the profiles the filter lets through, as they are now. */
  const passing = Effect.fnUntraced(function* (
    space: ReadSpace,
    candidates: ReadonlyArray<Candidate>,
    filter: ProfileFilter
  ): Effect.fn.Return<ReadonlyArray<boolean>, SearchError> {
    const profiles = candidates.map(({ profile }) => profile)
    const byRange = filter.from !== Number.NEGATIVE_INFINITY || filter.to !== Number.POSITIVE_INFINITY
    const unknown = byRange && candidates.some(({ activity }) => activity === undefined)
    const none: ReadonlyArray<ReadonlyArray<never>> = profiles.map(() => [])
    const traits: ReadonlyArray<ReadonlyArray<TraitView>> =
      filter.traitKey === null && filter.text === null ? none : yield* model.traits(space, profiles)
    const ids: ReadonlyArray<ReadonlyArray<ExternalIdView>> =
      filter.anonymousOnly || filter.text !== null
        ? yield* model.externalIds(
            space,
            profiles.map(({ no }) => no)
          )
        : none
    const updated = unknown ? yield* model.metadata(space, profiles[0]!.collection, profiles) : []
    const prefix = filter.text === null ? null : searchable(filter.text)
    return candidates.map(({ activity }, i) => {
      const at = activity?.t ?? updated[i]?.updatedAt ?? 0
      if (byRange && (at < filter.from || at >= filter.to)) return false
      if (filter.anonymousOnly && ids[i]!.some(({ type }) => known.has(type))) return false
      if (filter.traitKey !== null) {
        const trait = traits[i]!.find(({ key }) => key === filter.traitKey)
        if (trait === undefined || ("traitEquals" in filter && !isEqual(trait.value, filter.traitEquals))) return false
      }
      if (prefix === null) return true
      const emails = ids[i]!.filter(({ type }) => type === "email").map(({ value }) => value)
      return wordsOf(plainTraits(traits[i]!), emails).some((word) => word.startsWith(prefix))
    })
  })

  const wordRows = (
    space: ReadSpace,
    collection: Collection,
    prefix: string,
    after: WordCursor | null,
    limit: number
  ) =>
    sql.unsafe<{ word: string; no: number }>(
      `select w.word, w.profile::float8 as no from profile_words w
       where w.space = $1 and w.word >= $2 and w.word < $3 and w.profile % 2 = $4
         and ($5::text is null or (w.word, w.profile) > ($5::text collate "C", $6::float8::bigint))
       order by w.word, w.profile limit $7`,
      [
        space.id,
        prefix,
        `${prefix}\u{10ffff}`,
        collection === "users" ? 0 : 1,
        after?.word ?? null,
        after?.profile ?? 0,
        limit
      ]
    )

  /** The first word of each profile, over all its members: there it is listed, and nowhere else. */
  const firstWords = (space: ReadSpace, prefix: string, profiles: ReadonlyArray<FoundProfile>) =>
    Effect.map(
      sql.unsafe<{ o: number; word: string; no: number }>(
        `select u.o::int4 as o, min(w.word) as word, (array_agg(w.profile order by w.word, w.profile))[1]::float8 as no
         from unnest($2::int4[], $3::float8[]) u (o, no)
         join profile_words w on w.profile = u.no::bigint and w.space = $1 and w.word >= $4 and w.word < $5 group by 1`,
        [
          space.id,
          int4s(profiles.flatMap(({ members }, o) => members.map(() => o))),
          float8s(profiles.flatMap(({ members }) => members.map(({ no }) => no))),
          prefix,
          `${prefix}\u{10ffff}`
        ]
      ),
      (rows) => new Map(rows.map(({ o, word, no }) => [o, `${no} ${word}`]))
    )

  /** By the beginning of a word; each profile once. */
  const byWord = Effect.fnUntraced(function* (
    space: ReadSpace,
    collection: Collection,
    filter: ProfileFilter & { readonly text: string },
    cursor: WordCursor | null,
    limit: number
  ): Effect.fn.Return<FoundPage<WordCursor>, SearchError> {
    const prefix = searchable(filter.text)
    const profiles: Array<{ profile: FoundProfile; cursor: WordCursor }> = []
    let after = cursor
    for (let looked = 0; looked < mostLooked; looked += step) {
      const rows = yield* wordRows(space, collection, prefix, after, step)
      const found = yield* model.find(
        space,
        collection,
        rows.map(({ no }) => ({ no }))
      )
      const all = rows.flatMap(({ word, no }, i) => {
        const profile = found[i]
        return profile === null || profile === undefined ? [] : [{ profile, cursor: { word, profile: no } }]
      })
      const firsts = yield* firstWords(
        space,
        prefix,
        all.map(({ profile }) => profile)
      )
      const candidates = all.filter(({ cursor }, o) => firsts.get(o) === `${cursor.profile} ${cursor.word}`)
      const passes = yield* passing(space, candidates, filter)
      for (const [i, candidate] of candidates.entries()) {
        if (!passes[i]!) continue
        if (profiles.length === limit) return { profiles, next: profiles.at(-1)!.cursor }
        profiles.push(candidate)
      }
      if (rows.length < step) return { profiles, next: null }
      const last = rows.at(-1)!
      after = { word: last.word, profile: last.no }
    }
    return { profiles, next: after }
  })

  /** The latest activity first. */
  const byActivity = Effect.fnUntraced(function* (
    space: ReadSpace,
    collection: Collection,
    filter: ProfileFilter,
    cursor: ListCursor | null,
    limit: number
  ): Effect.fn.Return<FoundPage<ListCursor>, SearchError> {
    const profiles: Array<{ profile: FoundProfile; cursor: ListCursor }> = []
    const size = isOpen(filter) ? limit + 1 : step
    let at = cursor
    for (let looked = 0; looked < mostLooked; looked += step) {
      const page = yield* model.list(space, collection, at, size)
      const passes = yield* passing(space, page.profiles, filter)
      for (const [i, { profile, cursor: place }] of page.profiles.entries()) {
        if (!passes[i]!) continue
        if (profiles.length === limit) return { profiles, next: profiles.at(-1)!.cursor }
        profiles.push({ profile, cursor: place })
      }
      if (page.next === null) return { profiles, next: null }
      at = page.next
      if (page.profiles.length < size) break
    }
    return { profiles, next: at }
  })

  return { byWord, byActivity, passing }
}

export type ProfileSearch = ReturnType<typeof makeProfileSearch>
