/**
 * What goes with identifiers that leave a profile (IDR-202): the events all of whose promoted identifiers are on the leaving
 * side, their trait writes and their links. Writes nothing. Reads the events of the staying side since it can have seen
 * these identifiers (`since`); older ones only for what moved events leave behind: the first calls that state a link, and
 * writes to keys that were overwritten, newest first.
 *
 * Trait documents stay exact: the leaving side gets the writes of the moved events on top of its own; on the staying side a
 * key whose newest write leaves falls back to the newest that stays. Where the event of a write has left the log, the
 * document still has the write if it is the newest; it goes where the event goes, and an event that nobody knows stays.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { type Message, messageTypes } from "../../event/message.ts"
import type { HistoryFailed } from "../../archive/history.ts"
import { float8s, uuids } from "../../platform/sql-arrays.ts"
import type { Collection } from "../../workspace/rules.ts"
import type { GraphError } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import type { ProfileNo, Seq } from "../model.ts"
import { decodeTraits, encodeTraits, isNewer, type TraitDoc, type Write, writeTraits } from "../traits.ts"
import type { OperationContext } from "./execution.ts"
import { type Leaving, type LinkChanges, LinkMoves, settleLinks } from "./link-moves.ts"
import { makeStamps, type Stamp, stampColumns } from "./stamps.ts"

/** Events updated by one statement. */
const eventsAStatement = 5000

export interface Moves extends LinkChanges {
  /** Ledger keys of the events that move. */
  readonly moved: ReadonlyArray<string>
  /** The one of them that is earliest by identity time. */
  readonly first: { readonly t: number; readonly source: number; readonly messageId: string } | null
  /** Events of the staying side that stay, and all of the leaving members. */
  readonly stayed: number
  readonly left: number
  /** Documents as they are afterwards, of every profile whose document changes. */
  readonly traits: ReadonlyMap<ProfileNo, TraitDoc>
}

const writesTraits = (collection: Collection, { type, traits }: Message): boolean =>
  traits !== undefined && traits !== null && (collection === "accounts") === (type === "group")

const group = messageTypes.indexOf("group")

/** What events have written to the keys of `doc`: the newest of each. */
const noteWrites = (
  keys: { readonly has: (key: string) => boolean },
  into: TraitDoc,
  { t, source, seq }: Pick<Stamp, "t" | "source" | "seq">,
  { traits }: Message
): void => {
  for (const [key, value] of Object.entries(traits!)) {
    if (!keys.has(key)) continue
    const known = into.get(key)
    if (known === undefined || isNewer(t, seq, known)) into.set(key, [value, t, source, seq])
  }
}

const gain = (doc: TraitDoc, key: string, write: Write): void => {
  const known = doc.get(key)
  if (known === undefined || isNewer(write[1], write[3], known)) doc.set(key, write)
}

export const planMoves = Effect.fnUntraced(function* (
  context: OperationContext,
  leaving: Leaving
): Effect.fn.Return<Moves, SqlError.SqlError | HistoryFailed | GraphError> {
  const { database, schema, maxTraits } = context
  const { collection, members, staying, identifiers, to, since } = leaving
  const before = { from: 0, to: since }
  const stamps = makeStamps(context, collection)
  const side = new Set(identifiers.map(identifierText))
  const counts = yield* stamps.counts([...members, ...staying])
  const stored = yield* database.write.unsafe<{ profile: number; doc: string }>(
    `select profile::float8 as profile, doc from ${schema}.traits where profile = any($1::float8[]::bigint[])`,
    [float8s([...staying, to])]
  )
  const docs = new Map(stored.map(({ profile, doc }) => [profile, decodeTraits(doc)]))
  const moved: Array<string> = []
  const links = new LinkMoves(collection, to)
  const traits = new Map<ProfileNo, TraitDoc>()
  const gained: TraitDoc = docs.get(to) ?? new Map()
  let first: Moves["first"] = null
  let stayed = 0

  for (const no of staying) {
    if (!counts.has(no)) continue
    const doc: TraitDoc = docs.get(no) ?? new Map()
    const keysOf = new Map<Seq, Array<string>>()
    for (const [key, write] of doc) keysOf.set(write[3], [...(keysOf.get(write[3]) ?? []), key])
    const lost: Array<string> = []
    const rest: TraitDoc = new Map()
    const written: TraitDoc = new Map()
    let left = 0
    yield* stamps.each(no, { from: since, to: Number.MAX_SAFE_INTEGER }, (event) => {
      const { promoted, message, t, source, seq, kind, other } = event
      const moves = promoted.length > 0 && promoted.every((id) => side.has(identifierText(id)))
      if (moves) {
        left++
        moved.push(event.h)
        if (first === null || t < first.t) first = { t, source, messageId: message?.messageId ?? "" }
        lost.push(...(keysOf.get(seq) ?? []))
      }
      if (kind === group && other !== null) links.see(no, other, event, moves)
      if (message === undefined || !writesTraits(collection, message)) return
      if (moves) writeTraits(written, message.traits!, t, source, seq, maxTraits)
      else noteWrites(doc, rest, event, message)
    })
    stayed += counts.get(no)! - left
    if (since > 0 && lost.length > 0) {
      const keys = new Set(lost)
      const unsettled = (ts: number) => {
        for (const key of keys) if ((rest.get(key)?.[1] ?? -Infinity) > ts) keys.delete(key)
        return keys.size > 0
      }
      yield* stamps.withTraits(no, before, unsettled, (stamp, message) => {
        if (writesTraits(collection, message)) noteWrites(keys, rest, stamp, message)
      })
    }
    for (const [key, write] of written) gain(gained, key, write)
    for (const key of lost) {
      gain(gained, key, doc.get(key)!)
      const next = rest.get(key)
      if (next === undefined) doc.delete(key)
      else doc.set(key, next)
    }
    if (lost.length > 0) traits.set(no, doc)
    if (lost.length > 0 || written.size > 0) traits.set(to, gained)
  }
  // Otherwise no link is in question (`settleLinks`).
  if (since > 0 && (links.moved.size > 0 || members.length > 0))
    for (const no of staying) yield* stamps.firstLinks(no, before, (other, event) => links.see(no, other, event, false))
  return {
    moved,
    first,
    stayed,
    left: members.reduce((sum, no) => sum + (counts.get(no) ?? 0), 0),
    traits,
    ...(yield* settleLinks(context, leaving, links))
  }
})

/** Writes what was planned: stamps and trait documents. */
export const writeMoves = (
  { database, schema }: Pick<OperationContext, "database" | "schema">,
  { collection, to }: Pick<Leaving, "collection" | "to">,
  { moved, traits }: Moves
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.gen(function* () {
    const { write: sql } = database
    for (let at = 0; at < moved.length; at += eventsAStatement)
      yield* sql.unsafe(
        `update ${schema}.stamps set ${stampColumns[collection][0]} = $1::float8::bigint where h = any($2::uuid[])`,
        [to, uuids(moved.slice(at, at + eventsAStatement))]
      )
    for (const [no, doc] of traits)
      yield* sql.unsafe(
        `insert into ${schema}.traits (profile, doc) values ($1::float8::bigint, $2)
         on conflict (profile) do update set doc = excluded.doc`,
        [no, encodeTraits(doc)]
      )
  })
