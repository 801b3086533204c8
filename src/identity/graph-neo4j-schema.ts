/**
 * Constraints and indexes of the graph in Neo4j, created when a process first opens a graph.
 *
 * Neo4j creates a constraint in two transactions, its index first. A process that is killed in between leaves an index that
 * no constraint owns, and `IF NOT EXISTS` fails on it for ever (neo4j issue 13208): such an index is dropped, and the
 * constraint created anew. One that another process is creating right now looks alike, but has a transaction.
 */
import { Effect } from "effect"
import { type Neo4j, Neo4jFailed } from "../platform/neo4j.ts"

const schema: Readonly<Record<string, string>> = {
  braid_graph: "CREATE CONSTRAINT braid_graph IF NOT EXISTS FOR (g:Graph) REQUIRE g.id IS UNIQUE",
  braid_profile: "CREATE CONSTRAINT braid_profile IF NOT EXISTS FOR (p:Profile) REQUIRE p.key IS UNIQUE",
  braid_segment_id:
    "CREATE CONSTRAINT braid_segment_id IF NOT EXISTS FOR (p:Profile) REQUIRE (p.segment_id, p.graph) IS UNIQUE",
  // The store's own guard for INV-1 (IDR-131).
  braid_identifier: "CREATE CONSTRAINT braid_identifier IF NOT EXISTS FOR (i:Identifier) REQUIRE i.key IS UNIQUE",
  braid_merge: "CREATE INDEX braid_merge IF NOT EXISTS FOR ()-[e:MERGED_INTO]-() ON (e.id)"
}

/** Neo4j shows an unfinished creation without its text; `Neo4j.command` leaves it in the metadata. */
const underway = `
SHOW TRANSACTIONS YIELD metaData
WHERE metaData.command = $statement
RETURN count(*) AS n`

const repair = Effect.fnUntraced(function* (
  neo4j: Neo4j["Service"],
  name: string,
  statement: string,
  refused: Neo4jFailed
) {
  const [row] = yield* neo4j.read<{ readonly n: number }>(underway, { statement })
  // Left to who creates it; the space is tried again.
  if (row!.n > 0) return yield* refused
  yield* Effect.logWarning(
    `Neo4j has half of the constraint ${name}, left by a process that was killed; it is created anew`
  )
  // Refused by Neo4j when a constraint owns the index after all.
  yield* neo4j.command(`DROP INDEX ${name} IF EXISTS`, {})
  yield* neo4j.command(statement, {})
})

/** Creates what is missing, one after another: Neo4j lets changes of the schema run into deadlocks. */
export const createSchema = (neo4j: Neo4j["Service"]): Effect.Effect<void, Neo4jFailed> =>
  Effect.forEach(
    Object.entries(schema),
    ([name, statement]) =>
      neo4j.command(statement, {}).pipe(
        Effect.catchIf(
          ({ code }) => code === "Neo.ClientError.Schema.IndexWithNameAlreadyExists",
          (refused) => repair(neo4j, name, statement, refused)
        )
      ),
    { discard: true }
  )
