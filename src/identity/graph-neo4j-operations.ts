/**
 * The statements of each kind of `GraphOperation` and their rows, for `graph-neo4j.ts`. Each counts what it really changed,
 * so that naming what is gone changes nothing.
 */
import { integer } from "../platform/neo4j.ts"
import type { GraphId, GraphOperation } from "./graph.ts"
import { identifierKeys, profileKey, sorted } from "./graph-neo4j-rows.ts"

const countOf = (profile: string, sign: "+" | "-"): string => `
  g.users = g.users ${sign} CASE ${profile}.collection WHEN 'users' THEN 1 ELSE 0 END,
  g.accounts = g.accounts ${sign} CASE ${profile}.collection WHEN 'users' THEN 0 ELSE 1 END`

const unmap = ["UNWIND $rows AS row MATCH (i:Identifier {key: row.key}) DETACH DELETE i"]

const remap = [
  `
UNWIND $rows AS row
MATCH (i:Identifier {key: row.key})-[t:MAPS_TO]->()
MATCH (p:Profile {key: row.to})
WHERE p.root IS NOT NULL
CREATE (i)-[n:MAPS_TO]->(p)
SET n = properties(t), n.origin_segment_id = p.segment_id
DELETE t`
]

const unmerge = [
  `
UNWIND $rows AS row
MATCH (f:Profile {key: row.key})-[e:MERGED_INTO]->()
MATCH (g:Graph {id: $graph})
SET f.state = 'active', f.root = f.key,${countOf("f", "+")}
DELETE e`,
  `
UNWIND $rows AS row
MATCH (:Profile {key: row.key, root: row.key})<-[:MERGED_INTO*1..]-(m)
SET m.root = row.key`
]

const unlink = [
  `
UNWIND $rows AS row
MATCH (:Profile {key: row.key})-[l:MEMBER_OF]->(:Profile {key: row.account})
DELETE l`
]

const separate = [
  `
UNWIND $rows AS row
MATCH (a:Profile {key: row.key})
MATCH (b:Profile {key: row.other})
WHERE a.root IS NOT NULL AND b.root IS NOT NULL
MERGE (a)-[k:KEPT_APART]-(b)
SET k.audit = row.audit, k.since = datetime({epochMillis: row.since}), a.apart = true, b.apart = true`
]

const lift = [
  `
UNWIND $rows AS row
MATCH (a:Profile {key: row.key})
MATCH (b:Profile {key: row.other})
MATCH (:Profile {key: a.root})<-[:MERGED_INTO*0..]-()-[k:KEPT_APART]-(x {root: b.root})
DELETE k`
]

const members = `
UNWIND $rows AS row
MATCH (p:Profile {key: row.key})
MATCH (r:Profile {key: p.root})`

const erase = [
  `${members}
MATCH (r)<-[:MERGED_INTO*0..]-()<-[:MAPS_TO]-(i)
DETACH DELETE i`,
  `${members}
MATCH (g:Graph {id: $graph})
SET ${countOf("r", "-")}`,
  `${members}
MATCH (r)<-[:MERGED_INTO*0..]-(m)
WITH collect(m) AS members
UNWIND members AS m
SET m = {key: m.key, graph: m.graph, space: m.space, collection: m.collection, segment_id: m.segment_id,
  created_seq: m.created_seq, state: 'erased'}
WITH m
MATCH (m)-[relation]-()
DELETE relation`
]

/** In order, each over the rows of `operationRows`. */
export const operations = { unmap, remap, unmerge, unlink, separate, lift, erase } as const

export const operationRows = (graph: GraphId, operation: GraphOperation): ReadonlyArray<object> => {
  const key = (no: number) => profileKey(graph, no)
  switch (operation.kind) {
    case "unmap":
      return sorted(identifierKeys(graph, operation.identifiers).map((key) => ({ key })))
    case "remap": {
      const to = key(operation.to)
      return sorted(identifierKeys(graph, operation.identifiers).map((key) => ({ key, to })))
    }
    case "unmerge":
      return [{ key: key(operation.from) }]
    case "unlink":
      return sorted(operation.links.map(({ user, account }) => ({ key: key(user), account: key(account) })))
    case "separate": {
      const { audit, since } = operation
      const a = Math.min(operation.a, operation.b)
      const b = Math.max(operation.a, operation.b)
      return [{ key: key(a), other: key(b), audit, since: integer(since) }]
    }
    case "lift":
      return [{ key: key(operation.a), other: key(operation.b) }]
    case "erase":
      return [{ key: key(operation.profile) }]
  }
}
