/**
 * The identity graph in PostgreSQL: a schema per graph, written in the caller's transaction.
 *
 * - An identifier stays with the profile it first belonged to; `profiles.root` leads to the canonical one and is kept
 *   flat, so every look-up is one hop. A merge rewrites the roots of what was merged before (at most 100 rows, IDR-87).
 * - The primary key of `identifiers` is the store's own guard for INV-1 (IDR-131).
 * - The CTEs of `apply` share a snapshot: none sees another's rows. So merges are folded in Node (every row is written
 *   once, new profiles with their final root), and all of them read from the compare-and-set of the position.
 * - A graph that was never opened reads as an empty one.
 */
import { Effect, Layer } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../log/event-log.ts"
import { Database } from "../platform/database.ts"
import { hash128 } from "../platform/hash.ts"
import { float8s, int4s, texts, uuids } from "../platform/sql-arrays.ts"
import {
  type FoundProfile,
  GraphFenced,
  type GraphId,
  type GraphMutations,
  type GraphOperation,
  GraphUnavailable,
  IdentityGraph,
  type MemberRow,
  type MergeRow
} from "./graph.ts"
import * as statements from "./graph-postgres-sql.ts"
import {
  countChanges,
  earliestLinks,
  externalIdOrder,
  finalRoots,
  identifierText,
  listsOf,
  mergeOrder,
  segmentIdsIn,
  separationOrder,
  spaceOf,
  splitRefs,
  viewOf
} from "./graph-rows.ts"
import { collectionOf, type Identifier } from "./model.ts"

const codeOf = (error: SqlError.SqlError): string => {
  const code = (error.reason.cause as { readonly code?: unknown } | undefined)?.code
  return typeof code === "string" && code !== "" ? code : error.reason._tag
}

const unavailable = (error: SqlError.SqlError) =>
  new GraphUnavailable({ adapter: "postgres", code: codeOf(error), cause: error })

/** undefined_table, invalid_schema_name: the graph was never opened. */
const isAbsent = (error: SqlError.SqlError): boolean => codeOf(error) === "42P01" || codeOf(error) === "3F000"

const schemaOf = (graph: GraphId): string => {
  spaceOf(graph)
  return `"${graph}"`
}

const keyOf = (identifier: Identifier): string => hash128(identifierText(identifier))

type Write<T> = { -readonly [K in keyof T]: T[K] }

