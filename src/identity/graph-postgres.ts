/**
 * The identity graph in PostgreSQL: a schema per graph, written in the caller's transaction.
 *
 * - An identifier stays with the profile it first belonged to; `profiles.root` leads to the canonical one and is kept
 *   flat, so every look-up is one hop. A merge rewrites the roots of what was merged before (at most 100 rows, IDR-87).
 * - The primary key of `identifiers` is the store's own guard for INV-1 (IDR-131).
 * - A graph that was never opened reads as an empty one.
 *
 * Here: what resolving needs. Changes: `graph-postgres-write.ts`; reads for people: `graph-postgres-read.ts`.
 */
import { Effect, Layer } from "effect"
import { Database } from "../platform/database.ts"
import { float8s, texts, uuids } from "../platform/sql-arrays.ts"
import { IdentityGraph } from "./graph.ts"
import { makeReads } from "./graph-postgres-read.ts"
import { keyOf, rowsOf, unavailable } from "./graph-postgres-rows.ts"
import * as statements from "./graph-postgres-sql.ts"
import { makeWrites } from "./graph-postgres-write.ts"
import { segmentIdsIn, viewOf } from "./graph-rows.ts"

const make = Effect.gen(function* () {
  const { read, write } = yield* Database

  const service: IdentityGraph["Service"] = {
    adapter: "postgres",
    transactional: true,
    ...makeWrites(write),
    ...makeReads(read),

    load: (graph, { identifiers, profiles }) =>
      rowsOf<{
        root: number
        segment_id: string
        owned: ReadonlyArray<number>
        merges: number
        types: ReadonlyArray<string>
        added: ReadonlyArray<number>
        apart: ReadonlyArray<number> | null
      }>(write, statements.load, graph, [uuids(identifiers.map(keyOf)), float8s(profiles)]).pipe(
        Effect.map((rows) => {
          const owners = Array.from({ length: identifiers.length }, (): number | undefined => undefined)
          const views = rows.map((row) => {
            for (const o of row.owned) owners[o - 1] = row.root
            return viewOf({
              no: row.root,
              segmentId: row.segment_id,
              merges: row.merges,
              types: row.types,
              added: row.added,
              apart: row.apart ?? []
            })
          })
          return { owners, profiles: views }
        })
      ),

    issued: (graph, segmentIds) =>
      rowsOf<{ segment_id: string }>(write, statements.issued, graph, [texts(segmentIdsIn(segmentIds))]).pipe(
        Effect.map((rows) => new Set(rows.map((row) => row.segment_id)))
      ),

    ping: read`select 1`.pipe(Effect.mapError(unavailable), Effect.asVoid)
  }
  return service
})

export const postgresGraph: Layer.Layer<IdentityGraph, never, Database> = Layer.effect(IdentityGraph, make)
