/** Keys and rows of the Neo4j graph: mutations as parameters of its statements, each list sorted by key. */
import { hash128 } from "../platform/hash.ts"
import { integer } from "../platform/neo4j.ts"
import type { Collection } from "../workspace/rules.ts"
import type { GraphId, GraphMutations } from "./graph.ts"
import { countChanges, earliestLinks, finalRoots, identifierText, spaceOf } from "./graph-rows.ts"
import { mappingId } from "./ids.ts"
import { collectionOf, type Identifier, type ProfileNo } from "./model.ts"

export const profileKey = (graph: GraphId, no: ProfileNo): string => `${graph}/${no}`

const identifierKey = (graph: GraphId, identifier: Identifier): string =>
  `${graph}/${hash128(identifierText(identifier))}`

export const numberOf = (key: string): ProfileNo => Number(key.slice(key.lastIndexOf("/") + 1))

export const profileKeys = (graph: GraphId, nos: ReadonlyArray<ProfileNo>): ReadonlyArray<string> =>
  nos.map((no) => profileKey(graph, no))

export const identifierKeys = (graph: GraphId, identifiers: ReadonlyArray<Identifier>): ReadonlyArray<string> =>
  identifiers.map((identifier) => identifierKey(graph, identifier))

/** A property holds no structures, so an identifier is written `email:jane@example.com`; a type has no colon (IDR-33). */
const written = (identifier: Identifier): string => `${identifier.type}:${identifier.value}`

export const identifierFrom =
  (collection: Collection) =>
  (text: string): Identifier => {
    const colon = text.indexOf(":")
    return { collection, type: text.slice(0, colon), value: text.slice(colon + 1) }
  }

export const sorted = <Row extends { readonly key: string }>(rows: Array<Row>): ReadonlyArray<Row> =>
  rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))

export const mutationRows = (graph: GraphId, mutations: GraphMutations) => {
  const space = spaceOf(graph)
  const key = (no: ProfileNo) => profileKey(graph, no)
  return {
    counts: countChanges(mutations),
    profiles: sorted(
      mutations.profiles.map((row) => ({
        key: key(row.no),
        no: integer(row.no),
        collection: collectionOf(row.no),
        segment_id: row.segmentId,
        at: integer(row.createdAt),
        source: integer(row.source),
        message_id: row.messageId
      }))
    ),
    mappings: sorted(
      mutations.mappings.map((row) => ({
        key: identifierKey(graph, row),
        profile: key(row.profile),
        type: row.type,
        value: row.value,
        id: mappingId(space, row, row.messageId, row.addedAt),
        at: integer(row.addedAt),
        source: integer(row.source),
        message_id: row.messageId
      }))
    ),
    merges: sorted(
      mutations.merges.map((row) => ({
        key: key(row.from),
        into: key(row.into),
        id: row.id,
        position: integer(row.position),
        at: integer(row.at),
        message_id: row.messageId,
        event_type: row.eventType,
        event_name: row.eventName,
        source: integer(row.source),
        rules_version: integer(row.rulesVersion),
        matched_from: row.matchedFrom.map(written),
        matched_into: row.matchedInto.map(written)
      }))
    ),
    /** Profiles that are canonical and got new members. */
    roots: [...new Set(finalRoots(mutations.merges).values())].map(key).sort(),
    links: sorted(
      earliestLinks(mutations.links).map((row) => ({
        key: key(row.user),
        account: key(row.account),
        at: integer(row.createdAt),
        position: integer(row.position),
        source: integer(row.source),
        message_id: row.messageId
      }))
    )
  }
}