const make = Effect.gen(function* () {
  const { read, write } = yield* Database

  const rowsOf = <Row extends object>(
    sql: typeof read,
    text: (schema: string) => string,
    graph: GraphId,
    parameters: ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, GraphUnavailable> =>
    sql.unsafe<Row>(text(schemaOf(graph)), parameters).pipe(
      Effect.catchIf(isAbsent, () => Effect.succeed([] as ReadonlyArray<Row>)),
      Effect.mapError(unavailable)
    )

  const positionOf = (graph: GraphId) =>
    write.unsafe<{ pos: number }>(statements.position(schemaOf(graph))).pipe(Effect.map((rows) => rows[0]?.pos ?? 0))

  const upgrade = (graph: GraphId) =>
    Effect.forEach(statements.tablesSince(schemaOf(graph)), (text) => write.unsafe(text), { discard: true })

  const open = (graph: GraphId): Effect.Effect<Position, GraphUnavailable> =>
    Effect.andThen(upgrade(graph), positionOf(graph)).pipe(
      Effect.catchIf(isAbsent, () =>
        write.withTransaction(
          Effect.gen(function* () {
            // "create ... if not exists" is no guard against two that create at once: it looks into a cache that
            // another's commit may not have reached yet. The catalogue itself, read behind the lock, is one.
            yield* write`select pg_advisory_xact_lock(hashtext(${graph}))`
            const there = yield* write`select 1 from pg_namespace n where n.nspname = ${graph}`
            if (there.length === 0) {
              for (const text of statements.tables(schemaOf(graph))) yield* write.unsafe(text)
            }
            return yield* positionOf(graph)
          })
        )
      ),
      Effect.mapError(unavailable)
    )

  const drop = (graph: GraphId): Effect.Effect<void, GraphUnavailable> =>
    write.unsafe(`drop schema if exists ${schemaOf(graph)} cascade`).pipe(Effect.mapError(unavailable), Effect.asVoid)

  const operate = (graph: GraphId, operation: GraphOperation): Effect.Effect<unknown, SqlError.SqlError> => {
    const s = schemaOf(graph)
    const { operations } = statements
    switch (operation.kind) {
      case "unmap":
        return write.unsafe(operations.unmap(s), [uuids(operation.identifiers.map(keyOf))])
      case "remap":
        return write.unsafe(operations.remap(s), [uuids(operation.identifiers.map(keyOf)), operation.to])
      case "unmerge":
        return Effect.andThen(
          write.unsafe(operations.forget(s), [operation.from]),
          write.unsafe(operations.unmerge(s), [operation.from])
        )
      case "unlink":
        return write.unsafe(operations.unlink(s), [
          float8s(operation.links.map(({ user }) => user)),
          float8s(operation.links.map(({ account }) => account))
        ])
      case "separate":
        return write.unsafe(operations.separate(s), [operation.a, operation.b, operation.audit, operation.since])
      case "lift":
        return write.unsafe(operations.lift(s), [operation.a, operation.b])
    }
  }

  /** Profiles, operations, the rest: the position between is one that no graph ever has. */
  const applyOperations = (graph: GraphId, from: Position, mutations: GraphMutations) => {
    const { position, profiles, operations = [] } = mutations
    const none = { profiles: [], mappings: [], merges: [], links: [] }
    const between = -position
    return positionOf(graph).pipe(
      Effect.mapError(unavailable),
      Effect.flatMap((found) =>
        found === position
          ? Effect.void
          : write
              .withTransaction(
                applyRows(graph, from, { ...none, position: between, profiles, operations }).pipe(
                  Effect.andThen(Effect.forEach(operations, (operation) => operate(graph, operation))),
                  Effect.andThen(applyRows(graph, between, { ...mutations, profiles: [], operations: [] }))
                )
              )
              .pipe(Effect.mapError((error) => (error._tag === "SqlError" ? unavailable(error) : error)))
      )
    )
  }

  const apply = (graph: GraphId, from: Position, mutations: GraphMutations) =>
    (mutations.operations ?? []).length === 0
      ? applyRows(graph, from, mutations)
      : applyOperations(graph, from, mutations)

  const applyRows = (graph: GraphId, from: Position, mutations: GraphMutations) => {
    const { profiles, mappings, merges, position } = mutations
    const roots = finalRoots(merges)
    const links = earliestLinks(mutations.links)
    const counts = countChanges(mutations)
    return write
      .unsafe<{ n: number }>(statements.apply(schemaOf(graph)), [
        position,
        from,
        counts.users,
        counts.accounts,
        float8s(profiles.map((row) => row.no)),
        float8s(profiles.map((row) => roots.get(row.no) ?? row.no)),
        texts(profiles.map((row) => row.segmentId)),
        float8s(profiles.map((row) => row.createdAt)),
        int4s(profiles.map((row) => row.source)),
        texts(profiles.map((row) => row.messageId)),
        uuids(mappings.map(keyOf)),
        float8s(mappings.map((row) => row.profile)),
        texts(mappings.map((row) => row.type)),
        texts(mappings.map((row) => row.value)),
        float8s(mappings.map((row) => row.addedAt)),
        int4s(mappings.map((row) => row.source)),
        texts(mappings.map((row) => row.messageId)),
        float8s([...roots.keys()]),
        float8s([...roots.values()]),
        float8s(merges.map((row) => row.from)),
        float8s(merges.map((row) => row.position)),
        texts(merges.map((row) => JSON.stringify(row))),
        float8s(links.map((row) => row.user)),
        float8s(links.map((row) => row.account)),
        float8s(links.map((row) => row.createdAt)),
        float8s(links.map((row) => row.position)),
        int4s(links.map((row) => row.source)),
        texts(links.map((row) => row.messageId))
      ])
      .pipe(
        Effect.flatMap(([row]) => (row!.n === 1 ? Effect.succeed(position) : positionOf(graph))),
        Effect.mapError(unavailable),
        Effect.flatMap((found) =>
          found === position ? Effect.void : Effect.fail(new GraphFenced({ graph, expected: from, found }))
        )
      )
  }

  const service: IdentityGraph["Service"] = {
    adapter: "postgres",
    transactional: true,
    open,
    drop,
    apply,

    load: (graph, { identifiers, profiles }) =>
      rowsOf<{
        root: number
        segment_id: string
        owned: ReadonlyArray<number>
        merges: number
        types: ReadonlyArray<string>
        added: ReadonlyArray<number>
        apart: ReadonlyArray<number> | null
      }>(write, statements.load, graph, [uuids(identifiers.map(keyOf)), float8s(profiles)]).pipe(
        Effect.map((rows) => {
          const owners = Array.from({ length: identifiers.length }, (): number | undefined => undefined)
          const views = rows.map((row) => {
            for (const o of row.owned) owners[o - 1] = row.root
            return viewOf({
              no: row.root,
              segmentId: row.segment_id,
              merges: row.merges,
              types: row.types,
              added: row.added,
              apart: row.apart ?? []
            })
          })
          return { owners, profiles: views }
        })
      ),

    issued: (graph, segmentIds) =>
      rowsOf<{ segment_id: string }>(write, statements.issued, graph, [texts(segmentIdsIn(segmentIds))]).pipe(
        Effect.map((rows) => new Set(rows.map((row) => row.segment_id)))
      ),

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
            (row) => JSON.parse(row.rec)
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
        after === null ? null : keyOf({ collection, ...after }),
        collection === "users" ? 0 : 1,
        limit
      ]).pipe(
        Effect.map((rows) =>
          rows.map(({ type, value, no, segment_id }) => ({ type, value, no, segmentId: segment_id }))
        )
      ),

    crowded: (graph, collection, atLeast, limit) =>
      rowsOf<{ no: number; segment_id: string; type: string; count: number }>(read, statements.crowded, graph, [
        collection === "users" ? 0 : 1,
        texts([...atLeast.keys()]),
        int4s([...atLeast.values()]),
        limit
      ]).pipe(
        Effect.map((rows) =>
          rows.map(({ no, segment_id, type, count }) => ({ no, segmentId: segment_id, type, count }))
        )
      ),

    count: (graph, collection) =>
      rowsOf<{ users: number; accounts: number }>(read, statements.counts, graph, []).pipe(
        Effect.map(([row]) => row?.[collection] ?? 0)
      ),

    ping: read`select 1`.pipe(Effect.mapError(unavailable), Effect.asVoid)
  }
  return service
})

export const postgresGraph: Layer.Layer<IdentityGraph, never, Database> = Layer.effect(IdentityGraph, make)
