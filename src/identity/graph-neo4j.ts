/**
 * The identity graph in Neo4j, one that a person can read in Neo4j Browser; what it looks like: `graph-neo4j-cypher.ts`.
 *
 * - Mutations and position are one transaction. It starts by locking the `(:Graph)` node and comparing the position, so
 *   a second writer, or this one after a lost answer, changes nothing.
 * - All statements of an `apply` are sent without waiting for each other; every one is an `UNWIND` over rows sorted by
 *   key, so that two transactions take their locks in the same order.
 *
 * Here: changes, and what resolving needs. Reads for people: `graph-neo4j-read.ts`.
 */
import { Effect, Layer, Option, Semaphore } from "effect"
import { Settings } from "../config.ts"
import type { Position } from "../log/event-log.ts"
import { integer, Neo4j, type Neo4jFailed, neo4jLayer, type Parameters, type Transaction } from "../platform/neo4j.ts"
import * as cypher from "./graph-neo4j-cypher.ts"
import { operationRows, operations } from "./graph-neo4j-operations.ts"
import { makeReads } from "./graph-neo4j-read.ts"
import { identifierKeys, mutationRows, numberOf, profileKeys } from "./graph-neo4j-rows.ts"
import { GraphFenced, type GraphId, type GraphMutations, GraphUnavailable, IdentityGraph } from "./graph.ts"
import { createSchema } from "./graph-neo4j-schema.ts"
import { segmentIdsIn, spaceOf, viewOf } from "./graph-rows.ts"
import type { ProfileNo } from "./model.ts"

const unavailable = (error: Neo4jFailed) =>
  new GraphUnavailable({ adapter: "neo4j", code: error.code, cause: error.cause })

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
    const rows = operationRows(graph, operation)
    for (const statement of operations[operation.kind]) send(statement, rows)
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
  /** Once in a process. */
  const prepare = Semaphore.makeUnsafe(1).withPermits(1)(
    Effect.suspend(() => (prepared ? Effect.void : Effect.mapError(createSchema(neo4j), unavailable))).pipe(
      Effect.tap(() => Effect.sync(() => (prepared = true)))
    )
  )

  const open = Effect.fnUntraced(function* (graph: GraphId) {
    const space = spaceOf(graph)
    // Also for a graph that is there: an older version may have made it.
    yield* prepare
    const [row] = yield* read<{ position: Position }>(cypher.position, { graph }, { latest: true })
    if (row !== undefined && row.position !== cypher.dropping) return row.position
    if (row !== undefined) yield* drop(graph)
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
    ...makeReads(read),

    load: (graph, { identifiers, profiles }) =>
      read<{
        no: ProfileNo
        segmentId: string
        owned: ReadonlyArray<number>
        merges: number
        types: ReadonlyArray<string>
        added: ReadonlyArray<number>
        apart: ReadonlyArray<string>
      }>(
        cypher.load,
        { identifiers: identifierKeys(graph, identifiers), profiles: profileKeys(graph, profiles) },
        { latest: true }
      ).pipe(
        Effect.map((rows) => {
          const owners = Array.from({ length: identifiers.length }, (): ProfileNo | undefined => undefined)
          for (const row of rows) for (const o of row.owned) owners[o] = row.no
          return { owners, profiles: rows.map((row) => viewOf({ ...row, apart: row.apart.map(numberOf) })) }
        })
      ),

    issued: (graph, segmentIds) =>
      read<{ id: string }>(cypher.issued, { graph, ids: segmentIdsIn(segmentIds) }, { latest: true }).pipe(
        Effect.map((rows) => new Set(rows.map((row) => row.id)))
      ),

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
