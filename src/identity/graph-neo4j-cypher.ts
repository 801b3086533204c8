/**
 * The statements of the Neo4j graph (of operations: `graph-neo4j-operations.ts`). What it looks like (spec 02 section 17):
 *
 *     (:Identifier {type, value})-[:MAPS_TO]->(:Profile {segment_id})-[:MERGED_INTO]->(:Profile)
 *                                             (:Profile)-[:MEMBER_OF]->(:Profile:Account)
 *                                             (:Profile)-[:KEPT_APART {audit, since}]-(:Profile)
 *     (:Graph {id, position, users, accounts})
 *
 * - `key` begins with the graph (space and generation), so that a rebuilt graph can lie beside the live one:
 *   `<graph>/<created_seq>` of a profile, `<graph>/<hash of collection, type, value>` of an identifier.
 * - `root` = key of the canonical profile, kept flat: from anywhere to the canonical profile is one look-up, and from
 *   there MERGED_INTO leads back to every member. `created_seq` is the ProfileNo.
 * - `apart` marks profiles that were ever named in a KEPT_APART, so that a load can pass by all others.
 * - An erased profile is a `Profile` with `state: 'erased'`, without a root, relations, or what came from a message.
 */

/** Position of a graph that is being dropped: nothing can be applied to it. */
export const dropping = -1

const deleteAll = (label: string, rows: number): string => `
MATCH (n:${label}) WHERE n.key STARTS WITH $graph + '/'
CALL (n) {
  MATCH (:Graph {id: $graph, position: ${dropping}})
  DETACH DELETE n
} IN TRANSACTIONS OF ${rows} ROWS`

export const position = `
MATCH (g:Graph {id: $graph})
RETURN g.position AS position`

export const create = `
MERGE (g:Graph {id: $graph})
ON CREATE SET g.space = $space, g.position = 0, g.users = 0, g.accounts = 0`

/** The first SET takes the lock of the node, so that the position is read behind it. */
export const advance = `
MATCH (g:Graph {id: $graph})
SET g.applied_at = datetime()
WITH g, g.position AS found
FOREACH (_ IN CASE WHEN found = $from AND found <> $to THEN [1] ELSE [] END |
  SET g.position = $to, g.users = g.users + $users, g.accounts = g.accounts + $accounts)
RETURN found`

export const createProfiles = `
UNWIND $rows AS row
CREATE (p:Profile {key: row.key, root: row.key, graph: $graph, space: $space, collection: row.collection,
  segment_id: row.segment_id, created_seq: row.no, created_at: datetime({epochMillis: row.at}), source: row.source,
  first_message_id: row.message_id, state: 'active'})
FOREACH (_ IN CASE row.collection WHEN 'accounts' THEN [1] ELSE [] END | SET p:Account)`

export const createMappings = `
UNWIND $rows AS row
MATCH (p:Profile {key: row.profile})
CREATE (:Identifier {key: row.key, space: $space, collection: p.collection, type: row.type, value: row.value})
  -[:MAPS_TO {id: row.id, added_at: datetime({epochMillis: row.at}), created_at: datetime({epochMillis: row.at}),
    source: row.source, first_message_id: row.message_id, origin_segment_id: p.segment_id, state: 'active'}]->(p)`

export const createMerges = `
UNWIND $rows AS row
MATCH (f:Profile {key: row.key})
MATCH (t:Profile {key: row.into})
CREATE (f)-[:MERGED_INTO {id: row.id, collection: f.collection, resolution_seq: row.position,
  created_at: datetime({epochMillis: row.at}), message_id: row.message_id, event_type: row.event_type,
  event_name: row.event_name, source: row.source, rules_version: row.rules_version,
  matched_from: row.matched_from, matched_into: row.matched_into, state: 'active'}]->(t)
SET f.state = 'merged'`

/** $rows: keys of profiles that others were merged into and that are canonical now. */
export const moveRoots = `
UNWIND $rows AS root
MATCH (:Profile {key: root})<-[:MERGED_INTO*1..]-(m)
SET m.root = root`

