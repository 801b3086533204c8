/** Reading a graph in Neo4j for people: answers in the order of the request, one statement each. */
import { Effect } from "effect"
import { integer, type Parameters } from "../platform/neo4j.ts"
import type { Position } from "../log/event-log.ts"
import * as cypher from "./graph-neo4j-cypher.ts"
import { identifierFrom, identifierKeys, profileKeys } from "./graph-neo4j-rows.ts"
import type {
  CrowdedProfile,
  ExternalIdRow,
  FoundProfile,
  GraphUnavailable,
  IdentityGraph,
  MemberRow,
  MergeRow,
  OwnedIdentifier,
  SeparatedProfile
} from "./graph.ts"
import { externalIdOrder, listsOf, mergeOrder, separationOrder, splitRefs } from "./graph-rows.ts"
import { collectionOf, type ProfileNo } from "./model.ts"

type Reads = Pick<
  IdentityGraph["Service"],
  "find" | "externalIds" | "links" | "merges" | "findMerge" | "separations" | "walk" | "crowded" | "count"
>

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

export const makeReads = (
  read: <Row>(statement: string, parameters: Parameters) => Effect.Effect<ReadonlyArray<Row>, GraphUnavailable>
): Reads => ({
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
    read<{ n: number }>(cypher.count, { graph, collection }).pipe(Effect.map(([row]) => row?.n ?? 0))
})
