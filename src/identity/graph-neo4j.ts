/**
 * The identity graph in Neo4j, one that a person can read in Neo4j Browser; what it looks like: `graph-neo4j-cypher.ts`.
 *
 * - Mutations and position are one transaction. It starts by locking the `(:Graph)` node and comparing the position, so
 *   a second writer, or this one after a lost answer, changes nothing.
 * - All statements of an `apply` are sent without waiting for each other; every one is an `UNWIND` over rows sorted by
 *   key, so that two transactions take their locks in the same order.
 */
import { Effect, Layer, Option, Semaphore } from "effect"
import { Settings } from "../config.ts"
import type { Position } from "../log/event-log.ts"
import { integer, Neo4j, type Neo4jFailed, neo4jLayer, type Parameters, type Transaction } from "../platform/neo4j.ts"
import * as cypher from "./graph-neo4j-cypher.ts"
import { identifierFrom, identifierKeys, mutationRows, operationRows, profileKeys } from "./graph-neo4j-rows.ts"
import {
  type CrowdedProfile,
  type ExternalIdRow,
  type FoundProfile,
  GraphFenced,
  type GraphId,
  type GraphMutations,
  GraphUnavailable,
  IdentityGraph,
  type MemberRow,
  type MergeRow,
  type OwnedIdentifier,
  type SeparatedProfile
} from "./graph.ts"
import {
  externalIdOrder,
  listsOf,
  mergeOrder,
  segmentIdsIn,
  separationOrder,
  spaceOf,
  splitRefs,
  viewOf
} from "./graph-rows.ts"
import { collectionOf, type ProfileNo } from "./model.ts"

const unavailable = (error: Neo4jFailed) =>
  new GraphUnavailable({ adapter: "neo4j", code: error.code, cause: error.cause })

const withoutPlace = <Row extends { readonly o: number }>(row: Row): Omit<Row, "o"> => {
  const { o: _place, ...rest } = row
  return rest
}

/** A merge as its relation has it: identifiers are written `email:jane@example.com`. */
type MergeRecord = Omit<MergeRow, "matchedFrom" | "matchedInto"> & {
  readonly matchedFrom: ReadonlyArray<string>
  readonly matchedInto: ReadonlyArray<string>
}

const mergeFrom = (row: MergeRecord): MergeRow => {
  const identifier = identifierFrom(collectionOf(row.from))
  return { ...row, matchedFrom: row.matchedFrom.map(identifier), matchedInto: row.matchedInto.map(identifier) }
}

/** Ends a transaction of `apply` that finds the graph elsewhere; never leaves this module. */
class Elsewhere extends Error {
  readonly found: Position
  constructor(found: Position) {
    super("the graph is at another position")
    this.found = found
  }
}

/** Everything that `apply` does, inside one transaction. Rejects with `Elsewhere` when the position is not `from`. */
const applyIn = async (tx: Transaction, graph: GraphId, from: Position, mutations: GraphMutations): Promise<void> => {
  const { profiles, mappings, merges, roots, links, counts } = mutationRows(graph, mutations)
  const ids = { graph, space: spaceOf(graph) }
  const advanced = tx.run<{ readonly found: Position }>(cypher.advance, {
    graph,
    from: integer(from),
    to: integer(mutations.position),
    users: integer(counts.users),
    accounts: integer(counts.accounts)
  })
  const sent: Array<Promise<unknown>> = []
  const send = (statement: string, rows: ReadonlyArray<unknown>) => {
    if (rows.length > 0) sent.push(tx.run(statement, { ...ids, rows }))
  }
  send(cypher.createProfiles, profiles)
  for (const operation of mutations.operations ?? []) {
    const { kind, rows } = operationRows(graph, operation)
    for (const statement of cypher.operations[kind]) send(statement, rows)
  }
  send(cypher.createMappings, mappings)
  send(cypher.createMerges, merges)
  send(cypher.moveRoots, roots)
  send(cypher.createLinks, links)
  // Settled first, judged afterwards: on a graph that is elsewhere the others fail too, and theirs is not the reason.
  const outcomes = await Promise.allSettled(sent)
  const [row] = await advanced
  if (row?.found !== from || from === mutations.position) throw new Elsewhere(row?.found ?? 0)
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason
}

