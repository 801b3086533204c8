/**
 * The identifiers that an event was resolved by (IDR-39). Nearly always they are all that the event carries, which
 * the store says with a null; then they are read from the message again, under the rules it was resolved with.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Message } from "../event/message.ts"
import { extract } from "./extract.ts"
import type { Identifier, Seq } from "./model.ts"
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

/** What an event was resolved under: the version of the rules and its place in the order of resolution. */
export interface ResolvedUnder {
  readonly rules: number
  readonly seq: Seq
}

/**
 * The rules that events were resolved under, compiled once; one query for all versions that are not in memory yet. The table also
 * grows by what events add (IDR-37), which is no new version: for an event it has the types added up to the event itself.
 */
export const makeRulesVersions = (database: Database["Service"]) => {
  const compiled = new Map<string, Rules>()
  return Effect.fnUntraced(function* (
    { id, schema }: SpaceTables,
    events: ReadonlyArray<ResolvedUnder>
  ): Effect.fn.Return<(event: ResolvedUnder) => Rules | undefined, SqlError.SqlError> {
    const added =
      events.length === 0
        ? []
        : yield* database.read.unsafe<AutoAdded & { readonly pos: Seq }>(
            `select a.type, a.collection, a.pos::float8 as pos from ${schema}.auto_added a order by a.pos, a.type`
          )
    const addedBy = (seq: Seq): number => {
      let n = added.length
      while (n > 0 && added[n - 1]!.pos > seq) n--
      return n
    }
    const keyOf = ({ rules, seq }: ResolvedUnder) => `${id}:${rules}:${addedBy(seq)}`
    const wanted = new Map(events.map((event) => [keyOf(event), event]))
    if (compiled.size + wanted.size > capacity) compiled.clear()
    const missing = new Map([...wanted].filter(([key]) => !compiled.has(key)))
    if (missing.size > 0) {
      const versions = [...new Set([...missing.values()].map(({ rules }) => rules))]
      const rows = yield* database.read.unsafe<{ version: number; doc: string }>(
        `select r.version, r.doc from ${schema}.rules r where r.version = any($1::int4[])`,
        [int4s(versions)]
      )
      const documents = new Map(rows.map(({ version, doc }) => [version, JSON.parse(doc) as RulesDocument]))
      for (const [key, { rules, seq }] of missing) {
        const document = documents.get(rules)
        if (document !== undefined) compiled.set(key, compileRules(document, rules, added.slice(0, addedBy(seq))))
      }
    }
    return (event) => compiled.get(keyOf(event))
  })
}
