/** Looks for a text in everything that is stored: every table of the database, every object of the archive, every graph. */
import { Effect, Option } from "effect"
import { zstdDecompressSync } from "node:zlib"
import { ObjectStore } from "../../src/archive/object-store.ts"
import { Database } from "../../src/platform/database.ts"
import { Neo4j } from "../../src/platform/neo4j.ts"

const inTables = (text: string) =>
  Effect.gen(function* () {
    const { write: sql } = yield* Database
    const tables = yield* sql<{ schema: string; name: string }>`
      select schemaname as schema, tablename as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`
    const found: Array<string> = []
    for (const { schema, name } of tables) {
      // Bodies are bytes, which Postgres shows in hexadecimal.
      const [row] = yield* sql.unsafe<{ n: number }>(
        `select count(*)::int as n from "${schema}"."${name}" t where position($1 in t::text) > 0 or position($2 in t::text) > 0`,
        [text, Buffer.from(text).toString("hex")]
      )
      if (row!.n > 0) found.push(`table ${schema}.${name}: ${row!.n}`)
    }
    return found
  })

const inObjects = (text: string) =>
  Effect.gen(function* () {
    const objects = yield* ObjectStore
    const found: Array<string> = []
    let after: string | undefined
    for (;;) {
      const page = yield* objects.list({ prefix: "", after })
      for (const { key } of page.objects) {
        const bytes = yield* objects.get(key)
        const content = key.endsWith(".zst") ? zstdDecompressSync(bytes) : Buffer.from(bytes)
        if (content.includes(text)) found.push(`object ${key}`)
      }
      after = page.objects.at(-1)?.key
      if (!page.more) return found
    }
  })

const says = (it: string) =>
  `any(k IN keys(${it}) WHERE (${it}[k] IS :: STRING AND ${it}[k] CONTAINS $text) OR
     (${it}[k] IS :: LIST<STRING NOT NULL> AND any(x IN ${it}[k] WHERE x CONTAINS $text)))`

const inNeo4j = (text: string) =>
  Effect.gen(function* () {
    const neo4j = yield* Effect.serviceOption(Neo4j)
    if (Option.isNone(neo4j)) return []
    const rows = yield* neo4j.value.read<{ n: number }>(
      `CALL () { MATCH (n) WHERE ${says("n")} RETURN 1 AS hit UNION ALL MATCH ()-[r]->() WHERE ${says("r")} RETURN 1 AS hit }
       RETURN count(hit) AS n`,
      { text }
    )
    return Number(rows[0]!.n) === 0 ? [] : [`graph: ${rows[0]!.n}`]
  })

/** Where the text is; empty when it is nowhere. */
export const searchEverything = (text: string) =>
  Effect.map(Effect.all([inTables(text), inObjects(text), inNeo4j(text)]), (all) => all.flat())