export const createLinks = `
UNWIND $rows AS row
MATCH (u:Profile {key: row.key})
MATCH (a:Profile {key: row.account})
MERGE (u)-[l:MEMBER_OF]->(a)
WITH l, row, datetime({epochMillis: row.at}) AS at
WHERE l.created_at IS NULL OR at < l.created_at OR (at = l.created_at AND row.position < l.resolution_seq)
SET l.created_at = at, l.resolution_seq = row.position, l.source = row.source, l.first_message_id = row.message_id,
  l.origin_segment_id = startNode(l).segment_id`

export const load = `
CALL () {
  UNWIND range(0, size($identifiers) - 1) AS o
  MATCH (:Identifier {key: $identifiers[o]})-[:MAPS_TO]->(p)
  RETURN o, p.root AS root
UNION ALL
  UNWIND $profiles AS key
  MATCH (p:Profile {key: key})
  RETURN null AS o, p.root AS root
}
WITH root, collect(o) AS owned
MATCH (r:Profile {key: root})
CALL (r) {
  MATCH (r)<-[:MERGED_INTO*0..]-(m)
  OPTIONAL MATCH (m)<-[t:MAPS_TO]-(i)
  RETURN count(DISTINCT m) - 1 AS merges, collect(i.type) AS types, collect(t.added_at.epochMillis) AS added,
    collect(DISTINCT CASE WHEN m.apart THEN m END) AS named
}
RETURN r.created_seq AS no, r.segment_id AS segmentId, owned, merges, types, added,
  COLLECT { UNWIND named AS m MATCH (m)-[:KEPT_APART]-(x) WHERE x.root <> root RETURN DISTINCT x.root } AS apart`

export const separations = `
UNWIND range(0, size($profiles) - 1) AS o
MATCH (:Profile {key: $profiles[o]})<-[:MERGED_INTO*0..]-()-[k:KEPT_APART]-(x)
WHERE x.root <> $profiles[o]
MATCH (q:Profile {key: x.root})
RETURN o, q.created_seq AS no, q.segment_id AS segmentId, k.audit AS audit, k.since.epochMillis AS since`

/** In the order of the keys; $from: the key to go on from, $to: behind the last of this graph. */
export const walk = `
MATCH (i:Identifier)
WHERE i.key > $from AND i.key < $to AND i.collection = $collection
WITH i ORDER BY i.key LIMIT $limit
MATCH (i)-[:MAPS_TO]->(p)
MATCH (r:Profile {key: p.root})
RETURN i.type AS type, i.value AS value, r.created_seq AS no, r.segment_id AS segmentId
ORDER BY i.key`

/** Profile by profile, so that the server holds no more than the best: $types and $least are parallel. */
export const crowded = `
MATCH (r:Profile)
WHERE r.key STARTS WITH $graph + '/' AND r.root = r.key AND r.collection = $collection
CALL (r) {
  MATCH (r)<-[:MERGED_INTO*0..]-()<-[:MAPS_TO]-(i)
  WHERE i.type IN $types
  RETURN i.type AS type, count(*) AS n
}
WITH r, type, n
WHERE n >= [x IN range(0, size($types) - 1) WHERE $types[x] = type | $least[x]][0]
WITH r, type, n ORDER BY n DESC, r.created_seq, type LIMIT $limit
RETURN r.created_seq AS no, r.segment_id AS segmentId, type, n AS count`

export const issued = `
UNWIND $ids AS id
MATCH (p:Profile {segment_id: id, graph: $graph})
RETURN id`

