/**
 * What the journal knows of profiles that are about to be erased: which entries, and which identifiers.
 *
 * Beside the entries of the profiles themselves these are the ones of everybody who had one of their identifiers before a
 * split: found by the message that made the mapping, and by the operations that moved or removed an identifier.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { hash128 } from "../../platform/hash.ts"
import { float8s, uuids } from "../../platform/sql-arrays.ts"
import type { ExternalIdRow, FoundProfile, GraphError } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import { decodeEntry, identifierOf } from "../journal.ts"
import { collectionOf, type Identifier, type ProfileNo, type Seq } from "../model.ts"
import type { OperationContext } from "../operations/execution.ts"
import { decodeRow, isOperation, type OperationEntry } from "../operations/operation-entry.ts"
import { type Erased, namedIdentifiers, type Stays } from "./scrub.ts"

export const entriesAPage = 500

export type Context = Pick<OperationContext, "database" | "graph" | "graphId" | "schema">

export interface Traces {
  readonly erased: Erased
  /** Places in the journal that may tell of them, ascending; those of operations are not among them. */
  readonly seqs: ReadonlyArray<Seq>
  readonly operations: ReadonlyArray<TracedOperation>
}

interface TracedOperation {
  readonly entry: OperationEntry
  /** Whether it was about one of the profiles, or one of their identifiers. */
  readonly isAbout: boolean
}

/** Every operation of the space; few, for each was asked for by a person. */
const readOperations = Effect.fnUntraced(function* ({ database, schema }: Context) {
  const { write: sql } = database
  const all: Array<{ readonly entry: OperationEntry; readonly told: ReadonlyArray<ProfileNo> }> = []
  for (let after = 0; ;) {
    const rows = yield* sql.unsafe<{ pos: number; rec: string; told: ReadonlyArray<number> }>(
      `select j.pos::float8 as pos, j.rec, array(select p.profile::float8 from ${schema}.journal_profiles p where p.pos = j.pos)::float8[] as told
       from ${schema}.journal j where j.rec like '{"operation"%' and j.pos > $1::float8::bigint order by j.pos limit $2`,
      [after, entriesAPage]
    )
    for (const { pos, rec, told } of rows) {
      const entry = decodeRow(pos, rec)
      if (isOperation(entry)) all.push({ entry, told })
    }
    if (rows.length < entriesAPage) return all
    after = rows.at(-1)!.pos
  }
})

/** Numbers of the profiles and of all that are now one with them. */
const withMembers = Effect.fnUntraced(function* ({ graph, graphId }: Context, nos: ReadonlySet<ProfileNo>) {
  const all = new Set(nos)
  for (const collection of ["users", "accounts"] as const) {
    const asked = [...nos].filter((no) => collectionOf(no) === collection)
    if (asked.length === 0) continue
    const found = yield* graph.find(
      graphId,
      collection,
      asked.map((no) => ({ no }))
    )
    for (const profile of found) for (const { no } of profile?.members ?? []) all.add(no)
  }
  return all
})

const placesOf = Effect.fnUntraced(function* (
  { database, schema }: Context,
  members: ReadonlyArray<ProfileNo>,
  others: ReadonlySet<ProfileNo>,
  messages: ReadonlyArray<string>
) {
  const rows = yield* database.write.unsafe<{ pos: number }>(
    `select j.pos::float8 as pos from ${schema}.journal j join (
       select coalesce(s.seq, s.pos) as pos from ${schema}.stamps s where s.profile = any($1::float8[]::bigint[])
       union select coalesce(s.seq, s.pos) from ${schema}.stamps s where s.h = any($3::uuid[])
       union select r.seq from ${schema}.resolved_again r where r.h = any($3::uuid[])
       union select r.seq from ${schema}.resolved_again r join ${schema}.stamps s on s.h = r.h where s.profile = any($1::float8[]::bigint[])
       union select p.pos from ${schema}.journal_profiles p where p.profile = any($2::float8[]::bigint[])
       union select (u.no / 2)::bigint from unnest($4::float8[]) u (no)) x on x.pos = j.pos
     where j.rec not like '{"operation"%' order by j.pos`,
    [float8s(members), float8s([...others]), uuids(messages), float8s([...others].map((no) => no - (no % 2)))]
  )
  return rows.map(({ pos }) => pos)
})

/** Reads the entries at these places page by page. */
export const eachEntry = Effect.fnUntraced(function* <E>(
  { database, schema }: Pick<Context, "database" | "schema">,
  seqs: ReadonlyArray<Seq>,
  see: (rows: ReadonlyArray<{ readonly pos: Seq; readonly rec: string }>) => Effect.Effect<void, E>
): Effect.fn.Return<void, E | SqlError.SqlError> {
  for (let i = 0; i < seqs.length; i += entriesAPage)
    yield* see(
      yield* database.write.unsafe<{ pos: number; rec: string }>(
        `select j.pos::float8 as pos, j.rec from ${schema}.journal j where j.pos = any($1::float8[]::bigint[]) order by j.pos`,
        [float8s(seqs.slice(i, i + entriesAPage))]
      )
    )
})

