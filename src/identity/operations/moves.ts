/**
 * What goes with identifiers that leave a profile (IDR-202): the events all of whose promoted identifiers are on the leaving
 * side, their trait writes and their links. Reads everything stamped with the staying side, page by page; writes nothing.
 *
 * Trait documents stay exact: the leaving side gets the writes of the moved events on top of its own; on the staying side a
 * key whose newest write leaves falls back to the newest that stays. Where an event has left the log, its writes stay where they are.
 */
import { Effect } from "effect"
import { type Message, messageTypes } from "../../event/message.ts"
import type { LogUnavailable, Position } from "../../log/event-log.ts"
import type { SqlError } from "effect/sql"
import { float8s } from "../../platform/sql-arrays.ts"
import type { Collection } from "../../workspace/rules.ts"
import type { GraphOperation, LinkRow } from "../graph.ts"
import { identifierText } from "../graph-rows.ts"
import type { Identifier, ProfileNo, Seq } from "../model.ts"
import { makeRulesVersions, stampedIds } from "../stamped-ids.ts"
import { decodeTraits, encodeTraits, type TraitDoc, writeTraits } from "../traits.ts"
import type { OperationContext } from "./execution.ts"

const pageSize = 500

export interface Leaving {
  readonly collection: Collection
  /** Profiles that stay, whose events may move. */
  readonly staying: ReadonlyArray<ProfileNo>
  /** Identifiers of the leaving side, after the operation. */
  readonly identifiers: ReadonlyArray<Identifier>
  /** Profile that moved events will belong to. */
  readonly to: ProfileNo
}

export interface MovedEvent {
  readonly position: Position
  readonly seq: Seq
  readonly t: number
  readonly source: number
  readonly messageId: string
}

export interface Moves {
  readonly events: ReadonlyArray<MovedEvent>
  /** Documents as they are afterwards, of every profile whose document changes. */
  readonly traits: ReadonlyMap<ProfileNo, TraitDoc>
  readonly unlinked: Extract<GraphOperation, { kind: "unlink" }>["links"]
  readonly links: ReadonlyArray<LinkRow>
  /** Events that stay. */
  readonly stayed: number
}

interface Stamp {
  readonly pos: number
  readonly seq: number
  readonly profile: number
  readonly other: number | null
  readonly t: number
  readonly rules: number
  readonly kind: number
  readonly source: number
  readonly ids: string | null
}

/** Column of the profile, and of the profile in the other collection. */
const columns = { users: ["profile", "account"], accounts: ["account", "profile"] } as const

const earlier = (a: LinkRow, b: LinkRow | undefined): LinkRow =>
  b === undefined || a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.position < b.position) ? a : b

/** Earliest link per pair, and which pairs a moved event made. */
class Links {
  readonly moved = new Map<string, LinkRow>()
  readonly stayed = new Map<string, LinkRow>()
  readonly pairs = new Map<string, { readonly user: ProfileNo; readonly account: ProfileNo }>()

  add(collection: Collection, to: ProfileNo, stamp: Stamp, messageId: string, moves: boolean): void {
    const [user, account] =
      collection === "users" ? [stamp.profile, stamp.other!] : ([stamp.other!, stamp.profile] as const)
    const row: LinkRow = { position: stamp.seq, user, account, createdAt: stamp.t, source: stamp.source, messageId }
    const pair = `${user} ${account}`
    if (!moves) return void this.stayed.set(pair, earlier(row, this.stayed.get(pair)))
    const now = collection === "users" ? { ...row, user: to } : { ...row, account: to }
    const key = `${now.user} ${now.account}`
    this.moved.set(key, earlier(now, this.moved.get(key)))
    this.pairs.set(pair, { user, account })
  }
}

const writesTraits = (collection: Collection, { type, traits }: Message): boolean =>
  traits !== undefined && traits !== null && (collection === "accounts") === (type === "group")

const decoder = new TextDecoder()