export const find = `
CALL () {
  UNWIND range(0, size($segments) - 1) AS at
  MATCH (p:Profile {segment_id: $segments[at], graph: $graph})
  RETURN $segmentsAt[at] AS o, p.root AS root
UNION ALL
  UNWIND range(0, size($identifiers) - 1) AS at
  MATCH (:Identifier {key: $identifiers[at]})-[:MAPS_TO]->(p)
  RETURN $identifiersAt[at] AS o, p.root AS root
UNION ALL
  UNWIND range(0, size($profiles) - 1) AS at
  MATCH (p:Profile {key: $profiles[at]})
  RETURN $profilesAt[at] AS o, p.root AS root
}
WITH root, collect(o) AS asked
MATCH (r:Profile {key: root})
WHERE r.collection = $collection
RETURN asked, r.created_seq AS no, r.segment_id AS segmentId,
  COLLECT { MATCH (r)<-[:MERGED_INTO*0..]-(m)
    RETURN {no: m.created_seq, segmentId: m.segment_id, createdAt: m.created_at.epochMillis, source: m.source,
      messageId: m.first_message_id} } AS members`

export const externalIds = `
UNWIND range(0, size($profiles) - 1) AS o
MATCH (r:Profile {key: $profiles[o]})<-[:MERGED_INTO*0..]-(m)<-[t:MAPS_TO]-(i)
RETURN o, i.collection AS collection, i.type AS type, i.value AS value, m.created_seq AS profile,
  t.added_at.epochMillis AS addedAt, t.source AS source, t.first_message_id AS messageId,
  t.origin_segment_id AS originSegmentId`

/** `first` = [created_at, position] of the earliest of equal links; lists are compared member by member. */
export const links = `
UNWIND range(0, size($profiles) - 1) AS o
CALL (o) {
  MATCH (r:Profile {key: $profiles[o]})<-[:MERGED_INTO*0..]-(m)-[l:MEMBER_OF]-(x)
  WITH x.root AS other, min([l.created_at.epochMillis, l.resolution_seq]) AS first
  ORDER BY first
  RETURN count(*) AS total, collect({other: other, first: first}) AS all
}
WITH o, total, [x IN all WHERE x.first > $after[o]][0..$limits[o]] AS page
UNWIND CASE page WHEN [] THEN [null] ELSE page END AS x
OPTIONAL MATCH (p:Profile {key: x.other})
RETURN o, total, p.created_seq AS no, p.segment_id AS segmentId, x.first[0] AS createdAt, x.first[1] AS position`

export const merges = `
UNWIND range(0, size($profiles) - 1) AS o
MATCH (r:Profile {key: $profiles[o]})<-[:MERGED_INTO*0..]-(t)<-[e:MERGED_INTO]-(f)
RETURN o, e.id AS id, e.resolution_seq AS position, f.created_seq AS \`from\`, t.created_seq AS \`into\`,
  e.created_at.epochMillis AS at, e.message_id AS messageId, e.event_type AS eventType, e.event_name AS eventName,
  e.source AS source, e.rules_version AS rulesVersion, e.matched_from AS matchedFrom, e.matched_into AS matchedInto`

export const findMerge = `
MATCH (f:Profile)-[e:MERGED_INTO {id: $id}]->(t)
WHERE f.graph = $graph
RETURN e.id AS id, e.resolution_seq AS position, f.created_seq AS \`from\`, t.created_seq AS \`into\`,
  e.created_at.epochMillis AS at, e.message_id AS messageId, e.event_type AS eventType, e.event_name AS eventName,
  e.source AS source, e.rules_version AS rulesVersion, e.matched_from AS matchedFrom, e.matched_into AS matchedInto`

export const count = `
MATCH (g:Graph {id: $graph})
RETURN CASE $collection WHEN 'users' THEN g.users ELSE g.accounts END AS n`

export const ping = "RETURN 1 AS one"

/**
 * The mark first and the node last, so that a drop which is cut short is seen and finished by `open`. Each deletion asks
 * for the mark: one that comes late must not touch a graph of the same name that was opened meanwhile.
 */
export const drop: ReadonlyArray<string> = [
  `MATCH (g:Graph {id: $graph}) SET g.position = ${dropping}`,
  deleteAll("Identifier", 5000),
  deleteAll("Profile", 1000),
  `MATCH (g:Graph {id: $graph}) WHERE g.position = ${dropping} DELETE g`
]
