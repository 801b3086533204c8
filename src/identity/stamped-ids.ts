/**
 * The identifiers that an event was resolved by (IDR-39). Nearly always they are all that the event carries, which
 * the store says with a null; then they are read from the message again, under the rules it was resolved with.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Message } from "../event/message.ts"
import { extract } from "./extract.ts"
import type { Identifier } from "./model.ts"
import { type AutoAdded, compileRules, type Rules } from "./rules.ts"
import type { Database } from "../platform/database.ts"
import { int4s } from "../platform/sql-arrays.ts"
import type { Collection, RulesDocument } from "../workspace/rules.ts"

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

/** A space by id and quoted schema name. */
export interface SpaceTables {
  readonly id: string
  readonly schema: string
}

/**
 * Rules by version, compiled once; one query for all versions that are not in memory yet. The table also grows by what events
 * add (IDR-37), which is no new version.
 */
export const makeRulesVersions = (database: Database["Service"]) => {
  const compiled = new Map<string, Rules>()
  const load = Effect.fnUntraced(function* (
    { id, schema }: SpaceTables,
    versions: ReadonlyArray<number>,
    added: ReadonlyArray<AutoAdded>
  ): Effect.fn.Return<void, SqlError.SqlError> {
    const rows = yield* database.read.unsafe<{ version: number; doc: string }>(
      `select r.version, r.doc from ${schema}.rules r where r.version = any($1::int4[])`,
      [int4s(versions)]
    )
    if (compiled.size + rows.length > capacity) compiled.clear()
    for (const { version, doc } of rows)
      compiled.set(`${id}:${version}:${added.length}`, compileRules(JSON.parse(doc) as RulesDocument, version, added))
  })
  return Effect.fnUntraced(function* (space: SpaceTables, versions: ReadonlySet<number>) {
    const added = yield* database.read.unsafe<AutoAdded>(
      `select a.type, a.collection from ${space.schema}.auto_added a order by a.pos, a.type`
    )
    const keyOf = (version: number) => `${space.id}:${version}:${added.length}`
    const missing = [...versions].filter((version) => !compiled.has(keyOf(version)))
    if (missing.length > 0) yield* load(space, missing, added)
    return (version: number): Rules | undefined => compiled.get(keyOf(version))
  })
}
