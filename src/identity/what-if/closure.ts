/**
 * Who is connected with given identifiers or profiles (IDR-190): everybody that a chain of events leads to, also where a limit or a
 * separation has kept the profiles apart. So a run over their events alone decides as one over the whole history would.
 *
 *     identifiers --graph--> profiles --graph, journal--> identifiers of theirs, and those that were demoted on their events --> ...
 *
 * Found in the live graph and the journal, at a cost that grows with these people and not with the space. Connections are those under the rules
 * that the space has had; values that were blocked connect nobody. An identifier that nobody has connects as long as its violations are
 * kept (30 days).
 */
import { Data, Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Database } from "../../platform/database.ts"
import { float8s, texts } from "../../platform/sql-arrays.ts"
import type { Collection } from "../../workspace/rules.ts"
import type { GraphError, GraphId, IdentityGraph, ProfileRef } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import { identifierOf, type JournalEntry } from "../journal.ts"
import { collectionOf, type Identifier, type ProfileNo, type Seq } from "../model.ts"
import { decodeRow, isOperation, type OperationEntry } from "../operations/operation-entry.ts"

/** Profiles and entries of one closure at most: it is for some people, not for a space. */
const mostProfiles = 10_000
const mostEntries = 200_000
const atOnce = 500
const collections = ["users", "accounts"] as const

/** The scope cannot be taken; `message` says why. */
export class ClosureRefused extends Data.TaggedError("ClosureRefused")<{ readonly message: string }> {}

const tooMany = new ClosureRefused({
  message: `More than ${mostProfiles} profiles are connected with these identifiers. Leave the identifiers out of the scope, or name others.`
})

interface ClosureOptions {
  readonly database: Database["Service"]
  readonly graph: IdentityGraph["Service"]
  readonly graphId: GraphId
  /** Quoted schema of the space's tables. */
  readonly schema: string
  readonly identifiers: ReadonlyArray<Identifier>
  readonly segmentIds: ReadonlyArray<string>
}

type Failure = ClosureRefused | GraphError | SqlError.SqlError

/** Numbers of all profiles, merged ones too, ascending; empty: nobody has these identifiers or ids. */
export const closureOf = Effect.fnUntraced(function* (
  options: ClosureOptions
): Effect.fn.Return<ReadonlyArray<ProfileNo>, Failure> {
  const { graph, graphId, schema: s } = options
  const { read: sql } = options.database
  /** Canonical profiles, and all numbers of theirs. */
  const canonical = new Set<ProfileNo>()
  const members = new Set<ProfileNo>()
  const seen = new Map<string, Identifier>()
  const entries = new Set<Seq>()
  let fresh: Array<Identifier> = []
  const freshProfiles = new Set<ProfileNo>()

  const meet = (identifier: Identifier) => {
    const text = identifierText(identifier)
    if (seen.has(text)) return
    seen.set(text, identifier)
    fresh.push(identifier)
  }

  const meetProfile = (no: ProfileNo) => {
    if (!members.has(no)) freshProfiles.add(no)
  }

  const read = (entry: JournalEntry | OperationEntry, collection: Collection) => {
    if (isOperation(entry)) {
      for (const it of entry.mutations.operations ?? []) {
        if (it.kind === "remap" || it.kind === "unmap") it.identifiers.forEach(meet)
        if (it.kind === "separate") for (const no of [it.a, it.b]) meetProfile(no)
      }
      return
    }
    entry.ids.forEach(([, , , , , blocked], no) => {
      const identifier = identifierOf(entry, no)
      // Users and accounts are resolved independently (IDR-89).
      if (blocked === 0 && identifier.collection === collection) meet(identifier)
    })
    // Of an identifier that was removed since, only they say whose it was.
    for (const [no] of entry[collection]?.matched ?? []) meetProfile(no)
  }

  const readEntries = Effect.fnUntraced(function* (places: ReadonlyArray<Seq>, collection: Collection) {
    const unread = places.filter((seq) => !entries.has(seq))
    for (const seq of unread) entries.add(seq)
    if (entries.size > mostEntries) return yield* tooMany
    for (let at = 0; at < unread.length; at += atOnce) {
      const rows = yield* sql.unsafe<{ pos: number; rec: string }>(
        `select j.pos::float8 as pos, j.rec from ${s}.journal j where j.pos = any($1::float8[]::bigint[])`,
        [float8s(unread.slice(at, at + atOnce))]
      )
      for (const { pos, rec } of rows) read(decodeRow(pos, rec), collection)
    }
  })

  const visit = Effect.fnUntraced(function* (refs: ReadonlyArray<ProfileRef>, collection: Collection) {
    for (let at = 0; at < refs.length; at += atOnce) {
      const found = yield* graph.find(graphId, collection, refs.slice(at, at + atOnce))
      const unknown = new Map(
        found.flatMap((it) => (it === null || canonical.has(it.no) ? [] : [[it.no, it] as const]))
      )
      if (unknown.size === 0) continue
      for (const { no, members: own } of unknown.values()) {
        canonical.add(no)
        for (const member of own) members.add(member.no)
      }
      if (canonical.size > mostProfiles) return yield* tooMany
      for (const rows of yield* graph.externalIds(graphId, [...unknown.keys()]))
        for (const { type, value } of rows) meet({ collection, type, value })
      const told = yield* sql.unsafe<{ pos: number }>(
        `select p.pos::float8 as pos from ${s}.journal_profiles p where p.profile = any($1::float8[]::bigint[])
         union select floor(u.no / 2) from unnest($1::float8[]) u (no)`,
        [float8s([...unknown.values()].flatMap((profile) => profile.members.map(({ no }) => no)))]
      )
      yield* readEntries(
        told.map(({ pos }) => pos),
        collection
      )
    }
  })

  /** Their owners, and whose events they were demoted on. */
  const follow = Effect.fnUntraced(function* (identifiers: ReadonlyArray<Identifier>, collection: Collection) {
    const { owners } = yield* graph.load(graphId, { identifiers, profiles: [] })
    const lost = yield* sql.unsafe<{ pos: number; profile: number | null }>(
      `select v.pos::float8 as pos, v.profile::float8 as profile from ${s}.violations v
         join unnest($1::text[], $2::text[]) u (type, value) on v.type = u.type and v.value = u.value
       where v.type is not null and v.kind <> 'ID value blocked' and v.collection = $3 limit ${mostEntries}`,
      [texts(identifiers.map(({ type }) => type)), texts(identifiers.map(({ value }) => value)), collection]
    )
    for (const no of owners) if (no !== undefined) meetProfile(no)
    for (const { profile } of lost) if (profile !== null && collectionOf(profile) === collection) meetProfile(profile)
    yield* readEntries(
      lost.map(({ pos }) => pos),
      collection
    )
  })

  options.identifiers.forEach(meet)
  for (const collection of collections)
    yield* visit(
      options.segmentIds.flatMap((segmentId) =>
        segmentId.startsWith("grp_") === (collection === "accounts") ? [{ segmentId }] : []
      ),
      collection
    )
  while (fresh.length > 0 || freshProfiles.size > 0) {
    const [identifiers, profiles] = [fresh, [...freshProfiles]]
    fresh = []
    freshProfiles.clear()
    for (const collection of collections) {
      const own = identifiers.filter((identifier) => identifier.collection === collection)
      for (let at = 0; at < own.length; at += atOnce) yield* follow(own.slice(at, at + atOnce), collection)
      yield* visit(
        profiles.flatMap((no) => (collectionOf(no) === collection ? [{ no }] : [])),
        collection
      )
    }
  }
  return [...members].sort((a, b) => a - b)
})