/** Ledger keys that a message may have, with either scope of duplicates (ING-64). */
const keysOf = ({ messageId, source }: ExternalIdRow, sourceIds: ReadonlyMap<number, string>) => {
  const id = sourceIds.get(source)
  return id === undefined ? [hash128(messageId)] : [hash128(messageId), hash128(`${id}\n${messageId}`)]
}

export const findTraces = Effect.fnUntraced(function* (
  context: Context,
  profiles: ReadonlyArray<FoundProfile>,
  externalIds: ReadonlyArray<ExternalIdRow>
): Effect.fn.Return<Traces, SqlError.SqlError | GraphError> {
  const { database, graph, graphId } = context
  const members = profiles.flatMap((profile) => profile.members.map(({ no }) => no))
  const own = new Set(members)
  const all = yield* readOperations(context)

  const identifiers = new Map<string, Identifier>(externalIds.map((row) => [identifierText(row), row]))
  const formerly = new Map<string, Identifier>()
  for (const { entry, told } of all)
    if (told.some((no) => own.has(no)))
      for (const identifier of namedIdentifiers(entry)) formerly.set(identifierText(identifier), identifier)
  for (const collection of ["users", "accounts"] as const) {
    const asked = [...formerly].filter(([text, it]) => it.collection === collection && !identifiers.has(text))
    const owners = yield* graph.find(
      graphId,
      collection,
      asked.map(([, identifier]) => ({ identifier }))
    )
    // What was removed from them and is free is theirs; what somebody else has by now is not.
    asked.forEach(([text, identifier], i) => {
      if (owners[i] === null) identifiers.set(text, identifier)
    })
  }

  const removed = new Map<string, number>()
  const others = new Set(own)
  const operations: Array<TracedOperation> = []
  for (const { entry, told } of all) {
    const named = namedIdentifiers(entry).filter((it) => identifiers.has(identifierText(it)))
    if (named.length > 0) for (const no of told) others.add(no)
    for (const operation of entry.mutations.operations ?? [])
      if (operation.kind === "unmap")
        for (const it of operation.identifiers) {
          const text = identifierText(it)
          if (identifiers.has(text)) removed.set(text, (removed.get(text) ?? 0) + 1)
        }
    operations.push({ entry, isAbout: named.length > 0 || told.some((no) => own.has(no)) })
  }

  const sources = yield* database.write<{ no: number; id: string }>`select no, id from sources`
  const sourceIds = new Map(sources.map(({ no, id }) => [no, id]))
  const messages = externalIds.flatMap((row) => keysOf(row, sourceIds))
  const seqs = yield* placesOf(context, members, yield* withMembers(context, others), messages)

  const mapped = new Map<string, number>()
  yield* eachEntry(context, seqs, (rows) =>
    Effect.sync(() => {
      for (const { pos, rec } of rows) {
        const entry = decodeEntry(pos, rec)
        for (const side of [entry.users, entry.accounts])
          for (const no of side?.mapped ?? []) {
            const text = identifierText(identifierOf(entry, no))
            if (identifiers.has(text)) mapped.set(text, (mapped.get(text) ?? 0) + 1)
          }
      }
    })
  )
  // Each mapping ended with a removal, or is the one that is erased now.
  const current = new Set(externalIds.map(identifierText))
  const forgotten = [...identifiers.keys()].filter(
    (text) => mapped.get(text) === (removed.get(text) ?? 0) + (current.has(text) ? 1 : 0)
  )
  return {
    erased: { members: own, identifiers: new Set(identifiers.keys()), forgotten: new Set(forgotten) },
    seqs,
    operations
  }
})

/** Which of the identifiers that these entries mapped to erased profiles belong to others by now, through a split. */
export const stayingIn = Effect.fnUntraced(function* (
  { graph, graphId }: Pick<Context, "graph" | "graphId">,
  identifiers: ReadonlyArray<Identifier>,
  erased: Erased
): Effect.fn.Return<Stays, GraphError> {
  const by = new Set<string>()
  for (const collection of ["users", "accounts"] as const) {
    const asked = identifiers.filter(
      (it) => it.collection === collection && !erased.identifiers.has(identifierText(it))
    )
    if (asked.length === 0) continue
    const owners = yield* graph.find(
      graphId,
      collection,
      asked.map((identifier) => ({ identifier }))
    )
    const nos = new Set(owners.flatMap((owner) => (owner === null || erased.members.has(owner.no) ? [] : [owner.no])))
    for (const rows of yield* graph.externalIds(graphId, [...nos]))
      for (const row of rows) by.add(`${row.messageId}\n${identifierText(row)}`)
  }
  return (identifier, messageId) => by.has(`${messageId}\n${identifierText(identifier)}`)
})
