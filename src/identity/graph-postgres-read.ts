/** Reading a graph in PostgreSQL for people: answers in the order of the request, one statement each. */
import { Effect } from "effect"
import { float8s, int4s, texts, uuids } from "../platform/sql-arrays.ts"
import type { FoundProfile, IdentityGraph, MemberRow, MergeRow } from "./graph.ts"
import { keyOf, rowsOf, type Sql } from "./graph-postgres-rows.ts"
import * as statements from "./graph-postgres-sql.ts"
import { externalIdOrder, listsOf, mergeOrder, separationOrder, splitRefs } from "./graph-rows.ts"
import { collectionOf } from "./model.ts"

type Reads = Pick<
  IdentityGraph["Service"],
  "find" | "externalIds" | "links" | "merges" | "findMerge" | "separations" | "walk" | "crowded" | "count"
>

type Write<T> = { -readonly [K in keyof T]: T[K] }

/** Ahead of every key. */
const nothing = "00000000-0000-0000-0000-000000000000"

export const makeReads = (read: Sql): Reads => ({
  find: (graph, collection, refs) => {
    const { segments, identifiers, numbers } = splitRefs(refs)
    return rowsOf<{
      o: number
      root: number
      no: number
      segment_id: string
      created_at: number
      source: number
      message_id: string
    }>(read, statements.find, graph, [
      texts(segments.ids),
      int4s(segments.o),
      uuids(identifiers.all.map(keyOf)),
      int4s(identifiers.o),
      float8s(numbers.nos),
      int4s(numbers.o)
    ]).pipe(
      Effect.map((rows) => {
        const found: Array<Write<FoundProfile> | null> = refs.map(() => null)
        for (const row of rows) {
          if (collectionOf(row.root) !== collection) continue
          const profile = (found[row.o] ??= { no: row.root, segmentId: "", collection, members: [] })
          const merged = row.no !== row.root
          if (!merged) profile.segmentId = row.segment_id
          ;(profile.members as Array<MemberRow>).push({
            no: row.no,
            segmentId: row.segment_id,
            createdAt: row.created_at,
            source: row.source,
            messageId: row.message_id,
            merged
          })
        }
        return found
      })
    )
  },

  externalIds: (graph, profiles) =>
    rowsOf<{
      o: number
      profile: number
      type: string
      value: string
      added_at: number
      source: number
      message_id: string
      segment_id: string
    }>(read, statements.externalIds, graph, [float8s(profiles)]).pipe(
      Effect.map((rows) =>
        listsOf(
          profiles.length,
          rows,
          (row) => row.o - 1,
          (row) => ({
            collection: collectionOf(row.profile),
            type: row.type,
            value: row.value,
            profile: row.profile,
            addedAt: row.added_at,
            source: row.source,
            messageId: row.message_id,
            originSegmentId: row.segment_id
          })
        ).map((list) => list.sort(externalIdOrder))
      )
    ),

  links: (graph, requests) =>
    rowsOf<{
      o: number
      total: number
      nos: ReadonlyArray<number>
      segment_ids: ReadonlyArray<string>
      created_at: ReadonlyArray<number>
      pos: ReadonlyArray<number>
    }>(read, statements.links, graph, [
      float8s(requests.map((request) => request.profile)),
      float8s(requests.map((request) => request.after?.createdAt ?? Number.MIN_SAFE_INTEGER)),
      float8s(requests.map((request) => request.after?.position ?? 0)),
      int4s(requests.map((request) => request.limit))
    ]).pipe(
      Effect.map((rows) => {
        const byPlace = new Map(rows.map((row) => [row.o - 1, row]))
        return requests.map((_, o) => {
          const row = byPlace.get(o)
          if (row === undefined) return { total: 0, links: [] }
          return {
            total: row.total,
            links: row.nos.map((no, i) => ({
              no,
              segmentId: row.segment_ids[i]!,
              createdAt: row.created_at[i]!,
              position: row.pos[i]!
            }))
          }
        })
      })
    ),

  merges: (graph, profiles) =>
    rowsOf<{ o: number; rec: string }>(read, statements.merges, graph, [float8s(profiles)]).pipe(
      Effect.map((rows) =>
        listsOf(
          profiles.length,
          rows,
          (row) => row.o - 1,
          (row): MergeRow => JSON.parse(row.rec)
        ).map((list) => list.sort(mergeOrder))
      )
    ),

  findMerge: (graph, id) =>
    rowsOf<{ rec: string }>(read, statements.findMerge, graph, [id]).pipe(
      Effect.map(([row]) => (row === undefined ? null : (JSON.parse(row.rec) as MergeRow)))
    ),

  separations: (graph, profiles) =>
    rowsOf<{ o: number; no: number; segment_id: string; audit: string; since: number }>(
      read,
      statements.separations,
      graph,
      [float8s(profiles)]
    ).pipe(
      Effect.map((rows) =>
        listsOf(
          profiles.length,
          rows,
          (row) => row.o - 1,
          ({ no, segment_id, audit, since }) => ({ no, segmentId: segment_id, audit, since })
        ).map((list) => list.sort(separationOrder))
      )
    ),

  walk: (graph, collection, after, limit) =>
    rowsOf<{ type: string; value: string; no: number; segment_id: string }>(read, statements.walk, graph, [
      after === null ? nothing : keyOf({ collection, ...after }),
      collection === "users" ? 1 : 0,
      limit
    ]).pipe(
      Effect.map((rows) => rows.map(({ type, value, no, segment_id }) => ({ type, value, no, segmentId: segment_id })))
    ),

  crowded: (graph, collection, atLeast, limit) =>
    rowsOf<{ no: number; segment_id: string; type: string; count: number }>(read, statements.crowded, graph, [
      collection === "users" ? 0 : 1,
      texts([...atLeast.keys()]),
      int4s([...atLeast.values()]),
      limit
    ]).pipe(
      Effect.map((rows) => rows.map(({ no, segment_id, type, count }) => ({ no, segmentId: segment_id, type, count })))
    ),

  count: (graph, collection) =>
    rowsOf<{ users: number; accounts: number }>(read, statements.counts, graph, []).pipe(
      Effect.map(([row]) => row?.[collection] ?? 0)
    )
})
