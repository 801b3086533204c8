/** What the parts of the Postgres graph share: names, keys, failures, and reading a graph that may not be there. */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../platform/database.ts"
import { hash128 } from "../platform/hash.ts"
import { type GraphId, GraphUnavailable } from "./graph.ts"
import { identifierText, spaceOf } from "./graph-rows.ts"
import type { Identifier } from "./model.ts"

export type Sql = Database["Service"]["read"]

const codeOf = (error: SqlError.SqlError): string => {
  const code = (error.reason.cause as { readonly code?: unknown } | undefined)?.code
  return typeof code === "string" && code !== "" ? code : error.reason._tag
}

export const unavailable = (error: SqlError.SqlError) =>
  new GraphUnavailable({ adapter: "postgres", code: codeOf(error), cause: error })

/** undefined_table, invalid_schema_name: the graph was never opened. */
export const isAbsent = (error: SqlError.SqlError): boolean => codeOf(error) === "42P01" || codeOf(error) === "3F000"

export const schemaOf = (graph: GraphId): string => {
  spaceOf(graph)
  return `"${graph}"`
}

export const keyOf = (identifier: Identifier): string => hash128(identifierText(identifier))

/** A graph that was never opened has no rows. */
export const rowsOf = <Row extends object>(
  sql: Sql,
  text: (schema: string) => string,
  graph: GraphId,
  parameters: ReadonlyArray<unknown>
): Effect.Effect<ReadonlyArray<Row>, GraphUnavailable> =>
  sql.unsafe<Row>(text(schemaOf(graph)), parameters).pipe(
    Effect.catchIf(isAbsent, () => Effect.succeed([] as ReadonlyArray<Row>)),
    Effect.mapError(unavailable)
  )
