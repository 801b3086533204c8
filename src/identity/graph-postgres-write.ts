/**
 * Opening, dropping and changing a graph in PostgreSQL.
 *
 * - The CTEs of `apply` share a snapshot: none sees another's rows. So merges are folded in Node (every row is written
 *   once, new profiles with their final root), and all of them read from the compare-and-set of the position.
 * - Operations see what was before them, so they are statements of their own, between two applies: of the new profiles,
 *   which carries the compare-and-set, and of the rest. It is one transaction (a savepoint inside the caller's).
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Position } from "../log/event-log.ts"
import { float8s, int4s, texts, uuids } from "../platform/sql-arrays.ts"
import {
  GraphFenced,
  type GraphId,
  type GraphMutations,
  type GraphOperation,
  type GraphUnavailable,
  type IdentityGraph
} from "./graph.ts"
import { isAbsent, keyOf, schemaOf, type Sql, unavailable } from "./graph-postgres-rows.ts"
import * as operations from "./graph-postgres-operations-sql.ts"
import * as statements from "./graph-postgres-sql.ts"
import { countChanges, earliestLinks, finalRoots } from "./graph-rows.ts"

export const makeWrites = (write: Sql): Pick<IdentityGraph["Service"], "open" | "drop" | "apply"> => {
  const positionOf = (graph: GraphId) =>
    write.unsafe<{ pos: number }>(statements.position(schemaOf(graph))).pipe(Effect.map((rows) => rows[0]?.pos ?? 0))

  /** The newest of its tables tells whether a graph has all of them. The catalogue itself is asked, see `prepare`. */
  const isCurrent = (graph: GraphId) => write<{ current: boolean }>`
    select count(*) filter (where c.relname = ${statements.newest}) > 0 as current
    from pg_namespace n left join pg_class c on c.relnamespace = n.oid where n.nspname = ${graph} group by n.oid`

  /** Creates what is missing, one process at a time. */
  const prepare = (graph: GraphId) =>
    write.withTransaction(
      Effect.gen(function* () {
        // "create ... if not exists" is no guard against two that create at once: it looks into a cache that
        // another's commit may not have reached yet. The catalogue itself, read behind the lock, is one.
        yield* write`select pg_advisory_xact_lock(hashtext(${graph}))`
        const [there] = yield* isCurrent(graph)
        const missing = there === undefined ? statements.tables : there.current ? () => [] : statements.tablesSince
        for (const text of missing(schemaOf(graph))) yield* write.unsafe(text)
        return yield* positionOf(graph)
      })
    )

  const open = (graph: GraphId): Effect.Effect<Position, GraphUnavailable> => {
    const name = schemaOf(graph)
    return write.unsafe<{ pos: number }>(statements.opened(name)).pipe(
      Effect.map(([row]) => row?.pos),
      Effect.catchIf(isAbsent, () => Effect.succeed(undefined)),
      Effect.flatMap((pos) => (pos === undefined ? prepare(graph) : Effect.succeed(pos))),
      Effect.mapError(unavailable)
    )
  }

  const drop = (graph: GraphId): Effect.Effect<void, GraphUnavailable> =>
    write.unsafe(`drop schema if exists ${schemaOf(graph)} cascade`).pipe(Effect.mapError(unavailable), Effect.asVoid)

  const operate = (graph: GraphId, operation: GraphOperation): Effect.Effect<unknown, SqlError.SqlError> => {
    const run = (text: (schema: string) => string, ...parameters: ReadonlyArray<unknown>) =>
      write.unsafe(text(schemaOf(graph)), parameters)
    switch (operation.kind) {
      case "unmap":
        return run(operations.unmap, uuids(operation.identifiers.map(keyOf)))
      case "remap":
        return run(operations.remap, uuids(operation.identifiers.map(keyOf)), operation.to)
      case "unmerge":
        return run(operations.unmerge, operation.from)
      case "unlink":
        return run(
          operations.unlink,
          float8s(operation.links.map(({ user }) => user)),
          float8s(operation.links.map(({ account }) => account))
        )
      case "separate": {
        const { a, b, audit, since } = operation
        return run(operations.separate, Math.min(a, b), Math.max(a, b), audit, since)
      }
      case "lift":
        return run(operations.lift, operation.a, operation.b)
      case "erase":
        return run(operations.erase, operation.profile)
    }
  }

  const applyRows = (
    graph: GraphId,
    from: Position,
    mutations: GraphMutations
  ): Effect.Effect<void, GraphUnavailable | GraphFenced> => {
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

  const applyOperations = (graph: GraphId, from: Position, mutations: GraphMutations) => {
    const { position, profiles } = mutations
    /** Between the two applies; a position that no graph is ever seen at. */
    const between = -position
    const steps = Effect.gen(function* () {
      const first = { position: between, profiles, mappings: [], merges: [], links: [] }
      const arrived = yield* applyRows(graph, from, first).pipe(
        Effect.as(false),
        Effect.catchTag("GraphFenced", (fenced) =>
          fenced.found === position ? Effect.succeed(true) : Effect.fail(fenced)
        )
      )
      if (arrived) return
      for (const operation of mutations.operations ?? [])
        yield* operate(graph, operation).pipe(Effect.mapError(unavailable))
      yield* applyRows(graph, between, { ...mutations, profiles: [], operations: [] })
    })
    return write
      .withTransaction(steps)
      .pipe(Effect.mapError((error) => (error._tag === "SqlError" ? unavailable(error) : error)))
  }

  const apply: IdentityGraph["Service"]["apply"] = (graph, from, mutations) =>
    (mutations.operations ?? []).length === 0
      ? applyRows(graph, from, mutations)
      : applyOperations(graph, from, mutations)

  return { open, drop, apply }
}