const make = Effect.gen(function* () {
  const neo4j = yield* Neo4j

  const read = <Row>(statement: string, parameters: Parameters, options?: { readonly latest?: boolean }) =>
    neo4j.read<Row>(statement, parameters, options).pipe(Effect.mapError(unavailable))
  const run = (statement: string, parameters: Parameters) =>
    neo4j.command(statement, parameters).pipe(Effect.mapError(unavailable))

  const drop = (graph: GraphId) => Effect.forEach(cypher.drop, (text) => run(text, { graph }), { discard: true })

  let prepared = false
  /** Once in a process, one at a time: Neo4j lets changes of the schema run into deadlocks. */
  const prepare = Semaphore.makeUnsafe(1).withPermits(1)(
    Effect.suspend(() => (prepared ? Effect.void : Effect.forEach(cypher.schema, (text) => run(text, {})))).pipe(
      Effect.tap(() => Effect.sync(() => (prepared = true)))
    )
  )

  const open = Effect.fnUntraced(function* (graph: GraphId) {
    const space = spaceOf(graph)
    const [row] = yield* read<{ position: Position }>(cypher.position, { graph }, { latest: true })
    if (row !== undefined && row.position !== cypher.dropping) return row.position
    if (row !== undefined) yield* drop(graph)
    yield* prepare
    yield* run(cypher.create, { graph, space })
    return 0
  })

  const apply = (
    graph: GraphId,
    from: Position,
    mutations: GraphMutations
  ): Effect.Effect<void, GraphUnavailable | GraphFenced> =>
    neo4j
      .write(
        (tx) => applyIn(tx, graph, from, mutations),
        (error) => (error instanceof Elsewhere ? error : undefined)
      )
      .pipe(
        Effect.catch((error): Effect.Effect<void, GraphUnavailable | GraphFenced> => {
          if (!(error instanceof Elsewhere)) return Effect.fail(unavailable(error))
          if (error.found === mutations.position) return Effect.void
          return Effect.fail(new GraphFenced({ graph, expected: from, found: error.found }))
        })
      )

  const service: IdentityGraph["Service"] = {
    adapter: "neo4j",
    transactional: false,
    open,
    drop,
    apply,

    load: (graph, { identifiers, profiles }) =>
      read<{
        no: ProfileNo
        segmentId: string
        owned: ReadonlyArray<number>
        merges: number
        types: ReadonlyArray<string>
        added: ReadonlyArray<number>
        apart: ReadonlyArray<ProfileNo>
      }>(
        cypher.load,
        { identifiers: identifierKeys(graph, identifiers), profiles: profileKeys(graph, profiles) },
        { latest: true }
      ).pipe(
        Effect.map((rows) => {
          const owners = Array.from({ length: identifiers.length }, (): ProfileNo | undefined => undefined)
          for (const row of rows) for (const o of row.owned) owners[o] = row.no
          return { owners, profiles: rows.map(viewOf) }
        })
      ),

    issued: (graph, segmentIds) =>
      read<{ id: string }>(cypher.issued, { graph, ids: segmentIdsIn(segmentIds) }, { latest: true }).pipe(
        Effect.map((rows) => new Set(rows.map((row) => row.id)))
      ),

    find: (graph, collection, refs) => {
      const { segments, identifiers, numbers } = splitRefs(refs)
      return read<{
        asked: ReadonlyArray<number>
        no: ProfileNo
        segmentId: string
        members: ReadonlyArray<Omit<MemberRow, "merged">>
      }>(cypher.find, {
        graph,
        collection,
        segments: segments.ids,
        segmentsAt: segments.o,
        identifiers: identifierKeys(graph, identifiers.all),
        identifiersAt: identifiers.o,
        profiles: profileKeys(graph, numbers.nos),
        profilesAt: numbers.o
      }).pipe(
        Effect.map((rows) => {
          const found: Array<FoundProfile | null> = refs.map(() => null)
          for (const { asked, no, segmentId, members } of rows) {
            const profile = {
              no,
              segmentId,
              collection,
              members: members.map((member) => ({ ...member, merged: member.no !== no })).sort((a, b) => a.no - b.no)
            }
            for (const o of asked) found[o] = profile
          }
          return found
        })
      )
    },

    externalIds: (graph, profiles) =>
      read<ExternalIdRow & { o: number }>(cypher.externalIds, { profiles: profileKeys(graph, profiles) }).pipe(
        Effect.map((rows) =>
          listsOf(profiles.length, rows, (row) => row.o, withoutPlace).map((list) => list.sort(externalIdOrder))
        )
      ),

    links: (graph, requests) =>
      read<{
        o: number
        total: number
        no: ProfileNo | null
        segmentId: string
        createdAt: number
        position: Position
      }>(cypher.links, {
        profiles: profileKeys(
          graph,
          requests.map((request) => request.profile)
        ),
        after: requests.map(({ after }) =>
          after === null ? [Number.MIN_SAFE_INTEGER, 0] : [after.createdAt, after.position]
        ),
        limits: requests.map((request) => integer(request.limit))
      }).pipe(
        Effect.map((rows) => {
          const totals = requests.map(() => 0)
          for (const row of rows) totals[row.o] = row.total
          const pages = listsOf(
            requests.length,
            rows.filter((row) => row.no !== null),
            (row) => row.o,
            ({ no, segmentId, createdAt, position }) => ({ no: no!, segmentId, createdAt, position })
          )
          return pages.map((links, o) => ({ total: totals[o]!, links }))
        })
      ),

    merges: (graph, profiles) =>
      read<MergeRecord & { o: number }>(cypher.merges, { profiles: profileKeys(graph, profiles) }).pipe(
        Effect.map((rows) =>
          listsOf(
            profiles.length,
            rows,
            (row) => row.o,
            (row) => mergeFrom(withoutPlace(row))
          ).map((list) => list.sort(mergeOrder))
        )
      ),

    findMerge: (graph, id) =>
      read<MergeRecord>(cypher.findMerge, { graph, id }).pipe(
        Effect.map(([row]) => (row === undefined ? null : mergeFrom(row)))
      ),

    separations: (graph, profiles) =>
      read<SeparatedProfile & { o: number }>(cypher.separations, { profiles: profileKeys(graph, profiles) }).pipe(
        Effect.map((rows) =>
          listsOf(profiles.length, rows, (row) => row.o, withoutPlace).map((list) => list.sort(separationOrder))
        )
      ),

    walk: (graph, collection, after, limit) =>
      read<OwnedIdentifier>(cypher.walk, {
        from: after === null ? `${graph}/` : identifierKeys(graph, [{ collection, ...after }])[0]!,
        // The next character after the slash that all keys of the graph share.
        to: `${graph}0`,
        collection,
        limit: integer(limit)
      }),

    crowded: (graph, collection, atLeast, limit) =>
      read<CrowdedProfile>(cypher.crowded, {
        graph,
        collection,
        types: [...atLeast.keys()],
        least: [...atLeast.values()].map(integer),
        limit: integer(limit)
      }),

    count: (graph, collection) =>
      read<{ n: number }>(cypher.count, { graph, collection }).pipe(Effect.map(([row]) => row?.n ?? 0)),

    ping: read(cypher.ping, {}).pipe(Effect.asVoid)
  }
  return service
})

export const neo4jGraphOn: Layer.Layer<IdentityGraph, never, Neo4j> = Layer.effect(IdentityGraph, make)

/** Connects on first use: that Neo4j is away is no reason not to start. */
export const neo4jGraph: Layer.Layer<IdentityGraph, Neo4jFailed, Settings> = Layer.unwrap(
  Effect.map(Settings, ({ neo4jUrl: url, neo4jUser: user, neo4jPassword }) =>
    Layer.provide(neo4jGraphOn, neo4jLayer({ url, user, password: Option.getOrUndefined(neo4jPassword) }))
  )
)