export const planMoves = Effect.fnUntraced(function* (
  context: Pick<OperationContext, "database" | "log" | "schema" | "spaceId" | "maxTraits">,
  leaving: Leaving
): Effect.fn.Return<Moves, SqlError.SqlError | LogUnavailable> {
  const { database, log, schema, maxTraits } = context
  const { collection, staying, identifiers, to } = leaving
  const { write: sql } = database
  const [own, other] = columns[collection]
  const rulesVersions = makeRulesVersions(database)
  const side = new Set(identifiers.map(identifierText))
  const events: Array<MovedEvent> = []
  const movedSeqs = new Set<Seq>()
  const links = new Links()
  /** By profile: what the events that stay have written, as far as the log still has them. */
  const stayedDocs = new Map<ProfileNo, TraitDoc>()
  const movedDoc: TraitDoc = new Map()
  let stayed = 0

  let after = 0
  for (;;) {
    const page = yield* sql.unsafe<Stamp>(
      `select s.pos::float8 as pos, coalesce(s.seq, s.pos)::float8 as seq, s.${own}::float8 as profile, s.${other}::float8 as other,
         (extract(epoch from s.t) * 1000)::float8 as t, s.rules::int4 as rules, s.kind::int4 as kind, s.source, s.ids
       from ${schema}.stamps s where s.${own} = any($1::float8[]::bigint[]) and s.pos > $2::float8::bigint order by s.pos limit $3`,
      [float8s(staying), after, pageSize]
    )
    if (page.length === 0) break
    after = page.at(-1)!.pos
    const found = yield* log.at(page.map(({ pos }) => pos))
    const bodies = new Map(found.map((event) => [event.position, event.body]))
    const space = { id: context.spaceId, schema }
    const rules = yield* rulesVersions(space, new Set(page.map((stamp) => stamp.rules)))
    for (const stamp of page) {
      const body = bodies.get(stamp.pos)
      const message = body === undefined ? undefined : (JSON.parse(decoder.decode(body)) as Message)
      const promoted =
        message === undefined && stamp.ids === null
          ? []
          : stampedIds(message ?? ({} as Message), stamp.ids, rules(stamp.rules)).filter(
              (id) => id.collection === collection
            )
      const moves = promoted.length > 0 && promoted.every((id) => side.has(identifierText(id)))
      if (moves) {
        const { pos: position, seq, t, source } = stamp
        events.push({ position, seq, t, source, messageId: message?.messageId ?? "" })
        movedSeqs.add(seq)
      } else stayed += 1
      if (messageTypes[stamp.kind] === "group" && stamp.other !== null)
        links.add(collection, to, stamp, message?.messageId ?? "", moves)
      if (message === undefined || !writesTraits(collection, message)) continue
      let doc = moves ? movedDoc : stayedDocs.get(stamp.profile)
      if (doc === undefined) stayedDocs.set(stamp.profile, (doc = new Map()))
      writeTraits(doc, message.traits!, stamp.t, stamp.source, stamp.seq, maxTraits)
    }
    if (page.length < pageSize) break
  }

  const traits = new Map<ProfileNo, TraitDoc>()
  if (movedDoc.size > 0) {
    const stored = yield* sql.unsafe<{ profile: number; doc: string }>(
      `select profile::float8 as profile, doc from ${schema}.traits where profile = any($1::float8[]::bigint[])`,
      [float8s([...staying, to])]
    )
    const docs = new Map(stored.map(({ profile, doc }) => [profile, decodeTraits(doc)]))
    const gained = docs.get(to) ?? new Map()
    for (const [key, write] of movedDoc) {
      const known = gained.get(key)
      if (known === undefined || write[1] > known[1] || (write[1] === known[1] && write[3] > known[3]))
        gained.set(key, write)
    }
    traits.set(to, gained)
    for (const no of staying) {
      const doc = docs.get(no)
      if (doc === undefined) continue
      const lost = [...doc].filter(([, write]) => movedSeqs.has(write[3])).map(([key]) => key)
      for (const key of lost) {
        const next = stayedDocs.get(no)?.get(key)
        if (next === undefined) doc.delete(key)
        else doc.set(key, next)
      }
      if (lost.length > 0) traits.set(no, doc)
    }
  }
  return {
    events,
    traits,
    unlinked: [...links.pairs.values()],
    links: [
      ...links.moved.values(),
      ...[...links.pairs.keys()].flatMap((pair) => {
        const row = links.stayed.get(pair)
        return row === undefined ? [] : [row]
      })
    ],
    stayed
  }
})

/** Writes what was planned: stamps and trait documents. */
export const writeMoves = (
  { database, schema }: Pick<OperationContext, "database" | "schema">,
  { collection, to }: Pick<Leaving, "collection" | "to">,
  { events, traits }: Moves
): Effect.Effect<void, SqlError.SqlError> =>
  Effect.gen(function* () {
    const { write: sql } = database
    if (events.length > 0)
      yield* sql.unsafe(
        `update ${schema}.stamps set ${columns[collection][0]} = $1::float8::bigint where pos = any($2::float8[]::bigint[])`,
        [to, float8s(events.map(({ position }) => position))]
      )
    for (const [no, doc] of traits)
      yield* sql.unsafe(
        `insert into ${schema}.traits (profile, doc) values ($1::float8::bigint, $2)
         on conflict (profile) do update set doc = excluded.doc`,
        [no, encodeTraits(doc)]
      )
  })
