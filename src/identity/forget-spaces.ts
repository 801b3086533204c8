/**
 * The end of spaces that left the configuration long ago (PRV-31): everything of them goes. Until then they could come back as
 * they were, and their place in the log keeps what they have not read.
 *
 *     note the graphs -> one transaction: place, tables, rows of the space in every shared table, values in the audit trail -> graphs
 *
 * The space's row stays, so that its slug is given to nobody else, and so does what the audit trail says was done. A space that is
 * declared again after that begins anew. Interrupted, the next round finishes it: the graphs are noted as generations to be dropped.
 */
import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { Database } from "../platform/database.ts"
import { texts } from "../platform/sql-arrays.ts"
import { addAudit, auditId } from "../workspace/audit.ts"
import { graphAdapters, graphOfGeneration, readerAside, schemaAside } from "./generations/generation.ts"
import { dropGraphs } from "./generations/keep.ts"
import type { GraphError, IdentityGraph } from "./graph.ts"
import { spaceSchema } from "./schema.ts"
import { readerName } from "./space-store.ts"

const spacesARound = 10

/** Tables whose rows outlive their space. */
const keptTables = ["audit", "spaces", "space_numbers", "space_generations", "space_graphs", "regulation_parts"]

/** Graphs in Postgres that the adapter does not know, because the graph is kept elsewhere by now. */
const dropSchemas = Effect.fnUntraced(function* (spaceId: string) {
  const { write: sql } = yield* Database
  const schemas = yield* sql<{
    name: string
  }>`select nspname as name from pg_namespace where starts_with(nspname, ${`${spaceId}.`})`
  for (const { name } of schemas) yield* sql.unsafe(`drop schema if exists "${name}" cascade`)
})

/** In one transaction; false: it has come back. */
const forgetTables = Effect.fnUntraced(function* (spaceId: string, before: Date, at: number) {
  const { write: sql } = yield* Database
  const [gone] = yield* sql<{ slug: string; name: string }>`
    select slug, name from spaces where id = ${spaceId} and removed_at < ${before} for update`
  if (gone === undefined) return false
  // Whoever still runs it is fenced off.
  yield* sql`delete from cursors where reader in (${readerName(spaceId)}, ${readerAside(spaceId)})`
  yield* sql`insert into space_generations (space, generation, role, operation)
    select ${spaceId}, g.generation, 'dropped', 0 from (select 1 union select generation from space_graphs where space = ${spaceId}) g (generation)
    on conflict (space, generation) do update set role = 'dropped'`
  yield* sql`update space_generations set role = 'dropped' where space = ${spaceId}`
  // Should the space be declared again, its graph is none of those.
  const next = yield* sql<{ generation: number }>`
    select max(generation) + 1 as generation from space_generations where space = ${spaceId}`
  const { generation } = next[0]!
  for (const adapter of graphAdapters)
    yield* sql`insert into space_graphs (space, adapter, graph, generation)
      values (${spaceId}, ${adapter}, ${graphOfGeneration(spaceId, generation)}, ${generation})
      on conflict (space, adapter) do update set graph = excluded.graph, generation = excluded.generation`
  for (const schema of [spaceSchema(spaceId), schemaAside(spaceId, "next"), schemaAside(spaceId, "previous")])
    yield* sql.unsafe(`drop schema if exists ${schema} cascade`)
  yield* sql`delete from what_if_clusters c using what_if_runs w where c.run = w.n and w.space = ${spaceId}`
  const tables = yield* sql<{ name: string }>`
    select table_name as name from information_schema.columns
    where table_schema = current_schema() and column_name = 'space' and table_name <> all(${texts(keptTables)})`
  for (const { name } of tables) yield* sql.unsafe(`delete from "${name}" where space = $1`, [spaceId])
  yield* sql`update audit set before = null, after = null, reason = null, data = null where space = ${spaceId}`
  yield* addAudit(sql, [
    {
      id: auditId(at, `${spaceId}\nforgotten`),
      at,
      space: spaceId,
      actor: "system",
      action: "Removed Space Forgotten",
      target: `space ${spaceId}`,
      reason: null,
      before: gone,
      after: null
    }
  ])
  return true
})

/** Removes what is left of spaces that were removed more than `days` ago; 0: of none. */
export const forgetRemovedSpaces = Effect.fnUntraced(function* (
  days: number
): Effect.fn.Return<void, GraphError | SqlError.SqlError, Database | IdentityGraph> {
  if (days === 0) return
  const { write: sql } = yield* Database
  const at = yield* Clock.currentTimeMillis
  const before = new Date(at - days * 86_400_000)
  const due = yield* sql<{ id: string; there: boolean }>`
    select s.id, exists (select 1 from pg_namespace n where n.nspname = s.id) as there from spaces s where s.removed_at < ${before}
      and (exists (select 1 from pg_namespace n where n.nspname = s.id)
        or exists (select 1 from space_generations g where g.space = s.id and g.role = 'dropped'))
    order by s.removed_at limit ${spacesARound}`
  for (const { id, there } of due) {
    if (there && !(yield* sql.withTransaction(forgetTables(id, before, at)))) continue
    yield* dropSchemas(id)
    yield* dropGraphs(id)
    yield* Effect.logInfo(
      `Everything of the space ${id}, which left the configuration more than ${days} days ago, was removed`
    )
  }
})
