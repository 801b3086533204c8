/**
 * The identifiers that an event was resolved by (IDR-39). Nearly always they are all that the event carries, which
 * the store says with a null; then they are read from the message again, under the rules it was resolved with.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Message } from "../event/message.ts"
import { extract } from "../identity/extract.ts"
import type { Identifier } from "../identity/model.ts"
import { type AutoAdded, compileRules, type Rules } from "../identity/rules.ts"
import type { Database } from "../platform/database.ts"
import { int4s } from "../platform/sql-arrays.ts"
import type { Collection, RulesDocument } from "../workspace/rules.ts"
import type { ReadSpace } from "./views.ts"

/** Compiled rule versions kept in memory, over all spaces. */
const capacity = 200

type Stored = readonly [collection: Collection, type: string, value: string]

const plain = ({ collection, type, value }: Identifier): Identifier => ({ collection, type, value })

/** `ids` is the column of the stamp; `rules` undefined when that version is gone, then nothing is listed. */
export const stampedIds = (
  message: Message,
  ids: string | null,
  rules: Rules | undefined
): ReadonlyArray<Identifier> => {
  if (ids !== null)
    return (JSON.parse(ids) as ReadonlyArray<Stored>).map(([collection, type, value]) => ({ collection, type, value }))
  if (rules === undefined) return []
  const { users, accounts } = extract(message, rules).extraction
  if (accounts.length === 0) return users.map(plain)
  return [...users, ...accounts].sort((a, b) => a.index - b.index).map(plain)
}

const keyOf = (space: ReadSpace, version: number) => `${space.id}:${version}`

/** Rules by version, compiled once; one query for all versions that are not in memory yet. */
export const makeRulesVersions = (database: Database["Service"]) => {
  const compiled = new Map<string, Rules>()
  const load = Effect.fnUntraced(function* (
    space: ReadSpace,
    versions: ReadonlyArray<number>
  ): Effect.fn.Return<void, SqlError.SqlError> {
    const rows = yield* database.read.unsafe<{ version: number; doc: string; added: string }>(
      `select r.version, r.doc,
         (select coalesce(json_agg(json_build_object('type', a.type, 'collection', a.collection)), '[]')::text
          from ${space.schema}.auto_added a) as added
       from ${space.schema}.rules r where r.version = any($1::int4[])`,
      [int4s(versions)]
    )
    if (compiled.size + rows.length > capacity) compiled.clear()
    for (const { version, doc, added } of rows) {
      const rules = compileRules(JSON.parse(doc) as RulesDocument, version, JSON.parse(added) as Array<AutoAdded>)
      compiled.set(keyOf(space, version), rules)
    }
  })
  return Effect.fnUntraced(function* (space: ReadSpace, versions: ReadonlySet<number>) {
    const missing = [...versions].filter((version) => !compiled.has(keyOf(space, version)))
    if (missing.length > 0) yield* load(space, missing)
    return (version: number): Rules | undefined => compiled.get(keyOf(space, version))
  })
}
